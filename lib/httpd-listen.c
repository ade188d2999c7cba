/*
 * httpd-listen: see httpd-impl.h. Addresses of an httpd: a Unix socket, whose
 * file says who may come, or a host and a port.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd-impl.h"
#include "sock.h"
#include "tcp.h"

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

static int
listen_tcp(const struct httpd_place *p, const char **err)
{
	int fd = tcp_bind(p->host, p->port, false, err);

	if (fd < 0 || listen(fd, BACKLOG) == 0)
		return fd;
	*err = strerror(errno);
	close(fd);
	return -1;
}

int
httpd_listen(const struct httpd_place *p, int *lock, char *where, size_t n,
    bool *open, const char **err)
{
	struct tcp_place place;
	int fd;

	*lock = -1;
	if (!p->local) {
		fd = listen_tcp(p, err);
		if (fd < 0)
			return -1;
		tcp_place(fd, &place);
		snprintf(where, n, "http://%s", place.where);
		*open = !place.loopback;
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
