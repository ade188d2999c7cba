/*
 * json.c: the summary for machines, one line. Everything in it is a number
 * or a word of ours, but for the URL and what was found, which are escaped.
 */
#include <inttypes.h>
#include <string.h>

#include "app.h"
#include "json.h"

#include "banned.h"

static void
text(struct buf *b, const char *key, const char *s)
{
	buf_addf(b, ",\"%s\":", key);
	if (s)
		json_write_str(b, s, strlen(s));
	else
		buf_adds(b, "null");
}

static void
real(struct buf *b, const char *key, double x)
{
	buf_addf(b, ",\"%s\":%.6g", key, x);
}

static void
count(struct buf *b, const char *key, uint64_t n)
{
	buf_addf(b, ",\"%s\":%" PRIu64, key, n);
}

static void
latency(struct buf *b, const char *key, const struct hist *h)
{
	static const struct {
		const char *key;
		double q;
	} t[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
		{ "p99_9", 0.999 } };
	size_t i;

	buf_addf(b, ",\"%s\":{\"n\":%" PRIu64, key, h->n);
	if (h->n > 0) {
		buf_addf(b, ",\"min\":%.1f,\"mean\":%.1f", (double)h->min / 1e3,
		    hist_mean(h) / 1e3);
		for (i = 0; i < sizeof t / sizeof t[0]; i++)
			buf_addf(b, ",\"%s\":%.1f", t[i].key,
			    (double)hist_percentile(h, t[i].q) / 1e3);
		buf_addf(b, ",\"max\":%.1f", (double)h->max / 1e3);
	}
	buf_addc(b, '}');
}

static void
asked(struct app *a, struct buf *b)
{
	buf_adds(b, "{\"type\":\"load\"");
	text(b, "url", a->url);
	count(b, "viewers", (uint64_t)a->nviewers);
	count(b, "connected", (uint64_t)a->nviewers - a->failed);
	count(b, "senders", (uint64_t)a->nsenders);
	count(b, "rooms", (uint64_t)a->nrooms);
	if (a->max)
		buf_adds(b, ",\"rate\":null");
	else
		real(b, "rate", a->rate);
	real(b, "connect_seconds", a->connect_s);
	real(b, "seconds", report_seconds(a));
}

static void
counted(struct app *a, struct buf *b)
{
	const double s = report_seconds(a);
	const uint64_t d = a->to.deliveries - a->from.deliveries;
	const uint64_t bytes = a->to.bytes - a->from.bytes;

	count(b, "sent", a->n.sent);
	count(b, "published", a->n.seen);
	count(b, "refused", a->n.refused);
	count(b, "blocked", a->n.blocked);
	count(b, "foreign", a->n.foreign);
	count(b, "measured", a->n.measured);
	count(b, "deliveries", d);
	real(b, "deliveries_per_second", s > 0 ? (double)d / s : 0);
	count(b, "frames", a->to.frames - a->from.frames);
	count(b, "bytes", bytes);
	real(b, "bytes_per_second", s > 0 ? (double)bytes / s : 0);
	latency(b, "latency_us", &a->latency);
	buf_addf(b,
	    ",\"gifts\":{\"posted\":%" PRIu64 ",\"again\":%" PRIu64
	    ",\"refused\":%" PRIu64 ",\"published\":%" PRIu64,
	    a->n.gifts, a->n.gift_again, a->n.gift_refused, a->n.gift_seen);
	latency(b, "latency_us", &a->gift_latency);
	buf_addf(b,
	    "},\"churn\":{\"left\":%" PRIu64 ",\"recovered\":%" PRIu64
	    ",\"not_recovered\":%" PRIu64 "}",
	    a->n.churned, a->n.recovered, a->n.unrecovered);
	buf_addf(b,
	    ",\"slow\":{\"asked\":%" PRId64 ",\"closed_4008\":%" PRIu64
	    ",\"cut\":%" PRIu64 "}",
	    a->nslow, a->n.slow_closed, a->n.slow_cut);
}

static void
used(struct app *a, struct buf *b)
{
	const double s = report_seconds(a);
	const uint64_t d = a->to.deliveries - a->from.deliveries;
	const char *why = report_bottleneck(a);
	int i;

	buf_adds(b, ",\"server\":[");
	for (i = 0; i < a->npids; i++)
		buf_addf(b,
		    "%s{\"pid\":%d,\"name\":\"%s\",\"cpu_seconds\":%.2f}",
		    i ? "," : "", a->pid[i], a->comm[i],
		    a->server_end[i].cpu - a->server[i].cpu);
	buf_addc(b, ']');
	if (a->npids > 0 && d > 0)
		real(b, "cpu_us_per_delivery",
		    report_server_cpu(a) / (double)d * 1e6);
	else
		buf_adds(b, ",\"cpu_us_per_delivery\":null");
	buf_addf(b, ",\"self\":{\"cpu\":%.4f,\"late_p99_us\":%.1f",
	    s > 0 ? (a->self_end.cpu - a->self.cpu) / s : 0,
	    (double)hist_percentile(&a->lag, 0.99) / 1e3);
	text(b, "bottleneck", why);
	buf_addc(b, '}');
}

void
json_report(struct app *a, FILE *f)
{
	struct buf b;
	int i;

	buf_init(&b, 1 << 20);
	asked(a, &b);
	counted(a, &b);
	used(a, &b);
	buf_adds(&b, ",\"errors\":{");
	for (i = 0; i < BAD_KINDS; i++)
		buf_addf(&b, "%s\"%s\":%" PRIu64, i ? "," : "",
		    report_mistake_name((enum mistake)i), a->mistakes[i]);
	buf_addf(&b, "},\"ok\":%s}\n",
	    report_mistakes(a) == 0 && a->n.deliveries > 0 ? "true" : "false");
	fputs(b.p, f);
	buf_release(&b);
}
