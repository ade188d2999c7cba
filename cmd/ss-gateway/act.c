/*
 * act: what moderators do, on its way in. An action is checked, and becomes an
 * event on the line; it is in force when that is back (bus.c), here as in
 * every other gateway.
 */
#define _GNU_SOURCE
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

struct found {
	bool any;
	enum role highest;
};

static void
note_role(void *arg, struct viewer *v)
{
	struct found *f = arg;

	f->any = true;
	if (v->ident.role > f->highest)
		f->highest = v->ident.role;
}

/* Of who is connected, by his token; else of who once was, or has spoken. */
static enum role
role_of_user(struct gateway *g, const char *name)
{
	struct found f = { .highest = ROLE_VIEWER };

	show_each(g, name, note_role, &f);
	return f.any ? f.highest : names_role(g, name);
}

struct search {
	const char *id;
	struct event ev;
	enum role role;
};

static bool
note_author(
    void *arg, uint64_t seq, const char *line, size_t n, bool is_private)
{
	struct search *s = arg;
	const struct json_member *m;

	(void)seq;
	(void)is_private;
	if (!memmem(line, n, s->id, strlen(s->id)) ||
	    event_parse(&s->ev, line, n) < 0)
		return true;
	m = json_get(&s->ev.doc, "id");
	if (!m || !json_str_is(m, s->id))
		return true;
	if (json_get(&s->ev.doc, "role"))
		s->role = state_role(&s->ev);
	return false;
}

/* Of who has said it lately; a viewer's, where that isn't known any more. */
static enum role
role_of_author(struct gateway *g, const char *id)
{
	struct search s = { .id = id, .role = ROLE_VIEWER };

	fan_walk(g->staff ? g->staff : g->fan, NULL, 0, note_author, &s);
	event_release(&s.ev);
	return s.role;
}

/*
 * The role of whom it is done to, as far as that is known here. The rest is
 * seen where it is enforced.
 */
static enum role
role_of_target(struct gateway *g, const struct action *a)
{
	if (*a->target)
		return role_of_author(g, a->target);
	return *a->user ? role_of_user(g, a->user) : ROLE_VIEWER;
}

bool
act_is_vain(struct gateway *g, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "target");
	const struct json_member *type = json_get(&ev->doc, "type");
	enum role by = state_role(ev);

	buf_reset(&g->text);
	return by != ROLE_ADMIN && type && json_str_is(type, "delete") && m &&
	       m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	       g->text.len &&
	       !role_may_delete(by, role_of_author(g, g->text.p));
}

/* Who may act at all? Whatever it is. */
static bool
is_actor(const struct ident *actor)
{
	return !actor || (actor->known && role_is_staff(actor->role));
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
	a->role = actor->role;
	memcpy(a->by, actor->name, sizeof a->by);
	if (actor->rooms && (!*a->room || !ident_in_room(actor, a->room)))
		return post_refuse(
		    f, 403, "room: must be one of the token's rooms");
	if (!role_may_act(a->role, role_of_target(g, a)))
		return post_refuse(
		    f, 403, "nobody acts on an equal or a higher");
	if (force_outranks(g, a))
		return post_refuse(
		    f, 403, "what a higher has done only a higher ends");
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
	if (!is_actor(actor)) {
		post_refuse(f, 403,
		    "a moderator's token is needed; without keys, the "
		    "control socket");
		return;
	}
	if (read_action(g, &a, body, n, f) < 0 || may(g, actor, &a, f) < 0)
		return;
	if (actor)
		names_add(g, actor->name, actor->role);
	p.meaning = nonces_action(&a);
	if (post_known(g, &p, f))
		return;
	if (act_is_decision(type) && !hold_is_open(g, a.target, a.room))
		post_refuse(f, 409, "target: is not held, or decided already");
	else
		post_send(g, &p, f);
}
