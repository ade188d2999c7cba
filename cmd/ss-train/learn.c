/*
 * learn: two models at once, by AdaGrad, which the packer puts into one. The
 * plain one is logistic regression on hashed features, a head a label. The
 * deep one has a few hidden units beside its linear part, which all heads
 * share, and sees a part of the features at a time; the two err differently,
 * so their mean is better than either. Toxicity is learnt twice in each, mostly
 * from chat and mostly from the rest, and a text's length decides which counts;
 * a bias of the length makes up for what a head's sum says of long and of short
 * texts. A bias a source soaks up how freely that source's annotators say
 * "toxic"; it takes part in training only. Some rows are learnt in a disguise,
 * too, another one in each epoch. Arithmetic is exact or our own (no libm), so
 * that a seed gives the same bytes on every machine.
 */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disguise.h"

#include "banned.h"

#define RATE 0.1F
#define RATE_FALL 0.8F   /* how much of it is gone after the last epoch */
#define RATE_BIAS 0.3F   /* of the rate, for biases that are kept */
#define RATE_TOP 0.5F    /* of the rate, for what stands behind hidden units */
#define RATE_LENGTH 0.3F /* of the rate, for what a text's length says */
#define DECAY 1e-5F
#define DECAY_TOP 1e-6F
#define DECAY_LENGTH 1e-4F
#define TEXT_BYTES 1200 /* read of one text */
#define DROP_IN_TEN 3   /* features the deep model doesn't see */
#define FIRST_SPREAD 0.1F
#define FIRST_SPREAD_TOP 0.25F
#define LN2 0.693147180559945309417
/* Of a hundred rows of at most so many bytes so many are disguised, too. */
#define COPY_PERCENT 35
#define COPY_BYTES 250

/*
 * The disguises that are learnt, as often as they are hard to see through.
 * Capitals, accents and what can't be seen are gone before the features.
 */
static const enum disguise copies[] = {
	DISGUISE_LEET,
	DISGUISE_LEET,
	DISGUISE_SPACED,
	DISGUISE_SPACED,
	DISGUISE_SPACED,
	DISGUISE_DOTTED,
	DISGUISE_HYPHENS,
	DISGUISE_MASKED,
	DISGUISE_MASKED,
	DISGUISE_MASKED,
	DISGUISE_MASKED,
	DISGUISE_STRETCHED,
	DISGUISE_STRETCHED,
	DISGUISE_LOOKS,
	DISGUISE_SWAPPED,
	DISGUISE_SWAPPED,
	DISGUISE_SWAPPED,
	DISGUISE_SWAPPED,
};
#define COPIES (sizeof(copies) / sizeof(copies[0]))

/* What a row weighs with toxicity, with that of long texts, with the rest. */
struct worth {
	float toxicity, long_texts, rest;
};
static const struct worth prose = { 1, 2, 1 };
static const struct worth chat = { 8, 1, 3 };
static const struct worth made_harmless = { 3, 3, 3 };
static const struct worth made_toxic = { 8, 3, 3 };

/* Biases of one of the models, with their sums of squared gradients. */
struct biases {
	float kept[MODEL_HEADS], kept_sum[MODEL_HEADS];
	float length[MODEL_HEADS][MODEL_LENGTHS];
	float length_sum[MODEL_HEADS][MODEL_LENGTHS];
	float source[TRAIN_SOURCES][MODEL_HEADS];
	float source_sum[TRAIN_SOURCES][MODEL_HEADS];
};

/* A row as it is learnt from. */
struct sample {
	const struct row *row;
	const uint32_t *at;
	size_t n;
	float factor;
};

struct learner {
	const struct data *data;
	struct toxic *tox;
	struct weights *out;
	float *plain_sum, *deep_sum; /* of squared gradients */
	float mix_sum[MODEL_HEADS][MODEL_HIDDEN], shift_sum[MODEL_HIDDEN];
	struct biases plain, deep;
	struct buf copy;
	uint32_t *order;
	size_t n;
	float rate;
	struct vocab *vocab;          /* being counted; NULL: it is chosen */
	float share[TRAIN_SOURCES];   /* of a source's rows that are toxic */
	uint32_t known[FEATURES_MAX]; /* features with a bucket: its number */
	uint32_t kept[FEATURES_MAX];  /* of these what the deep model sees */
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

/* From -most to most. */
static float
any_of(struct learner *l, float most)
{
	return ((float)(next_random(l) >> 40) / 8388608.0F - 1) * most;
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

/* z: the sums of n buckets' weights, lanes floats each. */
static void
add_up(const float *w, size_t lanes, const struct sample *s, float *z)
{
	const float *from;
	size_t i, k;

	for (k = 0; k < lanes; k++)
		z[k] = 0;
	for (i = 0; i < s->n; i++) {
		from = w + s->at[i] * lanes;
		for (k = 0; k < lanes; k++)
			z[k] += from[k];
	}
	for (k = 0; k < lanes; k++)
		z[k] *= s->factor;
}

static float
worth_of(const struct row *r, int head)
{
	const struct worth *w = r->chat ? &chat : &prose;

	if (r->made)
		w = r->y[TOXIC_TOXICITY] > 0 ? &made_toxic : &made_harmless;
	if (head == TOXIC_TOXICITY)
		return w->toxicity;
	return head == MODEL_LONG ? w->long_texts : w->rest;
}

/* Two knots share the gradient of the bias between them. */
static void
update_length(float bias[2], float sum[2], float part, float g, float rate)
{
	float x;
	int k;

	for (k = 0; k < 2; k++) {
		x = g * (k == 0 ? 1 - part : part) + DECAY_LENGTH * bias[k];
		sum[k] += x * x;
		bias[k] -= rate * x / (sqrtf(sum[k]) + 1e-3F);
	}
}

/*
 * The gradients of a row's heads from their values without biases, which are
 * moved on the way; false: it has no label.
 */
static bool
gradients(struct learner *l, struct biases *b, const struct sample *s,
    const float *z, float *g)
{
	const struct row *r = s->row;
	float *source = b->source[r->source], *sum = b->source_sum[r->source];
	float part, *length;
	int at = model_length(s->n, &part), h, y;
	bool any = false;

	for (h = 0; h < MODEL_HEADS; h++) {
		g[h] = 0;
		y = (int)r->y[h == MODEL_LONG ? TOXIC_TOXICITY : h];
		if (y < 0)
			continue;
		any = true;
		length = &b->length[h][at];
		g[h] = z[h] + b->kept[h] + source[h] + length[0] +
		       part * (length[1] - length[0]);
		g[h] = learn_sigmoid(g[h]) - (float)y;
		if (h == TOXIC_TOXICITY)
			progress_error(&l->progress, fabsf(g[h]));
		g[h] *= worth_of(r, h);
		b->kept_sum[h] += g[h] * g[h];
		b->kept[h] -= l->rate * RATE_BIAS * g[h] /
			      sqrtf(b->kept_sum[h]);
		sum[h] += g[h] * g[h];
		source[h] -= RATE_BIAS * g[h] / sqrtf(sum[h] + 1e-2F);
		update_length(length, &b->length_sum[h][at], part, g[h],
		    l->rate * RATE_LENGTH);
	}
	return any;
}

/* What has no gradient (no label, a unit at rest) stays as it is. */
static void
update(float *w, float *sums, size_t lanes, const struct sample *s,
    const float *g, float rate)
{
	float *to, *sum, x, on[TRAIN_DEEP];
	size_t i, k;

	for (k = 0; k < lanes; k++)
		on[k] = g[k] != 0 ? 1 : 0;
	for (i = 0; i < s->n; i++) {
		to = w + s->at[i] * lanes;
		sum = sums + s->at[i] * lanes;
		for (k = 0; k < lanes; k++) {
			x = on[k] * (g[k] * s->factor + DECAY * to[k]);
			sum[k] += x * x;
			to[k] -= rate * x / (sqrtf(sum[k]) + 1e-3F);
		}
	}
}

static void
learn_plain(struct learner *l, const struct sample *s)
{
	float z[TRAIN_PLAIN], g[TRAIN_PLAIN] = { 0 };

	add_up(l->out->plain, TRAIN_PLAIN, s, z);
	if (gradients(l, &l->plain, s, z, g))
		update(l->out->plain, l->plain_sum, TRAIN_PLAIN, s, g, l->rate);
}

/* What the hidden units give to the heads is learnt; g: units' gradients. */
static void
update_top(struct learner *l, const float *g, const float *hidden, float *back)
{
	float *mix, *sum, x, rate = l->rate * RATE_TOP;
	int h, k;

	for (k = 0; k < MODEL_HIDDEN; k++) {
		back[k] = 0;
		if (hidden[k] <= 0)
			continue;
		for (h = 0; h < MODEL_HEADS; h++)
			back[k] += g[h] * l->out->mix[h][k];
		for (h = 0; h < MODEL_HEADS; h++) {
			if (g[h] == 0)
				continue;
			mix = &l->out->mix[h][k];
			sum = &l->mix_sum[h][k];
			x = g[h] * hidden[k] + DECAY_TOP * *mix;
			*sum += x * x;
			*mix -= rate * x / (sqrtf(*sum) + 1e-3F);
		}
		l->shift_sum[k] += back[k] * back[k];
		l->out->shift[k] -= rate * RATE_BIAS * back[k] /
				    (sqrtf(l->shift_sum[k]) + 1e-3F);
	}
}

static void
learn_deep(struct learner *l, struct sample s)
{
	float z[TRAIN_DEEP], g[TRAIN_DEEP] = { 0 }, hidden[MODEL_HIDDEN];
	size_t i, n = 0;
	int h, k;

	for (i = 0; i < s.n; i++)
		if ((next_random(l) >> 33) % 10 >= DROP_IN_TEN)
			l->kept[n++] = s.at[i];
	if (n == 0)
		return;
	s.at = l->kept;
	s.n = n;
	s.factor = model_factor((float)n);
	add_up(l->out->deep, TRAIN_DEEP, &s, z);
	for (k = 0; k < MODEL_HIDDEN; k++) {
		hidden[k] = z[MODEL_HEADS + k] + l->out->shift[k];
		if (hidden[k] < 0)
			hidden[k] = 0;
		for (h = 0; h < MODEL_HEADS; h++)
			z[h] += l->out->mix[h][k] * hidden[k];
	}
	if (!gradients(l, &l->deep, &s, z, g))
		return;
	update_top(l, g, hidden, g + MODEL_HEADS);
	update(l->out->deep, l->deep_sum, TRAIN_DEEP, &s, g, l->rate);
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

/* What the row's features are worth as words of the vocabulary. */
static int
count(struct learner *l, const struct row *r, const struct toxic_sight *sight)
{
	float share = l->share[r->source], surprise = 0;
	int h;

	for (h = 0; h < TOXIC_LABELS && r->y[h] < 0; h++)
		;
	if (h == TOXIC_LABELS)
		return 0;
	if (r->y[TOXIC_TOXICITY] >= 0)
		surprise = r->y[TOXIC_TOXICITY] - share;
	return vocab_add(l->vocab, sight->feature, sight->nfeatures, surprise,
	    share * (1 - share));
}

static int
see_text(struct learner *l, const struct row *r, const char *text, size_t n)
{
	struct toxic_sight sight;
	struct sample s = { .row = r, .at = l->known };
	uint32_t bucket;
	size_t i;

	toxic_look(l->tox, text, learn_head_of(text, n), &sight);
	if (l->vocab != NULL)
		return count(l, r, &sight);
	for (i = 0; i < sight.nfeatures; i++) {
		bucket = feature_bucket(sight.feature[i]);
		if (l->out->tag[bucket] == feature_tag(sight.feature[i]))
			l->known[s.n++] = bucket;
	}
	if (s.n == 0)
		return 0;
	s.factor = model_factor((float)s.n);
	learn_plain(l, &s);
	learn_deep(l, s);
	return 0;
}

static int
see_row(struct learner *l, const struct row *r)
{
	const char *text = data_text(l->data, r);
	uint64_t chance = next_random(l), seed = next_random(l);
	int got;

	if (see_text(l, r, text, r->len) < 0)
		return -1;
	if (r->len > COPY_BYTES || (chance >> 40) % 100 >= COPY_PERCENT)
		return 0;
	got = disguise_text(text, r->len, copies[(chance >> 20) % COPIES],
	    (chance & 1) != 0, seed, &l->copy);
	if (got <= 0)
		return got;
	return see_text(l, r, l->copy.p, l->copy.len);
}

/* Which features there are, and which of them get a bucket. */
static int
choose(struct learner *l)
{
	size_t rows[TRAIN_SOURCES] = { 0 }, toxic[TRAIN_SOURCES] = { 0 }, i;
	const struct row *r;
	int s, err = 0;

	for (i = 0; i < l->n; i++) {
		r = &l->data->row[l->order[i]];
		rows[r->source] += r->y[TOXIC_TOXICITY] >= 0;
		toxic[r->source] += r->y[TOXIC_TOXICITY] > 0;
	}
	for (s = 0; s < TRAIN_SOURCES; s++)
		l->share[s] = rows[s] > 0 ? (float)toxic[s] / (float)rows[s]
					  : 0.5F;
	l->vocab = vocab_new();
	if (l->vocab == NULL)
		return -1;
	for (i = 0; i < l->n && err == 0; i++)
		err = see_row(l, &l->data->row[l->order[i]]);
	if (err == 0)
		err = vocab_choose(l->vocab, l->out->tag);
	vocab_free(l->vocab);
	l->vocab = NULL;
	return err;
}

static int
run(struct learner *l, const struct learn_conf *c)
{
	int64_t e;
	size_t i;

	progress_start(&l->progress, c->progress, c->epochs, l->n);
	for (e = 0; e < c->epochs; e++) {
		l->rate = RATE * (1 - RATE_FALL * (float)e / (float)c->epochs);
		shuffle(l);
		for (i = 0; i < l->n; i++) {
			if (see_row(l, &l->data->row[l->order[i]]) < 0)
				return -1;
			progress_row(&l->progress, i + 1);
		}
		progress_epoch(&l->progress);
	}
	return 0;
}

/* Small values of either sign, so that the hidden units differ. */
static void
begin(struct learner *l)
{
	float *w = l->out->deep;
	size_t i;
	int h, k;

	for (i = 0; i < FEATURE_BUCKETS; i++, w += TRAIN_DEEP)
		for (k = 0; k < MODEL_HIDDEN; k++)
			w[MODEL_HEADS + k] = any_of(l, FIRST_SPREAD);
	for (h = 0; h < MODEL_HEADS; h++) {
		for (k = 0; k < MODEL_HIDDEN; k++)
			l->out->mix[h][k] = any_of(l, FIRST_SPREAD_TOP);
		l->plain.kept_sum[h] = l->deep.kept_sum[h] = 1e-3F;
	}
}

static int
make_room(struct learner *l, size_t rows)
{
	const size_t n = FEATURE_BUCKETS;

	l->out->tag = calloc(n, 1);
	l->out->plain = calloc(n * TRAIN_PLAIN, sizeof(float));
	l->out->deep = calloc(n * TRAIN_DEEP, sizeof(float));
	l->plain_sum = calloc(n * TRAIN_PLAIN, sizeof(float));
	l->deep_sum = calloc(n * TRAIN_DEEP, sizeof(float));
	l->order = malloc((rows + 1) * sizeof(*l->order));
	return l->out->tag != NULL && l->out->plain != NULL &&
		       l->out->deep != NULL && l->plain_sum != NULL &&
		       l->deep_sum != NULL && l->order != NULL
		   ? 0
		   : -1;
}

int
learn(struct weights *out, const struct data *d, struct toxic *tox,
    const struct learn_conf *c)
{
	struct learner *l = calloc(1, sizeof(*l));
	size_t i;
	int r = -1, h, k;

	memset(out, 0, sizeof(*out));
	if (l == NULL)
		return -1;
	l->data = d;
	l->tox = tox;
	l->out = out;
	l->random = c->seed * UINT64_C(0x9e3779b97f4a7c15) +
		    UINT64_C(88172645463325252);
	buf_init(&l->copy, (size_t)64 * COPY_BYTES);
	if (make_room(l, d->n) < 0)
		goto out;
	begin(l);
	for (i = 0; i < d->n; i++)
		if (!d->row[i].held)
			l->order[l->n++] = (uint32_t)i;
	if (choose(l) < 0)
		goto out;
	r = run(l, c);
	for (h = 0; h < MODEL_HEADS; h++)
		for (k = 0; k < MODEL_LENGTHS; k++) {
			out->plain_bias[h][k] = l->plain.kept[h] +
						l->plain.length[h][k];
			out->deep_bias[h][k] = l->deep.kept[h] +
					       l->deep.length[h][k];
		}
out:
	free(l->plain_sum);
	free(l->deep_sum);
	free(l->order);
	buf_release(&l->copy);
	free(l);
	return r;
}

void
weights_release(struct weights *w)
{
	free(w->tag);
	free(w->plain);
	free(w->deep);
	memset(w, 0, sizeof(*w));
}
