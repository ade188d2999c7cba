/*
 * bus: what comes back from the pipeline. Each line is looked at once, to see
 * whom it concerns, and handed to the fan as it is: viewers get the very
 * bytes.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "msg.h"

#include "banned.h"

#define DOORS_WAIT 2000 /* ms without a bus until we listen */
#define HELLO_WAIT 250  /* ms for the hello of a bus that may not know it */

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
static bool
is_control(const struct event *ev)
{
	static const char *const types[] = { "mute", "unmute", "kick", "ban",
		"unban", "delete", "slow", "threshold", "approve", "deny",
		NULL };
	const struct json_member *m = json_get(&ev->doc, "type");
	int i;

	for (i = 0; m && types[i]; i++)
		if (json_str_is(m, types[i]))
			return true;
	return false;
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
	g->seq++;
	if (g->past)
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

static void
event(struct gateway *g)
{
	const struct event *ev = &g->ev;
	char room[EVENT_NAME_MAX + 1], user[EVENT_NAME_MAX + 1];

	if (ev->type == EVENT_OTHER && is_control(ev) &&
	    !json_get(&ev->doc, "room")) {
		fan_put(g->fan, NULL, ev->line, ev->len);
		count(g, ev);
		return;
	}
	if (!name_of(ev, "room", EVENT_ROOM, &g->text, room)) {
		g->n.bad_lines++;
		return;
	}
	count(g, ev);
	if (ev->type != EVENT_CHAT || !is_true(ev, "blocked")) {
		fan_put(g->fan, room, ev->line, ev->len);
		return;
	}
	if (g->past)
		return;
	g->n.blocked++;
	if (name_of(ev, "user", "", &g->text, user))
		fan_tell_name(g->fan, room, user, ev->line, ev->len);
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
ready(void *arg)
{
	struct gateway *g = arg;

	loop_cancel(g->loop, &g->hello_wait);
	g->ready = true;
	open_doors(g);
}

/* Everything before a first hello is part of what follows it. */
static void
hello(struct gateway *g)
{
	const struct json_member *m = json_get(&g->ev.doc, "history");
	int64_t n;

	if (g->helloed || !g->asked || g->ready)
		return;
	g->helloed = true;
	loop_cancel(g->loop, &g->hello_wait);
	fan_forget(g->fan);
	g->past = m && json_int(m, &n) == 0 && n > 0 ? (uint64_t)n : 0;
	g->seq = 0;
	m = json_get(&g->ev.doc, "seq");
	if (m && json_int(m, &n) == 0 && n >= (int64_t)g->past)
		g->seq = (uint64_t)n - g->past;
	m = json_get(&g->ev.doc, "epoch");
	buf_reset(&g->text);
	if (m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	    ulid_valid(g->text.p, g->text.len))
		memcpy(g->epoch, g->text.p, ULID_LEN + 1);
	if (!g->past)
		ready(g);
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
	if (g->ev.type == EVENT_HELLO) {
		hello(g);
		return;
	}
	if (event_is_housekeeping(&g->ev))
		return;
	event(g);
	if (g->past) {
		fan_skip(g->fan);
		if (!--g->past)
			ready(g);
	}
}

static void
on_up(void *arg)
{
	struct gateway *g = arg;
	char ask[64];
	int n;

	away_ends(&g->bus_away);
	if (g->in_addr.kind != ADDR_CONNECT || g->ready)
		return;
	/* what it keeps fills /api/recent; asked for once, at the start */
	n = snprintf(
	    ask, sizeof ask, "{\"history\":%" PRId64 "}\n", g->history);
	g->asked = source_say(g->bus, ask, (size_t)n) == 0;
	loop_after(g->loop, &g->hello_wait, HELLO_WAIT, ready, g);
}

static void
on_down(void *arg, int err)
{
	struct gateway *g = arg;

	g->past = 0;
	g->helloed = false; /* before the first replay is done: ask again */
	loop_cancel(g->loop, &g->hello_wait);
	if (g->in_addr.kind == ADDR_CONNECT && !g->draining)
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
	/*
	 * With the bus there nobody ever sees the 503 of a start; without it
	 * the doors open all the same, so that /healthz can say why.
	 */
	if (g->in_addr.kind == ADDR_CONNECT)
		loop_after(g->loop, &g->start, DOORS_WAIT, open_doors, g);
	else
		loop_after(g->loop, &g->start, 0, ready, g);
	return 0;
}

bool
bus_is_up(const struct gateway *g)
{
	return source_is_up(g->bus);
}

void
bus_hello(struct gateway *g, bool recovered, size_t n, struct buf *out)
{
	buf_addf(out,
	    "{\"type\":\"hello\",\"epoch\":\"%s\",\"seq\":%" PRIu64
	    ",\"recovered\":%s,\"history\":%zu}",
	    g->epoch, g->seq, recovered ? "true" : "false", n);
}
