/*
 * pack: weights as a model. Calibration asks how rare a raw value is among
 * harmless chat lines of the rows held back: a score says how seldom such a
 * line gets that much, which is what a threshold is chosen by, and means the
 * same whatever the model was trained on.
 */
#include "train.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define CLIP 8       /* standard deviations: what lies beyond is cut */
#define ENOUGH 200   /* harmless chat rows to calibrate by */
#define ONE_IN 10    /* of all rows tell how high a raw value can be */
#define STEP 1e-4F   /* at least so far apart are two knots */
#define SURE_SHARE 3 /* of what may be flagged the model gets a third */

/* The share of harmless lines above, and the score there. */
static const struct {
	double share;
	float score;
} knots[] = {
	{ 0.75, 0.02F },
	{ 0.50, 0.05F },
	{ 0.30, 0.10F },
	{ 0.20, 0.17F },
	{ 0.10, 0.28F },
	{ 0.05, 0.40F },
	{ 0.03, 0.52F },
	{ 0.02, 0.60F },
	{ 0.015, 0.69F },
	{ 0.01, 0.80F },
	{ 0.005, 0.87F },
	{ 0.002, 0.92F },
	{ 0.001, 0.95F },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * How much of the raw value of toxicity, that of long texts, a head's own gets
 * on top: there are many more examples of it than of the others, and what is
 * toxic is more likely any kind of it. Chosen on the rows held back.
 */
static const float lean[MODEL_HEADS] = { 0, 2, 0.5F, 2, 1, 0.25F };

/*
 * How long a text is, in features, 2^k - 1, and how much of its toxicity the
 * head of long texts says: a line of chat has some forty to a hundred.
 */
static const float share[MODEL_LENGTHS] = { 0, 0, 0, 0, 0, 0, 0, 0.25F, 0.75F,
	1, 1, 1, 1, 1, 1, 1 };

/* One lane of all buckets, as the model has it. */
static void
merge_lane(const struct weights *from, int lane, float *out)
{
	const float *p = from->plain, *d = from->deep;
	size_t i;

	for (i = 0; i < FEATURE_BUCKETS; i++) {
		if (lane >= MODEL_HEADS)
			out[i] = d[lane];
		else
			out[i] = (p[lane] + d[lane] +
				     lean[lane] *
					 (p[MODEL_LONG] + d[MODEL_LONG])) /
				 2;
		p += TRAIN_PLAIN;
		d += TRAIN_DEEP;
	}
}

static float
lane_scale(const float *w)
{
	double squares = 0, clip;
	float most = 0, v;
	size_t i, n = 0;

	for (i = 0; i < FEATURE_BUCKETS; i++) {
		v = fabsf(w[i]);
		squares += (double)v * v;
		n += v != 0;
		if (v > most)
			most = v;
	}
	clip = n > 0 ? CLIP * sqrt(squares / (double)n) : 0;
	if (clip > most)
		clip = most;
	return clip > 0 ? (float)(clip / INT8_MAX) : 1;
}

static void
pack_lane(const float *w, float scale, int8_t *to)
{
	float v;
	size_t i;

	for (i = 0; i < FEATURE_BUCKETS; i++) {
		v = w[i] / scale;
		v = v > INT8_MAX ? INT8_MAX : v;
		v = v < -INT8_MAX ? -INT8_MAX : v;
		to[i * MODEL_LANES] = (int8_t)(v + (v < 0 ? -0.5F : 0.5F));
	}
}

static void
pack_top(const struct weights *from, struct model_header *out)
{
	float bias[MODEL_HEADS];
	int h, k;

	memcpy(out->shift, from->shift, sizeof(out->shift));
	memcpy(out->share, share, sizeof(out->share));
	for (h = 0; h < MODEL_HEADS; h++)
		for (k = 0; k < MODEL_HIDDEN; k++)
			out->mix[h][k] = (from->mix[h][k] +
					     lean[h] *
						 from->mix[MODEL_LONG][k]) /
					 2;
	for (k = 0; k < MODEL_LENGTHS; k++) {
		for (h = 0; h < MODEL_HEADS; h++)
			bias[h] = (from->plain_bias[h][k] +
				      from->deep_bias[h][k]) /
				  2;
		for (h = 0; h < MODEL_HEADS; h++)
			out->bias[h][k] = bias[h] + lean[h] * bias[MODEL_LONG];
	}
	for (h = 0; h < TOXIC_LABELS; h++)
		for (k = 0; k < MODEL_KNOTS; k++) {
			out->raw[h][k] = (float)k;
			out->score[h][k] = (float)k / (MODEL_KNOTS - 1);
		}
}

int
pack(const struct weights *from, struct model_header *out)
{
	float *w = malloc(FEATURE_BUCKETS * sizeof(*w));
	size_t i;
	int l;

	if (w == NULL)
		return -1;
	memset(out, 0, MODEL_SIZE);
	memcpy(out->magic, MODEL_MAGIC, sizeof(out->magic));
	out->version = MODEL_VERSION;
	out->scheme = FEATURE_SCHEME;
	out->heads = MODEL_HEADS;
	out->hidden = MODEL_HIDDEN;
	out->buckets = FEATURE_BUCKETS;
	out->knots = MODEL_KNOTS;
	out->lengths = MODEL_LENGTHS;
	out->size = (uint32_t)MODEL_SIZE;
	pack_top(from, out);
	for (l = 0; l < MODEL_TAG; l++) {
		merge_lane(from, l, w);
		out->scale[l] = lane_scale(w);
		pack_lane(w, out->scale[l], (int8_t *)(out + 1) + l);
	}
	for (i = 0; i < FEATURE_BUCKETS; i++)
		((uint8_t *)(out +
			     1))[i * MODEL_LANES + MODEL_TAG] = from->tag[i];
	out->sum = model_sum(out, MODEL_SIZE);
	free(w);
	return 0;
}

struct sample {
	float raw[TOXIC_LABELS];
	bool sure; /* flagged whatever the raw value is */
};

/* Harmless rows by which a model may be calibrated; strict: chat, held. */
static bool
is_harmless(const struct row *r, bool strict)
{
	return r->y[TOXIC_TOXICITY] == 0 && !r->made &&
	       (!strict || (r->chat && r->held));
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x < y) - (x > y);
}

/*
 * The raw values that decide whether a score is reached, falling; v has room
 * for n. Up to TOXIC_LEXICON_SURE what is flagged in any case is left out,
 * which is counted in *sure.
 */
static size_t
deciding(const struct sample *s, size_t n, int h, float score, float *v,
    size_t *sure)
{
	size_t i, k = 0;

	*sure = 0;
	for (i = 0; i < n; i++) {
		if (h == TOXIC_TOXICITY && s[i].sure &&
		    score <= TOXIC_LEXICON_SURE)
			++*sure;
		else
			v[k++] = s[i].raw[h];
	}
	qsort(v, k, sizeof(*v), compare);
	return k;
}

static void
set_knots(struct model_header *m, int h, const struct sample *s, size_t n,
    float most, float *v)
{
	float *x = m->raw[h], *y = m->score[h];
	size_t i, sure, at, rest, k = 0;
	double want, least;

	rest = deciding(s, n, h, 0, v, &sure);
	x[k] = (rest > 0 ? v[rest - 1] : 0) - 1;
	y[k++] = 0;
	for (i = 0; i < COUNT(knots); i++) {
		rest = deciding(s, n, h, knots[i].score, v, &sure);
		want = knots[i].share * (double)n;
		least = want / SURE_SHARE;
		want -= (double)sure;
		at = (size_t)(want < least ? least : want);
		x[k] = rest == 0 ? 0 : v[at < rest ? at : rest - 1];
		y[k++] = knots[i].score;
	}
	x[k] = most;
	y[k++] = 0.999F;
	x[k] = most + (most - x[0]) / 2;
	y[k] = 1;
	for (k = 1; k < MODEL_KNOTS; k++)
		if (x[k] < x[k - 1] + STEP)
			x[k] = x[k - 1] + STEP;
}

int
calibrate(struct model_header *m, const struct data *d, struct toxic *tox)
{
	struct sample *s = calloc(d->n + 1, sizeof(*s));
	float *v = calloc(d->n + 1, sizeof(*v)), most[TOXIC_LABELS];
	struct toxic_result res;
	struct toxic_sight sight;
	size_t i, n = 0, strict = 0;
	const char *why, *text;
	int h, r = -1;

	if (s == NULL || v == NULL || toxic_use(tox, m, MODEL_SIZE, &why) < 0)
		goto out;
	for (h = 0; h < TOXIC_LABELS; h++)
		most[h] = -FLT_MAX;
	for (i = 0; i < d->n; i++)
		strict += is_harmless(&d->row[i], true);
	for (i = 0; i < d->n; i++) {
		if (strict >= ENOUGH && !d->row[i].held && i % ONE_IN != 0)
			continue;
		text = data_text(d, &d->row[i]);
		toxic_score(tox, text, d->row[i].len, &res);
		toxic_raw(tox, s[n].raw);
		if (!(s[n].raw[TOXIC_TOXICITY] > -FLT_MAX))
			continue; /* nothing in it */
		for (h = 0; h < TOXIC_LABELS; h++)
			if (s[n].raw[h] > most[h])
				most[h] = s[n].raw[h];
		if (!is_harmless(&d->row[i], strict >= ENOUGH))
			continue;
		toxic_look(tox, text, d->row[i].len, &sight);
		s[n++].sure = sight.sure;
	}
	for (h = 0; h < TOXIC_LABELS; h++)
		set_knots(m, h, s, n, most[h] > -FLT_MAX ? most[h] : 0, v);
	m->sum = model_sum(m, MODEL_SIZE);
	r = toxic_use(tox, m, MODEL_SIZE, &why);
out:
	free(s);
	free(v);
	return r;
}
