/*
 * httpd: see httpd.h. A connection reads one request, hands it over, and reads
 * no further until the answer is out, so what a client can make us hold is
 * one request, one answer and one read. A timer looks once a second after
 * those who have had their time; there is none while nobody is connected.
 */
#define _GNU_SOURCE
#include "httpd.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "httpd-impl.h"
#include "sock.h"

#include "banned.h"

#define ACCEPT_PAUSE 1000   /* ms without accept(2) after EMFILE */
#define ACCEPT_TURN 64      /* connections accepted in one turn */
#define SWEEP 1000          /* ms between looks at the slow */
#define REQUEST_TIME 10000  /* ms for a whole request */
#define IDLE_TIME 60000     /* ms between two requests */
#define SEND_TIME 20000     /* ms without progress of an answer */
#define ANSWER_MAX 33554432 /* bytes of one answer */
#define READ_SIZE 16384     /* bytes read at once, at least */
#define SWALLOW 16          /* reads of what nobody wants, at the end */

struct httpd {
	struct loop *loop;
	struct httpd_conf conf;
	void *arg;
	struct httpd_place place;
	struct loop_io listener;
	int lock;
	bool open;
	char where[320];
	struct loop_timer again, sweep;
	struct httpd_conn *conns;
	size_t n;
	unsigned long cut_off;
};

static void on_conn(void *, unsigned events);

static void
free_conn(struct httpd_conn *c)
{
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

/*
 * Unread bytes at close(2) would reset the connection, and the client might
 * never see why his request was refused.
 */
static void
swallow(int fd)
{
	char rest[READ_SIZE];
	int i;

	shutdown(fd, SHUT_WR);
	for (i = 0; i < SWALLOW; i++)
		if (recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 0)
			break;
}

/* Off the loop; freed by bury, since somebody may be at work with it. */
static void
drop(struct httpd_conn *c)
{
	struct httpd *h = c->h;
	bool told = c->state == CONN_ANSWER || c->state == CONN_STREAM;

	if (c->dead)
		return;
	c->dead = true;
	loop_del(h->loop, &c->io);
	if (c->state == CONN_SEND)
		swallow(c->io.fd);
	close(c->io.fd);
	h->n--;
	if (told && h->conf.gone)
		h->conf.gone(h->arg, c);
}

static void
bury(struct httpd *h)
{
	struct httpd_conn **at = &h->conns, *c;

	while ((c = *at)) {
		if (!c->dead) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		free_conn(c);
	}
}

static void
enter(struct httpd_conn *c, int state)
{
	c->state = state;
	c->since = clock_mono_ms();
}

static bool
is_idle(const struct httpd_conn *c)
{
	return c->state == CONN_HEAD && !c->in.len;
}

static bool
is_overdue(const struct httpd_conn *c, int64_t now)
{
	int64_t time = now - c->since;

	switch (c->state) {
	case CONN_HEAD:
	case CONN_BODY:
		return time > (is_idle(c) ? IDLE_TIME : REQUEST_TIME);
	case CONN_SEND:
	case CONN_STREAM:
		return c->out.len > c->sent && time > SEND_TIME;
	case CONN_ANSWER:
		break;
	}
	return false;
}

static void
sweep(void *arg)
{
	struct httpd *h = arg;
	struct httpd_conn *c;
	int64_t now = clock_mono_ms();

	for (c = h->conns; c; c = c->next)
		if (!c->dead && is_overdue(c, now))
			drop(c);
	bury(h);
	if (h->n)
		loop_after(h->loop, &h->sweep, SWEEP, sweep, h);
}

/* What is to be watched, by the state. */
static void
rearm(struct httpd_conn *c)
{
	unsigned events = 0;

	if (c->dead)
		return;
	if (c->out.len > c->sent)
		events |= LOOP_OUT;
	/* behind a request: only that he goes is of interest */
	if (c->state == CONN_ANSWER || c->state == CONN_STREAM)
		events |= LOOP_RDHUP;
	else if (c->state != CONN_SEND && !c->eof)
		events |= LOOP_IN;
	loop_mod(c->h->loop, &c->io, events);
}

/* Writes what goes now. False: he is gone. */
static bool
push(struct httpd_conn *c)
{
	ssize_t k;

	while (c->sent < c->out.len) {
		k = send(c->io.fd, c->out.p + c->sent, c->out.len - c->sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return true;
		if (k < 0)
			return false;
		c->sent += (size_t)k;
		c->since = clock_mono_ms();
	}
	if (c->out.cap > READ_SIZE)
		buf_release(&c->out);
	buf_reset(&c->out);
	c->sent = 0;
	return true;
}

/* Takes a request that is whole to the program. */
static void
hand_over(struct httpd_conn *c)
{
	char *end = c->in.p + c->head_len + c->body_len;

	c->after = *end;
	*end = '\0';
	enter(c, CONN_ANSWER);
	c->h->conf.request(c->h->arg, c);
}

/* Refuses what is no request; what comes behind it can't be trusted. */
static void
refuse(struct httpd_conn *c, int status, const char *detail)
{
	c->close = true;
	c->head = false;
	c->head_len = c->in.len;
	c->body_len = 0;
	c->after = '\0';
	enter(c, CONN_ANSWER);
	httpd_error(c, status, detail);
}

/* Goes on with what has come, as far as that gets. */
static void
advance(struct httpd_conn *c)
{
	const char *detail = NULL;
	int r;

	while (!c->dead) {
		if (c->state == CONN_HEAD && c->in.len) {
			r = httpd_parse(c, c->h->conf.body_max, &detail);
			if (r == 0)
				break;
			if (r == 1)
				c->state = CONN_BODY;
			else
				refuse(c, r, detail);
		}
		if (c->state == CONN_BODY) {
			if (c->in.len < c->head_len + c->body_len)
				break;
			hand_over(c);
		}
		if (c->state != CONN_SEND || c->sent < c->out.len)
			break;
		/* the answer is out: what is next? */
		if (c->close) {
			drop(c);
			break;
		}
		enter(c, CONN_HEAD);
		if (!c->in.len)
			break;
	}
	if (!c->dead && c->eof &&
	    (c->state == CONN_HEAD || c->state == CONN_BODY))
		drop(c);
}

static void
receive(struct httpd_conn *c)
{
	size_t room = c->in.max - c->in.len;
	ssize_t k;

	if (buf_reserve(&c->in, room) < 0 || !room) {
		drop(c);
		return;
	}
	k = recv(c->io.fd, c->in.p + c->in.len, room, MSG_DONTWAIT);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0) {
		c->eof = true;
		return;
	}
	if (is_idle(c))
		c->since = clock_mono_ms();
	c->in.len += (size_t)k;
	c->in.p[c->in.len] = '\0';
}

static void
on_conn(void *arg, unsigned events)
{
	struct httpd_conn *c = arg;
	struct httpd *h = c->h;

	if (events & (LOOP_ERR | LOOP_RDHUP) && c->state >= CONN_ANSWER &&
	    (c->state != CONN_SEND || events & LOOP_ERR))
		drop(c);
	if (!c->dead && events & LOOP_OUT && !push(c))
		drop(c);
	if (!c->dead && events & (LOOP_IN | LOOP_ERR) && c->state < CONN_ANSWER)
		receive(c);
	if (!c->dead)
		advance(c);
	rearm(c);
	bury(h);
}

/* Room for one more: who has been idle for the longest goes. */
static bool
make_room(struct httpd *h)
{
	struct httpd_conn *c, *oldest = NULL;

	if (h->n < h->conf.conns)
		return true;
	for (c = h->conns; c; c = c->next)
		if (!c->dead && c->state < CONN_ANSWER &&
		    (!oldest || c->since < oldest->since))
			oldest = c;
	if (oldest)
		drop(oldest);
	return oldest != NULL;
}

static struct httpd_conn *
conn_new(struct httpd *h, int fd)
{
	struct httpd_conn *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->h = h;
	c->io.fd = fd;
	c->io.events = LOOP_IN;
	c->io.fn = on_conn;
	c->io.arg = c;
	enter(c, CONN_HEAD);
	/* all of it now: what was parsed points into it (untouched: no cost) */
	buf_init(&c->in, HTTPD_HEAD_MAX + h->conf.body_max + READ_SIZE);
	buf_init(&c->out, ANSWER_MAX);
	if (buf_reserve(&c->in, c->in.max) < 0 ||
	    loop_add(h->loop, &c->io) < 0) {
		free_conn(c);
		return NULL;
	}
	c->next = h->conns;
	h->conns = c;
	h->n++;
	if (!h->sweep.due)
		loop_after(h->loop, &h->sweep, SWEEP, sweep, h);
	return c;
}

static void
listen_again(void *arg)
{
	struct httpd *h = arg;

	loop_mod(h->loop, &h->listener, LOOP_IN);
}

static void
on_listener(void *arg, unsigned events)
{
	struct httpd *h = arg;
	int fd = -1, one = 1, i;

	(void)events;
	for (i = 0; i < ACCEPT_TURN; i++) {
		fd = sock_accept(h->listener.fd);
		if (fd < 0)
			break;
		if (!h->place.local)
			setsockopt(
			    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (!make_room(h) || !conn_new(h, fd))
			close(fd);
	}
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED) {
		loop_mod(h->loop, &h->listener, 0);
		loop_after(h->loop, &h->again, ACCEPT_PAUSE, listen_again, h);
	}
	bury(h);
}

struct httpd *
httpd_open(struct loop *loop, const char *addr, const struct httpd_conf *conf,
    void *arg, const char **err)
{
	struct httpd *h = calloc(1, sizeof *h);

	if (!h) {
		*err = "out of memory";
		return NULL;
	}
	h->loop = loop;
	h->conf = *conf;
	h->arg = arg;
	h->listener.fd = -1;
	if (httpd_place(&h->place, addr, err) < 0)
		goto fail;
	h->listener.fd = httpd_listen(
	    &h->place, &h->lock, h->where, sizeof h->where, &h->open, err);
	if (h->listener.fd < 0)
		goto fail;
	h->listener.events = LOOP_IN;
	h->listener.fn = on_listener;
	h->listener.arg = h;
	if (loop_add(loop, &h->listener) == 0)
		return h;
	*err = strerror(errno);
fail:
	httpd_free(h);
	return NULL;
}

void
httpd_free(struct httpd *h)
{
	struct httpd_conn *c;

	if (!h)
		return;
	h->conf.gone = NULL;
	for (c = h->conns; c; c = c->next)
		drop(c);
	bury(h);
	loop_cancel(h->loop, &h->again);
	loop_cancel(h->loop, &h->sweep);
	if (h->listener.fd >= 0) {
		loop_del(h->loop, &h->listener);
		if (h->place.local)
			sock_unlisten(
			    h->place.addr.path, h->listener.fd, h->lock);
		else
			close(h->listener.fd);
	}
	free(h);
}

/* The answer's head, but its length and the empty line. */
static void
begin(struct httpd_conn *c, int status, const char *type, const char *extra)
{
	const char *const more[] = { c->h->conf.headers, extra,
		c->close ? "Connection: close\r\n" : NULL };
	size_t i;

	httpd_head(&c->out, status, type);
	for (i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i])
			buf_adds(&c->out, more[i]);
}

/* The request is done with: what came behind it moves to the front. */
static void
forget_request(struct httpd_conn *c)
{
	c->in.p[c->head_len + c->body_len] = c->after;
	buf_drop(&c->in, c->head_len + c->body_len);
	c->head_len = c->body_len = 0;
	c->method = c->path = c->query = NULL;
	c->fields = 0;
}

void
httpd_answer(struct httpd_conn *c, int status, const char *type,
    const char *extra, const void *body, size_t n)
{
	if (c->dead || c->state != CONN_ANSWER)
		return;
	forget_request(c);
	begin(c, status, type, extra);
	buf_addf(&c->out, "Content-Length: %zu\r\n\r\n", n);
	enter(c, CONN_SEND);
	if ((!c->head && buf_add(&c->out, body, n) < 0) || !push(c))
		drop(c);
	/* advance goes on: it is our caller, or is called by the loop */
	if (!c->dead && c->sent == c->out.len)
		loop_mod(c->h->loop, &c->io, LOOP_OUT);
	else
		rearm(c);
}

void
httpd_stream(struct httpd_conn *c, const char *type)
{
	if (c->dead || c->state != CONN_ANSWER)
		return;
	forget_request(c);
	c->close = true;
	begin(c, 200, type, "X-Accel-Buffering: no\r\n");
	buf_adds(&c->out, "\r\n");
	enter(c, CONN_STREAM);
	if (!push(c))
		drop(c);
	rearm(c);
}

bool
httpd_send(struct httpd_conn *c, const void *p, size_t n)
{
	if (c->dead || c->state != CONN_STREAM)
		return false;
	if (c->out.len == c->sent)
		c->since = clock_mono_ms();
	if (c->sent > c->h->conf.queue_max) {
		buf_drop(&c->out, c->sent);
		c->sent = 0;
	}
	if (c->out.len - c->sent + n > c->h->conf.queue_max) {
		c->h->cut_off++;
		drop(c);
		return false;
	}
	if (buf_add(&c->out, p, n) < 0 || !push(c)) {
		drop(c);
		return false;
	}
	rearm(c);
	return true;
}

void
httpd_end(struct httpd_conn *c)
{
	struct httpd *h = c->h;

	if (c->dead || c->state != CONN_STREAM)
		return;
	enter(
	    c, CONN_SEND); /* it closes behind that: httpd_stream has said so */
	if (h->conf.gone)
		h->conf.gone(h->arg, c);
	loop_mod(h->loop, &c->io, LOOP_OUT);
}

const char *
httpd_where(const struct httpd *h)
{
	return h->where;
}

bool
httpd_is_open(const struct httpd *h)
{
	return h->open;
}

const char *
httpd_method(const struct httpd_conn *c)
{
	return c->method;
}

const char *
httpd_path(const struct httpd_conn *c)
{
	return c->path;
}

const char *
httpd_body(const struct httpd_conn *c, size_t *n)
{
	*n = c->body_len;
	return c->in.p + c->head_len;
}

void **
httpd_own(struct httpd_conn *c)
{
	return &c->own;
}

unsigned long
httpd_cut_off(const struct httpd *h)
{
	return h->cut_off;
}
