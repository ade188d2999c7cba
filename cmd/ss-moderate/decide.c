/*
 * decide: see app.h. From a text to a verdict: the score, what the user's
 * rules say of it, and what the policy makes of that. It fails closed: a chat
 * line that can't be judged is rejected, not passed on.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "app.h"
#include "clock.h"

#include "banned.h"

#define TIMED 16 /* one message of so many */

static void
set_reason(struct verdict *v, const char *reason)
{
	v->reason = reason;
	v->reason_len = reason != NULL ? strlen(reason) : 0;
}

/*
 * The message into a->text, and what the lists say of it. 0, or -1 when
 * memory ran out.
 */
static int
read_text(struct app *a, const struct json_member *msg)
{
	buf_reset(&a->text);
	if (json_unescape(msg, &a->text) < 0 && errno != EILSEQ)
		return -1;
	return lists_look(a);
}

/* What a->result and the lists mean. */
static void
weigh(const struct app *a, struct verdict *v)
{
	int l;

	for (l = 0; l < TOXIC_LABELS; l++)
		v->score[l] = (int)lrintf(a->result.score[l] * SCORE_ONE);
	v->scored = profile_flags(
	    a, v->score[TOXIC_TOXICITY] / (double)SCORE_ONE);
	set_reason(v, lists_reason(a));
	v->toxic = v->scored || v->reason != NULL;
	v->by = v->reason != NULL ? BY_LIST : BY_SCORE;
}

/* Scores the message. 0, or -1 when memory ran out. */
static int
judge(struct app *a, const struct json_member *msg, struct verdict *v)
{
	bool timed = a->conf.metrics != NULL && a->counts.chat % TIMED == 1;
	int64_t began = 0;

	if (read_text(a, msg) < 0)
		return -1;
	if (timed)
		began = clock_mono_ns();
	if (a->scored_ahead != NULL && a->scored == &a->text)
		a->result = *a->scored_ahead;
	else
		toxic_score(
		    a->scorer, a->scored->p, a->scored->len, &a->result);
	if (timed)
		metrics_observe(
		    &a->score_seconds, (double)(clock_mono_ns() - began) / 1e9);
	weigh(a, v);
	return 0;
}

/* With --ask-fail closed, what nobody answered for is toxic. */
static void
close_unanswered(const struct app *a, struct verdict *v)
{
	if (v->asked != ASKED_UNANSWERED || !ask_is_closed(a->ask))
		return;
	v->toxic = v->scored = true;
	if (v->reason == NULL) {
		set_reason(v, "unavailable");
		v->by = BY_WANT;
	}
}

/*
 * The rules' reason. That of the list went in with the event, and comes out
 * again unless a rule has changed it: no reason where a rule let it pass.
 */
static void
take_reason(
    const struct app *a, struct verdict *v, const struct filter_verdict *fv)
{
	const char *listed = lists_reason(a);

	if (listed != NULL)
		set_reason(v, NULL);
	if (!fv->has_reason ||
	    (listed != NULL && !v->toxic && fv->blocked != 1 &&
		strcmp(listed, a->reason.p) == 0))
		return;
	v->reason = a->reason.p;
	v->reason_len = a->reason.len;
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
	if (fv.blocked >= 0 || (fv.toxic >= 0 && v->toxic != (fv.toxic != 0)))
		v->by = BY_RULE;
	if (fv.toxic >= 0)
		v->toxic = fv.toxic != 0;
	*blocked = fv.blocked;
	take_reason(a, v, &fv);
	return true;
}

/*
 * The text with its hits masked into a->masked; false: nothing to mask. What
 * the scorer found counts where nothing else made it toxic, or it did itself.
 */
static bool
mask_text(struct app *a, bool scored)
{
	bool listed = a->lists.blocked.n > 0;

	buf_reset(&a->masked);
	if (a->result.nspans == 0 && (scored || !listed))
		return false;
	return lists_mask(a, scored || !listed, &a->masked) == 0;
}

/*
 * Turns toxic into masked or blocked. What can't be masked is blocked, unless a
 * rule said blocked: false.
 */
static void
apply_policy(struct app *a, struct verdict *v, int blocked)
{
	bool wanted = v->toxic && a->policy != POLICY_ANNOTATE;

	v->blocked = blocked == 1;
	if (!v->blocked && wanted && a->policy == POLICY_MASK)
		v->masked = mask_text(a, v->scored);
	if (wanted && !v->masked && blocked < 0)
		v->blocked = true;
	if ((v->masked || v->blocked) && v->reason == NULL)
		set_reason(v, v->scored
				  ? toxic_label_name[toxic_reason(&a->result)]
				  : "rule");
}

/*
 * What is not blocked may be held, as it is, unless a rule has let it pass:
 * then moderators see what they decide about.
 */
static void
hold_back(struct app *a, struct verdict *v, int blocked)
{
	int label = v->blocked ? -1 : grade_holds(a, v);

	if (label < 0 || blocked == 0 || (v->by == BY_RULE && !v->toxic))
		return;
	v->held = true;
	v->masked = false;
	if (v->reason == NULL)
		set_reason(v, toxic_label_name[label]);
}

static void
count(struct counts *c, const struct verdict *v)
{
	c->toxic += v->toxic;
	c->masked += v->masked;
	c->blocked += v->blocked;
	c->held += v->held;
}

/* From the scores in v on: the rules, the policy, the output. */
static void
conclude(struct app *a, const struct event *ev, struct verdict *v)
{
	int blocked = -1;

	close_unanswered(a, v);
	if (a->filter != NULL && !consult_rules(a, ev, v, &blocked))
		return;
	apply_policy(a, v, blocked);
	hold_back(a, v, blocked);
	v->explained = a->explain;
	if ((a->explain && explain(a, v) < 0) ||
	    (v->masked && replace_message(a, &ev) < 0) ||
	    annotate(a, ev, v) < 0) {
		stage_reject(a->stage,
		    errno == EMSGSIZE ? "line too long" : strerror(errno));
		return;
	}
	count(&a->counts, v);
	queue_pass(a, a->line.p, a->line.len, true);
}

void
moderate(struct app *a, const struct event *ev, const struct json_member *msg)
{
	struct verdict v = { .toxic = false };

	a->in_force = control_threshold(a, ev);
	grade_find(a, ev, a->level_in_force);
	if (judge(a, msg, &v) < 0)
		stage_reject(a->stage, strerror(errno));
	else if (a->ask == NULL || v.reason != NULL || !ask_about(a, ev, &v))
		conclude(a, ev, &v);
}

void
moderate_late(struct app *a, const char *line, size_t n,
    const struct toxic_result *result, enum asked asked)
{
	struct verdict v = { .asked = asked };
	struct event *ev = &a->late_ev;

	/* it was parsed once, so only memory can run out */
	if (event_parse(ev, line, n) < 0 ||
	    read_text(a, json_get(&ev->doc, "message")) < 0) {
		stage_reject(a->stage, "out of memory");
		return;
	}
	a->result = *result;
	weigh(a, &v);
	conclude(a, ev, &v);
}
