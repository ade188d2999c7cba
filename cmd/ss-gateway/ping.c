/*
 * ping: whether viewers are still there. Each is pinged so long after his last
 * pong (--ping), and dropped where none has come by --idle-timeout. The library
 * could do that, but keeps its timers in one sorted list: with ten thousand
 * viewers each ping walked past all of theirs, which was a tenth of a core.
 * All of a row wait equally long, so here the one who waits longest stands
 * first, and whoever comes is put behind the last.
 */
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define TEXT "ping"
#define LEAST 200 /* pinged in a turn at most, and a tenth of all */

static struct ping_row *
row_of(struct gateway *g, const struct viewer *v)
{
	return v->pinged ? &g->pings.asked : &g->pings.well;
}

static void
take_out(struct gateway *g, struct viewer *v)
{
	struct ping_row *r = row_of(g, v);

	if (v->ping_at == 0)
		return;
	*(v->ping_prev ? &v->ping_prev->ping_next : &r->first) = v->ping_next;
	*(v->ping_next ? &v->ping_next->ping_prev : &r->last) = v->ping_prev;
	v->ping_at = 0;
	r->n--;
}

static void
put_in(struct gateway *g, struct viewer *v, bool pinged)
{
	struct ping_row *r;

	v->pinged = pinged;
	r = row_of(g, v);
	v->ping_at = clock_mono_ms();
	v->ping_prev = r->last;
	v->ping_next = NULL;
	*(r->last ? &r->last->ping_next : &r->first) = v;
	r->last = v;
	r->n++;
}

void
ping_join(struct gateway *g, struct viewer *v)
{
	put_in(g, v, false);
}

void
ping_leave(struct gateway *g, struct viewer *v)
{
	take_out(g, v);
}

void
ping_answered(struct gateway *g, struct viewer *v)
{
	if (v->ping_at == 0)
		return;
	take_out(g, v);
	put_in(g, v, false);
}

int
ping_write(struct viewer *v)
{
	/* the library tells of no pong without a payload */
	unsigned char text[LWS_PRE + sizeof(TEXT)];
	size_t n = strlen(TEXT);
	int written;

	if (!v->ping_due || v->closing)
		return 0;
	v->ping_due = false;
	memcpy(text + LWS_PRE, TEXT, n);
	written = lws_write(v->wsi, text + LWS_PRE, n, LWS_WRITE_PING);
	return written < 0 ? -1 : 0;
}

static void
ask(struct gateway *g, struct viewer *v)
{
	take_out(g, v);
	put_in(g, v, true);
	v->ping_due = true;
	lws_callback_on_writable(v->wsi);
}

static void
drop(struct gateway *g, struct viewer *v)
{
	take_out(g, v);
	v->closing = true;
	lws_set_timeout(
	    v->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void
ping_turn(struct gateway *g)
{
	struct ping_row *well = &g->pings.well, *asked = &g->pings.asked;
	int64_t now = clock_mono_ms();
	int64_t ask_at = now - (int64_t)(g->ping * 1000);
	int64_t drop_at = now - (int64_t)((g->idle - g->ping) * 1000);
	size_t most = LEAST + (well->n + asked->n) / 10;

	while (asked->first && asked->first->ping_at <= drop_at)
		drop(g, asked->first);
	while (well->first && well->first->ping_at <= ask_at && most-- > 0)
		ask(g, well->first);
}
