/*
 * words-impl: what words.c and seek.c share and nobody else needs.
 */
#ifndef SS_LIST_WORDS_IMPL_H
#define SS_LIST_WORDS_IMPL_H

#include <string.h>

#include "../utf8.h"
#include "trie.h"
#include "words.h"

/* Elements of an entry beside symbols, which are below. */
#define GAP 0x200000U   /* whatever stands between two words */
#define STAR 0x200001U  /* any characters of a word, or none */
#define QUEST 0x200002U /* one of them; at an end also none */
#define CYR 0x110000U   /* and a NORM_CYR symbol: a letter that ICU has not */

#define GAP_MAX 8 /* glyphs between two words */

struct word {
	uint32_t entry;
	uint32_t next;      /* the next one with this anchor, 0: none */
	uint32_t pre, post; /* where its elements begin in element[] */
	uint16_t npre, npost;
	uint16_t letters; /* in the anchor */
};

struct words {
	const struct norm *norm;
	bool disguised;
	bool inner; /* some may begin inside of a word */
	bool wild;  /* some have wildcards */
	struct trie trie;
	struct word *word; /* [0] is not used */
	size_t n, cap;
	uint32_t *element;
	size_t nelements, element_cap;
	uint64_t pair[1024]; /* which two symbols an anchor may begin with */
	/* the piece at hand */
	struct norm_glyph glyph[NORM_GLYPHS];
	uint32_t key[NORM_GLYPHS];
	uint16_t odd[NORM_GLYPHS]; /* the next odd glyph, or n */
	uint16_t left[NORM_GLYPHS], right[NORM_GLYPHS]; /* borders */
	size_t nglyphs, base;
	unsigned budget, total;
	struct list_hits *hits;
};

static inline bool
in_word(const struct norm_glyph *g)
{
	return g->kind == NORM_LETTER || g->kind == NORM_SIGN;
}

/* What a glyph is in the trie: its letter, or the folded code point. */
static inline uint32_t
key_of(const struct norm_glyph *g)
{
	if (g->kind == NORM_LETTER && g->sym < 26)
		return 'a' + (uint32_t)g->sym;
	if (g->kind == NORM_LETTER && g->sym < NORM_OTHER)
		return CYR + g->sym;
	return g->cp;
}

/* A sign that can be part of an entry: no punctuation of sentences. */
static inline bool
is_literal(uint32_t cp)
{
	return cp > 0x20 && (cp < 0x7f ? strchr("+#%&^<>|`", (int)cp) != NULL
				       : !utf8_is_space(cp) && cp >= 0x2100);
}

static inline size_t
pair_hash(uint32_t a, uint32_t b)
{
	return ((a * UINT32_C(2654435769)) ^ (b * UINT32_C(2246822519))) >> 16;
}

#endif
