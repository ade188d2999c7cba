/*
 * cidr: IP addresses and blocks of them. All are kept as IPv6 addresses, an
 * IPv4 address mapped (RFC 4291, 2.5.5.2), so that one that comes in over a
 * socket for both is the same.
 */
#ifndef SS_CIDR_H
#define SS_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct cidr {
	struct in6_addr addr;
	unsigned bits; /* 0 to 128 */
};

/* Reads n bytes: 192.0.2.1, 192.0.2.0/24, 2001:db8::/32. 0, or -1. */
int cidr_parse(struct cidr *, const char *text, size_t n);
bool cidr_has(const struct cidr *, const struct in6_addr *);
/*
 * Reads one address as proxies write it: also with a port, 192.0.2.1:80 or
 * [2001:db8::1]:80. 0, or -1.
 */
int cidr_addr(struct in6_addr *, const char *text, size_t n);
/* The address of a socket. False: it is of another kind, and out is ::. */
bool cidr_of_socket(const struct sockaddr *, struct in6_addr *out);
bool cidr_is_loopback(const struct in6_addr *);
/* Writes it, an IPv4 address as one. */
void cidr_format(const struct in6_addr *, char out[INET6_ADDRSTRLEN]);
/*
 * How many bytes of it stand for one subscriber: an IPv6 customer has a whole
 * /64 for himself (RFC 6177).
 */
size_t cidr_subscriber(const struct in6_addr *);

#endif
