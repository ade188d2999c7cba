/* bucket: see bucket.h. */
#include "bucket.h"

#include <string.h>

#include "banned.h"

#define WAYS 8
#define NS 1e9
#define LONGEST 1e9 /* seconds, 30 years: so that sums fit into 63 bits */

struct bucket {
	uint64_t key;
	int64_t full; /* when it will be full; at or before now: free */
};

struct buckets {
	uint64_t seed[2];
	size_t sets;
	struct bucket b[];
};

static int64_t
to_ns(double seconds)
{
	return (int64_t)((seconds < LONGEST ? seconds : LONGEST) * NS);
}

struct bucket_rate
bucket_rate(double every, double burst)
{
	struct bucket_rate r = { .every = to_ns(every) };

	r.depth = to_ns(every * (burst > 1 ? burst : 1));
	return r;
}

static size_t
sets_for(size_t n)
{
	return n / WAYS + 1;
}

size_t
buckets_size(size_t n)
{
	return sizeof(struct buckets) +
	       sets_for(n) * WAYS * sizeof(struct bucket);
}

struct buckets *
buckets_init(void *memory, size_t n, const uint64_t seed[2])
{
	struct buckets *t = memory;

	memcpy(t->seed, seed, sizeof t->seed);
	t->sets = sets_for(n);
	return t;
}

static size_t
first_of(const struct buckets *t, uint64_t key)
{
	return key % t->sets * WAYS;
}

int64_t
buckets_wait(const struct buckets *t, uint64_t key, const struct bucket_rate *r,
    int64_t now)
{
	size_t i = first_of(t, key), end = i + WAYS;
	int64_t wait;

	if (!r->every)
		return 0;
	for (; i < end; i++) {
		if (t->b[i].key != key || t->b[i].full <= now)
			continue;
		wait = t->b[i].full + r->every - r->depth - now;
		return wait > 0 ? wait : 0;
	}
	return 0;
}

void
buckets_take(
    struct buckets *t, uint64_t key, const struct bucket_rate *r, int64_t now)
{
	size_t i = first_of(t, key), end = i + WAYS, place = i;

	if (!r->every)
		return;
	for (; i < end; i++) {
		if (t->b[i].key == key && t->b[i].full > now) {
			if (t->b[i].full - now <= r->depth)
				t->b[i].full += r->every;
			return;
		}
		if (t->b[i].full < t->b[place].full)
			place = i;
	}
	t->b[place].key = key;
	t->b[place].full = now + r->every;
}

/* SipHash-2-4 (Aumasson, Bernstein 2012), fed byte by byte. */
struct sip {
	uint64_t v[4], word;
	size_t n;
};

static uint64_t
rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void
rounds(uint64_t v[4], int n)
{
	while (n--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void
sip_word(struct sip *s)
{
	s->v[3] ^= s->word;
	rounds(s->v, 2);
	s->v[0] ^= s->word;
	s->word = 0;
}

static void
sip_add(struct sip *s, const void *p, size_t n)
{
	const unsigned char *b = p;
	size_t i;

	for (i = 0; i < n; i++) {
		s->word |= (uint64_t)b[i] << (s->n % 8 * 8);
		if (++s->n % 8 == 0)
			sip_word(s);
	}
}

static uint64_t
sip_end(struct sip *s)
{
	s->word |= (uint64_t)s->n << 56;
	sip_word(s);
	s->v[2] ^= 0xff;
	rounds(s->v, 4);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

static struct sip
sip_begin(const uint64_t k[2])
{
	return (struct sip){ .v = { k[0] ^ UINT64_C(0x736f6d6570736575),
				 k[1] ^ UINT64_C(0x646f72616e646f6d),
				 k[0] ^ UINT64_C(0x6c7967656e657261),
				 k[1] ^ UINT64_C(0x7465646279746573) } };
}

uint64_t
buckets_key(const struct buckets *t, char kind, const void *text, size_t n)
{
	return buckets_key2(t, kind, "", text, n);
}

uint64_t
buckets_key2(const struct buckets *t, char kind, const char *one,
    const void *text, size_t n)
{
	struct sip s = sip_begin(t->seed);

	sip_add(&s, &kind, 1);
	sip_add(&s, one, strlen(one) + 1);
	sip_add(&s, text, n);
	return sip_end(&s);
}
