/*
 * workers: several processes behind one port, and the parent that starts,
 * watches and ends them. Each worker is a whole gateway: a listener of its
 * own (SO_REUSEPORT, so the kernel spreads the connections), a subscription
 * to the bus, a position, an outbox. Standard output is shared: a pipe takes
 * up to PIPE_BUF bytes in one piece, and sink.c writes whole lines in no more.
 *
 * The parent binds all the listeners and keeps them, so that connections made
 * while a worker is started again wait for it. It tells workers to stop by
 * closing a pipe, which its own death does too, and not by a signal: those of
 * a terminal or a service manager go to the workers as well, and two of them
 * mean "at once".
 */
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "harden.h"
#include "msg.h"

#include "banned.h"

#define AGAIN_FIRST 50  /* ms until a worker is started again, doubled ... */
#define AGAIN_LAST 5000 /* ... up to this, while it dies ... */
#define STEADY 10000    /* ms after its start */
#define AT_LEAST 2000   /* ms more than --drain-timeout until SIGKILL */

struct worker {
	struct workers *all;
	unsigned number;
	pid_t pid; /* 0: there is none now */
	int listener;
	int64_t started, wait;
	struct loop_timer again;
	struct loop_io ready; /* its pipe; fd < 0: it has said so */
	bool is_ready;
};

struct workers {
	struct gateway *g; /* options, and what the parent listens with */
	struct loop *loop;
	struct worker w[WORKERS_MAX];
	unsigned n;
	int life[2]; /* closed: the end of all */
	bool announced, draining;
	int status;
	struct loop_timer kill;
	struct notify notify;
};

static void start(void *worker);

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
kill_all(void *arg)
{
	struct workers *all = arg;
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (all->w[i].pid)
			kill(all->w[i].pid, SIGKILL);
	all->status = 1;
}

static bool
all_gone(const struct workers *all)
{
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (all->w[i].pid)
			return false;
	return true;
}

static void
drain(struct workers *all, int status)
{
	unsigned i;

	if (status)
		all->status = status;
	if (!all->draining) {
		all->draining = true;
		notify_stopping();
		close_fd(&all->life[1]);
		for (i = 0; i < all->n; i++) {
			loop_cancel(all->loop, &all->w[i].again);
			close_fd(&all->w[i].listener);
		}
		loop_after(all->loop, &all->kill,
		    (int64_t)(all->g->drain * 1000) + AT_LEAST, kill_all, all);
	}
	if (all_gone(all))
		loop_stop(all->loop);
}

/* All of them listen. */
static void
announce(struct workers *all)
{
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (!all->w[i].is_ready)
			return;
	if (all->announced || all->draining)
		return;
	all->announced = true;
	serve_announce(all->g, all->w[0].listener);
	notify_ready(&all->notify, all->loop);
}

static void
forget_pipe(struct worker *w)
{
	if (w->ready.fd < 0)
		return;
	loop_del(w->all->loop, &w->ready);
	close_fd(&w->ready.fd);
}

static void
on_ready(void *arg, unsigned events)
{
	struct worker *w = arg;
	char c;

	(void)events;
	w->is_ready = read(w->ready.fd, &c, 1) == 1 || w->is_ready;
	forget_pipe(w);
	announce(w->all);
}

/* In the new process: what only the parent needs is given up. */
static _Noreturn void
be_worker(struct worker *w, int ready)
{
	struct workers *all = w->all;
	struct gateway g = *all->g;
	char name[32];
	unsigned i;

	snprintf(name, sizeof name, "ss-gateway[%u]", w->number + 1);
	msg_name(name);
	unsetenv("NOTIFY_SOCKET"); /* the parent speaks for all */
	for (i = 0; i < all->n; i++) {
		if (i != w->number)
			close_fd(&all->w[i].listener);
		if (all->w[i].ready.fd >= 0)
			close_fd(&all->w[i].ready.fd);
	}
	close_fd(&all->life[1]);
	if (all->g->ready_fd > STDERR_FILENO)
		close((int)all->g->ready_fd);
	loop_free(all->loop);
	g.worker = w->number;
	g.is_worker = true;
	g.bound = w->listener;
	g.life.fd = all->life[0];
	g.ready_fd = ready;
	_exit(gateway_run(&g));
}

static void
start_later(struct worker *w)
{
	struct workers *all = w->all;

	if (clock_mono_ms() - w->started > STEADY || !w->wait)
		w->wait = AGAIN_FIRST;
	else
		w->wait = w->wait * 2 < AGAIN_LAST ? w->wait * 2 : AGAIN_LAST;
	loop_after(all->loop, &w->again, w->wait, start, w);
}

static void
start(void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	int p[2] = { -1, -1 };
	sigset_t none;

	w->started = clock_mono_ms();
	if (pipe(p) == 0)
		w->pid = fork();
	else
		w->pid = -1;
	if (w->pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(p[0]);
		be_worker(w, p[1]);
	}
	close_fd(&p[1]);
	if (w->pid < 0) {
		w->pid = 0;
		close_fd(&p[0]);
		msg_err("worker %u: %s", w->number + 1, strerror(errno));
		start_later(w);
		return;
	}
	w->ready = (struct loop_io){
		.fd = p[0], .events = LOOP_IN, .fn = on_ready, .arg = w
	};
	if (loop_add(all->loop, &w->ready) < 0)
		close_fd(&w->ready.fd);
}

static struct worker *
worker_of(struct workers *all, pid_t pid)
{
	unsigned i;

	for (i = 0; i < all->n; i++)
		if (all->w[i].pid == pid)
			return &all->w[i];
	return NULL;
}

/*
 * One that failed has said why, and would fail again; one that was killed, or
 * told to stop by somebody else than us, is started again.
 */
static void
ended(struct worker *w, int status)
{
	struct workers *all = w->all;
	bool stopping = all->draining || loop_signalled(all->loop, SIGTERM) ||
			loop_signalled(all->loop, SIGINT);

	w->pid = 0;
	forget_pipe(w);
	shared_died(all->g->shared, w->number);
	limits_died(all->g->limits, w->number);
	if (stopping) {
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			all->status = 1;
		return;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status)) {
		drain(all, WEXITSTATUS(status));
		return;
	}
	if (WIFSIGNALED(status))
		msg_err("worker %u: killed by signal %d: started again",
		    w->number + 1, WTERMSIG(status));
	start_later(w);
}

static void
on_child(struct workers *all)
{
	struct worker *w;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		w = worker_of(all, pid);
		if (w)
			ended(w, status);
	}
	if (all->draining && all_gone(all))
		loop_stop(all->loop);
}

static void
on_signal(void *arg, int signo)
{
	struct workers *all = arg;
	struct numbers n;
	struct buf b;
	unsigned i;

	if (signo == SIGCHLD) {
		on_child(all);
	} else if (signo == SIGUSR1) {
		buf_init(&b, 4096);
		shared_total(all->g->shared, &n);
		metrics_json(&n, &b);
		msg_err("%.*s", (int)strcspn(b.p, "\n"), b.p);
		buf_release(&b);
	} else if (signo == SIGHUP) {
		ident_load(all->g); /* for those that are started later */
		for (i = 0; i < all->n; i++)
			if (all->w[i].pid)
				kill(all->w[i].pid, SIGHUP);
	} else if (all->draining) {
		msg_err("stopped at once");
		kill_all(all);
	} else {
		drain(all, 0);
	}
}

static int
open_all(struct workers *all)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		SIGCHLD };
	size_t i;

	all->loop = loop_new();
	if (!all->loop || pipe(all->life) < 0)
		goto fail;
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (loop_signal(all->loop, signals[i], on_signal, all) < 0)
			goto fail;
	for (i = 0; i < all->n; i++) {
		all->w[i] = (struct worker){ .all = all,
			.number = (unsigned)i,
			.ready.fd = -1,
			.listener = serve_bind(all->g, i > 0) };
		if (all->w[i].listener < 0)
			return -1;
	}
	return 0;
fail:
	msg_err("start: %s", strerror(errno));
	return -1;
}

int
workers_run(struct gateway *g)
{
	static struct workers all;
	unsigned i;

	all.g = g;
	all.n = (unsigned)g->workers;
	if (open_all(&all) < 0 || harden(g, true) < 0)
		return 1;
	for (i = 0; i < all.n; i++)
		start(&all.w[i]);
	if (loop_run(all.loop) < 0)
		drain(&all, 1);
	loop_free(all.loop);
	return all.status;
}
