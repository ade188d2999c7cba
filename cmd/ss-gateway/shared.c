/*
 * shared: see shared.h. One anonymous mapping, made before the workers are.
 * Numbers are written by one process each and read by all, word by word, so
 * they need no lock. Claims are behind a mutex that survives the death of who
 * holds it; it is taken once per gift with a key, never for a delivery. A
 * claim lies in one of WAYS places; the oldest one there makes room.
 */
#define _GNU_SOURCE
#include "shared.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define CLAIMS 65536 /* a power of two */
#define WAYS 8
#define KEEP_MS INT64_C(300000) /* as nonces.c */
#define NUMBERS (sizeof(struct numbers) / sizeof(uint64_t))

struct shared {
	unsigned workers;
	uint64_t seed[2];
	pthread_mutex_t lock;
	_Atomic uint64_t n[WORKERS_MAX][NUMBERS];
	struct claim claim[CLAIMS];
	struct names names;
};

struct shared *
shared_new(unsigned workers)
{
	struct shared *s;
	pthread_mutexattr_t a;

	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	s->workers = workers;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	errno = pthread_mutex_init(&s->lock, &a);
	pthread_mutexattr_destroy(&a);
	if (!errno && getrandom(s->seed, sizeof s->seed, 0) == sizeof s->seed)
		return s;
	shared_free(s);
	return NULL;
}

void
shared_free(struct shared *s)
{
	int e = errno;

	if (s)
		munmap(s, sizeof *s);
	errno = e;
}

static void
get(const struct shared *s, unsigned worker, struct numbers *n)
{
	uint64_t v[NUMBERS] = { 0 };
	size_t i;

	for (i = 0; i < NUMBERS; i++)
		v[i] = atomic_load_explicit(
		    &s->n[worker][i], memory_order_relaxed);
	memcpy(n, v, sizeof v);
}

static void
put(struct shared *s, unsigned worker, const struct numbers *n)
{
	uint64_t v[NUMBERS];
	size_t i;

	memcpy(v, n, sizeof v);
	for (i = 0; i < NUMBERS; i++)
		atomic_store_explicit(
		    &s->n[worker][i], v[i], memory_order_relaxed);
}

void
shared_begin(struct gateway *g)
{
	struct numbers n;

	get(g->shared, g->worker, &n);
	g->n = (struct counters){ .connections = n.connections,
		.viewers = n.viewers_ever,
		.refused = n.refused,
		.accepted = n.accepted,
		.errors = n.errors,
		.busy = n.busy,
		.resent = n.resent,
		.undelivered = n.undelivered,
		.limited = n.limited,
		.chat = n.chat,
		.gift = n.gift,
		.other = n.other,
		.toxic = n.toxic,
		.blocked = n.blocked,
		.bad_lines = n.bad_lines };
	memcpy(g->loop_seconds.count, n.loop, sizeof n.loop);
	g->loop_seconds.sum = (double)n.loop_us / 1e6;
	fan_count_on(g->fan, n.sent, n.bytes, n.cut_off);
}

void
shared_publish(struct gateway *g)
{
	const struct fan_stats *f = fan_stats(g->fan);
	struct numbers n = { .connections = g->n.connections,
		.viewers_ever = g->n.viewers,
		.refused = g->n.refused,
		.accepted = g->n.accepted,
		.errors = g->n.errors,
		.busy = g->n.busy,
		.resent = g->n.resent,
		.undelivered = g->n.undelivered,
		.limited = g->n.limited,
		.sent = f->sent,
		.bytes = f->bytes,
		.cut_off = f->cut_off,
		.chat = g->n.chat,
		.gift = g->n.gift,
		.other = g->n.other,
		.toxic = g->n.toxic,
		.blocked = g->n.blocked,
		.bad_lines = g->n.bad_lines,
		.viewers = show_viewers(g),
		.pending = outbox_count(g->outbox),
		.queue = sink_pending(g->sink),
		.bus_up = bus_is_up(g) && g->ready && !g->draining,
		.out_up = out_is_up(g),
		.oldest = (uint64_t)outbox_oldest(g->outbox),
		.loop_us = (uint64_t)(g->loop_seconds.sum * 1e6) };

	memcpy(n.loop, g->loop_seconds.count, sizeof n.loop);
	put(g->shared, g->worker, &n);
}

static void
add(uint64_t *a, uint64_t b)
{
	*a += b;
}

static void
highest(uint64_t *a, uint64_t b)
{
	*a = *a > b ? *a : b;
}

void
shared_total(const struct shared *s, struct numbers *t)
{
	struct numbers n;
	unsigned i, k;

	memset(t, 0, sizeof *t);
	t->bus_up = t->out_up = 1;
	for (i = 0; i < s->workers; i++) {
		get(s, i, &n);
		add(&t->connections, n.connections);
		add(&t->viewers_ever, n.viewers_ever);
		add(&t->refused, n.refused);
		add(&t->accepted, n.accepted);
		add(&t->errors, n.errors);
		add(&t->busy, n.busy);
		add(&t->resent, n.resent);
		add(&t->undelivered, n.undelivered);
		add(&t->limited, n.limited);
		add(&t->sent, n.sent);
		add(&t->bytes, n.bytes);
		add(&t->cut_off, n.cut_off);
		highest(&t->chat, n.chat);
		highest(&t->gift, n.gift);
		highest(&t->other, n.other);
		highest(&t->toxic, n.toxic);
		highest(&t->blocked, n.blocked);
		highest(&t->bad_lines, n.bad_lines);
		add(&t->viewers, n.viewers);
		add(&t->pending, n.pending);
		add(&t->queue, n.queue);
		highest(&t->oldest, n.oldest);
		for (k = 0; k <= METRICS_LOOP_BOUNDS; k++)
			add(&t->loop[k], n.loop[k]);
		add(&t->loop_us, n.loop_us);
		t->bus_up &= n.bus_up;
		t->out_up &= n.out_up;
	}
}

void
shared_sum(struct gateway *g, struct numbers *t)
{
	shared_publish(g);
	shared_total(g->shared, t);
}

/* Who held it may have died in between: a claim half made is harmless. */
struct names *
shared_names(struct gateway *g)
{
	return &g->shared->names;
}

static void
lock(struct shared *s)
{
	if (pthread_mutex_lock(&s->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&s->lock);
}

void
shared_lock(struct gateway *g)
{
	lock(g->shared);
}

void
shared_unlock(struct gateway *g)
{
	pthread_mutex_unlock(&g->shared->lock);
}

void
shared_died(struct shared *s, unsigned worker)
{
	struct numbers n;
	size_t i;

	get(s, worker, &n);
	n.viewers = n.pending = n.queue = n.oldest = n.bus_up = n.out_up = 0;
	put(s, worker, &n);
	lock(s);
	for (i = 0; i < CLAIMS; i++)
		if (s->claim[i].at && s->claim[i].worker == worker)
			s->claim[i].lost = true;
	pthread_mutex_unlock(&s->lock);
}

/* FNV-1a over both, from a seed that no client knows. */
static void
hash(const struct shared *s, const char *who, const char *key, size_t n,
    uint64_t out[2])
{
	size_t w = strlen(who) + 1, i;
	int half;

	for (half = 0; half < 2; half++) {
		uint64_t h = UINT64_C(14695981039346656037) ^ s->seed[half];

		for (i = 0; i < w + n; i++)
			h = (h ^ (unsigned char)(i < w ? who[i] : key[i - w])) *
			    UINT64_C(1099511628211);
		out[half] = h ^ h >> 32;
	}
}

/* The claim with this hash, or else the place for it. */
static struct claim *
place_of(struct shared *s, const uint64_t h[2], int64_t now, bool *found)
{
	struct claim *set = &s->claim[h[0] % (CLAIMS / WAYS) * WAYS];
	struct claim *c, *oldest = set;

	for (c = set; c < set + WAYS; c++) {
		*found = c->at && now - c->at <= KEEP_MS &&
			 memcmp(c->key, h, sizeof c->key) == 0;
		if (*found)
			return c;
		if (c->at < oldest->at)
			oldest = c;
	}
	return oldest;
}

bool
shared_claim(struct gateway *g, const char *who, const char *key, size_t n,
    uint64_t *meaning, char id[ULID_LEN + 1])
{
	struct shared *s = g->shared;
	int64_t now = clock_mono_ms();
	struct claim *c;
	uint64_t h[2];
	bool found, ours;

	hash(s, who, key, n, h);
	lock(s);
	c = place_of(s, h, now, &found);
	if (found) {
		memcpy(id, c->id, sizeof c->id);
		ours = c->lost && c->meaning == *meaning;
		*meaning = c->meaning;
	} else {
		memcpy(c->key, h, sizeof h);
		memcpy(c->id, id, sizeof c->id);
		c->meaning = *meaning;
		ours = true;
	}
	if (ours) {
		c->at = now;
		c->worker = g->worker;
		c->lost = false;
	}
	pthread_mutex_unlock(&s->lock);
	return ours;
}

void
shared_unclaim(struct gateway *g, const char *who, const char *key, size_t n)
{
	struct claim *c;
	uint64_t h[2];
	bool found;

	hash(g->shared, who, key, n, h);
	lock(g->shared);
	c = place_of(g->shared, h, clock_mono_ms(), &found);
	if (found && c->worker == g->worker)
		c->lost = true;
	pthread_mutex_unlock(&g->shared->lock);
}
