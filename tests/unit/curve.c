/* curve: against figures worked out by hand, and by brute force. */
#include "../../lib/curve.h"

#include <math.h>

#include "tap.h"

#include "../../lib/banned.h"

#define MANY 300

static bool
near(double a, double b)
{
	return fabs(a - b) < 1e-9;
}

/*
 * .9+ .8- .7+ .7- .3+ .1-: of nine pairs .9 wins 3, .7 one and two halves
 * (over .7 half, over .1 one, under .8), .3 one: 5.5 of 9.
 */
static void
by_hand(void)
{
	struct curve_point p[] = { { 0.1F, false }, { 0.7F, false },
		{ 0.9F, true }, { 0.3F, true }, { 0.8F, false },
		{ 0.7F, true } };
	struct curve_figures f;

	OK(curve_measure(p, 6, &f));
	IS_INT((int64_t)f.n, 6);
	IS_INT((int64_t)f.pos, 3);
	OK(near(f.auc, 5.5 / 9));
	/* 1 of 1 at .9; 2 of 4 at .7; 3 of 5 at .3 */
	OK(near(f.ap, (1.0 + 0.5 + 0.6) / 3));
	/* .9: 2/4; .8: 2/5; .7: 4/7; .3: 6/8 */
	OK(near(f.f1, 0.75));
	OK(near(f.f1_at, (double)0.3F));
	OK(near(f.recall[0], 1.0 / 3));
	OK(near(f.recall[2], 1.0 / 3));
}

static void
extremes(void)
{
	struct curve_point p[200];
	struct curve_figures f;
	size_t i;

	OK(!curve_measure(p, 0, &f));
	for (i = 0; i < 200; i++)
		p[i] = (struct curve_point){ 0.5F, true };
	OK(!curve_measure(p, 200, &f));
	IS_INT((int64_t)f.pos, 200);
	/* one score for all: chance, whatever the order was */
	for (i = 0; i < 200; i++)
		p[i].y = i < 50;
	OK(curve_measure(p, 200, &f));
	OK(near(f.auc, 0.5));
	OK(near(f.ap, 0.25));
	OK(near(f.f1, 0.4));
	OK(near(f.recall[2], 0));
	/* told apart, and the other way round */
	for (i = 0; i < 200; i++)
		p[i].score = p[i].y ? 0.8F : 0.2F;
	OK(curve_measure(p, 200, &f));
	OK(near(f.auc, 1) && near(f.ap, 1) && near(f.f1, 1));
	OK(near(f.f1_at, (double)0.8F));
	OK(near(f.recall[0], 1));
	for (i = 0; i < 200; i++)
		p[i].score = p[i].y ? 0.2F : 0.8F;
	OK(curve_measure(p, 200, &f));
	OK(near(f.auc, 0));
}

/* 100 others: the one at .9 is 1 percent, the two at .8 make it 3. */
static void
shares(void)
{
	struct curve_point p[110] = { { 0.9F, false }, { 0.8F, false },
		{ 0.8F, false }, { 0.7F, false }, { 0.7F, false } };
	struct curve_figures f;
	size_t i;

	for (i = 5; i < 100; i++)
		p[i] = (struct curve_point){ 0.1F, false };
	for (i = 100; i < 110; i++)
		p[i] = (struct curve_point){ 0.95F, true };
	p[105].score = 0.9F;
	p[106].score = 0.85F;
	p[107].score = 0.8F;
	p[108].score = 0.75F;
	p[109].score = 0.7F;
	OK(curve_measure(p, 110, &f));
	OK(near(f.recall[0], 0.7));
	OK(near(f.recall[1], 0.7));
	OK(near(f.recall[2], 1.0));
}

/* 0.01 * 2900 < 29 in floating point; 29 of 2900 are 1 percent all the same */
static void
exact_share(void)
{
	static struct curve_point p[2901];
	struct curve_figures f;
	size_t i;

	for (i = 0; i < 2900; i++)
		p[i].score = i < 29 ? 0.9F : 0.1F;
	p[2900] = (struct curve_point){ 0.9F, true };
	OK(curve_measure(p, 2901, &f));
	OK(near(f.recall[0], 1));
}

/* The definitions, threshold by threshold and pair by pair. */
static void
reference(const struct curve_point *p, size_t n, struct curve_figures *f)
{
	size_t i, j, tp, fp, before;
	double pairs = 0;
	int k;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < n; i++)
		f->pos += p[i].y;
	for (i = 0; i < n; i++) {
		tp = fp = before = 0;
		for (j = 0; j < n; j++) {
			if (p[i].y && !p[j].y) {
				pairs += 1;
				f->auc += p[i].score > p[j].score;
				f->auc += 0.5 * (p[i].score == p[j].score);
			}
			tp += p[j].y && p[j].score >= p[i].score;
			fp += !p[j].y && p[j].score >= p[i].score;
			before += p[j].score >= p[i].score;
		}
		/* each positive point has the precision at its own score */
		if (p[i].y)
			f->ap += (double)tp / (double)before / (double)f->pos;
		f->f1 = fmax(
		    f->f1, 2.0 * (double)tp / (double)(before + f->pos));
		for (k = 0; k < CURVE_SHARES; k++)
			if (fp * 100 <= (size_t)curve_percent[k] * (n - f->pos))
				f->recall[k] = fmax(
				    f->recall[k], (double)tp / (double)f->pos);
	}
	f->auc /= pairs;
}

static void
by_force(void)
{
	struct curve_point p[MANY];
	struct curve_figures f, want;
	uint64_t seed = 7;
	size_t i, n, levels;
	bool same = true, told = true;
	int k, round;

	for (round = 0; round < 60; round++) {
		n = 2 + (size_t)(tap_rand(&seed) % (MANY - 2));
		levels = round % 2 ? 5 : 1000;
		for (i = 0; i < n; i++) {
			p[i].score = (float)(tap_rand(&seed) % levels) /
				     (float)levels;
			p[i].y = i == 0 || (i > 1 && tap_rand(&seed) % 3 == 0);
		}
		reference(p, n, &want);
		told = told && curve_measure(p, n, &f);
		same = same && near(f.auc, want.auc) && near(f.ap, want.ap) &&
		       near(f.f1, want.f1) && f.pos == want.pos;
		for (k = 0; k < CURVE_SHARES; k++)
			same = same && near(f.recall[k], want.recall[k]);
	}
	OK(told);
	OK(same);
}

static void
steps(void)
{
	const struct curve_point p[] = { { 0.9F, true }, { 0.5F, false },
		{ 0.5F, true }, { 0.5F, true }, { 0.1F, false } };
	size_t tp = 0, fp = 0;

	IS_INT((int64_t)curve_step(p, 5, 0, &tp, &fp), 1);
	IS_INT((int64_t)curve_step(p, 5, 1, &tp, &fp), 4);
	IS_INT((int64_t)tp, 3);
	IS_INT((int64_t)fp, 1);
	IS_INT((int64_t)curve_step(p, 5, 4, &tp, &fp), 5);
	IS_INT((int64_t)fp, 2);
}

/* 0-.1: .05 .05, one of two; .6-.7: .6, none; the last: 1, one. */
static void
bins(void)
{
	const struct curve_point p[] = { { 0.05F, true }, { 1, true },
		{ 0.05F, false }, { 0.6F, false } };
	struct curve_bins b;

	curve_bin(p, 4, &b);
	IS_INT((int64_t)b.n[0], 2);
	IS_INT((int64_t)b.pos[0], 1);
	IS_INT((int64_t)b.n[6], 1);
	IS_INT((int64_t)b.n[9], 1);
	OK(fabs(b.sum[0] - 0.1) < 1e-6);
	OK(fabs(b.ece - (2 * 0.45 + 0.6 + 0) / 4) < 1e-6);
	curve_bin(p, 0, &b);
	OK(near(b.ece, 0));
}

int
main(void)
{
	by_hand();
	extremes();
	shares();
	exact_share();
	by_force();
	steps();
	bins();
	return tap_done();
}
