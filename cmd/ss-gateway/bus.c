/*
 * bus: what comes back from the pipeline. Each line is looked at once, to see
 * whom it concerns, and handed to the fan as it is: viewers get the very
 * bytes.
 *
 * After the hub was away we say how far we had got, and get what we missed;
 * at the start, what is in force and the newest events. Positions alone say
 * what is new: the hub has put everything in order.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "msg.h"

#include "banned.h"

#define DOORS_WAIT 2000 /* ms without a bus until we listen */
#define HELLO_WAIT 1500 /* ms for the hello of a bus that may not know it */

/* Copies the room or user in member key to out; the default where absent. */
static bool
name_of(const struct event *ev, const char *key, const char *absent,
    struct buf *tmp, char out[EVENT_NAME_MAX + 1])
{
	const struct json_member *m = json_get(&ev->doc, key);

	if (!m) {
		memcpy(out, absent, strlen(absent) + 1);
		return true;
	}
	buf_reset(tmp);
	if (m->kind != JSON_STRING || json_unescape(m, tmp) < 0 ||
	    !event_name_valid(tmp->p, tmp->len))
		return false;
	memcpy(out, tmp->p, tmp->len + 1);
	return true;
}

/* Control events without a room are for all rooms: CONTRACT 4. */
bool
bus_is_control(const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "type");
	enum action_type type;

	return ev->type == EVENT_OTHER && m && m->kind == JSON_STRING &&
	       action_find(m->val + 1, m->vallen - 2, &type) == 0;
}

static bool
is_true(const struct event *ev, const char *key)
{
	const struct json_member *m = json_get(&ev->doc, key);

	return m && m->kind == JSON_TRUE;
}

static void
count(struct gateway *g, const struct event *ev)
{
	if (g->past && !g->ready)
		return; /* somebody else's time */
	if (ev->type == EVENT_CHAT) {
		g->n.chat++;
		g->n.toxic += is_true(ev, "toxic");
	} else if (ev->type == EVENT_GIFT) {
		g->n.gift++;
	} else {
		g->n.other++;
	}
}

/* Those who asked for a position have lost it. */
static void
broken(struct gateway *g, uint64_t seq)
{
	struct buf b;

	g->seq = seq;
	show_forget(g, seq);
	past_break(g);
	buf_init(&b, EVENT_LINE_MAX);
	bus_hello(g, seq, false, &b);
	show_tell_greeted(g, b.p, b.len);
	buf_release(&b);
}

/* Gives the event its position. False: it was met before. */
static bool
place(struct gateway *g, const struct event *ev)
{
	uint64_t seq = event_seq(ev);

	if (!seq) {
		/* behind ss-log all events have one: this one has no place */
		g->seq += !g->numbered;
		return true;
	}
	if (g->placed && seq <= g->seq)
		return false;
	if (g->numbered && seq > g->seq + 1)
		broken(g, seq - 1);
	else if (!g->placed && !g->numbered)
		show_forget(g, seq - 1);
	g->numbered = g->placed = true;
	g->seq = seq;
	return true;
}

/* A moderator's action, in its place. */
static void
control(struct gateway *g, const struct event *ev, const char *room)
{
	bool counts = force_event(g, ev, g->seq);
	enum audience to = SHOW_ALL;

	outbox_returned(g, ev, room, counts ? 200 : 409);
	count(g, ev);
	if (!counts || json_get(&ev->doc, "address") ||
	    (g->ready && act_is_vain(g, ev)))
		to = SHOW_STAFF;
	show_event(g, to, json_get(&ev->doc, "room") ? room : NULL, "",
	    ev->line, ev->len);
	force_act(g, ev);
}

/* Somebody's message. */
static void
chat(struct gateway *g, const struct event *ev, const char *room)
{
	bool held = is_true(ev, "held"), blocked = is_true(ev, "blocked");
	char user[EVENT_NAME_MAX + 1];
	enum audience to = held || blocked ? SHOW_AUTHOR : SHOW_ALL;

	if (!name_of(ev, "user", "", &g->text, user))
		*user = '\0';
	/* what was sent from here was counted when it was taken */
	if (!outbox_returned(g, ev, room, 200) && g->ready)
		force_said(g, room, user);
	hold_published(g, ev);
	if (g->ready)
		g->n.blocked += blocked || held;
	if (force_hides_event(g, ev, g->seq))
		to = SHOW_NOBODY;
	else if (held)
		hold_add(g, ev);
	show_event(g, to, room, user, ev->line, ev->len);
}

static void
event(struct gateway *g)
{
	const struct event *ev = &g->ev;
	char room[EVENT_NAME_MAX + 1];
	bool in_room = name_of(ev, "room", EVENT_ROOM, &g->text, room);

	if (!place(g, ev))
		return;
	names_learn(g, ev);
	if (!in_room) {
		outbox_returned(g, ev, EVENT_ROOM, 200);
		g->n.bad_lines++;
		show_position(g);
		return;
	}
	if (bus_is_control(ev)) {
		control(g, ev, room);
		return;
	}
	count(g, ev);
	if (ev->type == EVENT_CHAT) {
		chat(g, ev, room);
		return;
	}
	outbox_returned(g, ev, room, 200);
	show_event(g, SHOW_ALL, room, "", ev->line, ev->len);
}

static void
open_doors(void *arg)
{
	struct gateway *g = arg;

	if (!g->listening && !g->draining && serve_listen(g) < 0)
		gateway_drain(g, 1);
}

/* From here on what a viewer sends comes back to him. */
static void
live(void *arg)
{
	struct gateway *g = arg;

	loop_cancel(g->loop, &g->hello_wait);
	g->phase = BUS_LIVE;
	g->live = true;
	if (!g->ready) {
		g->ready = true;
		open_doors(g);
	}
	outbox_pump(g);
	hold_go_on(g);
}

static uint64_t
number(const struct event *ev, const char *key)
{
	const struct json_member *m = json_get(&ev->doc, key);
	int64_t n;

	return m && json_int(m, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

/* What has come of the state and the past: what comes next? */
static void
next_phase(struct gateway *g)
{
	if (g->phase == BUS_STATE && !g->state)
		g->phase = BUS_PAST;
	if (g->phase == BUS_PAST && !g->past)
		live(g);
}

/* Takes over the hub's epoch; false: it says none. */
static bool
take_epoch(struct gateway *g)
{
	const struct json_member *m = json_get(&g->ev.doc, "epoch");

	buf_reset(&g->text);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &g->text) < 0 ||
	    !epoch_valid(g->text.p, g->text.len))
		return false;
	memcpy(g->epoch, g->text.p, g->text.len + 1);
	return true;
}

static void
hello(struct gateway *g)
{
	uint64_t seq = number(&g->ev, "seq");
	bool recovered = is_true(&g->ev, "recovered");

	if (g->phase == BUS_AWAY || g->in_addr.kind != ADDR_CONNECT ||
	    !take_epoch(g))
		return;
	loop_cancel(g->loop, &g->hello_wait);
	g->hellos = true;
	g->state = number(&g->ev, "state");
	g->past = recovered ? number(&g->ev, "history") : 0;
	if (g->past > seq)
		g->past = seq;
	if (g->placed && !recovered) {
		broken(g, seq);
	} else if (!g->placed) {
		g->seq = seq - g->past;
		show_forget(g, g->seq);
	} else if (!json_get(&g->ev.doc, "history")) {
		g->past = seq > g->seq ? seq - g->seq : 0;
	}
	g->placed = true;
	g->phase = BUS_STATE;
	next_phase(g);
}

/* What the bus says is in force, or waits for a decision. */
static void
in_force(struct gateway *g, const struct event *ev)
{
	if (ev->type == EVENT_CHAT && is_true(ev, "held"))
		hold_add(g, ev);
	else if (bus_is_control(ev))
		force_event(g, ev, event_seq(ev));
}

static void
on_line(void *arg, const struct source_line *l)
{
	struct gateway *g = arg;

	if (l->got != LINEIN_LINE || event_parse(&g->ev, l->p, l->n) < 0) {
		if (!g->n.bad_lines++)
			msg_warn("bus:%" PRIu64 ": not an event (said once)",
			    l->number);
		return;
	}
	if (g->ev.type == EVENT_HELLO)
		hello(g);
	else if (g->ev.type == EVENT_MARK)
		outbox_mark(g, &g->ev);
	if (event_is_housekeeping(&g->ev) || g->phase == BUS_ASKED)
		return;
	if (g->phase == BUS_STATE) {
		in_force(g, &g->ev);
		g->state--;
	} else {
		event(g);
		g->past -= g->phase == BUS_PAST;
		if (!g->ready)
			show_skip(g);
	}
	next_phase(g);
}

static void
on_up(void *arg)
{
	struct gateway *g = arg;
	int64_t n = g->history;
	char ask[192];
	int len;

	away_ends(&g->bus_away);
	if (g->in_addr.kind != ADDR_CONNECT)
		return;
	if (g->ready && !g->hellos) { /* a bus that is just lines */
		live(g);
		return;
	}
	/*
	 * More than is shown: who comes back to us wants what he missed. And
	 * the last minutes, for the nonces that were used in them.
	 */
	if (n > 0 && n < RECENT_MIN)
		n = RECENT_MIN;
	if (g->placed)
		len = snprintf(ask, sizeof ask,
		    "{\"epoch\":\"%s\",\"since\":%" PRIu64 ",\"state\":true}\n",
		    g->epoch, g->seq);
	else
		len = snprintf(ask, sizeof ask,
		    "{\"history\":%" PRId64 ",\"age\":%d,\"state\":true}\n", n,
		    NONCES_KEEP_MS / 1000);
	g->phase = source_say(g->bus, ask, (size_t)len) == 0 ? BUS_ASKED
							     : BUS_LIVE;
	loop_after(g->loop, &g->hello_wait, HELLO_WAIT, live, g);
}

static void
on_down(void *arg, int err)
{
	struct gateway *g = arg;

	loop_cancel(g->loop, &g->hello_wait);
	if (g->in_addr.kind != ADDR_CONNECT)
		return;
	/* before the first replay is done it begins anew */
	g->placed = g->placed && g->ready;
	g->phase = BUS_AWAY;
	g->live = false;
	g->state = g->past = 0;
	if (!g->draining)
		away_since(&g->bus_away, err);
}

static void
on_end(void *arg, int err)
{
	struct gateway *g = arg;

	if (err)
		msg_err("stdin: %s", strerror(err));
	gateway_drain(g, err != 0);
}

static const struct source_ops ops = {
	.line = on_line, .end = on_end, .up = on_up, .down = on_down
};

int
bus_open(struct gateway *g)
{
	ulid_next(&g->ids, clock_wall_ms(), g->epoch);
	away_init(&g->bus_away, g->loop, "bus ", g->in_addr.path);
	g->bus = source_open(g->loop, &g->in_addr, &ops, g);
	if (!g->bus)
		return -1;
	source_limit(g->bus, EVENT_INPUT_MAX + EVENT_LINE_MAX);
	/*
	 * With the bus there nobody ever sees the 503 of a start; without it
	 * the doors open all the same, so that /healthz can say why.
	 */
	if (g->in_addr.kind == ADDR_CONNECT)
		loop_after(g->loop, &g->start, DOORS_WAIT, open_doors, g);
	else
		loop_after(g->loop, &g->start, 0, live, g);
	return 0;
}

bool
bus_is_up(const struct gateway *g)
{
	return source_is_up(g->bus);
}

void
bus_hello(struct gateway *g, uint64_t seq, bool recovered, struct buf *out)
{
	buf_addf(out,
	    "{\"type\":\"hello\",\"epoch\":\"%s\",\"seq\":%" PRIu64
	    ",\"recovered\":%s}",
	    g->epoch, seq, recovered ? "true" : "false");
}
