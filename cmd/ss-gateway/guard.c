/*
 * guard: see guard.h. The two functions by which libwebsockets reads from a
 * connection, recv(2) and SSL_read(3), are defined here and go in front of the
 * libraries' own, as ELF has it for any symbol of the program. No callback of
 * the library comes as early.
 *
 * Who is refused gets his answer, and the end of what we send; what he still
 * sends is thrown away until he closes, or the library's limit for a request
 * ends it: were the connection closed with something unread, he might see a
 * reset in place of the answer.
 *
 * Should a build of the library read in another way, it sees what it should
 * not, which the tests would notice.
 */
#undef _FORTIFY_SOURCE /* its inline recv would be defined twice */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway.h"
#include "head.h"
#include "subproto.h"

#include "banned.h"

#define DISCARD_MAX (1 << 20) /* bytes of who was refused */

/*
 * The headers that we, or the library, make something of. It sees no others:
 * 4.1.6 takes one whose name is the beginning of one that it knows (X-A, with
 * X-Auth-Token), and the line behind it, for one header.
 */
static const struct head_field fields[] = {
	{ "accept", "accept" },
	{ "accept-encoding", "accept-encoding" },
	{ "access-control-request-method", "access-control-request-method" },
	{ "authorization", "authorization" },
	{ "connection", "connection" },
	{ "content-length", "content-length" },
	{ "content-type", "content-type" },
	{ "host", "host" },
	{ "idempotency-key", "idempotency-key" },
	{ "if-none-match", "if-none-match" },
	{ "origin", "origin" },
	{ "sec-websocket-key", "sec-websocket-key" },
	{ "sec-websocket-protocol", SUBPROTO_HEADER },
	{ "sec-websocket-version", "sec-websocket-version" },
	{ "transfer-encoding", "transfer-encoding" },
	{ "upgrade", "upgrade" },
	{ "x-forwarded-for", "x-forwarded-for" },
	{ NULL, NULL },
};

struct guarded {
	enum { PAST, IN_HEAD, REFUSED } state;
	uint32_t thrown; /* bytes, since it is REFUSED */
	struct head head;
};

static struct gateway *owner;
static struct guarded *table; /* by descriptor */
static size_t ntable;

void
guard_open(struct gateway *g)
{
	owner = g;
}

int
guard_watch(int fd)
{
	size_t n = (size_t)fd + 1024;
	struct guarded *p;

	if ((size_t)fd >= ntable) {
		p = realloc(table, n * sizeof *p);
		if (!p)
			return -1;
		memset(p + ntable, 0, (n - ntable) * sizeof *p);
		table = p;
		ntable = n;
	}
	p = &table[fd];
	p->state = IN_HEAD;
	p->thrown = 0;
	head_init(&p->head, fields);
	return 0;
}

void
guard_forget(int fd)
{
	if ((size_t)fd < ntable)
		table[fd].state = PAST;
}

/* What comes from fd and isn't past its head; NULL: all may be read. */
static struct guarded *
guarded(int fd)
{
	return fd >= 0 && (size_t)fd < ntable && table[fd].state != PAST
		   ? &table[fd]
		   : NULL;
}

/*
 * On a connection on which nothing else was said yet: there is room for it.
 */
static void
say(int fd, SSL *s, const char *p, size_t n)
{
	size_t done;

	if (s)
		SSL_write_ex(s, p, n, &done);
	else
		send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
refuse(struct guarded *q, int fd, SSL *s, int status, const char *why)
{
	struct buf b;

	q->state = REFUSED;
	owner->n.refused++;
	buf_init(&b, 2048);
	answer_text(&b, status, why, q->head.is_head);
	say(fd, s, b.p, b.len);
	buf_release(&b);
	if (s)
		SSL_shutdown(s);
	shutdown(fd, SHUT_WR);
}

bool
guard_late(int fd, SSL *s)
{
	struct guarded *q = guarded(fd);

	if (!q || !head_has_begun(&q->head))
		return false;
	if (q->state == IN_HEAD)
		refuse(q, fd, s, 408, "headers: too slow");
	return true;
}

/* n bytes have come. How many the library is to see, in p; 0: read again. */
static size_t
look(struct guarded *q, int fd, SSL *s, const char *in, size_t n, char *p)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *why;
	size_t len;
	int r;

	if (q->state == REFUSED) {
		q->thrown += (uint32_t)n;
		return 0;
	}
	r = head_take(&q->head, in, n, p, &len, &why);
	if (r > 1)
		refuse(q, fd, s, r, why);
	if (r != 1)
		return len;
	q->state = PAST;
	if (q->head.expects && q->head.needs_host)
		say(fd, s, go_on, sizeof go_on - 1);
	return len;
}

/*
 * Reads into p, with room for n bytes, what the library is to see. Not above
 * 0: what the last read said, or there were enough to be thrown away.
 */
static ssize_t
read_guarded(struct guarded *q, int fd, SSL *s, char *p, size_t n)
{
	static char in[GUARD_READ];
	size_t room = sizeof in, len, got;
	ssize_t k;

	if (n <= HEAD_ROOM)
		return 0; /* the library asks for pt_serv_buf_size */
	if (room > n - HEAD_ROOM)
		room = n - HEAD_ROOM;
	do {
		if (q->thrown > DISCARD_MAX)
			return 0;
		if (s) {
			k = SSL_read_ex(s, in, room, &got) == 1 ? (ssize_t)got
								: -1;
		} else {
			k = recvfrom(fd, in, room, 0, NULL, NULL);
		}
		if (k <= 0)
			return k;
		len = look(q, fd, s, in, (size_t)k, p);
	} while (!len);
	return (ssize_t)len;
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	struct guarded *q = guarded(fd);

	if (q && !(flags & MSG_PEEK))
		return read_guarded(q, fd, NULL, p, n);
	return recvfrom(fd, p, n, flags, NULL, NULL);
}

int
SSL_read(SSL *s, void *p, int n)
{
	struct guarded *q = guarded(SSL_get_fd(s));
	size_t got = 0;

	if (n < 0)
		return -1;
	if (q)
		return (int)read_guarded(q, SSL_get_fd(s), s, p, (size_t)n);
	/* SSL_get_error tells more */
	return SSL_read_ex(s, p, (size_t)n, &got) == 1 ? (int)got : -1;
}
