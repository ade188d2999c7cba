/*
 * ss-moderate: scores chat lines and decides what becomes of them; whatever
 * else comes along passes byte for byte.
 *
 * A verdict is spliced into the line as it came, so a field that we don't
 * know can't be harmed; libjq only ever reads, and only with --rules. It
 * fails closed: a chat line that can't be judged is rejected, not passed on.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>

#include "buf.h"
#include "event.h"
#include "filter.h"
#include "json.h"
#include "msg.h"
#include "opt.h"
#include "stage.h"
#include "toxic/toxic.h"

#include "banned.h"

#define OUT_SLACK 65536 /* bytes that a line may grow by at first */
#define REASON_MAX 1024 /* bytes in a rule's reason */
#define SCORE_ONE 10000 /* scores have four decimals */

enum policy { POLICY_ANNOTATE, POLICY_MASK, POLICY_BLOCK };

struct counts {
	uint64_t chat, toxic, masked, blocked, dropped;
};

struct app {
	struct stage_conf conf;
	struct stage *stage;
	double threshold;
	const char *policy_name, *rules, *model;
	bool labels, stats;
	enum policy policy;
	struct toxic *scorer;
	struct filter *filter;
	struct counts counts;
	/* for the event at hand; kept for their memory */
	struct toxic_result result;
	struct buf text, masked, insert, line, edited, reason, err;
	struct event edited_ev;
};

/* What is said about one event. */
struct verdict {
	bool toxic, masked, blocked;
	int score[TOXIC_LABELS]; /* in SCORE_ONEs */
	const char *reason;      /* NULL: none */
	size_t reason_len;
};

/* Ours to say: what a client or an earlier run put there goes. */
static const char *const verdict_keys[] = { "toxic", "score", "blocked",
	"masked", "reason", "labels", "why", NULL };

/* 0 to 1 with at most four decimals, as short as it can be. */
static int
put_score(struct buf *b, int score)
{
	char digits[] = "0.0000";
	size_t n = sizeof(digits) - 1;
	int rest = score;

	if (score <= 0 || score >= SCORE_ONE)
		return buf_addc(b, score <= 0 ? '0' : '1');
	for (; rest > 0; rest /= 10)
		digits[--n] = (char)('0' + rest % 10);
	for (n = sizeof(digits) - 1; digits[n - 1] == '0'; n--)
		;
	return buf_add(b, digits, n);
}

static int
put_labels(struct buf *b, const struct verdict *v)
{
	int err = buf_adds(b, ",\"labels\":{"), l;

	for (l = 0; l < TOXIC_LABELS; l++) {
		err |= buf_adds(b, l == 0 ? "\"" : ",\"");
		err |= buf_adds(b, toxic_label_name[l]);
		err |= buf_adds(b, "\":");
		err |= put_score(b, v->score[l]);
	}
	return err | buf_addc(b, '}');
}

/* The members that say v, in the order of ss-event(5). */
static int
write_verdict(struct app *a, const struct verdict *v)
{
	struct buf *b = &a->insert;
	int err;

	buf_reset(b);
	err = buf_adds(b, v->toxic ? "\"toxic\":true" : "\"toxic\":false");
	err |= buf_adds(b, ",\"score\":");
	err |= put_score(b, v->score[TOXIC_TOXICITY]);
	if (a->labels)
		err |= put_labels(b, v);
	if (v->masked)
		err |= buf_adds(b, ",\"masked\":true");
	if (v->blocked)
		err |= buf_adds(b, ",\"blocked\":true");
	if (v->reason != NULL) {
		err |= buf_adds(b, ",\"reason\":");
		err |= json_write_str(b, v->reason, v->reason_len);
	}
	return err;
}

/* Puts ev with the verdict v into a->line. */
static int
annotate(struct app *a, const struct event *ev, const struct verdict *v)
{
	if (write_verdict(a, v) < 0)
		return -1;
	buf_reset(&a->line);
	if (event_splice(
		ev, verdict_keys, a->insert.p, a->insert.len, &a->line) < 0)
		return -1;
	if (a->line.len > EVENT_INPUT_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

/*
 * Makes a copy of ev with the masked text in place of its message, wherever
 * that key stands, and points *ev at it. 0, or -1 with errno.
 */
static int
replace_message(struct app *a, const struct event **ev)
{
	const struct json_doc *d = &(*ev)->doc;
	const char *from = (*ev)->line, *end = from + (*ev)->len;
	struct buf *b = &a->edited;
	size_t i;
	int err = 0;

	buf_reset(b);
	for (i = 0; i < d->n; i++) {
		if (!json_key_is(&d->m[i], "message"))
			continue;
		err |= buf_add(b, from, (size_t)(d->m[i].val - from));
		err |= json_write_str(b, a->masked.p, a->masked.len);
		from = d->m[i].val + d->m[i].vallen;
	}
	err |= buf_add(b, from, (size_t)(end - from));
	if (err != 0 || event_parse(&a->edited_ev, b->p, b->len) < 0)
		return -1;
	*ev = &a->edited_ev;
	return 0;
}

/* Scores the message. 0, or -1 when memory ran out. */
static int
judge(struct app *a, const struct json_member *msg, struct verdict *v)
{
	int l;

	buf_reset(&a->text);
	if (json_unescape(msg, &a->text) < 0 && errno != EILSEQ)
		return -1;
	toxic_score(a->scorer, a->text.p, a->text.len, &a->result);
	for (l = 0; l < TOXIC_LABELS; l++)
		v->score[l] = (int)lrintf(a->result.score[l] * SCORE_ONE);
	v->toxic = v->score[TOXIC_TOXICITY] / (double)SCORE_ONE >= a->threshold;
	return 0;
}

/*
 * What the rules say of the annotated event, in v and *blocked (1, 0 or -1:
 * nothing). False when the event ends here: dropped, or a rule failed.
 */
static bool
consult_rules(
    struct app *a, const struct event *ev, struct verdict *v, int *blocked)
{
	struct filter_verdict fv;

	if (annotate(a, ev, v) < 0) {
		stage_reject(a->stage, "line too long");
		return false;
	}
	if (filter_run(a->filter, a->line.p, a->line.len, &fv, &a->reason,
		&a->err) < 0) {
		stage_reject(a->stage, a->err.p);
		return false;
	}
	if (fv.drop) {
		a->counts.dropped++;
		return false;
	}
	if (fv.toxic >= 0)
		v->toxic = fv.toxic != 0;
	*blocked = fv.blocked;
	if (fv.has_reason) {
		v->reason = a->reason.p;
		v->reason_len = a->reason.len;
	}
	return true;
}

/* The text with its hits masked into a->masked; false: nothing to mask. */
static bool
mask_text(struct app *a)
{
	buf_reset(&a->masked);
	return a->result.nspans > 0 &&
	       toxic_mask(&a->result, a->text.p, a->text.len, &a->masked) == 0;
}

/*
 * Turns toxic into masked or blocked. scored: the score alone made it so.
 * What can't be masked is blocked, unless a rule said blocked: false.
 */
static void
apply_policy(struct app *a, struct verdict *v, bool scored, int blocked)
{
	bool wanted = v->toxic && a->policy != POLICY_ANNOTATE;

	v->blocked = blocked == 1;
	if (!v->blocked && wanted && a->policy == POLICY_MASK)
		v->masked = mask_text(a);
	if (wanted && !v->masked && blocked < 0)
		v->blocked = true;
	if ((v->masked || v->blocked) && v->reason == NULL) {
		v->reason = scored ? toxic_label_name[toxic_reason(&a->result)]
				   : "rule";
		v->reason_len = strlen(v->reason);
	}
}

static void
count(struct counts *c, const struct verdict *v)
{
	c->toxic += v->toxic;
	c->masked += v->masked;
	c->blocked += v->blocked;
}

static void
moderate(struct app *a, const struct event *ev, const struct json_member *msg)
{
	struct verdict v = { .toxic = false };
	int blocked = -1;
	bool scored;

	if (judge(a, msg, &v) < 0) {
		stage_reject(a->stage, strerror(errno));
		return;
	}
	scored = v.toxic;
	if (a->filter != NULL && !consult_rules(a, ev, &v, &blocked))
		return;
	apply_policy(a, &v, scored, blocked);
	if ((v.masked && replace_message(a, &ev) < 0) ||
	    annotate(a, ev, &v) < 0) {
		stage_reject(a->stage,
		    errno == EMSGSIZE ? "line too long" : strerror(errno));
		return;
	}
	count(&a->counts, &v);
	stage_emit(a->stage, a->line.p, a->line.len, true);
}

static bool
is_string(const struct json_member *m)
{
	return m != NULL && m->kind == JSON_STRING;
}

static void
on_event(void *arg, const struct event *ev)
{
	struct app *a = arg;
	const struct json_member *msg;

	if (ev->type == EVENT_CHAT) {
		a->counts.chat++;
		msg = json_get(&ev->doc, "message");
		if (!is_string(json_get(&ev->doc, "approved"))) {
			if (is_string(msg))
				moderate(a, ev, msg);
			else
				stage_reject(
				    a->stage, "chat without a message");
			return;
		}
	}
	stage_emit(a->stage, ev->line, ev->len, !event_is_housekeeping(ev));
}

static void
print_stats(const struct app *a)
{
	const struct counts *c = &a->counts;

	msg_err("%" PRIu64 " lines, %" PRIu64 " chat, %" PRIu64
		" toxic, %" PRIu64 " masked, %" PRIu64 " blocked, %" PRIu64
		" dropped, %" PRIu64 " rejected",
	    stage_lines(a->stage), c->chat, c->toxic, c->masked, c->blocked,
	    c->dropped, stage_rejected(a->stage));
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
	return 0;
}

/* 0, or -1 after a message; the old model stays then. */
static int
load_model(struct app *a)
{
	const char *why;

	if (toxic_load(a->scorer, a->model, &why) == 0)
		return 0;
	msg_err("%s: %s", a->model, why);
	return -1;
}

static void
reread(struct app *a)
{
	if (a->rules == NULL && a->model == NULL)
		msg_info("no rules to read again");
	if (a->rules != NULL && load_rules(a) < 0)
		msg_warn("%s: the rules in force stay", a->rules);
	else if (a->rules != NULL)
		msg_info("%s: rules read again", a->rules);
	if (a->model != NULL && load_model(a) < 0)
		msg_warn("%s: the model in force stays", a->model);
	else if (a->model != NULL)
		msg_info("%s: model read again", a->model);
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

static const struct stage_ops ops = {
	.event = on_event,
	.signal = on_signal,
	.news = on_news,
};

static void
app_init(struct app *a)
{
	buf_init(&a->text, EVENT_INPUT_MAX);
	buf_init(&a->masked, EVENT_INPUT_MAX);
	buf_init(&a->insert, 8 * REASON_MAX);
	buf_init(&a->line, EVENT_INPUT_MAX + OUT_SLACK);
	buf_init(&a->edited, 2 * EVENT_INPUT_MAX);
	buf_init(&a->reason, REASON_MAX);
	buf_init(&a->err, EVENT_INPUT_MAX);
}

static void
app_release(struct app *a)
{
	stage_free(a->stage);
	toxic_free(a->scorer);
	filter_free(a->filter);
	event_release(&a->edited_ev);
	buf_release(&a->text);
	buf_release(&a->masked);
	buf_release(&a->insert);
	buf_release(&a->line);
	buf_release(&a->edited);
	buf_release(&a->reason);
	buf_release(&a->err);
}

static void
parse(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	int i = opt_parse(prog, argc, argv);

	if (i < argc)
		opt_misuse(prog, "%s: no operands are taken", argv[i]);
	if (strcmp(a->policy_name, "mask") == 0)
		a->policy = POLICY_MASK;
	else if (strcmp(a->policy_name, "block") == 0)
		a->policy = POLICY_BLOCK;
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
	a->stage = stage_new(prog, &a->conf, &ops, a);
	return a->stage != NULL ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct app a = { .conf = STAGE_CONF_INIT,
		.threshold = 0.6,
		.policy_name = "annotate" };
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
		    .name = "policy",
		    .arg = "WHAT",
		    .out = &a.policy_name,
		    .choices = "annotate mask block",
		    .help = "what becomes of toxic messages (annotate)" },
		{ .kind = OPT_FILE,
		    .name = "rules",
		    .arg = "FILE",
		    .out = &a.rules,
		    .help = "run the jq expressions in FILE on each message" },
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
		    .name = "stats",
		    .out = &a.stats,
		    .help = "print the counters at the end" },
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
