/*
 * keys: which Idempotency-Keys were used, by whom, for what, and the id that
 * was given out. A ring of the newest ones, found by hash; an entry counts
 * for five minutes (CONTRACT 7), or until 65,536 newer ones have come.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define ENTRIES 65536
#define BUCKETS 65536
#define KEEP_MS INT64_C(300000)

struct entry {
	uint64_t body;
	int64_t at;    /* monotonic ms */
	uint32_t next; /* in its bucket: number + 1, 0: none */
	uint32_t bucket;
	uint8_t keylen;
	char key[EVENT_NONCE_MAX];
	char from[EVENT_NAME_MAX + 1];
	char id[ULID_LEN + 1];
};

struct keys {
	struct entry *e;
	uint32_t *bucket; /* number + 1 of the newest entry */
	uint64_t n;       /* entries made since the start */
	uint64_t seed;
};

struct keys *
keys_new(void)
{
	struct keys *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	/* calloc: pages that are never used cost nothing */
	k->e = calloc(ENTRIES, sizeof *k->e);
	k->bucket = calloc(BUCKETS, sizeof *k->bucket);
	if (!k->e || !k->bucket ||
	    getrandom(&k->seed, sizeof k->seed, 0) != sizeof k->seed) {
		keys_free(k);
		return NULL;
	}
	return k;
}

void
keys_free(struct keys *k)
{
	if (!k)
		return;
	free(k->e);
	free(k->bucket);
	free(k);
}

/* FNV-1a, 64 bits (isthe.com/chongo/tech/comp/fnv). */
static uint64_t
mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;

	while (n--)
		h = (h ^ *b++) * UINT64_C(1099511628211);
	return h;
}

uint64_t
keys_body(const char *room, int64_t gift_id, int64_t amount)
{
	uint64_t h = UINT64_C(14695981039346656037);

	h = mix(h, &gift_id, sizeof gift_id);
	h = mix(h, &amount, sizeof amount);
	return mix(h, room, strlen(room));
}

static uint32_t
bucket_of(const struct keys *k, const char *from, const char *key, size_t n)
{
	/* seeded: a client can't aim at one bucket */
	uint64_t h = UINT64_C(14695981039346656037) ^ k->seed;

	h = mix(h, from, strlen(from) + 1);
	h = mix(h, key, n);
	return (uint32_t)(h ^ h >> 32) % BUCKETS;
}

const char *
keys_find(struct keys *k, const char *from, const char *key, size_t keylen,
    uint64_t body, bool *same)
{
	int64_t now = clock_mono_ms();
	const struct entry *e;
	uint32_t i = k->bucket[bucket_of(k, from, key, keylen)];

	for (; i; i = e->next) {
		e = &k->e[i - 1];
		if (now - e->at <= KEEP_MS && e->keylen == keylen &&
		    memcmp(e->key, key, keylen) == 0 &&
		    strcmp(e->from, from) == 0) {
			*same = e->body == body;
			return e->id;
		}
	}
	return NULL;
}

/* Takes entry number i out of its bucket. */
static void
unlink_entry(struct keys *k, uint32_t i)
{
	uint32_t *at = &k->bucket[k->e[i].bucket];

	while (*at && *at != i + 1)
		at = &k->e[*at - 1].next;
	if (*at)
		*at = k->e[i].next;
}

void
keys_add(struct keys *k, const char *from, const char *key, size_t keylen,
    uint64_t body, const char *id)
{
	uint32_t i = (uint32_t)(k->n % ENTRIES);
	struct entry *e = &k->e[i];

	if (k->n++ >= ENTRIES)
		unlink_entry(k, i);
	e->body = body;
	e->at = clock_mono_ms();
	e->keylen = (uint8_t)keylen;
	memcpy(e->key, key, keylen);
	memcpy(e->from, from, strlen(from) + 1);
	memcpy(e->id, id, ULID_LEN + 1);
	e->bucket = bucket_of(k, from, key, keylen);
	e->next = k->bucket[e->bucket];
	k->bucket[e->bucket] = i + 1;
}
