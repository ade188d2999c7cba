/*
 * hist: see hist.h. A value's bucket is its exponent and the 8 bits behind
 * its leading one: adding is a count of leading zeros, a shift and an
 * increment, and what is touched stays small because latencies lie together.
 */
#include "hist.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "banned.h"

#define BITS 8
#define PART (1 << BITS) /* buckets in a power of two */
/* exponents 0 to 62 of a positive int64_t; the first BITS + 1 share a row */
#define BUCKETS ((size_t)(63 - BITS + 1) * PART)

int
hist_init(struct hist *h)
{
	*h = (struct hist){ .count = calloc(BUCKETS, sizeof *h->count) };
	return h->count ? 0 : -1;
}

void
hist_release(struct hist *h)
{
	free(h->count);
	*h = (struct hist){ 0 };
}

static size_t
bucket_of(int64_t value)
{
	int exponent;

	if (value < PART)
		return value < 0 ? 0 : (size_t)value;
	exponent = 63 - __builtin_clzll((unsigned long long)value);
	return (size_t)(exponent - BITS + 1) * PART +
	       ((size_t)(value >> (exponent - BITS)) & (PART - 1));
}

/* The largest value of a bucket. */
static int64_t
edge_of(size_t bucket)
{
	size_t row = bucket / PART;
	uint64_t low;

	if (row == 0)
		return (int64_t)bucket;
	low = (uint64_t)(PART + bucket % PART) << (row - 1);
	return (int64_t)(low + ((UINT64_C(1) << (row - 1)) - 1));
}

void
hist_add(struct hist *h, int64_t value)
{
	if (value < 0)
		value = 0;
	h->count[bucket_of(value)]++;
	h->sum += (double)value;
	if (h->n == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
}

int64_t
hist_percentile(const struct hist *h, double q)
{
	uint64_t want, seen = 0;
	size_t i;

	if (h->n == 0)
		return 0;
	want = q > 0 ? (uint64_t)ceil(q * (double)h->n) : 1;
	if (want < 1)
		want = 1;
	if (want >= h->n)
		return h->max;
	for (i = 0; i < BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= want)
			break;
	}
	return edge_of(i) < h->max ? edge_of(i) : h->max;
}

double
hist_mean(const struct hist *h)
{
	return h->n > 0 ? h->sum / (double)h->n : 0;
}

uint64_t
hist_upto(const struct hist *h, int64_t value)
{
	uint64_t seen = 0;
	size_t i, last;

	if (value < 0)
		return 0;
	if (value >= h->max)
		return h->n;
	last = bucket_of(value);
	for (i = 0; i <= last; i++)
		seen += h->count[i];
	return seen;
}
