/*
 * guard: see guard.h. The functions by which libwebsockets reads from a
 * connection, recv(2), SSL_read(3) and SSL_pending(3), are defined here and go
 * in front of the libraries' own, as ELF has it for any symbol of the program.
 * No callback of the library comes as early.
 *
 * Who is refused gets his answer, and the end of what we send; what he still
 * sends is thrown away until he closes, or peer_turn ends it: were the
 * connection closed with something unread, he might see a reset in place of
 * the answer.
 *
 * Should a build of the library read in another way, it sees what it should
 * not, which the tests would notice.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE /* its inline recv would be defined twice */
#include "guard.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "frames.h"
#include "gateway.h"
#include "head.h"
#include "subproto.h"

#include "banned.h"

#define DISCARD_MAX (1 << 20) /* bytes of who was refused, or has closed */
#define EARLY_MAX GUARD_READ
#define CONTROLS_MAX 1000   /* pings and pongs ... */
#define CONTROLS_TIME 10000 /* ... in so many ms */
#define PAD 1024
#define TURN_MAX GUARD_READ /* bytes that may come to nothing in one call */
#define CLOSE_LEN 8         /* bytes of a close frame with a code */
#define FRAMES_MORE_ROOM (FRAMES_ROOM + CLOSE_LEN)
#define ASKED_MIN (FRAMES_MORE_ROOM + 64) /* bytes */

/*
 * The headers that we, or the library, make something of. It sees no others:
 * 4.1.6 takes one whose name is the beginning of one that it knows (X-A, with
 * X-Auth-Token), and the line behind it, for one header.
 */
static const struct head_field fields[] = {
	{ "accept", "accept", false },
	{ "accept-encoding", "accept-encoding", false },
	{ "access-control-request-method", "access-control-request-method",
	    true },
	{ "authorization", "authorization", true },
	{ "connection", "connection", false },
	{ "content-length", "content-length", true },
	{ "content-type", "content-type", true },
	{ "host", "host", true },
	{ "idempotency-key", "idempotency-key", true },
	{ "if-none-match", "if-none-match", false },
	{ "origin", "origin", true },
	{ "sec-websocket-key", "sec-websocket-key", true },
	{ "sec-websocket-protocol", SUBPROTO_HEADER, false },
	{ "sec-websocket-version", "sec-websocket-version", true },
	{ "transfer-encoding", "transfer-encoding", false },
	{ "upgrade", "upgrade", false },
	{ "x-forwarded-for", "x-forwarded-for", false },
	{ NULL, NULL, false },
};

struct guarded {
	enum { PAST, IN_HEAD, IN_FRAMES, OVER } state;
	uint32_t thrown; /* bytes, since it is OVER */
	union {
		struct head head;     /* IN_HEAD */
		struct frames frames; /* IN_FRAMES */
	};
	struct conn *conn; /* once it is a WebSocket; borrowed */
	struct buf early;  /* the pings that came before: length and payload */
	unsigned controls; /* control frames lately ... */
	int64_t since;     /* ... since then, monotonic ms */
};

static const unsigned char no_mask[4];
static int (*real_pending)(const SSL *);
static struct gateway *owner;
static struct guarded *table; /* by descriptor */
static size_t ntable;

void
guard_open(struct gateway *g)
{
	owner = g;
	*(void **)&real_pending = dlsym(RTLD_NEXT, "SSL_pending");
}

void
guard_close(void)
{
	free(table);
	table = NULL;
	ntable = 0;
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
	*p = (struct guarded){ .state = IN_HEAD };
	buf_init(&p->early, EARLY_MAX);
	head_init(&p->head, fields);
	return 0;
}

/* What comes from fd and is looked at; NULL: all may be read. */
static struct guarded *
guarded(int fd)
{
	return fd >= 0 && (size_t)fd < ntable && table[fd].state != PAST
		   ? &table[fd]
		   : NULL;
}

void
guard_upgraded(int fd, struct conn *c)
{
	struct guarded *q = guarded(fd);
	size_t at, n;

	if (!q)
		return;
	q->conn = c;
	for (at = 0; at < q->early.len; at += 1 + n) {
		n = (unsigned char)q->early.p[at];
		ping_answer(c, q->early.p + at + 1, n);
	}
	buf_release(&q->early);
}

void
guard_forget(int fd)
{
	struct guarded *q = guarded(fd);

	if (!q)
		return;
	if (q->state == IN_FRAMES)
		frames_release(&q->frames);
	buf_release(&q->early);
	q->state = PAST;
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

	q->state = OVER;
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

	if (q && q->state == IN_HEAD && head_has_begun(&q->head))
		refuse(q, fd, s, 408, "headers: too slow");
	return q && q->state == OVER;
}

/* --- frames --- */

/*
 * The library sees a close frame with the code that is to be answered, which
 * it answers with, and nothing behind it.
 */
static size_t
put_close(struct guarded *q, int code, char *out)
{
	char payload[2] = { (char)(code >> 8), (char)code };

	frames_release(&q->frames);
	q->state = OVER;
	return ws_write(
	    out, WS_CLOSE, payload, code == 1005 ? 0 : sizeof payload, no_mask);
}

/*
 * RFC 6455 has 1012 to 1014 in a registry that the library doesn't know; a
 * client who leaves for one of them is answered as one who has done.
 */
static int
known(int code)
{
	return code >= 1012 && code <= 1014 ? 1000 : code;
}

/* Nobody needs so many. */
static bool
is_flood(struct guarded *q)
{
	int64_t now;

	if (++q->controls % CONTROLS_MAX)
		return false;
	now = clock_mono_ms();
	if (q->since && now - q->since < CONTROLS_TIME)
		return true;
	q->since = now;
	return false;
}

/* Returns how many bytes the library is to see of it. */
static size_t
control(struct guarded *q, const struct frames_control *c, char *out)
{
	if (c->opcode == WS_CLOSE)
		return put_close(q, known(frames_close_code(c)), out);
	if (is_flood(q))
		return put_close(q, 1008, out);
	if (c->opcode == WS_PONG && q->conn)
		ping_answered(owner, q->conn);
	else if (c->opcode == WS_PING && q->conn)
		ping_answer(q->conn, c->payload, c->len);
	else if (c->opcode == WS_PING && /* in one packet with the handshake */
		 buf_reserve(&q->early, 1 + c->len) == 0) {
		buf_addc(&q->early, (char)c->len);
		buf_add(&q->early, c->payload, c->len);
	}
	return 0;
}

/*
 * A pong that nobody asked for, of which the library makes nothing: it has to
 * see something, or it takes a connection by TLS for broken. Between frames.
 */
static size_t
put_nothing(char *out)
{
	return ws_write(out, WS_PONG, "", 0, no_mask);
}

/* As look, of a WebSocket. */
static size_t
look_at_frames(struct guarded *q, const char *in, size_t n, char *out)
{
	struct frames_control c;
	enum frames_got got = FRAMES_CONTROL;
	size_t len = 0, used, k;

	while (n && got == FRAMES_CONTROL && q->state == IN_FRAMES) {
		got = frames_take(&q->frames, in, n, &used, out + len, &k, &c);
		in += used;
		n -= used;
		len += k;
		if (got == FRAMES_CONTROL)
			len += control(q, &c, out + len);
	}
	if (got == FRAMES_BAD)
		len += put_close(q, 1002, out + len);
	else if (got == FRAMES_NO_MEMORY)
		len += put_close(q, 1011, out + len);
	return len;
}

/* --- reading --- */

/*
 * The library (4.1.6) writes its answer to a handshake into the buffer that it
 * has read, 384 bytes behind its beginning, before it takes what came behind
 * the request. A header that is of no use keeps that out of the way.
 */
static size_t
pad(char *out, size_t len)
{
	memcpy(out + len - 2, "zz:", 3);
	memset(out + len + 1, 'z', PAD);
	memcpy(out + len + 1 + PAD, "\r\n\r\n", 4);
	return len + PAD + 5;
}

/* As look, of a request. */
static size_t
look_at_head(
    struct guarded *q, int fd, SSL *s, const char *in, size_t n, char *out)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *why;
	size_t len, used;
	bool upgrades;
	int r;

	r = head_take(&q->head, in, n, &used, out, &len, &why);
	if (r > 1)
		refuse(q, fd, s, r, why);
	if (r != 1)
		return len;
	if (q->head.expects)
		say(fd, s, go_on, sizeof go_on - 1);
	upgrades = q->head.upgrades;
	in += used;
	n -= used;
	if (!upgrades) {
		q->state = PAST;
		memcpy(out + len, in, n);
		return len + n;
	}
	if (n)
		len = pad(out, len);
	q->state = IN_FRAMES;
	q->frames = (struct frames){ 0 };
	return len + look_at_frames(q, in, n, out + len);
}

/* n bytes have come. How many the library is to see, in out; 0: read again. */
static size_t
look(struct guarded *q, int fd, SSL *s, const char *in, size_t n, char *out)
{
	if (q->state == IN_HEAD)
		return look_at_head(q, fd, s, in, n, out);
	if (q->state == IN_FRAMES)
		return look_at_frames(q, in, n, out);
	q->thrown += (uint32_t)n;
	return 0;
}

/*
 * Reads into p, with room for n bytes, what the library is to see. Not above
 * 0: what the last read said, or there were enough to be thrown away.
 */
static ssize_t
read_guarded(struct guarded *q, int fd, SSL *s, char *p, size_t n)
{
	static char in[GUARD_READ];
	size_t room = sizeof in, more = q->conn ? FRAMES_MORE_ROOM : GUARD_ROOM;
	size_t len, got, all = 0;
	ssize_t k;

	if (n <= more)
		return 0; /* the library asks for more */
	if (room > n - more)
		room = n - more;
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
		all += (size_t)k;
		if (!len && q->state == IN_FRAMES && all >= TURN_MAX)
			len = put_nothing(p); /* others want to be read, too */
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
	int fd = SSL_get_fd(s);
	struct guarded *q = guarded(fd);
	size_t got = 0;

	if (n < 0)
		return -1;
	if (q)
		return (int)read_guarded(q, fd, s, p, (size_t)n);
	/* SSL_get_error tells more */
	return SSL_read_ex(s, p, (size_t)n, &got) == 1 ? (int)got : -1;
}

/*
 * Of what is left of a record the library asks for no more than this says, and
 * what a few bytes complete may be longer.
 */
int
SSL_pending(const SSL *s)
{
	int n = real_pending ? real_pending(s) : 0;

	return n > 0 && n < ASKED_MIN && guarded(SSL_get_fd(s)) ? ASKED_MIN : n;
}
