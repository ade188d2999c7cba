/*
 * run: single letters with the same gap between them all: "h e l l o",
 * "h-e-l-l-o".
 */
#ifndef SS_TOXIC_RUN_H
#define SS_TOXIC_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "normalise.h"

#define RUN_GAP 2  /* glyphs between two letters at most */
#define RUN_MAX 64 /* letters; a longer one is taken for several */

struct run {
	size_t letters, end;
	size_t gap, gaplen; /* its first gap, where there are two letters */
};

/* A letter or sign stands alone at i. */
bool run_single(const struct norm_glyph *, size_t n, size_t i);
/*
 * The run at from, one or two letters being one as well. Its number of
 * letters; 0: none, or most of them are signs.
 */
size_t run_letters(
    const struct norm_glyph *, size_t n, size_t from, struct run *);
/* The end of a run of three letters and more; from where there is none. */
size_t run_end(const struct norm_glyph *, size_t n, size_t from);

#endif
