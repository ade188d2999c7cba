/*
 * phrase: see phrase.h. A filler may be a phrase's own word or stand in
 * between, so both are tried; the longest wins.
 */
#include "phrase.h"

#include "../banned.h"

#define SKIP 4      /* fillers skipped in a row */
#define BUDGET 2000 /* steps from one token */

struct search {
	const struct lexicon *lex;
	const struct match_token *token;
	size_t n;
	unsigned budget;
	struct phrase found;
};

static void follow(struct search *, size_t i, unsigned state, unsigned skipped);

static void
step(struct search *s, size_t i, unsigned state, unsigned word)
{
	const struct lex_edge *e = NULL;

	while ((e = lex_step(s->lex, state, word, e)) != NULL)
		follow(s, i + 1, e->to, 0);
}

/* The longest is kept, of equal ones the one that stands last in the file. */
static void
keep(struct search *s, size_t end, unsigned state)
{
	unsigned line = s->lex->line[state];

	if (end > s->found.end || (end == s->found.end && line > s->found.line))
		s->found = (struct phrase){ .end = end,
			.profile = s->lex->phrase[state],
			.line = line };
}

/* Follows the phrases from state on with token i. */
static void
follow(struct search *s, size_t i, unsigned state, unsigned skipped)
{
	const struct lex_entry *e;

	/* fillers that follow are no part of it */
	if (skipped == 0 && s->lex->phrase[state] != LEX_NONE)
		keep(s, i, state);
	if (i == s->n || s->token[i].entry == NULL || s->budget == 0)
		return;
	s->budget--;
	e = s->token[i].entry;
	step(s, i, state, e->word);
	if ((e->flags & LEX_GROUP) != 0)
		step(s, i, state, s->lex->group);
	if (state != LEX_PHRASE_START && (e->flags & LEX_FILL) != 0 &&
	    (e->flags & LEX_NEG) == 0 && skipped < SKIP)
		follow(s, i + 1, state, skipped + 1);
}

struct phrase
phrase_at(const struct lexicon *lex, const struct match_token *token, size_t n,
    size_t i)
{
	struct search s = {
		.lex = lex, .token = token, .n = n, .budget = BUDGET
	};

	follow(&s, i, LEX_PHRASE_START, 0);
	return s.found;
}
