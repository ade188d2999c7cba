/*
 * usual: the words that people use, with how usual each is, as counted in the
 * data that the model learns from. What isn't among them may be one of them in
 * disguise.
 */
#ifndef SS_TOXIC_USUAL_H
#define SS_TOXIC_USUAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USUAL_LETTERS 16 /* in a word at most */
#define USUAL_BIT 4      /* costs are in quarters of a bit */
#define USUAL_NONE UINT8_MAX

/* A row of usual.txt: what each of these words costs, -log2 of its share. */
struct usual_row {
	uint8_t cost;
	const char *words; /* by blanks */
};
extern const struct usual_row usual_rows[]; /* ends with words NULL */

/* Letters a to z and digits, zeros behind them. */
struct usual_word {
	char s[USUAL_LETTERS];
};

struct usual;

/* NULL with errno. */
struct usual *usual_new(void);
void usual_free(struct usual *);
/* Quickly: true of them, and by mistake of one in some hundred others. */
bool usual_maybe(const struct usual *, const struct usual_word *);
/* As quickly, whether one of them has these letters, in whatever order. */
bool usual_letters(const struct usual *, const struct usual_word *);
/* USUAL_NONE: it is not one of them. */
unsigned usual_cost(const struct usual *, const struct usual_word *);
/*
 * Puts the most usual word of n letters that fits in place of w, in which a
 * '*' is any letter and the first is one. Its cost, or USUAL_NONE.
 */
unsigned usual_fill(const struct usual *, struct usual_word *w, size_t n);

#endif
