/*
 * stage: see stage.h. One loop: a read's worth of lines is told to the
 * program, which emits into the sink's queue; then commit, then flush. What
 * can't be flushed or committed now pauses the source, so a stage holds at
 * most one read's worth, and pressure goes upstream through the pipe.
 */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "stage-impl.h"

#include "banned.h"

/*
 * A commit that failed is tried again every second (CONTRACT 7), but once
 * before that: a file that could not be synced has only to be written anew.
 */
#define COMMIT_FIRST 50
#define COMMIT_RETRY 1000 /* ms */
#define FIRST_WAIT 10     /* ms for a first line to come */
#define HUB_WAIT 10       /* ms between looks at readers who lag at the end */
#define QUEUE_HIGH 262144 /* bytes emitted before the batch is cut short */

static void flush(struct stage *);
static void try_again(void *);

void
stage_fail(struct stage *st)
{
	st->status = 1;
}

void
stage_handle(struct stage *st, const struct source_line *l)
{
	st->line = l;
	st->lines += l->got != LINEIN_PART;
	if (l->got != LINEIN_LINE)
		stage_long_line(st, l);
	else if (event_parse(&st->ev, l->p, l->n) < 0)
		stage_reject(st, st->ev.doc.err);
	else {
		if (st->sample)
			stage_metrics_age(st);
		st->ops->event(st->arg, &st->ev);
	}
	if (st->sink && sink_pending(st->sink) > QUEUE_HIGH + st->conf->group)
		source_pause(st->source);
}

static void
on_line(void *arg, const struct source_line *l)
{
	struct stage *st = arg;

	if (st->ops->line == NULL || !st->ops->line(st->arg, l))
		stage_handle(st, l);
}

static size_t
pending(const struct stage *st)
{
	return (st->sink ? sink_pending(st->sink) : 0) +
	       (st->print ? sink_pending(st->print) : 0);
}

static void
try_again(void *arg)
{
	struct stage *st = arg;

	st->held = false;
	flush(st);
}

static void
on_deadline(void *arg)
{
	struct stage *st = arg;

	/* a hub's slow readers are their own affair */
	if (pending(st) || st->held || st->busy) {
		msg_err("output not taken in time: %zu bytes given up",
		    pending(st));
		st->status = 1;
	}
	loop_stop(st->loop);
}

static void
set_deadline(struct stage *st)
{
	if (!st->deadline.due)
		loop_after(st->loop, &st->deadline,
		    (int64_t)(st->conf->drain * 1000), on_deadline, st);
}

/*
 * The input has ended. A stdout that is slow has all the time, as any filter
 * gives it (a signal sets its own deadline); a socket's reader who is away,
 * and a hub's who lag, get the drain time.
 */
static void
finish(struct stage *st, bool out)
{
	struct hub *hub = st->sink ? sink_hub(st->sink) : NULL;

	if (out && (!hub || !hub_pending(hub))) {
		loop_stop(st->loop);
		return;
	}
	if (hub || !sink_is_up(st->sink))
		set_deadline(st);
	if (hub)
		loop_after(st->loop, &st->retry, HUB_WAIT, try_again, st);
}

/* Commit, write, and let the input flow or not. */
static void
flush(struct stage *st)
{
	bool out = true;

	st->hurry = false;
	if (st->broken || st->held)
		return;
	if (st->ops->commit && st->ops->commit(st->arg) < 0) {
		st->held = true;
		st->commit_failures++;
		source_pause(st->source);
		loop_after(st->loop, &st->retry,
		    st->failures++ == 0 ? COMMIT_FIRST : COMMIT_RETRY,
		    try_again, st);
		return;
	}
	st->failures = 0;
	if (st->sink)
		out = sink_flush(st->sink);
	if (st->print && !st->broken)
		out = sink_flush(st->print) && out;
	if (st->broken)
		return;
	if (st->ending && !st->busy)
		finish(st, out);
	else if (out && !st->waits)
		source_resume(st->source);
	else
		source_pause(st->source);
}

static void
on_batch(void *arg)
{
	struct stage *st = arg;
	uint64_t torn = source_torn(st->source);

	if (torn != st->torn)
		msg_warn("%s: %" PRIu64 " torn line%s thrown away",
		    stage_in_name(st), torn - st->torn,
		    torn - st->torn == 1 ? "" : "s");
	st->torn = torn;
	st->sample = st->metrics != NULL;
	/* one commit for much, but never while nothing else comes */
	if (st->conf->group && !st->hurry && pending(st) < st->conf->group &&
	    !st->held && source_ready(st->source))
		return;
	flush(st);
}

static void
on_end(void *arg, int err)
{
	struct stage *st = arg;

	if (err) {
		msg_err("%s: %s", stage_in_name(st), strerror(err));
		st->status = 1;
	}
	st->ending = true;
	flush(st);
}

static void
on_up(void *arg)
{
	struct stage *st = arg;

	if (st->in.kind == ADDR_CONNECT)
		away_ends(&st->in_away);
}

static void
on_down(void *arg, int err)
{
	struct stage *st = arg;

	on_batch(st); /* tells of a torn line */
	if (st->in.kind == ADDR_CONNECT)
		away_since(&st->in_away, err);
}

static void
on_drained(void *arg)
{
	flush(arg);
}

static void
on_broken(void *arg, int err)
{
	struct stage *st = arg;

	st->broken = true;
	/*
	 * Ctrl-C stops all stages at once: that the next one was quicker is
	 * no failure when nothing was left for it.
	 */
	if (err == EPIPE && !pending(st) &&
	    (st->stopped || loop_signalled(st->loop, SIGINT) ||
		loop_signalled(st->loop, SIGTERM))) {
		loop_stop(st->loop);
		return;
	}
	st->no_reader = err == EPIPE;
	st->status = 1;
	if (!st->no_reader)
		msg_err("stdout: %s", strerror(err));
	/* what came in is made lasting, though nobody takes it further */
	if (st->ops->commit && !st->held)
		st->ops->commit(st->arg);
	loop_stop(st->loop);
}

static void
on_out_up(void *arg)
{
	struct stage *st = arg;

	away_ends(&st->out_away);
	if (st->ops->up)
		st->ops->up(st->arg);
}

static void
on_out_down(void *arg, int err)
{
	struct stage *st = arg;

	away_since(&st->out_away, err);
	if (st->ending)
		set_deadline(st);
}

static void
on_news(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	struct stage *st = arg;

	if (st->ops->news)
		st->ops->news(st->arg, what, peer, n);
}

static void
on_signal(void *arg, int signo)
{
	struct stage *st = arg;

	if (signo == SIGHUP || signo == SIGUSR1) {
		if (st->ops->signal)
			st->ops->signal(st->arg, signo);
		return;
	}
	if (st->stopped) {
		msg_err("stopped at once, %zu bytes given up", pending(st));
		_exit(1);
	}
	st->stopped = true;
	notify_stopping();
	set_deadline(st);
	if (st->ops->stopping)
		st->ops->stopping(st->arg);
	if (st->ending)
		flush(st);
	else
		source_drain(st->source);
}

static const struct source_ops source_ops = {
	.line = on_line,
	.batch = on_batch,
	.end = on_end,
	.up = on_up,
	.down = on_down,
};

static const struct sink_ops sink_ops = {
	.drained = on_drained,
	.broken = on_broken,
	.up = on_out_up,
	.down = on_out_down,
	.news = on_news,
};

/* The address of one end; exits 2 when it can't be read. */
static void
address(struct stage *st, struct addr *a, const char *text, bool bus,
    enum addr_kind bus_kind)
{
	const char *err;
	int r = 0;

	if (text)
		r = addr_parse(a, text, &err);
	else if (bus)
		r = addr_bus(a, bus_kind, &err);
	else
		*a = (struct addr){ .kind = ADDR_STD };
	if (r < 0)
		opt_misuse(st->prog, "%s: %s", text ? text : "SS_BUS", err);
}

static int
open_ends(struct stage *st)
{
	if (st->out.kind != ADDR_NONE) {
		st->sink = sink_open(
		    st->loop, &st->out, &st->conf->hub, &sink_ops, st);
		if (!st->sink && st->out.kind == ADDR_STD && errno == EPIPE)
			raise(SIGPIPE); /* as a filter without a reader ends */
		if (!st->sink) {
			ends_not_opened(&st->out, "stdout");
			return -1;
		}
	}
	st->source = source_open(st->loop, &st->in, &source_ops, st);
	if (!st->source)
		ends_not_opened(&st->in, "stdin");
	else if (st->conf->line_max)
		source_limit(st->source, st->conf->line_max);
	return st->source ? 0 : -1;
}

static int
open_reject(struct stage *st)
{
	if (!st->conf->reject)
		return 0;
	st->reject = open(
	    st->conf->reject, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (st->reject < 0)
		msg_err("%s: %s", st->conf->reject, strerror(errno));
	return st->reject;
}

struct stage *
stage_new(const struct opt_prog *prog, const struct stage_conf *conf,
    const struct stage_ops *ops, void *arg)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct stage *st = calloc(1, sizeof *st);
	size_t i;

	if (!st)
		goto no_memory;
	st->prog = prog;
	st->conf = conf;
	st->ops = ops;
	st->arg = arg;
	st->reject = -1;
	address(st, &st->in, conf->in, conf->in_is_bus, ADDR_CONNECT);
	address(st, &st->out, conf->out, conf->out_is_bus, ADDR_LISTEN);
	if (conf->no_out)
		st->out.kind = ADDR_NONE;
	stage_metrics_check(st);
	st->loop = loop_new();
	if (!st->loop)
		goto no_memory;
	away_init(&st->in_away, st->loop, "", st->in.path);
	away_init(&st->out_away, st->loop, "", st->out.path);
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (loop_signal(st->loop, signals[i], on_signal, st) < 0)
			goto no_memory;
	if (open_reject(st) >= 0 && open_ends(st) == 0 &&
	    stage_metrics_open(st) == 0)
		return st;
	stage_free(st);
	return NULL;
no_memory:
	msg_err("start: %s", strerror(errno));
	stage_free(st);
	return NULL;
}

int
stage_print(struct stage *st)
{
	struct addr a = { .kind = ADDR_STD };

	st->print = sink_open(st->loop, &a, NULL, &sink_ops, st);
	if (!st->print)
		msg_err("stdout: %s", strerror(errno));
	return st->print ? 0 : -1;
}

/* Dies as SIGPIPE's default would have it: quietly, and seen by a shell. */
static void
die_of_pipe(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(SIGPIPE, &sa, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
}

int
stage_run(struct stage *st)
{
	struct sigaction ign = { .sa_handler = SIG_IGN };

	/* EPIPE is met in the sink: what is in hand gets committed first */
	sigaction(SIGPIPE, &ign, NULL);
	notify_ready(&st->notify, st->loop);
	/*
	 * What the program had to say before it read anything leaves with
	 * the first lines where those are there: should stdout be broken,
	 * they are met, and committed, first.
	 */
	if (pending(st))
		loop_after(st->loop, &st->retry, FIRST_WAIT, try_again, st);
	if (loop_run(st->loop) < 0) {
		msg_err("loop: %s", strerror(errno));
		return 1;
	}
	return st->status;
}

void
stage_emit(struct stage *st, const char *line, size_t n, bool keep)
{
	if ((st->sink && sink_put(st->sink, line, n, keep) < 0) ||
	    (st->print && sink_put(st->print, line, n, keep) < 0))
		stage_reject(st, "out of memory");
}

void
stage_emit_first(struct stage *st, const char *line, size_t n, bool now)
{
	if (st->sink && sink_put_first(st->sink, line, n, now) < 0)
		msg_err("out of memory");
}

struct loop *
stage_loop(struct stage *st)
{
	return st->loop;
}

void
stage_hurry(struct stage *st)
{
	st->hurry = true;
}

const struct source_line *
stage_line(const struct stage *st)
{
	return st->line;
}

void
stage_at(struct stage *st, const struct source_line *l)
{
	st->line = l;
}

void
stage_wait(struct stage *st, bool hold, bool busy)
{
	st->waits = hold;
	st->busy = busy;
	if (hold)
		source_pause(st->source);
}

struct hub *
stage_hub(struct stage *st)
{
	return st->sink ? sink_hub(st->sink) : NULL;
}

void
stage_print_line(struct stage *st, const char *line, size_t n)
{
	if (st->print && sink_put(st->print, line, n, 0) < 0)
		msg_err("out of memory");
}

void
stage_flush(struct stage *st)
{
	flush(st);
}

uint64_t
stage_lines(const struct stage *st)
{
	return st->lines;
}

bool
stage_input_ended(const struct stage *st)
{
	return st->ending && !st->stopped;
}

uint64_t
stage_rejected(const struct stage *st)
{
	return st->rejected;
}

void
stage_free(struct stage *st)
{
	bool quiet_end;

	if (!st)
		return;
	quiet_end = st->no_reader;
	metrics_free(st->metrics);
	source_free(st->source);
	sink_free(st->sink);
	sink_free(st->print);
	event_release(&st->ev);
	if (st->reject >= 0)
		close(st->reject);
	loop_free(st->loop);
	free(st);
	if (quiet_end)
		die_of_pipe();
}
