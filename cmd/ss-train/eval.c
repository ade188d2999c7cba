/*
 * eval: how well the scores of the whole scorer, model and lexicon, tell
 * labelled rows apart: a line a head and group (everything, each domain of
 * chat or not, each language, each source), then how often a score is right.
 */
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "curve.h"
#include "show.h"

#include "banned.h"

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
	const struct eval_conf *conf;
	float (*score)[TOXIC_LABELS];
	struct curve_point *point; /* room for all rows */
};

/* The points of a head in a group of rows; how many. */
static size_t
gather(struct scored *s, int h, enum group g, size_t id)
{
	const struct data *d = s->data;
	size_t i, n = 0;

	for (i = 0; i < d->n; i++)
		if (d->row[i].y[h] >= 0 && belongs(&d->row[i], g, id))
			s->point[n++] = (struct curve_point){ s->score[i][h],
				d->row[i].y[h] == 1 };
	return n;
}

static void
print_group(struct scored *s, const char *kind, const char *name, enum group g,
    size_t id)
{
	struct curve_figures f;
	struct finding x = { .kind = kind, .name = name, .f = &f };
	size_t n;
	int h;

	for (h = 0; h < TOXIC_LABELS; h++) {
		n = gather(s, h, g, id);
		if (n == 0)
			continue;
		x.head = toxic_label_name[h];
		x.both = curve_measure(s->point, n, &f);
		report_finding(s->conf->json, &x);
	}
}

static void
print_reliability(struct scored *s)
{
	struct curve_bins b;
	size_t n;
	int h;

	for (h = 0; h < TOXIC_LABELS; h++) {
		n = gather(s, h, GROUP_ALL, 0);
		curve_bin(s->point, n, &b);
		if (n > 0)
			report_bins(s->conf->json, toxic_label_name[h], n, &b);
	}
}

static void
print_flagged(const struct scored *s)
{
	static const float at[] = { 0.4F, 0.6F, 0.8F };
	const struct data *d = s->data;
	size_t i, k, n, flagged;

	if (!s->conf->json)
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
			report_flagged(
			    s->conf->json, (double)at[k], n, flagged);
	}
}

static void
print_all(struct scored *s, const struct subject *sub)
{
	const struct data *d = s->data;
	size_t i;

	report_subject(s->conf->json, sub);
	print_group(s, "all", NULL, GROUP_ALL, 0);
	print_group(s, "domain", "chat", GROUP_CHAT, 0);
	for (i = 0; i < d->langs.n; i++)
		print_group(s, "lang", d->langs.name[i], GROUP_LANG, i);
	for (i = 0; i < d->sources.n; i++)
		print_group(s, "source", d->sources.name[i], GROUP_SOURCE, i);
	print_reliability(s);
	print_flagged(s);
}

/* 0, or -1 with errno */
static int
draw(struct scored *s, const struct subject *sub)
{
	struct buf *b = s->conf->svg;
	struct curve_figures f;
	struct curve_bins bins;
	int h, err = svg_begin(b, sub);
	bool both;
	size_t n;

	for (h = 0; h < TOXIC_LABELS; h++) {
		n = gather(s, h, GROUP_ALL, 0);
		both = curve_measure(s->point, n, &f);
		curve_bin(s->point, n, &bins);
		err |= svg_head(b, h, toxic_label_name[h], s->point, n,
		    both ? &f : NULL, &bins);
	}
	return err | svg_end(b);
}

int
eval(const struct data *d, struct toxic *tox, const struct eval_conf *conf)
{
	struct scored s = { .data = d, .conf = conf };
	struct subject sub = { toxic_model_id(tox), conf->file, d->n };
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
	r = conf->svg != NULL ? draw(&s, &sub) : 0;
	if (r == 0)
		print_all(&s, &sub);
out:
	free(s.score);
	free(s.point);
	return r;
}
