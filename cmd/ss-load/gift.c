/*
 * gift.c: gifts over HTTP, a connection for each, as gateways answer one
 * request a connection. A gift's number is its gift_id, so that the event
 * says which one it is. Every tenth is posted again under its
 * Idempotency-Key when the first answer is there: the same id has to come
 * back, and no second event.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "json.h"

#include "banned.h"

#define ANSWER_MAX 16384
#define AGAIN 10
#define PATIENCE (10 * SECOND)

struct post {
	int fd; /* -1: free */
	uint32_t n;
	int64_t since;
	bool again;
	char id[ULID_LEN + 1]; /* the first answer's */
	struct buf out, in;
};

int
gift_open(struct app *a)
{
	size_t i;

	a->post = calloc(POSTS_MAX, sizeof *a->post);
	for (i = 0; a->post && i < POSTS_MAX; i++) {
		a->post[i].fd = -1;
		buf_init(&a->post[i].out, ANSWER_MAX);
		buf_init(&a->post[i].in, ANSWER_MAX);
	}
	return a->post ? 0 : -1;
}

void
gift_close(struct app *a)
{
	size_t i;

	for (i = 0; a->post && i < POSTS_MAX; i++) {
		if (a->post[i].fd >= 0)
			close(a->post[i].fd);
		buf_release(&a->post[i].out);
		buf_release(&a->post[i].in);
	}
	free(a->post);
}

bool
gift_busy(const struct app *a)
{
	size_t i;

	for (i = 0; a->post && i < POSTS_MAX; i++)
		if (a->post[i].fd >= 0)
			return true;
	return false;
}

static void
end(struct post *p)
{
	close(p->fd);
	p->fd = -1;
	buf_reset(&p->in);
	buf_reset(&p->out);
}

static void
refused(struct app *a, struct post *p, enum mistake kind, const char *why)
{
	struct note *n = order_find(a, (uint32_t)a->nsenders, p->n);

	if (kind < BAD_KINDS)
		report_mistake(
		    a, kind, NULL, "gift %" PRIu32 ": %s", p->n, why);
	if (n && !p->again && n->fate == NOTE_SENT) {
		order_refuse(a, n);
		a->n.gift_refused++;
	}
	if (p->fd >= 0)
		end(p);
}

static void
request(struct app *a, struct post *p)
{
	char body[256];
	int n;

	n = snprintf(body, sizeof body,
	    "{\"from\":\"%s\",\"gift_id\":%" PRIu32 ",\"amount\":%" PRIu32,
	    a->run, p->n, 1 + p->n % 7);
	if (a->nrooms > 1)
		n += snprintf(body + n, sizeof body - (size_t)n,
		    ",\"room\":\"%s-%" PRIu32 "\"", a->run,
		    p->n % (uint32_t)a->nrooms);
	buf_addf(&p->out,
	    "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: ss-load\r\n", a->api.p,
	    a->host);
	token_add(a, a->run, &p->out);
	buf_addf(&p->out,
	    "Content-Type: application/json\r\nContent-Length: %d\r\n"
	    "Idempotency-Key: %s-%" PRIu32 "\r\nConnection: close\r\n\r\n%s}",
	    n + 1, a->run, p->n, body);
}

static void
post(struct app *a, struct post *p)
{
	const uint64_t id = POST_ID + (uint64_t)(p - a->post);

	p->since = a->now;
	p->fd = target_connect(a, p->n, false);
	request(a, p);
	if (p->fd < 0 || engine_watch(a, p->fd, id, true, true) < 0)
		refused(a, p, BAD_GIFT, strerror(errno));
}

static void
retry_late(struct app *a)
{
	size_t i;

	for (i = 0; i < POSTS_MAX; i++)
		if (a->post[i].fd >= 0 && a->now - a->post[i].since > PATIENCE)
			refused(a, &a->post[i], BAD_GIFT, "no answer in time");
}

static struct post *
free_post(struct app *a)
{
	size_t i;

	for (i = 0; i < POSTS_MAX; i++)
		if (a->post[i].fd < 0)
			return &a->post[i];
	return NULL;
}

void
gift_due(struct app *a)
{
	struct post *p;
	struct note *n;
	int64_t due;

	retry_late(a);
	while (a->gift_rate > 0) {
		due = a->start +
		      (int64_t)((double)a->due_gifts / a->gift_rate * 1e9);
		if (due > a->now || due >= a->measure_to) {
			a->next_due = due < a->next_due ? due : a->next_due;
			return;
		}
		p = free_post(a);
		n = p ? order_new(a, (uint32_t)a->nsenders) : NULL;
		if (!n)
			return;
		n->due = due;
		n->sent = a->now;
		n->measured = a->phase == P_MEASURE && due >= a->measure_from;
		a->due_gifts++;
		a->n.gifts++;
		p->n = n->n;
		p->again = false;
		post(a, p);
	}
}

/* The id in a body like {"status":"queued","id":"..."}. */
static bool
answered_id(struct app *a, const char *body, size_t n, char id[ULID_LEN + 1])
{
	struct json_doc doc = { 0 };
	const struct json_member *m;
	bool ok = false;

	buf_reset(&a->word);
	if (json_parse(&doc, body, n) == 0 &&
	    (m = json_get(&doc, "id")) != NULL && m->kind == JSON_STRING &&
	    json_unescape(m, &a->word) == 0 &&
	    ulid_valid(a->word.p, a->word.len)) {
		memcpy(id, a->word.p, ULID_LEN + 1);
		ok = true;
	}
	json_release(&doc);
	return ok;
}

static void
judge(struct app *a, struct post *p, const char *body)
{
	char id[ULID_LEN + 1], why[64];

	if (strncmp(p->in.p, "HTTP/1.1 503", 12) == 0 ||
	    strncmp(p->in.p, "HTTP/1.1 429", 12) == 0) {
		refused(a, p, BAD_KINDS, NULL);
	} else if (strncmp(p->in.p, "HTTP/1.1 200", 12) != 0) {
		snprintf(why, sizeof why, "status %.3s",
		    p->in.len > 12 ? p->in.p + 9 : "?");
		refused(a, p, BAD_GIFT, why);
	} else if (!answered_id(
		       a, body, p->in.len - (size_t)(body - p->in.p), id)) {
		refused(a, p, BAD_GIFT, "an answer without an id");
	} else if (p->again && strcmp(id, p->id) != 0) {
		refused(a, p, BAD_GIFT, "another id for the same key");
	} else {
		end(p);
		if (!p->again && p->n % AGAIN == 0) {
			memcpy(p->id, id, sizeof id);
			p->again = true;
			a->n.gift_again++;
			post(a, p);
		}
	}
}

/* The answer is whole at its end, or when it has as much as it says. */
static void
receive(struct app *a, struct post *p)
{
	const char *body;
	ssize_t n;

	if (buf_reserve(&p->in, 1024) < 0) {
		refused(a, p, BAD_GIFT, "a long answer");
		return;
	}
	n = recv(p->fd, p->in.p + p->in.len, 1024, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		refused(a, p, BAD_GIFT, strerror(errno));
		return;
	}
	p->in.len += (size_t)n;
	p->in.p[p->in.len] = '\0';
	body = strstr(p->in.p, "\r\n\r\n");
	if (n == 0 && body)
		judge(a, p, body + 4);
	else if (n == 0)
		refused(a, p, BAD_GIFT, "no answer");
}

void
gift_event(struct app *a, uint32_t i, bool in, bool out)
{
	struct post *p = &a->post[i];
	const uint64_t id = POST_ID + i;
	ssize_t n;

	if (p->fd < 0)
		return;
	if (out && p->out.len > 0) {
		n = send(p->fd, p->out.p, p->out.len, MSG_NOSIGNAL);
		if (n > 0)
			buf_drop(&p->out, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR) {
			refused(a, p, BAD_GIFT, strerror(errno));
			return;
		}
		if (p->out.len == 0)
			engine_change(a, p->fd, id, false, true);
	}
	if (in && p->fd >= 0)
		receive(a, p);
}
