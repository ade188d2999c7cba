/*
 * bus: see dash.h. The desk is one more listener of the bus: it asks once for
 * what is in force and for the newest events, and after a break for what it
 * has missed. Positions say what is new, as everywhere (CONTRACT 5).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "dash.h"
#include "msg.h"

#include "banned.h"

static void
enter(struct dash *d, int phase)
{
	d->phase = phase;
	d->since = clock_wall_ms();
}

const char *
bus_word(const struct dash *d)
{
	return d->phase == BUS_LIVE    ? "live"
	       : d->phase == BUS_ASKED ? "asked"
				       : "away";
}

static uint64_t
number(const struct event *ev, const char *key)
{
	const struct json_member *m = json_get(&ev->doc, key);
	int64_t n;

	return m && json_int(m, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

static bool
take_epoch(struct dash *d)
{
	const struct json_member *m = json_get(&d->ev.doc, "epoch");

	buf_reset(&d->text);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &d->text) < 0 ||
	    !epoch_valid(d->text.p, d->text.len))
		return false;
	memcpy(d->epoch, d->text.p, d->text.len + 1);
	return true;
}

/* What is in force is told anew; so is, at first, what is recent. */
static void
hello(struct dash *d)
{
	const struct json_member *m = json_get(&d->ev.doc, "recovered");
	bool recovered = m && m->kind == JSON_TRUE;
	uint64_t seq = number(&d->ev, "seq");
	struct state *fresh;

	if (d->phase == BUS_AWAY || !take_epoch(d))
		return;
	if (d->placed && !recovered) {
		d->gaps++;
		msg_warn("the bus has lost its place: events are missing here");
		stream_anew(d);
	}
	/* what ended while we were away is in no list of what is in force */
	fresh = state_new();
	if (fresh) {
		state_free(d->state);
		d->state = fresh;
	}
	d->state_left = number(&d->ev, "state");
	d->past_left = recovered && !d->placed ? number(&d->ev, "history") : 0;
	if (!d->placed || !recovered)
		d->seq = seq - (d->past_left < seq ? d->past_left : seq);
	d->placed = true;
	enter(d, BUS_LIVE);
}

/* Has this event come before? */
static bool
is_old(struct dash *d)
{
	uint64_t seq = event_seq(&d->ev);

	if (!seq)
		return false; /* without ss-log there are no positions */
	if (seq <= d->seq)
		return true;
	d->seq = seq;
	return false;
}

static void
on_line(void *arg, const struct source_line *l)
{
	struct dash *d = arg;
	uint64_t position;

	if (l->got != LINEIN_LINE || event_parse(&d->ev, l->p, l->n) < 0) {
		if (l->got != LINEIN_PART)
			d->tally.bad_lines++;
		return;
	}
	if (d->ev.type == EVENT_HELLO)
		hello(d);
	if (event_is_housekeeping(&d->ev) || d->phase != BUS_LIVE)
		return;
	if (d->state_left > 0) {
		d->state_left--;
		state_fold_line(d->state, l->p, l->n, event_seq(&d->ev));
		return;
	}
	if (is_old(d))
		return;
	state_fold(d->state, &d->ev, d->seq);
	tally_event(d);
	position = recent_add(&d->recent, l->p, l->n);
	if (position)
		stream_line(d, recent_at(&d->recent, position), position);
}

static void
on_up(void *arg)
{
	struct dash *d = arg;
	char ask[160];
	int n;

	away_ends(&d->away);
	if (d->in_addr.kind != ADDR_CONNECT) {
		enter(d, BUS_LIVE);
		return;
	}
	if (d->placed)
		n = snprintf(ask, sizeof ask,
		    "{\"epoch\":\"%s\",\"since\":%" PRIu64 ",\"state\":true}\n",
		    d->epoch, d->seq);
	else
		n = snprintf(ask, sizeof ask,
		    "{\"history\":%" PRId64 ",\"state\":true}\n", d->history);
	d->state_left = d->past_left = 0;
	enter(d, BUS_ASKED);
	source_say(d->bus, ask, (size_t)n);
}

static void
on_down(void *arg, int err)
{
	struct dash *d = arg;

	if (d->phase != BUS_AWAY)
		enter(d, BUS_AWAY);
	away_since(&d->away, err);
}

/* stdin has ended: what came stays to be looked at */
static void
on_end(void *arg, int err)
{
	struct dash *d = arg;

	if (err)
		msg_err("stdin: %s", strerror(err));
	if (!d->stopped)
		enter(d, BUS_AWAY);
}

int
bus_open(struct dash *d)
{
	static const struct source_ops ops = {
		.line = on_line, .end = on_end, .up = on_up, .down = on_down
	};

	away_init(&d->away, d->loop, "bus ", d->in_addr.path);
	buf_init(&d->text, EVENT_INPUT_MAX);
	d->since = clock_wall_ms();
	d->state = state_new();
	d->bus = d->state ? source_open(d->loop, &d->in_addr, &ops, d) : NULL;
	if (!d->bus)
		return -1;
	source_limit(d->bus, EVENT_INPUT_MAX + EVENT_LINE_MAX);
	if (d->in_addr.kind != ADDR_CONNECT)
		enter(d, BUS_LIVE);
	return 0;
}
