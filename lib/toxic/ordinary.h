/*
 * ordinary: whether glyphs that may be read as a strong word in disguise are
 * more simply read as ordinary words.
 */
#ifndef SS_TOXIC_ORDINARY_H
#define SS_TOXIC_ORDINARY_H

#include <stdbool.h>
#include <stddef.h>

#include "normalise.h"
#include "typo.h"

/* The letter a to z that a glyph is or first may stand for, or NORM_NONE. */
unsigned ordinary_sym(const struct norm_glyph *);
/* The glyphs from from to to are an ordinary word, whatever masks hide. */
bool ordinary_fits(
    const struct typo *, const struct norm_glyph *, size_t from, size_t to);
/* Each of the words from from to to, with one glyph between, is one. */
bool ordinary_words(
    const struct typo *, const struct norm_glyph *, size_t from, size_t to);

#endif
