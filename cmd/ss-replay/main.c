/*
 * ss-replay: what a log has kept, once more: all of it or a range, at the
 * pace at which it happened or as fast as it goes.
 *
 * New ids are made from the old ones with a hash that this run alone knows:
 * so what refers to an id (a deletion, an approval) refers to the new one,
 * however far apart they are, and nothing has to be remembered.
 */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "buf.h"
#include "clock.h"
#include "ends.h"
#include "event.h"
#include "files.h"
#include "json.h"
#include "loop.h"
#include "msg.h"
#include "opt.h"
#include "sink.h"
#include "ulid.h"
#include "window.h"

#include "banned.h"

#define QUEUE_HIGH 65536 /* bytes that wait before they are written */
#define LAG_WAIT 2000    /* ms that a hub's readers get at the end */
#define LAG_LOOK 10      /* ms between looks at them */
#define LONG_NAP 60000   /* ms: a turn of the loop is no longer */

struct app {
	const char *output, *room, *from_text, *to_text;
	int64_t first, last; /* positions; 0: from the first, to the last */
	double speed;
	bool new_ids;
	int64_t from, to; /* ms */

	struct loop *loop;
	struct addr addr;
	struct sink *sink;
	struct away away;
	bool readers; /* listen: somebody has come */
	bool stopped;
	int broken; /* errno of stdout */
	int status;

	struct files *files;
	struct event ev;
	struct buf line, text;
	struct window *hash; /* for its secret alone */
	int64_t started;     /* wall, ms */
	bool paced;          /* the first time is known: */
	int64_t first_ts, first_mono;
};

/* 90s, 5m, 2h, 7d; a number alone is seconds. 0, or -1. */
static int
parse_span(const char *s, int64_t *ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "", 1e3 }, { "ms", 1 }, { "s", 1e3 }, { "m", 6e4 },
		{ "h", 36e5 }, { "d", 864e5 } };
	size_t i, digits = strspn(s, "0123456789.");
	char *end;
	double x = strtod(s, &end);

	if (digits == 0 || digits > 15 || end != s + digits)
		return -1;
	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(end, units[i].unit) == 0 && x * units[i].ms < 1e15) {
			*ms = (int64_t)(x * units[i].ms);
			return 0;
		}
	return -1;
}

/* RFC 3339, a UTC date alone, "now", or so long ago (-1h). */
static int64_t
parse_time(const struct opt_prog *prog, const char *name, const char *s)
{
	const int64_t now = clock_wall_ms();
	struct buf b;
	int64_t ms;
	int rc;

	if (strcmp(s, "now") == 0)
		return now;
	if (*s == '-' && parse_span(s + 1, &ms) == 0)
		return now - ms;
	if (clock_parse(s, strlen(s), &ms) == 0)
		return ms;
	buf_init(&b, 64);
	rc = buf_addf(&b, "%.32sT00:00:00Z", s);
	if (rc == 0)
		rc = clock_parse(b.p, b.len, &ms);
	buf_release(&b);
	if (rc < 0)
		opt_misuse(prog,
		    "%s: must be a time as 2026-11-23T09:30:00Z, a date, or "
		    "so long ago as -1h: %s",
		    name, s);
	return ms;
}

static int
parse(struct app *a, int argc, char **argv)
{
	const struct opt opts[] = {
		{ .kind = OPT_ADDR,
		    .shortname = 'o',
		    .name = "output",
		    .arg = "ADDR",
		    .out = &a->output,
		    .help = "write lines to ADDR: -, unix:PATH or "
			    "listen:PATH" },
		{ .kind = OPT_TEXT,
		    .name = "from",
		    .arg = "TIME",
		    .out = &a->from_text,
		    .help = "only what happened at TIME or later: RFC 3339, "
			    "a date, or -1h" },
		{ .kind = OPT_TEXT,
		    .name = "to",
		    .arg = "TIME",
		    .out = &a->to_text,
		    .help = "only what happened before TIME" },
		{ .kind = OPT_INT,
		    .name = "from-seq",
		    .arg = "N",
		    .out = &a->first,
		    .min = 1,
		    .max = (double)JSON_INT_MAX,
		    .help = "only from position N on" },
		{ .kind = OPT_INT,
		    .name = "to-seq",
		    .arg = "N",
		    .out = &a->last,
		    .min = 1,
		    .max = (double)JSON_INT_MAX,
		    .help = "only up to position N" },
		{ .kind = OPT_REAL,
		    .name = "speed",
		    .arg = "X",
		    .out = &a->speed,
		    .min = 0,
		    .max = 1e6,
		    .help = "X times as fast as it happened; 0: as fast as "
			    "it goes (0)" },
		{ .kind = OPT_FLAG,
		    .name = "new-ids",
		    .out = &a->new_ids,
		    .help = "give all events new ids, take their nonces off" },
		{ .kind = OPT_TEXT,
		    .name = "room",
		    .arg = "ROOM",
		    .out = &a->room,
		    .help = "move all events to ROOM" },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = {
		.name = "ss-replay",
		.summary = "events of a log again",
		.operands = "[DIR|FILE...]",
		.opts = opts,
	};
	const char *why;
	int i = opt_parse(&prog, argc, argv);

	if (a->from_text != NULL)
		a->from = parse_time(&prog, "--from", a->from_text);
	if (a->to_text != NULL)
		a->to = parse_time(&prog, "--to", a->to_text);
	if (a->room != NULL && !event_name_valid(a->room, strlen(a->room)))
		opt_misuse(&prog,
		    "--room: must be 1 to 50 of A-Z a-z 0-9 . _ -: %s",
		    a->room);
	if (addr_parse(&a->addr, a->output, &why) < 0)
		opt_misuse(&prog, "%s: %s", a->output, why);
	return i;
}

static void
on_drained(void *arg)
{
	struct app *a = arg;

	sink_flush(a->sink);
}

static void
on_broken(void *arg, int err)
{
	struct app *a = arg;

	a->broken = err;
}

static void
on_up(void *arg)
{
	struct app *a = arg;

	away_ends(&a->away);
}

static void
on_down(void *arg, int err)
{
	struct app *a = arg;

	away_since(&a->away, err);
}

static void
on_news(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	struct app *a = arg;

	(void)peer;
	(void)n;
	a->readers = a->readers || what == HUB_JOINED;
}

static void
on_signal(void *arg, int signo)
{
	struct app *a = arg;

	(void)signo;
	a->stopped = true;
}

static bool
is_over(const struct app *a)
{
	return a->stopped || a->broken != 0;
}

/* Lets signals and the output have their turn, for ms at most. */
static void
turn(struct app *a, int ms)
{
	if (loop_turn(a->loop, ms) < 0 && errno != EINTR) {
		msg_err("%s", strerror(errno));
		a->status = 1;
		a->stopped = true;
	}
}

/* All that waits is written, or it is over. */
static void
flush(struct app *a)
{
	while (!is_over(a) && !sink_flush(a->sink) && a->broken == 0)
		turn(a, -1);
}

static void
on_readable(void *arg, unsigned events)
{
	bool *readable = arg;

	(void)events;
	*readable = true;
}

/* A pipe may have nothing for long: what there was must not wait for more. */
static bool
on_wait(void *arg, int fd)
{
	struct app *a = arg;
	bool readable = false;
	struct loop_io io = {
		.fd = fd, .events = LOOP_IN, .fn = on_readable, .arg = &readable
	};

	flush(a);
	if (loop_add(a->loop, &io) < 0)
		return !is_over(a);
	while (!readable && !is_over(a))
		turn(a, -1);
	loop_del(a->loop, &io);
	return !is_over(a);
}

static int
open_all(struct app *a)
{
	static const struct sink_ops ops = {
		.drained = on_drained,
		.broken = on_broken,
		.up = on_up,
		.down = on_down,
		.news = on_news,
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	a->started = clock_wall_ms();
	a->loop = loop_new();
	a->files = files_new(a->from, a->to, on_wait, a);
	a->hash = window_new(1);
	if (a->loop == NULL || a->files == NULL || a->hash == NULL ||
	    loop_signal(a->loop, SIGINT, on_signal, a) < 0 ||
	    loop_signal(a->loop, SIGTERM, on_signal, a) < 0) {
		msg_err("%s", strerror(errno));
		return -1;
	}
	away_init(&a->away, a->loop, "", a->addr.path);
	a->sink = sink_open(a->loop, &a->addr, NULL, &ops, a);
	if (a->sink == NULL && a->addr.kind == ADDR_STD && errno == EPIPE)
		a->broken = EPIPE;
	else if (a->sink == NULL)
		ends_not_opened(&a->addr, "stdout");
	return a->sink == NULL ? -1 : 0;
}

/* Waits until it is time for an event of that time. */
static void
pace(struct app *a, int64_t ts)
{
	double due, left; /* ms */

	if (!a->paced) {
		a->paced = true;
		a->first_ts = ts;
		a->first_mono = clock_mono_ms();
	}
	due = (double)a->first_mono + (double)(ts - a->first_ts) / a->speed;
	/* one look at the clock a turn: less than no time would be for ever */
	while (!is_over(a) && (left = due - (double)clock_mono_ms()) > 0) {
		sink_flush(a->sink);
		turn(a, left >= LONG_NAP ? LONG_NAP : (int)left + 1);
	}
}

/* The id that the event with this old one has now. */
static void
new_id(struct app *a, const char *old, size_t n, char out[ULID_LEN + 1])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	struct window_key k = window_key(a->hash, old, n, NULL, 0);
	struct ulid u = { 0 };
	int i;

	if (ulid_valid(old, n)) {
		/* the time in it stays: ids are in order of time */
		memcpy(out, old, 10);
	} else {
		ulid_next(&u, a->started, out);
	}
	for (i = 0; i < 8; i++) {
		out[10 + i] = digits[k.a >> (5 * i) & 31];
		out[18 + i] = digits[k.b >> (5 * i) & 31];
	}
	out[ULID_LEN] = '\0';
}

static bool
is_one_of(const struct json_member *m, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_key_is(m, *names))
			return true;
	return false;
}

/* Appends one member as it shall be. 0, or -1 as buf_add. */
static int
rewrite_member(struct app *a, const struct json_member *m, bool first)
{
	static const char *const dropped[] = { "nonce", "seq", NULL };
	static const char *const ids[] = { "id", "target", "approved", NULL };
	char id[ULID_LEN + 1];

	if ((a->new_ids && is_one_of(m, dropped)) ||
	    (a->room != NULL && json_key_is(m, "room")))
		return 0;
	if (!first && buf_addc(&a->line, ',') < 0)
		return -1;
	if (buf_add(&a->line, m->key - 1, (size_t)(m->val - m->key) + 1) < 0)
		return -1;
	if (!a->new_ids || m->kind != JSON_STRING || !is_one_of(m, ids))
		return buf_add(&a->line, m->val, m->vallen);
	buf_reset(&a->text);
	json_unescape(m, &a->text);
	new_id(a, a->text.p, a->text.len, id);
	return buf_addf(&a->line, "\"%s\"", id);
}

/* The event's line with what --new-ids and --room change. */
static int
rewrite(struct app *a)
{
	size_t i;
	int rc = buf_addc(&a->line, '{');

	for (i = 0; i < a->ev.doc.n && rc == 0; i++)
		rc = rewrite_member(a, &a->ev.doc.m[i], a->line.len == 1);
	if (rc == 0 && a->room != NULL && strcmp(a->room, EVENT_ROOM) != 0)
		rc = buf_addf(&a->line, "%s\"room\":\"%s\"",
		    a->line.len == 1 ? "" : ",", a->room);
	return rc == 0 ? buf_addc(&a->line, '}') : rc;
}

/* When it happened. False: it doesn't say. */
static bool
time_of(struct app *a, int64_t *ms)
{
	const struct json_member *m = json_get(&a->ev.doc, "ts");

	if (m == NULL || m->kind != JSON_STRING)
		return false;
	buf_reset(&a->text);
	json_unescape(m, &a->text);
	return clock_parse(a->text.p, a->text.len, ms) == 0;
}

static void
bad(struct app *a, const struct files_line *l, const char *why)
{
	msg_err("%s:%" PRIu64 ": %s", strcmp(l->path, "-") ? l->path : "stdin",
	    l->number, why);
	a->status = 1;
}

static void
put(struct app *a, const char *p, size_t n)
{
	if (is_over(a))
		return;
	if (sink_put(a->sink, p, n, 0) < 0) {
		msg_err("%s", strerror(errno));
		a->status = 1;
	}
	if (sink_pending(a->sink) > QUEUE_HIGH)
		flush(a);
}

static bool
in_range(const struct app *a, const struct files_line *l)
{
	const uint64_t first = (uint64_t)a->first, last = (uint64_t)a->last;

	return (first == 0 || l->seq >= first) &&
	       (last == 0 || (l->seq > 0 && l->seq <= last));
}

static void
replay(struct app *a, const struct files_line *l)
{
	bool timed;
	int64_t ts;

	if (!in_range(a, l))
		return;
	if (event_parse(&a->ev, l->p, l->n) < 0) {
		bad(a, l, a->ev.doc.err);
		return;
	}
	timed = time_of(a, &ts);
	if ((a->from_text != NULL || a->to_text != NULL) &&
	    (!timed || ts < a->from || ts >= a->to))
		return;
	while (a->addr.kind == ADDR_LISTEN && !a->readers && !is_over(a))
		turn(a, -1);
	if (a->speed > 0 && timed)
		pace(a, ts);
	if (!a->new_ids && a->room == NULL) {
		put(a, l->p, l->n);
		return;
	}
	buf_reset(&a->line);
	if (rewrite(a) < 0)
		bad(a, l, strerror(errno));
	else
		put(a, a->line.p, a->line.len);
}

static void
replay_all(struct app *a, const char *path)
{
	struct files_line l;
	unsigned n = 0;

	if (files_open(a->files, path) < 0)
		return;
	while (!is_over(a) && files_next(a->files, &l)) {
		replay(a, &l);
		if (++n % 256 == 0)
			turn(a, 0); /* signals, and a peer that has gone */
	}
}

static int
finish(struct app *a)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };
	int64_t until = clock_mono_ms() + LAG_WAIT;
	struct hub *hub = a->sink != NULL ? sink_hub(a->sink) : NULL;

	while (hub != NULL && hub_pending(hub) && clock_mono_ms() < until)
		turn(a, LAG_LOOK);
	if (a->files != NULL && files_failed(a->files))
		a->status = 1;
	if (a->broken != 0 && a->broken != EPIPE) {
		msg_err("stdout: %s", strerror(a->broken));
		a->status = 1;
	}
	if (a->loop != NULL)
		loop_cancel(a->loop, &a->away.timer);
	sink_free(a->sink);
	files_free(a->files);
	window_free(a->hash);
	event_release(&a->ev);
	buf_release(&a->line);
	buf_release(&a->text);
	loop_free(a->loop);
	if (a->broken == EPIPE) {
		sigaction(SIGPIPE, &dfl, NULL);
		raise(SIGPIPE);
	}
	return a->status;
}

int
main(int argc, char **argv)
{
	struct app a = { .output = "-", .from = INT64_MIN, .to = INT64_MAX };
	int i = parse(&a, argc, argv);

	buf_init(&a.line, 2 * EVENT_INPUT_MAX);
	buf_init(&a.text, 2 * EVENT_INPUT_MAX);
	if (open_all(&a) < 0) {
		a.status = 1;
		return finish(&a);
	}
	if (i == argc)
		replay_all(&a, "logs");
	for (; i < argc && !is_over(&a); i++)
		replay_all(&a, argv[i]);
	if (!is_over(&a))
		flush(&a);
	return finish(&a);
}
