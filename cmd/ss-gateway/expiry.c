/*
 * expiry: connections end when their tokens do. Those that have an end are
 * kept in a heap by it, so that one timer serves them all and setting one
 * costs a few comparisons, however many there are.
 */
#include <stdlib.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define CLOSE_EXPIRED 4001
#define LOOK_AGAIN 60000 /* ms: the wall clock may have been set */

static void look(void *gateway);

static void
put(struct expiry *e, size_t i, struct viewer *v)
{
	e->v[i] = v;
	v->expiry = i + 1;
}

/* Moves v, for which there is room at i, to where it belongs. */
static void
settle(struct expiry *e, size_t i, struct viewer *v)
{
	size_t kid;

	while (i && e->v[(i - 1) / 2]->ident.expires > v->ident.expires) {
		put(e, i, e->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	while ((kid = 2 * i + 1) < e->n) {
		if (kid + 1 < e->n &&
		    e->v[kid + 1]->ident.expires < e->v[kid]->ident.expires)
			kid++;
		if (e->v[kid]->ident.expires >= v->ident.expires)
			break;
		put(e, i, e->v[kid]);
		i = kid;
	}
	put(e, i, v);
}

static void
arm(struct gateway *g)
{
	int64_t ms;

	if (!g->expiry.n) {
		loop_cancel(g->loop, &g->expiry.timer);
		return;
	}
	ms = g->expiry.v[0]->ident.expires - clock_wall_ms();
	ms = ms < 0 ? 0 : ms > LOOK_AGAIN ? LOOK_AGAIN : ms;
	loop_after(g->loop, &g->expiry.timer, ms, look, g);
}

/* Takes it out of the heap, and leaves the timer as it is. */
static void
forget(struct expiry *e, struct viewer *v)
{
	size_t i = v->expiry - 1;

	v->expiry = 0;
	e->n--;
	if (i < e->n)
		settle(e, i, e->v[e->n]);
}

static void
look(void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_wall_ms();
	struct viewer *v;

	while (g->expiry.n && g->expiry.v[0]->ident.expires <= now) {
		v = g->expiry.v[0];
		forget(&g->expiry, v);
		fan_close(v, CLOSE_EXPIRED);
	}
	arm(g);
}

int
expiry_set(struct gateway *g, struct viewer *v)
{
	struct expiry *e = &g->expiry;
	struct viewer **more;

	if (v->expiry)
		forget(e, v);
	if (v->ident.expires) {
		if (e->n == e->cap) {
			more = realloc(
			    e->v, (2 * e->cap + 64) * sizeof(struct viewer *));
			if (!more)
				return -1;
			e->v = more;
			e->cap = 2 * e->cap + 64;
		}
		settle(e, e->n++, v);
	}
	if (e->n && (e->v[0] == v || !e->timer.due))
		arm(g);
	return 0;
}

void
expiry_forget(struct gateway *g, struct viewer *v)
{
	if (!v->expiry)
		return;
	forget(&g->expiry, v);
	if (!g->expiry.n)
		arm(g);
}
