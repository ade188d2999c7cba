/*
 * features: see features.h. A hash is extended character by character, so
 * that the runs of three, four and five that begin at one place cost five
 * multiplications together, and the bucket is its upper bits.
 */
#include "features.h"

#include "../utf8.h"

#include "../banned.h"

#define GAP UINT32_C(0x40000000)    /* in a symbol: not part of a word */
#define CYR UINT32_C(0x20000000)    /* a letter of norm's own */
#define BOUNDARY UINT32_C(0x3c0000) /* stands before and behind a word */
#define WIDE 0x2e80                 /* from here on a character says a lot */
#define WORD_MAX 40
#define PRIME UINT32_C(16777619)
#define SPREAD UINT32_C(0x9e3779b1)
#define SEED_GRAM UINT32_C(0x9747b28c)
#define SEED_WORD UINT32_C(0x811c9dc5)
#define SEED_PAIR UINT32_C(0x2545f491)
#define SEED_PROFILE UINT32_C(0x51ed270b)
#define SEED_TENTHS UINT32_C(0x3ade68b1)
/* one word and one piece of lexicon add no more than this */
#define ROOM (6 * WORD_MAX + 64)

static uint32_t
bucket(uint32_t h)
{
	h ^= h >> 15;
	return (h * SPREAD) >> (32 - FEATURE_BITS);
}

static uint32_t
step(uint32_t h, uint32_t sym)
{
	return (h ^ sym) * PRIME;
}

static uint32_t
symbol(const struct norm_glyph *g, const char *text)
{
	uint32_t cp;

	if (g->kind == NORM_LETTER && g->sym < NORM_CYR)
		return 'a' + (uint32_t)g->sym;
	if (g->kind == NORM_LETTER && g->sym < NORM_OTHER)
		return CYR | g->sym;
	if (g->kind == NORM_BLANK)
		return GAP | ' ';
	cp = (unsigned char)text[g->start];
	if (cp >= 0x80)
		(void)utf8_decode(
		    text + g->start, (size_t)(g->end - g->start), &cp);
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN ? cp : GAP | cp;
}

/* Of a character drawn out two are kept. */
static void
put_symbol(struct features *f, uint32_t sym)
{
	size_t n = f->nsym;

	if (n >= 2 && f->sym[n - 1] == sym && f->sym[n - 2] == sym)
		return;
	if (n < sizeof(f->sym) / sizeof(f->sym[0]))
		f->sym[f->nsym++] = sym;
}

static void
put_plain(struct features *f, const struct norm *nm, const struct lex_entry *e)
{
	struct norm_glyph g[LEX_WORD_MAX + 1];
	size_t n = norm_text(nm, e->text, e->len, g), i;

	for (i = 0; i < n; i++)
		put_symbol(f, symbol(&g[i], e->text));
}

static bool
is_hidden(const struct match_token *t)
{
	return t->disguised && t->counts && !t->harmless;
}

bool
features_disguised(const struct features_in *in)
{
	size_t i;

	for (i = 0; i < in->ntokens; i++)
		if (is_hidden(&in->token[i]))
			return true;
	return false;
}

/* The view: what the lexicon knows to be harmless is left out of it. */
static void
view(struct features *f, const struct features_in *in, bool undo)
{
	const struct match_token *t = in->token, *end = t + in->ntokens;
	size_t i = 0;

	f->nsym = 0;
	while (i < in->nglyphs) {
		while (t < end && (t->from < i || t->entry == NULL))
			t++;
		if (t < end && t->from == i && t->to > i &&
		    (t->harmless || (undo && is_hidden(t)))) {
			if (t->harmless)
				put_symbol(f, GAP | ' ');
			else
				put_plain(f, in->norm, t->entry);
			i = t->to;
			t++;
			continue;
		}
		put_symbol(f, symbol(&in->glyph[i], in->text));
		i++;
	}
}

static void
add_grams(struct features *f, const uint32_t *sym, size_t len)
{
	uint32_t w[WORD_MAX + 2], h, *out = f->at + f->n;
	size_t i, n = len + 2;

	w[0] = w[n - 1] = BOUNDARY;
	for (i = 0; i < len; i++)
		w[i + 1] = sym[i];
	for (i = 0; i + 2 < n; i++) {
		h = step(step(step(SEED_GRAM, w[i]), w[i + 1]), w[i + 2]);
		*out++ = bucket(h);
		if (i + 3 < n)
			*out++ = bucket(h = step(h, w[i + 3]));
		if (i + 4 < n)
			*out++ = bucket(step(h, w[i + 4]));
	}
	for (i = 1; i + 1 < n; i++) {
		if (w[i] < WIDE || w[i] >= CYR)
			continue;
		h = step(SEED_GRAM, w[i]);
		*out++ = bucket(h);
		*out++ = bucket(step(h, w[i + 1]));
	}
	f->n = (size_t)(out - f->at);
}

/* A word, or a run of one sign; from from to to. Returns its hash. */
static uint32_t
add_word(struct features *f, size_t from, size_t to, uint32_t before)
{
	uint32_t h = SEED_WORD;
	size_t i;

	for (i = from; i < to; i++)
		h = step(h, f->sym[i]);
	f->at[f->n++] = bucket(h);
	if (before != 0)
		f->at[f->n++] = bucket(step(step(SEED_PAIR, before), h));
	if (f->sym[from] < GAP)
		add_grams(f, f->sym + from, to - from);
	return h;
}

static void
add_lexicon(struct features *f, const struct features_in *in)
{
	uint32_t left = in->profiles;

	for (; left != 0; left &= left - 1)
		f->at[f->n++] = bucket(
		    step(SEED_PROFILE, (uint32_t)__builtin_ctz(left)));
	if (in->tenths > 0)
		f->at[f->n++] = bucket(step(SEED_TENTHS, in->tenths));
}

void
features_make(struct features *f, const struct features_in *in, bool undo)
{
	uint32_t before = 0;
	size_t i, from;

	f->n = 0;
	view(f, in, undo);
	add_lexicon(f, in);
	for (i = 0; i < f->nsym && f->n + ROOM < FEATURES_MAX;) {
		from = i++;
		if (f->sym[from] == (GAP | ' '))
			continue;
		if (f->sym[from] >= GAP)
			while (i < f->nsym && f->sym[i] == f->sym[from])
				i++;
		else
			while (i < f->nsym && f->sym[i] < GAP &&
			       i - from < WORD_MAX)
				i++;
		before = add_word(f, from, i, before);
	}
}
