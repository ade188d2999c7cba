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
events(struct gateway *g, struct buf *b)
{
	buf_adds(b,
	    "# HELP safestream_events_total Events that came over the bus.\n"
	    "# TYPE safestream_events_total counter\n");
	buf_addf(b, "safestream_events_total{type=\"chat\"} %" PRIu64 "\n",
	    g->n.chat);
	buf_addf(b, "safestream_events_total{type=\"gift\"} %" PRIu64 "\n",
	    g->n.gift);
	buf_addf(b, "safestream_events_total{type=\"other\"} %" PRIu64 "\n",
	    g->n.other);
}

void
metrics_prometheus(struct gateway *g, struct buf *b)
{
	const struct fan_stats *f = fan_stats(g->fan);

	one(b, "viewers", "gauge", "Viewers connected now.",
	    fan_viewers(g->fan));
	one(b, "viewers_total", "counter", "Viewers that ever connected.",
	    g->n.viewers);
	one(b, "connections_total", "counter", "TCP connections accepted.",
	    g->n.connections);
	one(b, "refused_total", "counter",
	    "Requests and upgrades answered with 4xx or 5xx.", g->n.refused);
	one(b, "accepted_total", "counter",
	    "Events taken from viewers into the pipeline.", g->n.accepted);
	one(b, "errors_total", "counter",
	    "Error messages sent to single viewers.", g->n.errors);
	one(b, "busy_total", "counter",
	    "Events refused because the pipeline was full.", g->n.busy);
	one(b, "resent_total", "counter",
	    "Events sent again because the pipeline had lost them.",
	    g->n.resent);
	one(b, "undelivered_total", "counter",
	    "Events given up: not known to be delivered.", g->n.undelivered);
	one(b, "pending", "gauge", "Events that have not come back yet.",
	    outbox_count(g->outbox));
	events(g, b);
	one(b, "toxic_total", "counter", "Chat events flagged as toxic.",
	    g->n.toxic);
	one(b, "blocked_total", "counter",
	    "Chat events shown to their author alone.", g->n.blocked);
	one(b, "bad_lines_total", "counter",
	    "Lines on the bus that were no events.", g->n.bad_lines);
	one(b, "deliveries_total", "counter", "Events handed to a viewer.",
	    f->sent);
	one(b, "sent_bytes_total", "counter", "Bytes of frames sent.",
	    f->bytes);
	one(b, "slow_viewers_total", "counter",
	    "Viewers cut off because they did not read.", f->cut_off);
	one(b, "output_queue_bytes", "gauge",
	    "Bytes that wait for the pipeline.", sink_pending(g->sink));
	one(b, "bus_up", "gauge", "1 while the bus is connected.",
	    bus_is_up(g));
	one(b, "output_up", "gauge", "1 while the output is connected.",
	    out_is_up(g));
}

void
metrics_json(struct gateway *g, struct buf *b)
{
	double pct = g->n.chat ? 100.0 * (double)g->n.toxic / (double)g->n.chat
			       : 0;

	buf_addf(b,
	    "{\"viewer_count\":%zu,\"gift_count\":%" PRIu64
	    ",\"toxic_pct\":%.2f}\n",
	    fan_viewers(g->fan), g->n.gift, pct);
}
