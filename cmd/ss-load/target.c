/*
 * target.c: where the load goes: the URL, which may be the one that ss-gift
 * takes, its address, and what this machine allows us: descriptors, and
 * addresses to connect from. From one address to one port there are about
 * 28,000 connections (ip(7), ip_local_port_range); loopback has more
 * addresses than one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "msg.h"

#include "banned.h"

#define PORTS 28000u
#define OTHER_FDS 128 /* besides viewers' */
#define SLOW_RCVBUF 4096
#define WIDE_RCVBUF (1 << 20)

/* Only what may stand in a request line. */
static bool
is_plain(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] > '~')
			return false;
	return true;
}

/* "/chat/ws" and what follows the "?"; where gifts go follows from it. */
static const char *
set_path(struct app *a, const char *p)
{
	size_t n = strcspn(p, "?#");

	if (p[n] == '#')
		return "has a fragment";
	while (n > 0 && p[n - 1] == '/')
		n--;
	buf_add(&a->path, p, n);
	if (n == 0)
		buf_adds(&a->path, "/ws");
	p += strcspn(p, "?");
	if (*p == '?')
		buf_adds(&a->query, p + 1);
	n = a->path.len;
	if (n >= 3 && memcmp(a->path.p + n - 3, "/ws", 3) == 0)
		n -= 3;
	buf_add(&a->api, a->path.p, n);
	return buf_adds(&a->api, "/api/gift") < 0 ? "is too long" : NULL;
}

static const char *
scheme_end(const char *url, const char **why)
{
	static const char *const known[] = { "ws://", "http://" };
	size_t i;

	for (i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strncmp(url, known[i], strlen(known[i])) == 0)
			return url + strlen(known[i]);
	*why = strncmp(url, "wss://", 6) == 0 ||
		       strncmp(url, "https://", 8) == 0
		   ? "TLS is not supported"
		   : "must be ws://HOST:PORT/ws";
	return NULL;
}

const char *
target_parse(struct app *a)
{
	const char *why = NULL, *p = scheme_end(a->url, &why);
	size_t n;

	if (!p)
		return why;
	n = strcspn(p, "/?#");
	if (n == 0 || n >= sizeof a->host || memchr(p, '@', n) ||
	    !is_plain(p, strlen(p)) || strlen(p) > 1000)
		return "must be ws://HOST:PORT/ws";
	memcpy(a->host, p, n);
	a->host[n] = '\0';
	return set_path(a, p + n);
}

/* Host and port of "HOST", "HOST:PORT", "[::1]:PORT". */
static bool
split_host(const char *text, char *host, size_t size, const char **port)
{
	const char *end, *p = text;
	size_t n;

	if (*p == '[') {
		end = strchr(++p, ']');
		if (!end || (end[1] && end[1] != ':'))
			return false;
		*port = end[1] ? end + 2 : "80";
	} else {
		end = p + strcspn(p, ":");
		*port = *end ? end + 1 : "80";
	}
	n = (size_t)(end - p);
	if (n == 0 || n >= size || **port == '\0' ||
	    strspn(*port, "0123456789") != strlen(*port) || strlen(*port) > 5)
		return false;
	memcpy(host, p, n);
	host[n] = '\0';
	return true;
}

static int
resolve(struct app *a)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct addrinfo *got;
	char host[256];
	const char *port;
	int err;

	if (!split_host(a->host, host, sizeof host, &port)) {
		msg_err("%s: not a host and a port", a->host);
		return -1;
	}
	err = getaddrinfo(host, port, &want, &got);
	if (err) {
		msg_err("%s: %s", a->host, gai_strerror(err));
		return -1;
	}
	memcpy(&a->peer, got->ai_addr, got->ai_addrlen);
	a->peerlen = got->ai_addrlen;
	freeaddrinfo(got);
	return 0;
}

static int
raise_limit(struct app *a)
{
	const rlim_t want = (rlim_t)a->nviewers + OTHER_FDS;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
		return 0;
	r.rlim_cur = want;
	if (r.rlim_max < want)
		r.rlim_max = want; /* root may */
	if (setrlimit(RLIMIT_NOFILE, &r) == 0)
		return 0;
	getrlimit(RLIMIT_NOFILE, &r);
	msg_err("%lld viewers need %llu descriptors, the limit is %llu "
		"(ulimit -n)",
	    (long long)a->nviewers, (unsigned long long)want,
	    (unsigned long long)r.rlim_max);
	return -1;
}

static bool
is_loopback(const struct app *a)
{
	const struct sockaddr_in *in = (const void *)&a->peer;

	return a->peer.ss_family == AF_INET &&
	       ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

int
target_open(struct app *a)
{
	double ports = (double)a->nviewers;

	if (resolve(a) < 0 || raise_limit(a) < 0)
		return -1;
	/* a closed connection holds its port for a minute (TIME_WAIT) */
	ports += 60 * (a->churn_rate + 2 * a->gift_rate);
	a->sources = is_loopback(a) ? (uint32_t)(ports / PORTS) + 1 : 1;
	if (a->sources > 200)
		a->sources = 200;
	return 0;
}

/* 127.0.0.2 and so on, leaving the port to connect(2). */
static int
bind_source(int fd, uint32_t i)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	const int one = 1;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
	return bind(fd, (const struct sockaddr *)&from, sizeof from);
}

int
target_connect(struct app *a, uint32_t i, bool slow)
{
	const int one = 1, few = SLOW_RCVBUF;
	int fd = socket(
	    a->peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (slow)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
	if ((a->sources > 1 && bind_source(fd, i % a->sources) < 0) ||
	    (connect(fd, (const struct sockaddr *)&a->peer, a->peerlen) < 0 &&
		errno != EINPROGRESS)) {
		const int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/*
 * Through a window of a few kB each part waits for a delayed acknowledgement,
 * and the close frame comes after all of them.
 */
void
target_widen(int fd)
{
	const int much = WIDE_RCVBUF;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &much, sizeof much);
}
