/*
 * wordsum: see wordsum.h. A table with one place a word, where the newer one
 * stays. An entry fills one line of the processor's cache, the table about
 * half of a usual second level. What is beyond it is far away, so all that a
 * text needs is asked for before it is used.
 */
#include "wordsum.h"

#include <stdlib.h>
#include <string.h>

#include "../banned.h"

#define LETTERS 16 /* a longer word is not kept, nor one beyond ASCII */
#define ENTRIES 8192
#define LINE 64
#define MOST 9   /* features a symbol, more than there can be */
#define WORDS 64 /* at a time */

struct entry {
	char word[LETTERS]; /* zeros behind it; an empty one: free */
	int16_t sum[MODEL_LANES];
	uint32_t hash;
	uint16_t nfeatures;
	char pad[LINE - LETTERS - 2 * MODEL_LANES - 6];
};
_Static_assert(sizeof(struct entry) == LINE, "an entry is one line");

/* A word of the text at hand. */
struct word {
	const uint32_t *sym;
	size_t n;
	struct entry *e; /* NULL: it is not one to keep */
	char key[LETTERS];
};

struct wordsum {
	struct entry entry[ENTRIES];
	struct word word[WORDS];
};

struct wordsum *
wordsum_new(void)
{
	struct wordsum *w = aligned_alloc(LINE, sizeof(*w));

	if (w != NULL)
		wordsum_forget(w);
	return w;
}

void
wordsum_free(struct wordsum *w)
{
	free(w);
}

void
wordsum_forget(struct wordsum *w)
{
	memset(w, 0, sizeof(*w));
}

/* False: it is not one to keep. */
static bool
key(const uint32_t *sym, size_t n, char word[LETTERS])
{
	uint32_t all = 0;
	size_t i;

	if (n > LETTERS)
		return false;
	memset(word, 0, LETTERS);
	for (i = 0; i < n; i++) {
		word[i] = (char)sym[i];
		all |= sym[i];
	}
	return all < 0x80;
}

static struct entry *
place(struct wordsum *w, const char word[LETTERS])
{
	uint64_t a, b;

	memcpy(&a, word, sizeof(a));
	memcpy(&b, word + sizeof(a), sizeof(b));
	a = (a ^ (b << 29 | b >> 35)) * UINT64_C(0x9e3779b97f4a7c15);
	return &w->entry[a >> 51]; /* the upper 13 bits */
}
_Static_assert(ENTRIES == 1 << (64 - 51), "the hash gives a place");

/* What is far away is asked for together, and used when it is there. */
static void
fetch(const struct model *m, const uint32_t *at, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		__builtin_prefetch(model_bucket(m, at[i]));
}

/* Makes e that of the word. */
static void
learn(struct entry *e, const char word[LETTERS], const struct model *m,
    struct features *f, const uint32_t *sym, size_t n)
{
	int32_t sum[MODEL_LANES] = { 0 };
	size_t was = f->n;
	int l;

	e->hash = features_hash(sym, n);
	features_of_word(f, sym, n, e->hash);
	fetch(m, f->at + was, f->n - was);
	/* three a letter and a few: fewer than overflow 16 bits */
	model_add(m, f->at + was, f->n - was, sum);
	for (l = 0; l < MODEL_LANES; l++)
		e->sum[l] = (int16_t)sum[l];
	e->nfeatures = (uint16_t)(f->n - was);
	memcpy(e->word, word, LETTERS);
	f->n = was;
}

/* The next words of f; 0: there are none. */
static size_t
gather(struct wordsum *w, struct features *f, size_t taken)
{
	struct word *x = w->word;

	for (; x < w->word + WORDS; x++) {
		x->n = features_next(f, taken, &x->sym);
		if (x->n == 0)
			break;
		taken += MOST * x->n + MOST;
		x->e = NULL;
		if (key(x->sym, x->n, x->key)) {
			x->e = place(w, x->key);
			__builtin_prefetch(x->e);
		}
	}
	return (size_t)(x - w->word);
}

size_t
wordsum_add(struct wordsum *w, const struct model *m, struct features *f,
    const struct features_in *in, int32_t sum[MODEL_LANES])
{
	uint32_t before = 0, hash;
	size_t n, i, was, known = 0;
	struct word *x;
	int l;

	memset(sum, 0, MODEL_LANES * sizeof(*sum));
	features_begin(f, in);
	while ((n = gather(w, f, f->n + known)) > 0) {
		for (i = 0; i < n; i++) {
			x = &w->word[i];
			was = f->n;
			if (x->e != NULL) {
				if (memcmp(x->e->word, x->key, LETTERS) != 0)
					learn(x->e, x->key, m, f, x->sym, x->n);
				for (l = 0; l < MODEL_LANES; l++)
					sum[l] += x->e->sum[l];
				known += x->e->nfeatures;
				hash = x->e->hash;
			} else {
				hash = features_hash(x->sym, x->n);
				features_of_word(f, x->sym, x->n, hash);
			}
			features_of_place(f, before, hash);
			fetch(m, f->at + was, f->n - was);
			before = hash;
		}
	}
	features_of_end(f, before);
	model_add(m, f->at, f->n, sum);
	return f->n + known;
}
