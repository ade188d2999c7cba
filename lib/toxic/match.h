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
#define MATCH_FRAGMENT_MAX 8 /* glyphs in the first part of a word */
/* The word at from with those behind it is one that was taken apart. */
bool match_fragmented(const struct lexicon *, const struct norm_glyph *,
    size_t n, size_t from, unsigned *budget);

/*
 * The end of a run of three single letters and more that begins at from, with
 * the same gap between them all; from where there is none.
 */
size_t match_run(const struct norm_glyph *g, size_t n, size_t from);

/*
 * The text as it reads, as glyphs again: kind, sym and cp are what counts,
 * start and end tell where it stands. There are two views.
 *
 * MATCH_WRITTEN  What is spelt letter by letter ("h e l l o", "h-e-l-l-o") is
 *                one word, whether or not the lexicon knows it; a mask inside
 *                a word ("h*llo") is a letter of it: NORM_OTHER with cp '*'.
 *                Words that mean nothing bad (match_token.harmless) are blank.
 * MATCH_MEANT    Besides: what the lexicon recognised in disguise is its plain
 *                word, signs inside words are letters ("h3ll0"), what only
 *                separates parts of a word is gone ("hel.lo", "hel-lo"), and
 *                of a letter three times and more one is left.
 *
 * Writes at most NORM_GLYPHS glyphs to out and returns their number. Where the
 * two views are the same, MATCH_MEANT returns 0: nothing is to be scored
 * again. g and tokens are as norm_text and match_text gave them.
 */
enum match_view { MATCH_WRITTEN, MATCH_MEANT };
size_t match_view(const struct lexicon *, const struct norm_glyph *g, size_t n,
    const struct match_token *, size_t ntokens, enum match_view,
    struct norm_glyph *out);

#endif
