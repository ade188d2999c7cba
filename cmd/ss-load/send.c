/*
 * send.c: the schedule, and what is sent. Message i is due i / rate after
 * the start, whatever has become of those before it: who measures from when
 * a message was really sent leaves out the time that it had to wait for a
 * busy server (coordinated omission).
 *
 * A message carries its run, sender and number, and a CRC-32 of those and of
 * the words that follow, so that whatever comes back can be told to be it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app.h"
#include "clock.h"

#include "banned.h"

#define TURN_MAX 256 /* messages sent in one turn of the loop */

void
random_bytes(void *p, size_t n)
{
	if (getrandom(p, n, 0) != (ssize_t)n)
		abort(); /* 256 bytes and less can't fail: getrandom(2) */
}

void
mask_next(unsigned char mask[4])
{
	static unsigned char pool[256];
	static size_t used = sizeof pool;

	if (used == sizeof pool) {
		random_bytes(pool, sizeof pool);
		used = 0;
	}
	memcpy(mask, pool + used, 4);
	used += 4;
}

/* CRC-32 (ISO 3309, as in zlib), four bits at a time. */
uint32_t
crc32_of(const char *p, size_t n)
{
	static const uint32_t t[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
		0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
		0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
		0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t c = 0xffffffff;
	size_t i;

	for (i = 0; i < n; i++) {
		c ^= (unsigned char)p[i];
		c = t[c & 15] ^ c >> 4;
		c = t[c & 15] ^ c >> 4;
	}
	return ~c;
}

void
send_text(struct app *a, uint32_t sender, uint32_t n, struct buf *out)
{
	static const char words[] =
	    "hello everybody this is what people write in a chat when the "
	    "stream is good and the music plays on and on until the morning ";
	const size_t from = out->len;
	size_t k = n;

	buf_addf(out, "%s %" PRIu32 " %" PRIu32 " ", a->run, sender, n);
	while (out->len - from + 9 < (size_t)a->size)
		buf_addc(out, words[k++ % (sizeof words - 1)]);
	if (out->p[out->len - 1] != ' ')
		buf_addc(out, ' ');
	buf_addf(out, "%08" PRIx32, crc32_of(out->p + from, out->len - from));
}

/* The next sender who can take one; NULL: the schedule has to wait. */
static struct viewer *
pick(struct app *a)
{
	struct viewer *v;
	int64_t i;

	for (i = 0; i < a->nsenders; i++) {
		v = &a->viewer[(a->sender_next + (uint32_t)i) % a->nsenders];
		if (v->state != V_OPEN)
			continue; /* it is gone: the others speak for it */
		a->sender_next = (v->index + 1) % (uint32_t)a->nsenders;
		return viewer_full(v) ? NULL : v;
	}
	return NULL;
}

static bool
send_one(struct app *a, struct viewer *v, int64_t due)
{
	struct note *n = order_new(a, v->index);

	if (!n)
		return false;
	n->sent = a->now = clock_mono_ns();
	n->due = due ? due : n->sent;
	n->measured = n->due >= a->measure_from && a->phase == P_MEASURE;
	if (n->measured) {
		a->n.measured++;
		hist_add(&a->lag, n->sent - n->due);
	}
	a->n.sent++;
	buf_reset(&a->word);
	buf_adds(&a->word, "{\"type\":\"chat\",\"message\":\"");
	send_text(a, v->index, n->n, &a->word);
	buf_addf(&a->word, "\",\"nonce\":\"%" PRIu32 "\"}", n->n);
	return viewer_say(a, v, a->word.p, a->word.len);
}

/* As many as the window lets go. */
static void
send_window(struct app *a)
{
	struct viewer *v;
	int i, skipped = 0;

	for (i = 0; i < TURN_MAX && skipped < a->nsenders; i++) {
		v = pick(a);
		if (!v)
			return;
		if (order_has_room(a, v->index % (uint32_t)a->nrooms)) {
			send_one(a, v, 0);
			skipped = 0;
		} else
			skipped++;
	}
}

void
send_due(struct app *a)
{
	struct viewer *v;
	int64_t due = 0;
	int i;

	if (a->nsenders == 0)
		return;
	if (a->max) {
		send_window(a);
		return;
	}
	for (i = 0; i < TURN_MAX && a->rate > 0; i++) {
		due = a->start + (int64_t)((double)a->due_sent / a->rate * 1e9);
		if (due > a->now || due >= a->measure_to)
			break;
		v = pick(a);
		if (!v)
			return;
		a->due_sent++;
		send_one(a, v, due);
	}
	if (a->rate > 0 && due < a->next_due)
		a->next_due = due;
}
