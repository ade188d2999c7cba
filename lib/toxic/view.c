/*
 * view: match_view of match.h. What was taken apart is put together here, so
 * that the model sees words and not crumbs: a message spelt letter by letter
 * is no worse than the same one written plainly.
 */
#include "match.h"

#include <string.h>

#include "../banned.h"

#define RUN_MIN 3  /* single letters that make a run */
#define RUN_MAX 64 /* as many are looked at at once, as are of a word */
#define RUN_GAP 2  /* glyphs between two of them at most */
#define GLUE_MAX 2 /* of them inside a word */
#define STRETCH 3  /* as often and a letter is drawn out */

struct view {
	const struct lexicon *lex;
	const struct norm_glyph *g;
	size_t n;
	const struct match_token *t, *end;
	bool meant, changed;
	size_t gap, gaplen; /* where a gap of a run of this text stands */
	struct norm_glyph *out;
	size_t k;
};

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

static bool
is_mask(const struct norm_glyph *g)
{
	return g->kind == NORM_GLUE && (g->cp == '*' || g->cp == '#');
}

static size_t
word_end(const struct view *v, size_t i)
{
	while (i < v->n && in_word(&v->g[i]))
		i++;
	return i;
}

/* The end of the gap at i that separates single letters; i: none. */
static size_t
gap_end(const struct view *v, size_t i)
{
	size_t j;

	for (j = i; j < v->n && !in_word(&v->g[j]); j++)
		if (j - i == RUN_GAP || v->g[j].kind == NORM_BREAK ||
		    is_mask(&v->g[j]))
			return i;
	return j < v->n ? j : i;
}

static bool
same_gap(const struct view *v, size_t a, size_t b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (v->g[a + i].cp != v->g[b + i].cp)
			return false;
	return true;
}

static bool
is_single(const struct view *v, size_t i)
{
	return i < v->n && in_word(&v->g[i]) &&
	       (i + 1 == v->n || !in_word(&v->g[i + 1])) &&
	       (i == 0 || !in_word(&v->g[i - 1]));
}

/*
 * The end of the run of single letters at from, all with the same gap between
 * them: another gap separates words. from itself where there is none. What
 * has two letters is one where the text has another with the same gap.
 */
static size_t
run_end(const struct view *v, size_t from, size_t *gaplen)
{
	size_t end = from, next = from, first = 0, len = 0, signs = 0, k = 0;

	while (k < RUN_MAX && is_single(v, next)) {
		if (k > 1 &&
		    (next - end != len || !same_gap(v, first, end, len)))
			break;
		if (k == 1) {
			first = end;
			len = next - end;
		}
		signs += v->g[next].kind == NORM_SIGN;
		k++;
		end = next + 1;
		next = gap_end(v, end);
		if (next == end)
			break;
	}
	*gaplen = len;
	if (k < 2 || 2 * signs > k)
		return from;
	if (k < RUN_MIN &&
	    (len == 0 || v->gaplen != len || !same_gap(v, first, v->gap, len)))
		return from;
	return end;
}

size_t
match_run(const struct norm_glyph *g, size_t n, size_t from)
{
	struct view v = { .g = g, .n = n };
	size_t len;

	return run_end(&v, from, &len);
}

/* Looks for a run, so that short words between such are known as well. */
static void
find_gap(struct view *v)
{
	size_t i, end, len;

	for (i = 0; i < v->n; i++) {
		if (!is_single(v, i))
			continue;
		end = run_end(v, i, &len);
		if (end > i) {
			v->gap = i + 1;
			v->gaplen = len;
			return;
		}
	}
}

static void
put(struct view *v, const struct norm_glyph *g)
{
	if (v->k < NORM_GLYPHS)
		v->out[v->k++] = *g;
}

static void
put_letter(struct view *v, const struct norm_glyph *at, unsigned sym)
{
	struct norm_glyph g = *at;

	g.kind = NORM_LETTER;
	g.sym = (uint8_t)sym;
	g.alt = 0;
	g.cp = 'a' + sym;
	v->changed = true;
	put(v, &g);
}

/* The letter that a sign reads as: the likeliest of those it may stand for. */
static unsigned
reads_as(const struct norm_glyph *g)
{
	uint64_t set = norm_alt[g->alt];

	if (g->cp == '|' && (set & NORM_BIT('l' - 'a')) != 0)
		return 'l' - 'a';
	return (unsigned)__builtin_ctzll(set);
}

static bool
is_digit(const struct norm_glyph *g)
{
	return g->cp >= '0' && g->cp <= '9';
}

/*
 * Signs of the word from from to to are letters: some letter is there, and
 * they aren't a number before or behind it ("100k", "player12").
 */
static bool
is_number_at(const struct view *v, size_t from, size_t to, size_t i)
{
	size_t a = i, b = i + 1;

	if (!is_digit(&v->g[i]))
		return false;
	while (a > from && is_digit(&v->g[a - 1]))
		a--;
	while (b < to && is_digit(&v->g[b]))
		b++;
	return (a == from && (b - a > 1 || to - b < 3)) || b == to;
}

static bool
has_letters(const struct view *v, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		if (v->g[i].kind == NORM_LETTER)
			return true;
	return false;
}

/* How often the letter at i stands there in a row. */
static size_t
repeated(const struct view *v, size_t i, size_t to)
{
	size_t j = i + 1;

	while (
	    j < to && v->g[j].kind == NORM_LETTER && v->g[j].cp == v->g[i].cp)
		j++;
	return j - i;
}

static size_t
put_in_word(struct view *v, size_t from, size_t i, size_t to)
{
	const struct norm_glyph *g = &v->g[i];
	struct norm_glyph mask = *g;
	size_t many;

	if (is_mask(g)) {
		mask.kind = NORM_LETTER;
		mask.sym = NORM_OTHER;
		mask.alt = 0;
		mask.cp = '*';
		put(v, &mask);
	} else if (!v->meant) {
		put(v, g);
	} else if (g->kind == NORM_LETTER) {
		many = repeated(v, i, to);
		put(v, g);
		if (many >= STRETCH) {
			v->changed = true;
			return i + many;
		}
	} else if (g->alt > NORM_ALT_ANY && !is_number_at(v, from, to, i)) {
		if (i + 1 < to && g->cp == '1' && g[1].cp == '1') {
			put_letter(v, g, 'l' - 'a');
			put_letter(v, g + 1, 'l' - 'a');
			return i + 2;
		}
		put_letter(v, g, reads_as(g));
	} else if (g->kind == NORM_SIGN) {
		put(v, g);
	} else {
		v->changed = true;
	}
	return i + 1;
}

/* The end of the word at i with what is inside of it but no letter. */
static size_t
whole_end(const struct view *v, size_t i)
{
	size_t end = word_end(v, i), j;
	bool masked = i > 0 && is_mask(&v->g[i - 1]);

	while (end - i < RUN_MAX) {
		for (j = end; j < v->n && j - end <= GLUE_MAX &&
			      v->g[j].kind == NORM_GLUE &&
			      (is_mask(&v->g[j]) ||
				  (v->meant && v->g[j].alt != NORM_ALT_ANY));
		     j++)
			;
		if (j == end || j == v->n || !in_word(&v->g[j]))
			break;
		end = word_end(v, j);
	}
	for (j = end; j < v->n && is_mask(&v->g[j]); j++)
		;
	return j - end >= 2 && !masked ? j : end;
}

static size_t
put_run(struct view *v, size_t from, size_t end)
{
	size_t i;

	for (i = from; i < end; i++)
		if (in_word(&v->g[i])) {
			if (v->meant && v->g[i].kind == NORM_SIGN &&
			    v->g[i].alt > NORM_ALT_ANY)
				put_letter(v, &v->g[i], reads_as(&v->g[i]));
			else
				put(v, &v->g[i]);
		}
	return end;
}

static size_t
put_word(struct view *v, size_t from)
{
	size_t to = whole_end(v, from), i = from;

	if (!has_letters(v, from, to))
		to = word_end(v, from);
	if (!has_letters(v, from, to))
		for (; i < to; i++)
			put(v, &v->g[i]);
	while (i < to)
		i = put_in_word(v, from, i, to);
	return to;
}

/* What a token stands for: its plain word, or nothing. */
static void
put_token(struct view *v, const struct match_token *t)
{
	struct norm_glyph plain[LEX_WORD_MAX + 1], at = v->g[t->from];
	size_t n, i;

	if (t->harmless) {
		at.kind = NORM_BLANK;
		at.sym = NORM_NONE;
		at.cp = ' ';
		put(v, &at);
		return;
	}
	n = norm_text(v->lex->norm, t->entry->text, t->entry->len, plain);
	for (i = 0; i < n; i++) {
		plain[i].start = at.start;
		plain[i].end = v->g[t->to - 1].end;
		put(v, &plain[i]);
	}
	v->changed = true;
}

static bool
stands_for(const struct view *v, const struct match_token *t)
{
	return t->harmless || (v->meant && t->disguised && t->counts);
}

size_t
match_view(const struct lexicon *lex, const struct norm_glyph *g, size_t n,
    const struct match_token *token, size_t ntokens, enum match_view which,
    struct norm_glyph *out)
{
	struct view v = { .lex = lex,
		.g = g,
		.n = n,
		.t = token,
		.end = token + ntokens,
		.meant = which == MATCH_MEANT,
		.out = out };
	size_t i = 0, end, len;

	find_gap(&v);
	while (i < n) {
		while (v.t < v.end && (v.t->from < i || v.t->entry == NULL))
			v.t++;
		if (v.t < v.end && v.t->from == i && v.t->to > i &&
		    stands_for(&v, v.t)) {
			put_token(&v, v.t);
			i = v.t->to;
			continue;
		}
		end = is_single(&v, i) ? run_end(&v, i, &len) : i;
		if (end > i)
			i = put_run(&v, i, end);
		else if (in_word(&g[i]))
			i = put_word(&v, i);
		else
			put(&v, &g[i++]);
	}
	return v.meant && !v.changed ? 0 : v.k;
}
