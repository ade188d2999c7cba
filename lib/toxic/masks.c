/* masks: see masks.h. Most texts have none, and cost a look at their tokens. */
#include "masks.h"

#include <stdbool.h>

#include "ordinary.h"

#include "../banned.h"

#define MANY 4

static bool
is_masked_word(const struct match_token *t)
{
	return t->disguised && t->counts && (t->entry->flags & LEX_MASKED) != 0;
}

static bool
is_many(const struct norm_glyph *g, size_t n, const struct match_token *t,
    const struct match_token *end)
{
	size_t i, found = 0;

	for (i = 1; i < n && found < MANY; i++) {
		if (g[i].kind != NORM_GLUE || g[i].alt != NORM_ALT_ANY ||
		    g[i - 1].kind != NORM_LETTER)
			continue;
		while (t < end && t->to <= i)
			t++;
		found += t == end || t->from > i || !t->disguised;
	}
	return found == MANY;
}

void
masks_doubt(const struct lexicon *lex, const struct norm_glyph *g, size_t n,
    struct match_token *token, size_t ntokens)
{
	struct match_token *t, *end = token + ntokens;

	for (t = token; t < end && !is_masked_word(t); t++)
		;
	if (t == end || !is_many(g, n, token, end))
		return;
	for (; t < end; t++)
		if (is_masked_word(t) &&
		    ordinary_fits(lex->typo, g, t->from, t->to))
			t->counts = false;
}
