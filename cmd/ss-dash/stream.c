/*
 * stream: see dash.h. What a page gets is one stream of server-sent events:
 * first what there is (what is in force, the newest lines, the charts), then
 * every line as it comes and a tick a second. Lines are gathered for a moment
 * and put together once, for all pages. A page that comes back says how far it
 * was (Last-Event-ID); where that can be had it gets what it missed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dash.h"

#include "banned.h"

#define GATHER 100         /* ms */
#define OUT_MAX 4194304    /* bytes of lines gathered at most */
#define FIRST_MAX 33554432 /* bytes of a page's beginning */
#define STATE_SHOWN 262144 /* bytes of what is in force */
#define LEADERS_EVERY 5    /* seconds */

/* To every page; those who are too slow are gone afterwards. */
static void
tell_all(struct dash *d, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++)
		if (d->stream[i].conn)
			httpd_send(d->stream[i].conn, p, n);
}

static bool
is_watched(const struct dash *d)
{
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++)
		if (d->stream[i].conn)
			return true;
	return false;
}

static void
end_lines(const struct dash *d, struct buf *b, uint64_t last)
{
	buf_addf(b, "id: %s:%" PRIu64 "\n\n", d->boot, last);
}

static void
flush(void *arg)
{
	struct dash *d = arg;

	if (!d->out.len)
		return;
	end_lines(d, &d->out, d->recent.next - 1);
	tell_all(d, d->out.p, d->out.len);
	buf_reset(&d->out);
}

void
stream_line(struct dash *d, const char *line, uint64_t position)
{
	(void)position;
	if (!is_watched(d))
		return;
	if (!d->out.len)
		buf_adds(&d->out, "event: lines\n");
	if (d->out.len + strlen(line) + 64 > OUT_MAX)
		flush(d);
	buf_addf(&d->out, "data: %s\n", line);
	if (!d->flush.due)
		loop_after(d->loop, &d->flush, GATHER, flush, d);
}

void
stream_anew(struct dash *d)
{
	static const char anew[] = "event: anew\ndata: {}\n\n";

	flush(d);
	tell_all(d, anew, sizeof anew - 1);
}

/* What is in force, without the tombstones: a page needs none. */
static void
write_state(const struct dash *d, struct buf *b)
{
	struct buf all;
	char *line, *end;

	buf_init(&all, FIRST_MAX);
	state_write(d->state, UINT64_MAX, clock_wall_ms(), &all);
	buf_adds(b, "event: state\n");
	for (line = all.p; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (recent_says(line, "\"type\"", "delete") ||
		    strlen(line) > LINE_SHOWN_MAX)
			continue;
		if (b->len > STATE_SHOWN)
			break;
		buf_addf(b, "data: %s\n", line);
	}
	buf_adds(b, "data:\n\n");
	buf_release(&all);
}

/* The lines from a position on. */
static void
write_lines(
    const struct dash *d, uint64_t from, const char *event, struct buf *b)
{
	const struct recent *r = &d->recent;
	uint64_t i;

	buf_addf(b, "event: %s\n", event);
	for (i = from; i < r->next; i++)
		buf_addf(b, "data: %s\n", recent_at(r, i));
	buf_adds(b, "data:\n");
	end_lines(d, b, r->next - 1);
}

/* How far the page was, as far as it can go on from there; 0: it can't. */
static uint64_t
resume(const struct dash *d, const struct httpd_conn *c)
{
	const char *id = httpd_header(c, "last-event-id");
	size_t n = strlen(d->boot);
	uint64_t at;

	if (!id || strncmp(id, d->boot, n) != 0 || id[n] != ':')
		return 0;
	at = strtoull(id + n + 1, NULL, 10);
	return at + 1 >= d->recent.first && at < d->recent.next ? at + 1 : 0;
}

static void
write_tick(struct dash *d, int64_t now, bool leaders, struct buf *b)
{
	/* the last seconds again: a late line still counts for its own */
	buf_addf(b,
	    "event: tick\ndata: {\"now\":%" PRId64
	    ",\"bus\":\"%s\",\"since\":%" PRId64 ",\"gaps\":%" PRIu64
	    ",\"act\":%s,\"totals\":",
	    clock_wall_ms(), bus_word(d), d->since, d->gaps,
	    act_can(d) ? "true" : "false");
	tally_write_totals(&d->tally, b);
	buf_adds(b, ",\"points\":");
	tally_write_points(&d->tally, now - 4, b);
	buf_adds(b, ",\"stages\":");
	stages_write(d, b);
	if (leaders) {
		buf_adds(b, ",\"leaders\":");
		tally_write_leaders(&d->tally, b);
	}
	buf_adds(b, "}\n\n");
}

static void
greet(
    struct dash *d, struct httpd_conn *c, const struct who *who, struct buf *b)
{
	uint64_t from = resume(d, c);

	flush(d); /* what the others have still to get is in the past here */
	buf_addf(b,
	    "retry: 1000\nevent: hello\ndata: {\"version\":\"%s\","
	    "\"by\":\"%s\",\"role\":\"%s\",\"db\":%s,\"resumed\":%s}\n\n",
	    SS_VERSION, who->name, role_name(who->role),
	    d->range ? "true" : "false", from ? "true" : "false");
	write_state(d, b);
	write_lines(
	    d, from ? from : d->recent.first, from ? "lines" : "past", b);
	buf_adds(b, "event: points\ndata: ");
	tally_write_points(&d->tally, 0, b);
	buf_adds(b, "\n\n");
	write_tick(d, clock_wall_ms() / 1000, true, b);
}

void
stream_open(struct dash *d, struct httpd_conn *c, const struct who *who)
{
	struct stream *s = d->stream;
	struct buf b;

	while (s < d->stream + STREAMS_MAX && s->conn)
		s++;
	if (s == d->stream + STREAMS_MAX) {
		httpd_error(c, 503, "too many pages are open");
		return;
	}
	buf_init(&b, FIRST_MAX);
	greet(d, c, who, &b);
	*s = (struct stream){ .conn = c, .expires = who->expires };
	httpd_stream(c, "text/event-stream");
	if (s->conn)
		httpd_send(c, b.p, b.len);
	buf_release(&b);
}

void
stream_gone(struct dash *d, const struct httpd_conn *c)
{
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++)
		if (d->stream[i].conn == c)
			d->stream[i].conn = NULL;
}

/* Whose token has ended is told so, and is to come with another one. */
static void
expire(struct dash *d, int64_t now)
{
	static const char over[] = "event: expired\ndata: {}\n\n";
	struct httpd_conn *c;
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++) {
		c = d->stream[i].conn;
		if (!c || !d->stream[i].expires || now < d->stream[i].expires)
			continue;
		if (httpd_send(c, over, sizeof over - 1))
			httpd_end(c);
	}
}

static void
tick(void *arg)
{
	struct dash *d = arg;
	int64_t ms = clock_wall_ms(), now = ms / 1000;
	struct buf b;

	loop_after(d->loop, &d->tick, 1000 - ms % 1000, tick, d);
	expire(d, ms);
	stages_fill(d, tally_point(&d->tally, now));
	if (!is_watched(d))
		return;
	flush(d);
	buf_init(&b, FIRST_MAX);
	write_tick(d, now, now % LEADERS_EVERY == 0, &b);
	tell_all(d, b.p, b.len);
	buf_release(&b);
}

void
stream_start(struct dash *d)
{
	buf_init(&d->out, OUT_MAX + LINE_SHOWN_MAX);
	tick(d);
}

void
stream_stop(struct dash *d)
{
	loop_cancel(d->loop, &d->tick);
	loop_cancel(d->loop, &d->flush);
	buf_release(&d->out);
}
