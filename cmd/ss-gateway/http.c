/*
 * http: everything that is not a WebSocket. Each connection serves one
 * request: the library (4.1.6) leaves a second one that came in the same
 * packet unanswered, and after an unknown Upgrade on a kept connection goes on
 * with headers that it has freed. A request that is refused before its body
 * was read is answered at once, and the connection is closed once the body has
 * been read and thrown away, so that the answer gets through.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway.h"
#include "origin.h"

#include "banned.h"

#define WAIT_MAX 5            /* seconds for ?wait=1: CONTRACT 7 */
#define BODY_WAIT 10          /* seconds for a body: then 408 */
#define DISCARD_WAIT 2        /* seconds to read what was refused */
#define DISCARD_MAX (1 << 20) /* bytes of it */

/* A POST whose body is being read. */
struct request {
	struct ident ident; /* who makes it */
	struct buf body;
	size_t left;   /* of the body, to come */
	bool answered; /* refused already: the rest is thrown away */
	size_t thrown;
	char key[EVENT_NONCE_MAX];
	size_t keylen;
	bool has_key;
	bool wait; /* answered when it is back */
	bool is_action;
	enum action_type action;
	int outcome; /* as post_returned says */
	/* and while it is not, among those of the gateway */
	struct lws *wsi;
	struct request *next;
	char id[ULID_LEN + 1];
	bool waiting, delivered;
};

/* A refusal of a request that has no body on its way: no waiting for it. */
int
http_refuse(struct gateway *g, struct lws *wsi, int status, const char *detail,
    const char *extra)
{
	g->n.refused++;
	answer_error(wsi, status, detail, extra);
	return -1;
}

/* A refusal; a body that is on its way is read first, and thrown away. */
static int
refuse(struct gateway *g, struct lws *wsi, struct conn *c, int status,
    const char *detail, const char *extra)
{
	/* one in chunks the library reads for a POST only */
	bool post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;

	if (request_length(wsi) <= 0 && request_length(wsi) != -2 &&
	    !(post && request_is_chunked(wsi)))
		return http_refuse(g, wsi, status, detail, extra);
	g->n.refused++;
	answer_error(wsi, status, detail, extra);
	if (!c->req)
		c->req = calloc(1, sizeof *c->req);
	if (!c->req)
		return -1;
	buf_init(&c->req->body, BODY_MAX);
	c->req->answered = true;
	lws_set_timer_usecs(wsi, DISCARD_WAIT * LWS_USEC_PER_SEC);
	return 0;
}

/* Reads the Idempotency-Key; false: it can't be one. */
static bool
read_key(struct lws *wsi, struct request *q)
{
	static const char name[] = "idempotency-key:";
	int n = lws_hdr_custom_length(wsi, name, sizeof name - 1), i;
	char v[EVENT_NONCE_MAX + 1];

	if (n < 0)
		return true;
	if (n == 0 || n > EVENT_NONCE_MAX ||
	    lws_hdr_custom_copy(wsi, v, sizeof v, name, sizeof name - 1) < 0)
		return false;
	for (i = 0; i < n; i++)
		if (v[i] < 0x21 || v[i] > 0x7e)
			return false;
	memcpy(q->key, v, (size_t)n);
	q->keylen = (size_t)n;
	q->has_key = true;
	return true;
}

/* A gift, or with action one of those. */
static int
post(struct gateway *g, struct lws *wsi, struct conn *c, int64_t length,
    const enum action_type *action)
{
	struct request *q = calloc(1, sizeof *q);
	const char *why = NULL;
	char arg[4];
	int wait, status;

	if (!q)
		return -1;
	q->is_action = action != NULL;
	if (action)
		q->action = *action;
	buf_init(&q->body, BODY_MAX);
	c->req = q;
	status = ident_of_request(g, wsi, &q->ident, &why);
	if (status)
		return refuse(g, wsi, c, status, why, "");
	if (length == -1)
		return refuse(g, wsi, c, 411, "Content-Length: missing", "");
	if (length > BODY_MAX)
		return refuse(g, wsi, c, 413, "body: over 64 KiB", "");
	if (!request_is_json(wsi))
		return refuse(g, wsi, c, 415,
		    "Content-Type: must be application/json", "");
	if (!read_key(wsi, q))
		return refuse(g, wsi, c, 400,
		    "Idempotency-Key: must be 1 to 64 printable characters",
		    "");
	wait = upgrade_arg(wsi, "wait", arg, sizeof arg);
	if (wait == -2 ||
	    (wait == 0 && strcmp(arg, "0") != 0 && strcmp(arg, "1") != 0))
		return refuse(g, wsi, c, 400, "wait: must be 0 or 1", "");
	q->wait = wait == 0 && *arg == '1';
	q->left = (size_t)length;
	lws_set_timer_usecs(wsi, BODY_WAIT * LWS_USEC_PER_SEC);
	return 0;
}

static const struct {
	const char *path;
	int (*get)(struct gateway *, struct lws *);
} routes[] = {
	{ "/healthz", get_healthz },
	{ "/metrics", get_metrics },
	{ "/api/recent", get_recent },
};

static bool
can_get(const struct gateway *g, const char *path)
{
	size_t i;

	for (i = 0; i < sizeof routes / sizeof *routes; i++)
		if (strcmp(path, routes[i].path) == 0)
			return true;
	return pages_have(g, path);
}

/* The action that a path posts to, in *type; NULL: none. */
static const enum action_type *
action_of(const char *path, enum action_type *type)
{
	static const char admin[] = "/api/admin/";
	size_t n = sizeof admin - 1;

	if (strncmp(path, admin, n) != 0 ||
	    action_find(path + n, strlen(path + n), type) < 0)
		return NULL;
	return type;
}

/* What holds for all requests. 0, or the status of a refusal. */
static int
check_request(
    struct gateway *g, struct lws *wsi, const char **why, char extra[48])
{
	int64_t wait;
	int status = peer_request(g, wsi, why, &wait);

	*extra = '\0';
	if (wait)
		lws_snprintf(
		    extra, 48, "Retry-After: %lld\r\n", (long long)wait);
	if (status)
		return status;
	*why = "Content-Length: not a number";
	if (request_length(wsi) == -2)
		return 400;
	*why = "Transfer-Encoding: not supported, send Content-Length";
	if (request_is_chunked(wsi))
		return 411;
	*why = "Origin: this page may not post here";
	return request_is_get(wsi) || origin_allowed(g, wsi) ? 0 : 403;
}

/* A browser asks whether a page of another origin may do what it wants. */
static bool
is_preflight(struct gateway *g, struct lws *wsi)
{
	static const char name[] = "access-control-request-method:";

	return lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0 &&
	       lws_hdr_custom_length(wsi, name, sizeof name - 1) > 0 &&
	       origin_is_listed(g, wsi);
}

static int
preflight(struct gateway *g, struct lws *wsi)
{
	struct buf b;

	buf_init(&b, 1024);
	origin_preflight(g, wsi, &b);
	answer_write(wsi, 200, b.p, "", 0);
	buf_release(&b);
	return -1;
}

/* Neither a GET without a body nor a POST to where one may post. */
static int
refuse_method(struct gateway *g, struct lws *wsi, struct conn *c,
    const char *path, bool can_post)
{
	bool get = request_is_get(wsi);

	if (can_get(g, path))
		return refuse(g, wsi, c, get ? 400 : 405,
		    get ? "body: none expected" : NULL,
		    get ? "" : "Allow: GET, HEAD\r\n");
	if (can_post)
		return refuse(g, wsi, c, 405, NULL, "Allow: POST\r\n");
	return refuse(g, wsi, c, 404, NULL, "");
}

int
http_request(
    struct gateway *g, struct lws *wsi, struct conn *c, const char *path)
{
	bool is_post = lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0;
	bool get = request_is_get(wsi), gift = strcmp(path, "/api/gift") == 0;
	int64_t length = request_length(wsi);
	enum action_type type;
	const enum action_type *action = action_of(path, &type);
	const char *why;
	char extra[48];
	size_t i;
	int status;

	http_forget(g, c);
	status = check_request(g, wsi, &why, extra);
	if (status)
		return refuse(g, wsi, c, status, why, extra);
	if (length <= 0 && is_preflight(g, wsi))
		return preflight(g, wsi);
	if (is_post && (gift || action))
		return post(g, wsi, c, length, action);
	if (length > 0 || !get)
		return refuse_method(g, wsi, c, path, gift || action);
	for (i = 0; i < sizeof routes / sizeof *routes; i++)
		if (strcmp(path, routes[i].path) == 0)
			return routes[i].get(g, wsi);
	if (gift || action)
		return http_refuse(g, wsi, 405, NULL, "Allow: POST\r\n");
	if (upgrade_name(path))
		return http_refuse(g, wsi, 426, "connect with WebSocket",
		    "Upgrade: websocket\r\n");
	if (pages_get(g, wsi, path))
		return -1;
	return http_refuse(g, wsi, 404, NULL, "");
}

static void
answer_taken(struct lws *wsi, const char *status, const char *id)
{
	struct buf b;

	buf_init(&b, 256);
	buf_addf(&b, "{\"status\":\"%s\",\"id\":\"%s\"}\n", status, id);
	answer_with(wsi, 200, JSON_TYPE, "", b.p, b.len);
	buf_release(&b);
}

/*
 * Who sends more than he announced isn't waited for any longer: libwebsockets
 * 4.1 would end the body once more, and again for ever, while there is
 * something to read. What he sent is taken already.
 */
static int
answer_now(struct gateway *g, struct lws *wsi, struct conn *c)
{
	answer_taken(wsi, "queued", c->req->id);
	http_forget(g, c);
	return -1;
}

int
http_body(struct gateway *g, struct lws *wsi, struct conn *c, const char *in,
    size_t n)
{
	struct request *q = c->req;
	bool more = false;

	if (!q)
		return -1;
	if (q->answered) {
		q->thrown += n;
		return q->thrown > DISCARD_MAX ? -1 : 0;
	}
	if (q->waiting)
		return answer_now(g, wsi, c);
	if (n > q->left) {
		/* libwebsockets 4.3: what follows the body, and no end of it */
		n = q->left;
		more = true;
	}
	q->left -= n;
	if (buf_add(&q->body, in, n) < 0)
		return refuse(g, wsi, c, 413, "body: over 64 KiB", "");
	if (!more)
		return 0;
	return http_body_done(g, wsi, c) < 0 ? -1 : answer_now(g, wsi, c);
}

static void
take(struct gateway *g, struct lws *wsi, struct request *q, struct fate *f)
{
	const char *key = q->has_key ? q->key : NULL;

	if (q->is_action)
		act_take(g, &q->ident, q->action, q->body.p, q->body.len, key,
		    q->keylen, f);
	else
		gift_take(g, &q->ident, peer_of(wsi), q->body.p, q->body.len,
		    key, q->keylen, f);
}

int
http_body_done(struct gateway *g, struct lws *wsi, struct conn *c)
{
	struct request *q = c->req;
	struct fate a;
	bool wait;

	if (!q)
		return 0;
	if (q->waiting)
		return answer_now(g, wsi, c);
	lws_set_timer_usecs(wsi, LWS_SET_TIMER_USEC_CANCEL);
	if (q->answered)
		return -1; /* all read: now it may close */
	take(g, wsi, q, &a);
	if (a.status != 200) {
		g->n.refused++;
		answer_error_wait(
		    wsi, a.status, a.detail, a.status == 503 ? 1 : a.wait);
		http_forget(g, c);
		return -1;
	}
	memcpy(q->id, a.id, sizeof q->id);
	wait = q->wait || (q->is_action && act_is_decision(q->action));
	if (wait && a.pending) {
		q->waiting = true;
		q->wsi = wsi;
		q->next = g->waiting;
		g->waiting = q;
		lws_set_timer_usecs(wsi, WAIT_MAX * LWS_USEC_PER_SEC);
		return 0;
	}
	answer_taken(wsi, q->wait ? "delivered" : "queued", a.id);
	http_forget(g, c);
	return -1;
}

void
http_delivered(struct gateway *g, const char *id, const char *real, int status)
{
	struct request *q;

	for (q = g->waiting; q; q = q->next) {
		if (q->delivered || strcmp(q->id, id) != 0)
			continue;
		q->delivered = true;
		q->outcome = status;
		memcpy(q->id, real, strlen(real) + 1);
		lws_callback_on_writable(q->wsi);
	}
}

int
http_writable(struct gateway *g, struct lws *wsi, struct conn *c)
{
	struct request *q = c->req;

	if (!q || !q->delivered)
		return 0;
	if (q->outcome == 200)
		answer_taken(wsi, q->wait ? "delivered" : "queued", q->id);
	else
		answer_error(wsi, q->outcome, "decided already", "");
	http_forget(g, c);
	return -1;
}

int
http_too_slow(struct gateway *g, struct lws *wsi, struct conn *c)
{
	if (!c->req)
		return 0;
	if (c->req->waiting && !c->req->wait) {
		answer_taken(wsi, "queued", c->req->id);
	} else if (c->req->waiting) {
		answer_error(wsi, 504,
		    "not known to be delivered yet; the same key is safe", "");
	} else if (!c->req->answered) {
		g->n.refused++;
		answer_error(wsi, 408, "body: too slow", "");
	}
	return -1;
}

void
http_forget(struct gateway *g, struct conn *c)
{
	struct request **at;

	if (!c->req)
		return;
	for (at = &g->waiting; *at; at = &(*at)->next)
		if (*at == c->req) {
			*at = c->req->next;
			break;
		}
	buf_release(&c->req->body);
	ident_release(&c->req->ident);
	free(c->req);
	c->req = NULL;
}
