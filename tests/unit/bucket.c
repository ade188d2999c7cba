/* bucket: rates and bursts on a clock of our own; a table that is too small */
#include "../../lib/bucket.h"

#include "tap.h"

#include "../../lib/banned.h"

#define S INT64_C(1000000000)

static const uint64_t seed[2] = { 1, 2 };

static struct buckets *
table(size_t n)
{
	return buckets_init(calloc(1, buckets_size(n)), n, seed);
}

/* One token, if it is there. */
static bool
got(struct buckets *t, uint64_t key, const struct bucket_rate *r, int64_t now)
{
	if (buckets_wait(t, key, r, now))
		return false;
	buckets_take(t, key, r, now);
	return true;
}

static void
bursts_then_drips(void)
{
	struct bucket_rate r = bucket_rate(1, 5);
	struct buckets *t = table(100);
	int64_t now = 7 * S;
	int i, n = 0;

	for (i = 0; i < 9; i++)
		n += got(t, 42, &r, now);
	IS_INT(n, 5);
	IS_INT(buckets_wait(t, 42, &r, now), S);
	IS_INT(buckets_wait(t, 42, &r, now + S / 4), 3 * S / 4);
	OK(!got(t, 42, &r, now + S - 1));
	OK(got(t, 42, &r, now + S));
	OK(!got(t, 42, &r, now + S));
	/* who was refused often waits no longer for it */
	for (i = 0; i < 100; i++)
		got(t, 42, &r, now + S);
	OK(got(t, 42, &r, now + 2 * S));
	/* and after a long rest there is one burst, not more */
	for (i = 0, n = 0; i < 9; i++)
		n += got(t, 42, &r, now + 1000 * S);
	IS_INT(n, 5);
	free(t);
}

/* Over a long time neither more nor fewer than the rate. */
static void
keeps_the_rate(void)
{
	struct bucket_rate r = bucket_rate(1 / 3.0, 2);
	struct buckets *t = table(100);
	int64_t now;
	int n = 0;

	for (now = S; now < 101 * S; now += S / 100)
		n += got(t, 1, &r, now);
	OK(n >= 300 && n <= 302);
	free(t);
}

static void
keys_are_apart(void)
{
	struct bucket_rate r = bucket_rate(1, 1), off = bucket_rate(0, 5);
	struct buckets *t = table(1000);
	uint64_t k;

	for (k = 1; k <= 100; k++)
		OK_FOR(got(t, k * 977, &r, S), "fresh");
	for (k = 1; k <= 100; k++)
		OK_FOR(!got(t, k * 977, &r, S), "used");
	for (k = 0; k < 100; k++)
		OK_FOR(got(t, 977, &off, S), "switched off");
	free(t);
}

/* A full table refuses nobody, and keeps who owes most. */
static void
a_full_table(void)
{
	struct bucket_rate r = bucket_rate(1, 5);
	struct buckets *t = table(1);
	uint64_t k;
	int i;

	for (i = 0; i < 5; i++)
		got(t, 1000000, &r, S);
	OK(!got(t, 1000000, &r, S));
	for (k = 1; k < 5000; k++)
		if (!got(t, k, &r, S))
			break;
	IS_INT((int64_t)k, 5000);
	OK(!got(t, 1000000, &r, S));
	OK(got(t, 1000000, &r, 2 * S));
	free(t);
}

static void
extremes(void)
{
	struct bucket_rate r = bucket_rate(1e300, 1e300);
	struct buckets *t = table(8);
	int i;

	OK(r.every > 0 && r.depth >= r.every);
	for (i = 0; i < 3; i++)
		buckets_take(t, 9, &r, S);
	OK(buckets_wait(t, 9, &r, S) > 0);
	r = bucket_rate(1, 0); /* a burst of none would let nobody through */
	OK(got(t, 10, &r, S));
	OK(!got(t, 10, &r, S));
	free(t);
}

static void
hashes(void)
{
	static const uint64_t other[2] = { 1, 3 };
	struct buckets *t = table(8), *u = table(8);

	buckets_init(u, 8, other);
	OK(buckets_key(t, 'u', "alice", 5) == buckets_key(t, 'u', "alice", 5));
	OK(buckets_key(t, 'u', "alice", 5) != buckets_key(t, 'a', "alice", 5));
	OK(buckets_key(t, 'u', "alice", 5) != buckets_key(t, 'u', "alicf", 5));
	OK(buckets_key(t, 'u', "alice", 5) != buckets_key(u, 'u', "alice", 5));
	OK(buckets_key2(t, 'd', "ab", "c", 1) !=
	    buckets_key2(t, 'd', "a", "bc", 2));
	free(t);
	free(u);
}

int
main(void)
{
	bursts_then_drips();
	keeps_the_rate();
	keys_are_apart();
	a_full_table();
	extremes();
	hashes();
	return tap_done();
}
