/*
 * hist: how often which value was seen, in buckets whose width grows with the
 * value, as HdrHistogram (hdrhistogram.org) has them. Each power of two is cut
 * into 256 buckets, so what a percentile says is never below the true value
 * and at most 1/256 (0.4 %) above it; values below 256 are exact.
 */
#ifndef SS_HIST_H
#define SS_HIST_H

#include <stdint.h>

struct hist {
	uint64_t n;       /* values added */
	int64_t min, max; /* exact; 0 while there are none */
	double sum;
	uint64_t *count; /* one per bucket */
};

/* Allocates 115 kB. 0, or -1 with errno ENOMEM. */
int hist_init(struct hist *);
/* Frees. A zeroed one is accepted. */
void hist_release(struct hist *);
/* Adds a value; a negative one counts as 0. */
void hist_add(struct hist *, int64_t value);
/*
 * The value that the share q (0 to 1) of all values don't exceed: the upper
 * edge of its bucket, at most max. 0 when there are no values.
 */
int64_t hist_percentile(const struct hist *, double q);
/* The mean; 0 when there are no values. */
double hist_mean(const struct hist *);
/*
 * How many values are at most value, as far as the buckets tell: those that
 * share value's bucket are counted.
 */
uint64_t hist_upto(const struct hist *, int64_t value);

#endif
