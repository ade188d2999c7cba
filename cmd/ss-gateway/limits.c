/*
 * limits: see limits.h. Buckets are behind a mutex that survives the death of
 * who holds it, taken once or twice per message or connection. Connections
 * are counted by each worker in a table of its own, which the others only
 * read, so that the parent can clear it when the worker has died.
 */
#define _GNU_SOURCE
#include "limits.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "bucket.h"
#include "clock.h"
#include "gateway.h"
#include "peer.h"

#include "banned.h"

#define KEYS 262144 /* buckets: 4 MiB, of which what is used is touched */
#define WAYS 8
#define SETS_MAX 65536
/* seconds' worth that may come at once, where no option says */
#define DEPTH 5
/* so many lines that can't be taken cost a message */
#define BAD_PARTS 10

/* One subscriber's connections at one worker. */
struct held {
	_Atomic uint64_t subscriber;
	_Atomic uint64_t n; /* 0: free */
};

struct limits {
	size_t size; /* bytes of all this */
	unsigned workers;
	size_t sets; /* for one worker */
	struct bucket_rate user, address, room, gift, connect, repeat;
	struct bucket_rate user_bad, address_bad; /* a part of a message */
	pthread_mutex_t lock;
	struct buckets *buckets;
	struct held held[];
};

static struct bucket_rate
per_second(double rate, double burst)
{
	return bucket_rate(rate > 0 ? 1 / rate : 0, burst);
}

/* The same bucket, for what costs only a part of a token. */
static struct bucket_rate
part_of(struct bucket_rate r)
{
	r.every /= BAD_PARTS;
	return r;
}

static int
make_lock(struct limits *l)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	errno = pthread_mutex_init(&l->lock, &a);
	pthread_mutexattr_destroy(&a);
	return errno ? -1 : 0;
}

struct limits *
limits_new(const struct gateway *g)
{
	size_t sets = (size_t)g->max_connections / 4 + 128, held, size;
	uint64_t seed[2];
	struct limits *l;

	if (sets > SETS_MAX)
		sets = SETS_MAX;
	held = (size_t)g->workers * sets * WAYS * sizeof(struct held);
	size = sizeof *l + held + buckets_size(KEYS);
	l = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (l == MAP_FAILED)
		return NULL;
	l->size = size;
	l->workers = (unsigned)g->workers;
	l->sets = sets;
	l->user = per_second(g->rate, (double)g->burst);
	l->address = per_second(g->address_rate, DEPTH * g->address_rate);
	l->user_bad = part_of(l->user);
	l->address_bad = part_of(l->address);
	l->room = per_second(g->room_rate, DEPTH * g->room_rate);
	l->gift = per_second(g->gift_rate, DEPTH * g->gift_rate);
	l->connect = per_second(g->connect_rate, g->connect_rate);
	l->repeat = bucket_rate(g->repeat, 1);
	if (make_lock(l) < 0 ||
	    getrandom(seed, sizeof seed, 0) != sizeof seed) {
		limits_free(l);
		return NULL;
	}
	l->buckets = buckets_init((char *)l->held + held, KEYS, seed);
	return l;
}

void
limits_free(struct limits *l)
{
	int e = errno;

	if (l)
		munmap(l, l->size);
	errno = e;
}

/* Who held it may have died in between: a bucket half filled is harmless. */
static void
lock(struct limits *l)
{
	if (pthread_mutex_lock(&l->lock) == EOWNERDEAD)
		pthread_mutex_consistent(&l->lock);
}

static void
add(struct cost *c, const struct bucket_rate *r, uint64_t key)
{
	if (!r->every)
		return;
	c->part[c->n].rate = r;
	c->part[c->n++].key = key;
}

/* Seconds until all of it can be had, rounded up. */
static int64_t
look(struct limits *l, struct cost *c)
{
	int64_t now = clock_mono_ns(), wait = 0, w;
	size_t i;

	lock(l);
	for (i = 0; i < c->n; i++) {
		w = buckets_wait(
		    l->buckets, c->part[i].key, c->part[i].rate, now);
		if (w <= wait)
			continue;
		wait = w;
		c->repeated = c->part[i].rate == &l->repeat;
	}
	pthread_mutex_unlock(&l->lock);
	return (wait + 999999999) / 1000000000;
}

void
limits_pay(struct gateway *g, const struct cost *c)
{
	struct limits *l = g->limits;
	int64_t now = clock_mono_ns();
	size_t i;

	if (!c->n)
		return;
	lock(l);
	for (i = 0; i < c->n; i++)
		buckets_take(l->buckets, c->part[i].key, c->part[i].rate, now);
	pthread_mutex_unlock(&l->lock);
}

/* Moderators speak when they have to. */
static bool
is_exempt(const struct ident *id)
{
	return id->known && role_is_staff(id->role);
}

int64_t
limits_chat(struct gateway *g, const struct ident *id, const struct peer *p,
    const char *room, const char *text, size_t n, struct cost *c)
{
	struct limits *l = g->limits;
	const struct buckets *b = l->buckets;

	*c = (struct cost){ .n = 0 };
	if (is_exempt(id))
		return 0;
	add(c, &l->repeat, buckets_key2(b, 'd', id->name, text, n));
	add(c, &l->user, buckets_key(b, 'u', id->name, strlen(id->name)));
	add(c, &l->room, buckets_key(b, 'r', room, strlen(room)));
	if (!peer_is_exempt(p))
		add(c, &l->address, peer_subscriber(p) ^ 'm');
	return look(l, c);
}

int64_t
limits_bad(struct gateway *g, const struct ident *id, const struct peer *p)
{
	struct limits *l = g->limits;
	struct cost c = { .n = 0 };
	int64_t wait;

	if (is_exempt(id))
		return 0;
	add(&c, &l->user_bad,
	    buckets_key(l->buckets, 'u', id->name, strlen(id->name)));
	if (!peer_is_exempt(p))
		add(&c, &l->address_bad, peer_subscriber(p) ^ 'm');
	wait = look(l, &c);
	if (!wait)
		limits_pay(g, &c);
	return wait;
}

int64_t
limits_gift(struct gateway *g, const struct ident *id, const struct peer *p,
    struct cost *c)
{
	struct limits *l = g->limits;

	*c = (struct cost){ .n = 0 };
	if (is_exempt(id))
		return 0;
	if (id->known)
		add(c, &l->gift,
		    buckets_key(l->buckets, 'g', id->name, strlen(id->name)));
	if (!peer_is_exempt(p))
		add(c, &l->gift, peer_subscriber(p) ^ 'g');
	return look(l, c);
}

uint64_t
limits_subscriber(struct gateway *g, const struct in6_addr *a)
{
	return buckets_key(
	    g->limits->buckets, 'a', a->s6_addr, cidr_subscriber(a));
}

int64_t
limits_connect(struct gateway *g, uint64_t subscriber)
{
	struct cost c = { .n = 0 };
	int64_t wait;

	add(&c, &g->limits->connect, subscriber ^ 'c');
	wait = look(g->limits, &c);
	if (!wait)
		limits_pay(g, &c);
	return wait;
}

static struct held *
place_of(struct limits *l, unsigned worker, uint64_t subscriber)
{
	return &l->held[(worker * l->sets + subscriber % l->sets) * WAYS];
}

/* Only this worker writes there, so a look and a change are not torn apart. */
bool
limits_hold(struct gateway *g, uint64_t subscriber)
{
	struct held *h = place_of(g->limits, g->worker, subscriber), *e, *at;

	for (e = h, at = NULL; e < h + WAYS; e++) {
		if (e->n && e->subscriber == subscriber) {
			e->n++;
			return true;
		}
		if (!e->n && !at)
			at = e;
	}
	if (!at)
		return false;
	at->subscriber = subscriber;
	at->n = 1;
	return true;
}

void
limits_let_go(struct gateway *g, uint64_t subscriber)
{
	struct held *h = place_of(g->limits, g->worker, subscriber), *e;

	for (e = h; e < h + WAYS; e++)
		if (e->n && e->subscriber == subscriber) {
			e->n--;
			return;
		}
}

uint64_t
limits_held(struct gateway *g, uint64_t subscriber)
{
	struct held *h, *e;
	uint64_t n = 0;
	unsigned w;

	for (w = 0; w < g->limits->workers; w++) {
		h = place_of(g->limits, w, subscriber);
		for (e = h; e < h + WAYS; e++)
			if (e->subscriber == subscriber)
				n += e->n;
	}
	return n;
}

void
limits_died(struct limits *l, unsigned worker)
{
	struct held *h = place_of(l, worker, 0);
	size_t i;

	for (i = 0; i < l->sets * WAYS; i++)
		if (h[i].n)
			h[i].n = 0;
}
