/*
 * out: the way into the pipeline. It never blocks: what the pipe doesn't take
 * now waits in a short queue. What is sent is the outbox's affair; after a
 * unix: output was away it is said again from the start.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "gateway.h"
#include "msg.h"

#include "banned.h"

static void
on_drained(void *arg)
{
	struct gateway *g = arg;

	outbox_pump(g);
	sink_flush(g->sink);
}

static void
on_broken(void *arg, int err)
{
	struct gateway *g = arg;
	size_t n = show_viewers(g);
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
	sink_clear(g->sink);
	outbox_again(g);
	sink_flush(g->sink);
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
