/*
 * ss-broadcast: lines from stdin to everybody who listens on the bus, in one
 * order. The fan-out itself is lib/hub; this is its place in the pipeline.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "hub.h"
#include "metrics.h"
#include "msg.h"
#include "opt.h"
#include "stage.h"

#include "banned.h"

#define EPOCH_WAIT 1000 /* ms: CONTRACT 7 */

struct app {
	struct stage_conf conf;
	struct stage *stage;
	int64_t history, max_lag, ready_fd;
	uint64_t joined, cut_off, refused, filled, broken;
	bool print;
	bool served; /* somebody has listened */
};

static void
on_event(void *arg, const struct event *ev)
{
	struct app *a = arg;
	struct hub *hub = stage_hub(a->stage);

	if (hub)
		hub_event(hub, ev);
	else
		stage_emit(a->stage, ev->line, ev->len, false);
}

static void
on_copy(void *arg, const char *line, size_t n)
{
	struct app *a = arg;

	stage_print_line(a->stage, line, n);
}

static void
on_news(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	struct app *a = arg;

	switch (what) {
	case HUB_JOINED:
		a->served = true;
		a->joined++;
		msg_info(
		    "subscriber %ld joined: %" PRIu64 " now", (long)peer, n);
		break;
	case HUB_LEFT:
		msg_info("subscriber %ld left", (long)peer);
		break;
	case HUB_CUT_OFF:
		a->cut_off++;
		msg_warn("subscriber %ld cut off: %" PRIu64 " bytes behind",
		    (long)peer, n);
		break;
	case HUB_REFUSED:
		a->refused++;
		msg_err("no subscriber accepted: %s", strerror((int)n));
		break;
	case HUB_FILLED:
		a->filled += n;
		msg_info("%" PRIu64 " events came from the log", n);
		break;
	case HUB_BROKEN:
		a->broken++;
		msg_warn(
		    "the series is broken, and goes on behind %" PRIu64, n);
		break;
	}
}

static void
on_metrics(void *arg, struct buf *b)
{
	const struct app *a = arg;
	const struct hub *hub = stage_hub(a->stage);

	if (!hub)
		return;
	metrics_gauge(b, "subscribers", "Subscribers connected now.",
	    (double)hub_readers(hub));
	metrics_counter(b, "subscribers_total",
	    "Subscribers that ever connected.", a->joined);
	metrics_gauge(b, "subscriber_lag_bytes",
	    "Bytes that the slowest subscriber has still to get.",
	    (double)hub_pending(hub));
	metrics_counter(b, "subscribers_cut_off_total",
	    "Subscribers cut off because they lagged.", a->cut_off);
	metrics_counter(b, "subscribers_refused_total",
	    "Times that no subscriber could be accepted.", a->refused);
	metrics_counter(b, "filled_events_total",
	    "Events that had been missed and came from the log.", a->filled);
	metrics_counter(b, "series_breaks_total",
	    "Times that what was missed could not be had.", a->broken);
}

static const struct stage_ops ops = {
	.event = on_event, .news = on_news, .metrics = on_metrics
};

static void
parse(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	opt_parse(prog, argc, argv);
	a->conf.hub.history = (size_t)a->history;
	a->conf.hub.max_lag = (size_t)a->max_lag;
	a->conf.line_max = EVENT_INPUT_MAX + EVENT_LINE_MAX;
	a->conf.hub.wait = EPOCH_WAIT;
	a->conf.hub.copy = on_copy;
	a->conf.hub.copy_arg = a;
}

static void
announce(const struct app *a)
{
	if (a->ready_fd >= 0 && write((int)a->ready_fd, "\n", 1) < 0)
		msg_warn("ready-fd: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	struct app a = { .conf = STAGE_CONF_INIT,
		.history = 1000,
		.max_lag = 8 << 20,
		.ready_fd = -1 };
	const struct opt opts[] = {
		STAGE_OPT_IN(a.conf),
		STAGE_OPT_OUT(a.conf),
		{ .kind = OPT_INT,
		    .name = "history",
		    .arg = "N",
		    .out = &a.history,
		    .min = 0,
		    .max = 1000000,
		    .help = "newest events kept for late comers (1000)" },
		{ .kind = OPT_SIZE,
		    .name = "max-lag",
		    .arg = "SIZE",
		    .out = &a.max_lag,
		    .min = 4096,
		    .max = 1 << 30,
		    .help = "cut off a subscriber so far behind (8M)" },
		{ .kind = OPT_DIR,
		    .name = "log",
		    .arg = "DIR",
		    .out = &a.conf.hub.log,
		    .help = "fill what was missed from ss-log's files in DIR "
			    "(logs)" },
		{ .kind = OPT_FLAG,
		    .name = "print",
		    .out = &a.print,
		    .help = "copy every line to stdout as well" },
		STAGE_OPT_METRICS(a.conf),
		STAGE_OPT_REJECT(a.conf),
		STAGE_OPT_DRAIN(a.conf),
		{ .kind = OPT_INT,
		    .name = "ready-fd",
		    .arg = "N",
		    .out = &a.ready_fd,
		    .min = 0,
		    .max = 1 << 20,
		    .help = "write a newline to descriptor N when listening" },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-broadcast",
		.summary = "hand lines to every subscriber of the bus",
		.opts = opts };
	int status;

	a.conf.out_is_bus = true;
	parse(&a, &prog, argc, argv);
	a.stage = stage_new(&prog, &a.conf, &ops, &a);
	if (!a.stage || (a.print && stage_print(a.stage) < 0)) {
		stage_free(a.stage);
		return 1;
	}
	announce(&a);
	status = stage_run(a.stage);
	/* nobody is told by a closed bus alone why it closed */
	if (a.served && stage_input_ended(a.stage))
		msg_warn("input ended: bus closed");
	stage_free(a.stage);
	return status;
}
