/*
 * features: what the model sees of a text, as hashes. Runs of 3 to 5
 * characters with word boundaries, words, pairs of words, the first and the
 * last word, and what the lexicon found. The text is as folded by the
 * normaliser, disguised words of the lexicon are put back as they are written
 * plainly, and letters that stand alone and signs inside words read as words
 * whether or not the lexicon knows them. Trainer and scorer share this, so the
 * two can't disagree; whatever changes a number changes FEATURE_SCHEME.
 */
#ifndef SS_TOXIC_FEATURES_H
#define SS_TOXIC_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "match.h"
#include "normalise.h"

#define FEATURE_SCHEME 3
#define FEATURE_BUCKETS 150000
#define FEATURES_MAX 24576 /* of one piece; what comes after is not seen */

struct features {
	uint32_t at[FEATURES_MAX];
	size_t n;
	/* the view, a symbol a character */
	uint32_t sym[2 * NORM_GLYPHS];
	size_t nsym, next;
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

/*
 * The bucket that a feature falls on, and what tells it from most of the others
 * that do (1 to 255).
 */
static inline uint32_t
feature_bucket(uint32_t feature)
{
	return (uint32_t)((uint64_t)feature * FEATURE_BUCKETS >> 32);
}

static inline uint8_t
feature_tag(uint32_t feature)
{
	uint8_t tag = (uint8_t)((uint64_t)feature * FEATURE_BUCKETS >> 24);

	return tag == 0 ? 1 : tag;
}

/* All features of a piece. */
void features_make(struct features *, const struct features_in *);

/*
 * The same in steps, for who knows some words already (wordsum.h). Begin adds
 * what belongs to no word. Next gives the length of the next word, or of a run
 * of one sign, and its symbols; 0: there is none, or taken, the number of
 * features so far, leaves no room for one. A word has features of its own, and
 * one of where it stands: before is the hash of the word before it, 0 for the
 * first. End adds that of the last word; 0: there was none.
 */
void features_begin(struct features *, const struct features_in *);
void features_of_lexicon(struct features *, uint32_t profiles, unsigned tenths);
size_t features_next(struct features *, size_t taken, const uint32_t **word);
uint32_t features_hash(const uint32_t *word, size_t n);
void features_of_word(
    struct features *, const uint32_t *word, size_t n, uint32_t hash);
void features_of_place(struct features *, uint32_t before, uint32_t hash);
void features_of_end(struct features *, uint32_t last);

#endif
