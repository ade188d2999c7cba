/*
 * nonces: what was sent under which nonce (CONTRACT 7). One table for chat and
 * gifts, since ss-log, too, knows a nonce by who sent it and nothing else. It
 * is a ring of the newest ones, found by hash: an entry counts for five
 * minutes, or until ENTRIES newer ones have come. What came over the bus from
 * other gateways is in it as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define ENTRIES 262144
#define BUCKETS 262144

struct nonces {
	struct nonce *e;
	uint32_t *bucket; /* number + 1 of the newest entry */
	uint64_t n;       /* entries made since the start */
	uint64_t seed;
};

struct nonces *
nonces_new(void)
{
	struct nonces *k = calloc(1, sizeof *k);

	if (!k)
		return NULL;
	/* calloc: pages that are never used cost nothing */
	k->e = calloc(ENTRIES, sizeof *k->e);
	k->bucket = calloc(BUCKETS, sizeof *k->bucket);
	if (!k->e || !k->bucket ||
	    getrandom(&k->seed, sizeof k->seed, 0) != sizeof k->seed) {
		nonces_free(k);
		return NULL;
	}
	return k;
}

void
nonces_free(struct nonces *k)
{
	uint64_t i;

	if (!k)
		return;
	for (i = 0; k->e && i < k->n && i < ENTRIES; i++)
		free(k->e[i].line);
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
nonces_gift(const char *room, const struct event_gift *g)
{
	uint64_t h = UINT64_C(14695981039346656037);

	h = mix(h, &g->gift_id, sizeof g->gift_id);
	h = mix(h, &g->amount, sizeof g->amount);
	if (g->streak) {
		h = mix(h, g->streak, strlen(g->streak) + 1);
		h = mix(h, &g->count, sizeof g->count);
	}
	return mix(h, room, strlen(room)) | 1; /* 0 means unknown */
}

uint64_t
nonces_chat(const char *room, const char *text, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	h = mix(h, "chat", 5);
	h = mix(h, room, strlen(room) + 1);
	return mix(h, text, n) | 1;
}

/* Where a duration was given until is another one each time. */
uint64_t
nonces_action(const struct action *a)
{
	const int64_t numbers[] = { (int64_t)a->type, a->seconds, a->level,
		a->on, a->duration, a->duration ? 0 : a->until };
	char value[32]; /* as it is written */
	const char *const texts[] = { a->user, a->address, a->target, a->label,
		a->room, a->reason, value };
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	snprintf(value, sizeof value, "%.6g", a->value);
	h = mix(h, numbers, sizeof numbers);
	for (i = 0; i < sizeof texts / sizeof *texts; i++)
		h = mix(h, texts[i], strlen(texts[i]) + 1);
	return h | 1;
}

bool
nonces_means(const struct nonce *k, uint64_t meaning)
{
	return !k->meaning || k->meaning == meaning || k->also == meaning;
}

static uint32_t
bucket_of(const struct nonces *k, const char *who, const char *nonce, size_t n)
{
	/* seeded: a client can't aim at one bucket */
	uint64_t h = UINT64_C(14695981039346656037) ^ k->seed;

	h = mix(h, who, strlen(who) + 1);
	h = mix(h, nonce, n);
	h = mix(h, &k->seed, sizeof k->seed);
	return (uint32_t)(h ^ h >> 32) % BUCKETS;
}

struct nonce *
nonces_find(struct nonces *k, const char *who, const char *nonce, size_t n)
{
	int64_t now = clock_mono_ms();
	struct nonce *e;
	uint32_t i = k->bucket[bucket_of(k, who, nonce, n)];

	for (; i; i = e->next) {
		e = &k->e[i - 1];
		if ((e->state == NONCE_PENDING ||
			now - e->at <= NONCES_KEEP_MS) &&
		    e->len == n && memcmp(e->nonce, nonce, n) == 0 &&
		    strcmp(e->who, who) == 0)
			return e;
	}
	return NULL;
}

/* Takes entry number i out of its bucket. */
static void
unlink_entry(struct nonces *k, uint32_t i)
{
	uint32_t *at = &k->bucket[k->e[i].bucket];

	while (*at && *at != i + 1)
		at = &k->e[*at - 1].next;
	if (*at)
		*at = k->e[i].next;
	free(k->e[i].line);
	if (k->e[i].pending)
		k->e[i].pending->nonce = NULL;
}

struct nonce *
nonces_add(struct nonces *k, const char *who, const char *nonce, size_t n,
    uint64_t meaning, const char *id)
{
	uint32_t i = (uint32_t)(k->n % ENTRIES);
	struct nonce *e = &k->e[i];

	if (k->n++ >= ENTRIES)
		unlink_entry(k, i);
	memset(e, 0, sizeof *e);
	e->meaning = meaning;
	e->at = clock_mono_ms();
	e->len = (uint8_t)n;
	memcpy(e->nonce, nonce, n);
	memcpy(e->who, who, strlen(who) + 1);
	memcpy(e->id, id, strlen(id) + 1);
	e->bucket = bucket_of(k, who, nonce, n);
	e->next = k->bucket[e->bucket];
	k->bucket[e->bucket] = i + 1;
	return e;
}
