/*
 * stage-metrics: what every stage says to a scraper (--metrics): lines, its
 * two ends, what waits. The program adds its own.
 */
#include "clock.h"
#include "stage-impl.h"

#include "banned.h"

void
stage_metrics_age(struct stage *st)
{
	const struct json_member *ts = json_get(&st->ev.doc, "ts");
	int64_t ms;

	st->sample = false;
	if (!ts || ts->kind != JSON_STRING || ts->val_escaped ||
	    clock_parse(ts->val + 1, ts->vallen - 2, &ms) < 0)
		return;
	ms = clock_wall_ms() - ms;
	metrics_observe(&st->age, ms > 0 ? (double)ms / 1000 : 0);
}

static void
collect(void *arg, struct buf *b)
{
	const struct stage *st = arg;
	bool up = !st->sink || sink_is_up(st->sink);

	metrics_counter(b, "lines_total", "Lines read.", st->lines);
	metrics_counter(b, "rejected_lines_total",
	    "Lines that were no events, or could not be judged.", st->rejected);
	metrics_counter(b, "torn_lines_total",
	    "Lines whose writer died in their midst.", st->torn);
	metrics_gauge(b, "input_up", "1 while the input is connected.",
	    source_is_up(st->source));
	metrics_gauge(b, "output_up", "1 while the output is connected.", up);
	metrics_gauge(b, "output_queue_bytes",
	    "Bytes that wait for the output.",
	    st->sink ? (double)sink_pending(st->sink) : 0);
	metrics_gauge(b, "commit_failing",
	    "1 while what came in can't be made lasting.", st->failures > 0);
	metrics_counter(b, "commit_failures_total",
	    "Times that this failed, each of which is tried again.",
	    st->commit_failures);
	metrics_histogram(b, "event_age_seconds",
	    "Age of an event as it comes in: the first one of each read.",
	    &st->age);
	if (st->ops->metrics)
		st->ops->metrics(st->arg, b);
}

int
stage_metrics_open(struct stage *st)
{
	const char *addr = st->conf->metrics;

	st->age.bound = metrics_loop_seconds;
	st->age.n = METRICS_LOOP_BOUNDS;
	st->sample = addr != NULL;
	if (addr)
		st->metrics = ends_metrics(
		    st->loop, addr, st->prog->name, collect, st);
	return addr && !st->metrics ? -1 : 0;
}

void
stage_metrics_check(const struct stage *st)
{
	const char *err;

	if (st->conf->metrics && httpd_addr_check(st->conf->metrics, &err) < 0)
		opt_misuse(
		    st->prog, "--metrics: %s: %s", err, st->conf->metrics);
}
