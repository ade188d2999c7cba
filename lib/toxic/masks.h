/*
 * masks: "sh*t" is a curse to whoever reads it, though it could hide "shot".
 * Where a text masks words that are nothing of the kind as well, it could.
 */
#ifndef SS_TOXIC_MASKS_H
#define SS_TOXIC_MASKS_H

#include <stddef.h>

#include "lexicon.h"
#include "match.h"
#include "normalise.h"

/*
 * Takes the weight of masked words that may be ordinary ones, where four and
 * more other words of the text are masked that the lexicon doesn't know.
 */
void masks_doubt(const struct lexicon *, const struct norm_glyph *, size_t n,
    struct match_token *, size_t ntokens);

#endif
