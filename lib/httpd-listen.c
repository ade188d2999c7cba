/*
 * httpd-listen: see httpd-impl.h. Addresses of an httpd: a Unix socket, whose
 * file says who may come, or a host and a port.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cidr.h"
#include "httpd-impl.h"
#include "sock.h"

#include "banned.h"

#define BACKLOG 64

/* HOST:PORT, [V6]:PORT; false: it is none. */
static bool
split(struct httpd_place *p, const char *text)
{
	const char *colon = strrchr(text, ':'), *host = text;
	size_t n, digits;

	if (!colon || colon == text)
		return false;
	n = (size_t)(colon - text);
	digits = strspn(colon + 1, "0123456789");
	if (!digits || digits > 5 || colon[1 + digits] != '\0')
		return false;
	if (*host == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	} else if (memchr(host, ':', n)) {
		return false; /* v6 without its brackets: which is the port? */
	}
	if (!n || n >= sizeof p->host)
		return false;
	memcpy(p->host, host, n);
	p->host[n] = '\0';
	memcpy(p->port, colon + 1, digits + 1);
	return strlen(p->port) < 5 || strcmp(p->port, "65535") <= 0;
}

int
httpd_place(struct httpd_place *p, const char *text, const char **err)
{
	*p = (struct httpd_place){ .local = strncmp(text, "listen:", 7) == 0 };
	if (p->local)
		return addr_parse(&p->addr, text, err);
	if (split(p, text))
		return 0;
	*err = "must be HOST:PORT or listen:PATH";
	return -1;
}

int
httpd_addr_check(const char *addr, const char **err)
{
	struct httpd_place p;

	return httpd_place(&p, addr, err);
}

static bool
is_loopback(const struct sockaddr *a)
{
	struct in6_addr addr;

	return cidr_of_socket(a, &addr) && cidr_is_loopback(&addr);
}

static int
bind_one(const struct addrinfo *a)
{
	int one = 1, fd, e;

	fd = socket(
	    a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

/* http://HOST:PORT as it has become. */
static void
describe(int fd, char *where, size_t n, bool *open)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;
	char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
	bool v6;

	getsockname(fd, (struct sockaddr *)&a, &len);
	getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port,
	    sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
	v6 = a.ss_family == AF_INET6;
	snprintf(where, n, "http://%s%s%s:%s", v6 ? "[" : "", host,
	    v6 ? "]" : "", port);
	*open = !is_loopback((struct sockaddr *)&a);
}

static int
listen_tcp(const struct httpd_place *p, const char **err)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV | AI_PASSIVE },
			*list, *a;
	int fd = -1, r;

	r = getaddrinfo(p->host, p->port, &want, &list);
	if (r != 0) {
		*err = gai_strerror(r);
		return -1;
	}
	for (a = list; a && fd < 0; a = a->ai_next)
		fd = bind_one(a);
	if (fd < 0)
		*err = strerror(errno);
	freeaddrinfo(list);
	return fd;
}

int
httpd_listen(const struct httpd_place *p, int *lock, char *where, size_t n,
    bool *open, const char **err)
{
	int fd;

	*lock = -1;
	if (!p->local) {
		fd = listen_tcp(p, err);
		if (fd >= 0)
			describe(fd, where, n, open);
		return fd;
	}
	*open = false;
	snprintf(where, n, "%s", p->addr.path);
	fd = sock_listen(p->addr.path, lock);
	if (fd < 0)
		*err = errno == EADDRINUSE ? "already in use"
		       : errno == EPERM    ? "its folder is somebody else's"
					   : strerror(errno);
	return fd;
}
