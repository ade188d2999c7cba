/*
 * ask: see app.h. A second opinion for what our own score leaves in doubt.
 *
 * A request is sent the moment its event comes, and input is held while as
 * many are under way as may be. So no event waits for anything but its own
 * answer and those in front of it, all of which were asked earlier: no line
 * is held up for longer than the timeout of one request.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "breaker.h"
#include "clock.h"
#include "fetch.h"
#include "msg.h"
#include "secret.h"
#include "toxic/opinion.h"

#include "banned.h"

#define URL_MAX 65536

struct ask {
	struct app *app;
	enum opinion_format format;
	const char *model;
	int low, high; /* the band, in SCORE_ONEs, both ends in it */
	bool closed;
	struct buf url, shown; /* to ask, and to be told of: without the key */
	struct buf key, auth, body;
	struct fetch *fetch; /* NULL: not yet, or not any more */
	struct breaker breaker;
	uint64_t missed;   /* not asked about since the breaker opened */
	bool refusal_told; /* that the service refused a text */
	struct loop_timer stop;
};

bool
ask_is_closed(const struct ask *k)
{
	return k->closed;
}

/* --- the options ---------------------------------------------------------- */

/* A number from 0 to 1 that ends at the character end. */
static bool
read_score(const char **p, char end, int *score)
{
	char *rest;
	double x;

	if (!(**p >= '0' && **p <= '9') && **p != '.')
		return false; /* no sign, space, nan or inf */
	x = strtod(*p, &rest);
	if (rest == *p || *rest != end || !(x >= 0 && x <= 1))
		return false;
	*p = rest + 1;
	*score = (int)lrint(x * SCORE_ONE);
	return true;
}

static enum opinion_format
read_format(const char *name)
{
	if (strcmp(name, "openai") == 0)
		return OPINION_OPENAI;
	if (strcmp(name, "perspective") == 0)
		return OPINION_PERSPECTIVE;
	return OPINION_DETOXIFY;
}

/* From --ask-key-file or else SS_ASK_KEY. 0, or -1 after a message. */
static int
read_key(struct ask *k, const char *file)
{
	const char *env = getenv("SS_ASK_KEY"), *why;

	if (file != NULL) {
		if (secret_read(file, &k->key, &why) == 0)
			return 0;
		msg_err("%s: %s", file, why);
		return -1;
	}
	if (env == NULL || env[0] == '\0')
		return 0;
	why = secret_check(env, strlen(env));
	if (why == NULL)
		return buf_adds(&k->key, env);
	msg_err("SS_ASK_KEY: %s", why);
	return -1;
}

/* Where the format has its key: in the query, or in a header. */
static int
read_url(struct ask *k, const char *url, const struct opt_prog *prog)
{
	static const char *const paths[] = {
		[OPINION_DETOXIFY] = "/",
		[OPINION_OPENAI] = "/v1/moderations",
		[OPINION_PERSPECTIVE] = "/v1alpha1/comments:analyze",
	};
	bool in_query = k->format == OPINION_PERSPECTIVE, open;
	bool has_key = k->key.len > 0;
	const char *err;

	if (http_service(url, paths[k->format],
		in_query && has_key ? k->key.p : NULL, &k->url, &k->shown,
		&open, &err) < 0)
		opt_misuse(prog, "--ask: %s", err);
	if (open)
		msg_warn("--ask: messages%s are sent unencrypted",
		    has_key ? " and the key" : "");
	if (!has_key || in_query)
		return 0;
	return buf_adds(&k->auth, "Authorization: Bearer ") |
	       buf_add(&k->auth, k->key.p, k->key.len);
}

int
ask_init(struct app *a, const struct opt_prog *prog)
{
	const struct ask_conf *c = &a->ask_conf;
	const char *p = c->band;
	struct ask *k;

	if (c->url == NULL)
		return 0;
	a->queue = queue_new();
	a->ask = k = calloc(1, sizeof(*k));
	if (a->queue == NULL || k == NULL) {
		msg_err("--ask: out of memory");
		return -1;
	}
	buf_init(&k->url, URL_MAX);
	buf_init(&k->shown, URL_MAX);
	buf_init(&k->key, SECRET_MAX);
	buf_init(&k->auth, SECRET_MAX + 64);
	buf_init(&k->body, 16 * EVENT_INPUT_MAX);
	k->app = a;
	k->format = read_format(c->format);
	k->model = c->model != NULL ? c->model : OPINION_OPENAI_MODEL;
	k->closed = strcmp(c->fail, "closed") == 0;
	if (!read_score(&p, ':', &k->low) || !read_score(&p, '\0', &k->high) ||
	    k->low > k->high)
		opt_misuse(
		    prog, "--band: %s: must be LOW:HIGH, 0 to 1", c->band);
	if (read_key(k, c->key_file) < 0)
		return -1;
	return read_url(k, c->url, prog);
}

void
ask_free(struct ask *k)
{
	if (k == NULL)
		return;
	fetch_free(k->fetch);
	buf_release(&k->url);
	buf_release(&k->shown);
	buf_release(&k->key);
	buf_release(&k->auth);
	buf_release(&k->body);
	free(k);
}

/* --- answers -------------------------------------------------------------- */

/* What is told of a failure. No text of others may give the key away. */
static const char *
redact(const struct ask *k, const char *why)
{
	return k->key.len > 0 && strstr(why, k->key.p) != NULL ? "failed" : why;
}

static void
tell_breaker(
    struct ask *k, unsigned turn, bool ok, double retry_after, const char *why)
{
	const char *url = k->shown.p;
	int64_t now = clock_mono_ms(), wait = 0;

	if (retry_after > 0)
		wait = retry_after * 1000 < BREAKER_TOLD_MAX
			   ? (int64_t)(retry_after * 1000)
			   : BREAKER_TOLD_MAX;
	switch (breaker_tell(&k->breaker, now, turn, ok, wait)) {
	case BREAKER_OPENED:
		k->missed = 0;
		msg_warn("%s: %s: not asked for now, %s", url, redact(k, why),
		    k->closed ? "messages in the band are toxic"
			      : "our own scores decide");
		break;
	case BREAKER_CLOSED:
		msg_warn("%s: answers again; %" PRIu64
			 " messages were not asked about in %.1f s",
		    url, k->missed, (double)(now - k->breaker.since) / 1000);
		break;
	case BREAKER_AS_IT_WAS:
		break;
	}
}

/*
 * A text that the service does not take (a language that it doesn't know, or
 * too long a text) says nothing about the next one.
 */
static bool
is_refusal(long status)
{
	return status == 400 || status == 413 || status == 422;
}

static void
unanswered(struct ask *k, struct waiting *w, const struct http_answer *ans,
    const char *why)
{
	bool refused = is_refusal(ans->status);

	k->app->counts.unanswered++;
	queue_settle(w, ASKED_UNANSWERED);
	msg_info("line %" PRIu64 ": no second opinion: %s",
	    queue_line_number(w), redact(k, why));
	if (refused && !k->refusal_told)
		msg_warn("%s: line %" PRIu64 " was refused: %s; "
			 "others are not told of",
		    k->shown.p, queue_line_number(w), redact(k, why));
	k->refusal_told |= refused;
	tell_breaker(k, queue_turn(w), refused, ans->retry_after, why);
}

static void
on_done(void *arg, void *tag, enum http_end end, const struct http_answer *ans)
{
	struct ask *k = arg;
	struct waiting *w = tag;
	struct opinion o;
	const char *why = ans->why;
	char status[32];

	if (end != HTTP_ANSWERED) {
		unanswered(k, w, ans, why);
	} else if (ans->status < 200 || ans->status > 299) {
		snprintf(status, sizeof(status), "status %ld", ans->status);
		unanswered(k, w, ans, status);
	} else if (opinion_read(
		       k->format, ans->body.p, ans->body.len, &o, &why) < 0) {
		unanswered(k, w, ans, why);
	} else {
		opinion_apply(&o, queue_result(w));
		queue_settle(w, ASKED_ANSWERED);
		tell_breaker(k, queue_turn(w), true, 0, NULL);
	}
}

static bool
is_full(const struct ask *k)
{
	return k->fetch != NULL &&
	       fetch_count(k->fetch) >= (size_t)k->app->ask_conf.max;
}

static void
on_turned(void *arg)
{
	struct ask *k = arg;

	queue_move(k->app, is_full(k));
}

/* --- asking --------------------------------------------------------------- */

int
ask_open(struct app *a)
{
	struct ask *k = a->ask;
	const char *headers[2] = { NULL, NULL };
	struct fetch_conf conf;

	if (k == NULL)
		return 0;
	if (k->auth.len > 0)
		headers[0] = k->auth.p;
	conf = (struct fetch_conf){
		.url = k->url.p,
		.agent = "ss-moderate/" SS_VERSION,
		.headers = headers,
		.timeout = a->ask_conf.timeout,
		.most = (size_t)a->ask_conf.max,
		.done = on_done,
		.turned = on_turned,
		.arg = k,
	};
	k->fetch = fetch_new(stage_loop(a->stage), &conf);
	if (k->fetch == NULL)
		msg_err("--ask: out of memory");
	return k->fetch != NULL ? 0 : -1;
}

/* Sends the request. NULL when that was not possible. */
static struct waiting *
send_off(struct ask *k, const struct event *ev)
{
	struct app *a = k->app;
	struct waiting *w;

	buf_reset(&k->body);
	if (opinion_write(k->format, k->model, a->scored->p, a->scored->len,
		&k->body) < 0)
		return NULL;
	w = queue_prepare(a, ev);
	if (w != NULL && fetch_post(k->fetch, k->body.p, k->body.len, w) == 0)
		return w;
	if (w != NULL)
		queue_discard(w);
	return NULL;
}

bool
ask_about(struct app *a, const struct event *ev, struct verdict *v)
{
	struct ask *k = a->ask;
	int score = v->score[TOXIC_TOXICITY];
	struct waiting *w = NULL;
	unsigned turn = 0;
	int64_t now;

	if (score < k->low || score > k->high)
		return false;
	now = clock_mono_ms();
	if (k->fetch != NULL && breaker_ask(&k->breaker, now, &turn)) {
		w = send_off(k, ev);
		if (w == NULL)
			breaker_forget(&k->breaker, now, turn);
	}
	if (w == NULL) {
		v->asked = ASKED_UNANSWERED;
		a->counts.unanswered++;
		k->missed++;
		return false;
	}
	a->counts.asked++;
	queue_hold(a->queue, is_full(k));
	queue_wait(a, w, turn);
	return true;
}

/* --- the end -------------------------------------------------------------- */

/* Nothing is asked any more, and what waits is unanswered. */
static void
give_up(void *arg)
{
	struct ask *k = arg;

	k->app->counts.unanswered += fetch_count(k->fetch);
	fetch_free(k->fetch);
	k->fetch = NULL;
	queue_settle_all(k->app->queue);
	queue_move(k->app, false);
}

void
ask_stop(struct app *a)
{
	struct ask *k = a->ask;
	int64_t ms = (int64_t)(a->conf.drain * 1000 / 2);

	if (k == NULL)
		return;
	/* the other half is for the output */
	if (ms > 0)
		loop_after(stage_loop(a->stage), &k->stop, ms, give_up, k);
	else
		give_up(k);
}
