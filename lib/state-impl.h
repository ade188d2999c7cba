/*
 * state-impl: what state.c (what events mean) and state-table.c (where it is
 * kept) share. Nobody else includes it.
 */
#ifndef SS_STATE_IMPL_H
#define SS_STATE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"
#include "role.h"

/* Something in force: known by a key, it holds the line that put it there. */
struct state_entry {
	struct state_entry *next; /* in its bucket */
	uint64_t seq;
	uint64_t hash;
	int64_t until; /* ms; INT64_MAX: for good */
	int64_t number;
	enum role role, rank;
	bool tombstone;
	bool exception; /* not in force here, though it is in all rooms */
	size_t keylen, len;
	char text[]; /* key, line, newline */
};

struct state_table {
	struct state_entry **bucket;
	size_t buckets, n;
};

/* 0, or -1: no memory. */
int state_table_open(struct state_table *);
void state_table_close(struct state_table *);
/* Where the one with this key is, or would be: *at is NULL then. */
struct state_entry **state_table_find(
    struct state_table *, const struct buf *key);
/*
 * Puts one there in place of what has its key, with the line and its newline
 * in it and all else zero. Where the table is full it is thinned out first.
 * NULL: no memory.
 */
struct state_entry *state_table_put(
    struct state_table *, const struct buf *key, const struct event *);
/* The one at this place. */
void state_table_forget(struct state_table *, struct state_entry **at);
/* Forgets each one of which fn says true; it sees all, in no order. */
void state_table_sift(struct state_table *,
    bool (*fn)(void *arg, const struct state_entry *), void *arg);

#endif
