/*
 * undo: disguises that usual words show through, whether or not the lexicon
 * knows the words: letters that stand alone throughout ("y o u a r e"), two
 * that were swapped, masks, letters drawn out, signs in place of letters. What
 * is written plainly, and known, stays as it is.
 */
#ifndef SS_TOXIC_UNDO_H
#define SS_TOXIC_UNDO_H

#include <stddef.h>

#include "lexicon.h"
#include "normalise.h"

/*
 * Puts the words that the n glyphs are likely meant as in their place, as
 * glyphs that are guesses, each with the bytes of the original that it stands
 * for. A NORM_BREAK stands behind them, before and after. Returns the number
 * of glyphs, at most n. A word without signs around it is read alone.
 */
size_t undo_text(const struct lexicon *, struct norm_glyph *, size_t n);

#endif
