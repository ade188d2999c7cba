/* tcp: see tcp.h. */
#define _GNU_SOURCE
#include "tcp.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cidr.h"

#include "banned.h"

static int
bind_to(const struct addrinfo *a, bool again)
{
	int one = 1, fd, e;

	fd = socket(
	    a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (again)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

int
tcp_bind(const char *host, const char *port, bool again, const char **err)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE },
			*list, *a;
	int fd = -1, r;

	r = getaddrinfo(host, port, &want, &list);
	if (r != 0) {
		*err = gai_strerror(r);
		return -1;
	}
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = bind_to(a, again);
	if (fd < 0)
		*err = strerror(errno);
	freeaddrinfo(list);
	return fd;
}

void
tcp_place(int fd, struct tcp_place *p)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	struct in6_addr addr;
	bool v6;

	*p = (struct tcp_place){ .host = "?", .port = "0" };
	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		getnameinfo((struct sockaddr *)&a, len, p->host, sizeof p->host,
		    p->port, sizeof p->port, NI_NUMERICHOST | NI_NUMERICSERV);
	v6 = a.ss_family == AF_INET6;
	snprintf(p->where, sizeof p->where, "%s%s%s:%s", v6 ? "[" : "", p->host,
	    v6 ? "]" : "", p->port);
	p->loopback = cidr_of_socket((struct sockaddr *)&a, &addr) &&
		      cidr_is_loopback(&addr);
}
