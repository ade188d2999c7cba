/*
 * pubsub: a load for brokers that speak another protocol over WebSocket than
 * ours: NATS's or MQTT's. All viewers subscribe to one subject, the first one
 * publishes, and so many messages are on their way at most; each has to come
 * to all. Prints one JSON object with what ss-load would call the same.
 *
 *	pubsub nats|mqtt PORT VIEWERS WINDOW SECONDS PID
 *
 * Every message has the same bytes, so deliveries are counted by length: what
 * is lost or doubled shows at the end, what is changed does not.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ws.h"

#include "banned.h"

#define SIZE 230      /* bytes of a message: about what one of ours has */
#define UNIT_MAX 512  /* and of a message as the protocol has it */
#define PATIENCE 10.0 /* seconds without a delivery, then it is over */
#define WARMUP 0.3    /* seconds that don't count */

struct peer {
	int fd;
	unsigned char head[WS_HEAD_MAX];
	unsigned nhead;
	uint64_t left; /* bytes of the frame at hand */
	uint64_t got;  /* of payload, since it has subscribed */
	bool ready;
	char tail[8]; /* the last bytes before that */
};

struct load {
	bool nats;
	unsigned n, ready;
	uint64_t window, published, deliveries;
	struct peer *peer;
	char hello[UNIT_MAX], message[UNIT_MAX + WS_HEAD_MAX];
	size_t nhello, nmessage;
	size_t unit; /* bytes of a delivery */
	int ep, pid;
};

static void
die(const char *what)
{
	fprintf(stderr, "pubsub: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds of the server, from /proc/PID/stat: fields 14 and 15. */
static double
cpu(int pid)
{
	char path[64], text[1024], *p;
	unsigned long user;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		die(path);
	close(fd);
	text[n] = '\0';
	p = strrchr(text, ')');
	for (i = 0; p && i < 12; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		die(path);
	user = strtoul(p, &p, 10);
	return (double)(user + strtoul(p, NULL, 10)) /
	       (double)sysconf(_SC_CLK_TCK);
}

/* What a viewer says first, what is published, what comes of it. */
static void
speak(struct load *l)
{
	static const unsigned char mask[4];
	/* MQTT 3.1.1: CONNECT (clean, no keep-alive, no id), SUBSCRIBE */
	static const char mqtt[] = "\x10\x0c\0\4MQTT\4\2\0\0\0\0"
				   "\x82\x09\0\1\0\4chat";
	/* PUBLISH, QoS 0; its length is two bytes, seven bits each */
	static const char publish[] = { 0x30, (char)((SIZE + 6) % 128 + 128),
		(SIZE + 6) / 128, 0, 4, 'c', 'h', 'a', 't' };
	static const char nats[] =
	    "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"
	    "SUB chat 1\r\nPING\r\n";
	char text[UNIT_MAX];
	size_t n;

	if (l->nats) {
		l->nhello = ws_write(
		    l->hello, WS_BINARY, nats, sizeof nats - 1, mask);
		n = (size_t)snprintf(text, sizeof text,
		    "PUB chat %d\r\n%0*d\r\n", SIZE, SIZE, 0);
		l->unit = sizeof "MSG chat 1 230\r\n" - 1 + SIZE + 2;
	} else {
		l->nhello = ws_write(
		    l->hello, WS_BINARY, mqtt, sizeof mqtt, mask);
		memcpy(text, publish, sizeof publish);
		memset(text + sizeof publish, '0', SIZE);
		n = l->unit = sizeof publish + SIZE;
	}
	l->nmessage = ws_write(l->message, WS_BINARY, text, n, mask);
}

/* All ask before anybody waits: some brokers look only now and then. */
static void
ask(struct load *l, struct peer *p, unsigned port)
{
	static const char request[] =
	    "GET / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n";
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	char text[1024];
	int n, one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect");
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	n = snprintf(text, sizeof text, request, port,
	    l->nats ? "" : "Sec-WebSocket-Protocol: mqtt\r\n");
	if (send(p->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		die("handshake");
}

static void
answered(struct load *l, struct peer *p)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
	char text[1024];
	size_t got;

	for (got = 0; got < sizeof text - 1; got++) {
		if (recv(p->fd, text + got, 1, 0) != 1)
			die("handshake");
		text[got + 1] = '\0';
		if (got > 3 && strcmp(text + got - 3, "\r\n\r\n") == 0)
			break;
	}
	if (strncmp(text, "HTTP/1.1 101", 12) != 0 ||
	    send(p->fd, l->hello, l->nhello, MSG_NOSIGNAL) !=
		(ssize_t)l->nhello ||
	    epoll_ctl(l->ep, EPOLL_CTL_ADD, p->fd, &ev) < 0)
		die("handshake");
}

/* Payload: what answers the hello, then deliveries. */
static void
take(struct load *l, struct peer *p, const char *s, size_t n)
{
	static const char suback[] = "\x90\3\0\1"; /* and a 0 */
	const uint64_t before = p->got / l->unit;

	for (; n && !p->ready; n--) {
		memmove(p->tail, p->tail + 1, sizeof p->tail - 1);
		p->tail[sizeof p->tail - 1] = *s++;
		p->ready = l->nats ? memcmp(p->tail + 2, "PONG\r\n", 6) == 0
				   : memcmp(p->tail + 3, suback,
					 sizeof suback) == 0;
		l->ready += p->ready;
	}
	p->got += n;
	l->deliveries += p->got / l->unit - before;
}

/* Where a frame's header ends; false: more of it is to come. */
static bool
head(struct peer *p)
{
	unsigned n = p->head[1] & 127, i,
		 more = n == 127   ? 8
			: n == 126 ? 2
				   : 0;

	if (p->nhead < 2 || p->nhead < 2 + more)
		return false;
	p->left = more ? 0 : n;
	for (i = 0; i < more; i++)
		p->left = p->left << 8 | p->head[2 + i];
	if ((p->head[0] & 15) == WS_CLOSE)
		die("closed");
	p->nhead = 0;
	return true;
}

static void
readable(struct load *l, struct peer *p)
{
	static char in[65536];
	ssize_t n = recv(p->fd, in, sizeof in, MSG_DONTWAIT);
	const char *s = in, *end = in + n;
	size_t k;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		die("recv");
	while (s < end) {
		if (!p->left) {
			p->head[p->nhead++] = (unsigned char)*s++;
			head(p);
			continue;
		}
		k = (size_t)(end - s) < p->left ? (size_t)(end - s) : p->left;
		take(l, p, s, k);
		p->left -= k;
		s += k;
	}
}

static void
publish(struct load *l)
{
	while (l->published * l->n < l->deliveries + l->window * l->n) {
		if (send(l->peer->fd, l->message, l->nmessage, MSG_NOSIGNAL) !=
		    (ssize_t)l->nmessage)
			die("publish");
		l->published++;
	}
}

/* What has come, waited for a tenth of a second at most. */
static void
turn(struct load *l)
{
	struct epoll_event ev[256];
	int i, n = epoll_wait(l->ep, ev, 256, 100);

	for (i = 0; i < n; i++)
		readable(l, ev[i].data.ptr);
}

static void
run(struct load *l, double seconds)
{
	double t, from = now() + WARMUP, to = from + seconds, last = to;
	double used = 0, then = 0;
	uint64_t first = 0, done = 0;

	while ((t = now()) < to) {
		publish(l);
		turn(l);
		if (!then && t >= from) {
			then = now();
			used = cpu(l->pid);
			first = l->deliveries;
		}
	}
	used = cpu(l->pid) - used;
	done = l->deliveries - first;
	seconds = now() - then;
	while (l->deliveries < l->published * l->n && now() - last < PATIENCE)
		turn(l);
	printf("{\"cpu_us_per_delivery\":%.4f,\"deliveries_per_second\":%.0f,"
	       "\"lost\":%" PRId64 "}\n",
	    done ? used * 1e6 / (double)done : 0, (double)done / seconds,
	    (int64_t)(l->published * l->n - l->deliveries));
}

int
main(int argc, char **argv)
{
	struct load l = { .nats = argc == 7 && strcmp(argv[1], "nats") == 0 };
	struct rlimit r;
	double begun = now();
	unsigned i;

	if (argc != 7 || (!l.nats && strcmp(argv[1], "mqtt") != 0)) {
		fprintf(stderr, "usage: pubsub nats|mqtt PORT VIEWERS WINDOW "
				"SECONDS PID\n");
		return 2;
	}
	l.n = (unsigned)strtoul(argv[3], NULL, 10);
	l.window = strtoul(argv[4], NULL, 10);
	l.pid = (int)strtol(argv[6], NULL, 10);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	l.ep = epoll_create1(EPOLL_CLOEXEC);
	l.peer = calloc(l.n, sizeof *l.peer);
	if (l.ep < 0 || !l.n || !l.peer)
		die("start");
	speak(&l);
	for (i = 0; i < l.n; i++)
		ask(&l, &l.peer[i], (unsigned)strtoul(argv[2], NULL, 10));
	for (i = 0; i < l.n; i++)
		answered(&l, &l.peer[i]);
	while (l.ready < l.n && now() - begun < PATIENCE)
		turn(&l);
	if (l.ready == l.n)
		run(&l, strtod(argv[5], NULL));
	else
		fprintf(stderr, "pubsub: not all could subscribe\n");
	for (i = 0; i < l.n; i++)
		close(l.peer[i].fd);
	close(l.ep);
	free(l.peer);
	return l.ready < l.n || l.deliveries != l.published * l.n;
}
