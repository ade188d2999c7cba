/*
 * bare: the kernel's price of a fan-out, to measure ss-gateway against. An
 * epoll loop that takes WebSocket clients on 127.0.0.1 and sends every text
 * message it gets to all of them: no rooms, no pipeline, no pings, no one
 * who lags (he is dropped, and said so at the end).
 *
 *	bare PORT send      one send(2) per frame and client
 *	bare PORT uring     the same, all clients' in one io_uring_enter(2)
 *	bare PORT gather    one send(2) per client for a whole turn of the loop
 *
 * Sockets are set up as the gateway's are, or the comparison would be one of
 * buffers. PORT may be 0; the port is said on standard error. It ends with
 * SIGTERM or SIGINT, and then says what it did.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ws.h"

#include "banned.h"

#define IN_MAX 4096        /* bytes of a request, or of a client's frame */
#define TURN_MAX 60000     /* bytes gathered before they are sent: as there */
#define SEND_BUFFER 262144 /* SO_SNDBUF: as there */
#define EVENTS 512
#define BURST 256     /* sends in one io_uring_enter(2) */
#define SOCKETS 16384 /* registered with io_uring */

struct client {
	int fd;
	unsigned slot; /* among those who are open */
	bool open;
	size_t n;
	char in[];
};

struct bare {
	int ep, listener;
	bool gather, uring;
	struct io_uring ring;
	struct client **open;
	unsigned nopen, cap;
	char out[TURN_MAX + IN_MAX];
	size_t nout;
	uint64_t messages, sends, dropped;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

/*
 * One who can't take it all loses his connection, but not at once: there may
 * be an event for him in this turn, which finds the socket shut down.
 */
static void
sent(struct bare *b, unsigned i, ssize_t k)
{
	if (k == (ssize_t)b->nout)
		return;
	b->dropped++;
	shutdown(b->open[i]->fd, SHUT_RDWR);
}

/* A client's place among the open ones is that of his socket in the ring. */
static void
place(struct bare *b, unsigned i, int fd)
{
	if (b->uring && io_uring_register_files_update(&b->ring, i, &fd, 1) < 0)
		stopped = 1;
}

static void
send_burst(struct bare *b, unsigned from, unsigned to)
{
	struct io_uring_cqe *c;
	struct io_uring_sqe *e;
	unsigned i, head, n = 0;

	for (i = from; i < to; i++) {
		e = io_uring_get_sqe(&b->ring);
		io_uring_prep_send(
		    e, (int)i, b->out, b->nout, MSG_NOSIGNAL | MSG_DONTWAIT);
		e->flags |= IOSQE_FIXED_FILE;
		e->user_data = i;
	}
	while (n < to - from && !stopped) {
		if (io_uring_submit_and_wait(&b->ring, to - from - n) < 0)
			stopped = 1;
		i = 0;
		io_uring_for_each_cqe(&b->ring, head, c)
		{
			sent(b, (unsigned)c->user_data, c->res);
			i++;
		}
		io_uring_cq_advance(&b->ring, i);
		n += i;
	}
}

static void
broadcast(struct bare *b)
{
	unsigned i;

	for (i = 0; b->uring && i < b->nopen; i += BURST)
		send_burst(b, i, i + BURST < b->nopen ? i + BURST : b->nopen);
	for (i = 0; !b->uring && i < b->nopen; i++)
		sent(b, i,
		    send(b->open[i]->fd, b->out, b->nout,
			MSG_NOSIGNAL | MSG_DONTWAIT));
	b->sends += b->nopen;
	b->nout = 0;
}

static void
drop(struct bare *b, struct client *c)
{
	if (c->open) {
		b->open[c->slot] = b->open[--b->nopen];
		b->open[c->slot]->slot = c->slot;
		place(b, c->slot, b->open[c->slot]->fd);
		place(b, b->nopen, -1);
	}
	close(c->fd);
	free(c);
}

/* RFC 6455, 5.2; n < IN_MAX */
static void
take_message(struct bare *b, const char *p, size_t n)
{
	char *o = b->out + b->nout;
	size_t head = n < 126 ? 2 : 4;

	o[0] = (char)0x81;
	o[1] = (char)(n < 126 ? n : 126);
	if (n >= 126) {
		o[2] = (char)(n >> 8);
		o[3] = (char)n;
	}
	memcpy(o + head, p, n);
	b->nout += head + n;
	b->messages++;
	if (!b->gather || b->nout > TURN_MAX)
		broadcast(b);
}

/* -1: he is to be dropped. */
static int
shake_hands(struct bare *b, struct client *c)
{
	static const char name[] = "sec-websocket-key: ";
	char key[WS_KEY_LEN + 1], accept[WS_ACCEPT_LEN + 1], answer[256];
	struct client **open;
	const char *p;
	int n;

	c->in[c->n] = '\0';
	if (!strstr(c->in, "\r\n\r\n"))
		return c->n < IN_MAX ? 0 : -1;
	p = strcasestr(c->in, name);
	if (!p || strlen(p) < sizeof name - 1 + WS_KEY_LEN)
		return -1;
	memcpy(key, p + sizeof name - 1, WS_KEY_LEN);
	key[WS_KEY_LEN] = '\0';
	ws_accept(key, accept);
	n = snprintf(answer, sizeof answer,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	if (send(c->fd, answer, (size_t)n, MSG_NOSIGNAL) != n)
		return -1;
	if (b->nopen == b->cap) {
		open = realloc(b->open, (b->cap * 2 + 64) * sizeof(void *));
		if (!open)
			return -1;
		b->open = open;
		b->cap = b->cap * 2 + 64;
	}
	c->open = true;
	c->slot = b->nopen;
	b->open[b->nopen++] = c;
	place(b, c->slot, c->fd);
	c->n = 0;
	return 0;
}

/* -1: he is to be dropped. */
static int
take_frames(struct bare *b, struct client *c)
{
	unsigned char *p = (unsigned char *)c->in, *end = p + c->n, *text;
	size_t n, head, i;

	while (end - p >= 6) {
		n = p[1] & 127; /* 127: longer than we take */
		head = n == 126 ? 4 : 2;
		if (n == 126)
			n = (size_t)p[2] << 8 | p[3];
		if ((p[1] & 127) == 127 || n > IN_MAX - 8 ||
		    (p[0] & 15) == WS_CLOSE)
			return -1;
		if ((size_t)(end - p) < head + 4 + n)
			break;
		text = p + head + 4;
		for (i = 0; i < n; i++)
			text[i] ^= p[head + (i & 3)];
		if ((p[0] & 15) == WS_TEXT)
			take_message(b, (char *)text, n);
		p = text + n;
	}
	c->n = (size_t)(end - p);
	memmove(c->in, p, c->n);
	return 0;
}

static void
on_readable(struct bare *b, struct client *c)
{
	ssize_t k = recv(c->fd, c->in + c->n, IN_MAX - c->n, 0);

	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k > 0) {
		c->n += (size_t)k;
		k = c->open ? take_frames(b, c) : shake_hands(b, c);
	} else {
		k = -1;
	}
	if (k < 0)
		drop(b, c);
}

static void
on_connection(struct bare *b)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd, one = 1, size = SEND_BUFFER;
	struct client *c;

	while ((fd = accept4(b->listener, NULL, NULL,
		    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		ev.data.ptr = c = malloc(sizeof *c + IN_MAX + 1);
		if (!c || epoll_ctl(b->ep, EPOLL_CTL_ADD, fd, &ev) < 0) {
			free(c);
			close(fd);
			continue;
		}
		c->fd = fd;
		c->open = false;
		c->n = 0;
	}
}

static void
run(struct bare *b)
{
	struct epoll_event ev[EVENTS];
	int i, n;

	while (!stopped) {
		n = epoll_wait(b->ep, ev, EVENTS, -1);
		for (i = 0; i < n; i++)
			if (ev[i].data.ptr)
				on_readable(b, ev[i].data.ptr);
			else
				on_connection(b);
		if (b->nout)
			broadcast(b);
	}
}

static int
start(struct bare *b, unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	struct epoll_event ev = { .events = EPOLLIN };
	struct sigaction on = { .sa_handler = on_signal };
	socklen_t n = sizeof a;
	struct rlimit r;
	int one = 1;

	sigaction(SIGTERM, &on, NULL);
	sigaction(SIGINT, &on, NULL);
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	b->ep = epoll_create1(EPOLL_CLOEXEC);
	b->listener = socket(
	    AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (b->ep < 0 || b->listener < 0 ||
	    setsockopt(
		b->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(b->listener, (struct sockaddr *)&a, n) < 0 ||
	    listen(b->listener, 4096) < 0 ||
	    getsockname(b->listener, (struct sockaddr *)&a, &n) < 0 ||
	    epoll_ctl(b->ep, EPOLL_CTL_ADD, b->listener, &ev) < 0) {
		fprintf(stderr, "bare: %s\n", strerror(errno));
		return -1;
	}
	fprintf(stderr, "bare: listening on http://127.0.0.1:%u\n",
	    (unsigned)ntohs(a.sin_port));
	return 0;
}

static int
start_uring(struct bare *b)
{
	int r = io_uring_queue_init(BURST, &b->ring,
	    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	if (r == 0)
		r = io_uring_register_files_sparse(&b->ring, SOCKETS);
	if (r == 0)
		r = io_uring_register_ring_fd(&b->ring) == 1 ? 0 : -1;
	if (r < 0)
		fprintf(stderr, "bare: no io_uring: %s\n", strerror(-r));
	return r;
}

int
main(int argc, char **argv)
{
	static struct bare b;
	char *end = NULL;
	unsigned long port = argc == 3 ? strtoul(argv[1], &end, 10) : 65536;

	b.gather = argc == 3 && strcmp(argv[2], "gather") == 0;
	b.uring = argc == 3 && strcmp(argv[2], "uring") == 0;
	if (port > 65535 || *end ||
	    (!b.gather && !b.uring && strcmp(argv[2], "send") != 0)) {
		fprintf(stderr, "usage: bare PORT send|uring|gather\n");
		return 2;
	}
	if (start(&b, (unsigned)port) < 0 || (b.uring && start_uring(&b) < 0))
		return 1;
	run(&b);
	fprintf(stderr,
	    "bare: %" PRIu64 " messages, %" PRIu64 " sends, %" PRIu64
	    " short\n",
	    b.messages, b.sends, b.dropped);
	return b.dropped > 0;
}
