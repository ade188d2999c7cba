/*
 * curve: see curve.h. One walk from the highest score down, in steps of one
 * score, has all figures; shares are compared in integers, since 0.01 * 2900
 * is less than 29.
 */
#include "curve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

const int curve_percent[CURVE_SHARES] = { 1, 2, 5 };

static int
compare(const void *a, const void *b)
{
	const struct curve_point *x = a, *y = b;

	return (x->score < y->score) - (x->score > y->score);
}

size_t
curve_step(
    const struct curve_point *p, size_t n, size_t i, size_t *tp, size_t *fp)
{
	float score = p[i].score;

	for (; i < n && p[i].score == score; i++) {
		*tp += p[i].y;
		*fp += !p[i].y;
	}
	return i;
}

bool
curve_measure(struct curve_point *p, size_t n, struct curve_figures *f)
{
	size_t tp = 0, fp = 0, neg, tp0, fp0, i, next;
	double f1, pos;
	int k;

	*f = (struct curve_figures){ .n = n };
	qsort(p, n, sizeof(*p), compare);
	for (i = 0; i < n; i++)
		f->pos += p[i].y;
	neg = n - f->pos;
	if (f->pos == 0 || neg == 0)
		return false;
	pos = (double)f->pos;
	for (i = 0; i < n; i = next) {
		tp0 = tp;
		fp0 = fp;
		next = curve_step(p, n, i, &tp, &fp);
		f->auc += (double)(fp - fp0) * (double)(tp + tp0) / 2;
		f->ap += (double)(tp - tp0) / pos * (double)tp / (double)next;
		f1 = 2 * (double)tp / (double)(next + f->pos);
		if (f1 > f->f1) {
			f->f1 = f1;
			f->f1_at = (double)p[i].score;
		}
		for (k = 0; k < CURVE_SHARES; k++)
			if (fp * 100 <= (size_t)curve_percent[k] * neg)
				f->recall[k] = (double)tp / pos;
	}
	f->auc /= (double)neg * pos;
	return true;
}

void
curve_bin(const struct curve_point *p, size_t n, struct curve_bins *out)
{
	size_t i, b;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < n; i++) {
		b = p[i].score > 0 ? (size_t)(p[i].score * CURVE_BINS) : 0;
		b = b < CURVE_BINS ? b : CURVE_BINS - 1;
		out->n[b]++;
		out->pos[b] += p[i].y;
		out->sum[b] += (double)p[i].score;
	}
	for (b = 0; n > 0 && b < CURVE_BINS; b++)
		out->ece += fabs(out->sum[b] - (double)out->pos[b]) / (double)n;
}
