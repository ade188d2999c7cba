/*
 * ss-dash: the moderators' desk. It listens to the bus like anybody, so it can
 * be started, stopped and killed at any time, and nothing depends on it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "dash.h"
#include "msg.h"

#include "banned.h"

static void
on_signal(void *arg, int signo)
{
	struct dash *d = arg;

	if (signo == SIGHUP || signo == SIGUSR1)
		return;
	d->stopped++;
	notify_stopping();
	loop_stop(d->loop);
}

static size_t
pages_open_now(const struct dash *d)
{
	size_t i, n = 0;

	for (i = 0; i < STREAMS_MAX; i++)
		n += d->stream[i].conn != NULL;
	return n;
}

static void
on_metrics(void *arg, struct buf *b)
{
	const struct dash *d = arg;
	const struct tally *t = &d->tally;

	metrics_gauge(
	    b, "bus_up", "1 while the bus is connected.", d->phase == BUS_LIVE);
	metrics_gauge(b, "desk_pages", "Pages that listen now.",
	    (double)pages_open_now(d));
	metrics_counter(b, "desk_requests_total", "HTTP requests.", d->served);
	metrics_counter(b, "desk_slow_pages_total",
	    "Pages cut off because they did not read.",
	    httpd_cut_off(d->httpd));
	metrics_counter(b, "series_breaks_total",
	    "Times that what was missed could not be had.", d->gaps);
	metrics_counter(b, "bad_lines_total",
	    "Lines on the bus that were no events.", t->bad_lines);
	metrics_counter(b, "chat_total", "Chat events seen.", t->chat);
	metrics_counter(b, "toxic_total", "Those that were toxic.", t->toxic);
	metrics_counter(b, "held_total", "Those that were held.", t->held);
	metrics_counter(b, "gifts_total", "Gifts seen.", t->gifts);
}

static int
open_loop(struct dash *d)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1 };
	struct sigaction ign = { .sa_handler = SIG_IGN };
	size_t i;

	sigaction(SIGPIPE, &ign, NULL);
	d->loop = loop_new();
	if (!d->loop)
		return -1;
	for (i = 0; i < sizeof signals / sizeof *signals; i++)
		if (loop_signal(d->loop, signals[i], on_signal, d) < 0)
			return -1;
	return 0;
}

static int
open_parts(struct dash *d)
{
	clock_wall_ms(); /* reads the environment: before there are threads */
	snprintf(d->boot, sizeof d->boot, "%llx",
	    (unsigned long long)clock_mono_ns() & 0xffffffffff);
	d->acts = acts_new(d);
	d->whys = whys_new(d);
	if (!d->acts || !d->whys || tally_init(&d->tally) < 0 ||
	    recent_init(&d->recent, (size_t)d->history) < 0 ||
	    open_loop(d) < 0 || range_open(d) < 0 || stages_open(d) < 0) {
		msg_err("start: %s", strerror(errno));
		return -1;
	}
	return 0;
}

static int
open_all(struct dash *d)
{
	if (auth_open(d) < 0 || open_parts(d) < 0 || pages_open(d) < 0)
		return -1;
	if (bus_open(d) < 0) {
		ends_not_opened(&d->in_addr, "stdin");
		return -1;
	}
	if (serve_open(d) < 0)
		return -1;
	if (d->metrics_addr) {
		d->metrics = ends_metrics(
		    d->loop, d->metrics_addr, "ss-dash", on_metrics, d);
		if (!d->metrics)
			return -1;
	}
	stream_start(d);
	return 0;
}

static void
announce(struct dash *d)
{
	msg_warn("listening on %s", httpd_where(d->httpd));
	if (d->ready_fd >= 0 && write((int)d->ready_fd, "\n", 1) < 0)
		msg_warn("ready-fd: %s", strerror(errno));
	notify_ready(&d->notify, d->loop);
}

static void
close_all(struct dash *d)
{
	if (d->loop) {
		stream_stop(d);
		metrics_free(d->metrics);
		httpd_free(d->httpd);
		stages_close(d);
		range_close(d);
	}
	acts_free(d->acts);
	whys_free(d->whys);
	source_free(d->bus);
	www_close(&d->www);
	state_free(d->state);
	recent_release(&d->recent);
	tally_release(&d->tally);
	event_release(&d->ev);
	buf_release(&d->text);
	jwtkeys_release(&d->keyset);
	loop_free(d->loop);
}

int
main(int argc, char **argv)
{
	struct dash d = { .phase = BUS_AWAY };

	options_parse(&d, argc, argv);
	if (open_all(&d) < 0) {
		d.status = 1;
	} else {
		announce(&d);
		if (loop_run(d.loop) < 0) {
			msg_err("loop: %s", strerror(errno));
			d.status = 1;
		}
	}
	close_all(&d);
	return d.status;
}
