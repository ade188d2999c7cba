/*
 * metrics: counters for Prometheus (text exposition format 0.0.4) and the
 * three numbers that the predecessor's dashboard asked for.
 */
#include <inttypes.h>
#include <string.h>

#include "gateway.h"

#include "banned.h"

static void
events(const struct numbers *n, struct buf *b)
{
	metrics_head(
	    b, "events_total", "counter", "Events that came over the bus.");
	metrics_sample(b, "events_total", "type=\"chat\"", (double)n->chat);
	metrics_sample(b, "events_total", "type=\"gift\"", (double)n->gift);
	metrics_sample(b, "events_total", "type=\"other\"", (double)n->other);
}

static void
loop_seconds(const struct numbers *n, struct buf *b)
{
	struct metrics_hist h = { .bound = metrics_loop_seconds,
		.n = METRICS_LOOP_BOUNDS,
		.sum = (double)n->loop_us / 1e6 };

	memcpy(h.count, n->loop, sizeof n->loop);
	metrics_histogram(b, "loop_seconds",
	    "From accepting an event until it came back.", &h);
}

static void
gauge(struct buf *b, const char *name, const char *help, uint64_t v)
{
	metrics_gauge(b, name, help, (double)v);
}

/* What viewers do, and what becomes of it. */
static void
viewers(const struct numbers *n, struct buf *b)
{
	gauge(b, "viewers", "Viewers connected now.", n->viewers);
	metrics_counter(b, "viewers_total", "Viewers that ever connected.",
	    n->viewers_ever);
	metrics_counter(b, "connections_total", "TCP connections accepted.",
	    n->connections);
	metrics_counter(b, "refused_total",
	    "Requests and upgrades answered with 4xx or 5xx.", n->refused);
	metrics_counter(b, "accepted_total",
	    "Events taken from viewers into the pipeline.", n->accepted);
	metrics_counter(b, "errors_total",
	    "Error messages sent to single viewers.", n->errors);
	metrics_counter(b, "busy_total",
	    "Events refused because the pipeline was full.", n->busy);
	metrics_counter(
	    b, "deliveries_total", "Events handed to a viewer.", n->sent);
	metrics_counter(
	    b, "sent_bytes_total", "Bytes of frames sent.", n->bytes);
	metrics_counter(b, "slow_viewers_total",
	    "Viewers cut off because they did not read.", n->cut_off);
}

void
metrics_prometheus(const struct numbers *n, struct buf *b)
{
	viewers(n, b);
	metrics_counter(b, "resent_total",
	    "Events sent again because the pipeline had lost them.", n->resent);
	metrics_counter(b, "undelivered_total",
	    "Events given up: not known to be delivered.", n->undelivered);
	metrics_counter(b, "limited_total",
	    "Messages, gifts and connections over a limit.", n->limited);
	gauge(b, "pending", "Events that have not come back yet.", n->pending);
	metrics_gauge(b, "oldest_pending_seconds",
	    "For how long the oldest of them has been awaited.",
	    (double)n->oldest / 1000);
	loop_seconds(n, b);
	events(n, b);
	metrics_counter(
	    b, "toxic_total", "Chat events flagged as toxic.", n->toxic);
	metrics_counter(b, "blocked_total",
	    "Chat events shown to their author alone.", n->blocked);
	metrics_counter(b, "bad_lines_total",
	    "Lines on the bus that were no events.", n->bad_lines);
	gauge(b, "output_queue_bytes", "Bytes that wait for the pipeline.",
	    n->queue);
	gauge(b, "bus_up", "1 while the bus is connected.", n->bus_up);
	gauge(b, "output_up", "1 while the output is connected.", n->out_up);
}

static void
collect(void *arg, struct buf *b)
{
	struct numbers n;

	shared_sum(arg, &n);
	metrics_prometheus(&n, b);
}

int
metrics_serve(struct gateway *g)
{
	g->loop_seconds.bound = metrics_loop_seconds;
	g->loop_seconds.n = METRICS_LOOP_BOUNDS;
	/* of several workers the first one: it has the sum of all */
	if (!g->metrics_addr || g->worker > 0)
		return 0;
	g->metrics = ends_metrics(
	    g->loop, g->metrics_addr, "ss-gateway", collect, g);
	return g->metrics ? 0 : -1;
}

void
metrics_json(const struct numbers *n, struct buf *b)
{
	double pct = n->chat ? 100.0 * (double)n->toxic / (double)n->chat : 0;

	buf_addf(b,
	    "{\"viewer_count\":%" PRIu64 ",\"gift_count\":%" PRIu64
	    ",\"toxic_pct\":%.2f}\n",
	    n->viewers, n->gift, pct);
}
