/*
 * peer: a TCP connection and whose it is: the address at its other end, or,
 * where that is a proxy of ours (--trust-proxy), the one that the proxy says.
 * Limits per address are held here, before anything is known of a user.
 */
#ifndef SS_PEER_H
#define SS_PEER_H

#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cidr.h"

#define PROXIES_MAX 64

struct gateway;
struct peer;

/* --trust-proxy's list. */
struct proxies {
	struct cidr c[PROXIES_MAX];
	size_t n;
};
/* Reads a comma-separated list. 0, or -1: it is malformed, or too long. */
int proxies_parse(struct proxies *, const char *list);

/*
 * Somebody has connected, at fd. NULL: he is to be dropped, as he has too many
 * connections that are refused already, or there is no memory.
 */
struct peer *peer_new(struct gateway *, int fd, const struct sockaddr *);
/* The library's connection for it; NULL: it made none. */
void peer_attach(struct gateway *, struct peer *, struct lws *);
/* The library frees the connection. */
void peer_destroy(struct gateway *, struct lws *);
/*
 * A request has come in: from now on its address is known. 0, or the status
 * of a refusal with *why its detail and *wait the seconds for Retry-After.
 */
int peer_request(
    struct gateway *, struct lws *, const char **why, int64_t *wait);
/* NULL only where the library calls back for a connection not of ours. */
struct peer *peer_of(struct lws *);
const struct in6_addr *peer_addr(const struct peer *);
uint64_t peer_subscriber(const struct peer *);
/* On this machine: no limits per address. */
bool peer_is_exempt(const struct peer *);
/* Now and then: who takes too long for his request's head is told, and goes. */
void peer_turn(struct gateway *);
/* Descriptors get scarce: who has waited longest to say something goes. */
void peer_make_room(struct gateway *);

#endif
