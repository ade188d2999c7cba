/*
 * quick: texts of plain words, which nearly all of a chat is, without reading
 * their letters again. What the lexicon and the model say of a word depends on
 * nothing but the word, as long as no sign, gap or mask ties it to the next
 * one; so all of that is kept by the word as it is written. What can't be
 * read this way is left to who can (match.h, features.h), and the results are
 * the same to the bit.
 */
#ifndef SS_TOXIC_QUICK_H
#define SS_TOXIC_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features.h"
#include "lexicon.h"
#include "match.h"
#include "model.h"
#include "normalise.h"

struct quick;

/* A piece of text, n <= NORM_BYTES, and what it is read with; all borrowed. */
struct quick_in {
	const struct lexicon *lex;
	const struct model *model; /* its head may be NULL: no sums then */
	struct features *features; /* for its memory */
	const char *text;
	size_t n;
	struct norm_glyph *glyph; /* room for NORM_GLYPHS */
	size_t *nglyphs;          /* SIZE_MAX: not read yet */
};

/* NULL with errno. */
struct quick *quick_new(const struct norm *);
void quick_free(struct quick *);
/* Forgets all words: needed before another model is used. */
void quick_forget(struct quick *);
/* Makes sure of the piece's glyphs, disguises undone. */
void quick_glyphs(const struct quick *, const struct quick_in *);
/*
 * As match_text, into token. False: not a text to be read this way; of token
 * nothing is to be used then.
 */
bool quick_read(struct quick *, const struct quick_in *,
    struct match_token *token, size_t *ntokens);
/*
 * Of the text just read, the sums of its features and how many there are, as
 * wordsum_add; what became harmless since then is left out. SIZE_MAX: can't
 * be told this way.
 */
size_t quick_add(struct quick *, const struct quick_in *,
    const struct match_token *token, uint32_t profiles, unsigned tenths,
    int32_t sum[MODEL_LANES]);

#endif
