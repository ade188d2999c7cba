/*
 * serve: see dash.h. Which request is whose. Everything passes the same two
 * gates first: it is for us and from us, and he may.
 */
#include <inttypes.h>
#include <string.h>

#include "dash.h"
#include "msg.h"

#include "banned.h"

#define CONNS 128
#define QUEUE_MAX 8388608 /* bytes that wait for a page */
#define USER_LINES 100    /* of a user's own lines */

void
serve_json(struct httpd_conn *c, const struct buf *b)
{
	httpd_answer(c, 200, "application/json", NULL, b->p, b->len);
}

bool
serve_body(struct httpd_conn *c, struct json_doc *doc)
{
	const char *type = httpd_header(c, "content-type"), *body;
	size_t n;

	if (!type || strncmp(type, "application/json", 16) != 0 ||
	    (type[16] && type[16] != ';' && type[16] != ' ')) {
		httpd_error(c, 415, "Content-Type: must be application/json");
		return false;
	}
	body = httpd_body(c, &n);
	if (json_parse(doc, body, n) == 0 && !json_has_duplicates(doc))
		return true;
	httpd_error(c, 400, doc->err ? doc->err : "a field stands twice");
	json_release(doc);
	return false;
}

static void
get_health(struct dash *d, struct httpd_conn *c)
{
	bool live = d->phase == BUS_LIVE;
	struct buf b;

	buf_init(&b, 256);
	buf_addf(&b, "{\"status\":\"%s\",\"bus\":\"%s\",\"control\":%s}\n",
	    live ? "ok" : "degraded", bus_word(d),
	    act_can(d) ? "true" : "false");
	httpd_answer(c, live ? 200 : 503, "application/json", NULL, b.p, b.len);
	buf_release(&b);
}

/* What is known of a user: the counts, and the newest lines about him. */
static void
get_user(struct dash *d, struct httpd_conn *c)
{
	const struct recent *r = &d->recent;
	char name[EVENT_NAME_MAX + 1];
	const struct user *u;
	uint64_t i;
	int n = 0;
	struct buf b;

	if (httpd_arg(c, "name", name, sizeof name) < 0 ||
	    !event_name_valid(name, strlen(name))) {
		httpd_error(c, 400, "name: must be a username");
		return;
	}
	u = tally_user(&d->tally, name);
	buf_init(&b, 2 * RECENT_BYTES);
	buf_adds(&b, "{\"user\":");
	if (u)
		tally_write_user(u, &b);
	else
		buf_adds(&b, "null");
	buf_adds(&b, ",\"lines\":[");
	for (i = r->next; i > r->first && n < USER_LINES; i--) {
		const char *line = recent_at(r, i - 1);

		if (!recent_says(line, "\"user\"", name) &&
		    !recent_says(line, "\"from\"", name))
			continue;
		buf_addf(&b, "%s%s", n++ ? "," : "", line);
	}
	buf_adds(&b, "]}\n");
	serve_json(c, &b);
	buf_release(&b);
}

static void
get_stats(struct dash *d, struct httpd_conn *c)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_addf(&b, "{\"bus\":\"%s\",\"totals\":", bus_word(d));
	tally_write_totals(&d->tally, &b);
	buf_adds(&b, ",\"leaders\":");
	tally_write_leaders(&d->tally, &b);
	buf_adds(&b, ",\"points\":");
	tally_write_points(&d->tally, 0, &b);
	buf_adds(&b, ",\"stages\":");
	stages_write(d, &b);
	buf_adds(&b, "}\n");
	serve_json(c, &b);
	buf_release(&b);
}

static bool
is_method(struct httpd_conn *c, const char *method)
{
	char allow[32];

	if (strcmp(httpd_method(c), method) == 0)
		return true;
	memcpy(allow, "Allow: ", 7);
	memcpy(allow + 7, method, strlen(method) + 1);
	memcpy(allow + 7 + strlen(method), "\r\n", 3);
	httpd_answer(c, 405, "application/json", allow,
	    "{\"error\":\"method_not_allowed\"}\n", 31);
	return false;
}

/* What only staff may ask. */
static void
api(struct dash *d, struct httpd_conn *c, const char *what)
{
	bool post = strncmp(what, "act/", 4) == 0 || strcmp(what, "why") == 0;
	struct who who;

	if (!auth_who(d, c, &who) || !is_method(c, post ? "POST" : "GET"))
		return;
	if (strcmp(what, "stream") == 0)
		stream_open(d, c, &who);
	else if (strcmp(what, "stats") == 0)
		get_stats(d, c);
	else if (strcmp(what, "user") == 0)
		get_user(d, c);
	else if (strcmp(what, "range") == 0)
		range_take(d, c);
	else if (strcmp(what, "why") == 0)
		why_take(d, c);
	else if (post)
		act_take(d, c, &who, what + 4);
	else
		httpd_error(c, 404, NULL);
}

static void
on_request(void *arg, struct httpd_conn *c)
{
	const char *path = httpd_path(c);
	struct dash *d = arg;

	d->served++;
	if (!auth_same_origin(d, c))
		return;
	if (strcmp(path, "/healthz") == 0)
		get_health(d, c);
	else if (strcmp(path, "/api/session") == 0)
		auth_session(d, c);
	else if (strncmp(path, "/api/", 5) == 0)
		api(d, c, path + 5);
	else if (strcmp(httpd_method(c), "HEAD") == 0 || is_method(c, "GET"))
		pages_get(d, c);
}

static void
on_gone(void *arg, struct httpd_conn *c)
{
	struct dash *d = arg;

	stream_gone(d, c);
	act_forget(d, c);
	why_forget(d, c);
	range_forget(d, c);
}

int
serve_open(struct dash *d)
{
	const struct httpd_conf conf = { .conns = CONNS,
		.body_max = BODY_MAX,
		.queue_max = QUEUE_MAX,
		.headers = "X-Frame-Options: DENY\r\n"
			   "Cross-Origin-Resource-Policy: same-origin\r\n",
		.request = on_request,
		.gone = on_gone };
	const char *err;
	struct buf at;

	buf_init(&at, 512);
	buf_addf(&at, strchr(d->addr, ':') ? "[%s]:%" PRId64 : "%s:%" PRId64,
	    d->addr, d->port);
	d->httpd = httpd_open(d->loop, at.p, &conf, d, &err);
	if (!d->httpd)
		msg_err("%s: %s", at.p, err);
	buf_release(&at);
	if (!d->httpd)
		return -1;
	if (httpd_is_open(d->httpd) && !d->locked) {
		msg_err(
		    "%s: not a loopback address: --jwt-key is needed", d->addr);
		return -1;
	}
	return 0;
}
