/*
 * tcp: TCP sockets to listen on, by a host and a port, and what they are
 * called.
 */
#ifndef SS_TCP_H
#define SS_TCP_H

#include <stdbool.h>

#define TCP_HOST_MAX 64 /* bytes of an address as text, with its scope */

/*
 * Binds a socket, which doesn't block, to the first of the host's addresses
 * that can be had; beside others that are there already, where again
 * (SO_REUSEPORT). -1 with *err.
 */
int tcp_bind(const char *host, const char *port, bool again, const char **err);

/* Where a socket is bound. */
struct tcp_place {
	char host[TCP_HOST_MAX];
	char port[8];
	char where[TCP_HOST_MAX + 12]; /* HOST:PORT, [V6]:PORT */
	bool loopback;
};
void tcp_place(int fd, struct tcp_place *);

#endif
