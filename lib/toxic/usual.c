/*
 * usual: see usual.h. A table of open addressing, behind a sieve that says no
 * to nearly all that isn't in it and is small enough to stay in the cache; and
 * for words with holes in them lists by length and first letter, the most usual
 * first, so that the first word that fits is the one to take.
 */
#include "usual.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../banned.h"

#define SLOT_BITS 16
#define SLOTS (1 << SLOT_BITS)
#define WORDS_MAX (SLOTS / 2)
#define SIEVE_BITS 13
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)
#define LISTS (USUAL_LETTERS * 26)

struct usual {
	struct usual_word *word; /* [0] is none */
	uint8_t *cost;
	size_t n;
	uint64_t sieve[1 << SIEVE_BITS];   /* three bits of each word */
	uint64_t letters[1 << SIEVE_BITS]; /* the same of its letters */
	uint16_t slot[SLOTS];              /* number of a word; 0: free */
	uint16_t *list;           /* of words by length and first letter */
	uint16_t from[LISTS + 1]; /* where each list begins, and the next */
};

const struct usual_row usual_rows[] = {
#include "usual.inc"
	{ 0, NULL },
};

static uint64_t
hash(const struct usual_word *w)
{
	uint64_t a, b;

	memcpy(&a, w->s, sizeof(a));
	memcpy(&b, w->s + sizeof(a), sizeof(b));
	return (a ^ (b << 29 | b >> 35)) * SPREAD;
}

/* The same in any order. */
static uint64_t
hash_letters(const struct usual_word *w)
{
	uint64_t h = 0, c;
	size_t i;

	for (i = 0; i < USUAL_LETTERS && w->s[i] != '\0'; i++) {
		c = (unsigned char)w->s[i] * SPREAD;
		h += c ^ c >> 29;
	}
	return h * SPREAD;
}

/* The slot that the word is in, or would be. */
static size_t
find(const struct usual *u, const struct usual_word *w, uint64_t h)
{
	size_t i = (size_t)(h >> (64 - SLOT_BITS));

	while (
	    u->slot[i] != 0 && memcmp(&u->word[u->slot[i]], w, sizeof(*w)) != 0)
		i = (i + 1) % SLOTS;
	return i;
}

static size_t
sieve_at(uint64_t h)
{
	return (size_t)(h >> (64 - SLOT_BITS - SIEVE_BITS)) &
	       ((1 << SIEVE_BITS) - 1);
}

static uint64_t
sieve_bits(uint64_t h)
{
	return UINT64_C(1) << (h >> 16 & 63) | UINT64_C(1) << (h >> 22 & 63) |
	       UINT64_C(1) << (h >> 28 & 63);
}

static bool
sieve_has(const uint64_t *sieve, uint64_t h)
{
	return (~sieve[sieve_at(h)] & sieve_bits(h)) == 0;
}

static size_t
count_words(void)
{
	const struct usual_row *r;
	const char *s;
	size_t n = 0;

	for (r = usual_rows; r->words != NULL; r++)
		for (n++, s = r->words; *s != '\0'; s++)
			n += *s == ' ';
	return n;
}

static int
add(struct usual *u, const char *s, size_t len, uint8_t cost)
{
	struct usual_word *w = &u->word[u->n];
	size_t at;
	uint64_t h;

	if (len == 0 || len > USUAL_LETTERS || cost == USUAL_NONE) {
		errno = EINVAL;
		return -1;
	}
	memcpy(w->s, s, len);
	h = hash(w);
	at = find(u, w, h);
	if (u->slot[at] != 0) { /* the more usual one stands */
		memset(w, 0, sizeof(*w));
		return 0;
	}
	u->sieve[sieve_at(h)] |= sieve_bits(h);
	h = hash_letters(w);
	u->letters[sieve_at(h)] |= sieve_bits(h);
	u->cost[u->n] = cost;
	u->slot[at] = (uint16_t)u->n++;
	return 0;
}

static int
add_all(struct usual *u)
{
	const struct usual_row *r;
	const char *s;
	size_t len;

	for (r = usual_rows; r->words != NULL; r++)
		for (s = r->words; *s != '\0'; s += len + (s[len] != '\0')) {
			len = strcspn(s, " ");
			if (add(u, s, len, r->cost) < 0)
				return -1;
		}
	return 0;
}

/* The list that the word belongs into; LISTS: none. */
static size_t
list_of(const struct usual_word *w)
{
	size_t n;

	for (n = 0; n < USUAL_LETTERS && w->s[n] != '\0'; n++)
		if (w->s[n] < 'a' || w->s[n] > 'z')
			return LISTS;
	return (n - 1) * 26 + (size_t)(w->s[0] - 'a');
}

/* The rows are by cost, and so are the lists. */
static void
make_lists(struct usual *u)
{
	uint16_t next[LISTS + 1];
	size_t i;

	for (i = 1; i < u->n; i++)
		if (list_of(&u->word[i]) < LISTS)
			u->from[list_of(&u->word[i]) + 1]++;
	for (i = 0; i < LISTS; i++)
		u->from[i + 1] = (uint16_t)(u->from[i + 1] + u->from[i]);
	memcpy(next, u->from, sizeof(next));
	for (i = 1; i < u->n; i++)
		if (list_of(&u->word[i]) < LISTS)
			u->list[next[list_of(&u->word[i])]++] = (uint16_t)i;
}

static int
read_rows(struct usual *u)
{
	size_t n = count_words() + 1;

	if (n > WORDS_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	u->n = 1;
	u->word = calloc(n, sizeof(*u->word));
	u->cost = calloc(n, sizeof(*u->cost));
	u->list = calloc(n, sizeof(*u->list));
	if (u->word == NULL || u->cost == NULL || u->list == NULL)
		return -1;
	return add_all(u);
}

struct usual *
usual_new(void)
{
	struct usual *u = calloc(1, sizeof(*u));
	int e;

	if (u == NULL)
		return NULL;
	if (read_rows(u) < 0) {
		e = errno;
		usual_free(u);
		errno = e;
		return NULL;
	}
	make_lists(u);
	return u;
}

void
usual_free(struct usual *u)
{
	if (u == NULL)
		return;
	free(u->word);
	free(u->cost);
	free(u->list);
	free(u);
}

bool
usual_maybe(const struct usual *u, const struct usual_word *w)
{
	return sieve_has(u->sieve, hash(w));
}

bool
usual_letters(const struct usual *u, const struct usual_word *w)
{
	return sieve_has(u->letters, hash_letters(w));
}

unsigned
usual_cost(const struct usual *u, const struct usual_word *w)
{
	uint64_t h = hash(w);
	size_t at;

	if (!sieve_has(u->sieve, h))
		return USUAL_NONE;
	at = find(u, w, h);
	return u->slot[at] != 0 ? u->cost[u->slot[at]] : USUAL_NONE;
}

static bool
fits(const struct usual_word *w, const struct usual_word *hole, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++)
		if (hole->s[i] != '*' && hole->s[i] != w->s[i])
			return false;
	return true;
}

unsigned
usual_fill(const struct usual *u, struct usual_word *w, size_t n)
{
	size_t list, i;

	if (n == 0 || n > USUAL_LETTERS || w->s[0] < 'a' || w->s[0] > 'z')
		return USUAL_NONE;
	list = (n - 1) * 26 + (size_t)(w->s[0] - 'a');
	for (i = u->from[list]; i < u->from[list + 1]; i++)
		if (fits(&u->word[u->list[i]], w, n)) {
			*w = u->word[u->list[i]];
			return u->cost[u->list[i]];
		}
	return USUAL_NONE;
}
