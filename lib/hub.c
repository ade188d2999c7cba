/*
 * hub: see hub.h. Lines go once into a ring that is mapped twice in a row;
 * a reader is a position in it, so what waits for him is one flat piece and
 * leaves in one send(2), and nothing is copied per reader. Only the history
 * that a late comer asked for is copied, once, into a buffer of his own.
 */
#include "hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "hub-impl.h"
#include "sock.h"

#include "banned.h"

#define REFILLS 4         /* pieces of the files a reader gets in a turn */
#define REQUEST_MAX 1024  /* bytes of a reader's request line */
#define ACCEPT_PAUSE 1000 /* ms without accept(2) after EMFILE */
#define LONGEST (EVENT_INPUT_MAX + EVENT_LINE_MAX + 1) /* bytes of a line */

void
hub_tell(struct hub *h, enum hub_news what, pid_t pid, uint64_t n)
{
	if (h->news)
		h->news(h->arg, what, pid, n);
}

/* Takes a reader off the loop; he is freed by sweep. */
void
reader_drop(struct reader *r, enum hub_news why, uint64_t n)
{
	if (r->dead)
		return;
	r->dead = true;
	loop_del(r->hub->loop, &r->io);
	close(r->io.fd);
	r->hub->nreaders--;
	hub_tell(r->hub, why, r->pid, n);
}

static void
sweep(struct hub *h)
{
	struct reader **at = &h->readers, *r;

	while ((r = *at)) {
		if (!r->dead) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		buf_release(&r->past);
		linein_release(&r->in);
		free(r);
	}
}

/* Sends p, 0 <= result <= n; -1: the peer is gone. */
static ssize_t
push(struct reader *r, const char *p, size_t n)
{
	ssize_t k;

	do
		k = send(r->io.fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (k < 0 && errno == EINTR);
	if (k < 0)
		return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
	return k;
}

static size_t
waiting(const struct reader *r)
{
	return (size_t)(r->hub->ring.head - r->pos) +
	       (r->past.len - r->past_sent) + (r->want != 0);
}

/* Sends what is his own. 1: all of it, 0: the socket is full, -1: gone. */
static int
feed_past(struct reader *r)
{
	size_t n = r->past.len - r->past_sent;
	ssize_t k;

	if (!n)
		return 1;
	k = push(r, r->past.p + r->past_sent, n);
	if (k < 0)
		return -1;
	r->past_sent += (size_t)k;
	if (r->past_sent < r->past.len)
		return 0;
	buf_release(&r->past);
	r->past_sent = 0;
	return 1;
}

/* As much as goes now of what waits for him. */
static void
feed(struct reader *r)
{
	struct hub *h = r->hub;
	int i, ok = 1;
	ssize_t k;
	size_t n;

	if (r->dead)
		return;
	/* some of the files, then the others have their turn */
	for (i = 0; i < REFILLS && (ok = feed_past(r)) > 0 && r->want; i++) {
		hub_past_refill(r);
		if (r->dead)
			return;
	}
	n = (size_t)(h->ring.head - r->pos);
	if (n && ok > 0 && !r->past.len && !r->want) {
		k = push(r, ring_at(&h->ring, r->pos), n);
		r->pos += k > 0 ? (uint64_t)k : 0;
		ok = k < 0 ? -1 : 1;
	}
	if (ok < 0) {
		reader_drop(r, HUB_LEFT, 0);
		return;
	}
	/* what he asked for of the past is bounded and not his lag */
	n = (size_t)(h->ring.head - r->pos);
	if (n > h->max_lag) {
		reader_drop(r, HUB_CUT_OFF, n);
		return;
	}
	loop_mod(h->loop, &r->io,
	    (r->mute ? 0 : (unsigned)LOOP_IN) |
		(waiting(r) ? (unsigned)LOOP_OUT : 0));
}

int
reader_detach(struct reader *r)
{
	struct ring *ring = &r->hub->ring;

	/* he may be in the midst of a line: the rest of it comes first */
	if (buf_add(&r->past, ring_at(ring, r->pos),
		(size_t)(ring->head - r->pos)) < 0)
		return -1;
	r->pos = ring->head;
	return 0;
}

static void
on_reader(void *arg, unsigned events)
{
	struct reader *r = arg;
	enum linein_got got;
	char *line;
	ssize_t n;
	size_t len;

	if (events & LOOP_ERR) {
		reader_drop(r, HUB_LEFT, 0);
		return;
	}
	if (events & LOOP_IN) {
		n = linein_read(&r->in, r->io.fd);
		r->mute = n == 0 || (n < 0 && errno != EAGAIN);
		while ((got = linein_next(&r->in, false, &line, &len)) !=
		       LINEIN_MORE)
			if (got == LINEIN_LINE && len && !r->asked)
				hub_past_request(r, line, len);
	}
	feed(r);
}

static int
join(struct hub *h, int fd)
{
	struct reader *r = calloc(1, sizeof *r);
	uid_t uid;

	if (!r)
		return -1;
	r->hub = h;
	r->pos = h->ring.head;
	r->io.fd = fd;
	r->io.events = LOOP_IN;
	r->io.fn = on_reader;
	r->io.arg = r;
	buf_init(&r->past, 2 * hub_ring_max(h));
	if (linein_init(&r->in, REQUEST_MAX) < 0 ||
	    loop_add(h->loop, &r->io) < 0) {
		linein_release(&r->in);
		free(r);
		return -1;
	}
	sock_peer(fd, &r->pid, &uid);
	r->next = h->readers;
	h->readers = r;
	h->nreaders++;
	hub_tell(h, HUB_JOINED, r->pid, h->nreaders);
	return 0;
}

static void
listen_again(void *arg)
{
	struct hub *h = arg;

	loop_mod(h->loop, &h->listener, LOOP_IN);
}

static void
on_join(void *arg, unsigned events)
{
	struct hub *h = arg;
	int fd;

	(void)events;
	sweep(h);
	while ((fd = sock_accept(h->listener.fd)) >= 0)
		if (join(h, fd) < 0)
			close(fd);
	if (errno != EAGAIN && errno != ECONNABORTED) {
		hub_tell(h, HUB_REFUSED, -1, (uint64_t)errno);
		loop_mod(h->loop, &h->listener, 0);
		loop_after(h->loop, &h->again, ACCEPT_PAUSE, listen_again, h);
	}
}

struct hub *
hub_open(struct loop *loop, const char *path, const struct hub_conf *conf,
    hub_news_fn *news, void *arg)
{
	struct hub *h = calloc(1, sizeof *h);
	int e;

	if (!h)
		return NULL;
	h->loop = loop;
	h->conf = *conf;
	h->news = news;
	h->arg = arg;
	h->listener.fd = -1;
	memcpy(h->path, path, strlen(path) + 1);
	h->kept = calloc(conf->history ? conf->history : 1, sizeof *h->kept);
	h->max_lag = conf->max_lag;
	if (!h->kept || ring_init(&h->ring, LONGEST) < 0)
		goto fail;
	h->room = h->ring.size;
	h->listener.fd = sock_listen(path, &h->lock);
	if (h->listener.fd < 0)
		goto fail;
	h->listener.events = LOOP_IN;
	h->listener.fn = on_join;
	h->listener.arg = h;
	if (loop_add(loop, &h->listener) == 0 && hub_past_open(h) == 0)
		return h;
fail:
	e = errno;
	hub_free(h);
	errno = e;
	return NULL;
}

size_t
hub_ring_max(const struct hub *h)
{
	/* two lines more than the lag: he is cut off before he is overrun */
	return h->conf.max_lag + 2 * EVENT_INPUT_MAX;
}

/* The oldest byte that a reader has still to get, or that is kept. */
static uint64_t
needed_from(const struct hub *h)
{
	uint64_t from = h->ring.head, n = h->nkept - h->kept_first;
	uint64_t tail = ring_tail(&h->ring), pos;
	const struct reader *r;

	for (r = h->readers; r; r = r->next)
		if (!r->dead && r->pos < from)
			from = r->pos;
	if (n > h->conf.history)
		n = h->conf.history;
	if (n) {
		pos = h->kept[(h->nkept - n) % h->conf.history].pos;
		from = pos < from ? pos : from;
	}
	return from > tail ? from : tail;
}

/*
 * So that n more bytes overwrite nothing that is needed, as long as the ring
 * may grow. It begins small: what is always in the cache is written and sent
 * at twice the speed of what never is.
 */
static void
make_room(struct hub *h, size_t n)
{
	size_t size = h->ring.size;
	struct reader *r;
	uint64_t from;

	for (r = h->readers; r; r = r->next)
		if (r->pos < h->ring.head)
			feed(r);
	from = needed_from(h);
	while (h->ring.head + n - from > size && size < hub_ring_max(h))
		size *= 2;
	if (size == h->ring.size || ring_grow(&h->ring, size, from) == 0) {
		h->max_lag = h->conf.max_lag;
		/* at its largest it has room for every lag, and old lines go */
		h->room = h->ring.size < hub_ring_max(h) ? from + h->ring.size
							 : UINT64_MAX;
		return;
	}
	if (h->max_lag > h->ring.size - LONGEST)
		h->max_lag = h->ring.size - LONGEST;
	h->room = h->ring.head + n + h->ring.size / 8; /* another try then */
}

void
hub_append(struct hub *h, const char *line, size_t n, bool keep)
{
	struct reader *r;
	struct kept *k;
	char *p;

	if (h->ring.head + n + 1 > h->room)
		make_room(h, n + 1);
	/* nobody may be overrun: who would be gets his chance, or goes */
	for (r = h->readers; r; r = r->next) {
		if (r->want || h->loading) /* it is not for him */
			r->pos = h->ring.head + n + 1;
		else if (!r->dead && h->ring.head + n + 1 - r->pos > h->max_lag)
			feed(r);
	}
	p = ring_space(&h->ring);
	if (keep && h->conf.history) {
		k = &h->kept[h->nkept % h->conf.history];
		k->pos = h->ring.head;
		k->len = n + 1;
	}
	if (keep) {
		h->nkept++;
		h->seq++;
	}
	memcpy(p, line, n);
	p[n] = '\n';
	ring_advance(&h->ring, n + 1);
}

void
hub_put(struct hub *h, const char *line, size_t n, int keep)
{
	hub_append(h, line, n, keep != 0);
}

void
hub_flush(struct hub *h)
{
	struct reader *r;

	for (r = h->readers; r; r = r->next)
		if (!r->dead && (r->pos != h->ring.head || r->past.len ||
				    (r->io.events & LOOP_OUT)))
			feed(r);
	sweep(h);
}

size_t
hub_pending(const struct hub *h)
{
	const struct reader *r;
	size_t most = 0, n;

	for (r = h->readers; r; r = r->next) {
		n = r->dead ? 0 : waiting(r);
		most = n > most ? n : most;
	}
	return most;
}

size_t
hub_readers(const struct hub *h)
{
	return h->nreaders;
}

void
hub_free(struct hub *h)
{
	struct reader *r;

	if (!h)
		return;
	h->news = NULL;
	for (r = h->readers; r; r = r->next)
		reader_drop(r, HUB_LEFT, 0);
	sweep(h);
	if (h->listener.fd >= 0) {
		loop_del(h->loop, &h->listener);
		sock_unlisten(h->path, h->listener.fd, h->lock);
	}
	loop_cancel(h->loop, &h->again);
	hub_past_close(h);
	ring_release(&h->ring);
	free(h->kept);
	free(h);
}
