/*
 * fan: see fan.h. The ring, the rooms and the turn; what happens at one
 * viewer's socket is in fan-send.c.
 */
#include "fan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fan-impl.h"

#include "banned.h"

#define RING_MIN (8u << 20)
#define EVENT_GUESS 512 /* bytes of an event, when history asks for many */

/* FNV-1a (isthe.com/chongo/tech/comp/fnv), for names of at most 50 bytes. */
static uint32_t
hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

struct fan *
fan_new(size_t max_lag, size_t history,
    void (*refill)(void *arg, struct viewer *), void *arg)
{
	struct fan *f = calloc(1, sizeof *f);
	size_t size = RING_MIN;

	if (!f)
		return NULL;
	f->max_lag = max_lag;
	f->refill = refill;
	f->arg = arg;
	if (size < 4 * max_lag)
		size = 4 * max_lag;
	if (size < history * EVENT_GUESS)
		size = history * EVENT_GUESS;
	for (f->nframes = 65536; f->nframes < 2 * history;)
		f->nframes *= 2;
	f->frames = calloc(f->nframes, sizeof *f->frames);
	buf_init(&f->flat, 2 * (TURN_MAX + EVENT_INPUT_MAX));
	buf_init(
	    &f->nd, TURN_MAX + EVENT_INPUT_MAX + EVENT_LINE_MAX + FAN_HEAD_MAX);
	f->burst = burst_new();
	if (f->frames && f->burst && ring_init(&f->ring, size) == 0)
		return f;
	burst_free(f->burst);
	free(f->frames);
	free(f);
	return NULL;
}

void
fan_free(struct fan *f)
{
	struct room *r, *next;
	size_t i;

	if (!f)
		return;
	for (i = 0; i < ROOM_BUCKETS; i++)
		for (r = f->rooms[i]; r; r = next) {
			next = r->next;
			free(r->v);
			free(r);
		}
	buf_release(&f->nd);
	buf_release(&f->flat);
	burst_free(f->burst);
	ring_release(&f->ring);
	free(f->frames);
	free(f);
}

struct burst *
fan_burst(struct fan *f)
{
	return f->burst;
}

static struct room *
room_find(const struct fan *f, const char *name)
{
	struct room *r = f->rooms[hash(name) % ROOM_BUCKETS];

	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

static struct room *
room_get(struct fan *f, const char *name)
{
	struct room *r = room_find(f, name), **at;

	if (r)
		return r;
	r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	memcpy(r->name, name, strlen(name) + 1);
	at = &f->rooms[hash(name) % ROOM_BUCKETS];
	r->next = *at;
	*at = r;
	return r;
}

/* A room lives as long as it has viewers or a past. */
static void
room_put_back(struct fan *f, struct room *r)
{
	struct room **at = &f->rooms[hash(r->name) % ROOM_BUCKETS];

	if (r->n || r->frames || r->dirty)
		return;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	free(r->v);
	free(r);
}

size_t
fan_head(char *p, size_t n)
{
	int i;

	p[0] = (char)0x81; /* FIN, text */
	if (n < 126) {
		p[1] = (char)n;
		return 2;
	}
	if (n < 65536) {
		p[1] = 126;
		p[2] = (char)(n >> 8);
		p[3] = (char)n;
		return 4;
	}
	p[1] = 127;
	for (i = 0; i < 8; i++)
		p[2 + i] = (char)((uint64_t)n >> (56 - 8 * i));
	return 10;
}

static void
add_piece(struct fan *f, struct room *r, uint64_t pos, size_t len)
{
	if (r->nseg &&
	    r->seg[r->nseg - 1].pos + r->seg[r->nseg - 1].len == pos) {
		r->seg[r->nseg - 1].len += len;
	} else {
		r->seg[r->nseg].pos = pos;
		r->seg[r->nseg++].len = len;
	}
	f->full |= r->nseg == SEGS;
	r->turn_bytes += len;
	r->turn_frames++;
	if (r->dirty)
		return;
	r->dirty = true;
	r->dirty_next = f->dirty;
	f->dirty = r;
}

/* The oldest frame of the index makes place for the next one. */
static void
retire(struct fan *f)
{
	struct frame *fr = frame_at(f, f->head);

	if (f->head < f->nframes || !fr->room)
		return;
	fr->room->frames--;
	room_put_back(f, fr->room);
	fr->room = NULL;
}

/* Frame number i is gone when len more bytes are put. */
static bool
overrun(const struct fan *f, uint64_t i, size_t len)
{
	uint64_t end = f->ring.head + len;

	return i < f->turn &&
	       (i + f->nframes <= f->head ||
		   (end > f->ring.size &&
		       frame_at(f, i)->pos < end - f->ring.size));
}

/*
 * Whoever's next frame is about to be overwritten gets a copy: another room's
 * traffic must not cost him his connection.
 */
static void
rescue_all(struct fan *f, size_t len)
{
	struct viewer *v;

	if (!f->laggards || !overrun(f, f->lag_min, len))
		return;
	f->lag_min = f->turn;
	for (v = f->laggards; v; v = v->lag_next) {
		if (v->recovering) {
			v->next = f->turn;
			continue;
		}
		if (!v->closing && overrun(f, v->next, len))
			rescue(f, v);
		if (v->next < f->lag_min)
			f->lag_min = v->next;
	}
}

static void
tell_named(struct fan *f, const char *room, const char *name, bool recovering,
    const char *line, size_t n)
{
	struct viewer *v = f->names[hash(name) % NAME_BUCKETS];

	for (; v; v = v->same)
		if ((recovering || !v->recovering) &&
		    strcmp(v->ident.name, name) == 0 &&
		    strcmp(v->room->name, room) == 0)
			fan_tell(f, v, line, n);
}

/* The next frame, with its room; NULL: no memory, or too long. */
static struct frame *
add_frame(
    struct fan *f, const char *room, uint64_t seq, const char *line, size_t n)
{
	struct room *r = NULL;
	struct frame *fr;
	char *p;

	if (n > EVENT_INPUT_MAX + EVENT_LINE_MAX)
		return NULL;
	if (f->turn_bytes + n > TURN_MAX || f->full)
		fan_flush(f);
	if (room) {
		r = room_get(f, room);
		if (!r)
			return NULL;
		r->frames++;
	}
	rescue_all(f, n + FAN_HEAD_MAX);
	retire(f);
	p = ring_space(&f->ring);
	fr = frame_at(f, f->head);
	fr->head = (uint32_t)fan_head(p, n);
	fr->len = fr->head + (uint32_t)n;
	fr->pos = f->ring.head;
	fr->room = r;
	fr->seq = seq;
	fr->priv = false;
	memcpy(p + fr->head, line, n);
	ring_advance(&f->ring, fr->len);
	f->head++;
	return fr;
}

void
fan_put(
    struct fan *f, const char *room, uint64_t seq, const char *line, size_t n)
{
	struct frame *fr = add_frame(f, room, seq, line, n);
	struct room *r;
	size_t i;

	if (!fr)
		return;
	f->turn_bytes += fr->len;
	f->stats.frames++;
	for (i = 0; i < ROOM_BUCKETS && !room; i++)
		for (r = f->rooms[i]; r; r = r->next)
			add_piece(f, r, fr->pos, fr->len);
	if (room)
		add_piece(f, fr->room, fr->pos, fr->len);
}

void
fan_put_private(struct fan *f, const char *room, const char *name, uint64_t seq,
    const char *line, size_t n)
{
	struct frame *fr = add_frame(f, room, seq, line, n);

	if (!fr)
		return;
	fr->priv = true;
	/* who recovers comes to it in its place */
	tell_named(f, room, name, false, line, n);
}

static void
deliver(struct fan *f, struct room *r)
{
	struct turn t = { .frames = { .msg_iov = t.iov, .msg_iovlen = r->nseg },
		.lines = { .msg_iov = &t.line, .msg_iovlen = 1 } };
	struct viewer *v;
	unsigned i;

	for (i = 0; i < r->nseg; i++) {
		t.iov[i].iov_base = (void *)(uintptr_t)ring_at(
		    &f->ring, r->seg[i].pos);
		t.iov[i].iov_len = r->seg[i].len;
	}
	buf_reset(&f->nd);
	for (i = 0; i < r->n; i++) {
		v = r->v[i];
		if (v->closing || v->recovering)
			continue;
		f->stats.sent += r->turn_frames;
		if (v->lagging) {
			v->behind += r->turn_bytes;
			check_lag(f, v);
		} else {
			send_turn(f, v, &t);
		}
	}
	send_rest(f);
}

static void
end_turn(struct fan *f, bool send)
{
	struct room *r;

	while ((r = f->dirty)) {
		f->dirty = r->dirty_next;
		if (send)
			deliver(f, r);
		r->dirty = false;
		r->nseg = 0;
		r->turn_bytes = r->turn_frames = 0;
		room_put_back(f, r);
	}
	f->turn = f->head;
	f->turn_bytes = 0;
	f->full = false;
}

void
fan_flush(struct fan *f)
{
	if (f->dirty)
		end_turn(f, true);
	f->turn = f->head;
	f->turn_bytes = 0;
}

bool
fan_waits(const struct fan *f)
{
	return f->dirty;
}

void
fan_skip(struct fan *f)
{
	end_turn(f, false);
}

void
fan_forget(struct fan *f, uint64_t seq)
{
	fan_flush(f);
	f->first = f->head;
	f->first_seq = seq;
}

int
fan_join(struct fan *f, struct viewer *v, const char *room)
{
	struct room *r;
	struct viewer **v2, **at;

	fan_flush(f); /* what came before him is not for him */
	r = room_get(f, room);
	if (!r)
		return -1;
	if (r->n == r->cap) {
		v2 = realloc(r->v, (r->cap * 2 + 8) * sizeof(struct viewer *));
		if (!v2) {
			room_put_back(f, r);
			return -1;
		}
		r->v = v2;
		r->cap = r->cap * 2 + 8;
	}
	buf_init(&v->own, 2 * f->max_lag + 4 * EVENT_INPUT_MAX);
	v->place = v->tls ? -1 : burst_join(f->burst, v->fd);
	v->room = r;
	v->slot = r->n;
	r->v[r->n++] = v;
	at = &f->names[hash(v->ident.name) % NAME_BUCKETS];
	v->same = *at;
	*at = v;
	f->nviewers++;
	return 0;
}

const char *
fan_room_name(const struct viewer *v)
{
	return v->room->name;
}

static void
unlag(struct fan *f, struct viewer *v)
{
	if (!v->lagging)
		return;
	if (v->lag_prev)
		v->lag_prev->lag_next = v->lag_next;
	else
		f->laggards = v->lag_next;
	if (v->lag_next)
		v->lag_next->lag_prev = v->lag_prev;
	v->lagging = false;
	v->lag_prev = v->lag_next = NULL;
}

void
fan_leave(struct fan *f, struct viewer *v)
{
	struct viewer **at = &f->names[hash(v->ident.name) % NAME_BUCKETS];
	struct room *r = v->room;

	unlag(f, v);
	burst_leave(f->burst, v->place);
	while (*at != v)
		at = &(*at)->same;
	*at = v->same;
	r->v[v->slot] = r->v[--r->n];
	r->v[v->slot]->slot = v->slot;
	buf_release(&v->own);
	buf_release(&v->given);
	v->room = NULL;
	f->nviewers--;
	room_put_back(f, r);
}

void
fan_level(struct fan *f, struct viewer *v)
{
	unlag(f, v);
	v->behind = 0;
}

void
fan_tell_name(struct fan *f, const char *room, const char *name,
    const char *line, size_t n)
{
	tell_named(f, room, name, true, line, n);
}

void
fan_tell_greeted(struct fan *f, const char *line, size_t n)
{
	struct viewer *v;
	size_t i;

	for (i = 0; i < NAME_BUCKETS; i++)
		for (v = f->names[i]; v; v = v->same) {
			if (!v->greeted)
				continue;
			if (v->recovering)
				fan_recovered(f, v);
			fan_tell(f, v, line, n);
		}
}

void
fan_close_all(struct fan *f, unsigned short code)
{
	struct viewer *v;
	size_t i;

	for (i = 0; i < NAME_BUCKETS; i++)
		for (v = f->names[i]; v; v = v->same)
			fan_close(v, code);
}

void
fan_each(struct fan *f, const char *name,
    void (*fn)(void *arg, struct viewer *), void *arg)
{
	size_t i = name ? hash(name) % NAME_BUCKETS : 0;
	size_t end = name ? i + 1 : NAME_BUCKETS;
	struct viewer *v;

	for (; i < end; i++)
		for (v = f->names[i]; v; v = v->same)
			if (!name || strcmp(v->ident.name, name) == 0)
				fn(arg, v);
}

size_t
fan_viewers(const struct fan *f)
{
	return f->nviewers;
}

void
fan_count_on(struct fan *f, uint64_t sent, uint64_t bytes, uint64_t cut_off)
{
	f->stats.sent = sent;
	f->stats.bytes = bytes;
	f->stats.cut_off = cut_off;
}

const struct fan_stats *
fan_stats(const struct fan *f)
{
	return &f->stats;
}
