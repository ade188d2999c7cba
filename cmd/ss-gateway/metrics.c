/*
 * metrics: counters for Prometheus (text exposition format 0.0.4) and the
 * three numbers that the predecessor's dashboard asked for.
 */
#include <inttypes.h>

#include "gateway.h"

#include "banned.h"

static void
one(struct buf *b, const char *name, const char *type, const char *help,
    uint64_t v)
{
	buf_addf(b, "# HELP safestream_%s %s\n# TYPE safestream_%s %s\n", name,
	    help, name, type);
	buf_addf(b, "safestream_%s %" PRIu64 "\n", name, v);
}

static void
events(const struct numbers *n, struct buf *b)
{
	buf_adds(b,
	    "# HELP safestream_events_total Events that came over the bus.\n"
	    "# TYPE safestream_events_total counter\n");
	buf_addf(
	    b, "safestream_events_total{type=\"chat\"} %" PRIu64 "\n", n->chat);
	buf_addf(
	    b, "safestream_events_total{type=\"gift\"} %" PRIu64 "\n", n->gift);
	buf_addf(b, "safestream_events_total{type=\"other\"} %" PRIu64 "\n",
	    n->other);
}

void
metrics_prometheus(const struct numbers *n, struct buf *b)
{
	one(b, "viewers", "gauge", "Viewers connected now.", n->viewers);
	one(b, "viewers_total", "counter", "Viewers that ever connected.",
	    n->viewers_ever);
	one(b, "connections_total", "counter", "TCP connections accepted.",
	    n->connections);
	one(b, "refused_total", "counter",
	    "Requests and upgrades answered with 4xx or 5xx.", n->refused);
	one(b, "accepted_total", "counter",
	    "Events taken from viewers into the pipeline.", n->accepted);
	one(b, "errors_total", "counter",
	    "Error messages sent to single viewers.", n->errors);
	one(b, "busy_total", "counter",
	    "Events refused because the pipeline was full.", n->busy);
	one(b, "resent_total", "counter",
	    "Events sent again because the pipeline had lost them.", n->resent);
	one(b, "undelivered_total", "counter",
	    "Events given up: not known to be delivered.", n->undelivered);
	one(b, "pending", "gauge", "Events that have not come back yet.",
	    n->pending);
	events(n, b);
	one(b, "toxic_total", "counter", "Chat events flagged as toxic.",
	    n->toxic);
	one(b, "blocked_total", "counter",
	    "Chat events shown to their author alone.", n->blocked);
	one(b, "bad_lines_total", "counter",
	    "Lines on the bus that were no events.", n->bad_lines);
	one(b, "deliveries_total", "counter", "Events handed to a viewer.",
	    n->sent);
	one(b, "sent_bytes_total", "counter", "Bytes of frames sent.",
	    n->bytes);
	one(b, "slow_viewers_total", "counter",
	    "Viewers cut off because they did not read.", n->cut_off);
	one(b, "output_queue_bytes", "gauge",
	    "Bytes that wait for the pipeline.", n->queue);
	one(b, "bus_up", "gauge", "1 while the bus is connected.", n->bus_up);
	one(b, "output_up", "gauge", "1 while the output is connected.",
	    n->out_up);
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
