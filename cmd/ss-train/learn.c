/*
 * learn: logistic regression on hashed features, one head a label, by
 * AdaGrad. A bias a source soaks up how freely that source's annotators say
 * "toxic"; it takes part in training only. Arithmetic is exact or our own
 * (no libm), so that a seed gives the same bytes on every machine.
 */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define RATE 0.1F
#define RATE_FALL 0.8F /* how much of it is gone after the last epoch */
#define RATE_BIAS 0.3F /* of the rate, for the bias that is kept */
#define DECAY 1e-7F
#define CHAT_WEIGHT 2.0F
#define TEXT_BYTES 1200 /* read of one text */
#define LN2 0.693147180559945309417

struct learner {
	const struct data *data;
	struct toxic *tox;
	struct weights *out;
	float *sum; /* of squared gradients, as out->w */
	float bias_sum[TOXIC_LABELS];
	float source[TRAIN_SOURCES][TOXIC_LABELS];
	float source_sum[TRAIN_SOURCES][TOXIC_LABELS];
	uint32_t *order;
	size_t n;
	uint64_t random;
	struct progress progress;
};

float
learn_sigmoid(float z)
{
	double x = z > 30 ? 30 : z < -30 ? -30 : z, r, e = 1;
	int k = (int)(x / LN2 + (x < 0 ? -0.5 : 0.5)), i;

	r = x - k * LN2;
	for (i = 12; i > 0; i--)
		e = 1 + r * e / i;
	e = ldexp(e, k);
	return (float)(e / (1 + e));
}

static uint64_t
next_random(struct learner *l)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random;
}

static void
shuffle(struct learner *l)
{
	size_t i, j;
	uint32_t t;

	for (i = l->n; i > 1; i--) {
		j = (size_t)(next_random(l) % i);
		t = l->order[i - 1];
		l->order[i - 1] = l->order[j];
		l->order[j] = t;
	}
}

/* The gradients of a row's heads; false: it has no label. */
static bool
gradients(struct learner *l, const struct row *r, const float z[TRAIN_LANES],
    float factor, float g[TRAIN_LANES])
{
	float weight = r->chat ? CHAT_WEIGHT : 1;
	const float *source = l->source[r->source], *bias = l->out->bias;
	bool any = false;
	int h;

	for (h = 0; h < TRAIN_LANES; h++)
		g[h] = 0;
	for (h = 0; h < TOXIC_LABELS; h++) {
		if (r->y[h] < 0)
			continue;
		g[h] = learn_sigmoid(z[h] * factor + bias[h] + source[h]) -
		       r->y[h];
		progress_error(&l->progress, fabsf(g[h]));
		g[h] *= weight;
		any = true;
	}
	return any;
}

static void
update_biases(
    struct learner *l, const struct row *r, const float *g, float rate)
{
	float *sum = l->source_sum[r->source];
	int h;

	for (h = 0; h < TOXIC_LABELS; h++) {
		if (r->y[h] < 0)
			continue;
		l->bias_sum[h] += g[h] * g[h];
		l->out->bias[h] -= rate * RATE_BIAS * g[h] /
				   sqrtf(l->bias_sum[h]);
		sum[h] += g[h] * g[h];
		l->source[r->source][h] -= RATE_BIAS * g[h] /
					   sqrtf(sum[h] + 1e-2F);
	}
}

static void
update(struct learner *l, const struct toxic_sight *s,
    const float g[TRAIN_LANES], float factor, float rate)
{
	float *w, *sum, x;
	size_t i;
	int h;

	for (i = 0; i < s->nfeatures; i++) {
		w = l->out->w + (size_t)s->feature[i] * TRAIN_LANES;
		sum = l->sum + (size_t)s->feature[i] * TRAIN_LANES;
		for (h = 0; h < TOXIC_LABELS; h++) {
			if (g[h] == 0)
				continue;
			x = g[h] * factor + DECAY * w[h];
			sum[h] += x * x;
			w[h] -= rate * x / (sqrtf(sum[h]) + 1e-3F);
		}
	}
}

/* At most so many bytes of a text, whole characters. */
size_t
learn_head_of(const char *s, size_t n)
{
	if (n <= TEXT_BYTES)
		return n;
	for (n = TEXT_BYTES; ((unsigned char)s[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

static void
learn_row(struct learner *l, const struct row *r, float rate)
{
	const char *text = data_text(l->data, r);
	struct toxic_sight s;
	float z[TRAIN_LANES] = { 0 }, g[TRAIN_LANES], factor;
	const float *w;
	size_t i;
	int h;

	toxic_look(l->tox, text, learn_head_of(text, r->len), &s);
	if (s.nfeatures == 0)
		return;
	for (i = 0; i < s.nfeatures; i++) {
		w = l->out->w + (size_t)s.feature[i] * TRAIN_LANES;
		for (h = 0; h < TRAIN_LANES; h++)
			z[h] += w[h];
	}
	factor = 1 / sqrtf((float)s.nfeatures);
	if (!gradients(l, r, z, factor, g))
		return;
	update_biases(l, r, g, rate);
	update(l, &s, g, factor, rate);
}

static void
run(struct learner *l, const struct learn_conf *c)
{
	float rate;
	int64_t e;
	size_t i;

	progress_start(&l->progress, c->progress, c->epochs, l->n);
	for (e = 0; e < c->epochs; e++) {
		rate = RATE * (1 - RATE_FALL * (float)e / (float)c->epochs);
		shuffle(l);
		for (i = 0; i < l->n; i++) {
			learn_row(l, &l->data->row[l->order[i]], rate);
			progress_row(&l->progress, i + 1);
		}
		progress_epoch(&l->progress);
	}
}

int
learn(struct weights *out, const struct data *d, struct toxic *tox,
    const struct learn_conf *c)
{
	struct learner *l = calloc(1, sizeof(*l));
	size_t i, n = (size_t)FEATURE_BUCKETS * TRAIN_LANES;
	int r = -1, h;

	memset(out, 0, sizeof(*out));
	out->w = calloc(n, sizeof(*out->w));
	if (l == NULL || out->w == NULL)
		goto out;
	l->sum = calloc(n, sizeof(*l->sum));
	l->order = malloc((d->n + 1) * sizeof(*l->order));
	if (l->sum == NULL || l->order == NULL)
		goto out;
	l->data = d;
	l->tox = tox;
	l->out = out;
	l->random = c->seed * UINT64_C(0x9e3779b97f4a7c15) +
		    UINT64_C(88172645463325252);
	for (h = 0; h < TOXIC_LABELS; h++)
		l->bias_sum[h] = 1e-3F;
	for (i = 0; i < d->n; i++)
		if (!d->row[i].held)
			l->order[l->n++] = (uint32_t)i;
	run(l, c);
	r = 0;
out:
	if (l != NULL) {
		free(l->sum);
		free(l->order);
	}
	free(l);
	return r;
}

void
weights_release(struct weights *w)
{
	free(w->w);
	memset(w, 0, sizeof(*w));
}
