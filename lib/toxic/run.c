/*
 * run: see run.h. Another gap separates words, so that a run ends where the
 * gap changes, and a letter that begins another one is left to that: "u r
 * n.o.o.b".
 */
#include "run.h"

#include "../banned.h"

#define RUN_MIN 3

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

/* The end of the gap at i that separates single letters; i: none. */
static size_t
gap_end(const struct norm_glyph *g, size_t n, size_t i)
{
	size_t j;

	for (j = i; j < n && !in_word(&g[j]); j++)
		if (j - i == RUN_GAP || g[j].kind == NORM_BREAK ||
		    is_mask(&g[j]))
			return i;
	return j < n ? j : i;
}

static bool
same_gap(const struct norm_glyph *g, size_t a, size_t b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (g[a + i].cp != g[b + i].cp)
			return false;
	return true;
}

bool
run_single(const struct norm_glyph *g, size_t n, size_t i)
{
	return i < n && in_word(&g[i]) && (i + 1 == n || !in_word(&g[i + 1])) &&
	       (i == 0 || !in_word(&g[i - 1]));
}

/* As run_letters, with the last letter, whatever follows it. */
static size_t
take_letters(const struct norm_glyph *g, size_t n, size_t from, struct run *r)
{
	size_t next = from, signs = 0;

	*r = (struct run){ .end = from };
	while (r->letters < RUN_MAX && run_single(g, n, next)) {
		if (r->letters > 1 &&
		    (next - r->end != r->gaplen ||
			!same_gap(g, r->gap, r->end, r->gaplen)))
			break;
		if (r->letters == 1) {
			r->gap = r->end;
			r->gaplen = next - r->end;
		}
		signs += g[next].kind == NORM_SIGN;
		r->letters++;
		r->end = next + 1;
		next = gap_end(g, n, r->end);
		if (next == r->end)
			break;
	}
	if (2 * signs > r->letters)
		r->letters = 0;
	return r->letters;
}

size_t
run_letters(const struct norm_glyph *g, size_t n, size_t from, struct run *r)
{
	struct run next;

	if (take_letters(g, n, from, r) >= RUN_MIN &&
	    gap_end(g, n, r->end) > r->end &&
	    take_letters(g, n, r->end - 1, &next) >= RUN_MIN) {
		r->letters--;
		r->end -= 1 + r->gaplen;
	}
	return r->letters;
}

size_t
run_end(const struct norm_glyph *g, size_t n, size_t from)
{
	struct run r;

	return run_letters(g, n, from, &r) >= RUN_MIN ? r.end : from;
}
