/*
 * opinion: see opinion.h. An answer comes from outside: it is parsed
 * strictly, nothing in it is believed before it is checked, and one wrong
 * score makes all of it wrong. A category that we don't know is skipped, as
 * services add some now and then.
 */
#include "opinion.h"

#include <string.h>

#include "../json.h"

#include "../banned.h"

#define WRAPPED_MAX 4 /* objects and lists around the scores */

#define BIT(label) (1U << (label))

/* A category's name, and the labels of ours that it counts for. */
struct category {
	const char *name;
	unsigned labels;
};

/* Detoxify's names, and those that its models have elsewhere. */
static const struct category detoxify[] = {
	{ "toxicity", BIT(TOXIC_TOXICITY) },
	{ "toxic", BIT(TOXIC_TOXICITY) },
	{ "severe_toxicity", BIT(TOXIC_SEVERE_TOXICITY) },
	{ "severe_toxic", BIT(TOXIC_SEVERE_TOXICITY) },
	{ "obscene", BIT(TOXIC_OBSCENE) },
	{ "threat", BIT(TOXIC_THREAT) },
	{ "insult", BIT(TOXIC_INSULT) },
	{ "identity_attack", BIT(TOXIC_IDENTITY_ATTACK) },
	{ "identity_hate", BIT(TOXIC_IDENTITY_ATTACK) },
	{ NULL, 0 },
};

/*
 * OpenAI has no overall score: the largest of these is taken. The other
 * categories (illicit, and self-harm but for inciting it) are about deeds or
 * about the writer himself, not against anybody.
 */
static const struct category openai[] = {
	{ "harassment", BIT(TOXIC_TOXICITY) | BIT(TOXIC_INSULT) },
	{ "harassment/threatening", BIT(TOXIC_TOXICITY) |
					BIT(TOXIC_SEVERE_TOXICITY) |
					BIT(TOXIC_THREAT) },
	{ "hate", BIT(TOXIC_TOXICITY) | BIT(TOXIC_IDENTITY_ATTACK) },
	{ "hate/threatening", BIT(TOXIC_TOXICITY) | BIT(TOXIC_SEVERE_TOXICITY) |
				  BIT(TOXIC_THREAT) |
				  BIT(TOXIC_IDENTITY_ATTACK) },
	{ "self-harm/instructions", BIT(TOXIC_TOXICITY) | BIT(TOXIC_THREAT) },
	{ "sexual", BIT(TOXIC_TOXICITY) | BIT(TOXIC_OBSCENE) },
	{ "sexual/minors", BIT(TOXIC_TOXICITY) | BIT(TOXIC_SEVERE_TOXICITY) |
			       BIT(TOXIC_OBSCENE) },
	{ "violence", BIT(TOXIC_TOXICITY) | BIT(TOXIC_THREAT) },
	{ "violence/graphic",
	    BIT(TOXIC_TOXICITY) | BIT(TOXIC_SEVERE_TOXICITY) },
	{ NULL, 0 },
};

static const struct category perspective[] = {
	{ "TOXICITY", BIT(TOXIC_TOXICITY) },
	{ "SEVERE_TOXICITY", BIT(TOXIC_SEVERE_TOXICITY) },
	{ "IDENTITY_ATTACK", BIT(TOXIC_IDENTITY_ATTACK) },
	{ "INSULT", BIT(TOXIC_INSULT) },
	{ "PROFANITY", BIT(TOXIC_OBSCENE) },
	{ "THREAT", BIT(TOXIC_THREAT) },
	{ NULL, 0 },
};

/* --- asking --------------------------------------------------------------- */

static int
write_perspective(const char *text, size_t n, struct buf *out)
{
	const struct category *c;
	int err;

	err = buf_adds(out, "{\"comment\":{\"text\":");
	err |= json_write_str(out, text, n);
	err |= buf_adds(out, "},\"requestedAttributes\":{");
	for (c = perspective; c->name != NULL; c++)
		err |= buf_addf(
		    out, "%s\"%s\":{}", c == perspective ? "" : ",", c->name);
	return err | buf_adds(out, "},\"doNotStore\":true}");
}

int
opinion_write(enum opinion_format format, const char *model, const char *text,
    size_t n, struct buf *out)
{
	int err;

	if (format == OPINION_PERSPECTIVE)
		return write_perspective(text, n, out);
	if (format == OPINION_OPENAI) {
		err = buf_adds(out, "{\"model\":");
		err |= json_write_str(out, model, strlen(model));
		err |= buf_adds(out, ",\"input\":");
		err |= json_write_str(out, text, n);
		return err | buf_addc(out, '}');
	}
	err = buf_adds(out, "{\"text\":");
	err |= json_write_str(out, text, n);
	err |= buf_adds(out, ",\"inputs\":");
	err |= json_write_str(out, text, n);
	return err | buf_addc(out, '}');
}

/* --- being answered ------------------------------------------------------- */

struct reader {
	struct opinion *o;
	const char *why;
};

static int
wrong(struct reader *r, const char *why)
{
	if (r->why == NULL)
		r->why = why;
	return -1;
}

/* The largest counts where several categories make one label. */
static int
take(struct reader *r, const struct category *c, const struct json_member *m)
{
	double x;
	int l;

	if (json_num(m, &x) < 0)
		return wrong(r, "a score is not a number");
	if (!(x >= 0 && x <= 1))
		return wrong(r, "a score is not from 0 to 1");
	for (l = 0; l < TOXIC_LABELS; l++) {
		if ((c->labels & BIT(l)) == 0)
			continue;
		if (!r->o->has[l] || (float)x > r->o->score[l])
			r->o->score[l] = (float)x;
		r->o->has[l] = true;
	}
	return 0;
}

/* A number, or the only item of a list; null is as good as absent. */
static int
take_listed(
    struct reader *r, const struct category *c, const struct json_member *m)
{
	struct json_doc list = { 0 };
	int rc;

	if (m->kind == JSON_NULL)
		return 0;
	if (m->kind != JSON_ARRAY)
		return take(r, c, m);
	if (json_parse_array(&list, m->val, m->vallen) < 0)
		rc = wrong(r, list.err);
	else if (list.n != 1)
		rc = wrong(r, "not one score a label");
	else
		rc = take(r, c, &list.m[0]);
	json_release(&list);
	return rc;
}

/* All that d has of the categories. */
static int
take_all(struct reader *r, const struct category *c, const struct json_doc *d)
{
	const struct json_member *m;

	for (; c->name != NULL; c++) {
		m = json_get(d, c->name);
		if (m != NULL && take_listed(r, c, m) < 0)
			return -1;
	}
	return 0;
}

/* The object in m into d. */
static int
enter(struct reader *r, const struct json_member *m, struct json_doc *d)
{
	if (m == NULL || m->kind != JSON_OBJECT)
		return wrong(r, "an object is missing");
	if (json_parse(d, m->val, m->vallen) < 0)
		return wrong(r, d->err);
	return 0;
}

/* {"label":"toxic","score":0.98} */
static int
take_labelled(struct reader *r, const struct json_doc *d)
{
	const struct json_member *label = json_get(d, "label");
	const struct json_member *score = json_get(d, "score");
	const struct category *c;

	if (label->kind != JSON_STRING || score == NULL)
		return wrong(r, "a label without a score");
	for (c = detoxify; c->name != NULL; c++)
		if (json_str_is(label, c->name))
			return take(r, c, score);
	return 0;
}

static int read_detoxify(struct reader *, const struct json_member *, int);

/* The scores, a label with its score, or another value around them. */
static int
read_object(struct reader *r, const struct json_member *m, int depth)
{
	static const char *const around[] = { "result", "results", "scores",
		"toxicity_scores", "predictions", "prediction", "output",
		"data", NULL };
	const struct json_member *in = NULL;
	struct json_doc d = { 0 };
	int rc = enter(r, m, &d);
	size_t i;

	if (rc == 0 && json_get(&d, "label") != NULL) {
		rc = take_labelled(r, &d);
	} else if (rc == 0) {
		rc = take_all(r, detoxify, &d);
		for (i = 0; around[i] != NULL && in == NULL; i++)
			in = json_get(&d, around[i]);
		if (rc == 0 && !r->o->has[TOXIC_TOXICITY] && in != NULL)
			rc = read_detoxify(r, in, depth + 1);
	}
	json_release(&d);
	return rc;
}

/* Labels with their scores, or a list of answers, and we asked for one. */
static int
read_list(struct reader *r, const struct json_member *m, int depth)
{
	struct json_doc list = { 0 }, one = { 0 };
	int rc = 0;
	size_t i;

	if (json_parse_array(&list, m->val, m->vallen) < 0)
		rc = wrong(r, list.err);
	else if (list.n == 1)
		rc = read_detoxify(r, &list.m[0], depth + 1);
	else
		for (i = 0; rc == 0 && i < list.n; i++) {
			rc = enter(r, &list.m[i], &one);
			if (rc == 0 && json_get(&one, "label") == NULL)
				rc = wrong(r, "more than one answer");
			else if (rc == 0)
				rc = take_labelled(r, &one);
		}
	json_release(&one);
	json_release(&list);
	return rc;
}

static int
read_detoxify(struct reader *r, const struct json_member *m, int depth)
{
	if (depth > WRAPPED_MAX)
		return wrong(r, "nested too deeply");
	if (m->kind == JSON_ARRAY)
		return read_list(r, m, depth);
	return read_object(r, m, depth);
}

/* {"results":[{"flagged":B,"category_scores":{"harassment":N,...}}]} */
static int
read_openai(struct reader *r, const struct json_doc *top)
{
	const struct json_member *m = json_get(top, "results");
	struct json_doc list = { 0 }, one = { 0 }, scores = { 0 };
	int rc = -1;

	if (m == NULL || m->kind != JSON_ARRAY ||
	    json_parse_array(&list, m->val, m->vallen) < 0 || list.n != 1)
		wrong(r, "not one result");
	else if (enter(r, &list.m[0], &one) == 0 &&
		 enter(r, json_get(&one, "category_scores"), &scores) == 0)
		rc = take_all(r, openai, &scores);
	json_release(&scores);
	json_release(&one);
	json_release(&list);
	return rc;
}

/* {"summaryScore":{"value":N,"type":"PROBABILITY"},...} */
static int
take_attribute(
    struct reader *r, const struct category *c, const struct json_member *m)
{
	struct json_doc attribute = { 0 }, summary = { 0 };
	const struct json_member *value = NULL;
	int rc = -1;

	if (enter(r, m, &attribute) == 0 &&
	    enter(r, json_get(&attribute, "summaryScore"), &summary) == 0)
		value = json_get(&summary, "value");
	if (value != NULL)
		rc = take(r, c, value);
	else
		wrong(r, "an attribute without a value");
	json_release(&summary);
	json_release(&attribute);
	return rc;
}

/* {"attributeScores":{"TOXICITY":{...},...},"languages":["en"]} */
static int
read_perspective(struct reader *r, const struct json_doc *top)
{
	const struct category *c = perspective;
	const struct json_member *m;
	struct json_doc scores = { 0 };
	int rc = enter(r, json_get(top, "attributeScores"), &scores);

	for (; rc == 0 && c->name != NULL; c++) {
		m = json_get(&scores, c->name);
		if (m != NULL)
			rc = take_attribute(r, c, m);
	}
	json_release(&scores);
	return rc;
}

static bool
is_list(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n &&
	       (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n'))
		i++;
	return i < n && p[i] == '[';
}

int
opinion_read(enum opinion_format format, const char *body, size_t n,
    struct opinion *o, const char **why)
{
	struct reader r = { .o = o };
	struct json_doc top = { 0 };
	struct json_member all = {
		.val = body, .vallen = n, .kind = JSON_OBJECT
	};
	int rc;

	*o = (struct opinion){ .has = { false } };
	if (format == OPINION_DETOXIFY) {
		if (is_list(body, n))
			all.kind = JSON_ARRAY;
		rc = read_detoxify(&r, &all, 0);
	} else if (enter(&r, &all, &top) < 0) {
		rc = -1;
	} else {
		rc = format == OPINION_OPENAI ? read_openai(&r, &top)
					      : read_perspective(&r, &top);
	}
	json_release(&top);
	if (rc == 0 && !o->has[TOXIC_TOXICITY])
		rc = wrong(&r, "no score of toxicity");
	*why = rc < 0 ? r.why : NULL;
	return rc;
}

void
opinion_apply(const struct opinion *o, struct toxic_result *r)
{
	int l, best = -1;

	for (l = 0; l < TOXIC_LABELS; l++) {
		if (!o->has[l])
			continue;
		r->score[l] = o->score[l];
		if (l >= TOXIC_OBSCENE &&
		    (best < 0 || o->score[l] > o->score[best]))
			best = l;
	}
	if (best >= 0)
		r->reason = (enum toxic_label)best;
}
