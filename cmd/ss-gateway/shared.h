/*
 * shared: what the workers of one gateway have in common, in memory that they
 * share: each one's counters, so that all answer with the sum, and which
 * Idempotency-Keys are taken, so that a gift tried again on another worker
 * has the same id. A gateway without workers has the same, for itself.
 */
#ifndef SS_SHARED_H
#define SS_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics.h"
#include "ulid.h"

#define WORKERS_MAX 64

struct gateway;
struct names;
struct shared;

/* Numbers of one worker, or of all. All of them uint64_t: see shared.c. */
struct numbers {
	/* what happened at one worker: the sum counts */
	uint64_t connections, viewers_ever, refused, accepted, errors, busy,
	    resent, undelivered, limited, sent, bytes, cut_off;
	/* what came over the bus, which all of them read: the highest */
	uint64_t chat, gift, other, toxic, blocked, bad_lines;
	/* now: the sum */
	uint64_t viewers, pending, queue;
	/* now: the highest: ms that the oldest one has been pending */
	uint64_t oldest;
	/* times of the loop, in the buckets of metrics_loop_seconds, and us */
	uint64_t loop[METRICS_LOOP_BOUNDS + 1], loop_us;
	/* 1: yes, for all of them */
	uint64_t bus_up, out_up;
};

/* Zeroed. NULL with errno. */
struct shared *shared_new(unsigned workers);
void shared_free(struct shared *);
/*
 * Goes on counting where an earlier process of this worker (g->worker)
 * stopped.
 */
void shared_begin(struct gateway *);
/* Says what the numbers are now. */
void shared_publish(struct gateway *);
/* The numbers of all; the own ones are published before. */
void shared_sum(struct gateway *, struct numbers *);
/* The same for the parent, which has none of its own. */
void shared_total(const struct shared *, struct numbers *);
/* A worker has died: what it had now is gone, and its gifts may be lost. */
void shared_died(struct shared *, unsigned worker);

/* Names that are protected (names.h), and the lock for adding one. */
struct names *shared_names(struct gateway *);
void shared_lock(struct gateway *);
void shared_unlock(struct gateway *);

/* A key of one sender, and what it was used for. */
struct claim {
	uint64_t key[2]; /* a hash */
	uint64_t meaning;
	int64_t at; /* monotonic ms; 0: free */
	unsigned worker;
	bool lost; /* given up: who asks next sends it, under this id */
	char id[ULID_LEN + 1];
};
/*
 * Claims a key for id, which gets the earlier one where it was used. False:
 * another worker has it, with *meaning. Forgotten after five minutes.
 */
bool shared_claim(struct gateway *, const char *who, const char *key, size_t n,
    uint64_t *meaning, char id[ULID_LEN + 1]);
/* What was claimed for id was not sent, or was given up. */
void shared_unclaim(
    struct gateway *, const char *who, const char *key, size_t n);

#endif
