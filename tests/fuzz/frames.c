/*
 * frames: however what a client sends comes in pieces, the same passes and the
 * same is told of it; and both are what a plain walk over all of it finds.
 */
#include "../../lib/frames.h"

#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

#define IN_MAX 8192

struct seen {
	enum frames_got got;
	size_t len, ntold;
	char p[IN_MAX + FRAMES_ROOM]; /* what passes */
	char told[2 * IN_MAX];        /* opcode, length and payload of each */
};

static void
tell(struct seen *s, unsigned opcode, const char *payload, size_t n)
{
	s->told[s->ntold++] = (char)opcode;
	s->told[s->ntold++] = (char)n;
	memcpy(s->told + s->ntold, payload, n);
	s->ntold += n;
}

static void
take(struct seen *s, const char *data, size_t n, unsigned step)
{
	static char in[IN_MAX];
	struct frames f = { 0 };
	struct frames_control c;
	size_t i, k, used, len;

	s->got = FRAMES_MORE;
	s->len = s->ntold = 0;
	for (i = 0; i < n && s->got <= FRAMES_CONTROL; i += used) {
		k = 1 + (i * 7) % step;
		if (k > n - i)
			k = n - i;
		memcpy(in, data + i, k);
		s->got = frames_take(&f, in, k, &used, s->p + s->len, &len, &c);
		check(used <= k && (used == k || s->got != FRAMES_MORE));
		check(len <= used + FRAMES_ROOM && s->got != FRAMES_NO_MEMORY);
		s->len += len;
		if (s->got != FRAMES_CONTROL)
			continue;
		tell(s, c.opcode, c.payload, c.len);
		if (c.opcode == WS_CLOSE)
			check(frames_close_code(&c) >= 1000);
	}
	frames_release(&f);
}

/* Of whole headers only, all at once. */
static void
walk(struct seen *s, const char *data, size_t n)
{
	const unsigned char *u = (const unsigned char *)data;
	size_t i = 0, head, k, j;
	uint64_t len;
	char text[125];

	s->got = FRAMES_MORE;
	s->len = s->ntold = 0;
	while (n - i >= 2) {
		if (u[i] & 0x70 || !(u[i + 1] & 0x80) || (u[i] & 7) > 2 ||
		    (u[i] & 8 && !(u[i] & 0x80)) ||
		    (u[i] & 8 && (u[i + 1] & 127) > 125)) {
			s->got = FRAMES_BAD;
			return;
		}
		len = u[i + 1] & 127;
		head = len == 127 ? 14 : len == 126 ? 8 : 6;
		if (n - i < head)
			return;
		for (j = 2, len = head == 6 ? len : 0; j < head - 4; j++)
			len = len << 8 | u[i + j];
		if ((head == 8 && len < 126) ||
		    (head == 14 && (len < 65536 || len > INT64_MAX))) {
			s->got = FRAMES_BAD;
			return;
		}
		k = len < n - i - head ? (size_t)len : n - i - head;
		if (!(u[i] & 8)) {
			memcpy(s->p + s->len, data + i, head + k);
			s->len += head + k;
		} else if (k == len) {
			for (j = 0; j < k; j++)
				text[j] = (char)(data[i + head + j] ^
						 data[i + head - 4 + j % 4]);
			tell(s, u[i] & 15, text, k);
		}
		i += head + k;
	}
}

static void
alike(const struct seen *a, const struct seen *b)
{
	check((a->got == FRAMES_BAD) == (b->got == FRAMES_BAD));
	check(a->len == b->len && memcmp(a->p, b->p, a->len) == 0);
	check(a->ntold == b->ntold && memcmp(a->told, b->told, a->ntold) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct seen whole, parts, walked;
	const char *p = (const char *)data + 1;

	if (n < 1 || n > IN_MAX)
		return 0;
	take(&whole, p, n - 1, IN_MAX);
	take(&parts, p, n - 1, 1 + *data % 97);
	walk(&walked, p, n - 1);
	alike(&whole, &parts);
	alike(&whole, &walked);
	return 0;
}
