/*
 * gift: the body of POST /api/gift, checked field by field: it is worth
 * money, so nothing is guessed and nothing rounded.
 */
#include <stdio.h>
#include <string.h>

#include "gateway.h"

#include "banned.h"

#define MEMBERS_MAX 32 /* a gift has six; the check for twins is quadratic */

/* A name in member key; out is left alone where an optional one is absent. */
static int
read_name(struct gateway *g, const char *key, bool optional,
    char out[EVENT_NAME_MAX + 1], struct fate *a)
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
	return post_refuse(a, 400, why);
}

static int
read_count(struct gateway *g, const char *key, int64_t min, int64_t *out,
    struct fate *a)
{
	const struct json_member *m = json_get(&g->doc, key);
	char why[80];

	if (m && json_int(m, out) == 0 && *out >= min)
		return 0;
	snprintf(
	    why, sizeof why, "%s: must be an integer >= %d", key, (int)min);
	return post_refuse(a, 400, why);
}

/*
 * The streak that it may be part of; streak is a buffer of the caller's. What
 * all of it is worth has to be a number that every JSON reader can hold.
 */
static int
read_streak(
    struct gateway *g, struct event_gift *e, char *streak, struct fate *a)
{
	if (!json_get(&g->doc, "streak") && !json_get(&g->doc, "count"))
		return 0;
	if (read_name(g, "streak", false, streak, a) < 0 ||
	    read_count(g, "count", 1, &e->count, a) < 0)
		return -1;
	if (e->count > JSON_INT_MAX / e->amount)
		return post_refuse(
		    a, 400, "count: amount times count is over 2^53");
	e->streak = streak;
	return 0;
}

/* The body as a gift; from and room are buffers of the caller's. */
static int
read_gift(struct gateway *g, const char *body, size_t n, struct event_gift *e,
    char *from, char *room, struct fate *a)
{
	if (json_parse(&g->doc, body, n) < 0)
		return post_refuse(a, 400, g->doc.err);
	if (g->doc.n > MEMBERS_MAX)
		return post_refuse(a, 400, "too many fields");
	if (json_has_duplicates(&g->doc))
		return post_refuse(a, 400, "a field stands twice");
	if (read_name(g, "from", false, from, a) < 0 ||
	    read_count(g, "gift_id", 0, &e->gift_id, a) < 0 ||
	    read_count(g, "amount", 1, &e->amount, a) < 0 ||
	    read_name(g, "room", true, room, a) < 0)
		return -1;
	e->from = from;
	e->room = room;
	return 0;
}

static int
write_gift(struct buf *b, const struct post *p, const char *id, int64_t ts)
{
	struct event_gift e = *(const struct event_gift *)p->what;

	e.id = id;
	e.ts = ts;
	return event_write_gift(b, &e);
}

/* An admin gives in anybody's name, everybody else in his own. */
static int
may_give(struct gateway *g, const struct ident *id, const char *from,
    const char *room, struct fate *a)
{
	if (id->known && id->role != ROLE_ADMIN && strcmp(from, id->name) != 0)
		return post_refuse(a, 403, "from: must be the token's sub");
	if (!ident_in_room(id, room))
		return post_refuse(a, 403, "room: not among the token's rooms");
	if (names_is_taken(g, id, from))
		return post_refuse(
		    a, 403, "from: looks like a moderator or the streamer");
	return 0;
}

void
gift_take(struct gateway *g, const struct ident *id, const struct peer *peer,
    const char *body, size_t n, const char *key, size_t keylen, struct fate *a)
{
	char from[EVENT_NAME_MAX + 1], room[EVENT_NAME_MAX + 1] = EVENT_ROOM;
	char streak[EVENT_NAME_MAX + 1];
	struct event_gift e = { .nonce = key, .nonce_len = keylen };
	struct post p = { .who = from,
		.room = room,
		.key = key,
		.keylen = keylen,
		.write = write_gift,
		.what = &e,
		.limited = id,
		.peer = peer };

	memset(a, 0, sizeof *a);
	if (!g->ready) {
		post_refuse(a, 503, "not connected to the bus yet");
		return;
	}
	if (read_gift(g, body, n, &e, from, room, a) < 0 ||
	    read_streak(g, &e, streak, a) < 0)
		return;
	if (may_give(g, id, from, room, a) < 0)
		return;
	if (force_bans(g, id, from, room)) {
		post_refuse(a, 403, "from: is banned");
		return;
	}
	if (strcmp(from, id->name) == 0)
		e.role = id->role;
	p.meaning = nonces_gift(room, &e);
	if (!post_known(g, &p, a))
		post_send(g, &p, a);
}
