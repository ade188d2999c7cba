/*
 * out: what the viewers sent, on its way into the pipeline. It never blocks:
 * what the pipe doesn't take now waits in a short queue, and when that is
 * full the sender is told that we are busy.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "gateway.h"
#include "msg.h"

#include "banned.h"

#define QUEUE_MAX 65536 /* bytes that may wait for the pipe: as much again */

static void
on_drained(void *arg)
{
	struct gateway *g = arg;

	sink_flush(g->sink);
}

static void
on_broken(void *arg, int err)
{
	struct gateway *g = arg;
	size_t n = fan_viewers(g->fan);
	bool stopping;

	if (g->out_broken)
		return;
	g->out_broken = true;
	/* on the way out that is no news: all stages stop together */
	stopping = g->draining || loop_signalled(g->loop, SIGINT) ||
		   loop_signalled(g->loop, SIGTERM);
	if (!stopping)
		msg_err("stdout: %s: the pipeline behind it has ended, "
			"closing %zu viewer%s",
		    strerror(err), n, n == 1 ? "" : "s");
	gateway_drain(g, !stopping || sink_pending(g->sink));
}

static void
on_up(void *arg)
{
	struct gateway *g = arg;

	away_ends(&g->out_away);
}

static void
on_down(void *arg, int err)
{
	struct gateway *g = arg;

	if (!g->draining)
		away_since(&g->out_away, err);
}

static const struct sink_ops ops = {
	.drained = on_drained, .broken = on_broken, .up = on_up, .down = on_down
};

int
out_open(struct gateway *g)
{
	away_init(&g->out_away, g->loop, "output ", g->out_addr.path);
	g->sink = sink_open(g->loop, &g->out_addr, NULL, &ops, g);
	return g->sink ? 0 : -1;
}

int
out_emit(struct gateway *g)
{
	if (g->out_broken || g->draining ||
	    sink_pending(g->sink) + g->line.len > QUEUE_MAX ||
	    sink_put(g->sink, g->line.p, g->line.len, 1) < 0) {
		g->n.busy++;
		return -1;
	}
	g->n.accepted++;
	return 0;
}

bool
out_is_up(const struct gateway *g)
{
	return !g->out_broken && sink_is_up(g->sink);
}

void
out_flush(struct gateway *g)
{
	if (g->sink && !g->out_broken &&
	    (sink_pending(g->sink) || sink_hub(g->sink)))
		sink_flush(g->sink);
}
