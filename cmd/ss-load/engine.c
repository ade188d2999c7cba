/*
 * engine.c: turns. Each does what is due and then what epoll has; a timerfd
 * wakes it for the next message of the schedule, exact to microseconds where
 * epoll_wait's own timeout has milliseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"

#include "banned.h"

#define BATCH 512
#define SHAKING_MAX 256        /* handshakes at once */
#define PATIENCE (10 * SECOND) /* for a handshake */
#define TURN_MAX (100 * MS)    /* no turn waits longer */
#define PROGRESS_EVERY (250 * MS)

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

bool
engine_stopped(void)
{
	return stopped;
}

int
engine_watch(struct app *a, int fd, uint64_t id, bool out, bool in)
{
	struct epoll_event e = { .data.u64 = id };

	e.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u);
	return epoll_ctl(a->ep, EPOLL_CTL_ADD, fd, &e);
}

int
engine_change(struct app *a, int fd, uint64_t id, bool out, bool in)
{
	struct epoll_event e = { .data.u64 = id };

	/* one who doesn't read doesn't want to hear of hang-ups either */
	e.events = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u) |
		   (in || out ? 0u : EPOLLET);
	return epoll_ctl(a->ep, EPOLL_CTL_MOD, fd, &e);
}

int
engine_open(struct app *a)
{
	/* the second signal is as deadly as ever */
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	a->ep = epoll_create1(EPOLL_CLOEXEC);
	a->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (a->ep < 0 || a->timer < 0)
		return -1;
	return engine_watch(a, a->timer, TIMER_ID, false, true);
}

void
engine_close(struct app *a)
{
	if (a->ep >= 0)
		close(a->ep);
	if (a->timer >= 0)
		close(a->timer);
}

void
engine_come_back(struct app *a, struct viewer *v)
{
	const uint32_t n = (uint32_t)a->nviewers;

	v->state = V_IDLE;
	a->queue[(a->qhead + a->qlen++) % n] = v->index;
}

/* Who connects now: those who come back, then those who are new. */
static void
connect_due(struct app *a)
{
	const uint32_t n = (uint32_t)a->nviewers;
	int64_t due;

	while (a->qlen > 0 && a->shaking < SHAKING_MAX) {
		a->qlen--;
		viewer_start(a, &a->viewer[a->queue[a->qhead]]);
		a->qhead = (a->qhead + 1) % n;
	}
	while (a->begun < n && a->shaking < SHAKING_MAX) {
		due = a->start + (int64_t)(a->ramp * 1e9 * a->begun / n);
		if (due > a->now) {
			a->next_due = due < a->next_due ? due : a->next_due;
			return;
		}
		viewer_start(a, &a->viewer[a->begun++]);
	}
}

/* One who may go: neither sends nor dawdles. NULL: there is none now. */
static struct viewer *
leaver(struct app *a)
{
	const uint32_t first = (uint32_t)a->nsenders;
	const uint32_t n = (uint32_t)(a->nviewers - a->nslow) - first;
	struct viewer *v;
	uint32_t i;

	for (i = 0; i < n; i++) {
		v = &a->viewer[first + (a->churn_next + i) % n];
		if (v->state == V_OPEN && !v->hello) {
			a->churn_next = v->index - first + 1;
			return v;
		}
	}
	return NULL;
}

static void
churn_due(struct app *a)
{
	struct viewer *v;
	int64_t due;

	while (a->churn_rate > 0) {
		due = a->start +
		      (int64_t)((double)a->due_churn / a->churn_rate * 1e9);
		if (due > a->now || due >= a->measure_to) {
			a->next_due = due < a->next_due ? due : a->next_due;
			return;
		}
		a->due_churn++;
		v = leaver(a);
		if (!v)
			continue;
		a->n.churned++;
		viewer_drop(a, v, a->due_churn % 2 == 0);
		engine_come_back(a, v);
	}
}

/* Handshakes that nobody answers. */
static void
scan(struct app *a)
{
	struct viewer *v;
	int64_t i;

	if (a->now - a->last_scan < SECOND)
		return;
	a->last_scan = a->now;
	for (i = 0; i < a->nviewers; i++) {
		v = &a->viewer[i];
		if ((v->state == V_CONNECT || v->state == V_SHAKE) &&
		    a->now - v->since > PATIENCE)
			viewer_late(a, v);
	}
}

/* What came since the last turn belongs to the slice of then. */
static void
slice(struct app *a)
{
	const int64_t i = (a->now - a->measure_from) / a->slice_ns;

	if (a->phase == P_MEASURE && i >= 0 && i < (int64_t)a->nslices)
		a->slice[i].deliveries += a->n.deliveries - a->slice_base;
	a->slice_base = a->n.deliveries;
}

static void
due(struct app *a)
{
	const bool sending = a->phase == P_WARM || a->phase == P_MEASURE;

	a->next_due = a->now + TURN_MAX;
	connect_due(a);
	if (sending) {
		send_due(a);
		churn_due(a);
	}
	if (sending || gift_busy(a))
		gift_due(a);
	scan(a);
	slice(a);
	if (a->progress && a->now - a->last_tick > PROGRESS_EVERY) {
		a->last_tick = a->now;
		report_progress(a, false);
	}
}

static void
handle(struct app *a, const struct epoll_event *e)
{
	const bool in = e->events & (EPOLLIN | EPOLLERR | EPOLLHUP);
	const bool out = e->events & EPOLLOUT;
	const uint64_t id = e->data.u64;
	uint64_t ticks;

	if (id == TIMER_ID) {
		if (read(a->timer, &ticks, sizeof ticks) < 0)
			return; /* it was set anew */
	} else if (id >= POST_ID) {
		gift_event(a, (uint32_t)(id - POST_ID), in, out);
	} else {
		viewer_event(a, &a->viewer[id], in, out);
	}
}

void
engine_turn(struct app *a)
{
	struct epoll_event e[BATCH];
	struct itimerspec t = { 0 };
	int i, n;

	a->now = clock_mono_ns();
	due(a);
	if (a->next_due <= a->now)
		a->next_due = a->now + 1;
	t.it_value.tv_sec = (time_t)(a->next_due / SECOND);
	t.it_value.tv_nsec = (long)(a->next_due % SECOND);
	timerfd_settime(a->timer, TFD_TIMER_ABSTIME, &t, NULL);
	n = epoll_wait(a->ep, e, BATCH, 100);
	a->now = clock_mono_ns();
	for (i = 0; i < n; i++)
		handle(a, &e[i]);
	slice(a);
}
