/*
 * ss-load: a load test of a gateway. Many viewers connect, some of them
 * speak, and everything that each of them gets is held against what was sent
 * and against what the others got.
 *
 * A client of its own on epoll: what measures a server should share no code
 * with it, and should cost less than it. Only the latencies of messages that
 * were due within the time that counts are counted, and all of them, however
 * late they come.
 */
#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "msg.h"
#include "opt.h"

#include "banned.h"

#define VIEWERS_MAX 1000000
#define SLICES 120
#define SLICE_MIN (100 * MS)
#define DRAIN_MAX (30 * SECOND) /* for what is on its way */
#define DRAIN_IDLE (3 * SECOND) /* or so long without a delivery */
#define BYE_MAX (2 * SECOND)    /* for close frames to be answered */

static void
parse_pids(const struct opt_prog *prog, struct app *a)
{
	const char *p = a->pids;
	char *end;
	long n;

	while (p) {
		errno = 0;
		n = strtol(p, &end, 10);
		if (*p < '0' || *p > '9' || errno || n < 1 || n > 1 << 22 ||
		    (*end && *end != ',') || a->npids == PIDS_MAX)
			opt_misuse(prog, "--pid: must be process ids, "
					 "with commas between them");
		a->pid[a->npids++] = (int)n;
		p = *end ? end + 1 : NULL;
	}
}

static void
check(const struct opt_prog *prog, struct app *a)
{
	const char *why = target_parse(a);

	if (why)
		opt_misuse(prog, "--url: %s: %s", a->url, why);
	if (a->max && a->rate >= 0)
		opt_misuse(prog, "--rate and --max exclude each other");
	if (a->rate < 0)
		a->rate = a->max ? 0 : 10;
	if (a->nsenders + a->nslow > a->nviewers)
		opt_misuse(prog, "--senders and --slow are viewers, too: "
				 "more of them than --viewers");
	if (a->churn_rate > 0 && a->nsenders + a->nslow == a->nviewers)
		opt_misuse(prog, "--churn: nobody is left who neither sends "
				 "nor is slow");
	if (a->nrooms > a->nviewers)
		opt_misuse(prog, "--rooms: more of them than --viewers");
	parse_pids(prog, a);
}

/* The option table, and the only place that knows it. */
static void
parse(struct app *a, int argc, char **argv)
{
	const double day = 86400;
	const struct opt opts[] = {
		{ OPT_TEXT, 0, "url", "URL",
		    "the gateway (ws://127.0.0.1:8000/ws)", &a->url, 0, 0,
		    NULL },
		{ OPT_INT, 0, "viewers", "N", "so many connections (100)",
		    &a->nviewers, 1, VIEWERS_MAX, NULL },
		{ OPT_INT, 0, "senders", "K", "so many of them speak (1)",
		    &a->nsenders, 0, VIEWERS_MAX, NULL },
		{ OPT_REAL, 0, "rate", "R",
		    "messages a second, of all together (10)", &a->rate, 0, 1e6,
		    NULL },
		{ OPT_FLAG, 0, "max", NULL, "as many messages as go through",
		    &a->max, 0, 0, NULL },
		{ OPT_INT, 0, "window", "N",
		    "with --max: so many on their way in a room (64)",
		    &a->window, 1, 10000, NULL },
		{ OPT_INT, 0, "size", "N", "bytes of a message's text (64)",
		    &a->size, 32, 500, NULL },
		{ OPT_SECONDS, 0, "duration", "TIME", "measure so long (10s)",
		    &a->duration, 0.1, 7 * day, NULL },
		{ OPT_SECONDS, 0, "warmup", "TIME",
		    "send so long before that (1s)", &a->warmup, 0, day, NULL },
		{ OPT_SECONDS, 0, "ramp", "TIME",
		    "connect the viewers over TIME (0s)", &a->ramp, 0, day,
		    NULL },
		{ OPT_INT, 0, "rooms", "N", "in so many rooms (1)", &a->nrooms,
		    1, 100000, NULL },
		{ OPT_REAL, 0, "gifts", "RATE", "post gifts, so many a second",
		    &a->gift_rate, 0, 10000, NULL },
		{ OPT_REAL, 0, "churn", "RATE",
		    "so many viewers a second leave and come back",
		    &a->churn_rate, 0, 10000, NULL },
		{ OPT_INT, 0, "slow", "N", "so many viewers don't read",
		    &a->nslow, 0, VIEWERS_MAX, NULL },
		{ OPT_FLAG, 0, "ndjson", NULL,
		    "ask for several lines in a frame", &a->ndjson, 0, 0,
		    NULL },
		{ OPT_FILE, 0, "token-key", "FILE",
		    "mint a token for each viewer with this key", &a->token_key,
		    0, 0, NULL },
		{ OPT_TEXT, 0, "audience", "NAME", "the tokens are for NAME",
		    &a->audience, 0, 0, NULL },
		{ OPT_TEXT, 0, "pid", "PID,...",
		    "the server's processes, for their CPU time", &a->pids, 0,
		    0, NULL },
		{ OPT_FLAG, 0, "json", NULL, "print one JSON object", &a->json,
		    0, 0, NULL },
		{ OPT_FILE, 0, "svg", "FILE", "draw the plots into FILE",
		    &a->svg, 0, 0, NULL },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = {
		.name = "ss-load",
		.summary = "load test a gateway and check all that it delivers",
		.opts = opts,
	};

	opt_parse(&prog, argc, argv);
	check(&prog, a);
}

static int
open_pids(struct app *a)
{
	int i;

	for (i = 0; i < a->npids; i++) {
		if (proc_usage(a->pid[i], &a->server[i]) < 0) {
			msg_err("--pid: %d: no such process", a->pid[i]);
			return -1;
		}
		proc_comm(a->pid[i], a->comm[i], sizeof a->comm[i]);
	}
	return 0;
}

static int
allocate(struct app *a)
{
	const size_t n = (size_t)a->nviewers;
	size_t i;

	a->slice_ns = (int64_t)(a->duration * 1e9 / SLICES);
	if (a->slice_ns < SLICE_MIN)
		a->slice_ns = SLICE_MIN;
	a->nslices = (size_t)((int64_t)(a->duration * 1e9) / a->slice_ns);
	if (a->nslices == 0)
		a->nslices = 1;
	a->viewer = calloc(n, sizeof *a->viewer);
	a->queue = calloc(n, sizeof *a->queue);
	a->slice = calloc(a->nslices + 1, sizeof *a->slice);
	a->input = malloc(PAYLOAD_MAX + WS_HEAD_MAX + READ_MAX);
	if (!a->viewer || !a->queue || !a->slice || !a->input ||
	    hist_init(&a->latency) < 0 || hist_init(&a->gift_latency) < 0 ||
	    hist_init(&a->lag) < 0 || order_open(a) < 0 || gift_open(a) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		a->viewer[i].index = (uint32_t)i;
		a->viewer[i].fd = -1;
		a->viewer[i].slow = i >= n - (size_t)a->nslow;
	}
	return 0;
}

static int
open_all(struct app *a)
{
	unsigned char r[4];

	random_bytes(r, sizeof r);
	/* hexadecimal, so that no run has a rude name */
	snprintf(a->run, sizeof a->run, "l%05x",
	    (unsigned)(r[0] << 16 | r[1] << 8 | r[2]) & 0xfffff);
	setlocale(LC_CTYPE, "");
	a->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (open_pids(a) < 0 || token_open(a) < 0 || target_open(a) < 0)
		return -1;
	if (allocate(a) < 0 || engine_open(a) < 0) {
		msg_err("%s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Everybody is connected, or has failed. */
static void
connect_all(struct app *a)
{
	a->phase = P_CONNECT;
	a->now = a->start = clock_mono_ns();
	a->measure_from = a->measure_to = INT64_MAX;
	while (!engine_stopped() && a->open + a->failed < (uint32_t)a->nviewers)
		engine_turn(a);
	a->connect_s = (double)(a->now - a->start) / 1e9;
}

static void
sample(struct app *a, struct usage *server, struct usage *self,
    struct machine *machine)
{
	int i;

	for (i = 0; i < a->npids; i++)
		if (proc_usage(a->pid[i], &server[i]) < 0) {
			server[i] = a->server[i];
			a->pids_gone = true;
		}
	proc_self(self);
	proc_machine(machine);
}

/* Warm-up and what counts. */
static void
measure(struct app *a)
{
	a->phase = P_WARM;
	a->start = a->now = clock_mono_ns();
	a->measure_from = a->start + (int64_t)(a->warmup * 1e9);
	a->measure_to = a->measure_from + (int64_t)(a->duration * 1e9);
	while (!engine_stopped() && a->now < a->measure_from && a->open > 0)
		engine_turn(a);
	a->phase = P_MEASURE;
	a->measure_from = a->now < a->measure_from ? a->now : a->measure_from;
	a->from = a->n;
	a->slice_base = a->n.deliveries;
	sample(a, a->server, &a->self, &a->machine);
	while (!engine_stopped() && a->now < a->measure_to && a->open > 0)
		engine_turn(a);
	a->measure_to = a->now;
	a->to = a->n;
	sample(a, a->server_end, &a->self_end, &a->machine_end);
}

/* Nobody sends any more; what is on its way comes in. */
static void
drain(struct app *a)
{
	const int64_t end = a->now + DRAIN_MAX;
	uint64_t seen = a->n.bytes;
	int64_t last = a->now, i;
	struct viewer *v;

	a->phase = P_DRAIN;
	for (i = 0; i < a->nviewers; i++) {
		v = &a->viewer[i];
		if (!v->slow || v->state != V_OPEN)
			continue;
		target_widen(v->fd);
		engine_change(a, v->fd, v->index, v->out.len > 0, true);
	}
	while (a->now < end && a->now - last < DRAIN_IDLE && a->open > 0 &&
	       (!order_is_complete(a) || gift_busy(a) || a->slow_open > 0)) {
		engine_turn(a);
		if (a->n.bytes != seen)
			last = a->now;
		seen = a->n.bytes;
		/* the slow ones have a moment to find out */
		if (order_is_complete(a) && !gift_busy(a) &&
		    a->now - last > SECOND)
			break;
	}
	order_finish(a);
}

static void
say_bye(struct app *a)
{
	const int64_t end = a->now + BYE_MAX;
	int64_t i, left;

	a->phase = P_BYE;
	for (i = 0; i < a->nviewers; i++)
		viewer_bye(a, &a->viewer[i]);
	do {
		engine_turn(a);
		for (left = 0, i = 0; i < a->nviewers; i++)
			left += a->viewer[i].state == V_CLOSING;
	} while (left > 0 && a->now < end);
	a->phase = P_END;
}

static void
run(struct app *a)
{
	connect_all(a);
	if (a->open > 0 && !engine_stopped())
		measure(a);
	else
		a->measure_from = a->measure_to = a->now;
	drain(a);
	say_bye(a);
}

static int
finish(struct app *a)
{
	int status = 0;

	report_progress(a, true);
	if (a->json)
		json_report(a, stdout);
	else
		report_text(a, stdout);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		msg_err("stdout: %s", strerror(errno));
		status = 1;
	}
	if (a->svg && svg_write(a, a->svg) < 0) {
		msg_err("%s: %s", a->svg, strerror(errno));
		status = 1;
	}
	if (a->n.deliveries == 0 && a->n.sent + a->n.gifts > 0) {
		msg_err("nothing was delivered");
		status = 1;
	}
	return report_mistakes(a) > 0 || a->open + a->n.connects == 0 ? 1
								      : status;
}

static void
release(struct app *a)
{
	int64_t i;

	for (i = 0; a->viewer && i < a->nviewers; i++)
		viewer_release(&a->viewer[i]);
	gift_close(a);
	order_close(a);
	engine_close(a);
	hist_release(&a->latency);
	hist_release(&a->gift_latency);
	hist_release(&a->lag);
	event_release(&a->event);
	buf_release(&a->word);
	buf_release(&a->path);
	buf_release(&a->query);
	buf_release(&a->api);
	jwtkeys_release(&a->keys);
	free(a->viewer);
	free(a->queue);
	free(a->slice);
	free(a->input);
}

int
main(int argc, char **argv)
{
	struct app a = {
		.url = "ws://127.0.0.1:8000/ws",
		.nviewers = 100,
		.nsenders = 1,
		.rate = -1,
		.window = 64,
		.size = 64,
		.duration = 10,
		.warmup = 1,
		.nrooms = 1,
		.ep = -1,
		.timer = -1,
	};
	int status = 1;

	buf_init(&a.path, 1024);
	buf_init(&a.query, 1024);
	buf_init(&a.api, 2048);
	buf_init(&a.word, 1 << 20);
	parse(&a, argc, argv);
	a.progress = isatty(STDERR_FILENO);
	if (open_all(&a) == 0) {
		run(&a);
		status = finish(&a);
	}
	release(&a);
	return status;
}
