/*
 * wordsum: the sums of a model's weights over a text's features. Most words of
 * a chat come again and again, and all features of a word but one, which tells
 * where it stands, depend on nothing but its letters. So their sums are kept,
 * and a known word costs two lines of memory instead of some forty. The sums
 * are those of integers: the result is the same to the bit.
 */
#ifndef SS_TOXIC_WORDSUM_H
#define SS_TOXIC_WORDSUM_H

#include "features.h"
#include "model.h"

struct wordsum;

/* NULL: no memory. */
struct wordsum *wordsum_new(void);
void wordsum_free(struct wordsum *);
/* Forgets all words: needed before another model is used. */
void wordsum_forget(struct wordsum *);
/*
 * The sums of a piece's features into sum. Returns how many features it has.
 * f is for its memory.
 */
size_t wordsum_add(struct wordsum *, const struct model *, struct features *f,
    const struct features_in *, int32_t sum[MODEL_LANES]);

#endif
