/*
 * vocab: see train.h. All features there are, each with what it is worth, in a
 * table of open addressing that doubles; of those that fall on one bucket the
 * best gets it. Worth is how often a feature stands, times how much more often
 * than by chance (a chi-squared of the overall label, a source's own share of
 * toxic rows taken as given): common ones matter without a preference of their
 * own, and what tells classes apart matters without being common.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

#include "banned.h"

#define FIRST_SIZE ((size_t)1 << 16)
#define SIZE_MAX_BITS 28
#define SPREAD UINT32_C(0x9e3779b1)
#define DOUBT 0.5F        /* on top of a variance: what is rare is unsure */
#define COMMON_ONLY 1e-3F /* chi-squared that all have */

struct entry {
	uint32_t feature;
	uint32_t count; /* 0: free */
	float surprise, variance;
};

struct vocab {
	struct entry *entry;
	size_t n, size; /* size: a power of two */
};

struct vocab *
vocab_new(void)
{
	struct vocab *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	v->size = FIRST_SIZE;
	v->entry = calloc(v->size, sizeof(*v->entry));
	if (v->entry == NULL) {
		free(v);
		return NULL;
	}
	return v;
}

void
vocab_free(struct vocab *v)
{
	if (v == NULL)
		return;
	free(v->entry);
	free(v);
}

/* Where the feature is, or would be. */
static struct entry *
find(const struct vocab *v, uint32_t feature)
{
	uint32_t h = feature * SPREAD;
	size_t i = (h ^ h >> 15) & (v->size - 1);

	while (v->entry[i].count != 0 && v->entry[i].feature != feature)
		i = (i + 1) & (v->size - 1);
	return &v->entry[i];
}

static int
grow(struct vocab *v)
{
	struct vocab twice = { .n = v->n, .size = 2 * v->size };
	size_t i;

	if (twice.size >> SIZE_MAX_BITS != 0) {
		errno = ENOMEM;
		return -1;
	}
	twice.entry = calloc(twice.size, sizeof(*twice.entry));
	if (twice.entry == NULL)
		return -1;
	for (i = 0; i < v->size; i++)
		if (v->entry[i].count != 0)
			*find(&twice, v->entry[i].feature) = v->entry[i];
	free(v->entry);
	*v = twice;
	return 0;
}

int
vocab_add(struct vocab *v, const uint32_t *feature, size_t n, float surprise,
    float variance)
{
	struct entry *e;
	size_t i;

	for (i = 0; i < n; i++) {
		if (v->n >= v->size / 4 * 3 && grow(v) < 0)
			return -1;
		e = find(v, feature[i]);
		if (e->count == 0) {
			e->feature = feature[i];
			v->n++;
		}
		e->count++;
		e->surprise += surprise;
		e->variance += variance;
	}
	return 0;
}

static float
worth(const struct entry *e)
{
	float chi = e->surprise * e->surprise / (e->variance + DOUBT);

	return (float)e->count * (chi + COMMON_ONLY);
}

int
vocab_choose(const struct vocab *v, uint8_t *tag)
{
	float *best = calloc(FEATURE_BUCKETS, sizeof(*best)), w;
	const struct entry *e;
	uint32_t b;

	if (best == NULL)
		return -1;
	memset(tag, 0, FEATURE_BUCKETS);
	for (e = v->entry; e < v->entry + v->size; e++) {
		if (e->count == 0)
			continue;
		b = feature_bucket(e->feature);
		w = worth(e);
		if (w > best[b]) {
			best[b] = w;
			tag[b] = feature_tag(e->feature);
		}
	}
	free(best);
	return 0;
}
