/*
 * sink: see sink.h. One queue of whole lines, written from its front. Three
 * ways out share it: stdout (a pipe gets at most PIPE_BUF bytes a write and
 * only whole lines; a file or socket gets what there is), and a connected
 * socket, where a line that was cut by the peer's death is sent again from
 * its start. listen: is the hub, which keeps its own positions.
 */
#define _GNU_SOURCE
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "sock.h"

#include "banned.h"

#define RETRY_FIRST 10       /* ms until the next try to connect, doubled ... */
#define RETRY_LAST 500       /* ... up to this */
#define QUEUE_MAX (64 << 20) /* far above what a stage lets gather */
#define CHUNK 65536          /* bytes a write to anything but a pipe */

enum way { WAY_NONE, WAY_PIPE, WAY_SOCKET, WAY_FILE, WAY_HUB };

struct sink {
	struct loop *loop;
	struct addr addr;
	const struct sink_ops *ops;
	void *arg;
	enum way way;
	struct loop_io io; /* fd < 0: not connected */
	bool watched, nonblock;
	struct buf q;
	size_t done;     /* bytes of q that are written */
	size_t boundary; /* of these, bytes in whole lines */
	struct loop_timer retry;
	int64_t wait;
	struct hub *hub;
};

static void connect_now(void *);

/* The peer of a unix: address went. */
static void
lost(struct sink *s, int err)
{
	if (s->watched)
		loop_del(s->loop, &s->io);
	s->watched = false;
	close(s->io.fd);
	s->io.fd = -1;
	s->done = s->boundary; /* the torn line again, whole */
	s->wait = RETRY_FIRST;
	loop_after(s->loop, &s->retry, s->wait, connect_now, s);
	if (s->ops->down)
		s->ops->down(s->arg, err);
}

static void
gone(struct sink *s, int err)
{
	if (s->addr.kind == ADDR_CONNECT) {
		lost(s, err);
		return;
	}
	if (s->watched)
		loop_del(s->loop, &s->io);
	s->watched = false;
	s->way = WAY_NONE;
	s->ops->broken(s->arg, err); /* who may ask how much is lost */
	buf_reset(&s->q);
	s->done = s->boundary = 0;
}

/* How much of the queue's front one write may take: see sink.h. */
static size_t
portion(const struct sink *s)
{
	const char *p = s->q.p + s->done, *nl;
	size_t n = s->q.len - s->done;

	if (s->way != WAY_PIPE)
		return n < CHUNK ? n : CHUNK;
	if (n <= PIPE_BUF)
		return n;
	nl = memrchr(p, '\n', PIPE_BUF);
	if (!nl) /* a long line that is passed on: by itself */
		nl = memchr(p, '\n', n);
	return (size_t)(nl - p) + 1;
}

/* write(2) that doesn't block. */
static ssize_t
put(struct sink *s, const char *p, size_t n)
{
	struct pollfd pfd = { .fd = s->io.fd, .events = POLLOUT };

	if (s->way == WAY_SOCKET)
		return send(s->io.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	/*
	 * A pipe that could not be opened anew: it takes PIPE_BUF bytes
	 * without blocking when poll says so, unless another writer is
	 * quicker; then it blocks until there is room.
	 */
	if (s->way == WAY_PIPE && !s->nonblock) {
		if (poll(&pfd, 1, 0) <= 0) {
			errno = EAGAIN;
			return -1;
		}
		if (n > PIPE_BUF)
			n = PIPE_BUF;
	}
	return write(s->io.fd, p, n);
}

static void
written(struct sink *s, size_t n)
{
	const char *nl;

	nl = memrchr(s->q.p + s->done, '\n', n);
	s->done += n;
	if (nl)
		s->boundary = (size_t)(nl - s->q.p) + 1;
	if (s->done == s->q.len) {
		buf_reset(&s->q);
		s->done = s->boundary = 0;
	} else if (s->boundary > CHUNK && s->boundary > s->q.len / 2) {
		buf_drop(&s->q, s->boundary);
		s->done -= s->boundary;
		s->boundary = 0;
	}
}

bool
sink_flush(struct sink *s)
{
	struct pollfd pfd = { .fd = s->io.fd, .events = POLLOUT };
	ssize_t n;

	if (s->way == WAY_HUB) {
		hub_flush(s->hub);
		return true;
	}
	while (s->done < s->q.len) {
		if (s->io.fd < 0)
			return false;
		n = put(s, s->q.p + s->done, portion(s));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !s->watched) {
			poll(&pfd, 1, -1); /* a terminal made non-blocking */
			continue;
		}
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			loop_mod(s->loop, &s->io, LOOP_OUT);
			return false;
		}
		if (n < 0) {
			gone(s, errno);
			return s->done == s->q.len;
		}
		written(s, (size_t)n);
	}
	return true;
}

/* Writable again, or the reader is gone. */
static void
on_io(void *arg, unsigned events)
{
	struct sink *s = arg;

	/* a peer that only shut down its own writing side may still read */
	if (events & LOOP_ERR) {
		gone(s, EPIPE);
	} else if (events & LOOP_OUT && sink_flush(s) && s->watched) {
		loop_mod(s->loop, &s->io, 0);
		s->ops->drained(s->arg);
	}
}

static int
watch(struct sink *s)
{
	s->io.fn = on_io;
	s->io.arg = s;
	s->io.events = 0; /* LOOP_ERR comes unasked */
	s->watched = loop_add(s->loop, &s->io) == 0;
	return s->watched ? 0 : -1;
}

static void
connect_now(void *arg)
{
	struct sink *s = arg;
	int fd = sock_connect(s->addr.path), e = errno;

	if (fd >= 0) {
		s->io.fd = fd;
		if (watch(s) < 0) {
			lost(s, errno);
			return;
		}
		s->wait = RETRY_FIRST;
		if (s->ops->up)
			s->ops->up(s->arg);
		/* not written here: the owner may hold it back for now */
		if (s->io.fd >= 0 && s->q.len)
			s->ops->drained(s->arg);
		return;
	}
	if (s->ops->down)
		s->ops->down(s->arg, e);
	loop_after(s->loop, &s->retry, s->wait, connect_now, s);
	s->wait = s->wait * 2 < RETRY_LAST ? s->wait * 2 : RETRY_LAST;
}

/*
 * stdout. A pipe is opened anew to get an open file description of our own,
 * whose O_NONBLOCK nobody else sees (proc(5), /proc/pid/fd).
 */
static int
open_stdout(struct sink *s)
{
	struct stat st;
	char path[32];
	int fd;

	s->io.fd = STDOUT_FILENO;
	if (fstat(STDOUT_FILENO, &st) < 0)
		return -1;
	if (S_ISSOCK(st.st_mode)) {
		s->way = WAY_SOCKET;
	} else if (S_ISFIFO(st.st_mode)) {
		s->way = WAY_PIPE;
		snprintf(path, sizeof path, "/proc/self/fd/%d", STDOUT_FILENO);
		fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == ENXIO) {
			errno = EPIPE;
			return -1;
		}
		if (fd >= 0) {
			s->io.fd = fd;
			s->nonblock = true;
		}
	} else {
		/* a file, terminal or device: writes don't block for long */
		s->way = WAY_FILE;
		return 0;
	}
	return watch(s);
}

struct sink *
sink_open(struct loop *loop, const struct addr *a, const struct hub_conf *hub,
    const struct sink_ops *ops, void *arg)
{
	struct sink *s = calloc(1, sizeof *s);
	struct hub_conf conf = { .history = 0, .max_lag = 8 << 20 };
	int ok = 0, e;

	if (!s)
		return NULL;
	s->loop = loop;
	s->addr = *a;
	s->ops = ops;
	s->arg = arg;
	s->wait = RETRY_FIRST;
	s->io.fd = -1;
	buf_init(&s->q, QUEUE_MAX);
	if (a->kind == ADDR_STD) {
		ok = open_stdout(s);
	} else if (a->kind == ADDR_CONNECT) {
		s->way = WAY_SOCKET;
		loop_after(loop, &s->retry, 0, connect_now, s);
	} else if (a->kind == ADDR_LISTEN) {
		s->way = WAY_HUB;
		s->hub = hub_open(
		    loop, a->path, hub ? hub : &conf, ops->news, arg);
		ok = s->hub ? 0 : -1;
	}
	if (ok == 0)
		return s;
	e = errno;
	sink_free(s);
	errno = e;
	return NULL;
}

int
sink_put(struct sink *s, const char *line, size_t n, int keep)
{
	char *to;

	if (s->way == WAY_NONE)
		return 0;
	if (s->way == WAY_HUB) {
		hub_put(s->hub, line, n, keep);
		return 0;
	}
	if (buf_reserve(&s->q, n + 1) < 0)
		return -1;
	to = s->q.p + s->q.len;
	memcpy(to, line, n);
	to[n] = '\n';
	to[n + 1] = '\0';
	s->q.len += n + 1;
	return 0;
}

void
sink_clear(struct sink *s)
{
	if (s->done != s->boundary)
		return; /* in the midst of a line */
	buf_reset(&s->q);
	s->done = s->boundary = 0;
}

int
sink_put_first(struct sink *s, const char *line, size_t n, bool now)
{
	ssize_t sent = 0;
	char *at;

	if (s->way == WAY_NONE || s->way == WAY_HUB)
		return 0;
	if (buf_reserve(&s->q, n + 1) < 0)
		return -1;
	at = s->q.p + s->done;
	memmove(at + n + 1, at, s->q.len - s->done + 1);
	memcpy(at, line, n);
	at[n] = '\n';
	s->q.len += n + 1;
	if (now && s->io.fd >= 0)
		sent = put(s, at, n + 1);
	if (sent > 0)
		written(s, (size_t)sent);
	return 0;
}

size_t
sink_pending(const struct sink *s)
{
	return s->q.len - s->done;
}

bool
sink_is_up(const struct sink *s)
{
	return s->way == WAY_HUB || s->io.fd >= 0;
}

struct hub *
sink_hub(struct sink *s)
{
	return s->hub;
}

void
sink_free(struct sink *s)
{
	if (!s)
		return;
	if (s->watched)
		loop_del(s->loop, &s->io);
	if (s->io.fd >= 0 && s->io.fd != STDOUT_FILENO)
		close(s->io.fd);
	loop_cancel(s->loop, &s->retry);
	hub_free(s->hub);
	buf_release(&s->q);
	free(s);
}
