/* undo-impl: what the parts of undo.h share, of the text at hand. */
#ifndef SS_TOXIC_UNDO_IMPL_H
#define SS_TOXIC_UNDO_IMPL_H

#include "run.h"
#include "undo.h"

struct undo {
	const struct lexicon *lex;
	struct norm_glyph *g;
	size_t n, k;     /* glyphs, and how many of them are done */
	size_t harmless; /* words that masks hide nothing strong in, or
			    SIZE_MAX: not counted yet */
	unsigned filled; /* masked words that were tried */
	size_t gaplen;   /* of the first run; 0: none, SIZE_MAX: not known */
	uint32_t gap[RUN_GAP]; /* its characters */
};

/* Takes the glyphs from from up to to as they stand. */
void undo_copy(struct undo *, size_t from, size_t to);
/* Writes a letter with the bytes of the glyphs from from up to to. */
void undo_put(struct undo *, char letter, size_t from, size_t to);

/* spelt.c: words of the single letters at from. Their end, or from. */
size_t undo_spelt(struct undo *, size_t from);

#endif
