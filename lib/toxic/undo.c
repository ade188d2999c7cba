/*
 * undo: see undo.h. A reading is taken where it is a usual word, and of
 * several the most usual. All work is bounded by the number of glyphs, times a
 * constant.
 */
#include "undo.h"

#include <stdbool.h>
#include <string.h>

#include "ordinary.h"
#include "run.h"
#include "undo-impl.h"
#include "usual.h"

#include "../banned.h"

#define SHORTEST 3      /* letters of a word with signs or masks in it */
#define SWAP_SHORTEST 4 /* and of one with two letters swapped */
#define SEEN_LEAST 2    /* letters that masks leave */
#define READINGS 64     /* of signs in a word, tried at most */
#define DRAWN_MAX 5     /* letters of a word that are drawn out */
#define MARKS_MAX 2     /* in a row inside a word */
#define MASKED_MAX 64   /* words of a text that are filled in */
#define MASKED_MANY 2   /* words that need no mask, and any may have one */

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

/* A letter a to z, not one that only looks like it. */
static bool
is_plain(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER && g->sym < NORM_CYR && g->cp < 0x80;
}

static bool
is_mask(const struct norm_glyph *g)
{
	return g->cp == '*';
}

static size_t
word_end(const struct undo *u, size_t i)
{
	while (i < u->n && in_word(&u->g[i]))
		i++;
	return i;
}

void
undo_copy(struct undo *u, size_t from, size_t to)
{
	if (u->k < from)
		memmove(u->g + u->k, u->g + from, (to - from) * sizeof(*u->g));
	u->k += to - from;
}

void
undo_put(struct undo *u, char letter, size_t from, size_t to)
{
	struct norm_glyph *g = &u->g[u->k++];

	*g = (struct norm_glyph){ .kind = NORM_LETTER,
		.sym = (uint8_t)(letter - 'a'),
		.guess = true,
		.start = u->g[from].start,
		.end = u->g[to - 1].end,
		.cp = (unsigned char)letter };
}

/* As many letters as glyphs. */
static void
put_word(struct undo *u, const struct usual_word *w, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		undo_put(u, w->s[i - from], i, i + 1);
}

/* --- signs ------------------------------------------------------------- */

/* Readings of a word with signs in it. */
struct reading {
	const struct undo *u;
	const struct norm_glyph *g;
	size_t n;
	struct usual_word word, best;
	unsigned cost, left;
};

static void
read_from(struct reading *r, size_t i)
{
	uint64_t set;
	unsigned cost;

	if (i == r->n) {
		cost = usual_cost(r->u->lex->usual, &r->word);
		if (cost < r->cost) {
			r->cost = cost;
			r->best = r->word;
		}
		return;
	}
	set = norm_alt[r->g[i].alt];
	if (r->g[i].kind == NORM_LETTER)
		set = NORM_BIT(r->g[i].sym);
	for (; set != 0 && r->left > 0; set &= set - 1) {
		r->word.s[i] = (char)('a' + __builtin_ctzll(set));
		if (i + 1 == r->n)
			r->left--;
		read_from(r, i + 1);
	}
}

/* "gr8", "1st": it is used as it is. */
static bool
is_usual(const struct undo *u, size_t from, size_t to)
{
	struct usual_word w = { "" };
	size_t i;

	for (i = from; i < to; i++) {
		if (u->g[i].cp >= 0x80 || !in_word(&u->g[i]))
			return false;
		w.s[i - from] = (char)u->g[i].cp;
	}
	return usual_cost(u->lex->usual, &w) != USUAL_NONE;
}

/* Signs, among some letters, are letters. */
static bool
decode(struct undo *u, size_t from, size_t to)
{
	struct reading r = { .u = u,
		.g = u->g + from,
		.n = to - from,
		.cost = USUAL_NONE,
		.left = READINGS };
	size_t i, letters = 0;

	if (r.n < SHORTEST || r.n > USUAL_LETTERS)
		return false;
	for (i = from; i < to; i++) {
		if (u->g[i].kind == NORM_LETTER && u->g[i].sym < NORM_CYR)
			letters++;
		else if (u->g[i].kind == NORM_LETTER ||
			 u->g[i].alt <= NORM_ALT_ANY)
			return false;
	}
	if (letters == 0 || letters == r.n || is_usual(u, from, to))
		return false;
	read_from(&r, 0);
	if (r.cost == USUAL_NONE)
		return false;
	put_word(u, &r.best, from, to);
	return true;
}

/* --- masks ------------------------------------------------------------- */

/*
 * The end of the word at from with masks inside of it, as letters; from where
 * there are none, or it is no such word.
 */
static size_t
masked_end(const struct undo *u, size_t from)
{
	size_t i = from, j, masks = 0, letters = 0;

	while (i < u->n && i - from < USUAL_LETTERS) {
		for (; i < u->n && is_plain(&u->g[i]); i++)
			letters++;
		for (j = i; j < u->n && is_mask(&u->g[j]); j++)
			;
		if (j == i || j - i > MARKS_MAX || j == u->n ||
		    !is_plain(&u->g[j]))
			break;
		masks += j - i;
		i = j;
	}
	if (masks == 0 || masks > letters || letters < SEEN_LEAST ||
	    (from > 0 && is_mask(&u->g[from - 1])) ||
	    (i < u->n && (in_word(&u->g[i]) || is_mask(&u->g[i]))))
		return from;
	return i;
}

/* The lexicon sees a strong word in it. */
static bool
is_strong(const struct undo *u, size_t from, size_t to)
{
	struct lex_chain c = { from, to, LEX_GLUED };
	unsigned budget = MASKED_MAX * USUAL_LETTERS;
	struct lex_match m = lex_joined(u->lex, u->g, &c, from, &budget);

	return m.entry != NULL;
}

/*
 * Words are masked that are nothing of the kind, from from on, so that others
 * may be, too.
 */
static bool
is_masked_throughout(struct undo *u, size_t from)
{
	size_t i, end, tried = 0;

	if (u->harmless != SIZE_MAX)
		return u->harmless >= MASKED_MANY;
	u->harmless = 0;
	for (i = from; i < u->n && u->harmless < MASKED_MANY; i++) {
		end = is_plain(&u->g[i]) ? masked_end(u, i) : i;
		if (end > i && tried++ == MASKED_MAX)
			break;
		u->harmless += end > i && !is_strong(u, i, end);
		for (i = end; i < u->n && is_plain(&u->g[i]); i++)
			;
	}
	return u->harmless >= MASKED_MANY;
}

/* Fills in the masks of a word. False: it stays what it is. */
static bool
unmask(struct undo *u, size_t from, size_t to)
{
	struct usual_word w = { "" };
	size_t i, n = to - from;

	if (n < SHORTEST || n > USUAL_LETTERS || u->filled == MASKED_MAX)
		return false;
	u->filled++;
	if (!is_masked_throughout(u, from) && is_strong(u, from, to))
		return false;
	for (i = from; i < to; i++)
		w.s[i - from] = (char)u->g[i].cp;
	if (usual_fill(u->lex->usual, &w, n) == USUAL_NONE)
		return false;
	put_word(u, &w, from, to);
	return true;
}

/* --- letters ------------------------------------------------------------ */

/* A word in plain letters: of each, how often it stands there in a row. */
struct drawn {
	struct usual_word word; /* each once */
	size_t times[USUAL_LETTERS], n;
	size_t at[DRAWN_MAX], nat; /* those that stand there several times */
};

/* False: too long a word, or one that has other letters. */
static bool
draw(const struct undo *u, size_t from, size_t to, struct drawn *d)
{
	const struct norm_glyph *g = u->g;
	size_t i;

	*d = (struct drawn){ .n = 0 };
	for (i = from; i < to; i++) {
		if (!is_plain(&g[i]))
			return false;
		if (i > from && g[i].sym == g[i - 1].sym) {
			if (++d->times[d->n - 1] > 2)
				continue;
			if (d->nat == DRAWN_MAX)
				return false;
			d->at[d->nat++] = d->n - 1;
			continue;
		}
		if (d->n == USUAL_LETTERS)
			return false;
		d->word.s[d->n] = (char)('a' + g[i].sym);
		d->times[d->n++] = 1;
	}
	return true;
}

/* The letters, those of a place in twice twice. False: too many. */
static bool
spell(const struct drawn *d, unsigned twice, struct usual_word *w)
{
	size_t i, k, n = 0;
	unsigned many;

	memset(w, 0, sizeof(*w));
	for (i = k = 0; i < d->n; i++) {
		many = 1;
		if (k < d->nat && d->at[k] == i)
			many += twice >> k++ & 1;
		for (; many > 0; many--) {
			if (n == USUAL_LETTERS)
				return false;
			w->s[n++] = d->word.s[i];
		}
	}
	return true;
}

static bool
is_drawn_out(const struct undo *u, size_t from, size_t to)
{
	size_t i;

	for (i = from + 2; i < to; i++)
		if (u->g[i].sym == u->g[i - 1].sym &&
		    u->g[i].sym == u->g[i - 2].sym)
			return true;
	return false;
}

/* The lexicon has it, or knows it for an ordinary word. */
static bool
is_known(
    const struct undo *u, size_t from, size_t to, const struct usual_word *w)
{
	return typo_is_common(u->lex->typo, w->s, to - from) ||
	       lex_knows(u->lex, u->g, from, to);
}

/* Letters that are drawn out; once or twice each of them may be meant. */
static bool
shorten(struct undo *u, size_t from, const struct drawn *d)
{
	struct usual_word w;
	unsigned twice, best = 0, cost, least = USUAL_NONE;
	size_t i, k, at = from;

	if (d->n < 2)
		return false;
	for (twice = 0; twice < 1U << d->nat; twice++) {
		if (!spell(d, twice, &w))
			continue;
		cost = usual_cost(u->lex->usual, &w);
		if (cost < least) {
			least = cost;
			best = twice;
		}
	}
	if (least == USUAL_NONE)
		return false;
	for (i = k = 0; i < d->n; at += d->times[i++]) {
		if (k < d->nat && d->at[k] == i && (best >> k++ & 1) != 0) {
			undo_put(u, d->word.s[i], at, at + 1);
			undo_put(u, d->word.s[i], at + 1, at + d->times[i]);
		} else {
			undo_put(u, d->word.s[i], at, at + d->times[i]);
		}
	}
	return true;
}

/* Two neighbours in each other's place, in a word that is none otherwise. */
static bool
swap(struct undo *u, size_t from, size_t to, const struct usual_word *word)
{
	struct usual_word w = *word, best = { "" };
	unsigned cost, least = USUAL_NONE;
	size_t i, n = to - from;
	char c;

	if (n < SWAP_SHORTEST || !usual_letters(u->lex->usual, word))
		return false;
	for (i = 0; i + 1 < n; i++) {
		c = w.s[i];
		w.s[i] = w.s[i + 1];
		w.s[i + 1] = c;
		cost = usual_cost(u->lex->usual, &w);
		if (cost < least) {
			least = cost;
			best = w;
		}
		w.s[i + 1] = w.s[i];
		w.s[i] = c;
	}
	if (least == USUAL_NONE || is_known(u, from, to, word))
		return false;
	put_word(u, &best, from, to);
	return true;
}

/* A word in plain letters. False: it stays what it is. */
static bool
respell(struct undo *u, size_t from, size_t to)
{
	struct usual_word w = { "" };
	struct drawn d;
	size_t i;

	for (i = from; i < to && i - from < USUAL_LETTERS; i++) {
		if (!is_plain(&u->g[i]))
			return false;
		w.s[i - from] = (char)('a' + u->g[i].sym);
	}
	if (is_drawn_out(u, from, to))
		return draw(u, from, to, &d) && shorten(u, from, &d);
	return i == to && !usual_maybe(u->lex->usual, &w) &&
	       swap(u, from, to, &w);
}

/* --- single letters ------------------------------------------------------ */

/* ------------------------------------------------------------------------ */

/* The end of the word at i with signs for letters inside of it. */
static size_t
coded_end(const struct undo *u, size_t i)
{
	size_t end = word_end(u, i), j;

	for (;;) {
		for (j = end;
		     j < u->n && j - end <= MARKS_MAX &&
		     u->g[j].kind == NORM_GLUE && u->g[j].alt > NORM_ALT_ANY;
		     j++)
			;
		if (j == end || j == u->n || !in_word(&u->g[j]))
			return end;
		end = word_end(u, j);
	}
}

/*
 * A word with something in it that is no letter, or with masks or signs behind
 * it which may be inside of it. Returns its end.
 */
static size_t
odd_word(struct undo *u, size_t i)
{
	size_t end = masked_end(u, i), part = word_end(u, i);

	if (end > i) {
		if (!unmask(u, i, end))
			undo_copy(u, i, end);
		return end;
	}
	end = coded_end(u, i);
	if (decode(u, i, end))
		return end;
	if ((end == part || !decode(u, i, part)) && !respell(u, i, part))
		undo_copy(u, i, part);
	return part;
}

/* The word at i. Returns its end. */
static size_t
word(struct undo *u, size_t i)
{
	size_t end = i;

	while (u->g[end].kind == NORM_LETTER)
		end++;
	if (in_word(&u->g[end]) ||
	    (u->g[end].kind == NORM_GLUE && u->g[end].alt != 0))
		return odd_word(u, i);
	if (!respell(u, i, end))
		undo_copy(u, i, end);
	return end;
}

size_t
undo_text(const struct lexicon *lex, struct norm_glyph *g, size_t n)
{
	struct undo u = { .lex = lex,
		.g = g,
		.n = n,
		.harmless = SIZE_MAX,
		.gaplen = SIZE_MAX };
	size_t i = 0, end;

	while (i < n) {
		end = run_single(g, n, i) ? undo_spelt(&u, i) : i;
		if (end == i && in_word(&g[i]))
			end = word(&u, i);
		else if (end == i)
			undo_copy(&u, i, ++end);
		i = end;
	}
	g[u.k] = g[n];
	return u.k;
}
