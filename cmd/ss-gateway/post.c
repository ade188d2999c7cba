/*
 * post: what was posted, a gift or an action, goes out once under its key.
 * The same key again is answered with the same id and sends nothing, also
 * where another worker has sent it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define FULL "the pipeline can't take more now"

int
post_refuse(struct fate *f, int status, const char *why)
{
	f->status = status;
	snprintf(f->detail, sizeof f->detail, "%s", why);
	return -1;
}

static void
used_otherwise(struct fate *f)
{
	post_refuse(f, 409, "Idempotency-Key: was used for another request");
}

/* The key was used before: the same id, and nothing new. */
static void
send_again(
    struct gateway *g, struct nonce *k, const struct post *p, struct fate *f)
{
	struct outgoing out = { .id = k->id,
		.room = p->room,
		.line = k->line,
		.len = k->line_len,
		.nonce = k };

	if (!nonces_means(k, p->meaning)) {
		used_otherwise(f);
		return;
	}
	if (k->state == NONCE_UNDELIVERED && k->line) {
		if (outbox_put(g, &out) < 0) {
			post_refuse(f, 503, FULL);
			return;
		}
		free(k->line);
		k->line = NULL;
	}
	f->status = 200;
	f->pending = k->state == NONCE_PENDING;
	memcpy(f->id, k->id, sizeof f->id);
}

/* False: another worker has sent it, and its answer is ours. */
static bool
claim(struct gateway *g, const struct post *p, struct fate *f)
{
	uint64_t other = p->meaning;

	if (!p->key || !g->is_worker ||
	    shared_claim(g, p->who, p->key, p->keylen, &other, f->id))
		return true;
	if (other != p->meaning) {
		used_otherwise(f);
		return false;
	}
	f->status = 200;
	f->pending = true;
	return false;
}

static void
unclaim(struct gateway *g, const struct post *p)
{
	if (p->key && g->is_worker)
		shared_unclaim(g, p->who, p->key, p->keylen);
}

bool
post_known(struct gateway *g, const struct post *p, struct fate *f)
{
	struct nonce *k = NULL;

	if (p->key)
		k = nonces_find(g->nonces, p->who, p->key, p->keylen);
	if (k)
		send_again(g, k, p, f);
	return k != NULL;
}

void
post_send(struct gateway *g, const struct post *p, struct fate *f)
{
	struct outgoing out = { .id = f->id, .room = p->room };
	struct cost cost = { .n = 0 };
	int64_t now = clock_wall_ms();

	ulid_next(&g->ids, now, f->id);
	if (!claim(g, p, f))
		return;
	if (p->limited)
		f->wait = limits_gift(g, p->limited, p->peer, &cost);
	if (f->wait) {
		g->n.limited++;
		unclaim(g, p);
		post_refuse(f, 429, "too many gifts from you");
		return;
	}
	buf_reset(&g->line);
	if (p->write(&g->line, p, f->id, now) == 0) {
		out.line = g->line.p;
		out.len = g->line.len;
	}
	if (!out.line || outbox_put(g, &out) < 0) {
		unclaim(g, p);
		post_refuse(f, 503, FULL);
		return;
	}
	limits_pay(g, &cost);
	f->status = 200;
	f->pending = true;
	if (p->key)
		outbox_named(g, f->id,
		    nonces_add(g->nonces, p->who, p->key, p->keylen, p->meaning,
			f->id));
}

void
post_returned(struct gateway *g, const char *id, const char *real, int status)
{
	http_delivered(g, id, real, status);
	control_delivered(g, id, real, status);
}
