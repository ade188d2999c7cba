/*
 * tune: a model that exists, bent by some new rows. A few hundred decisions of
 * moderators are far too few to learn a language from, so what is learnt is a
 * difference to the weights there are, pulled back to nothing: what the new
 * rows don't speak of stays byte for byte as it was, and so do the biases, the
 * hidden units and the calibration. What the model doesn't know at all takes
 * the bucket it falls on where that one's own feature weighs next to nothing,
 * so that new words can be learnt. A row is right when it is on its side of
 * the default threshold by a margin, and teaches nothing then: else the many
 * harmless rows would push down whatever the model knows.
 */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define BORDER 0.6F /* the score that is to lie between the classes */
#define ENOUGH 0.2F /* an error below teaches nothing */
#define RATE 0.1F
#define CAUTION 0.5F  /* of squared gradients before the first row */
#define PULL 2e-3F    /* of a difference, a row that has the feature */
#define WEAK_ONE_IN 2 /* buckets that new features may have: the weakest */
#define STRENGTHS (MODEL_TAG * INT8_MAX + 1)

struct tuner {
	const struct data *data;
	struct model_header *out; /* the base with the buckets taken over */
	struct toxic *tox;
	uint32_t known[FEATURES_MAX]; /* buckets of the row at hand */
	size_t familiar;
	float *diff, *sum; /* TOXIC_LABELS a bucket */
	float border[TOXIC_LABELS];
	uint32_t *order;
	uint64_t random;
	struct progress progress;
};

/* The raw value that a head gives the score BORDER for. */
static float
border_of(const struct model_header *m, int h)
{
	const float *x = m->raw[h], *y = m->score[h];
	int k;

	for (k = 1; k < MODEL_KNOTS - 1 && y[k] < BORDER; k++)
		;
	if (y[k] <= y[k - 1])
		return x[k];
	return x[k - 1] +
	       (BORDER - y[k - 1]) * (x[k] - x[k - 1]) / (y[k] - y[k - 1]);
}

/* Order of the rows: the generator is xorshift64 (Marsaglia 2003). */
static void
shuffle(struct tuner *t)
{
	size_t i, j;
	uint32_t x;

	for (i = t->data->n; i > 1; i--) {
		t->random ^= t->random << 13;
		t->random ^= t->random >> 7;
		t->random ^= t->random << 17;
		j = (size_t)(t->random % i);
		x = t->order[i - 1];
		t->order[i - 1] = t->order[j];
		t->order[j] = x;
	}
}

static int8_t *
weights_of(const struct tuner *t, size_t bucket)
{
	return (int8_t *)(t->out + 1) + bucket * MODEL_LANES;
}

static int
strength_of(const int8_t *w)
{
	int l, all = 0;

	for (l = 0; l < MODEL_TAG; l++)
		all += abs(w[l]);
	return all;
}

/* A bucket of less than this strength may be taken over. */
static int
weak_below(const struct tuner *t)
{
	size_t n[STRENGTHS] = { 0 }, i, all = 0;
	int s;

	for (i = 0; i < FEATURE_BUCKETS; i++)
		n[strength_of(weights_of(t, i))]++;
	for (s = 0; s < STRENGTHS; s++) {
		all += n[s];
		if (all * WEAK_ONE_IN > FEATURE_BUCKETS)
			break;
	}
	return s;
}

static bool
is_labelled(const struct row *r)
{
	int h;

	for (h = 0; h < TOXIC_LABELS; h++)
		if (r->y[h] >= 0)
			return true;
	return false;
}

/* 0, or -1 with errno */
static int
take_over(struct tuner *t)
{
	bool *taken = calloc(FEATURE_BUCKETS, sizeof(*taken));
	int below = weak_below(t);
	struct toxic_sight s;
	const struct row *r;
	const char *text;
	uint32_t bucket;
	uint8_t tag;
	int8_t *w;
	size_t i;

	if (taken == NULL)
		return -1;
	for (r = t->data->row; r < t->data->row + t->data->n; r++) {
		if (!is_labelled(r))
			continue;
		text = data_text(t->data, r);
		toxic_look(t->tox, text, learn_head_of(text, r->len), &s);
		for (i = 0; i < s.nfeatures; i++) {
			bucket = feature_bucket(s.feature[i]);
			tag = feature_tag(s.feature[i]);
			w = weights_of(t, bucket);
			if (taken[bucket] || (uint8_t)w[MODEL_TAG] == tag ||
			    strength_of(w) >= below)
				continue;
			taken[bucket] = true;
			memset(w, 0, MODEL_LANES);
			w[MODEL_TAG] = (int8_t)tag;
		}
	}
	t->out->sum = model_sum(t->out, MODEL_SIZE);
	free(taken);
	return 0;
}

static void
update(struct tuner *t, int h, float g, float factor)
{
	float *diff, *sum, x;
	size_t i, at;

	for (i = 0; i < t->familiar; i++) {
		at = (size_t)t->known[i] * TOXIC_LABELS + (size_t)h;
		diff = &t->diff[at];
		sum = &t->sum[at];
		x = g * factor + PULL * *diff;
		*sum += x * x;
		*diff -= RATE * x / sqrtf(*sum + CAUTION * factor * factor);
	}
}

/* The buckets of a text's features. */
static void
know(struct tuner *t, const struct toxic_sight *s)
{
	uint32_t bucket;
	size_t i;

	t->familiar = 0;
	for (i = 0; i < s->nfeatures; i++) {
		bucket = feature_bucket(s->feature[i]);
		if ((uint8_t)weights_of(t, bucket)[MODEL_TAG] ==
		    feature_tag(s->feature[i]))
			t->known[t->familiar++] = bucket;
	}
}

static void
tune_row(struct tuner *t, const struct row *r)
{
	const char *text = data_text(t->data, r);
	size_t n = learn_head_of(text, r->len);
	float raw[TOXIC_LABELS], z, g, factor;
	struct toxic_result res;
	struct toxic_sight s;
	size_t i;
	int h;

	/* the border is that of the raw value with the lexicon's share */
	toxic_score(t->tox, text, n, &res);
	toxic_raw(t->tox, raw);
	toxic_look(t->tox, text, n, &s);
	know(t, &s);
	if (t->familiar == 0)
		return;
	factor = model_factor((float)t->familiar);
	for (h = 0; h < TOXIC_LABELS; h++) {
		if (r->y[h] < 0)
			continue;
		for (z = 0, i = 0; i < t->familiar; i++)
			z += t->diff[(size_t)t->known[i] * TOXIC_LABELS +
				     (size_t)h];
		g = learn_sigmoid(raw[h] + z * factor - t->border[h]) - r->y[h];
		progress_error(&t->progress, fabsf(g));
		if (fabsf(g) < ENOUGH)
			continue;
		update(t, h, g, factor);
	}
}

/*
 * The base and the difference, in the base's own steps. That of toxicity is
 * the same for texts of any length.
 */
static void
add_up(const struct tuner *t)
{
	struct model_header *out = t->out;
	int8_t *w = weights_of(t, 0);
	const float *diff = t->diff;
	float v;
	size_t i;
	int h;

	for (i = 0; i < FEATURE_BUCKETS;
	     i++, w += MODEL_LANES, diff += TOXIC_LABELS)
		for (h = 0; h < MODEL_HEADS; h++) {
			v = diff[h == MODEL_LONG ? TOXIC_TOXICITY : h] /
			    out->scale[h];
			v += v < 0 ? -0.5F : 0.5F;
			v = truncf(v) + (float)w[h];
			v = v > INT8_MAX ? INT8_MAX : v;
			w[h] = (int8_t)(v < -INT8_MAX ? -INT8_MAX : v);
		}
	out->sum = model_sum(out, MODEL_SIZE);
}

static void
run(struct tuner *t, const struct learn_conf *c)
{
	int64_t e;
	size_t i;

	progress_start(&t->progress, c->progress, c->epochs, t->data->n);
	for (e = 0; e < c->epochs; e++) {
		shuffle(t);
		for (i = 0; i < t->data->n; i++) {
			tune_row(t, &t->data->row[t->order[i]]);
			progress_row(&t->progress, i + 1);
		}
		progress_epoch(&t->progress);
	}
}

int
tune(struct model_header *out, const struct model *base, const struct data *d,
    struct toxic *tox, const struct learn_conf *c)
{
	size_t i, n = (size_t)FEATURE_BUCKETS * TOXIC_LABELS;
	struct tuner *t = calloc(1, sizeof(*t));
	const char *why;
	int h, r = -1;

	if (t == NULL)
		return -1;
	memcpy(out, base->head, MODEL_SIZE);
	t->data = d;
	t->out = out;
	t->tox = tox;
	t->diff = calloc(n, sizeof(*t->diff));
	t->sum = calloc(n, sizeof(*t->sum));
	t->order = malloc((d->n + 1) * sizeof(*t->order));
	if (t->diff == NULL || t->sum == NULL || t->order == NULL ||
	    take_over(t) < 0)
		goto out;
	if (toxic_use(tox, out, MODEL_SIZE, &why) < 0) {
		errno = EBADMSG;
		goto out;
	}
	t->random = c->seed * UINT64_C(0x9e3779b97f4a7c15) +
		    UINT64_C(88172645463325252);
	for (h = 0; h < TOXIC_LABELS; h++)
		t->border[h] = border_of(out, h);
	for (i = 0; i < d->n; i++)
		t->order[i] = (uint32_t)i;
	run(t, c);
	add_up(t);
	r = 0;
out:
	free(t->diff);
	free(t->sum);
	free(t->order);
	free(t);
	return r;
}
