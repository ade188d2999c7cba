/*
 * get: what a GET is answered that is no file (pages.c): how the gateway is,
 * its numbers, and the newest events. Each returns what libwebsockets'
 * callback is to return.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway.h"
#include "metrics.h"

#include "banned.h"

static bool
accepts_json(struct lws *wsi)
{
	char v[512];

	return lws_hdr_copy(wsi, v, sizeof v, WSI_TOKEN_HTTP_ACCEPT) > 0 &&
	       strstr(v, JSON_TYPE);
}

int
get_healthz(struct gateway *g, struct lws *wsi)
{
	static const char ok[] = "{\"status\":\"ok\"}\n";
	struct numbers n;
	bool bus, out;
	struct buf b;

	shared_sum(g, &n);
	bus = n.bus_up;
	out = n.out_up;

	if (bus && out && !g->draining) {
		answer_with(wsi, 200, JSON_TYPE, "", ok, sizeof ok - 1);
		return -1;
	}
	buf_init(&b, 256);
	buf_addf(&b,
	    "{\"status\":\"degraded\",\"bus\":%s,\"output\":%s,"
	    "\"draining\":%s}\n",
	    bus ? "true" : "false", out ? "true" : "false",
	    g->draining ? "true" : "false");
	answer_with(wsi, 503, JSON_TYPE, "Retry-After: 1\r\n", b.p, b.len);
	buf_release(&b);
	return -1;
}

int
get_metrics(struct gateway *g, struct lws *wsi)
{
	bool json = accepts_json(wsi);
	struct numbers n;
	struct buf b;

	shared_sum(g, &n);

	buf_init(&b, METRICS_MAX);
	if (json) {
		metrics_json(&n, &b);
	} else {
		metrics_process(&b, "ss-gateway");
		metrics_prometheus(&n, &b);
	}
	answer_with(wsi, 200, json ? JSON_TYPE : METRICS_TYPE, "", b.p, b.len);
	buf_release(&b);
	return -1;
}

struct recent {
	struct gateway *g;
	struct buf b;
};

static bool
everybodys(void *arg, uint64_t seq, const char *line, size_t n, bool priv)
{
	struct recent *r = arg;

	return !priv && past_shown(r->g, NULL, seq, line, n, false);
}

static void
add_event(void *arg, uint64_t seq, const char *line, size_t n)
{
	struct recent *r = arg;

	(void)seq;
	if (r->b.p[r->b.len - 1] != '[')
		buf_addc(&r->b, ',');
	buf_add(&r->b, line, n);
}

int
get_recent(struct gateway *g, struct lws *wsi)
{
	char room[EVENT_NAME_MAX + 2] = EVENT_ROOM, limit[16] = "100";
	struct recent rec = { .g = g };
	struct fan_query q = {
		.room = room, .max = SIZE_MAX, .sees = everybodys, .arg = &rec
	};
	size_t n;
	int r;

	r = upgrade_arg(wsi, "room", room, sizeof room);
	if (r == -2 || (r == 0 && !event_name_valid(room, strlen(room))))
		return http_refuse(g, wsi, 400,
		    "room: must be 1 to 50 of A-Z a-z 0-9 . _ -", "");
	r = upgrade_arg(wsi, "limit", limit, sizeof limit);
	if (r == -2 || !*limit || strspn(limit, "0123456789") != strlen(limit))
		return http_refuse(
		    g, wsi, 400, "limit: must be an integer >= 0", "");
	n = strtoul(limit, NULL, 10);
	if (n > (size_t)g->history)
		n = (size_t)g->history;
	buf_init(&rec.b, ANSWER_MAX / 2);
	buf_adds(&rec.b, "{\"events\":[");
	q.n = n;
	fan_past(g->fan, &q, add_event);
	buf_adds(&rec.b, "]}\n");
	answer_with(wsi, 200, JSON_TYPE, "", rec.b.p, rec.b.len);
	buf_release(&rec.b);
	return -1;
}
