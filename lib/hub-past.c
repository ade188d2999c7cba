/*
 * hub-past.c: positions. An event's position is the count of events in its
 * series, given by ss-log, or by us where there is none. What a reader has
 * missed comes from the lines kept in the ring; what is older, and what we
 * missed ourselves, from the files of ss-log, which has written an event
 * before it passes it on. So between two positions that we know there is
 * nothing that can't be read, or the series is broken and whoever has a
 * position is told.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hub-impl.h"
#include "json.h"
#include "ulid.h"

#include "banned.h"

#define CHUNK 262144      /* bytes of the files read in one go */
#define AGE_MAX 300000    /* events that are given for their age */
#define AGE_LONGEST 86400 /* s */
#define LOG_DEFAULT "logs"

/* The position of the oldest line that is kept; seq + 1: none is. */
static uint64_t
kept_from(const struct hub *h)
{
	uint64_t from = h->nkept, n = h->conf.history;

	while (n-- && from > h->kept_first &&
	       h->kept[(from - 1) % h->conf.history].pos >= ring_tail(&h->ring))
		from--;
	return h->seq + 1 - (h->nkept - from);
}

/* The files are there, and hold our series. */
static bool
log_is_ours(struct hub *h)
{
	const char *dir = h->conf.log ? h->conf.log : LOG_DEFAULT;
	struct epoch e;

	if (!h->log || epoch_read(dir, &e) < 0 || strcmp(e.name, h->epoch) != 0)
		return false;
	return logread_refresh(h->log) == 0;
}

/* Calls fn with every line of b. */
static void
each_line(struct hub *h, const struct buf *b,
    void (*fn)(struct hub *, const char *line, size_t n))
{
	const char *p = b->p, *end = b->p + b->len, *nl;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		fn(h, p, (size_t)(nl - p));
	}
}

static void
remember(struct hub *h, const char *line, size_t n)
{
	hub_append(h, line, n, true);
}

static void
publish(struct hub *h, const char *line, size_t n)
{
	hub_append(h, line, n, true);
	state_fold_line(h->state, line, n, h->seq);
	if (h->conf.copy)
		h->conf.copy(h->conf.copy_arg, line, n);
}

/* The events from..to of the files, through fn. How many there were. */
static uint64_t
from_files(struct hub *h, uint64_t from, uint64_t to,
    void (*fn)(struct hub *, const char *line, size_t n))
{
	uint64_t at = from, n;

	while (at <= to) {
		buf_reset(&h->lines);
		n = logread_get(h->log, at, to, CHUNK, &h->lines);
		if (!n)
			break;
		each_line(h, &h->lines, fn);
		at += n;
	}
	return at - from;
}

static void
fold_line(void *arg, const char *line, size_t n)
{
	struct hub *h = arg;

	state_fold_line(h->state, line, n, 0);
}

/*
 * The series' newest events up to seq become the past. Nobody gets them as
 * new ones: readers keep what they have still to get as their own.
 */
static void
load(struct hub *h, uint64_t seq)
{
	uint64_t from;
	struct reader *r;

	for (r = h->readers; r; r = r->next)
		if (!r->dead && reader_detach(r) < 0)
			reader_drop(r, HUB_CUT_OFF, r->past.len);
	h->kept_first = h->nkept;
	h->seq = seq;
	if (log_is_ours(h)) {
		from = logread_reach(h->log, seq);
		if (seq - from + 1 > h->conf.history)
			from = seq + 1 - h->conf.history;
		h->seq = from - 1;
		h->loading = true;
		if (from_files(h, from, seq, remember) != seq - from + 1)
			h->kept_first = h->nkept;
		h->numbered = h->numbered || seq > 0;
		h->loading = false;
		h->seq = seq;
		state_free(h->state);
		h->state = state_new();
		if (h->state)
			logread_each(h->log, 0, fold_line, h);
	}
	for (r = h->readers; r; r = r->next)
		r->pos = h->ring.head;
}

static int
hello(struct reader *r, bool recovered, uint64_t past, size_t state)
{
	struct hub *h = r->hub;
	int e;

	e = buf_addf(&r->past,
	    "{\"type\":\"hello\",\"epoch\":\"%s\",\"seq\":%" PRIu64
	    ",\"recovered\":%s,\"history\":%" PRIu64,
	    h->epoch, h->seq, recovered ? "true" : "false", past);
	if (r->ask.state)
		e |= buf_addf(&r->past, ",\"state\":%zu", state);
	r->greeted = true;
	return e | buf_adds(&r->past, "}\n");
}

/* When the event at seq happened, in ms; none: that can't be said. */
static int64_t
time_at(struct hub *h, uint64_t seq, int64_t none)
{
	const struct json_member *m;
	struct event ev = { 0 };
	int64_t ms = none;

	buf_reset(&h->lines);
	if (logread_get(h->log, seq, seq, CHUNK, &h->lines) == 1 &&
	    event_parse(&ev, h->lines.p, h->lines.len - 1) == 0) {
		m = json_get(&ev.doc, "ts");
		if (m && m->kind == JSON_STRING)
			(void)clock_parse(m->val + 1, m->vallen - 2, &ms);
	}
	event_release(&ev);
	return ms;
}

/*
 * The first position of [reach, from) that is not older than age; from: none.
 * Times rise with positions but for late events and a clock's jumps, which
 * make this more or fewer events, and nothing worse.
 */
static uint64_t
young_from(struct hub *h, uint64_t reach, uint64_t from, int64_t age)
{
	int64_t since = clock_wall_ms() - age;
	uint64_t lo = reach, hi = from, mid;

	if (hi - lo > AGE_MAX)
		lo = hi - AGE_MAX;
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (time_at(h, mid, since) >= since)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Where his past begins; h->seq + 1: nowhere. */
static uint64_t
begin_of(struct reader *r, bool *recovered)
{
	struct hub *h = r->hub;
	uint64_t from = h->seq + 1, kept = kept_from(h), reach;

	*recovered = true;
	if (r->ask.what == ASK_SINCE) {
		*recovered = strcmp(r->ask.epoch, h->epoch) == 0 &&
			     r->ask.n <= h->seq;
		if (*recovered)
			from = r->ask.n + 1;
		if (from < kept &&
		    !(log_is_ours(h) && logread_covers(h->log, from, kept - 1)))
			*recovered = false;
		return *recovered ? from : h->seq + 1;
	}
	from -= r->ask.n < h->seq ? r->ask.n : h->seq;
	if ((from < kept || r->ask.age) && kept > 1 && log_is_ours(h)) {
		reach = logread_reach(h->log, kept - 1);
		from = from > reach ? from : reach;
		if (r->ask.age && reach < from)
			from = young_from(h, reach, from, r->ask.age);
	} else if (from < kept) {
		from = kept;
	}
	return from;
}

/* All kept lines from a position on, at once; then he follows the ring. */
static int
add_kept(struct reader *r, uint64_t from)
{
	struct hub *h = r->hub;
	uint64_t i = h->nkept - (h->seq + 1 - from);
	const struct kept *k;

	for (; i < h->nkept; i++) {
		k = &h->kept[i % h->conf.history];
		if (buf_add(&r->past, ring_at(&h->ring, k->pos), k->len) < 0)
			return -1;
	}
	r->pos = h->ring.head;
	r->want = 0;
	return 0;
}

/* hello, state, and the past, or as much of it as is in memory. */
static int
answer(struct reader *r)
{
	struct hub *h = r->hub;
	bool recovered;
	uint64_t from = begin_of(r, &recovered);
	size_t n = 0;

	buf_reset(&h->lines);
	if (r->ask.state && h->state)
		n = state_write(h->state, from - 1, clock_wall_ms(), &h->lines);
	if (reader_detach(r) < 0 ||
	    hello(r, recovered, h->seq + 1 - from, n) < 0 ||
	    buf_add(&r->past, h->lines.p, h->lines.len) < 0)
		return -1;
	if (from >= kept_from(h))
		return add_kept(r, from);
	r->want = from;
	return 0;
}

/* The series that he has a position in goes on elsewhere, or not at all. */
static void
tell_break(struct hub *h)
{
	struct reader *r;

	for (r = h->readers; r; r = r->next) {
		if (r->dead || !r->greeted)
			continue;
		r->want = 0;
		if (reader_detach(r) < 0 || hello(r, false, 0, 0) < 0)
			reader_drop(r, HUB_CUT_OFF, r->past.len);
	}
}

void
hub_past_refill(struct reader *r)
{
	struct hub *h = r->hub;
	uint64_t kept = kept_from(h), n = 0;

	if (r->want < kept) {
		n = logread_get(h->log, r->want, kept - 1, CHUNK, &r->past);
		r->want += n;
		if (n && r->want < kept)
			return;
	}
	if (r->want >= kept) {
		if (add_kept(r, r->want) < 0)
			reader_drop(r, HUB_CUT_OFF, r->past.len);
		return;
	}
	/* rolled away in front of him */
	r->want = 0;
	r->pos = h->ring.head;
	if (hello(r, false, 0, 0) < 0)
		reader_drop(r, HUB_CUT_OFF, 0);
}

/* The epoch is settled: who has asked already is answered. */
static void
settled(struct hub *h)
{
	struct reader *r;

	loop_cancel(h->loop, &h->start);
	h->known = true;
	h->await = 0;
	for (r = h->readers; r; r = r->next)
		if (!r->dead && r->ask.what != ASK_NOTHING && answer(r) < 0)
			reader_drop(r, HUB_CUT_OFF, r->past.len);
}

/* No epoch line was heard: the files', or one of our own. */
static void
settle_alone(struct hub *h)
{
	const char *dir = h->conf.log ? h->conf.log : LOG_DEFAULT;
	struct ulid id = { 0 };
	struct epoch e;

	if (h->log && epoch_read(dir, &e) == 0 &&
	    logread_refresh(h->log) == 0) {
		memcpy(h->epoch, e.name, sizeof h->epoch);
		load(h, logread_last(h->log));
	} else {
		ulid_next(&id, clock_wall_ms(), h->epoch);
	}
	settled(h);
}

/* Events are missing that can't be had: we go on behind position seq. */
static void
break_at(struct hub *h, uint64_t seq)
{
	hub_tell(h, HUB_BROKEN, -1, seq);
	load(h, seq);
	tell_break(h);
}

/* Brings us to position seq, by the files if they have what is missing. */
static void
catch_up(struct hub *h, uint64_t seq)
{
	uint64_t from = h->seq + 1, n = 0;

	if (log_is_ours(h) && logread_covers(h->log, from, seq))
		n = from_files(h, from, seq, publish);
	if (n)
		hub_tell(h, HUB_FILLED, -1, n);
	if (n == seq - from + 1)
		return;
	break_at(h, seq);
}

/*
 * The first epoch line. The files may be ahead of it by what ss-log has
 * written and not passed on yet: it is not synced, or ss-log is held up. Had
 * we a predecessor who heard nothing of ss-log (settle_alone), he may have
 * published that, and nobody's position may be ahead of ours. So it is waited
 * for, which is a matter of milliseconds, and after the time in which an
 * epoch line has to come it counts as in settle_alone.
 */
static void
begin(struct hub *h, uint64_t seq)
{
	load(h, seq);
	h->await = h->log ? logread_last(h->log) : 0;
	if (h->await <= seq || !h->start.due || !log_is_ours(h))
		settled(h);
}

static void
on_overdue(void *arg)
{
	struct hub *h = arg;

	if (!h->await)
		settle_alone(h);
	else if (log_is_ours(h) && logread_covers(h->log, h->seq + 1, h->await))
		catch_up(h, h->await);
	if (!h->known)
		settled(h);
	hub_flush(h);
}

/* ss-log says which series it is, and how far. */
static void
on_epoch(struct hub *h, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "epoch");
	const struct json_member *at = json_get(&ev->doc, "seq");
	size_t n = m && m->kind == JSON_STRING ? m->vallen - 2 : 0;
	int64_t seq;
	bool same;

	if (!n || !epoch_valid(m->val + 1, n) || !at ||
	    json_int(at, &seq) < 0 || seq < 0)
		return;
	same = strlen(h->epoch) == n && memcmp(h->epoch, m->val + 1, n) == 0;
	memcpy(h->epoch, m->val + 1, n);
	h->epoch[n] = '\0';
	if (!h->known) {
		begin(h, (uint64_t)seq);
	} else if (!same) {
		break_at(h, (uint64_t)seq);
	} else if ((uint64_t)seq > h->seq) {
		catch_up(h, (uint64_t)seq);
	} else if ((uint64_t)seq < h->seq &&
		   !(log_is_ours(h) && logread_last(h->log) >= h->seq)) {
		/* the files went back: other events will have our numbers */
		break_at(h, (uint64_t)seq);
	}
}

/* Could it be in force? Most are chat and gifts, which are not. */
static bool
may_matter(const struct event *ev)
{
	return ev->type == EVENT_OTHER ||
	       (ev->type == EVENT_CHAT && json_get(&ev->doc, "held"));
}

void
hub_event(struct hub *h, const struct event *ev)
{
	uint64_t seq;

	if (event_is_housekeeping(ev)) {
		if (ev->type == EVENT_EPOCH)
			on_epoch(h, ev);
		hub_append(h, ev->line, ev->len, false);
		if (h->conf.copy)
			h->conf.copy(h->conf.copy_arg, ev->line, ev->len);
		return;
	}
	if (!h->known && !h->await)
		settle_alone(h);
	seq = event_seq(ev);
	if (!seq && h->numbered) {
		/* not from ss-log: it has no place in the series */
		hub_append(h, ev->line, ev->len, false);
		return;
	}
	if (seq && h->counted) {
		/* so far we counted ourselves: those positions mean nothing */
		h->numbered = true;
		h->counted = false;
		break_at(h, seq - 1);
	} else if (seq) {
		h->numbered = true;
		if (seq > h->seq + 1)
			catch_up(h, seq - 1);
		if (seq <= h->seq)
			return;
	}
	h->counted = !seq;
	hub_append(h, ev->line, ev->len, true);
	if (may_matter(ev))
		state_fold_line(h->state, ev->line, ev->len, h->seq);
	if (h->conf.copy)
		h->conf.copy(h->conf.copy_arg, ev->line, ev->len);
	if (h->await && h->seq >= h->await)
		settled(h);
}

int
hub_past_open(struct hub *h)
{
	const char *dir = h->conf.log ? h->conf.log : LOG_DEFAULT;

	buf_init(&h->lines, hub_ring_max(h));
	h->state = state_new();
	if (!h->state)
		return -1;
	if (!h->conf.wait) {
		settle_alone(h);
		return 0;
	}
	h->log = logread_new(dir);
	loop_after(h->loop, &h->start, h->conf.wait, on_overdue, h);
	return h->log ? 0 : -1;
}

void
hub_past_close(struct hub *h)
{
	loop_cancel(h->loop, &h->start);
	logread_free(h->log);
	state_free(h->state);
	buf_release(&h->lines);
}

/* What he asks for. False: nothing that we know. */
static bool
parse(struct reader *r, const struct json_doc *d)
{
	const struct json_member *since = json_get(d, "since");
	const struct json_member *history = json_get(d, "history");
	const struct json_member *m = json_get(d, "epoch");
	int64_t n = 0, age;

	if ((!since && !history) || json_int(since ? since : history, &n) < 0 ||
	    n < 0)
		return false;
	if (m && m->kind == JSON_STRING && !m->val_escaped &&
	    m->vallen - 2 <= EPOCH_MAX)
		memcpy(r->ask.epoch, m->val + 1, m->vallen - 2);
	m = json_get(d, "age");
	if (m && json_int(m, &age) == 0 && age > 0 && age <= AGE_LONGEST)
		r->ask.age = age * 1000;
	m = json_get(d, "state");
	r->ask.state = m && m->kind == JSON_TRUE;
	r->ask.n = (uint64_t)n;
	r->ask.what = since ? ASK_SINCE : ASK_HISTORY;
	return true;
}

/*
 * The one line a reader may send. What waits for him of the live stream was
 * published before his question: it goes out in front of the hello, where
 * who asks ignores it, and is in the past that follows.
 */
void
hub_past_request(struct reader *r, const char *line, size_t n)
{
	struct json_doc d = { 0 };

	r->asked = true;
	if (json_parse(&d, line, n) == 0 && parse(r, &d) && r->hub->known &&
	    answer(r) < 0)
		reader_drop(r, HUB_CUT_OFF, r->past.len);
	json_release(&d);
}
