/*
 * source: see source.h. Each stream (stdin, the connected peer, one writer
 * of many) has its own linein, so whole lines are what merges. A turn reads
 * once from each ready stream: nobody starves.
 */
#include "source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event.h"
#include "sock.h"

#include "banned.h"

#define RETRY_FIRST 10    /* ms until the next try to connect, doubled ... */
#define RETRY_LAST 500    /* ... up to this */
#define ACCEPT_PAUSE 1000 /* ms without accept(2) after EMFILE */

/* One stream of bytes. */
struct stream {
	struct source *src;
	struct stream *next;
	struct linein in;
	struct loop_io io;
	bool watched;   /* io is in the loop; not while the source is paused */
	bool eof;       /* nothing more will be read */
	bool ended;     /* because read(2) said so */
	bool dead;      /* and all of it was told */
	int64_t budget; /* draining: bytes that may still be read */
};

struct source {
	struct loop *loop;
	struct addr addr;
	const struct source_ops *ops;
	void *arg;
	struct stream *streams;
	struct loop_io listener; /* listen: */
	int lock;
	struct loop_timer retry;
	int64_t wait; /* ms, the next retry's */
	size_t max;   /* bytes of a line */
	uint64_t torn;
	uint64_t lines; /* listen: numbers run over all writers */
	bool paused, draining, ended, up, inside;
};

static void connect_now(void *);
static void pump(struct stream *, bool readable);

static void
on_ready(void *arg, unsigned events)
{
	(void)events;
	pump(arg, true);
}

static int
watch(struct stream *st)
{
	if (st->watched)
		return 0;
	st->watched = loop_add(st->src->loop, &st->io) == 0;
	return st->watched ? 0 : -1;
}

/*
 * Out of the loop, not just without events: a hang-up would be reported all
 * the same, and the loop would spin until the pause is over.
 */
static void
unwatch(struct stream *st)
{
	if (st->watched)
		loop_del(st->src->loop, &st->io);
	st->watched = false;
}

static struct stream *
stream_new(struct source *s, int fd)
{
	struct stream *st = calloc(1, sizeof *st);

	if (!st)
		return NULL;
	st->src = s;
	st->io.fd = fd;
	st->io.events = LOOP_IN;
	st->io.fn = on_ready;
	st->io.arg = st;
	if (linein_init(&st->in, s->max) < 0 || (!s->paused && watch(st) < 0)) {
		linein_release(&st->in);
		free(st);
		return NULL;
	}
	st->next = s->streams;
	s->streams = st;
	return st;
}

static void
stream_free(struct stream *st)
{
	struct stream **at;

	for (at = &st->src->streams; *at; at = &(*at)->next)
		if (*at == st) {
			*at = st->next;
			break;
		}
	unwatch(st);
	if (st->io.fd != STDIN_FILENO)
		close(st->io.fd);
	linein_release(&st->in);
	free(st);
}

static void
down(struct source *s, int err)
{
	s->up = s->addr.kind != ADDR_CONNECT && s->up;
	if (s->ops->down)
		s->ops->down(s->arg, err);
}

/* The peer went: what it had not finished is nobody's line. */
static void
lost(struct stream *st, int err)
{
	struct source *s = st->src;

	s->torn += linein_torn(&st->in);
	stream_free(st);
	down(s, err);
	if (s->addr.kind == ADDR_CONNECT && !s->draining) {
		s->wait = RETRY_FIRST;
		loop_after(s->loop, &s->retry, s->wait, connect_now, s);
	}
}

static void
end(struct source *s, int err)
{
	if (s->ended)
		return;
	s->ended = true;
	if (s->ops->end)
		s->ops->end(s->arg, err);
}

/* Hands out the lines that are there. False when it was paused. */
static bool
hand_out(struct stream *st)
{
	struct source *s = st->src;
	/* cut off by a stop, an unfinished line is not a line */
	bool last = st->ended && s->addr.kind == ADDR_STD;
	struct source_line l;

	while (!s->paused) {
		l.got = linein_next(&st->in, last, &l.p, &l.n);
		if (l.got == LINEIN_MORE)
			return true;
		if (l.got == LINEIN_LINE && !l.n)
			continue;
		l.number = st->in.lines + (l.got == LINEIN_PART);
		l.ahead = st->in.p + st->in.start;
		l.nahead = st->in.end - st->in.start;
		s->ops->line(s->arg, &l);
	}
	return false;
}

/*
 * One read. Sets eof at the end, and while draining also when the bytes that
 * waited at the start of it are used up.
 */
static void
read_some(struct stream *st, int *err)
{
	ssize_t n;

	*err = 0;
	if (st->src->draining && st->budget <= 0) {
		st->eof = true;
		return;
	}
	n = linein_read(&st->in, st->io.fd);
	if (n > 0) {
		st->budget -= n;
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return;
	*err = n < 0 ? errno : 0;
	st->ended = n == 0;
	st->eof = true;
}

/*
 * What waits in memory, and one read's worth of lines. batch() may resume
 * what line() had paused: then it goes on here rather than by recursion.
 */
static void
pump(struct stream *st, bool readable)
{
	struct source *s = st->src;
	bool all;
	int err = 0;

	if (s->paused || s->inside || st->dead)
		return;
	s->inside = true;
	/* a blocking stdin is read only when the loop says that it may be */
	if (readable && !st->eof && hand_out(st))
		read_some(st, &err);
	do {
		all = hand_out(st);
		if (s->ops->batch)
			s->ops->batch(s->arg);
	} while (!all && !s->paused);
	s->inside = false;
	if (!all || !st->eof)
		return;
	st->dead = true;
	if (s->addr.kind == ADDR_STD) {
		unwatch(st);
		end(s, err);
	} else if (!s->draining) {
		lost(st, err);
	}
}

static void
connect_now(void *arg)
{
	struct source *s = arg;
	int fd = sock_connect(s->addr.path);

	if (fd >= 0 && stream_new(s, fd)) {
		s->up = true;
		s->wait = RETRY_FIRST;
		if (s->ops->up)
			s->ops->up(s->arg);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (s->ops->down)
		s->ops->down(s->arg, errno);
	loop_after(s->loop, &s->retry, s->wait, connect_now, s);
	s->wait = s->wait * 2 < RETRY_LAST ? s->wait * 2 : RETRY_LAST;
}

static void
listen_again(void *arg)
{
	struct source *s = arg;

	loop_mod(s->loop, &s->listener, LOOP_IN);
}

static void
on_writer(void *arg, unsigned events)
{
	struct source *s = arg;
	int fd;

	(void)events;
	while ((fd = sock_accept(s->listener.fd)) >= 0) {
		if (!stream_new(s, fd)) {
			close(fd);
			break;
		}
		if (s->ops->up)
			s->ops->up(s->arg);
	}
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED) {
		/* out of descriptors: try again when some may be free */
		loop_mod(s->loop, &s->listener, 0);
		loop_after(s->loop, &s->retry, ACCEPT_PAUSE, listen_again, s);
	}
}

static int
open_listener(struct source *s)
{
	s->listener.fd = sock_listen(s->addr.path, &s->lock);
	if (s->listener.fd < 0)
		return -1;
	s->listener.events = LOOP_IN;
	s->listener.fn = on_writer;
	s->listener.arg = s;
	s->up = true;
	return loop_add(s->loop, &s->listener);
}

struct source *
source_open(struct loop *loop, const struct addr *a,
    const struct source_ops *ops, void *arg)
{
	struct source *s = calloc(1, sizeof *s);
	int e, ok = 0;

	if (!s)
		return NULL;
	s->loop = loop;
	s->addr = *a;
	s->ops = ops;
	s->arg = arg;
	s->wait = RETRY_FIRST;
	s->max = EVENT_INPUT_MAX;
	s->listener.fd = s->lock = -1;
	if (a->kind == ADDR_STD) {
		ok = stream_new(s, STDIN_FILENO) ? 0 : -1;
		s->up = true;
	} else if (a->kind == ADDR_LISTEN) {
		ok = open_listener(s);
	} else if (a->kind == ADDR_CONNECT) {
		/* first from the loop: callbacks come when all is set up */
		loop_after(loop, &s->retry, 0, connect_now, s);
	}
	if (ok == 0)
		return s;
	e = errno;
	source_free(s);
	errno = e;
	return NULL;
}

void
source_pause(struct source *s)
{
	struct stream *st;

	s->paused = true;
	for (st = s->streams; st; st = st->next)
		unwatch(st);
}

void
source_resume(struct source *s)
{
	struct stream *st, *next;

	if (!s->paused)
		return;
	s->paused = false;
	for (st = s->streams; st && s->inside; st = st->next)
		if (!st->dead)
			watch(st);
	if (s->inside)
		return; /* the pump at work goes on */
	if (s->draining) {
		source_drain(s);
		return;
	}
	for (st = s->streams; st && !s->paused; st = next) {
		next = st->next;
		if (st->dead)
			continue;
		if (watch(st) < 0) {
			lost(st, errno);
			continue;
		}
		if (linein_torn(&st->in) || st->eof)
			pump(st, false);
	}
}

/*
 * What is in hand: the bytes that wait in a pipe or socket now. Reading until
 * it would block could go on for ever with a quick writer, and a regular file
 * never blocks at all: it is in nobody's hand.
 */
static int64_t
waiting(int fd)
{
	struct stat sb;
	int n = 0;

	if (fstat(fd, &sb) < 0 || S_ISREG(sb.st_mode) ||
	    ioctl(fd, FIONREAD, &n) < 0)
		return 0;
	return n;
}

/* Reads what waits. False when it was paused before the end. */
static bool
drain_stream(struct stream *st)
{
	struct source *s = st->src;
	bool all;
	int err;

	do {
		while (!st->eof && hand_out(st))
			read_some(st, &err);
		all = hand_out(st);
		if (s->ops->batch)
			s->ops->batch(s->arg);
	} while (!s->paused && !(all && st->eof));
	return all && st->eof;
}

void
source_drain(struct source *s)
{
	struct stream *st;
	bool all = true;

	for (st = s->streams; st && !s->draining; st = st->next)
		st->budget = waiting(st->io.fd);
	s->draining = true;
	if (s->inside || s->paused || s->ended)
		return;
	s->inside = true;
	for (st = s->streams; st && all; st = st->next)
		all = st->dead || drain_stream(st);
	s->inside = false;
	if (all)
		end(s, 0);
}

uint64_t
source_torn(const struct source *s)
{
	return s->torn;
}

int
source_say(struct source *s, const char *p, size_t n)
{
	if (s->addr.kind != ADDR_CONNECT || !s->streams)
		return -1;
	return send(s->streams->io.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) ==
		       (ssize_t)n
		   ? 0
		   : -1;
}

void
source_limit(struct source *s, size_t max)
{
	struct stream *st;

	s->max = max;
	for (st = s->streams; st; st = st->next)
		st->in.max = max;
}

bool
source_ready(const struct source *s)
{
	const struct stream *st;
	struct pollfd p = { .events = POLLIN };

	if (s->paused || s->draining)
		return false;
	for (st = s->streams; st; st = st->next) {
		p.fd = st->io.fd;
		if (!st->eof && st->watched && poll(&p, 1, 0) > 0 &&
		    p.revents & POLLIN)
			return true;
	}
	return false;
}

bool
source_is_up(const struct source *s)
{
	return s->up;
}

void
source_free(struct source *s)
{
	if (!s)
		return;
	while (s->streams)
		stream_free(s->streams);
	if (s->listener.fd >= 0) {
		loop_del(s->loop, &s->listener);
		sock_unlisten(s->addr.path, s->listener.fd, s->lock);
	}
	loop_cancel(s->loop, &s->retry);
	free(s);
}
