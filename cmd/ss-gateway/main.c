/*
 * ss-gateway: the edge. Viewers in and out over WebSocket and HTTP, lines out
 * to the pipeline, lines back from the bus.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "gateway.h"
#include "harden.h"
#include "msg.h"
#include "tls.h"
#include "workers.h"

#include "banned.h"

#define LINGER 500 /* ms for close frames to get out when we end */

/* The inner loop has something to do. */
static void
on_inner(struct ev_loop *l, ev_io *w, int events)
{
	struct gateway *g = w->data;

	(void)l;
	(void)events;
	loop_turn(g->loop, 0);
}

/* Before the loop waits: everything that this turn made leaves now. */
static void
on_turn(struct ev_loop *l, ev_prepare *w, int events)
{
	struct gateway *g = w->data;

	(void)l;
	(void)events;
	out_flush(g); /* first: the others work on it while we send */
	pace_turn(g);
	shared_publish(g);
}

static void
end_now(void *arg)
{
	struct gateway *g = arg;

	if (sink_pending(g->sink) && !g->out_broken) {
		msg_err("output not taken in time: %zu bytes given up",
		    sink_pending(g->sink));
		g->status = 1;
	}
	ev_break(g->ev_loop, EVBREAK_ALL);
}

/* Viewers have got their close frames, or had their time. */
static void
after_linger(void *arg)
{
	struct gateway *g = arg;

	if (!sink_pending(g->sink) || g->out_broken)
		end_now(g);
	else
		loop_after(g->loop, &g->deadline, (int64_t)(g->drain * 1000),
		    end_now, g);
}

void
gateway_drain(struct gateway *g, int status)
{
	if (status)
		g->status = status;
	if (g->draining)
		return;
	notify_stopping();
	pace_stop(g);
	out_flush(g);
	g->draining = true;
	serve_stop_listening(g);
	source_pause(g->bus);
	show_close_all(g, CLOSE_RESTART);
	loop_after(g->loop, &g->deadline, show_viewers(g) ? LINGER : 0,
	    after_linger, g);
}

static void
on_signal(void *arg, int signo)
{
	struct gateway *g = arg;
	struct numbers n;
	struct buf b;

	if (signo == SIGUSR1) {
		buf_init(&b, 4096);
		shared_sum(g, &n);
		metrics_json(&n, &b);
		msg_err("%.*s", (int)strcspn(b.p, "\n"), b.p);
		buf_release(&b);
		return;
	}
	if (signo == SIGHUP) {
		ident_load(g);
		if (g->tls_cert)
			tls_load(g);
		return;
	}
	if (g->stopped++) {
		msg_err("stopped at once");
		_exit(1);
	}
	gateway_drain(g, 0);
}

/* The parent has closed the pipe, or is dead. */
static void
on_life(void *arg, unsigned events)
{
	struct gateway *g = arg;

	(void)events;
	loop_del(g->loop, &g->life);
	gateway_drain(g, 0);
}

static int
open_loop(struct gateway *g)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct sigaction ign = { .sa_handler = SIG_IGN };
	size_t i;

	sigaction(SIGPIPE, &ign, NULL);
	g->loop = loop_new();
	g->ev_loop = ev_loop_new(EVFLAG_AUTO);
	if (!g->loop || !g->ev_loop)
		return -1;
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (loop_signal(g->loop, signals[i], on_signal, g) < 0)
			return -1;
	g->life.events = LOOP_IN;
	g->life.fn = on_life;
	g->life.arg = g;
	if (g->is_worker && loop_add(g->loop, &g->life) < 0)
		return -1;
	ev_io_init(&g->inner, on_inner, loop_fd(g->loop), EV_READ);
	ev_prepare_init(&g->turn, on_turn);
	g->inner.data = g->turn.data = g;
	ev_io_start(g->ev_loop, &g->inner);
	ev_prepare_start(g->ev_loop, &g->turn);
	return 0;
}

/* The kernel may know no io_uring, or let nobody use it (containers). */
static void
choose_sending(struct gateway *g)
{
	struct burst *b = fan_burst(g->fan);

	if (strcmp(g->io_uring, "off") == 0)
		return;
	if (burst_by_uring(b, (unsigned)g->max_connections) == 0)
		msg_info("io_uring sends");
	else
		msg_info("no io_uring: %s", strerror(errno));
}

static int
open_all(struct gateway *g)
{
	buf_init(&g->line, EVENT_LINE_MAX);
	buf_init(&g->text, EVENT_INPUT_MAX);
	g->nonces = nonces_new();
	g->outbox = outbox_new();
	if (show_open(g, g->history > 0 && g->history < RECENT_MIN
			     ? RECENT_MIN
			     : (size_t)g->history) < 0 ||
	    force_open(g) < 0 || hold_open(g) < 0 || !g->nonces || !g->outbox ||
	    open_loop(g) < 0) {
		msg_err("start: %s", strerror(errno));
		return -1;
	}
	if (metrics_serve(g) < 0)
		return -1;
	if (pages_open(g) < 0)
		return -1;
	if (out_open(g) < 0) {
		ends_not_opened(&g->out_addr, "stdout");
		return -1;
	}
	shared_begin(g);
	if (g->bound < 0)
		g->bound = serve_bind(g, false);
	if (g->bound < 0)
		return -1;
	if (serve_open(g) < 0 || control_open(g) < 0)
		return -1;
	choose_sending(g);
	if (bus_open(g) < 0) {
		ends_not_opened(&g->in_addr, "stdin");
		return -1;
	}
	return harden(g, false);
}

static void
close_all(struct gateway *g)
{
	serve_stop_listening(g);
	if (g->bound >= 0)
		close(g->bound);
	control_close(g);
	source_free(g->bus);
	sink_free(g->sink);
	serve_close(g);
	www_close(&g->www);
	metrics_free(g->metrics);
	if (g->ev_loop)
		ev_loop_destroy(g->ev_loop);
	loop_free(g->loop);
	show_close(g);
	force_close(g);
	hold_close(g);
	outbox_free(g->outbox);
	nonces_free(g->nonces);
	ident_release(&g->arrival.ident);
	jwtkeys_release(&g->keys.set);
	free(g->expiry.v);
	event_release(&g->ev);
	json_release(&g->doc);
	buf_release(&g->line);
	buf_release(&g->text);
}

int
gateway_run(struct gateway *g)
{
	if (open_all(g) < 0)
		g->status = 1;
	else
		ev_run(g->ev_loop, 0);
	close_all(g);
	return g->status;
}

int
main(int argc, char **argv)
{
	struct gateway g = { .bound = -1 };

	options_parse(&g, argc, argv);
	harden_memory();
	if (ident_load(&g) < 0)
		return 1;
	g.shared = shared_new((unsigned)g.workers);
	g.limits = limits_new(&g);
	if (!g.shared || !g.limits) {
		msg_err("start: %s", strerror(errno));
		return 1;
	}
	if (names_open(&g) < 0)
		return 1;
	g.status = g.workers > 1 ? workers_run(&g) : gateway_run(&g);
	limits_free(g.limits);
	shared_free(g.shared);
	jwtkeys_release(&g.keys.set);
	return g.status;
}
