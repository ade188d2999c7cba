/*
 * past: viewers who come back with ?since, or ask for ?history. What they may
 * see of it comes from the fan's ring, in pieces as their sockets take it;
 * what is older than the ring, from the hub, by a connection of the viewer's
 * own until he has come to where the ring begins. Who can't get all of what he
 * missed gets none of it, and is told so: never a partial hole.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway.h"

#include "banned.h"

#define PIECE 131072   /* bytes given to a viewer at a time */
#define FETCHES_MAX 64 /* viewers who get their past from the hub at once */

/* A viewer's own connection to the hub. */
struct fetch {
	struct fetch *next;
	struct gateway *g;
	struct viewer *v;
	struct source *bus;
	struct loop_timer end; /* it ends outside of its own callbacks */
	bool greeted;          /* the hub's hello was met */
	bool done;
};

bool
past_shown(struct gateway *g, const struct viewer *v, uint64_t seq,
    const char *line, size_t n, bool priv)
{
	const struct json_member *m;
	struct event ev = { 0 };
	bool staff = v && v->fan == g->staff;
	bool shown = event_parse(&ev, line, n) == 0 &&
		     !force_hides_event(g, &ev, seq);

	/* not in the viewers' ring, but in what the hub gives */
	if (shown && !staff && bus_is_control(&ev) &&
	    json_get(&ev.doc, "address"))
		shown = false;
	if (shown && priv && !staff) {
		m = json_get(&ev.doc, "user");
		shown = v && m && json_str_is(m, v->ident.name);
	}
	event_release(&ev);
	return shown;
}

struct asker {
	struct gateway *g;
	struct viewer *v;
	uint64_t first;
};

static bool
sees(void *arg, uint64_t seq, const char *line, size_t n, bool priv)
{
	struct asker *a = arg;

	return past_shown(a->g, a->v, seq, line, n, priv);
}

static void
note_first(void *arg, uint64_t seq, const char *line, size_t n)
{
	struct asker *a = arg;

	(void)line;
	(void)n;
	if (!a->first)
		a->first = seq;
}

static void
say_hello(struct gateway *g, struct viewer *v, bool recovered)
{
	struct buf b;

	buf_init(&b, EVENT_LINE_MAX);
	bus_hello(g, show_reached(g, v), recovered, &b);
	buf_cut(&b, b.len - 1);
	force_tell(g, v, &b);
	buf_addc(&b, '}');
	fan_give(v->fan, v, b.p, b.len);
	buf_release(&b);
}

/* Everything that he can get he has got, or there is none of it. */
static void
end_of_past(struct gateway *g, struct viewer *v)
{
	past_forget(g, v);
	fan_recovered(v->fan, v);
}

/* One frame of the ring for a recovering viewer. */
static bool
give_one(void *arg, uint64_t seq, const char *line, size_t n, bool priv)
{
	struct asker *a = arg;

	if (a->v->own.len > PIECE)
		return false;
	if (sees(a, seq, line, n, priv))
		fan_give(a->v->fan, a->v, line, n);
	return !a->v->closing;
}

static void
end_fetch(void *arg)
{
	struct fetch *f = arg, **at;

	for (at = &f->g->fetches; *at != f; at = &(*at)->next)
		;
	*at = f->next;
	f->g->nfetches--;
	loop_cancel(f->g->loop, &f->end);
	source_free(f->bus);
	free(f);
}

void
past_forget(struct gateway *g, struct viewer *v)
{
	struct fetch *f = v->fetch;

	if (!f)
		return;
	v->fetch = NULL;
	f->v = NULL;
	f->done = true;
	source_pause(f->bus);
	/* it may be its own callback that brought us here */
	loop_after(g->loop, &f->end, 0, end_fetch, f);
}

void
past_refill(void *arg, struct viewer *v)
{
	struct gateway *g = arg;
	struct asker a = { .g = g, .v = v };
	uint64_t old = v->after;

	if (v->fetch) {
		if (v->after < fan_reach(v->fan)) {
			source_resume(v->fetch->bus);
			return;
		}
		past_forget(g, v); /* from here on the ring has it */
	} else if (v->after < fan_reach(v->fan)) {
		/* he was too slow for the ring: once more, from where he is */
		say_hello(g, v, false);
		end_of_past(g, v);
		return;
	}
	v->after = fan_walk(v->fan, fan_room_name(v), old, give_one, &a);
	if (v->after >= show_reached(g, v) || v->own.len <= PIECE)
		end_of_past(g, v);
}

static void
fetch_failed(struct fetch *f)
{
	struct viewer *v = f->v;

	if (!v)
		return;
	/* the hello was said already, or it is said now: it is not so */
	say_hello(f->g, v, false);
	end_of_past(f->g, v);
}

static bool
of_his_room(struct gateway *g, const struct viewer *v, const struct event *ev,
    bool *priv)
{
	const struct json_member *room = json_get(&ev->doc, "room");
	const struct json_member *m = json_get(&ev->doc, "blocked");

	*priv = m && m->kind == JSON_TRUE;
	m = json_get(&ev->doc, "held");
	*priv = *priv || (m && m->kind == JSON_TRUE);
	(void)g;
	if (room)
		return json_str_is(room, fan_room_name(v));
	return bus_is_control(ev) || strcmp(fan_room_name(v), EVENT_ROOM) == 0;
}

static void
fetch_hello(struct fetch *f, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "recovered");

	if (f->greeted || !m || m->kind != JSON_TRUE) {
		fetch_failed(f);
		return;
	}
	f->greeted = true;
	say_hello(f->g, f->v, true);
}

static void
on_line(void *arg, const struct source_line *l)
{
	struct fetch *f = arg;
	struct gateway *g = f->g;
	struct event ev = { 0 };
	uint64_t seq;
	bool priv;

	if (f->done || l->got != LINEIN_LINE)
		return;
	if (event_parse(&ev, l->p, l->n) == 0) {
		seq = event_seq(&ev);
		if (ev.type == EVENT_HELLO) {
			fetch_hello(f, &ev);
		} else if (f->greeted && seq > f->v->after) {
			if (of_his_room(g, f->v, &ev, &priv) &&
			    past_shown(g, f->v, seq, l->p, l->n, priv))
				fan_give(f->v->fan, f->v, l->p, l->n);
			f->v->after = seq;
		}
	}
	event_release(&ev);
	if (f->done)
		return;
	if (f->v->after >= fan_reach(f->v->fan) && f->greeted) {
		source_pause(f->bus);
		lws_callback_on_writable(f->v->wsi);
	} else if (f->v->own.len > PIECE) {
		source_pause(f->bus);
	}
}

static void
on_up(void *arg)
{
	struct fetch *f = arg;
	char ask[192];
	int n;

	n = snprintf(ask, sizeof ask,
	    "{\"epoch\":\"%s\",\"since\":%" PRIu64 "}\n", f->g->epoch,
	    f->v ? f->v->after : 0);
	if (!f->v || source_say(f->bus, ask, (size_t)n) < 0)
		fetch_failed(f);
}

static void
on_down(void *arg, int err)
{
	(void)err;
	fetch_failed(arg);
}

static const struct source_ops ops = {
	.line = on_line, .up = on_up, .down = on_down
};

static int
begin_fetch(struct gateway *g, struct viewer *v)
{
	struct fetch *f;

	if (g->in_addr.kind != ADDR_CONNECT || !g->live ||
	    g->nfetches >= FETCHES_MAX || !(f = calloc(1, sizeof *f)))
		return -1;
	f->g = g;
	f->v = v;
	f->bus = source_open(g->loop, &g->in_addr, &ops, f);
	if (!f->bus) {
		free(f);
		return -1;
	}
	source_limit(f->bus, EVENT_INPUT_MAX + EVENT_LINE_MAX);
	f->next = g->fetches;
	g->fetches = f;
	g->nfetches++;
	v->fetch = f;
	return 0;
}

/* He was here, up to a position. */
static void
greet_since(struct gateway *g, struct viewer *v, uint64_t since, bool same)
{
	fan_recover(v->fan, v);
	if (same && since <= show_reached(g, v)) {
		v->after = v->since = since;
		if (since >= fan_reach(v->fan)) {
			say_hello(g, v, true);
			return;
		}
		if (begin_fetch(g, v) == 0)
			return;
	}
	v->since = show_reached(g, v);
	say_hello(g, v, false);
	end_of_past(g, v);
}

/* The newest n events. */
static void
greet_history(struct gateway *g, struct viewer *v, size_t n)
{
	struct asker a = { .g = g, .v = v };
	/* what he asked for must not be held against him as lag */
	struct fan_query q = { .room = fan_room_name(v),
		.n = n,
		.max = (size_t)g->max_lag / 2,
		.sees = sees,
		.arg = &a };

	fan_recover(v->fan, v);
	say_hello(g, v, true);
	fan_past(v->fan, &q, note_first);
	v->after = v->since = a.first ? a.first - 1 : show_reached(g, v);
	if (!a.first)
		end_of_past(g, v);
}

void
past_greet(struct gateway *g, struct viewer *v, struct lws *wsi)
{
	char arg[24], epoch[EPOCH_MAX + 1] = "";
	size_t n;

	fan_flush(v->fan);
	v->since = show_reached(g, v);
	if (upgrade_arg(wsi, "since", arg, sizeof arg) == 0) {
		v->greeted = true;
		upgrade_arg(wsi, "epoch", epoch, sizeof epoch);
		greet_since(g, v, strtoull(arg, NULL, 10),
		    strcmp(epoch, g->epoch) == 0);
	} else if (upgrade_arg(wsi, "history", arg, sizeof arg) == 0) {
		v->greeted = true;
		n = strtoul(arg, NULL, 10);
		greet_history(
		    g, v, n < (size_t)g->history ? n : (size_t)g->history);
	}
}

void
past_break(struct gateway *g)
{
	struct fetch *f;

	for (f = g->fetches; f; f = f->next)
		if (f->v)
			past_forget(g, f->v);
}
