/*
 * disguised: what is still flagged of labelled chat in disguise, and what is
 * flagged of harmless chat only because it is in one.
 */
#include "train.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "disguise.h"

#include "banned.h"

#define FLAGGED 0.6F
#define TEXT_MAX ((size_t)64 << 20)

struct count {
	size_t n[2], plain[2], hidden[2]; /* harmless, toxic */
};

static bool
is_flagged(struct toxic *tox, const char *s, size_t n)
{
	struct toxic_result res;

	toxic_score(tox, s, n, &res);
	return res.score[TOXIC_TOXICITY] >= FLAGGED;
}

/* Adds the row in disguise, or nothing where it has no words. 0 or -1. */
static int
count_row(const struct data *d, size_t i, struct toxic *tox, enum disguise how,
    bool whole, struct count *c, struct buf *out)
{
	const struct row *r = &d->row[i];
	const char *s = data_text(d, r);
	bool toxic = r->y[TOXIC_TOXICITY] > 0;
	int got = disguise_text(s, r->len, how, whole, i + 1, out);

	if (got <= 0)
		return got;
	c->n[toxic]++;
	c->plain[toxic] += is_flagged(tox, s, r->len);
	c->hidden[toxic] += is_flagged(tox, out->p, out->len);
	return 0;
}

static double
share(size_t part, size_t of)
{
	return of > 0 ? (double)part / (double)of : 0;
}

/* A line; adds relative recall and rise to sum. */
static void
print_count(const char *name, const struct count *c, double sum[2])
{
	double clean = share(c->plain[1], c->n[1]),
	       now = share(c->hidden[1], c->n[1]),
	       rise = 100 * (share(c->hidden[0], c->n[0]) -
				share(c->plain[0], c->n[0])),
	       relative = clean > 0 ? now / clean : 0;

	sum[0] += relative;
	sum[1] += rise;
	printf("%-12s %7zu %7zu %.4f %.4f %.4f %+7.2f\n", name, c->n[1],
	    c->n[0], clean, now, relative, rise);
}

static int
print_table(const struct data *d, struct toxic *tox, bool whole)
{
	double sum[2] = { 0 };
	struct count c;
	struct buf out;
	size_t i;
	int k, r = 0;

	buf_init(&out, TEXT_MAX);
	printf("%s in disguise\n%-12s %7s %7s %-6s %-6s %-8s %s\n",
	    whole ? "all words" : "one word", "", "toxic", "benign", "plain",
	    "recall", "relative", "benign flagged, points");
	for (k = 0; r == 0 && k < DISGUISES; k++) {
		memset(&c, 0, sizeof(c));
		for (i = 0; r == 0 && i < d->n; i++)
			if (d->row[i].chat && d->row[i].y[TOXIC_TOXICITY] >= 0)
				r = count_row(d, i, tox, k, whole, &c, &out);
		print_count(disguise_name[k], &c, sum);
	}
	printf("%-12s %7s %7s %6s %6s %.4f   %+7.2f\n", "mean", "", "", "", "",
	    sum[0] / DISGUISES, sum[1] / DISGUISES);
	buf_release(&out);
	return r;
}

int
eval_disguised(const struct data *d, struct toxic *tox)
{
	printf("chat, flagged at %.1f\n\n", (double)FLAGGED);
	if (print_table(d, tox, true) < 0)
		return -1;
	putchar('\n');
	return print_table(d, tox, false);
}
