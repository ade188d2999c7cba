/*
 * words: entries of a list that are words, perhaps with wildcards, found in
 * texts whatever the case, accents, width or look of their letters. One trie
 * over the normaliser's symbols, so a text is walked once, whatever the
 * number of entries.
 */
#ifndef SS_LIST_WORDS_H
#define SS_LIST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../toxic/normalise.h"
#include "list.h"

struct words;

/* NULL with errno. The norm is borrowed. */
struct words *words_new(const struct norm *, bool disguised);
void words_free(struct words *);
/* 0, or -1 with *why a text for people. n <= LIST_ENTRY_MAX. */
int words_add(struct words *, const char *text, size_t n, uint32_t entry,
    const char **why);
/*
 * In n <= NORM_BYTES bytes, whose first stands at base in the whole text.
 * The plain reading costs a step a character and depth; the search for
 * disguises has a budget. 0, or -1 when memory ran out.
 */
int words_find(struct words *, const char *text, size_t n, size_t base,
    struct list_hits *);

#endif
