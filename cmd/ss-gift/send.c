/*
 * send.c: where gifts go: to a gateway, with other tries under the same
 * Idempotency-Key where that may help, or out as a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "buf.h"
#include "clock.h"
#include "event.h"
#include "http.h"
#include "json.h"
#include "loop.h"
#include "msg.h"
#include "secret.h"
#include "sink.h"
#include "ulid.h"
#include "utf8.h"

#include "banned.h"

#define BACKOFF_FIRST 0.5    /* seconds before the first other try */
#define BACKOFF_MAX 30.0     /* doubled each time up to this */
#define RETRY_AFTER_MAX 300L /* a server may not park us for longer */

/* Something happened during a request: is it reason enough to end it? */
static bool
on_wake(void *arg)
{
	struct app *a = arg;

	loop_turn(a->loop, 0);
	return a->hurry;
}

/* The string member's decoded text, or NULL; valid until the next call. */
static const char *
answer_text(struct app *a, const struct json_doc *doc, const char *key)
{
	const struct json_member *m = json_get(doc, key);

	buf_reset(&a->word);
	if (m == NULL || m->kind != JSON_STRING)
		return NULL;
	if (json_unescape(m, &a->word) < 0 && errno != EILSEQ)
		return NULL;
	return a->word.p;
}

/* Puts into a->detail: "400 bad_request: amount: must be ..." */
static void
read_refusal(struct app *a)
{
	struct json_doc doc = { 0 };
	const char *s;

	buf_reset(&a->detail);
	buf_addf(&a->detail, "%ld", a->answer.status);
	if (json_parse(&doc, a->answer.body.p, a->answer.body.len) < 0) {
		buf_addf(&a->detail, ": %s", a->target.p);
	} else {
		s = answer_text(a, &doc, "error");
		if (s != NULL)
			buf_addf(&a->detail, " %s", s);
		s = answer_text(a, &doc, "detail");
		if (s != NULL)
			buf_addf(&a->detail, ": %s", s);
	}
	json_release(&doc);
}

static void
tell_accepted(struct app *a)
{
	struct json_doc doc = { 0 };
	const char *s;

	buf_reset(&a->detail);
	if (json_parse(&doc, a->answer.body.p, a->answer.body.len) == 0) {
		s = answer_text(a, &doc, "id");
		buf_addf(&a->detail, "%s: ", s != NULL ? s : "no id");
		s = answer_text(a, &doc, "status");
		buf_adds(&a->detail, s != NULL ? s : "no status");
	} else {
		buf_adds(&a->detail, "accepted");
	}
	msg_info("%s%s", a->where, a->detail.p);
	json_release(&doc);
}

static bool
status_is_passing(long status)
{
	return status == 429 || status == 502 || status == 503 || status == 504;
}

/* One request. 1: accepted; 0: refused for good; -1: try again. */
static int
try_once(struct app *a, const char *const *headers)
{
	struct http_answer *ans = &a->answer;

	buf_reset(&a->detail);
	switch (http_post(
	    a->http, a->target.p, headers, a->text.p, a->text.len, ans)) {
	case HTTP_ANSWERED:
		if (ans->status >= 200 && ans->status <= 299) {
			tell_accepted(a);
			return 1;
		}
		read_refusal(a);
		return status_is_passing(ans->status) ? -1 : 0;
	case HTTP_LOST:
		buf_addf(&a->detail, "%s: %s", a->target.p, ans->why);
		return -1;
	case HTTP_STOPPED:
		/* for random gifts this is how they are meant to end */
		if (!a->random)
			buf_adds(&a->detail,
			    "interrupted: not known to be accepted");
		return 0;
	case HTTP_FAILED:
		break;
	}
	buf_addf(&a->detail, "%s: %s", a->target.p, ans->why);
	return 0;
}

/* How long to wait after so many tries; -1: longer than we care to. */
static double
backoff(struct app *a, int64_t tries)
{
	double after = a->answer.retry_after;
	double s = BACKOFF_FIRST;

	while (tries-- > 0 && s < BACKOFF_MAX)
		s *= 2;
	if (s > BACKOFF_MAX)
		s = BACKOFF_MAX;
	s *= around_one(&a->chance);
	if (after > RETRY_AFTER_MAX)
		return -1;
	return after > s ? after : s;
}

/* Tries until the gift is accepted or there is no hope. 0, or -1. */
static int
try_all(struct app *a, const char *const *headers)
{
	int64_t tries = 0;
	double wait;
	int rc;

	while ((rc = try_once(a, headers)) < 0 && tries < a->retries &&
	       !a->stopped) {
		wait = backoff(a, tries++);
		if (wait < 0)
			break;
		msg_info("%s%s: trying again in %.1f s", a->where, a->detail.p,
		    wait);
		pause_for(a, wait);
		if (a->stopped)
			break;
	}
	if (rc > 0)
		return 0;
	if (a->random && a->stopped)
		return 0;
	msg_err("%s%s", a->where, a->detail.p);
	return -1;
}

static int
write_body(struct buf *b, const struct gift *g)
{
	int err;

	buf_reset(b);
	err = buf_adds(b, "{\"from\":") |
	      json_write_str(b, g->from, strlen(g->from)) |
	      buf_addf(b, ",\"gift_id\":%" PRId64 ",\"amount\":%" PRId64,
		  g->gift_id, g->amount);
	if (g->streak[0] != '\0')
		err |= buf_adds(b, ",\"streak\":") |
		       json_write_str(b, g->streak, strlen(g->streak)) |
		       buf_addf(b, ",\"count\":%" PRId64, g->count);
	if (g->room[0] != '\0')
		err |= buf_adds(b, ",\"room\":") |
		       json_write_str(b, g->room, strlen(g->room));
	return err | buf_addc(b, '}');
}

static int
send_http(struct app *a, const struct gift *g)
{
	char key[64 + EVENT_NONCE_MAX], fresh[ULID_LEN + 1];
	const char *headers[] = { key, NULL, NULL };

	if (g->nonce_len > 0) {
		snprintf(key, sizeof(key), "Idempotency-Key: %.*s",
		    (int)g->nonce_len, g->nonce);
	} else {
		ulid_next(&a->ulid, clock_wall_ms(), fresh);
		snprintf(key, sizeof(key), "Idempotency-Key: %s", fresh);
	}
	if (a->auth.len > 0)
		headers[1] = a->auth.p;
	if (write_body(&a->text, g) < 0) {
		msg_err("%s%s", a->where, strerror(errno));
		return -1;
	}
	return try_all(a, headers);
}

static void
on_drained(void *arg)
{
	(void)arg;
}

static void
on_broken(void *arg, int err)
{
	struct app *a = arg;

	a->broken = err;
	a->stopped = a->hurry = true;
}

/* Waits until the line is out. 0, or -1 after a message. */
static int
send_out(struct app *a)
{
	bool out = sink_flush(a->sink);

	a->rang = false;
	if (!out && a->addr.kind == ADDR_CONNECT)
		loop_after(a->loop, &a->timer, (int64_t)(a->timeout * 1000),
		    on_timer, a);
	while (!out && !a->rang && !a->hurry) {
		if (loop_turn(a->loop, -1) < 0)
			break;
		out = sink_flush(a->sink);
	}
	loop_cancel(a->loop, &a->timer);
	if (out && a->broken == 0)
		return 0;
	if (a->rang) {
		msg_err("%s: %s", a->output, strerror(ETIMEDOUT));
		a->stopped = true; /* the next would fare no better */
	} else if (a->broken == 0 && !a->random) {
		msg_err("%sinterrupted: not sent", a->where);
	}
	return a->rang || !a->random ? -1 : 0;
}

static int
send_line(struct app *a, const struct gift *g)
{
	char id[ULID_LEN + 1];
	struct event_gift e = {
		.id = id,
		.from = g->from,
		.room = g->room[0] != '\0' ? g->room : NULL,
		.gift_id = g->gift_id,
		.amount = g->amount,
		.streak = g->streak[0] != '\0' ? g->streak : NULL,
		.count = g->count,
		.nonce = g->nonce_len > 0 ? g->nonce : NULL,
		.nonce_len = g->nonce_len,
		.ts = clock_wall_ms(),
	};

	ulid_next(&a->ulid, e.ts, id);
	buf_reset(&a->text);
	if (event_write_gift(&a->text, &e) < 0 ||
	    sink_put(a->sink, a->text.p, a->text.len, 1) < 0) {
		msg_err("%s%s", a->where, strerror(errno));
		return -1;
	}
	if (send_out(a) < 0)
		return -1;
	msg_info("%s%s: sent", a->where, id);
	return 0;
}

void
send_gift(struct app *a, const struct gift *g)
{
	int rc = a->sink != NULL ? send_line(a, g) : send_http(a, g);

	if (rc < 0)
		a->status = 1;
}

/* The Authorization header, out of --token-file, or else SS_TOKEN. */
static int
read_token(struct app *a, const char *env)
{
	struct buf token;
	const char *why = NULL;
	int rc = -1;

	buf_init(&token, SECRET_MAX);
	if (a->token_file)
		secret_read(a->token_file, &token, &why);
	else if (!(why = secret_check(env, strlen(env))))
		buf_adds(&token, env);
	if (why)
		msg_err(
		    "%s: %s", a->token_file ? a->token_file : "SS_TOKEN", why);
	else if (buf_adds(&a->auth, "Authorization: Bearer ") == 0)
		rc = buf_add(&a->auth, token.p, token.len);
	buf_release(&token);
	return rc;
}

static int
open_http(struct app *a)
{
	const char *err, *env = getenv("SS_TOKEN");
	bool readable = false;
	struct buf again;

	if (a->token_file != NULL || env != NULL) {
		if (read_token(a, env) < 0)
			return -1;
		buf_init(&again, a->target.max);
		http_url(a->url, "/", &again, &readable, &err);
		buf_release(&again);
		if (readable)
			msg_warn("the token is sent unencrypted");
	}
	a->http_conf = (struct http_conf){
		.agent = "ss-gift/" SS_VERSION,
		.timeout = a->timeout,
		.wake_fd = loop_fd(a->loop),
		.wake = on_wake,
		.arg = a,
	};
	a->http = http_new(&a->http_conf);
	if (a->http == NULL) {
		msg_err("%s", strerror(ENOMEM));
		return -1;
	}
	return 0;
}

static int
open_sink(struct app *a)
{
	static const struct sink_ops ops = {
		.drained = on_drained,
		.broken = on_broken,
	};

	a->sink = sink_open(a->loop, &a->addr, NULL, &ops, a);
	if (a->sink != NULL)
		return 0;
	if (errno == EPIPE && a->addr.kind == ADDR_STD) {
		a->broken = EPIPE;
		return -1;
	}
	msg_err("%s: %s", a->output, strerror(errno));
	return -1;
}

int
send_open(struct app *a)
{
	buf_init(&a->answer.body, HTTP_BODY_MAX);
	buf_init(&a->auth, SECRET_MAX + 64);
	buf_init(&a->text, EVENT_LINE_MAX);
	buf_init(&a->detail, 2 * HTTP_BODY_MAX);
	return a->output != NULL ? open_sink(a) : open_http(a);
}

void
send_close(struct app *a)
{
	sink_free(a->sink);
	http_free(a->http);
	buf_release(&a->answer.body);
	buf_release(&a->auth);
	buf_release(&a->text);
	buf_release(&a->detail);
}
