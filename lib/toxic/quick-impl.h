/*
 * quick-impl: what is known of a word (quick-learn.c), for who reads with it
 * (quick.c). Nobody else includes it.
 */
#ifndef SS_QUICK_IMPL_H
#define SS_QUICK_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lexicon.h"
#include "model.h"
#include "quick.h"

#define LETTERS 16 /* bytes; of a longer word nothing is kept */
#define LONGEST 40 /* bytes; a text with a longer one is not for us */
#define LINE 64

enum {
	COUNTS = 1, /* as in match_token */
	DISGUISED = 2,
	HARMLESS = 4,
	ODD = 8,       /* not to be read alone */
	SIGNS = 16,    /* no letter in it, but what is no ASCII either */
	BRANCHES = 32, /* as a part of a word it can be read in several ways */
	SIGN_FIRST = 64, /* or a guess (undo.h) */
	TWOFOLD = 128    /* not by letters alone, so look closer */
};

struct entry {
	char word[LETTERS]; /* small letters, zeros behind it */
	int16_t sum[MODEL_LANES];
	uint32_t hash;
	uint16_t lex;   /* number of the lexicon's entry; 0: none */
	uint16_t node;  /* where a strong word may go on; 0: none does */
	uint16_t spent; /* steps of the search for it */
	uint8_t nfeatures, nglyphs;
	uint8_t profile;
	uint8_t flags;
	uint8_t first; /* symbol of its first glyph */
	uint8_t from;  /* where its token begins */
};
_Static_assert(sizeof(struct entry) == LINE, "an entry is one line");

/* Makes e that of n bytes at text; what can't be read alone becomes ODD. */
void quick_learn(
    struct entry *, const struct quick_in *, const char *text, size_t n);

/* A strong word of the lexicon ends at this node. */
static inline bool
quick_ends_strong(const struct lexicon *lex, size_t node)
{
	return (lex->entry[lex->node[node].entry].flags & LEX_STRONG) != 0;
}

#endif
