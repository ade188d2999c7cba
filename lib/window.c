/*
 * window: see window.h. The keys stand in a ring in the order of their
 * coming, found through an index with linear probing that grows with them:
 * what is never used costs no memory. The oldest is taken out of the index by
 * moving back those behind it (Knuth, TAOCP 3, 6.4, algorithm R), so there
 * are no tombstones to clean up.
 */
#define _DEFAULT_SOURCE
#include "window.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "banned.h"

#define FIRST 1024      /* keys there is room for at the start */
#define LARGE (2 << 20) /* bytes: a large page */
#define SHORT 32        /* bytes: an id, see short_key */

struct window {
	struct window_key *ring;
	uint32_t *index; /* see entry(); 0: free */
	uint32_t place;  /* the bits of it that are the place */
	size_t mask;     /* slots of the index - 1 */
	size_t cap;      /* of the ring, grows up to max */
	size_t max;
	size_t n;
	size_t next;        /* where the next key goes */
	uint64_t secret[8]; /* two words for long keys, six for short ones */
};

static uint64_t
rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

/* One round of SipHash (Aumasson and Bernstein, 2012). */
static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static void
sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
}

/* Whole words, then the rest with the length on top of it. */
static void
sip_text(uint64_t v[4], const void *text, size_t n)
{
	const unsigned char *p = text;
	uint64_t m;
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, 8);
		sip_word(v, m);
	}
	m = (uint64_t)n << 56;
	if (left)
		memcpy(&m, p, left);
	sip_word(v, m ^ (uint64_t)n << 56);
}

static struct window_key
long_key(
    const struct window *w, const void *p, size_t n, const void *q, size_t m)
{
	/* SipHash-1-3 with 128 bits of result */
	uint64_t v[4] = { w->secret[0] ^ UINT64_C(0x736f6d6570736575),
		w->secret[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
		w->secret[0] ^ UINT64_C(0x6c7967656e657261),
		w->secret[1] ^ UINT64_C(0x7465646279746573) };
	struct window_key k;
	int i;

	sip_word(v, n); /* where the first ends */
	sip_text(v, p, n);
	if (q)
		sip_text(v, q, m);
	v[2] ^= 0xee;
	for (i = 0; i < 3; i++)
		sip_round(v);
	k.a = v[0] ^ v[1] ^ v[2] ^ v[3];
	v[1] ^= 0xdd;
	for (i = 0; i < 3; i++)
		sip_round(v);
	k.b = v[0] ^ v[1] ^ v[2] ^ v[3];
	return k;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 wide;

/*
 * NH, as in UMAC (RFC 4418, 5.2.2), with words of 64 bits: whoever doesn't
 * know the secret finds two texts with the same key with a chance of 2^-64 for
 * each two that he tries, and it takes three multiplications. Texts of
 * different length differ in the last term; of the same, in a word.
 */
static struct window_key
short_key(const uint64_t secret[6], const char *p, size_t n)
{
	uint64_t m[4] = { 0 };
	struct window_key k;
	wide sum;

	if (n >= 16) {
		memcpy(m, p, 16);
		memcpy(m + 2, p + n - 16, 16);
	} else if (n >= 8) {
		memcpy(m, p, 8);
		memcpy(m + 1, p + n - 8, 8);
	} else {
		memcpy(m, p, n);
	}
	sum = (wide)(m[0] + secret[0]) * (m[1] + secret[1]) +
	      (wide)(m[2] + secret[2]) * (m[3] + secret[3]) +
	      (wide)(n + secret[4]) * secret[5];
	k.b = (uint64_t)(sum >> 64);
	/* its lower bits are the place in the index: they are to be even */
	k.a = (uint64_t)sum + k.b * UINT64_C(0x9e3779b97f4a7c15);
	k.a ^= k.a >> 32;
	k.a *= UINT64_C(0xd6e8feb86659fd93);
	k.a ^= k.a >> 32;
	return k;
}
#endif

struct window_key
window_key(
    const struct window *w, const void *p, size_t n, const void *q, size_t m)
{
#ifdef __SIZEOF_INT128__
	if (!q && n <= SHORT)
		return short_key(w->secret + 2, p, n);
#endif
	return long_key(w, p, n, q, m);
}
/*
 * Zeroed memory. Much of it is taken in large pages: each key is at another
 * place, and finding out where a small page is takes longer than the look-up.
 */
static void *
spread(size_t n)
{
	void *p;

	if (n < LARGE)
		return calloc(1, n);
	n = (n + LARGE - 1) / LARGE * LARGE;
	p = aligned_alloc(LARGE, n);
	if (!p)
		return NULL;
	madvise(p, n, MADV_HUGEPAGE); /* else as it comes */
	memset(p, 0, n);
	return p;
}

struct window *
window_new(size_t max)
{
	struct window *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->max = max;
	while (w->place < max)
		w->place = w->place << 1 | 1;
	w->cap = max < FIRST ? max : FIRST;
	for (w->mask = 1; w->mask < 2 * w->cap;)
		w->mask *= 2;
	w->ring = calloc(w->cap, sizeof *w->ring);
	w->index = calloc(w->mask--, sizeof *w->index);
	if (!w->ring || !w->index ||
	    getrandom(w->secret, sizeof w->secret, 0) != sizeof w->secret) {
		window_free(w);
		return NULL;
	}
	return w;
}

void
window_free(struct window *w)
{
	if (!w)
		return;
	free(w->ring);
	free(w->index);
	free(w);
}

/*
 * What the index has for a key: its place in the ring + 1, and in the bits
 * that leaves over some of the key's own, so that other keys in its way are
 * passed without a look at the ring, which is seldom in the cache.
 */
static uint32_t
entry(const struct window *w, struct window_key k, size_t place)
{
	return (uint32_t)(place + 1) | ((uint32_t)k.b & ~w->place);
}

static const struct window_key *
key_of(const struct window *w, uint32_t e)
{
	return &w->ring[(e & w->place) - 1];
}

/* The slot that has the key, or the free one where it would go. */
static size_t
slot_of(const struct window *w, struct window_key k)
{
	size_t i = (size_t)k.a & w->mask;
	const struct window_key *have;

	for (; w->index[i]; i = (i + 1) & w->mask) {
		if ((w->index[i] ^ (uint32_t)k.b) & ~w->place)
			continue;
		have = key_of(w, w->index[i]);
		if (have->a == k.a && have->b == k.b)
			break;
	}
	return i;
}

/* Where a key goes that is not there: no key need be looked at for that. */
static size_t
free_slot(const struct window *w, struct window_key k)
{
	size_t i = (size_t)k.a & w->mask;

	while (w->index[i])
		i = (i + 1) & w->mask;
	return i;
}

void
window_expect(const struct window *w, struct window_key k)
{
	__builtin_prefetch(&w->index[(size_t)k.a & w->mask], 1);
}

bool
window_has(const struct window *w, struct window_key k)
{
	return w->index[slot_of(w, k)] != 0;
}

static void
take_out(struct window *w, struct window_key k)
{
	size_t hole = slot_of(w, k), i = hole, home;

	w->index[hole] = 0;
	for (i = (i + 1) & w->mask; w->index[i]; i = (i + 1) & w->mask) {
		home = (size_t)key_of(w, w->index[i])->a & w->mask;
		/* may it stand in the hole: is home not behind it? */
		if (((i - home) & w->mask) < ((i - hole) & w->mask))
			continue;
		w->index[hole] = w->index[i];
		w->index[i] = 0;
		hole = i;
	}
}

/* Twice the room. The ring is not full round yet: it only gets longer. */
static int
grow(struct window *w)
{
	size_t cap = w->cap * 2 < w->max ? w->cap * 2 : w->max, slots = 1, i;
	struct window_key *ring;
	uint32_t *index;

	while (slots < 2 * cap)
		slots *= 2;
	ring = spread(cap * sizeof *ring);
	index = spread(slots * sizeof *index);
	if (!ring || !index) {
		free(ring);
		free(index);
		return -1;
	}
	memcpy(ring, w->ring, w->n * sizeof *ring);
	free(w->ring);
	free(w->index);
	w->ring = ring;
	w->index = index;
	w->mask = slots - 1;
	w->cap = cap;
	for (i = 0; i < w->n; i++)
		index[free_slot(w, ring[i])] = entry(w, ring[i], i);
	return 0;
}

/*
 * What take_out will touch when two and one turns have passed: where the key
 * stands in the index, and the keys of those behind it there.
 */
static void
expect_oldest(const struct window *w)
{
	const struct window_key *soon = &w->ring[(w->next + 8) % w->max];
	size_t i, left = 4;

	window_expect(w, *soon);
	soon = &w->ring[(w->next + 4) % w->max];
	for (i = (size_t)soon->a & w->mask; w->index[i] && left-- > 0;
	     i = (i + 1) & w->mask)
		__builtin_prefetch(key_of(w, w->index[i]));
}

int
window_add(struct window *w, struct window_key k)
{
	if (w->n == w->cap && w->cap < w->max) {
		if (grow(w) < 0)
			return -1;
		w->next = w->n;
	}
	if (w->n == w->max) {
		expect_oldest(w);
		take_out(w, w->ring[w->next]);
	} else {
		w->n++;
	}
	w->ring[w->next] = k;
	w->index[free_slot(w, k)] = entry(w, k, w->next);
	w->next = w->next + 1 == w->max ? 0 : w->next + 1;
	return 0;
}

size_t
window_count(const struct window *w)
{
	return w->n;
}
