/*
 * bucket: token buckets for many keys in a table of a fixed size, which may
 * lie in memory that several processes share. A bucket is one number: the
 * time at which it will be full again (the generic cell rate algorithm), so
 * one that is full is the same as one that isn't there.
 *
 * A key has WAYS places in the table. Where all are taken the one that is
 * full soonest makes room, and what its key loses is that it may spend that
 * little again. So nobody can be locked out by filling the table; and whoever
 * wants to lose a debt of his own this way has to run up at least as much of
 * it WAYS times. Which keys share places depends on a secret.
 */
#ifndef SS_BUCKET_H
#define SS_BUCKET_H

#include <stddef.h>
#include <stdint.h>

/* How fast a bucket fills, and how much it holds, in ns. */
struct bucket_rate {
	int64_t every; /* a token comes so often; 0: no limit */
	int64_t depth; /* the time in which an empty bucket gets full */
};

/* One token each so many seconds, burst (>= 1) of them at once. */
struct bucket_rate bucket_rate(double every, double burst);

struct buckets;

/* The size of a table for at least n keys. */
size_t buckets_size(size_t n);
/* Makes a table for n keys of zeroed memory of that size. */
struct buckets *buckets_init(void *memory, size_t n, const uint64_t seed[2]);
/*
 * How long (ns) until a token of this key's can be had: 0: now. The time now
 * is that of a monotonic clock, in ns, and above 0.
 */
int64_t buckets_wait(const struct buckets *, uint64_t key,
    const struct bucket_rate *, int64_t now);
/* Takes a token; one that isn't there is owed, but never more than one. */
void buckets_take(
    struct buckets *, uint64_t key, const struct bucket_rate *, int64_t now);

/* A key: SipHash-2-4 of a kind and a text. */
uint64_t buckets_key(
    const struct buckets *, char kind, const void *text, size_t n);
/* The same for a text in two parts. */
uint64_t buckets_key2(const struct buckets *, char kind, const char *one,
    const void *text, size_t n);

#endif
