/*
 * fan-past: what the ring still has of the past, by position, and viewers who
 * come back for it. Such a viewer gets nothing new for a while, but is given
 * the past piece by piece, as his socket takes it, into the buffer of his
 * own; when he has come to the ring's head he is a viewer as any other.
 */
#include <stdlib.h>
#include <string.h>

#include "fan-impl.h"

#include "banned.h"

/* The number of the oldest frame that is whole. */
static uint64_t
oldest(const struct fan *f)
{
	uint64_t lo = f->first, hi = f->head, mid;
	uint64_t tail = ring_tail(&f->ring);

	if (f->head >= f->nframes && lo < f->head - f->nframes + 1)
		lo = f->head - f->nframes + 1;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (frame_at(f, mid)->pos < tail)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The number of the first frame behind a position. */
static uint64_t
behind(const struct fan *f, uint64_t after)
{
	uint64_t lo = oldest(f), hi = f->head, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (frame_at(f, mid)->seq <= after)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t
fan_reach(const struct fan *f)
{
	uint64_t i = oldest(f);

	if (i == f->first)
		return f->first_seq;
	return i < f->head ? frame_at(f, i)->seq - 1
			   : frame_at(f, f->head - 1)->seq;
}

static const char *
line_of(const struct fan *f, const struct frame *fr, size_t *n)
{
	*n = fr->len - fr->head;
	return ring_at(&f->ring, fr->pos + fr->head);
}

/* Everybody's, his room's, or somebody's alone in that room. */
static bool
is_in(const struct frame *fr, const char *room)
{
	return !room || !fr->room || strcmp(fr->room->name, room) == 0;
}

size_t
fan_past(struct fan *f, const struct fan_query *q, fan_line_fn *fn)
{
	uint64_t i = f->head, lo = behind(f, q->after);
	size_t want = q->n < f->nframes ? q->n : f->nframes, found = 0, n;
	uint64_t *pick = malloc((want + 1) * sizeof *pick);
	size_t left = q->max;
	const struct frame *fr;
	const char *line;

	while (pick && found < want && i > lo) {
		fr = frame_at(f, --i);
		line = line_of(f, fr, &n);
		if (!is_in(fr, q->room) ||
		    !q->sees(q->arg, fr->seq, line, n, fr->priv))
			continue;
		if (fr->len > left)
			break;
		left -= fr->len;
		pick[found++] = i;
	}
	for (want = found; fn && want-- > 0;) {
		fr = frame_at(f, pick[want]);
		line = line_of(f, fr, &n);
		fn(q->arg, fr->seq, line, n);
	}
	free(pick);
	return found;
}

uint64_t
fan_walk(
    struct fan *f, const char *room, uint64_t after, fan_sees_fn *fn, void *arg)
{
	const struct frame *fr;
	const char *line;
	uint64_t i;
	size_t n;

	for (i = behind(f, after); i < f->head; i++) {
		fr = frame_at(f, i);
		line = line_of(f, fr, &n);
		if (is_in(fr, room) && !fn(arg, fr->seq, line, n, fr->priv))
			return after;
		after = fr->seq;
	}
	return after;
}

const char *
fan_find(const struct fan *f, uint64_t seq, size_t *n, bool *is_private)
{
	uint64_t i = seq ? behind(f, seq - 1) : f->head;
	const struct frame *fr;

	if (i == f->head || frame_at(f, i)->seq != seq)
		return NULL;
	fr = frame_at(f, i);
	*is_private = fr->priv;
	return line_of(f, fr, n);
}

void
fan_recover(struct fan *f, struct viewer *v)
{
	fan_hold(f, v);
	v->recovering = true;
}

void
fan_give(struct fan *f, struct viewer *v, const char *line, size_t n)
{
	char head[FAN_HEAD_MAX];
	size_t h = fan_head(head, n);

	if (v->closing)
		return;
	if (buf_add(&v->own, head, h) < 0 || buf_add(&v->own, line, n) < 0) {
		f->stats.cut_off++;
		fan_close(v, 4008);
		return;
	}
	lws_callback_on_writable(v->wsi);
}

void
fan_recovered(struct fan *f, struct viewer *v)
{
	fan_flush(f);
	v->recovering = false;
	v->next = f->turn;
	v->behind = v->own.len;
	lws_callback_on_writable(v->wsi);
}
