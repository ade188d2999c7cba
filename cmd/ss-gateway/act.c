/*
 * act: what moderators do, on its way in. An action is checked, and becomes an
 * event on the line; it is in force when that is back (bus.c), here as in
 * every other gateway.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define MEMBERS_MAX 32  /* the check for twins is quadratic */
#define CONSOLE "admin" /* who has the control socket and gives no name */

bool
act_is_decision(enum action_type t)
{
	return t == ACTION_APPROVE || t == ACTION_DENY;
}

static int
write_action(struct buf *b, const struct post *p, const char *id, int64_t ts)
{
	return action_write(b, p->what, id, ts, p->key, p->keylen);
}

/* The body as an action. 0, or -1 with its fate. */
static int
read_action(struct gateway *g, struct action *a, const char *body, size_t n,
    struct fate *f)
{
	const char *why;

	if (json_parse(&g->doc, body, n) < 0)
		return post_refuse(f, 400, g->doc.err);
	if (g->doc.n > MEMBERS_MAX)
		return post_refuse(f, 400, "too many fields");
	if (json_has_duplicates(&g->doc))
		return post_refuse(f, 400, "a field stands twice");
	if (action_read(a, &g->doc, clock_wall_ms(), &why) < 0)
		return post_refuse(f, 400, why);
	return 0;
}

/* May he do that? 0, or -1 with its fate. */
static int
may(struct gateway *g, const struct ident *actor, struct action *a,
    struct fate *f)
{
	if (!actor) {
		a->role = ROLE_ADMIN;
		if (!*a->by)
			memcpy(a->by, CONSOLE, sizeof CONSOLE);
		return 0;
	}
	if (!actor->known || !role_is_staff(actor->role))
		return post_refuse(f, 403,
		    "a moderator's token is needed; without keys, the "
		    "control socket");
	a->role = actor->role;
	memcpy(a->by, actor->name, sizeof a->by);
	if (actor->rooms && (!*a->room || !ident_in_room(actor, a->room)))
		return post_refuse(
		    f, 403, "room: must be one of the token's rooms");
	(void)g;
	return 0;
}

void
act_take(struct gateway *g, const struct ident *actor, enum action_type type,
    const char *body, size_t n, const char *key, size_t keylen, struct fate *f)
{
	struct action a = { .type = type };
	struct post p = { .who = a.by,
		.room = a.room,
		.key = key,
		.keylen = keylen,
		.write = write_action,
		.what = &a };

	memset(f, 0, sizeof *f);
	if (!g->ready) {
		post_refuse(f, 503, "not connected to the bus yet");
		return;
	}
	if (read_action(g, &a, body, n, f) < 0 || may(g, actor, &a, f) < 0)
		return;
	p.meaning = nonces_action(&a);
	if (!post_known(g, &p, f))
		post_send(g, &p, f);
}
