/*
 * state-table: see state-impl.h. A hash table with chains that grows by four.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "state-impl.h"
#include "state.h"

#include "banned.h"

#define BUCKETS_FIRST 256

int
state_table_open(struct state_table *t)
{
	t->n = 0;
	t->buckets = BUCKETS_FIRST;
	t->bucket = calloc(t->buckets, sizeof(struct state_entry *));
	return t->bucket ? 0 : -1;
}

static bool
any(void *arg, const struct state_entry *e)
{
	(void)arg;
	(void)e;
	return true;
}

void
state_table_close(struct state_table *t)
{
	state_table_sift(t, any, NULL);
	free(t->bucket);
}

/* FNV-1a, 64 bits (isthe.com/chongo/tech/comp/fnv): moderators' words only. */
static uint64_t
hash(const char *p, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	while (n--)
		h = (h ^ (unsigned char)*p++) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

struct state_entry **
state_table_find(struct state_table *t, const struct buf *key)
{
	uint64_t h = hash(key->p, key->len);
	struct state_entry **at = &t->bucket[h & (t->buckets - 1)];

	while (*at && !((*at)->hash == h && (*at)->keylen == key->len &&
			  memcmp((*at)->text, key->p, key->len) == 0))
		at = &(*at)->next;
	return at;
}

void
state_table_forget(struct state_table *t, struct state_entry **at)
{
	struct state_entry *e = *at;

	*at = e->next;
	free(e);
	t->n--;
}

void
state_table_sift(struct state_table *t,
    bool (*fn)(void *arg, const struct state_entry *), void *arg)
{
	struct state_entry **at;
	size_t i;

	for (i = 0; i < t->buckets; i++)
		for (at = &t->bucket[i]; *at;)
			if (fn(arg, *at))
				state_table_forget(t, at);
			else
				at = &(*at)->next;
}

static void
grow(struct state_table *t)
{
	struct state_entry **bucket, *e, *next;
	size_t buckets = t->buckets * 4, i;

	bucket = calloc(buckets, sizeof(struct state_entry *));
	if (!bucket)
		return; /* slower, no worse */
	for (i = 0; i < t->buckets; i++)
		for (e = t->bucket[i]; e; e = next) {
			next = e->next;
			e->next = bucket[e->hash & (buckets - 1)];
			bucket[e->hash & (buckets - 1)] = e;
		}
	free(t->bucket);
	t->bucket = bucket;
	t->buckets = buckets;
}

struct thinning {
	uint64_t lo, hi; /* positions of tombstones */
	int64_t now;
};

static bool
measure(void *arg, const struct state_entry *e)
{
	struct thinning *t = arg;

	if (e->tombstone) {
		t->lo = e->seq < t->lo ? e->seq : t->lo;
		t->hi = e->seq > t->hi ? e->seq : t->hi;
	}
	return false;
}

static bool
is_dispensable(void *arg, const struct state_entry *e)
{
	const struct thinning *t = arg;

	return e->until <= t->now ||
	       (e->tombstone && e->seq <= t->lo + (t->hi - t->lo) / 2);
}

/*
 * Full: what has run out goes, and the older half of the tombstones; what they
 * hide is long past.
 */
static void
thin_out(struct state_table *t)
{
	struct thinning th = { UINT64_MAX, 0, clock_wall_ms() };

	state_table_sift(t, measure, &th);
	state_table_sift(t, is_dispensable, &th);
}

struct state_entry *
state_table_put(
    struct state_table *t, const struct buf *key, const struct event *ev)
{
	struct state_entry **at, *e;

	if (t->n >= STATE_MAX)
		thin_out(t);
	if (t->n >= 2 * t->buckets)
		grow(t);
	e = malloc(sizeof *e + key->len + ev->len + 1);
	if (!e)
		return NULL;
	*e = (struct state_entry){ .hash = hash(key->p, key->len),
		.keylen = key->len,
		.len = ev->len + 1 };
	memcpy(e->text, key->p, key->len);
	memcpy(e->text + key->len, ev->line, ev->len);
	e->text[key->len + ev->len] = '\n';
	at = state_table_find(t, key);
	if (*at)
		state_table_forget(t, at);
	e->next = *at;
	*at = e;
	t->n++;
	return e;
}
