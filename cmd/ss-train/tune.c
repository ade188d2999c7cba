/*
 * tune: a model that exists, bent by some new rows. A few hundred decisions of
 * moderators are far too few to learn a language from, so what is learnt is a
 * difference to the weights there are, pulled back to nothing: what the new
 * rows don't speak of stays byte for byte as it was, and so do the biases, the
 * hidden units and the calibration. A row is right when it is on its side of
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
#define CAUTION 0.5F /* of squared gradients before the first row */
#define PULL 2e-3F   /* of a difference, a row that has the feature */

struct tuner {
	const struct data *data;
	const struct model *base;
	struct toxic *tox;
	float *diff, *sum; /* TOXIC_LABELS a bucket */
	float border[TOXIC_LABELS];
	uint32_t *order;
	uint64_t random;
	struct progress progress;
};

/* The raw value that a head gives the score BORDER for. */
static float
border_of(const struct model *m, int h)
{
	const float *x = m->head->raw[h], *y = m->head->score[h];
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

static void
update(
    struct tuner *t, const struct toxic_sight *s, int h, float g, float factor)
{
	float *diff, *sum, x;
	size_t i, at;

	for (i = 0; i < s->nfeatures; i++) {
		at = (size_t)s->feature[i] * TOXIC_LABELS + (size_t)h;
		diff = &t->diff[at];
		sum = &t->sum[at];
		x = g * factor + PULL * *diff;
		*sum += x * x;
		*diff -= RATE * x / sqrtf(*sum + CAUTION * factor * factor);
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
	if (s.nfeatures == 0)
		return;
	factor = 1 / sqrtf((float)s.nfeatures);
	for (h = 0; h < TOXIC_LABELS; h++) {
		if (r->y[h] < 0)
			continue;
		for (z = 0, i = 0; i < s.nfeatures; i++)
			z += t->diff[(size_t)s.feature[i] * TOXIC_LABELS +
				     (size_t)h];
		g = learn_sigmoid(raw[h] + z * factor - t->border[h]) - r->y[h];
		progress_error(&t->progress, fabsf(g));
		if (fabsf(g) < ENOUGH)
			continue;
		update(t, &s, h, g, factor);
	}
}

/* The base and the difference, in the base's own steps. */
static void
add_up(const struct tuner *t, struct model_header *out)
{
	int8_t *w = (int8_t *)(out + 1);
	const float *diff = t->diff;
	float v;
	size_t i;
	int h;

	memcpy(out, t->base->head, MODEL_SIZE);
	for (i = 0; i < FEATURE_BUCKETS; i++, w += MODEL_LANES)
		for (h = 0; h < TOXIC_LABELS; h++) {
			v = *diff++ / out->scale[h];
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
	struct tuner t = { .data = d, .base = base, .tox = tox };
	const char *why;
	int h, r = -1;

	if (toxic_use(tox, base->head, MODEL_SIZE, &why) < 0) {
		errno = EBADMSG;
		return -1;
	}
	t.diff = calloc(n, sizeof(*t.diff));
	t.sum = calloc(n, sizeof(*t.sum));
	t.order = malloc((d->n + 1) * sizeof(*t.order));
	if (t.diff == NULL || t.sum == NULL || t.order == NULL)
		goto out;
	t.random = c->seed * UINT64_C(0x9e3779b97f4a7c15) +
		   UINT64_C(88172645463325252);
	for (h = 0; h < TOXIC_LABELS; h++)
		t.border[h] = border_of(base, h);
	for (i = 0; i < d->n; i++)
		t.order[i] = (uint32_t)i;
	run(&t, c);
	add_up(&t, out);
	r = 0;
out:
	free(t.diff);
	free(t.sum);
	free(t.order);
	return r;
}
