/*
 * eval: how well the scores of the whole scorer, model and lexicon, tell
 * labelled rows apart: a line a head and group (everything, each domain of
 * chat or not, each language, each source), then how often a score is right.
 */
#include "train.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define BINS 10

struct point {
	float score;
	bool y;
};

struct figures {
	size_t n, pos;
	double auc, ap, f1;
	double recall[3];
};
static const double at_share[3] = { 0.01, 0.02, 0.05 };

static int
compare(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->score < y->score) - (x->score > y->score);
}

/* Of n points, sorted here; one step a score, so ties are no luck. */
static struct figures
measure(struct point *p, size_t n)
{
	struct figures f = { .n = n };
	double tp = 0, fp = 0, neg, tp0, fp0, f1;
	size_t i, j;
	int k;

	qsort(p, n, sizeof(*p), compare);
	for (i = 0; i < n; i++)
		f.pos += p[i].y;
	neg = (double)(n - f.pos);
	if (f.pos == 0 || f.pos == n)
		return f;
	for (i = 0; i < n; i = j) {
		tp0 = tp;
		fp0 = fp;
		for (j = i; j < n && p[j].score == p[i].score; j++) {
			tp += p[j].y;
			fp += !p[j].y;
		}
		f.auc += (fp - fp0) * (tp + tp0) / 2;
		f.ap += (tp - tp0) / (double)f.pos * tp / (tp + fp);
		f1 = 2 * tp / (tp + fp + (double)f.pos);
		if (f1 > f.f1)
			f.f1 = f1;
		for (k = 0; k < 3; k++)
			if (fp <= at_share[k] * neg)
				f.recall[k] = tp / (double)f.pos;
	}
	f.auc /= neg * (double)f.pos;
	return f;
}

enum group { GROUP_ALL, GROUP_CHAT, GROUP_LANG, GROUP_SOURCE };

static bool
belongs(const struct row *r, enum group g, size_t id)
{
	switch (g) {
	case GROUP_ALL:
		return true;
	case GROUP_CHAT:
		return r->chat;
	case GROUP_LANG:
		return r->lang == id;
	default:
		return r->source == id;
	}
}

struct scored {
	const struct data *data;
	float (*score)[TOXIC_LABELS];
	struct point *point; /* room for all rows */
};

static void
print_group(struct scored *s, const char *kind, const char *name, enum group g,
    size_t id)
{
	const struct data *d = s->data;
	struct figures f;
	size_t i, n;
	int h;

	for (h = 0; h < TOXIC_LABELS; h++) {
		for (n = i = 0; i < d->n; i++)
			if (d->row[i].y[h] >= 0 && belongs(&d->row[i], g, id))
				s->point[n++] = (struct point){ s->score[i][h],
					d->row[i].y[h] == 1 };
		f = measure(s->point, n);
		if (f.pos == 0 || f.pos == n)
			continue;
		printf("%-6s %-16s %-15s %7zu %6zu %.4f %.4f %.4f %.4f %.4f "
		       "%.4f\n",
		    kind, name, toxic_label_name[h], f.n, f.pos, f.auc, f.ap,
		    f.f1, f.recall[0], f.recall[1], f.recall[2]);
	}
}

static void
print_reliability(const struct scored *s)
{
	const struct data *d = s->data;
	size_t n[BINS] = { 0 }, pos[BINS] = { 0 }, i, b;
	double sum[BINS] = { 0 };

	printf("\nscore of toxicity: rows, mean score, share labelled toxic\n");
	for (i = 0; i < d->n; i++) {
		if (d->row[i].y[0] < 0)
			continue;
		b = (size_t)(s->score[i][0] * BINS);
		b = b < BINS ? b : BINS - 1;
		n[b]++;
		pos[b] += d->row[i].y[0] == 1;
		sum[b] += s->score[i][0];
	}
	for (b = 0; b < BINS; b++)
		if (n[b] > 0)
			printf("%.1f-%.1f %7zu %.4f %.4f\n", (double)b / BINS,
			    (double)(b + 1) / BINS, n[b], sum[b] / (double)n[b],
			    (double)pos[b] / (double)n[b]);
}

static void
print_flagged(const struct scored *s)
{
	static const float at[] = { 0.4F, 0.6F, 0.8F };
	const struct data *d = s->data;
	size_t i, k, n, flagged;

	printf("\nharmless chat lines flagged\n");
	for (k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
		n = flagged = 0;
		for (i = 0; i < d->n; i++) {
			if (!d->row[i].chat || d->row[i].y[0] != 0)
				continue;
			n++;
			flagged += s->score[i][0] >= at[k];
		}
		if (n > 0)
			printf("at %.1f: %zu of %zu, %.2f %%\n", (double)at[k],
			    flagged, n, 100.0 * (double)flagged / (double)n);
	}
}

int
eval(const struct data *d, struct toxic *tox)
{
	struct scored s = { .data = d };
	struct toxic_result res;
	size_t i;
	int r = -1;

	s.score = calloc(d->n + 1, sizeof(*s.score));
	s.point = calloc(d->n + 1, sizeof(*s.point));
	if (s.score == NULL || s.point == NULL)
		goto out;
	for (i = 0; i < d->n; i++) {
		toxic_score(tox, data_text(d, &d->row[i]), d->row[i].len, &res);
		memcpy(s.score[i], res.score, sizeof(s.score[i]));
	}
	printf("model %016" PRIx64 ", %zu rows\n\n", toxic_model_id(tox), d->n);
	printf("%-6s %-16s %-15s %7s %6s %-6s %-6s %-6s %-6s %-6s %-6s\n",
	    "group", "name", "head", "rows", "toxic", "auc", "ap", "f1", "r@1%",
	    "r@2%", "r@5%");
	print_group(&s, "all", "-", GROUP_ALL, 0);
	print_group(&s, "domain", "chat", GROUP_CHAT, 0);
	for (i = 0; i < d->langs.n; i++)
		print_group(&s, "lang", d->langs.name[i], GROUP_LANG, i);
	for (i = 0; i < d->sources.n; i++)
		print_group(&s, "source", d->sources.name[i], GROUP_SOURCE, i);
	print_reliability(&s);
	print_flagged(&s);
	r = 0;
out:
	free(s.score);
	free(s.point);
	return r;
}
