/*
 * features: see features.h. A hash is extended character by character, so
 * that the runs of three, four and five that begin at one place cost five
 * multiplications together; its upper bits are the ones to use.
 */
#include "features.h"

#include "../banned.h"

#define GAP UINT32_C(0x40000000)    /* in a symbol: not part of a word */
#define BOUNDARY UINT32_C(0x3c0000) /* stands before and behind a word */
#define WIDE 0x2e80                 /* from here on a character says a lot */
#define HANGUL 0xac00
#define HANGUL_END 0xd7a4
#define WORD_MAX 40
#define SHAPE_LEAST 3
#define SPELT_LEAST 3 /* letters that stand alone make a word */
#define SPELT_GAP 4   /* glyphs between them at most */
#define PRIME UINT32_C(16777619)
#define SPREAD UINT32_C(0x9e3779b1)
#define SEED_GRAM UINT32_C(0x9747b28c)
#define SEED_WORD UINT32_C(0x811c9dc5)
#define SEED_PAIR UINT32_C(0x2545f491)
#define SEED_FIRST UINT32_C(0x68e31da4)
#define SEED_LAST UINT32_C(0x7f4a7c15)
#define SEED_ANY UINT32_C(0x3c6ef372)
#define SEED_BONES UINT32_C(0x2b992ddf)
#define SEED_PROFILE UINT32_C(0x51ed270b)
#define SEED_TENTHS UINT32_C(0x3ade68b1)
/* one word and one piece of lexicon add no more than this */
#define ROOM (9 * WORD_MAX + 64)

static uint32_t
feature(uint32_t h)
{
	h ^= h >> 15;
	return h * SPREAD;
}

static uint32_t
step(uint32_t h, uint32_t sym)
{
	return (h ^ sym) * PRIME;
}

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

static uint32_t
symbol(const struct norm_glyph *g)
{
	if (g->kind == NORM_LETTER && g->sym < NORM_CYR)
		return 'a' + (uint32_t)g->sym;
	if (g->kind == NORM_BLANK)
		return GAP | ' ';
	return in_word(g) ? g->cp : GAP | g->cp;
}

/* What a glyph inside a word reads as: 0 for o, and so on. */
static uint32_t
undone(const struct norm_glyph *g)
{
	if (g->kind == NORM_LETTER || g->alt == 0)
		return symbol(g);
	if (g->alt == NORM_ALT_ANY)
		return '*';
	return 'a' + (uint32_t)__builtin_ctzll(norm_alt[g->alt]);
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
		put_symbol(f, symbol(&g[i]));
}

static bool
is_hidden(const struct match_token *t)
{
	return t->disguised && t->counts && !t->harmless;
}

/*
 * The end of the word at i: letters and signs, and single marks between two
 * of them that stand for letters ("f*ck"). *coded: a sign precedes a letter
 * ("h3llo" and not "mp3").
 */
static size_t
word_end(const struct features_in *in, size_t i, bool *coded)
{
	const struct norm_glyph *g = in->glyph;
	bool sign = false;

	*coded = false;
	for (; i < in->nglyphs; i++) {
		if (in_word(&g[i])) {
			if (g[i].kind == NORM_LETTER)
				*coded |= sign;
			else
				sign = true;
		} else if (g[i].kind == NORM_GLUE && g[i].alt != 0 && i > 0 &&
			   in_word(&g[i - 1]) && i + 1 < in->nglyphs &&
			   (in_word(&g[i + 1]) || (g[i + 1].alt == g[i].alt &&
						      i + 2 < in->nglyphs &&
						      in_word(&g[i + 2])))) {
			sign = true;
			if (!in_word(&g[i + 1]))
				i++;
		} else {
			break;
		}
	}
	return i;
}

static size_t
gap_end(const struct features_in *in, size_t i)
{
	const struct norm_glyph *g = in->glyph;
	size_t end = i + SPELT_GAP < in->nglyphs ? i + SPELT_GAP : in->nglyphs;

	while (i < end && (g[i].kind == NORM_GLUE || g[i].kind == NORM_BLANK))
		i++;
	return i;
}

/*
 * The end of letters that stand alone with equal gaps, three or more from i
 * on ("n o o b", "n.o.o.b"); or i.
 */
static size_t
spelt_end(const struct features_in *in, size_t i)
{
	const struct norm_glyph *g = in->glyph;
	size_t n = 0, at, gap = 0, next, end = i;
	uint32_t sign = 0;

	for (at = i; at < in->nglyphs && in_word(&g[at]); at = next) {
		if (at + 1 < in->nglyphs && in_word(&g[at + 1]))
			break;
		n++;
		end = at + 1;
		next = gap_end(in, end);
		if (gap == 0) {
			gap = next - end;
			sign = g[end].cp;
		}
		if (next == end || next - end != gap || g[end].cp != sign)
			break;
	}
	return n >= SPELT_LEAST ? end : i;
}

/* A word, or what is none, from i on and not beyond to. Returns its end. */
static size_t
put_part(struct features *f, const struct features_in *in, size_t i, size_t to)
{
	const struct norm_glyph *g = in->glyph;
	bool coded = true, spelt;
	size_t end = spelt_end(in, i);

	spelt = end > i && end <= to;
	if (!spelt)
		end = word_end(in, i, &coded);
	if (end == i) {
		put_symbol(f, symbol(&g[i]));
		return i + 1;
	}
	if (end > to)
		end = to;
	for (; i < end; i++)
		if (!spelt || in_word(&g[i]))
			put_symbol(f, coded ? undone(&g[i]) : symbol(&g[i]));
	return end;
}

/*
 * The view: what the lexicon knows to be harmless is left out of it, words
 * that it saw through stand as they are meant, the rest as far as signs and
 * gaps inside words can be undone without knowing the word.
 */
static void
view(struct features *f, const struct features_in *in)
{
	const struct match_token *t = in->token, *end = t + in->ntokens;
	size_t i = 0;

	f->nsym = 0;
	while (i < in->nglyphs) {
		while (t < end && (t->from < i || t->to <= t->from ||
				      !(t->harmless || is_hidden(t))))
			t++;
		if (t == end || t->from > i) {
			i = put_part(f, in, i, t < end ? t->from : in->nglyphs);
			continue;
		}
		if (t->harmless)
			put_symbol(f, GAP | ' ');
		else
			put_plain(f, in->norm, t->entry);
		i = t->to;
	}
}

static uint32_t *
put_grams(uint32_t *out, const uint32_t *w, size_t n, uint32_t seed)
{
	uint32_t h;
	size_t i;

	for (i = 0; i + 2 < n; i++) {
		h = step(step(step(seed, w[i]), w[i + 1]), w[i + 2]);
		*out++ = feature(h);
		if (i + 3 < n)
			*out++ = feature(h = step(h, w[i + 3]));
		if (i + 4 < n)
			*out++ = feature(step(h, w[i + 4]));
	}
	return out;
}

/* A Hangul syllable as two or three letters. */
static size_t
jamo(uint32_t cp, uint32_t *to)
{
	uint32_t s = cp - HANGUL;

	to[0] = 0x1100 + s / 588;
	to[1] = 0x1161 + s % 588 / 28;
	to[2] = 0x11a7 + s % 28;
	return s % 28 != 0 ? 3 : 2;
}

static void
add_grams(struct features *f, const uint32_t *sym, size_t len)
{
	uint32_t w[3 * WORD_MAX + 2], h, *out = f->at + f->n;
	size_t i, n = 1;

	w[0] = BOUNDARY;
	for (i = 0; i < len; i++) {
		if (sym[i] >= HANGUL && sym[i] < HANGUL_END)
			n += jamo(sym[i], w + n);
		else
			w[n++] = sym[i];
	}
	w[n++] = BOUNDARY;
	out = put_grams(out, w, n, SEED_GRAM);
	for (i = 0; i < len; i++) {
		if (sym[i] < WIDE)
			continue;
		h = step(SEED_GRAM, sym[i]);
		*out++ = feature(h);
		*out++ = feature(step(h, i + 1 < len ? sym[i + 1] : BOUNDARY));
	}
	f->n = (size_t)(out - f->at);
}

static bool
is_vowel(uint32_t sym)
{
	return sym == 'a' || sym == 'e' || sym == 'i' || sym == 'o' ||
	       sym == 'u' || sym == 'y';
}

/*
 * Two features of a word that survive slips and tricks: its first letter with
 * the others in any order, and what is left of it without vowels, masks and
 * doubled letters.
 */
static void
add_shape(struct features *f, const uint32_t *sym, size_t len)
{
	uint32_t any = SEED_ANY, bones = step(SEED_BONES, sym[0]), h;
	uint32_t last = sym[0];
	size_t i, n = 0;

	for (i = 1; i < len; i++) {
		h = sym[i] * SPREAD;
		any += h ^ h >> 15;
		if (is_vowel(sym[i]) || sym[i] == '*' || sym[i] == last)
			continue;
		last = sym[i];
		bones = step(bones, last);
		n++;
	}
	f->at[f->n++] = feature(step(any, sym[0]));
	if (n > 0)
		f->at[f->n++] = feature(bones);
}

uint32_t
features_hash(const uint32_t *sym, size_t n)
{
	uint32_t h = SEED_WORD;
	size_t i;

	for (i = 0; i < n; i++)
		h = step(h, sym[i]);
	return h;
}

void
features_of_word(
    struct features *f, const uint32_t *sym, size_t n, uint32_t hash)
{
	f->at[f->n++] = feature(hash);
	if (sym[0] >= GAP)
		return;
	add_grams(f, sym, n);
	if (n >= SHAPE_LEAST && sym[0] < WIDE)
		add_shape(f, sym, n);
}

void
features_of_place(struct features *f, uint32_t before, uint32_t hash)
{
	f->at[f->n++] = before != 0
			    ? feature(step(step(SEED_PAIR, before), hash))
			    : feature(step(SEED_FIRST, hash));
}

void
features_of_end(struct features *f, uint32_t last)
{
	if (last != 0)
		f->at[f->n++] = feature(step(SEED_LAST, last));
}

void
features_of_lexicon(struct features *f, uint32_t profiles, unsigned tenths)
{
	uint32_t left = profiles;

	for (; left != 0; left &= left - 1)
		f->at[f->n++] = feature(
		    step(SEED_PROFILE, (uint32_t)__builtin_ctz(left)));
	if (tenths > 0)
		f->at[f->n++] = feature(step(SEED_TENTHS, tenths));
}

void
features_begin(struct features *f, const struct features_in *in)
{
	f->n = 0;
	f->next = 0;
	view(f, in);
	features_of_lexicon(f, in->profiles, in->tenths);
}

size_t
features_next(struct features *f, size_t taken, const uint32_t **word)
{
	size_t i = f->next, from;

	while (i < f->nsym && f->sym[i] == (GAP | ' '))
		i++;
	if (i == f->nsym || taken + ROOM >= FEATURES_MAX)
		return 0;
	from = i++;
	if (f->sym[from] >= GAP)
		while (i < f->nsym && f->sym[i] == f->sym[from])
			i++;
	else
		while (i < f->nsym && f->sym[i] < GAP && i - from < WORD_MAX)
			i++;
	f->next = i;
	*word = f->sym + from;
	return i - from;
}

void
features_make(struct features *f, const struct features_in *in)
{
	uint32_t before = 0, hash;
	const uint32_t *word;
	size_t n;

	features_begin(f, in);
	while ((n = features_next(f, f->n, &word)) > 0) {
		hash = features_hash(word, n);
		features_of_word(f, word, n, hash);
		features_of_place(f, before, hash);
		before = hash;
	}
	features_of_end(f, before);
}
