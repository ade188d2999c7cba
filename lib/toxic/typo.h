/*
 * typo: strong words written with one mistake: a letter too many, too few,
 * another one, or two swapped.
 */
#ifndef SS_TOXIC_TYPO_H
#define SS_TOXIC_TYPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TYPO_WORD_MAX 16 /* letters; longer words are not looked up */

struct typo; /* an index of words */

/* NULL with errno. */
struct typo *typo_new(void);
void typo_free(struct typo *);
/*
 * Adds a word of n letters a to z, to be found as id; what is shorter than
 * four letters or longer than TYPO_WORD_MAX is left out. Of four letters only
 * two swapped ones are a typo. 0, or -1 with errno.
 */
int typo_add(struct typo *, const char *word, size_t n, uint16_t id);
/* An ordinary word, which is no typo. 0, or -1 with errno. */
int typo_add_common(struct typo *, const char *word, size_t n);
bool typo_is_common(const struct typo *, const char *word, size_t n);
/*
 * The id of a word that the n letters at s are one mistake away from; 0:
 * none, or s is an ordinary word. A word itself is none.
 */
uint16_t typo_find(const struct typo *, const char *s, size_t n);

#endif
