/*
 * report.c: what is told to people: mistakes as they are found, the line of
 * progress, the summary.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "app.h"
#include "msg.h"

#include "banned.h"

#define CPU_FULL 0.9      /* of a core: we were the bottleneck */
#define LAG_MAX (20 * MS) /* p99 of our own lateness */
#define MACHINE_FULL 0.97

static const char *const names[BAD_KINDS] = { [BAD_GAP] = "gap",
	[BAD_LOST] = "lost",
	[BAD_REPEAT] = "repeat",
	[BAD_ORDER] = "order",
	[BAD_CORRUPT] = "corrupt",
	[BAD_STRAY] = "stray",
	[BAD_FRAME] = "frame",
	[BAD_CLOSE] = "close",
	[BAD_CONNECT] = "connect",
	[BAD_GIFT] = "gift" };

const char *
report_mistake_name(enum mistake kind)
{
	return names[kind];
}

void
report_mistake(struct app *a, enum mistake kind, const struct viewer *v,
    const char *fmt, ...)
{
	char who[32] = "", what[120];
	va_list ap;

	if (a->mistakes[kind]++ > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (v)
		snprintf(who, sizeof who, "viewer %" PRIu32 ": ", v->index);
	snprintf(a->first[kind], sizeof a->first[kind], "%s%s", who, what);
	if (a->progress)
		fprintf(stderr, "\r\033[K");
	msg_err("%s: %s (the first of its kind)", names[kind], a->first[kind]);
}

uint64_t
report_mistakes(const struct app *a)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < BAD_KINDS; i++)
		n += a->mistakes[i];
	return n;
}

const char *
report_time(const struct app *a, int64_t ns)
{
	static char text[8][24];
	static unsigned at;
	char *s = text[at++ % 8];
	const double us = (double)ns / 1e3;

	if (us < 1000)
		snprintf(s, 24, "%.0f %ss", us, a->utf8 ? "\302\265" : "u");
	else if (us < 1e6)
		snprintf(s, 24, "%.*f ms",
		    us < 1e4   ? 2
		    : us < 1e5 ? 1
			       : 0,
		    us / 1e3);
	else
		snprintf(s, 24, "%.2f s", us / 1e6);
	return s;
}

double
report_seconds(const struct app *a)
{
	return (double)(a->measure_to - a->measure_from) / 1e9;
}

double
report_server_cpu(const struct app *a)
{
	double cpu = 0;
	int i;

	for (i = 0; i < a->npids; i++)
		cpu += a->server_end[i].cpu - a->server[i].cpu;
	return cpu;
}

const char *
report_bottleneck(const struct app *a)
{
	const double s = report_seconds(a);
	const double busy = a->machine_end.busy - a->machine.busy;
	const double all = a->machine_end.all - a->machine.all;

	if (s <= 0)
		return NULL;
	if ((a->self_end.cpu - a->self.cpu) / s > CPU_FULL)
		return "ss-load used all of its core";
	if (!a->max && hist_percentile(&a->lag, 0.99) > LAG_MAX)
		return "messages were sent late";
	if (s >= 1 && all > 0 && busy / all > MACHINE_FULL)
		return "the machine had no idle CPU";
	return NULL;
}

void
report_progress(struct app *a, bool last)
{
	static uint64_t deliveries;
	static int64_t then;
	const double s = (double)(a->now - then) / 1e9;

	if (!a->progress)
		return;
	if (last) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	if (a->phase == P_CONNECT)
		fprintf(stderr, "\r\033[Kconnecting: %" PRIu32 " of %" PRId64,
		    a->open, a->nviewers);
	else
		fprintf(stderr,
		    "\r\033[K%s %.1f s  %" PRIu32 " viewers  %.0f "
		    "deliveries/s  p99 %s  %" PRIu64 " errors",
		    a->phase == P_WARM      ? "warm-up"
		    : a->phase == P_MEASURE ? "measuring"
					    : "ending",
		    (double)(a->now - a->start) / 1e9, a->open,
		    s > 0 && then ? (double)(a->n.deliveries - deliveries) / s
				  : 0.0,
		    report_time(a, hist_percentile(&a->latency, 0.99)),
		    report_mistakes(a));
	deliveries = a->n.deliveries;
	then = a->now;
}

static void
put_latency(
    const struct app *a, FILE *f, const char *what, const struct hist *h)
{
	if (h->n == 0)
		return;
	fprintf(f, "%-11s p50 %s, p90 %s, p99 %s,\n", what,
	    report_time(a, hist_percentile(h, 0.5)),
	    report_time(a, hist_percentile(h, 0.9)),
	    report_time(a, hist_percentile(h, 0.99)));
	fprintf(f, "            p99.9 %s, max %s\n",
	    report_time(a, hist_percentile(h, 0.999)), report_time(a, h->max));
}

static void
put_cpu(const struct app *a, FILE *f)
{
	const double s = report_seconds(a);
	const uint64_t d = a->to.deliveries - a->from.deliveries;
	const char *why = report_bottleneck(a);
	int i;

	for (i = 0; s > 0 && i < a->npids; i++)
		fprintf(f, "%-11s %.1f %% of a core (%s, %d)\n",
		    i ? "" : "server",
		    100 * (a->server_end[i].cpu - a->server[i].cpu) / s,
		    a->comm[i], a->pid[i]);
	if (a->npids > 0 && d > 0)
		fprintf(f, "            %.2f %ss of CPU per delivery%s\n",
		    report_server_cpu(a) / (double)d * 1e6,
		    a->utf8 ? "\302\265" : "u",
		    a->pids_gone ? " (a process is gone: too low)" : "");
	if (s > 0)
		fprintf(f,
		    "ss-load     %.1f %% of a core, sent late by p99 %s\n",
		    100 * (a->self_end.cpu - a->self.cpu) / s,
		    report_time(a, hist_percentile(&a->lag, 0.99)));
	if (why)
		fprintf(f,
		    "BOTTLENECK  %s: the server may be better than this\n",
		    why);
}

static void
put_side(const struct app *a, FILE *f)
{
	if (a->n.gifts > 0)
		fprintf(f,
		    "gifts       %" PRIu64 " posted, %" PRIu64
		    " of them twice, %" PRIu64 " refused, %" PRIu64 " came\n",
		    a->n.gifts, a->n.gift_again, a->n.gift_refused,
		    a->n.gift_seen);
	put_latency(a, f, "", &a->gift_latency);
	if (a->churn_rate > 0)
		fprintf(f,
		    "churn       %" PRIu64
		    " left and came back; recovered %" PRIu64 ", not %" PRIu64
		    "\n",
		    a->n.churned, a->n.recovered, a->n.unrecovered);
	if (a->nslow > 0)
		fprintf(f,
		    "slow        %" PRId64 " stopped reading: %" PRIu64
		    " closed with 4008, %" PRIu64 " cut off\n",
		    a->nslow, a->n.slow_closed, a->n.slow_cut);
	if (a->n.refused > 0)
		fprintf(f, "refused     %" PRIu64 " messages (%s)\n",
		    a->n.refused, a->refusal);
	if (a->n.blocked > 0)
		fprintf(f, "blocked     %" PRIu64 " messages\n", a->n.blocked);
	if (a->n.foreign > 0)
		fprintf(f, "foreign     %" PRIu64 " events of others\n",
		    a->n.foreign);
}

static void
put_mistakes(const struct app *a, FILE *f)
{
	int i;

	if (report_mistakes(a) == 0)
		fprintf(f, "errors      none\n");
	for (i = 0; i < BAD_KINDS; i++)
		if (a->mistakes[i] > 0)
			fprintf(f, "ERROR       %s: %" PRIu64 ", first: %s\n",
			    names[i], a->mistakes[i], a->first[i]);
}

void
report_text(struct app *a, FILE *f)
{
	const double s = report_seconds(a);
	const uint64_t d = a->to.deliveries - a->from.deliveries;

	fprintf(f,
	    "viewers     %" PRIu32 " of %" PRId64 " connected in %.2f s "
	    "(%.0f a second)\n",
	    (uint32_t)a->nviewers - a->failed, a->nviewers, a->connect_s,
	    a->connect_s > 0 ? (double)a->nviewers / a->connect_s : 0.0);
	fprintf(f,
	    "messages    %" PRIu64 " sent, %" PRIu64 " came back; %" PRIu64
	    " in the %.1f s measured\n",
	    a->n.sent, a->n.seen, a->n.measured, s);
	fprintf(f, "deliveries  %" PRIu64 ", %.0f a second, %.2f MB a second\n",
	    d, s > 0 ? (double)d / s : 0.0,
	    s > 0 ? (double)(a->to.bytes - a->from.bytes) / s / 1e6 : 0.0);
	put_latency(a, f, "latency", &a->latency);
	put_side(a, f);
	put_cpu(a, f);
	put_mistakes(a, f);
	plot_latency(a, f);
	plot_rate(a, f);
}
