/*
 * loop: see loop.h. epoll, because its descriptor can be nested in another
 * loop; a timerfd and a signalfd make timers and signals descriptors too.
 * Timers are a short unsorted list: a program here has a handful.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"

#include "banned.h"

#define BATCH 64  /* events taken from the kernel in one turn */
#define REGULAR 4 /* regular files watched at once: stdin, stdout */

struct loop {
	int ep;
	bool stop;
	struct epoll_event *now; /* the turn at work: loop_del clears there */
	int nnow;
	struct loop_io *regular[REGULAR];
	struct loop_timer *timers; /* the earliest first */
	struct loop_io timer;
	struct loop_io signal; /* fd < 0: not made yet */
	struct loop_io always; /* keeps loop_fd readable for regular files */
	sigset_t mask;
	void (*sigfn)(void *, int);
	void *sigarg;
};

static uint32_t
to_epoll(unsigned e)
{
	return (e & LOOP_IN ? (uint32_t)EPOLLIN : 0) |
	       (e & LOOP_OUT ? (uint32_t)EPOLLOUT : 0) |
	       (e & LOOP_RDHUP ? (uint32_t)EPOLLRDHUP : 0);
}

static unsigned
from_epoll(uint32_t e)
{
	return (e & EPOLLIN ? LOOP_IN : 0u) | (e & EPOLLOUT ? LOOP_OUT : 0u) |
	       (e & EPOLLRDHUP ? LOOP_RDHUP : 0u) |
	       (e & (EPOLLERR | EPOLLHUP) ? LOOP_ERR : 0u);
}

static int make_timer(struct loop *);

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->timer.fd = l->signal.fd = l->always.fd = -1;
	sigemptyset(&l->mask);
	l->ep = epoll_create1(EPOLL_CLOEXEC);
	/* the timer now: later there may be no descriptor left for it */
	if (l->ep < 0 || make_timer(l) < 0) {
		loop_free(l);
		return NULL;
	}
	return l;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	close_fd(l->timer.fd);
	close_fd(l->signal.fd);
	close_fd(l->always.fd);
	close_fd(l->ep);
	free(l);
}

static int
ctl(struct loop *l, int op, struct loop_io *io)
{
	struct epoll_event e = { .events = to_epoll(io->events) };

	e.data.ptr = io;
	return epoll_ctl(l->ep, op, io->fd, &e);
}

/* A regular file: always ready, so an eventfd stands in for it. */
static int
add_regular(struct loop *l, struct loop_io *io)
{
	int i;

	for (i = 0; i < REGULAR && l->regular[i]; i++)
		;
	if (i == REGULAR) {
		errno = ENOSPC;
		return -1;
	}
	if (l->always.fd < 0) {
		l->always.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (l->always.fd < 0 || ctl(l, EPOLL_CTL_ADD, &l->always) < 0)
			return -1;
	}
	io->always = true;
	l->regular[i] = io;
	return 0;
}

/* The eventfd is readable while a regular file waits for its turn. */
static void
arm_regular(struct loop *l)
{
	uint64_t one = 1;
	unsigned want = 0;
	ssize_t r;
	int i;

	for (i = 0; i < REGULAR; i++)
		if (l->regular[i] && l->regular[i]->events)
			want = LOOP_IN;
	if (l->always.fd < 0 || l->always.events == want)
		return;
	r = write(l->always.fd, &one, sizeof one);
	(void)r; /* already readable: as good */
	l->always.events = want;
	ctl(l, EPOLL_CTL_MOD, &l->always);
}

int
loop_add(struct loop *l, struct loop_io *io)
{
	int r;

	io->always = false;
	if (ctl(l, EPOLL_CTL_ADD, io) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	r = add_regular(l, io);
	arm_regular(l);
	return r;
}

int
loop_mod(struct loop *l, struct loop_io *io, unsigned events)
{
	if (io->events == events)
		return 0;
	io->events = events;
	if (io->always) {
		arm_regular(l);
		return 0;
	}
	return ctl(l, EPOLL_CTL_MOD, io);
}

void
loop_del(struct loop *l, struct loop_io *io)
{
	int i;

	for (i = 0; i < l->nnow; i++)
		if (l->now[i].data.ptr == io)
			l->now[i].data.ptr = NULL;
	if (!io->always) {
		if (io->fd >= 0)
			epoll_ctl(l->ep, EPOLL_CTL_DEL, io->fd, NULL);
		return;
	}
	for (i = 0; i < REGULAR; i++)
		if (l->regular[i] == io)
			l->regular[i] = NULL;
	io->always = false;
	arm_regular(l);
}

/* Sets the timerfd to the earliest timer. */
static void
arm_timer(struct loop *l)
{
	struct itimerspec t = { .it_value = { 0, 0 } };
	const struct loop_timer *first = l->timers;

	if (first) {
		t.it_value.tv_sec = (time_t)(first->due / 1000);
		t.it_value.tv_nsec = (long)(first->due % 1000 * 1000000);
	}
	timerfd_settime(l->timer.fd, TFD_TIMER_ABSTIME, &t, NULL);
}

static void
fire_timers(void *arg, unsigned events)
{
	struct loop *l = arg;
	struct loop_timer *t;
	int64_t now = clock_mono_ms();
	uint64_t n;
	ssize_t r = read(l->timer.fd, &n, sizeof n);

	(void)r;
	(void)events;
	while ((t = l->timers) && t->due <= now) {
		l->timers = t->next;
		t->due = 0;
		t->fn(t->arg); /* which may set and cancel others */
	}
	arm_timer(l);
}

static int
make_timer(struct loop *l)
{
	l->timer.fd = timerfd_create(
	    CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer.fd < 0)
		return -1;
	l->timer.events = LOOP_IN;
	l->timer.fn = fire_timers;
	l->timer.arg = l;
	return ctl(l, EPOLL_CTL_ADD, &l->timer);
}

static void
unlink_timer(struct loop *l, struct loop_timer *t)
{
	struct loop_timer **at;

	for (at = &l->timers; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			break;
		}
	t->due = 0;
}

void
loop_after(struct loop *l, struct loop_timer *t, int64_t ms,
    void (*fn)(void *arg), void *arg)
{
	struct loop_timer **at = &l->timers;

	unlink_timer(l, t);
	t->due = clock_mono_ms() + (ms > 0 ? ms : 0) + 1;
	t->fn = fn;
	t->arg = arg;
	while (*at && (*at)->due <= t->due)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	arm_timer(l);
}

void
loop_cancel(struct loop *l, struct loop_timer *t)
{
	if (!t->due)
		return;
	unlink_timer(l, t);
	arm_timer(l);
}

static void
take_signals(void *arg, unsigned events)
{
	struct loop *l = arg;
	struct signalfd_siginfo si;

	(void)events;
	while (read(l->signal.fd, &si, sizeof si) == (ssize_t)sizeof si)
		l->sigfn(l->sigarg, (int)si.ssi_signo);
}

int
loop_signal(
    struct loop *l, int signo, void (*fn)(void *arg, int signo), void *arg)
{
	int fd;

	sigaddset(&l->mask, signo);
	l->sigfn = fn;
	l->sigarg = arg;
	if (sigprocmask(SIG_BLOCK, &l->mask, NULL) < 0)
		return -1;
	fd = signalfd(l->signal.fd, &l->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -1;
	if (l->signal.fd >= 0)
		return 0;
	l->signal.fd = fd;
	l->signal.events = LOOP_IN;
	l->signal.fn = take_signals;
	l->signal.arg = l;
	return ctl(l, EPOLL_CTL_ADD, &l->signal);
}

bool
loop_signalled(struct loop *l, int signo)
{
	sigset_t set;

	return sigismember(&l->mask, signo) == 1 && sigpending(&set) == 0 &&
	       sigismember(&set, signo) == 1;
}

static void
serve_regular(struct loop *l)
{
	struct loop_io *io;
	int i;

	for (i = 0; i < REGULAR; i++) {
		io = l->regular[i];
		if (io && io->events)
			io->fn(io->arg, io->events & (LOOP_IN | LOOP_OUT));
	}
}

int
loop_turn(struct loop *l, int ms)
{
	struct epoll_event ev[BATCH];
	struct loop_io *io;
	int i, n;

	n = epoll_wait(l->ep, ev, BATCH, ms);
	if (n < 0)
		return errno == EINTR ? 0 : -1;
	l->now = ev;
	l->nnow = n;
	for (i = 0; i < n; i++) {
		io = ev[i].data.ptr;
		if (!io)
			continue;
		if (io == &l->always)
			serve_regular(l);
		else
			io->fn(io->arg, from_epoll(ev[i].events));
	}
	l->now = NULL;
	l->nnow = 0;
	return 0;
}

int
loop_run(struct loop *l)
{
	while (!l->stop)
		if (loop_turn(l, -1) < 0)
			return -1;
	l->stop = false;
	return 0;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

int
loop_fd(struct loop *l)
{
	return l->ep;
}
