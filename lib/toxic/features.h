/*
 * features: what the model sees of a text: numbers of buckets. Runs of 3 to 5
 * characters with word boundaries, words and pairs of words, and what the
 * lexicon found, hashed into 2^18 buckets. Two views: the text as folded by
 * the normaliser, and that with disguised words of the lexicon put back as
 * they are written plainly. Trainer and scorer share this, so the two can't
 * disagree; whatever changes a number changes FEATURE_SCHEME.
 */
#ifndef SS_TOXIC_FEATURES_H
#define SS_TOXIC_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "match.h"
#include "normalise.h"

#define FEATURE_SCHEME 1
#define FEATURE_BITS 18
#define FEATURE_BUCKETS (1U << FEATURE_BITS)
#define FEATURES_MAX 24576 /* of one piece; what comes after is not seen */

struct features {
	uint32_t at[FEATURES_MAX];
	size_t n;
	/* the view, a symbol a character */
	uint32_t sym[2 * NORM_GLYPHS];
	size_t nsym;
};

/* A piece of text as normalised and matched. */
struct features_in {
	const struct norm *norm;
	const char *text;
	const struct norm_glyph *glyph;
	size_t nglyphs;
	const struct match_token *token;
	size_t ntokens;
	uint32_t profiles; /* a bit per lex_profile_id found */
	unsigned tenths;   /* the lexicon's score, 0 to 10 */
};

/* A word is not written as it is meant: the second view is another one. */
bool features_disguised(const struct features_in *);
/* undo: the second view. */
void features_make(struct features *, const struct features_in *, bool undo);

#endif
