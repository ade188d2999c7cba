/*
 * ping: whether those who are connected are still there. Each is pinged so long
 * after his last pong (--ping), and dropped where none has come by
 * --idle-timeout. The library could do that, but keeps its timers in one sorted
 * list: with ten thousand viewers each ping walked past all of theirs, which
 * was a tenth of a core. All in one row wait equally long, so here the first is
 * who is due first.
 */
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

/*
 * Pinged in a turn at most, and a tenth of all: those who came together would
 * be pinged together, and events would wait for it.
 */
#define LEAST 200

static void
put(struct row *r, struct ping *p)
{
	p->at = clock_mono_ms();
	row_join(r, &p->link);
}

/* The first in a row who has stood there since then, or longer. */
static struct conn *
since(const struct row *r, int64_t then)
{
	struct conn *c;

	if (!r->first)
		return NULL;
	c = ROW_ITEM(r->first, struct conn, ping.link);
	return c->ping.at <= then ? c : NULL;
}

void
ping_join(struct gateway *g, struct conn *c, struct lws *wsi)
{
	c->ping.wsi = wsi;
	put(&g->pings.well, &c->ping);
}

void
ping_leave(struct conn *c)
{
	row_leave(&c->ping.link);
}

void
ping_answered(struct gateway *g, struct conn *c)
{
	if (c->ping.link.in)
		put(&g->pings.well, &c->ping);
}

int
ping_write(struct conn *c)
{
	/* the library tells of no pong that has no payload */
	static const char text[] = "ping";
	unsigned char frame[LWS_PRE + sizeof text];

	if (!c->ping.due || (c->viewer && c->viewer->closing))
		return 0;
	c->ping.due = false;
	memcpy(frame + LWS_PRE, text, sizeof text);
	return lws_write(c->ping.wsi, frame + LWS_PRE, sizeof text - 1,
		   LWS_WRITE_PING) < 0
		   ? -1
		   : 0;
}

static void
ask(struct gateway *g, struct conn *c)
{
	put(&g->pings.asked, &c->ping);
	c->ping.due = true;
	lws_callback_on_writable(c->ping.wsi);
}

static void
drop(struct conn *c)
{
	ping_leave(c);
	if (c->viewer)
		c->viewer->closing = true;
	serve_drop(c->ping.wsi);
}

void
ping_turn(struct gateway *g)
{
	struct pings *p = &g->pings;
	int64_t now = clock_mono_ms();
	size_t most = LEAST + (p->well.n + p->asked.n) / 10;
	struct conn *c;

	while (
	    (c = since(&p->asked, now - (int64_t)((g->idle - g->ping) * 1e3))))
		drop(c);
	while (
	    most-- > 0 && (c = since(&p->well, now - (int64_t)(g->ping * 1e3))))
		ask(g, c);
}
