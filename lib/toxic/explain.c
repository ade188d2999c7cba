/*
 * explain: which parts of a text made its score, by leaving each out in turn:
 * that is right for any scorer, whatever it computes, and costs nothing where
 * nobody asks. A part is what the lexicon found, or else a word.
 */
#include <string.h>

#include "../utf8.h"
#include "features.h"
#include "lexicon.h"
#include "toxic.h"

#include "../banned.h"

#ifndef SS_VERSION
#define SS_VERSION "0.1.0"
#endif

#define PARTS_MAX 64 /* words looked at: the first ones */
#define NEGLIGIBLE 0.05F

struct parts {
	struct toxic_span part[PARTS_MAX + TOXIC_SPANS];
	size_t n;
};

/* The words from byte from to byte to. */
static void
add_words(struct parts *p, const char *text, size_t from, size_t to)
{
	size_t i, len, start = from;
	uint32_t cp;

	for (i = from; i <= to && p->n < PARTS_MAX; i += len) {
		len = 1;
		cp = ' ';
		if (i < to)
			len = utf8_decode(text + i, to - i, &cp);
		if (!utf8_is_space(cp))
			continue;
		if (i > start)
			p->part[p->n++] = (struct toxic_span){ .start = start,
				.len = i - start };
		start = i + len;
	}
}

static void
find_parts(
    struct parts *p, const char *text, size_t n, const struct toxic_result *res)
{
	size_t s, at = 0;

	p->n = 0;
	for (s = 0; s < res->nspans; s++) {
		add_words(p, text, at, res->span[s].start);
		at = res->span[s].start + res->span[s].len;
	}
	add_words(p, text, at, n);
	for (s = 0; s < res->nspans; s++)
		p->part[p->n++] = res->span[s];
}

/* Puts s where it belongs among the n strongest; their new number. */
static size_t
rank(struct toxic_span out[TOXIC_REASONS], size_t n, struct toxic_span s)
{
	size_t i;

	if (n == TOXIC_REASONS && s.weight <= out[n - 1].weight)
		return n;
	if (n < TOXIC_REASONS)
		n++;
	for (i = n - 1; i > 0 && out[i - 1].weight < s.weight; i--)
		out[i] = out[i - 1];
	out[i] = s;
	return n;
}

/* A text in which the scorer sees nothing at all is neither good nor bad. */
static void
raw_of(struct toxic *t, const char *text, size_t n, float raw[TOXIC_LABELS])
{
	struct toxic_result res;
	int l;

	toxic_score(t, text, n, &res);
	toxic_raw(t, raw);
	for (l = 0; l < TOXIC_LABELS; l++)
		if (raw[l] < -1e6F)
			raw[l] = 0;
}

/* What the part is worth: the rest without it. */
static void
weigh_part(struct toxic *t, char *copy, size_t n, const float all[TOXIC_LABELS],
    struct toxic_span *part)
{
	float raw[TOXIC_LABELS];
	char saved[TOXIC_EXPLAIN_MAX];
	int l, most = TOXIC_OBSCENE;
	bool known = part->weight > 0;

	memcpy(saved, copy + part->start, part->len);
	memset(copy + part->start, ' ', part->len);
	raw_of(t, copy, n, raw);
	memcpy(copy + part->start, saved, part->len);
	part->weight = all[TOXIC_TOXICITY] - raw[TOXIC_TOXICITY];
	for (l = TOXIC_OBSCENE; l < TOXIC_LABELS; l++)
		if (all[l] - raw[l] > all[most] - raw[most])
			most = l;
	if (!known)
		part->label = (enum toxic_label)most;
}

size_t
toxic_explain(struct toxic *t, const char *text, size_t n,
    const struct toxic_result *res, struct toxic_span out[TOXIC_REASONS])
{
	char copy[TOXIC_EXPLAIN_MAX];
	float all[TOXIC_LABELS];
	struct parts p;
	size_t i, k = 0;

	if (n > TOXIC_EXPLAIN_MAX) {
		for (i = 0; i < res->nspans; i++)
			k = rank(out, k, res->span[i]);
		return k;
	}
	find_parts(&p, text, n, res);
	memcpy(copy, text, n);
	raw_of(t, text, n, all);
	for (i = 0; i < p.n; i++) {
		weigh_part(t, copy, n, all, &p.part[i]);
		if (p.part[i].weight >= NEGLIGIBLE)
			k = rank(out, k, p.part[i]);
	}
	return k;
}

static uint64_t
hash(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t
toxic_id(const struct toxic *t)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), model = toxic_model_id(t);
	const struct lex_words *w;
	const struct lex_phrase *p;
	const struct usual_row *u;
	const char *const *syn;
	int i;

	h = hash(h, SS_VERSION, sizeof(SS_VERSION));
	h = hash(h, &model, sizeof(model));
	for (w = lex_words; w->text != NULL; w++) {
		h = hash(h, &w->profile, sizeof(w->profile));
		h = hash(h, &w->flags, sizeof(w->flags));
		h = hash(h, w->text, strlen(w->text) + 1);
	}
	for (syn = lex_synonyms; *syn != NULL; syn++)
		h = hash(h, *syn, strlen(*syn) + 1);
	for (p = lex_phrases; p->text != NULL; p++) {
		h = hash(h, &p->profile, sizeof(p->profile));
		h = hash(h, p->text, strlen(p->text) + 1);
	}
	for (u = usual_rows; u->words != NULL; u++) {
		h = hash(h, &u->cost, sizeof(u->cost));
		h = hash(h, u->words, strlen(u->words) + 1);
	}
	for (i = 0; i < LEX_PROFILES; i++) {
		h = hash(h, lex_profile[i].label, sizeof(lex_profile[i].label));
		h = hash(h, &lex_profile[i].directed, 1);
	}
	return h;
}
