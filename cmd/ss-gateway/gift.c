/*
 * gift: a gift that was posted (lib/gift) goes out, if its giver may give it.
 */
#include "gift.h"

#include <string.h>

#include "gateway.h"

#include "banned.h"

static int
write_gift(struct buf *b, const struct post *p, const char *id, int64_t ts)
{
	struct event_gift e = *(const struct event_gift *)p->what;

	e.id = id;
	e.ts = ts;
	return event_write_gift(b, &e);
}

/* What was given, as the event that it becomes; in is borrowed. */
static void
fill(struct event_gift *e, const struct gift *in)
{
	e->from = in->from;
	e->room = in->room;
	e->gift_id = in->gift_id;
	e->amount = in->amount;
	e->streak = *in->streak ? in->streak : NULL;
	e->count = in->count;
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
	struct event_gift e = { .nonce = key, .nonce_len = keylen };
	struct gift in;
	struct post p = { .who = in.from,
		.room = in.room,
		.key = key,
		.keylen = keylen,
		.write = write_gift,
		.what = &e,
		.limited = id,
		.peer = peer };
	const char *why;

	memset(a, 0, sizeof *a);
	if (!g->ready) {
		post_refuse(a, 503, "not connected to the bus yet");
		return;
	}
	if (gift_read(&in, &g->doc, body, n, &why) < 0) {
		post_refuse(a, 400, why);
		return;
	}
	if (may_give(g, id, in.from, in.room, a) < 0)
		return;
	if (force_bans(g, id, in.from, in.room)) {
		post_refuse(a, 403, "from: is banned");
		return;
	}
	fill(&e, &in);
	if (strcmp(in.from, id->name) == 0)
		e.role = id->role;
	p.meaning = nonces_gift(in.room, &e);
	if (!post_known(g, &p, a))
		post_send(g, &p, a);
}
