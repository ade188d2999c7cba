/*
 * quick-learn: an entry of quick.c. It is learnt by giving the word alone to
 * match.h and features.h, so what it says can't differ from what they say.
 */
#include "quick-impl.h"

#include "undo.h"

#include "../banned.h"

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

/* How many of n glyphs are part of a word; n + 1: a blank is among them. */
static size_t
count_letters(const struct norm_glyph *g, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (g[i].kind == NORM_BLANK)
			return n + 1;
		k += in_word(&g[i]);
	}
	return k;
}

/*
 * What may become of the word when others follow it. In plain letters, none
 * of them doubled, there is but one way to read it.
 */
static void
learn_beginning(
    struct entry *e, const struct lexicon *lex, const struct norm_glyph *g)
{
	size_t i, at = 0;

	if (g[0].alt != 0 || g[0].guess)
		e->flags |= SIGN_FIRST;
	e->first = g[0].sym;
	for (i = 0; i < e->nglyphs; i++) {
		if (g[i].alt != 0 || g[i].guess) {
			e->flags |= BRANCHES;
			return;
		}
		if (i > 0 && g[i].sym == g[i - 1].sym)
			e->flags |= TWOFOLD;
		at = lex_step(lex, at, g[i].sym);
		if (at == 0)
			return;
		if (quick_ends_strong(lex, at))
			e->flags |= TWOFOLD;
	}
	e->node = (uint16_t)at;
}

/* The sums of the one feature word that the piece in f has. */
static bool
learn_sums(struct entry *e, const struct model *m, struct features *f,
    const struct features_in *in)
{
	int32_t sum[MODEL_LANES] = { 0 };
	const uint32_t *sym;
	size_t n, i;

	features_begin(f, in);
	n = features_next(f, 0, &sym);
	if (n == 0)
		return false;
	e->hash = features_hash(sym, n);
	features_of_word(f, sym, n, e->hash);
	if (f->n > UINT8_MAX || features_next(f, 0, &sym) != 0)
		return false;
	for (i = 0; i < f->n; i++)
		__builtin_prefetch(model_bucket(m, f->at[i]));
	model_add(m, f->at, f->n, sum);
	for (i = 0; i < MODEL_LANES; i++)
		e->sum[i] = (int16_t)sum[i];
	e->nfeatures = (uint8_t)f->n;
	return true;
}

static void
learn_token(
    struct entry *e, const struct lexicon *lex, const struct match_token *t)
{
	if (t->entry != NULL)
		e->lex = (uint16_t)(t->entry - lex->entry);
	e->profile = t->profile;
	e->from = (uint8_t)t->from;
	if (t->counts)
		e->flags |= COUNTS;
	if (t->disguised)
		e->flags |= DISGUISED;
	if (t->harmless)
		e->flags |= HARMLESS;
}

void
quick_learn(
    struct entry *e, const struct quick_in *in, const char *text, size_t n)
{
	struct norm_glyph g[LONGEST + 1];
	struct match_token token[LONGEST];
	struct features_in fi = { .norm = in->lex->norm,
		.text = text,
		.glyph = g,
		.nglyphs = norm_text(in->lex->norm, text, n, g),
		.token = token };
	unsigned budget = match_budget(n);
	size_t letters = count_letters(g, fi.nglyphs);

	e->flags = ODD;
	e->nglyphs = (uint8_t)fi.nglyphs;
	if (fi.nglyphs == 0 || (letters != 0 && letters != fi.nglyphs))
		return;
	fi.nglyphs = undo_text(in->lex, g, fi.nglyphs);
	e->nglyphs = (uint8_t)fi.nglyphs;
	fi.ntokens = match_within(in->lex, g, fi.nglyphs, token, &budget);
	e->spent = (uint16_t)(match_budget(n) - budget);
	if (e->spent >= MATCH_BUDGET_MIN || fi.ntokens != (letters != 0) ||
	    (letters != 0 && token[0].to != fi.nglyphs))
		return;
	if (letters == 0) {
		e->flags |= SIGNS;
	} else {
		learn_token(e, in->lex, &token[0]);
		learn_beginning(e, in->lex, g);
	}
	/* a part of a word that is put in plain letters leaves the rest */
	if (in->model->head != NULL &&
	    !learn_sums(e, in->model, in->features, &fi))
		return;
	e->flags &= (uint8_t)~ODD;
}
