/*
 * force: what moderators' actions do here, when they have come back over the
 * bus: to who is connected, to who wants to connect, and to what is said and
 * shown. What lasts is a fold over the events (lib/state), so it is the same
 * in every gateway, and after a restart. Nobody acts on an equal or a higher:
 * that is seen here, where the role of whom it is done to is known.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define CLOSE_FORCED 4003 /* CONTRACT 6 */
#define DELETED 200000    /* tombstones kept */
#define SPOKEN 65536      /* users and rooms whose last message is known */
#define WAYS 8

/* When somebody has last said something in a room in slow mode. */
struct spoken {
	uint64_t key; /* a hash */
	int64_t at;   /* monotonic ms; 0: free */
};

struct force {
	struct state *state;
	struct window *deleted; /* ids of events that are not shown */
	struct spoken *spoken;
	uint64_t seed;
	bool purges; /* there have been some */
};

int
force_open(struct gateway *g)
{
	struct force *f = calloc(1, sizeof *f);

	g->force = f;
	if (!f)
		return -1;
	f->state = state_new();
	f->deleted = window_new(DELETED);
	f->spoken = calloc(SPOKEN, sizeof *f->spoken);
	return f->state && f->deleted && f->spoken &&
		       getrandom(&f->seed, sizeof f->seed, 0) == sizeof f->seed
		   ? 0
		   : -1;
}

void
force_close(struct gateway *g)
{
	struct force *f = g->force;

	if (!f)
		return;
	state_free(f->state);
	window_free(f->deleted);
	free(f->spoken);
	free(f);
}

/* A string member, decoded into g->text. */
static bool
text_of(struct gateway *g, const struct json_doc *d, const char *key)
{
	const struct json_member *m = json_get(d, key);

	buf_reset(&g->text);
	return m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0;
}

/* The room that an action is for; "": all. False: it is none. */
static bool
room_of(
    struct gateway *g, const struct event *ev, char room[EVENT_NAME_MAX + 1])
{
	*room = '\0';
	if (!json_get(&ev->doc, "room"))
		return true;
	if (!text_of(g, &ev->doc, "room") || g->text.len > EVENT_NAME_MAX)
		return false;
	memcpy(room, g->text.p, g->text.len + 1);
	return true;
}

/* By whom it was deleted, and where; room "": the tombstone for all rooms. */
static struct window_key
tombstone(
    struct gateway *g, const char *id, size_t n, const char *room, enum role by)
{
	char where[EVENT_NAME_MAX + 1];
	size_t m = strlen(room);

	where[0] = (char)by;
	memcpy(where + 1, room, m);
	return window_key(g->force->deleted, id, n, where, 1 + m);
}

/* By anybody who may delete what one of that role has said. */
static bool
is_buried(struct gateway *g, const char *id, size_t n, const char *room,
    enum role author)
{
	const struct window *w = g->force->deleted;
	enum role r;

	for (r = ROLE_VIEWER; r <= ROLE_ADMIN; r++)
		if (role_may_delete(r, author) &&
		    (window_has(w, tombstone(g, id, n, "", r)) ||
			window_has(w, tombstone(g, id, n, room, r))))
			return true;
	return false;
}

void
force_bury(struct gateway *g, const char *id, const char *room, enum role by)
{
	struct window_key k = tombstone(g, id, strlen(id), room, by);

	if (!window_has(g->force->deleted, k))
		window_add(g->force->deleted, k);
}

static void
bury(struct gateway *g, const struct event *ev, const char *room)
{
	if (!text_of(g, &ev->doc, "target"))
		return;
	hold_drop(g, g->text.p, room);
	force_bury(g, g->text.p, room, state_role(ev));
}

static bool
type_of(const struct event *ev, enum action_type *type)
{
	const struct json_member *m = json_get(&ev->doc, "type");

	return m && m->kind == JSON_STRING &&
	       action_find(m->val + 1, m->vallen - 2, type) == 0;
}

bool
force_event(struct gateway *g, const struct event *ev, uint64_t seq)
{
	char room[EVENT_NAME_MAX + 1];
	enum action_type type;

	if (!type_of(ev, &type))
		return true;
	if (!room_of(g, ev, room))
		return !act_is_decision(type);
	if (type == ACTION_DELETE) {
		bury(g, ev, room);
		return true;
	}
	if (act_is_decision(type))
		return hold_decide(g, ev, room, type == ACTION_APPROVE);
	state_fold(g->force->state, ev, seq);
	if (type == ACTION_PURGE) {
		g->force->purges = true;
		hold_purge(g, ev, room);
	}
	return true;
}

/* --- who is connected --- */

struct aim {
	struct gateway *g;
	char address[ACTION_ADDRESS_MAX]; /* "": by name */
	char room[EVENT_NAME_MAX + 1];    /* "": all */
	enum role role;
};

static void
hit(void *arg, struct viewer *v)
{
	const struct aim *aim = arg;
	char address[ACTION_ADDRESS_MAX];

	if (!role_may_act(aim->role, v->ident.role) ||
	    (*aim->room && strcmp(aim->room, fan_room_name(v)) != 0))
		return;
	if (*aim->address && (action_address(v->ident.addr,
				  strlen(v->ident.addr), address) < 0 ||
				 strcmp(address, aim->address) != 0))
		return;
	fan_close(v, CLOSE_FORCED);
}

void
force_act(struct gateway *g, const struct event *ev)
{
	struct aim aim = { .g = g, .role = state_role(ev) };
	enum action_type type;

	if (!type_of(ev, &type) || (type != ACTION_KICK && type != ACTION_BAN))
		return;
	if (!room_of(g, ev, aim.room))
		return;
	show_flush(g); /* he is told */
	if (text_of(g, &ev->doc, "user"))
		show_each(g, g->text.p, hit, &aim);
	if (type == ACTION_BAN && text_of(g, &ev->doc, "address") &&
	    action_address(g->text.p, g->text.len, aim.address) == 0)
		show_each(g, NULL, hit, &aim);
}

/* --- who wants something --- */

bool
force_outranks(struct gateway *g, const struct action *a)
{
	struct state *s = g->force->state;
	int64_t now = clock_wall_ms();
	bool mute = a->type == ACTION_MUTE || a->type == ACTION_UNMUTE;
	bool ban = a->type == ACTION_BAN || a->type == ACTION_UNBAN;
	bool ends = a->type == ACTION_UNMUTE || a->type == ACTION_UNBAN;
	struct state_attempt t = { a->room, a->role, ends, now };

	if ((mute || ban) && *a->user &&
	    state_outranks(s, mute ? STATE_MUTE : STATE_BAN, a->user, &t))
		return true;
	return ban && *a->address &&
	       state_outranks(s, STATE_ADDRESS, a->address, &t);
}

bool
force_bans(struct gateway *g, const struct ident *id, const char *name,
    const char *room)
{
	int64_t now = clock_wall_ms();
	char address[ACTION_ADDRESS_MAX];
	struct state_force f;

	if (state_get(g->force->state, STATE_BAN, name, room, now, &f) &&
	    role_may_act(f.role, id->role))
		return true;
	return action_address(id->addr, strlen(id->addr), address) == 0 &&
	       state_get(
		   g->force->state, STATE_ADDRESS, address, room, now, &f) &&
	       role_may_act(f.role, id->role);
}

/* FNV-1a (isthe.com/chongo/tech/comp/fnv), from a seed that nobody knows. */
static uint64_t
spoken_key(const struct force *f, const char *room, const char *user)
{
	uint64_t h = UINT64_C(14695981039346656037) ^ f->seed;
	const char *p;

	for (p = room; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	h = (h ^ 0xff) * UINT64_C(1099511628211);
	for (p = user; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

/* His place, or the oldest one of those that could be. */
static struct spoken *
spoken_of(struct force *f, const char *room, const char *user)
{
	uint64_t key = spoken_key(f, room, user);
	struct spoken *set = &f->spoken[key % (SPOKEN / WAYS) * WAYS], *p;
	struct spoken *oldest = set;

	for (p = set; p < set + WAYS; p++) {
		if (p->at && p->key == key)
			return p;
		if (p->at < oldest->at)
			oldest = p;
	}
	*oldest = (struct spoken){ .key = key };
	return oldest;
}

void
force_said(struct gateway *g, const char *room, const char *user)
{
	struct state_force f;

	if (state_get(
		g->force->state, STATE_SLOW, NULL, room, clock_wall_ms(), &f))
		spoken_of(g->force, room, user)->at = clock_mono_ms();
}

/* Slow mode, for who has just said something. */
static bool
too_soon(struct gateway *g, const struct viewer *v, int64_t seconds,
    struct refusal *r)
{
	const struct spoken *p = spoken_of(
	    g->force, fan_room_name(v), v->ident.name);
	int64_t left = p->at + seconds * 1000 - clock_mono_ms();

	if (!p->at || left <= 0)
		return false;
	*r = (struct refusal){ .code = "slow_mode",
		.detail = "slow mode: wait a little",
		.retry_after = (left + 999) / 1000 };
	return true;
}

bool
force_refuses(struct gateway *g, const struct viewer *v, struct refusal *r)
{
	const char *room = fan_room_name(v), *name = v->ident.name;
	struct state *s = g->force->state;
	int64_t now = clock_wall_ms();
	struct state_force f;

	*r = (struct refusal){ .code = NULL };
	if (force_bans(g, &v->ident, name, room)) {
		*r = (struct refusal){ .code = "banned",
			.detail = "you are banned" };
		return true;
	}
	if (state_get(s, STATE_MUTE, name, room, now, &f) &&
	    role_may_act(f.role, v->ident.role)) {
		*r = (struct refusal){ .code = "muted",
			.detail = "you are muted",
			.until = f.until };
		return true;
	}
	if (viewer_is_staff(v))
		return false;
	if (v->ident.role < ROLE_SUBSCRIBER &&
	    state_get(s, STATE_SUBONLY, NULL, room, now, &f)) {
		*r = (struct refusal){ .code = "forbidden",
			.detail = "only subscribers may chat now" };
		return true;
	}
	return state_get(s, STATE_SLOW, NULL, room, now, &f) &&
	       too_soon(g, v, f.number, r);
}

static void
tell_mute(const struct state_force *f, struct buf *out)
{
	char t[CLOCK_RFC3339_LEN + 1];

	buf_adds(out, ",\"mute\":{");
	if (f->until != INT64_MAX) {
		clock_format(f->until, t);
		buf_addf(out, "\"until\":\"%s\"", t);
	}
	buf_addc(out, '}');
}

void
force_tell(struct gateway *g, const struct viewer *v, struct buf *out)
{
	const char *room = fan_room_name(v);
	struct state *s = g->force->state;
	int64_t now = clock_wall_ms();
	struct state_force f;
	struct refusal r;

	if (state_get(s, STATE_MUTE, v->ident.name, room, now, &f) &&
	    role_may_act(f.role, v->ident.role))
		tell_mute(&f, out);
	if (state_get(s, STATE_SLOW, NULL, room, now, &f)) {
		buf_addf(out, ",\"slow\":{\"seconds\":%" PRId64, f.number);
		if (!viewer_is_staff(v) && too_soon(g, v, f.number, &r))
			buf_addf(
			    out, ",\"retry_after\":%" PRId64, r.retry_after);
		buf_addc(out, '}');
	}
	if (state_get(s, STATE_SUBONLY, NULL, room, now, &f))
		buf_adds(out, ",\"subonly\":true");
}

/* --- what is shown --- */

/* He has been purged since he said it. */
static bool
is_purged(
    struct gateway *g, const struct event *ev, uint64_t seq, const char *room)
{
	enum role role = state_role(ev);

	return ev->type == EVENT_CHAT && text_of(g, &ev->doc, "user") &&
	       state_purges(g->force->state, g->text.p, room,
		   json_get(&ev->doc, "role") ? &role : NULL, seq);
}

/* Nothing was deleted nor purged: nearly always. */
static bool
shows_all(const struct force *f)
{
	return !window_count(f->deleted) && !f->purges;
}

bool
force_hides_event(struct gateway *g, const struct event *ev, uint64_t seq)
{
	/* what was approved is deleted by either id */
	static const char *const ids[] = { "id", "approved" };
	enum role author = json_get(&ev->doc, "role") ? state_role(ev)
						      : ROLE_VIEWER;
	char room[EVENT_NAME_MAX + 1];
	size_t i;

	if (shows_all(g->force) || !room_of(g, ev, room))
		return false;
	if (!*room)
		memcpy(room, EVENT_ROOM, sizeof EVENT_ROOM);
	for (i = 0; i < sizeof ids / sizeof *ids; i++)
		if (text_of(g, &ev->doc, ids[i]) &&
		    is_buried(g, g->text.p, g->text.len, room, author))
			return true;
	return g->force->purges && is_purged(g, ev, seq, room);
}

bool
force_hides(struct gateway *g, uint64_t seq, const char *line, size_t n)
{
	struct event ev = { 0 };
	bool r;

	if (shows_all(g->force))
		return false;
	r = event_parse(&ev, line, n) < 0 || force_hides_event(g, &ev, seq);
	event_release(&ev);
	return r;
}
