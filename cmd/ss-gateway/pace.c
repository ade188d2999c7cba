/*
 * pace: when events leave for the viewers. One that comes alone leaves at the
 * end of the turn that brought it. To send to thousands takes milliseconds,
 * though, and what viewers say in that time is read only then and has its way
 * through the pipeline before it; sent as it drips back, each of these turns
 * would cost as much again. So after a long turn the events that came wait
 * for those that are on their way, which is a fraction of what it saves. And
 * --gather lets them wait for a given time.
 */
#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define LONG 1000000 /* ns: a turn that is worth waiting after */
#define PART 4       /* of a turn's time is waited at most ... */
#define WAIT_MAX 10  /* ... and so many ms */
#define NS_PER_MS 1000000

static void
send_now(void *arg)
{
	struct gateway *g = arg;
	struct pace *p = &g->pace;
	int64_t begun = clock_mono_ns();

	p->since = 0;
	show_flush(g);
	p->sent_at = clock_mono_ns();
	p->cost = p->sent_at - begun;
}

/* How many ms the events at hand may still wait. */
static int64_t
may_wait(const struct gateway *g, int64_t now)
{
	const struct pace *p = &g->pace;
	int64_t left = 0, most;

	if (g->gather && p->sent_at)
		left = g->gather - (now - p->sent_at) / NS_PER_MS;
	if (p->cost >= LONG && outbox_since(g->outbox) <= p->since) {
		most = p->cost / PART / NS_PER_MS;
		most = most < 1 ? 1 : most > WAIT_MAX ? WAIT_MAX : most;
		most -= (now - p->since) / NS_PER_MS;
		left = left > most ? left : most;
	}
	return left;
}

void
pace_turn(struct gateway *g)
{
	struct pace *p = &g->pace;
	int64_t now, left;

	if (!show_waits(g)) { /* sent, for another reason */
		pace_stop(g);
		show_flush(g);
		return;
	}
	now = clock_mono_ns();
	if (!p->since)
		p->since = now;
	left = may_wait(g, now);
	if (left <= 0) {
		loop_cancel(g->loop, &p->timer);
		send_now(g);
	} else if (!p->timer.due) {
		loop_after(g->loop, &p->timer, left, send_now, g);
	}
}

void
pace_stop(struct gateway *g)
{
	loop_cancel(g->loop, &g->pace.timer);
	g->pace.since = 0;
}
