/*
 * match: see match.h. A chain of words with nothing but a sign or two between
 * them, or of single letters, is first tried as one word; where that uncovers
 * nothing strong its words stand for themselves.
 */
#include "match.h"

#include "run.h"

#include "../banned.h"

#define GAP_MAX 4        /* glyphs in a gap inside a word */
#define BUDGET_EACH 48   /* steps of searches more for each glyph */
#define FRAGMENTS_MAX 24 /* glyphs in all parts of a word */

struct matcher {
	const struct lexicon *lex;
	const struct norm_glyph *g;
	size_t n;
	unsigned budget;
	struct match_token *token;
	size_t ntokens;
	size_t spelt_end, glued_end; /* chains known to end there */
	size_t spelt_first, glued_first;
	size_t run_first, run_end;
};

static bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

static size_t
word_end(const struct matcher *m, size_t i)
{
	while (i < m->n && in_word(&m->g[i]))
		i++;
	return i;
}

/* Where the gap at i ends, or i when it is too wide. blanks: may be in it. */
static size_t
gap_end(const struct matcher *m, size_t i, bool blanks)
{
	size_t j;

	for (j = i; j < m->n && !in_word(&m->g[j]); j++)
		if (j - i == GAP_MAX ||
		    (m->g[j].kind != NORM_GLUE &&
			!(blanks && m->g[j].kind == NORM_BLANK)))
			return i;
	return j;
}

/* The end of a chain of single letters; from itself when there is none. */
static size_t
spelt_end(const struct matcher *m, size_t from)
{
	size_t end = from, next = from, letters = 0;

	while (next < m->n && word_end(m, next) == next + 1) {
		end = next + 1;
		letters++;
		next = gap_end(m, end, true);
		if (next == end)
			break;
	}
	return letters >= 3 ? end : from;
}

/*
 * The end of a chain of words joined by signs, with a tail of masks ("f***")
 * unless such a sign stands in front too, which is emphasis.
 */
static size_t
glued_end(const struct matcher *m, size_t from)
{
	size_t word = word_end(m, from), end = word, next;
	bool emphasis = from > 0 && m->g[from - 1].alt == NORM_ALT_ANY;

	for (;;) {
		next = gap_end(m, word, false);
		if (next == word || next >= m->n)
			break;
		end = word = word_end(m, next);
	}
	next = word;
	while (!emphasis && next < m->n && m->g[next].kind == NORM_GLUE &&
	       m->g[next].alt == NORM_ALT_ANY)
		next++;
	if (next > word)
		return next;
	return end > word_end(m, from) ? end : from;
}

/* Some of it is not as it is written. */
static bool
is_guess(const struct matcher *m, const struct lex_match *hit)
{
	size_t i;

	for (i = hit->from; i < hit->to; i++)
		if (m->g[i].guess)
			return true;
	return false;
}

static void
put(struct matcher *m, struct lex_match hit)
{
	struct match_token *t = &m->token[m->ntokens++];
	const struct lex_entry *e = hit.entry;

	t->entry = e;
	t->from = (uint16_t)hit.from;
	t->to = (uint16_t)hit.to;
	if (e != NULL && e->profile == LEX_NONE && hit.stem != NULL &&
	    (e->flags & LEX_SAFE) == 0)
		e = hit.stem;
	t->disguised = hit.disguised;
	t->harmless = hit.entry != NULL && (hit.entry->flags & LEX_SAFE) != 0;
	t->profile = e != NULL ? e->profile : LEX_NONE;
	t->counts = t->profile != LEX_NONE &&
		    ((e->flags & LEX_STRONG) != 0 || hit.spelt ||
			(!hit.disguised && !is_guess(m, &hit)));
}

/* Says that what stands there is not in the lexicon. */
static bool
put_nothing(struct matcher *m, size_t from, size_t to)
{
	put(m, (struct lex_match){ .from = from, .to = to });
	return true;
}

static bool
try_chain(
    struct matcher *m, size_t first, size_t to, enum lex_joint joint, size_t i)
{
	struct lex_chain c = { first, to, joint };
	struct lex_match hit = lex_joined(m->lex, m->g, &c, i, &m->budget);

	if (hit.entry == NULL)
		return false;
	put(m, hit);
	return true;
}

/* Tries the chains that the word at i is part of. */
static bool
match_chains(struct matcher *m, size_t i)
{
	if (i >= m->spelt_end) {
		m->spelt_first = i;
		m->spelt_end = spelt_end(m, i);
	}
	if (i < m->spelt_end) {
		if (i >= m->run_end) {
			m->run_first = i;
			m->run_end = run_end(m->g, m->n, i);
		}
		if (i == m->run_first && i < m->run_end &&
		    try_chain(m, i, m->run_end, LEX_RUN, i))
			return true;
		if (try_chain(m, m->spelt_first, m->spelt_end, LEX_SPELT, i))
			return true;
		if (i < m->run_end) /* its letters are no words */
			return put_nothing(m, i, i + 1);
	}
	if (i >= m->glued_end) {
		m->glued_first = i;
		m->glued_end = glued_end(m, i);
	}
	return i < m->glued_end &&
	       try_chain(m, m->glued_first, m->glued_end, LEX_GLUED, i);
}

/* The end of at most MATCH_FRAGMENTS words from i on, one blank between them.
 */
static size_t
fragments_end(const struct matcher *m, size_t i)
{
	size_t end = word_end(m, i), next, k;

	for (k = 1; k < MATCH_FRAGMENTS && end + 1 < m->n; k++) {
		if (m->g[end].kind != NORM_BLANK || !in_word(&m->g[end + 1]))
			break;
		next = word_end(m, end + 1);
		if (next - i > FRAGMENTS_MAX)
			break;
		end = next;
	}
	return k > 1 ? end : i;
}

/* The word at i with those after it is one that was taken apart. */
static bool
match_fragments(struct matcher *m, size_t i, size_t word)
{
	size_t end;

	if (word - i > MATCH_FRAGMENT_MAX || word + 1 >= m->n ||
	    m->g[word].kind != NORM_BLANK || !in_word(&m->g[word + 1]) ||
	    !lex_may_begin(m->lex, m->g, i, word))
		return false;
	end = fragments_end(m, i);
	return end > i && try_chain(m, i, end, LEX_FRAGMENTS, i);
}

/* A word whose first letter is a sign that separates words: "!diot". */
static bool
begins_with_sign(struct matcher *m, size_t i)
{
	const struct norm_glyph *g = &m->g[i];

	if ((g->cp != '!' && g->cp != 0xa1) || i + 1 == m->n ||
	    !in_word(g + 1) || (i > 0 && in_word(g - 1)))
		return false;
	m->glued_first = i;
	m->glued_end = glued_end(m, i + 1);
	if (m->glued_end == i + 1)
		m->glued_end = word_end(m, i + 1);
	return try_chain(m, i, m->glued_end, LEX_GLUED, i);
}

size_t
match_within(const struct lexicon *lex, const struct norm_glyph *g, size_t n,
    struct match_token *token, unsigned *budget)
{
	struct matcher m = {
		.lex = lex, .g = g, .n = n, .token = token, .budget = *budget
	};
	struct lex_match hit;
	size_t i = 0, end;

	while (i < n && m.ntokens < MATCH_TOKENS) {
		if (!in_word(&g[i])) {
			if (begins_with_sign(&m, i))
				i = m.token[m.ntokens - 1].to;
			else
				i++;
			continue;
		}
		if (match_chains(&m, i)) {
			end = m.token[m.ntokens - 1].to;
			i = word_end(&m, end);
			continue;
		}
		end = word_end(&m, i);
		hit = lex_word(lex, g, i, end, &m.budget);
		if ((hit.entry == NULL ||
			(hit.entry->flags & LEX_STRONG) == 0) &&
		    match_fragments(&m, i, end)) {
			i = m.token[m.ntokens - 1].to;
			continue;
		}
		if (hit.entry == NULL) {
			hit.from = i;
			hit.to = end;
		}
		put(&m, hit);
		i = hit.to; /* more may follow what was found inside */
	}
	*budget = m.budget;
	return m.ntokens;
}

unsigned
match_budget(size_t n)
{
	return MATCH_BUDGET_MIN + BUDGET_EACH * (unsigned)n;
}

size_t
match_text(const struct lexicon *lex, const struct norm_glyph *g, size_t n,
    struct match_token *token)
{
	unsigned budget = match_budget(n);

	return match_within(lex, g, n, token, &budget);
}

bool
match_fragmented(const struct lexicon *lex, const struct norm_glyph *g,
    size_t n, size_t from, unsigned *budget)
{
	struct match_token token;
	struct matcher m = {
		.lex = lex, .g = g, .n = n, .token = &token, .budget = *budget
	};
	bool found = match_fragments(&m, from, word_end(&m, from));

	*budget = m.budget;
	return found;
}
