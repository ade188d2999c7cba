/*
 * phrase: see phrase.h. A filler may be a phrase's own word or stand in
 * between, so both are tried; the longest wins.
 */
#include "phrase.h"

#include "../banned.h"

#define SKIP 4 /* fillers skipped in a row */

struct search {
	const struct lexicon *lex;
	const struct match_token *token;
	size_t n;
	struct phrase found;
};

/* Follows the phrases from state on with token i. */
static void
follow(struct search *s, size_t i, unsigned state, unsigned skipped)
{
	const struct lex_entry *e;
	unsigned next;

	if (s->lex->phrase[state] != LEX_NONE && i > s->found.end)
		s->found = (struct phrase){ .end = i,
			.profile = s->lex->phrase[state],
			.line = s->lex->line[state] };
	if (i == s->n || s->token[i].entry == NULL)
		return;
	e = s->token[i].entry;
	next = lex_step(s->lex, state, e);
	if (next != 0)
		follow(s, i + 1, next, 0);
	if (state != LEX_PHRASE_START && (e->flags & LEX_FILL) != 0 &&
	    (e->flags & LEX_NEG) == 0 && skipped < SKIP)
		follow(s, i + 1, state, skipped + 1);
}

struct phrase
phrase_at(const struct lexicon *lex, const struct match_token *token, size_t n,
    size_t i)
{
	struct search s = { .lex = lex, .token = token, .n = n };

	follow(&s, i, LEX_PHRASE_START, 0);
	return s.found;
}
