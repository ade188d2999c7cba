/*
 * gift: the body of POST /api/gift, checked field by field: it is worth
 * money, so nothing is guessed and nothing rounded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define MEMBERS_MAX 32 /* a gift has five; the check for twins is quadratic */

static int
bad(struct gift_answer *a, int status, const char *why)
{
	a->status = status;
	snprintf(a->detail, sizeof a->detail, "%s", why);
	return -1;
}

/* A name in member key; out is left alone where an optional one is absent. */
static int
read_name(struct gateway *g, const char *key, bool optional,
    char out[EVENT_NAME_MAX + 1], struct gift_answer *a)
{
	const struct json_member *m = json_get(&g->doc, key);
	char why[80];

	if (!m && optional)
		return 0;
	buf_reset(&g->text);
	if (m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	    event_name_valid(g->text.p, g->text.len)) {
		memcpy(out, g->text.p, g->text.len + 1);
		return 0;
	}
	snprintf(
	    why, sizeof why, "%s: must be 1 to 50 of A-Z a-z 0-9 . _ -", key);
	return bad(a, 400, why);
}

static int
read_count(struct gateway *g, const char *key, int64_t min, int64_t *out,
    struct gift_answer *a)
{
	const struct json_member *m = json_get(&g->doc, key);
	char why[80];

	if (m && json_int(m, out) == 0 && *out >= min)
		return 0;
	snprintf(
	    why, sizeof why, "%s: must be an integer >= %d", key, (int)min);
	return bad(a, 400, why);
}

/* The body as a gift; from and room are buffers of the caller's. */
static int
read_gift(struct gateway *g, const char *body, size_t n, struct event_gift *e,
    char *from, char *room, struct gift_answer *a)
{
	if (json_parse(&g->doc, body, n) < 0)
		return bad(a, 400, g->doc.err);
	if (g->doc.n > MEMBERS_MAX)
		return bad(a, 400, "too many fields");
	if (json_has_duplicates(&g->doc))
		return bad(a, 400, "a field stands twice");
	if (read_name(g, "from", false, from, a) < 0 ||
	    read_count(g, "gift_id", 0, &e->gift_id, a) < 0 ||
	    read_count(g, "amount", 1, &e->amount, a) < 0 ||
	    read_name(g, "room", true, room, a) < 0)
		return -1;
	e->from = from;
	e->room = room;
	return 0;
}

/* The key was used before: the same id, and nothing new. */
static void
take_again(struct gateway *g, struct nonce *k, uint64_t meaning,
    const char *room, struct gift_answer *a)
{
	struct outgoing out = { .id = k->id,
		.room = room,
		.line = k->line,
		.len = k->line_len,
		.nonce = k };

	if (k->meaning && k->meaning != meaning) {
		bad(a, 409, "Idempotency-Key: was used for another gift");
		return;
	}
	if (k->state == NONCE_UNDELIVERED && k->line) {
		if (outbox_put(g, &out) < 0) {
			bad(a, 503, "the pipeline can't take more now");
			return;
		}
		free(k->line);
		k->line = NULL;
	}
	a->status = 200;
	a->pending = k->state == NONCE_PENDING;
	memcpy(a->id, k->id, sizeof a->id);
}

/* False: another worker has sent it, and its answer is ours. */
static bool
claim(struct gateway *g, const struct event_gift *e, const char *key, size_t n,
    uint64_t meaning, struct gift_answer *a)
{
	uint64_t other = meaning;

	if (!g->is_worker || shared_claim(g, e->from, key, n, &other, a->id))
		return true;
	if (other != meaning) {
		bad(a, 409, "Idempotency-Key: was used for another gift");
		return false;
	}
	a->status = 200;
	a->pending = true;
	return false;
}

static void
unclaim(struct gateway *g, const char *from, const char *key, size_t n)
{
	if (key && g->is_worker)
		shared_unclaim(g, from, key, n);
}

void
gift_take(struct gateway *g, const struct ident *id, const char *body, size_t n,
    const char *key, size_t keylen, struct gift_answer *a)
{
	char from[EVENT_NAME_MAX + 1], room[EVENT_NAME_MAX + 1] = EVENT_ROOM;
	struct event_gift e = {
		.nonce = key, .nonce_len = keylen, .role = id->role
	};
	struct outgoing out = { .room = room };
	struct nonce *k = NULL;
	uint64_t meaning;

	memset(a, 0, sizeof *a);
	if (!g->ready) {
		bad(a, 503, "not connected to the bus yet");
		return;
	}
	if (read_gift(g, body, n, &e, from, room, a) < 0)
		return;
	if (id->known && id->role != ROLE_ADMIN &&
	    strcmp(from, id->name) != 0) {
		bad(a, 403, "from: must be the token's sub");
		return;
	}
	if (!ident_in_room(id, room)) {
		bad(a, 403, "room: not among the token's rooms");
		return;
	}
	meaning = nonces_gift(room, e.gift_id, e.amount);
	if (key)
		k = nonces_find(g->nonces, from, key, keylen);
	if (k) {
		take_again(g, k, meaning, room, a);
		return;
	}
	e.ts = clock_wall_ms();
	ulid_next(&g->ids, e.ts, a->id);
	if (key && !claim(g, &e, key, keylen, meaning, a))
		return;
	e.id = a->id;
	buf_reset(&g->line);
	if (event_write_gift(&g->line, &e) < 0) {
		unclaim(g, from, key, keylen);
		bad(a, 503, "the pipeline can't take more now");
		return;
	}
	out.id = a->id;
	out.line = g->line.p;
	out.len = g->line.len;
	if (outbox_put(g, &out) < 0) {
		unclaim(g, from, key, keylen);
		bad(a, 503, "the pipeline can't take more now");
		return;
	}
	a->status = 200;
	a->pending = true;
	if (key)
		outbox_named(g, a->id,
		    nonces_add(g->nonces, from, key, keylen, meaning, a->id));
}
