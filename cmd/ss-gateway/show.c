/*
 * show: who gets to see what the bus brings, and when. Staff have a fan of
 * their own, into which everything goes at once, what is held or blocked too;
 * the others' fan gets what they may see, with --delay so much later, unless
 * it was deleted by then. So each fan is as simple and as quick as one for
 * all, and a position means the same in both: whoever has got there has had
 * what he may see of the series up to it.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

/* Beyond this the oldest are shown before their time. */
#define LATE_MAX (32u << 20)

/* An event that is to be shown later. */
struct late {
	struct late *next;
	int64_t due;      /* monotonic ms */
	uint64_t seq;     /* its position */
	uint64_t reaches; /* when it is shown, this position is reached */
	size_t len;
	enum audience to;
	bool everywhere;
	char room[EVENT_NAME_MAX + 1], user[EVENT_NAME_MAX + 1];
	char line[];
};

struct late_queue {
	struct late *first, **tail;
	int64_t last; /* when the last one is due */
	size_t bytes;
	struct loop_timer timer;
};

static void release_due(void *arg);

int
show_open(struct gateway *g, size_t history)
{
	g->late = calloc(1, sizeof *g->late);
	if (!g->late)
		return -1;
	g->late->tail = &g->late->first;
	g->fan = fan_new((size_t)g->max_lag, history, past_refill, g);
	if (!g->fan || !ident_is_demanded(g))
		return g->fan ? 0 : -1;
	g->staff = fan_new((size_t)g->max_lag, history, past_refill, g);
	return g->staff ? 0 : -1;
}

static void
put(struct gateway *g, enum audience to, const char *room, const char *user,
    uint64_t seq, const char *line, size_t n)
{
	if (to == SHOW_ALL)
		fan_put(g->fan, room, seq, line, n);
	else if (to == SHOW_AUTHOR && *user)
		fan_put_private(g->fan, room, user, seq, line, n);
}

static void
release(struct gateway *g)
{
	struct late_queue *q = g->late;
	struct late *l = q->first;

	q->first = l->next;
	if (!q->first)
		q->tail = &q->first;
	q->bytes -= l->len + sizeof *l;
	if (!force_hides(g, l->seq, l->line, l->len))
		put(g, l->to, l->everywhere ? NULL : l->room, l->user, l->seq,
		    l->line, l->len);
	g->shown = l->reaches;
	free(l);
}

static void
wait_for_next(struct gateway *g)
{
	struct late_queue *q = g->late;

	if (q->first)
		loop_after(g->loop, &q->timer, q->first->due - clock_mono_ms(),
		    release_due, g);
}

static void
release_due(void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_mono_ms();

	while (g->late->first && g->late->first->due <= now)
		release(g);
	wait_for_next(g);
}

static void
release_all(struct gateway *g)
{
	while (g->late->first)
		release(g);
	loop_cancel(g->loop, &g->late->timer);
}

void
show_close(struct gateway *g)
{
	struct late *l, *next;

	for (l = g->late ? g->late->first : NULL; l; l = next) {
		next = l->next;
		free(l);
	}
	free(g->late);
	fan_free(g->fan);
	fan_free(g->staff);
}

/* How long the event at hand is still kept back, in ms. */
static int64_t
left_of(struct gateway *g)
{
	const struct json_member *m = json_get(&g->ev.doc, "ts");
	int64_t delay = (int64_t)(g->delay * 1000), ts, age = 0;

	/* what comes late itself has waited already */
	if (g->phase == BUS_PAST && m && m->kind == JSON_STRING &&
	    clock_parse(m->val + 1, m->vallen - 2, &ts) == 0)
		age = clock_wall_ms() - ts;
	if (age < 0)
		age = 0;
	return age < delay ? delay - age : 0;
}

/* False: it must be shown now. */
static bool
put_off(struct gateway *g, enum audience to, const char *room, const char *user,
    const char *line, size_t n)
{
	struct late_queue *q = g->late;
	int64_t left = left_of(g);
	struct late *l;

	if (!left && !q->first)
		return false;
	l = calloc(1, sizeof *l + n);
	if (!l) {
		release_all(g);
		return false;
	}
	l->due = clock_mono_ms() + left;
	if (q->first && l->due < q->last)
		l->due = q->last;
	q->last = l->due;
	l->seq = l->reaches = g->seq;
	l->to = to;
	l->everywhere = !room;
	if (room)
		memcpy(l->room, room, strlen(room) + 1);
	memcpy(l->user, user, strlen(user) + 1);
	l->len = n;
	memcpy(l->line, line, n);
	*q->tail = l;
	q->tail = &l->next;
	q->bytes += n + sizeof *l;
	while (q->bytes > LATE_MAX)
		release(g);
	wait_for_next(g);
	return true;
}

void
show_event(struct gateway *g, enum audience to, const char *room,
    const char *user, const char *line, size_t n)
{
	if (g->staff && to != SHOW_NOBODY)
		fan_put(g->staff, room, g->seq, line, n);
	if ((to == SHOW_ALL || to == SHOW_AUTHOR) && g->delay > 0 &&
	    put_off(g, to, room, user, line, n))
		return;
	put(g, to, room, user, g->seq, line, n);
	show_position(g);
}

void
show_position(struct gateway *g)
{
	struct late *l = g->late->first;

	if (!l) {
		g->shown = g->seq;
		return;
	}
	/* what nobody sees is reached with what was there before it */
	l = (struct late *)(void *)((char *)(void *)g->late->tail -
				    offsetof(struct late, next));
	l->reaches = g->seq;
}

void
show_forget(struct gateway *g, uint64_t seq)
{
	release_all(g);
	g->shown = seq;
	fan_forget(g->fan, seq);
	if (g->staff)
		fan_forget(g->staff, seq);
}

void
show_skip(struct gateway *g)
{
	fan_skip(g->fan);
	if (g->staff)
		fan_skip(g->staff);
}

bool
show_waits(const struct gateway *g)
{
	return fan_waits(g->fan) || (g->staff && fan_waits(g->staff));
}

void
show_flush(struct gateway *g)
{
	fan_flush(g->fan);
	if (g->staff)
		fan_flush(g->staff);
}

void
show_close_all(struct gateway *g, unsigned short code)
{
	show_flush(g);
	fan_close_all(g->fan, code);
	if (g->staff)
		fan_close_all(g->staff, code);
}

size_t
show_viewers(const struct gateway *g)
{
	return fan_viewers(g->fan) + (g->staff ? fan_viewers(g->staff) : 0);
}

void
show_tell_greeted(struct gateway *g, const char *line, size_t n)
{
	fan_tell_greeted(g->fan, line, n);
	if (g->staff)
		fan_tell_greeted(g->staff, line, n);
}

void
show_tell_name(struct gateway *g, const char *room, const char *name,
    const char *line, size_t n)
{
	fan_tell_name(g->fan, room, name, line, n);
	if (g->staff)
		fan_tell_name(g->staff, room, name, line, n);
}

void
show_each(struct gateway *g, const char *name,
    void (*fn)(void *arg, struct viewer *), void *arg)
{
	fan_each(g->fan, name, fn, arg);
	if (g->staff)
		fan_each(g->staff, name, fn, arg);
}

uint64_t
show_reached(const struct gateway *g, const struct viewer *v)
{
	return v->fan == g->staff ? g->seq : g->shown;
}

int
show_join(struct gateway *g, struct viewer *v, const char *room)
{
	struct fan *f = g->staff && viewer_is_staff(v) ? g->staff : g->fan;

	if (fan_join(f, v, room) < 0)
		return -1;
	v->fan = f;
	return 0;
}

/*
 * His role is another one. Where he has had everything so far, he goes on in
 * the other fan from where he is; else he comes back by himself.
 */
void
show_move(struct gateway *g, struct viewer *v)
{
	bool staff = g->staff && viewer_is_staff(v);
	char room[EVENT_NAME_MAX + 1];
	struct buf given = v->given;

	if (v->closing || staff == (v->fan == g->staff))
		return;
	show_flush(g);
	if (v->lagging || v->recovering || v->own.len) {
		fan_close(v, CLOSE_RESTART);
		return;
	}
	v->after = show_reached(g, v);
	memcpy(room, fan_room_name(v), strlen(fan_room_name(v)) + 1);
	memset(&v->given, 0, sizeof v->given);
	fan_leave(v->fan, v);
	v->given = given;
	if (show_join(g, v, room) < 0) {
		v->fan = NULL;
		fan_close(v, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
		return;
	}
	/* who is staff no more gets again what is not shown to others yet */
	fan_recover(v->fan, v);
}
