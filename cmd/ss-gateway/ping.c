/*
 * ping: whether those who are connected are still there. Each is pinged so long
 * after his last pong (--ping), and dropped where none has come by
 * --idle-timeout. The library could do that, but keeps its timers in one sorted
 * list: with ten thousand viewers each ping walked past all of theirs, which
 * was a tenth of a core. All in one row wait equally long, so here the first is
 * who is due first. What clients ask is answered here, too: the library answers
 * one ping where several came at once.
 */
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "ws.h"

#include "banned.h"

/*
 * Pinged in a turn at most, and a tenth of all: those who came together would
 * be pinged together, and events would wait for it.
 */
#define LEAST 200
#define WAITING_MAX \
	16384 /* bytes of pings and pongs for one who doesn't read */

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
	buf_init(&c->ping.out, WAITING_MAX);
	put(&g->pings.well, &c->ping);
}

void
ping_leave(struct conn *c)
{
	row_leave(&c->ping.link);
	buf_release(&c->ping.out);
}

void
ping_answered(struct gateway *g, struct conn *c)
{
	if (c->ping.link.in)
		put(&g->pings.well, &c->ping);
}

static void
put_frame(struct conn *c, char opcode, const char *payload, size_t n)
{
	const char head[2] = { (char)(0x80 | opcode), (char)n };
	struct buf *b = &c->ping.out;

	/* RFC 6455, 5.5.3: of several pings the last may be answered alone */
	if (b->len + n + sizeof head > WAITING_MAX)
		buf_reset(b);
	if (buf_add(b, head, sizeof head) == 0 && buf_add(b, payload, n) < 0)
		buf_cut(b, b->len - sizeof head);
	lws_callback_on_writable(c->ping.wsi);
}

void
ping_answer(struct conn *c, const char *payload, size_t n)
{
	put_frame(c, WS_PONG, payload, n);
}

int
ping_write(struct conn *c)
{
	struct buf *b = &c->ping.out;
	int r;

	if (!b->len || (c->viewer && c->viewer->closing))
		return 0;
	r = lws_write(
	    c->ping.wsi, (unsigned char *)b->p, b->len, LWS_WRITE_RAW);
	buf_release(b);
	return r < 0 ? -1 : 0;
}

static void
ask(struct gateway *g, struct conn *c)
{
	put(&g->pings.asked, &c->ping);
	put_frame(c, WS_PING, "", 0);
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
