/*
 * typo: see typo.h. Two words that are one mistake apart are the same when
 * some letter of one or of both is left out, so the index holds every word
 * with each of its letters left out, and a lookup leaves out each letter of
 * what was written [symmetric delete, W. Garbe 2012]. A table of bits is
 * asked first: it is small enough to stay in the cache and says no to nearly
 * every word of a chat.
 */
#include "typo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../banned.h"

#define SLOTS 32768 /* a power of two; at most half are taken */
#define SWAP_ONLY 4 /* so short that other mistakes make other words */
#define BITS (8 * 16384)
#define BASE UINT32_C(0x01000193)
#define COMMON 0xffff /* in a slot's word */
#define WORDS_MAX 4096

struct word {
	char s[TYPO_WORD_MAX];
	uint8_t n;
	uint16_t id;
};

struct slot {
	uint32_t hash;
	uint16_t word; /* number of the word + 1; 0: free */
};

struct typo {
	uint8_t bit[BITS / 8];
	struct slot slot[SLOTS];
	size_t nslots;
	struct word word[WORDS_MAX];
	size_t nwords;
};

struct typo *
typo_new(void)
{
	return calloc(1, sizeof(struct typo));
}

void
typo_free(struct typo *t)
{
	free(t);
}

static uint32_t
spread(uint32_t h)
{
	h ^= h >> 15;
	h *= UINT32_C(0x2c1b3c6d);
	return h ^ h >> 13;
}

static uint32_t
hash(const char *s, size_t n)
{
	uint32_t h = 0;
	size_t i;

	for (i = 0; i < n; i++)
		h = h * BASE + (unsigned char)s[i];
	return h;
}

static bool
bit_at(const struct typo *t, uint32_t h)
{
	uint32_t b = spread(h) % BITS;

	return (t->bit[b / 8] >> b % 8 & 1) != 0;
}

static int
put(struct typo *t, uint32_t h, uint16_t word)
{
	uint32_t b = spread(h) % BITS;
	size_t i = spread(h) % SLOTS;

	if (2 * t->nslots >= SLOTS) {
		errno = EOVERFLOW;
		return -1;
	}
	while (t->slot[i].word != 0) {
		if (t->slot[i].hash == h && t->slot[i].word == word)
			return 0;
		i = (i + 1) % SLOTS;
	}
	t->slot[i] = (struct slot){ h, word };
	t->bit[b / 8] |= (uint8_t)(1U << b % 8);
	t->nslots++;
	return 0;
}

/* h: of n letters at s; the same without letter i, with powers of BASE. */
struct rolled {
	uint32_t before[TYPO_WORD_MAX + 2]; /* of the first i letters */
	uint32_t after[TYPO_WORD_MAX + 2];  /* of those from i on */
	uint32_t power[TYPO_WORD_MAX + 2];
};

static void
roll(struct rolled *r, const char *s, size_t n)
{
	size_t i;

	r->before[0] = r->after[n] = 0;
	r->power[0] = 1;
	for (i = 0; i < n; i++) {
		r->before[i + 1] = r->before[i] * BASE + (unsigned char)s[i];
		r->power[i + 1] = r->power[i] * BASE;
	}
	for (i = n; i > 0; i--)
		r->after[i - 1] = r->after[i] +
				  (unsigned char)s[i - 1] * r->power[n - i];
}

static uint32_t
without(const struct rolled *r, size_t n, size_t i)
{
	return r->before[i] * r->power[n - 1 - i] + r->after[i + 1];
}

int
typo_add(struct typo *t, const char *s, size_t n, uint16_t id)
{
	struct word *w = &t->word[t->nwords];
	struct rolled r;
	size_t i;

	if (n < SWAP_ONLY || n > TYPO_WORD_MAX)
		return 0;
	if (t->nwords == WORDS_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	memcpy(w->s, s, n);
	w->n = (uint8_t)n;
	w->id = id;
	t->nwords++;
	roll(&r, s, n);
	if (put(t, hash(s, n), (uint16_t)t->nwords) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (put(t, without(&r, n, i), (uint16_t)t->nwords) < 0)
			return -1;
	return 0;
}

int
typo_add_common(struct typo *t, const char *s, size_t n)
{
	return put(t, ~hash(s, n), COMMON);
}

bool
typo_is_common(const struct typo *t, const char *s, size_t n)
{
	uint32_t h = ~hash(s, n);
	size_t i;

	if (!bit_at(t, h))
		return false;
	for (i = spread(h) % SLOTS; t->slot[i].word != 0; i = (i + 1) % SLOTS)
		if (t->slot[i].hash == h && t->slot[i].word == COMMON)
			return true;
	return false;
}

/* a, of n letters, is b with one letter more. */
static bool
has_one_more(const char *a, size_t n, const char *b)
{
	size_t i = 0;

	while (i + 1 < n && a[i] == b[i])
		i++;
	return memcmp(a + i + 1, b + i, n - 1 - i) == 0;
}

/* One mistake; not another first letter, which is mostly another word. */
static bool
is_typo(const struct word *w, const char *s, size_t n)
{
	size_t i = 0;

	if (n != w->n)
		return w->n != SWAP_ONLY &&
		       ((n == w->n + 1U && has_one_more(s, n, w->s)) ||
			   (n + 1 == w->n && has_one_more(w->s, w->n, s)));
	while (i < n && s[i] == w->s[i])
		i++;
	if (i + 1 >= n)
		return i + 1 == n && n != SWAP_ONLY;
	if (s[i] == w->s[i + 1] && s[i + 1] == w->s[i])
		return memcmp(s + i + 2, w->s + i + 2, n - i - 2) == 0;
	return n != SWAP_ONLY && i > 0 &&
	       memcmp(s + i + 1, w->s + i + 1, n - i - 1) == 0;
}

static uint16_t
find(const struct typo *t, uint32_t h, const char *s, size_t n)
{
	const struct slot *sl;
	size_t i;

	if (!bit_at(t, h))
		return 0;
	for (i = spread(h) % SLOTS; t->slot[i].word != 0; i = (i + 1) % SLOTS) {
		sl = &t->slot[i];
		if (sl->hash == h && sl->word != COMMON &&
		    is_typo(&t->word[sl->word - 1], s, n))
			return t->word[sl->word - 1].id;
	}
	return 0;
}

uint16_t
typo_find(const struct typo *t, const char *s, size_t n)
{
	struct rolled r;
	uint16_t id;
	size_t i;

	if (n < SWAP_ONLY || n > TYPO_WORD_MAX)
		return 0;
	roll(&r, s, n);
	id = find(t, r.before[n], s, n);
	for (i = 0; i < n && id == 0; i++)
		id = find(t, without(&r, n, i), s, n);
	return id != 0 && !typo_is_common(t, s, n) ? id : 0;
}
