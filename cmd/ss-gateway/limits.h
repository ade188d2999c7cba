/*
 * limits: how much and how often, for a user, an address and a room. Token
 * buckets (lib/bucket) and the number of connections of each address, in
 * memory that the workers share, so that they hold for all of them together.
 */
#ifndef SS_LIMITS_H
#define SS_LIMITS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket_rate;
struct gateway;
struct ident;
struct limits;
struct peer;

/* Of the options. NULL with errno. */
struct limits *limits_new(const struct gateway *);
void limits_free(struct limits *);
/* A worker has died, and its connections with it. */
void limits_died(struct limits *, unsigned worker);

/* What something costs: a token from each of these buckets. */
struct cost {
	struct {
		const struct bucket_rate *rate;
		uint64_t key;
	} part[4];
	size_t n;
	bool repeated; /* what is missing: it was said a moment ago */
};

/*
 * Looks whether a message may be taken: 0, or the seconds until it may. What
 * it costs is paid by limits_pay, once it was taken.
 */
int64_t limits_chat(struct gateway *, const struct ident *, const struct peer *,
    const char *room, const char *text, size_t n, struct cost *);
/*
 * A line that can't be taken, which costs a tenth of a message: 0, and it is
 * paid, or the seconds until the next one may come.
 */
int64_t limits_bad(struct gateway *, const struct ident *, const struct peer *);
int64_t limits_gift(
    struct gateway *, const struct ident *, const struct peer *, struct cost *);
void limits_pay(struct gateway *, const struct cost *);

/* Whoever has this address; an IPv6 address stands for its /64. */
uint64_t limits_subscriber(struct gateway *, const struct in6_addr *);
/* He connects: 0, and it is paid, or the seconds until he may. */
int64_t limits_connect(struct gateway *, uint64_t subscriber);
/* One connection more of his. False: there is no room to remember it. */
bool limits_hold(struct gateway *, uint64_t subscriber);
/* One less, which was held. */
void limits_let_go(struct gateway *, uint64_t subscriber);
/* How many there are, at all workers. */
uint64_t limits_held(struct gateway *, uint64_t subscriber);

#endif
