/*
 * match: a text's glyphs cut into tokens, each recognised or not: words, and
 * what only reads as a word across gaps ("f.u.c.k", "f*ck").
 */
#ifndef SS_TOXIC_MATCH_H
#define SS_TOXIC_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lexicon.h"
#include "normalise.h"

#define MATCH_TOKENS (NORM_BYTES / 2 + 2)

struct match_token {
	const struct lex_entry *entry; /* NULL: not in the lexicon */
	uint16_t from, to;             /* glyphs of the hit */
	uint8_t profile;               /* its weights: enum lex_profile_id */
	bool counts;                   /* it has some */
	bool disguised;                /* not as it is written */
	bool harmless;                 /* known to mean nothing bad */
};

/* Fills token (room for MATCH_TOKENS); returns their number. */
size_t match_text(const struct lexicon *, const struct norm_glyph *, size_t n,
    struct match_token *token);

/*
 * The same in parts, for who knows some words already (quick.h): what searches
 * cost is taken from *budget. A text of n glyphs has that of match_budget, at
 * least MATCH_BUDGET_MIN; while something of it is left it changes nothing.
 */
#define MATCH_BUDGET_MIN 4096
unsigned match_budget(size_t n);
size_t match_within(const struct lexicon *, const struct norm_glyph *, size_t n,
    struct match_token *token, unsigned *budget);
#define MATCH_FRAGMENTS 4    /* parts of a word with blanks between */
#define MATCH_FRAGMENT_MAX 8 /* glyphs in the first one */
/* The word at from with those behind it is one that was taken apart. */
bool match_fragmented(const struct lexicon *, const struct norm_glyph *,
    size_t n, size_t from, unsigned *budget);

#endif
