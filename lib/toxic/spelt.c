/*
 * spelt: letters that stand alone throughout, see undo-impl.h. They are cut
 * into the words that are likeliest together (Viterbi), and left alone where
 * letters by chance would be as likely.
 */
#include "undo-impl.h"

#include <stdbool.h>
#include <string.h>

#include "run.h"
#include "usual.h"

#include "../banned.h"

#define GAP_LEAST 3 /* letters of a run that tells the gap */
/* What letters cost that are no usual word, by their number. */
#define STRAY (18 * USUAL_BIT)
#define STRAY_LETTERS 2
#define UNKNOWN (8 * USUAL_BIT)
#define UNKNOWN_LETTER 16

/* A run cut into words: of each beginning its cost and its last word. */
struct cut {
	char letter[RUN_MAX];
	size_t at[RUN_MAX]; /* glyphs */
	size_t n;
	unsigned cost[RUN_MAX + 1];
	uint8_t last[RUN_MAX + 1];
};

static unsigned
word_cost(const struct undo *u, const char *s, size_t n)
{
	struct usual_word w = { "" };
	unsigned cost = USUAL_NONE;

	if (n <= USUAL_LETTERS) {
		memcpy(w.s, s, n);
		cost = usual_cost(u->lex->usual, &w);
	}
	if (cost != USUAL_NONE)
		return cost;
	return n <= STRAY_LETTERS ? STRAY
				  : UNKNOWN + UNKNOWN_LETTER * (unsigned)n;
}

static void
cut_run(const struct undo *u, struct cut *c)
{
	size_t end, len;
	unsigned cost;

	c->cost[0] = 0;
	for (end = 1; end <= c->n; end++) {
		/* all of it may be one word, however long */
		c->cost[end] = word_cost(u, c->letter, end);
		c->last[end] = (uint8_t)end;
		for (len = 1; len < end && len <= USUAL_LETTERS; len++) {
			cost = c->cost[end - len] +
			       word_cost(u, c->letter + end - len, len);
			if (cost < c->cost[end]) {
				c->cost[end] = cost;
				c->last[end] = (uint8_t)len;
			}
		}
	}
}

static void
put_cut(struct undo *u, const struct cut *c)
{
	bool begins[RUN_MAX + 1] = { false };
	struct norm_glyph gap;
	size_t i;

	for (i = c->n; i > 0; i -= c->last[i])
		begins[i - c->last[i]] = true;
	for (i = 0; i < c->n; i++) {
		if (begins[i] && i > 0) {
			gap = u->g[c->at[i] - 1];
			gap.kind = NORM_BLANK;
			gap.alt = 0;
			gap.cp = ' ';
			u->g[u->k++] = gap;
		}
		undo_put(u, c->letter[i], c->at[i], c->at[i] + 1);
	}
}

static void
learn_gap(struct undo *u, const struct run *r)
{
	size_t i;

	u->gaplen = r->gaplen;
	for (i = 0; i < r->gaplen; i++)
		u->gap[i] = u->g[r->gap + i].cp;
}

/*
 * Of two letters: that they are a word is known by others that have the same
 * gap between more letters.
 */
static bool
is_usual_gap(struct undo *u, const struct run *r)
{
	struct run next;
	size_t i;

	for (i = r->end; u->gaplen == SIZE_MAX && i < u->n; i++)
		if (run_single(u->g, u->n, i) &&
		    run_letters(u->g, u->n, i, &next) >= GAP_LEAST)
			learn_gap(u, &next);
	if (u->gaplen == SIZE_MAX)
		u->gaplen = 0;
	for (i = 0; i < r->gaplen && r->gaplen == u->gaplen; i++)
		if (u->gap[i] != u->g[r->gap + i].cp)
			return false;
	return r->gaplen == u->gaplen;
}

size_t
undo_spelt(struct undo *u, size_t from)
{
	struct cut c;
	struct run r;
	size_t i;

	if (run_letters(u->g, u->n, from, &r) < 2)
		return from;
	if (r.letters >= GAP_LEAST && u->gaplen == SIZE_MAX)
		learn_gap(u, &r);
	if (r.letters < GAP_LEAST && !is_usual_gap(u, &r))
		return from;
	c.n = 0;
	for (i = from; i < r.end; i += 1 + r.gaplen) {
		if (u->g[i].kind != NORM_LETTER || u->g[i].sym >= NORM_CYR)
			return from;
		c.letter[c.n] = (char)('a' + u->g[i].sym);
		c.at[c.n++] = i;
	}
	cut_run(u, &c);
	/* one word is left to those who know what it means */
	if (c.last[c.n] != c.n || (c.n < GAP_LEAST && c.cost[c.n] < STRAY))
		put_cut(u, &c);
	else if (c.n < GAP_LEAST)
		return from;
	else
		undo_copy(u, from, r.end);
	return r.end;
}
