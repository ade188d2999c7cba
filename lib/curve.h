/*
 * curve: how well a score tells two classes apart, and how far it can be read
 * as a share. Rows with the same score are one step, so their order decides
 * nothing.
 */
#ifndef SS_CURVE_H
#define SS_CURVE_H

#include <stdbool.h>
#include <stddef.h>

struct curve_point {
	float score; /* 0 to 1, no NaN */
	bool y;      /* of the class that high scores are for */
};

#define CURVE_SHARES 3 /* of false positives: 1, 2 and 5 percent */
extern const int curve_percent[CURVE_SHARES];

struct curve_figures {
	size_t n, pos; /* points, and those of them with y */
	/*
	 * The area under the ROC curve: the share of pairs, one of each
	 * class, that stand in the right order; a pair with the same score
	 * is half a pair (Hanley and McNeil 1982).
	 */
	double auc;
	/* The sum of precision times growth of recall, a term a score. */
	double ap;
	/* The best harmonic mean of precision and recall; it is reached when
	 * all points from f1_at on are taken. Of several the highest. */
	double f1, f1_at;
	/*
	 * The share of y taken by the lowest threshold that takes at most so
	 * many percent of the others.
	 */
	double recall[CURVE_SHARES];
};

#define CURVE_BINS 10

struct curve_bins {
	size_t n[CURVE_BINS], pos[CURVE_BINS];
	double sum[CURVE_BINS]; /* of scores */
	/*
	 * Expected calibration error: the mean distance between the mean
	 * score and the share of y, bins weighted by their points (Naeini et
	 * al. 2015).
	 */
	double ece;
};

/*
 * Sorts the points, the highest score first, and measures them. False where
 * one class has no point: only n and pos mean anything then.
 */
bool curve_measure(struct curve_point *, size_t n, struct curve_figures *);
/*
 * The points with the score of sorted point i are added to tp and fp; the
 * index of the first one behind them.
 */
size_t curve_step(
    const struct curve_point *, size_t n, size_t i, size_t *tp, size_t *fp);
/* Bins of equal width; the points in any order. */
void curve_bin(const struct curve_point *, size_t n, struct curve_bins *);

#endif
