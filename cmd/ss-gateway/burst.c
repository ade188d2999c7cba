/*
 * burst: see burst.h. What io_uring saves is the way into the kernel and back
 * for each send, and the look-up of each descriptor (sockets are registered).
 *
 * Sends never wait (MSG_DONTWAIT), so all of them are done when the call that
 * submits them returns. Each has its completion, those that went well too:
 * leaving these out (IOSQE_CQE_SKIP_SUCCESS) would hide a send that was short,
 * and nobody would know any more whether something is in flight.
 *
 * One by one it has a use as well: whoever puts sends in line walks through
 * his own memory at one go, and not between two system calls.
 */
#define _GNU_SOURCE
#include "burst.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "banned.h"

#define LINE                                                            \
	256 /* sends in one system call: 16 kB, which stay in the cache \
	     */
#define FLAGS (MSG_NOSIGNAL | MSG_DONTWAIT)

struct burst {
	struct {
		struct burst_send s;
		ssize_t k; /* what became of it */
	} line[LINE];
	unsigned n;
	bool uring;
	struct io_uring ring;
	int *free; /* places without a socket */
	unsigned nfree;
};

struct burst *
burst_new(void)
{
	return calloc(1, sizeof(struct burst));
}

/* Sockets are their owners' alone from now on. */
static void
leave_uring(struct burst *b)
{
	if (b->uring)
		io_uring_queue_exit(&b->ring);
	b->uring = false;
	free(b->free);
	b->free = NULL;
}

void
burst_free(struct burst *b)
{
	if (b)
		leave_uring(b);
	free(b);
}

/* The newest kernels' flags cost least; older ones don't know them. */
static int
open_ring(struct io_uring *ring)
{
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER |
		    IORING_SETUP_DEFER_TASKRUN, /* 6.1 */
		IORING_SETUP_COOP_TASKRUN       /* 5.19 */
	};
	int r;

	r = io_uring_queue_init(LINE, ring, flags[0]);
	return r == -EINVAL ? io_uring_queue_init(LINE, ring, flags[1]) : r;
}

static int
make_places(struct burst *b, unsigned n)
{
	unsigned i;
	int r;

	b->free = malloc(n * sizeof *b->free);
	if (!b->free)
		return -ENOMEM;
	r = io_uring_register_files_sparse(&b->ring, n); /* 5.19 */
	if (r < 0)
		return r;
	for (i = 0; i < n; i++)
		b->free[i] = (int)(n - 1 - i);
	b->nfree = n;
	/* one look-up less; where it can't be, nothing is lost */
	io_uring_register_ring_fd(&b->ring);
	return 0;
}

int
burst_by_uring(struct burst *b, unsigned sockets)
{
	struct rlimit l;
	int r = open_ring(&b->ring);

	/* the kernel wants no more places than there can be descriptors */
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < sockets)
		sockets = (unsigned)l.rlim_cur;
	b->uring = r == 0;
	if (b->uring)
		r = make_places(b, sockets);
	if (r == 0)
		return 0;
	leave_uring(b);
	errno = -r;
	return -1;
}

bool
burst_is_by_uring(const struct burst *b)
{
	return b->uring;
}

static int
set_place(struct burst *b, int place, int fd)
{
	return io_uring_register_files_update(
		   &b->ring, (unsigned)place, &fd, 1) == 1
		   ? 0
		   : -1;
}

int
burst_join(struct burst *b, int fd)
{
	int place;

	if (!b->uring || !b->nfree)
		return -1;
	place = b->free[b->nfree - 1];
	if (set_place(b, place, fd) < 0)
		return -1;
	b->nfree--;
	return place;
}

void
burst_leave(struct burst *b, int place)
{
	if (!b->uring || place < 0)
		return;
	if (set_place(b, place, -1) < 0)
		leave_uring(b); /* or the socket would stay open */
	else
		b->free[b->nfree++] = place;
}

static void
prepare(struct burst *b, const struct burst_send *s)
{
	struct io_uring_sqe *e = io_uring_get_sqe(&b->ring); /* of LINE */
	int fd = s->place < 0 ? s->fd : s->place;

	if (s->m->msg_iovlen == 1)
		io_uring_prep_send(e, fd, s->m->msg_iov->iov_base, s->n, FLAGS);
	else
		io_uring_prep_sendmsg(e, fd, s->m, FLAGS);
	if (s->place >= 0)
		e->flags |= IOSQE_FIXED_FILE;
	e->user_data = b->n;
}

bool
burst_add(struct burst *b, const struct burst_send *s)
{
	if (b->n == LINE)
		return false;
	b->line[b->n].s = *s;
	b->line[b->n].k = -ECONNABORTED; /* unless we hear better */
	if (b->uring)
		prepare(b, s);
	b->n++;
	return true;
}

/* Takes what has been done. How many that were. */
static unsigned
reap(struct burst *b)
{
	struct io_uring_cqe *c;
	unsigned head, n = 0;

	io_uring_for_each_cqe(&b->ring, head, c)
	{
		b->line[c->user_data].k = c->res;
		n++;
	}
	io_uring_cq_advance(&b->ring, n);
	return n;
}

/*
 * Returns how many sends the kernel took. It refuses some only when it won't
 * have us any more (seccomp), or is out of memory: then we leave it for good.
 */
static unsigned
submit(struct burst *b)
{
	unsigned finished = 0, taken;
	int r;

	while (finished < b->n) {
		r = io_uring_submit_and_wait(&b->ring, b->n - finished);
		finished += reap(b);
		if (r < 0 && r != -EINTR) {
			taken = b->n - io_uring_sq_ready(&b->ring);
			leave_uring(b);
			return taken;
		}
	}
	return b->n;
}

static ssize_t
send_one(const struct burst_send *s)
{
	const struct iovec *iov = s->m->msg_iov;
	ssize_t k;

	do
		k = s->m->msg_iovlen == 1
			? send(s->fd, iov->iov_base, iov->iov_len, FLAGS)
			: sendmsg(s->fd, s->m, FLAGS);
	while (k < 0 && errno == EINTR);
	return k < 0 ? -errno : k;
}

void
burst_go(
    struct burst *b, void (*done)(void *arg, void *who, ssize_t k), void *arg)
{
	unsigned i = b->uring ? submit(b) : 0;

	for (; i < b->n; i++)
		b->line[i].k = send_one(&b->line[i].s);
	for (i = 0; i < b->n; i++)
		if (b->line[i].k != (ssize_t)b->line[i].s.n)
			done(arg, b->line[i].s.who, b->line[i].k);
	b->n = 0;
}
