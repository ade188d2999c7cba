/*
 * ss-moderate: scores chat lines and decides what becomes of them; whatever
 * else comes along passes byte for byte. libjq only ever reads, and only with
 * --rules. This file has the options and the program's life; decide.c the
 * judgement, verdict.c what is written of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "app.h"
#include "msg.h"
#include "opt.h"

#include "banned.h"

#define OUT_SLACK 65536 /* bytes that a line may grow by at first */
#define REASON_MAX 1024 /* bytes in a rule's reason */

static bool
is_string(const struct json_member *m)
{
	return m != NULL && m->kind == JSON_STRING;
}

/* Somebody has decided about it already. */
static bool
is_approved(const struct event *ev)
{
	return is_string(json_get(&ev->doc, "approved"));
}

const struct json_member *
message_to_judge(const struct event *ev)
{
	const struct json_member *msg;

	if (ev->type != EVENT_CHAT || is_approved(ev))
		return NULL;
	msg = json_get(&ev->doc, "message");
	return is_string(msg) ? msg : NULL;
}

static void
on_event(void *arg, const struct event *ev)
{
	struct app *a = arg;
	const struct json_member *msg;

	if (ev->type == EVENT_CHAT) {
		a->counts.chat++;
		msg = message_to_judge(ev);
		if (msg != NULL) {
			moderate(a, ev, msg);
			return;
		}
		if (!is_approved(ev)) {
			stage_reject(a->stage, "chat without a message");
			return;
		}
	}
	if (ev->type == EVENT_OTHER)
		control_event(a, ev);
	queue_pass(a, ev->line, ev->len, !event_is_housekeeping(ev));
}

static bool
on_line(void *arg, const struct source_line *l)
{
	return jobs_line(arg, l);
}

/* A batch of input has been read. */
static int
on_batch(void *arg)
{
	jobs_batch(arg);
	return 0;
}

void
input_wait(struct app *a)
{
	stage_wait(a->stage, a->queue_waits.hold || a->jobs_wait.hold,
	    a->queue_waits.busy || a->jobs_wait.busy);
}

static void
on_stopping(void *arg)
{
	ask_stop(arg);
}

static void
print_stats(const struct app *a)
{
	const struct counts *c = &a->counts;

	msg_err("%" PRIu64 " lines, %" PRIu64 " chat, %" PRIu64
		" toxic, %" PRIu64 " masked, %" PRIu64 " blocked, %" PRIu64
		" held, %" PRIu64 " dropped, %" PRIu64 " rejected",
	    stage_lines(a->stage), c->chat, c->toxic, c->masked, c->blocked,
	    c->held, c->dropped, stage_rejected(a->stage));
	if (a->ask != NULL)
		msg_err("%" PRIu64 " asked about, %" PRIu64
			" without an answer",
		    c->asked, c->unanswered);
}

/* 0, or -1 after a message; the old rules stay then. */
static int
load_rules(struct app *a)
{
	struct filter *f = filter_load(a->rules, &a->err);

	if (f == NULL) {
		msg_err("%s: %s", a->rules, a->err.p);
		return -1;
	}
	filter_free(a->filter);
	a->filter = f;
	explain_rules(a);
	return 0;
}

/* 0, or -1 after a message; the old model stays then. */
static int
load_model(struct app *a)
{
	const char *why;

	if (toxic_load(a->scorer, a->model, &why) == 0) {
		if (jobs_load_model(a) < 0)
			msg_warn("%s: not for --jobs", a->model);
		return 0;
	}
	msg_err("%s: %s", a->model, why);
	return -1;
}

static void
reread(struct app *a)
{
	if (a->rules == NULL && a->model == NULL && a->lists.block == NULL &&
	    a->lists.allow == NULL)
		msg_info("nothing to read again");
	if (a->rules != NULL && load_rules(a) < 0)
		msg_warn("%s: the rules in force stay", a->rules);
	else if (a->rules != NULL)
		msg_info("%s: rules read again", a->rules);
	if (a->model != NULL && load_model(a) < 0)
		msg_warn("%s: the model in force stays", a->model);
	else if (a->model != NULL)
		msg_info("%s: model read again", a->model);
	lists_reread(a);
	explain_policy(a);
}

static void
on_signal(void *arg, int signo)
{
	struct app *a = arg;

	if (signo == SIGUSR1)
		print_stats(a);
	else
		reread(a);
}

static void
on_news(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	(void)arg;
	if (what == HUB_CUT_OFF)
		msg_warn("reader %ld cut off: %" PRIu64 " bytes behind",
		    (long)peer, n);
	else if (what == HUB_REFUSED)
		msg_err("no reader accepted: %s", strerror((int)n));
}

static void
on_metrics(void *arg, struct buf *b)
{
	const struct app *a = arg;
	const struct counts *c = &a->counts;

	metrics_counter(b, "chat_total", "Chat events judged.", c->chat);
	metrics_counter(b, "toxic_total", "Those that were toxic.", c->toxic);
	metrics_counter(
	    b, "masked_total", "Those that were masked.", c->masked);
	metrics_counter(
	    b, "blocked_total", "Those that were blocked.", c->blocked);
	metrics_counter(
	    b, "held_total", "Those held for a moderator.", c->held);
	metrics_counter(
	    b, "dropped_total", "Those that a rule dropped.", c->dropped);
	metrics_counter(b, "asked_total",
	    "Those that another model was asked about.", c->asked);
	metrics_counter(b, "unanswered_total",
	    "Those for which it gave no answer.", c->unanswered);
	metrics_histogram(b, "score_seconds",
	    "Time to score a message; one of sixteen is timed.",
	    &a->score_seconds);
}

static const struct stage_ops ops = {
	.event = on_event,
	.line = on_line,
	.commit = on_batch,
	.stopping = on_stopping,
	.signal = on_signal,
	.news = on_news,
	.metrics = on_metrics,
};

static void
app_init(struct app *a)
{
	buf_init(&a->text, EVENT_INPUT_MAX);
	buf_init(&a->masked, EVENT_INPUT_MAX);
	buf_init(&a->insert, 64 * REASON_MAX);
	buf_init(&a->why, 32 * REASON_MAX);
	buf_init(&a->line, EVENT_INPUT_MAX + OUT_SLACK);
	buf_init(&a->edited, 2 * EVENT_INPUT_MAX);
	buf_init(&a->reason, REASON_MAX);
	buf_init(&a->err, EVENT_INPUT_MAX);
	buf_init(&a->lists.rest, EVENT_INPUT_MAX);
	buf_init(&a->levels.room, EVENT_INPUT_MAX);
	buf_init(&a->grades.name, EVENT_INPUT_MAX);
}

static void
app_release(struct app *a)
{
	jobs_close(a);
	ask_free(a->ask);
	queue_free(a->queue);
	toxic_free(a->scorer);
	filter_free(a->filter);
	lists_release(&a->lists);
	control_release(a);
	grade_release(a);
	event_release(&a->edited_ev);
	event_release(&a->late_ev);
	buf_release(&a->text);
	buf_release(&a->masked);
	buf_release(&a->insert);
	buf_release(&a->why);
	buf_release(&a->line);
	buf_release(&a->edited);
	buf_release(&a->reason);
	buf_release(&a->err);
	stage_free(a->stage);
}

static void
parse(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	int i = opt_parse(prog, argc, argv);
	const char *err;

	if (i < argc)
		opt_misuse(prog, "%s: no operands are taken", argv[i]);
	if (strcmp(a->policy_name, "mask") == 0)
		a->policy = POLICY_MASK;
	else if (strcmp(a->policy_name, "block") == 0)
		a->policy = POLICY_BLOCK;
	profile_init(a);
	grade_init(a, prog);
	if (a->state_addr == NULL)
		return;
	if (addr_parse(&a->state, a->state_addr, &err) < 0)
		opt_misuse(prog, "--state: %s: %s", err, a->state_addr);
	if (a->state.kind != ADDR_CONNECT)
		opt_misuse(
		    prog, "--state: must be unix:PATH: %s", a->state_addr);
}

/* Everything that can fail before the first line. 0, or -1 after a message. */
static int
open_all(struct app *a, const struct opt_prog *prog)
{
	a->scorer = toxic_new();
	if (a->scorer == NULL) {
		msg_err("scorer: %s", strerror(errno));
		return -1;
	}
	if (a->model != NULL && load_model(a) < 0)
		return -1;
	if (a->rules != NULL && load_rules(a) < 0)
		return -1;
	if (lists_load(a) < 0)
		return -1;
	if (ask_init(a, prog) < 0)
		return -1;
	explain_policy(a);
	control_recall(a);
	a->stage = stage_new(prog, &a->conf, &ops, a);
	if (a->stage == NULL || ask_open(a) < 0)
		return -1;
	return jobs_open(a, (size_t)a->njobs);
}

int
main(int argc, char **argv)
{
	struct app a = { .conf = STAGE_CONF_INIT,
		.threshold = -1,
		.levels = { .all = -1 },
		.in_force = -1,
		.hold = -1,
		.njobs = 1,
		.score_seconds = { .bound = metrics_call_seconds,
		    .n = METRICS_CALL_BOUNDS },
		.state = { .kind = ADDR_NONE },
		.profile_name = "normal",
		.policy_name = "annotate",
		.ask_conf = ASK_CONF_INIT };
	const struct opt opts[] = {
		STAGE_OPT_IN(a.conf),
		STAGE_OPT_OUT(a.conf),
		{ .kind = OPT_REAL,
		    .name = "threshold",
		    .arg = "SCORE",
		    .out = &a.threshold,
		    .min = 0,
		    .max = 1,
		    .help = "toxic from this score on (0.6)" },
		{ .kind = OPT_CHOICE,
		    .name = "profile",
		    .arg = "NAME",
		    .out = &a.profile_name,
		    .choices = "strict normal lenient",
		    .help =
			"what counts as toxic, and the threshold (normal)" },
		{ .kind = OPT_CHOICE,
		    .name = "policy",
		    .arg = "WHAT",
		    .out = &a.policy_name,
		    .choices = "annotate mask block",
		    .help = "what becomes of toxic messages (annotate)" },
		{ .kind = OPT_INT,
		    .name = "hold",
		    .arg = "LEVEL",
		    .out = &a.hold,
		    .min = 0,
		    .max = 4,
		    .help = "hold what may be wrong; 4: the most (0: none)" },
		{ .kind = OPT_FILES,
		    .name = "level",
		    .arg = "LEVEL",
		    .out = &a.level_items,
		    .help = "the same: N, or LABEL=N; may be repeated" },
		{ .kind = OPT_FILE,
		    .name = "rules",
		    .arg = "FILE",
		    .out = &a.rules,
		    .help = "run the jq expressions in FILE on each message" },
		{ .kind = OPT_FILES,
		    .name = "blocklist",
		    .arg = "FILE",
		    .out = &a.lists.block_files,
		    .help = "what FILE lists is toxic; may be repeated" },
		{ .kind = OPT_FILES,
		    .name = "allowlist",
		    .arg = "FILE",
		    .out = &a.lists.allow_files,
		    .help = "what FILE lists isn't scored; may be repeated" },
		{ .kind = OPT_FILE,
		    .name = "model",
		    .arg = "FILE",
		    .out = &a.model,
		    .help = "score by this model (the one that ships)" },
		{ .kind = OPT_FLAG,
		    .name = "labels",
		    .out = &a.labels,
		    .help = "add all six scores as labels" },
		{ .kind = OPT_FLAG,
		    .name = "explain",
		    .out = &a.explain,
		    .help = "add why: what decided, and by which words" },
		ASK_OPTS(a.ask_conf),
		{ .kind = OPT_TEXT,
		    .name = "state",
		    .arg = "unix:PATH",
		    .out = &a.state_addr,
		    .help = "ask this bus at the start what is in force" },
		{ .kind = OPT_FLAG,
		    .name = "stats",
		    .out = &a.stats,
		    .help = "print the counters at the end" },
		STAGE_OPT_METRICS(a.conf),
		{ .kind = OPT_INT,
		    .name = "jobs",
		    .arg = "N",
		    .out = &a.njobs,
		    .min = 1,
		    .max = 64,
		    .help = "score in N threads (1: in this one alone)" },
		STAGE_OPT_REJECT(a.conf),
		STAGE_OPT_DRAIN(a.conf),
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-moderate",
		.summary = "score chat messages and decide about them",
		.opts = opts };
	int status = 1;

	app_init(&a);
	parse(&a, &prog, argc, argv);
	if (open_all(&a, &prog) == 0) {
		status = stage_run(a.stage);
		if (a.stats)
			print_stats(&a);
	}
	app_release(&a);
	return status;
}
