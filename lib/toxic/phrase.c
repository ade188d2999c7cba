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

static bool
is_filler(const struct lex_entry *e)
{
	return (e->flags & LEX_FILL) != 0 && (e->flags & LEX_NEG) == 0;
}

/* The words that may be next at token i: those up to one that is no filler. */
static uint64_t
next_words(const struct search *s, size_t i)
{
	const struct lex_entry *e;
	uint64_t words = 0;
	size_t k;

	for (k = 0; k <= SKIP && i + k < s->n; k++) {
		e = s->token[i + k].entry;
		if (e == NULL)
			break;
		words |= LEX_BIT(e->word);
		if ((e->flags & LEX_GROUP) != 0)
			words |= LEX_BIT(s->lex->group);
		if (!is_filler(e))
			break;
	}
	return words;
}

static void follow(struct search *s, size_t i, const struct lex_edge *by);

/*
 * From state by the word of token i, to all the states that it leads to from
 * where something goes on. There are some hundred phrases that begin with
 * "you": a look at leads tells nearly all of them apart from the text.
 */
static void
step(struct search *s, size_t i, unsigned state, unsigned word)
{
	const struct lex_edge *end, *e = lex_edges(s->lex, state, word, &end);
	uint64_t next = next_words(s, i + 1);

	for (; e < end; e++) {
		if (e->from != state || e->word != word)
			continue;
		if (e->ends)
			keep(s, i + 1, e->to);
		if ((e->leads & next) != 0)
			follow(s, i + 1, e);
	}
}

/* Goes on by an edge with token i, or one behind it if fillers stand there. */
static void
follow(struct search *s, size_t i, const struct lex_edge *by)
{
	const struct lex_entry *e;
	size_t k;

	for (k = 0; k <= SKIP && i + k < s->n && s->budget > 0; k++) {
		e = s->token[i + k].entry;
		if (e == NULL)
			return;
		s->budget--;
		if ((by->leads & LEX_BIT(e->word)) != 0)
			step(s, i + k, by->to, e->word);
		if ((e->flags & LEX_GROUP) != 0)
			step(s, i + k, by->to, s->lex->group);
		if (!is_filler(e))
			return;
	}
}

struct phrase
phrase_at(const struct lexicon *lex, const struct match_token *token, size_t n,
    size_t i)
{
	struct search s = {
		.lex = lex, .token = token, .n = n, .budget = BUDGET
	};
	const struct lex_entry *e = token[i].entry;

	if (e == NULL)
		return s.found;
	step(&s, i, LEX_PHRASE_START, e->word);
	if ((e->flags & LEX_GROUP) != 0)
		step(&s, i, LEX_PHRASE_START, lex->group);
	return s.found;
}
