/*
 * state: see state.h. One entry per thing that can be in force, known by a
 * key such as "mute", room and user; it holds the line that put it there.
 * What an event takes back (unmute) is forgotten; what merely runs out is
 * left out when it is asked for, and thrown away then.
 */
#define _GNU_SOURCE
#include "state.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "action.h"
#include "clock.h"
#include "state-impl.h"

#include "banned.h"

#define KEY_MAX 192

struct state {
	struct state_table table;
	struct event ev, half;
	struct buf key, part, line;
};

/*
 * What each type of event puts in force, or takes back. A hold level is the
 * overall level, which is one without a label.
 */
static const struct {
	const char *type, *key, *what; /* what: the members of the key */
	const char *number;            /* a member worth knowing */
	bool ends;
	bool off; /* ends when the number is 0 or false */
} rules[] = {
	{ "mute", "mute", "user", NULL, false, false },
	{ "unmute", "mute", "user", NULL, true, false },
	{ "ban", "ban", "user", NULL, false, false },
	{ "unban", "ban", "user", NULL, true, false },
	{ "purge", "purge", "user", NULL, false, false }, /* and the role */
	{ "slow", "slow", NULL, "seconds", false, true },
	{ "subonly", "subonly", NULL, "on", false, true },
	{ "threshold", "threshold", NULL, NULL, false, false },
	{ "level", "level", "label", NULL, false, false },
	{ "hold", "level", "label", NULL, false, false },
	{ "delete", "delete", "target", NULL, false, false },
	{ "approve", "hold", "target", NULL, true, false },
	{ "deny", "hold", "target", NULL, true, false },
};
#define RULES (sizeof rules / sizeof *rules)

struct state *
state_new(void)
{
	struct state *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	buf_init(&s->key, KEY_MAX);
	buf_init(&s->part, EVENT_INPUT_MAX);
	buf_init(&s->line, EVENT_INPUT_MAX);
	if (state_table_open(&s->table) == 0)
		return s;
	free(s);
	return NULL;
}

void
state_free(struct state *s)
{
	if (!s)
		return;
	state_table_close(&s->table);
	buf_release(&s->key);
	buf_release(&s->part);
	buf_release(&s->line);
	event_release(&s->ev);
	event_release(&s->half);
	free(s);
}

/* Adds a member's value to the key; the default where it is absent. */
static int
key_part(struct state *s, const struct event *ev, const char *name)
{
	const struct json_member *m = json_get(&ev->doc, name);

	buf_reset(&s->part);
	if (m && m->kind == JSON_STRING)
		json_unescape(m, &s->part);
	return buf_addc(&s->key, '\n') |
	       buf_add(&s->key, s->part.p, s->part.len);
}

static int64_t
time_of(struct state *s, const struct event *ev, const char *name, int64_t none)
{
	const struct json_member *m = json_get(&ev->doc, name);
	int64_t ms;

	buf_reset(&s->part);
	if (m && m->kind == JSON_STRING && json_unescape(m, &s->part) == 0 &&
	    clock_parse(s->part.p, s->part.len, &ms) == 0)
		return ms;
	return none;
}

enum role
state_role(const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "role");
	int r;

	for (r = ROLE_VIEWER; m && r <= ROLE_ADMIN; r++)
		if (json_str_is(m, role_name((enum role)r)))
			return (enum role)r;
	return ROLE_ADMIN;
}

/* The key is made: it is in force by this event. NULL: no memory. */
static struct state_entry *
put(struct state *s, const struct event *ev, uint64_t seq, int64_t until,
    bool tombstone)
{
	struct state_entry *e = state_table_put(&s->table, &s->key, ev);

	if (!e)
		return NULL;
	e->seq = seq;
	e->until = until;
	e->role = state_role(ev);
	e->rank = json_get(&ev->doc, "role") ? e->role : ROLE_VIEWER;
	e->tombstone = tombstone;
	return e;
}

static void
fold_hold(struct state *s, const struct event *ev, uint64_t seq)
{
	const struct json_member *m = json_get(&ev->doc, "held");
	int64_t ts;

	if (!m || m->kind != JSON_TRUE)
		return;
	ts = time_of(s, ev, "ts", clock_wall_ms());
	buf_reset(&s->key);
	if (buf_adds(&s->key, "hold") == 0 && key_part(s, ev, "id") == 0)
		put(s, ev, seq, ts + STATE_HOLD_MS, false);
}

/* An event that puts something in force, or ends it. */
struct change {
	const struct event *ev;
	uint64_t seq;
	bool ends;
	int64_t number;
	bool ranked;    /* what a higher role has done stays as it is */
	enum role role; /* of who does it ... */
	int64_t now;    /* ... and when, in ms */
};

static void
rank(struct state *s, struct change *c)
{
	c->ranked = true;
	c->role = state_role(c->ev);
	c->now = time_of(s, c->ev, "ts", clock_wall_ms());
}

static bool
may_not_touch(const struct change *c, const struct state_entry *e)
{
	return c->ranked && e && !e->exception && e->until > c->now &&
	       e->rank > c->role;
}

struct below {
	const struct change *change;
	const struct buf *key;
};

static bool
is_below(void *arg, const struct state_entry *e)
{
	const struct below *b = arg;

	return e->keylen >= b->key->len &&
	       memcmp(e->text, b->key->p, b->key->len) == 0 &&
	       !may_not_touch(b->change, e);
}

/* Forgets what is in force under keys that begin as the one made so far. */
static void
forget_below(struct state *s, const struct change *c)
{
	struct below b = { c, &s->key };

	state_table_sift(&s->table, is_below, &b);
}

/*
 * An event for all rooms settles what was said for single ones. One that ends
 * something in a room where it is in force for all is an exception, and as
 * such in force itself.
 */
static void
fold_in_rooms(struct state *s, const struct change *c)
{
	const struct json_member *room = json_get(&c->ev->doc, "room");
	size_t keep = s->key.len;
	bool all = false;
	struct state_entry **at, *e;

	if (buf_addc(&s->key, '\n') < 0)
		return;
	if (!room) {
		forget_below(s, c);
	} else {
		at = state_table_find(&s->table, &s->key);
		if (c->ends && may_not_touch(c, *at))
			return;
		all = *at != NULL;
	}
	buf_cut(&s->key, keep);
	if (key_part(s, c->ev, "room") < 0)
		return;
	at = state_table_find(&s->table, &s->key);
	if (may_not_touch(c, *at))
		return;
	if (!c->ends || all) {
		e = put(s, c->ev, c->seq, time_of(s, c->ev, "until", INT64_MAX),
		    false);
		if (e) {
			e->number = c->number;
			e->exception = c->ends;
		}
	} else if (*at) {
		state_table_forget(&s->table, at);
	}
}

/* Is what this entry holds said in the room that the event is about? */
static bool
is_in_room(struct state *s, const struct state_entry *e, const struct event *ev)
{
	const struct json_member *want = json_get(&ev->doc, "room"), *m;
	bool same = false;

	if (!want)
		return true;
	buf_reset(&s->part);
	if (want->kind == JSON_STRING && json_unescape(want, &s->part) == 0 &&
	    event_parse(&s->half, e->text + e->keylen, e->len - 1) == 0) {
		m = json_get(&s->half.doc, "room");
		same = m ? json_str_is(m, s->part.p)
			 : strcmp(s->part.p, EVENT_ROOM) == 0;
	}
	return same;
}

/* The key is that of the target's tombstone, or of its hold. */
static void
fold_target(struct state *s, const struct event *ev, uint64_t seq, bool ends)
{
	struct state_entry **at;

	if (!ends) {
		/*
		 * One for each room and role: a wrong one, or one that doesn't
		 * reach as far, must not replace the right.
		 */
		if (key_part(s, ev, "room") < 0 ||
		    buf_addf(&s->key, "\n%s", role_name(state_role(ev))) < 0)
			return;
		put(s, ev, seq, INT64_MAX, true);
		/* what is deleted waits for nothing any more */
		buf_reset(&s->key);
		if (buf_adds(&s->key, "hold") < 0 ||
		    key_part(s, ev, "target") < 0)
			return;
	}
	at = state_table_find(&s->table, &s->key);
	if (*at && is_in_room(s, *at, ev))
		state_table_forget(&s->table, at);
}

/* One half of a ban: without the other, so that each ends by itself. */
static void
fold_half(struct state *s, const struct event *ev, uint64_t seq, bool ends,
    const char *other)
{
	struct change c = { .seq = seq, .ends = ends };
	const char *const drop[] = { other, NULL };

	if (json_get(&ev->doc, other)) {
		buf_reset(&s->line);
		if (event_splice(ev, drop, NULL, 0, &s->line) < 0 ||
		    event_parse(&s->half, s->line.p, s->line.len) < 0)
			return;
		ev = &s->half;
	}
	c.ev = ev;
	rank(s, &c);
	fold_in_rooms(s, &c);
}

/* A ban is of a user, of an address, or of both. */
static void
fold_ban(struct state *s, const struct event *ev, uint64_t seq, bool ends)
{
	const struct json_member *m = json_get(&ev->doc, "address");
	char address[ACTION_ADDRESS_MAX];

	if (json_get(&ev->doc, "user") && buf_adds(&s->key, "ban") == 0 &&
	    key_part(s, ev, "user") == 0)
		fold_half(s, ev, seq, ends, "address");
	buf_reset(&s->part);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &s->part) < 0 ||
	    action_address(s->part.p, s->part.len, address) < 0)
		return;
	buf_reset(&s->key);
	if (buf_addf(&s->key, "address\n%s", address) == 0)
		fold_half(s, ev, seq, ends, "user");
}

static int64_t
number_of(const struct event *ev, const char *key)
{
	const struct json_member *m = json_get(&ev->doc, key);
	int64_t n = 0;

	if (m && m->kind == JSON_TRUE)
		return 1;
	return m && json_int(m, &n) == 0 && n > 0 ? n : 0;
}

void
state_fold(struct state *s, const struct event *ev, uint64_t seq)
{
	const struct json_member *m = json_get(&ev->doc, "type");
	struct change c = { .ev = ev, .seq = seq };
	size_t i;

	if (ev->type == EVENT_CHAT)
		fold_hold(s, ev, seq);
	if (ev->type != EVENT_OTHER || !m)
		return;
	for (i = 0; i < RULES; i++)
		if (json_str_is(m, rules[i].type))
			break;
	buf_reset(&s->key);
	if (i < RULES && strcmp(rules[i].key, "ban") == 0) {
		fold_ban(s, ev, seq, rules[i].ends);
		return;
	}
	/* names too long for a key are nobody's */
	if (i == RULES || buf_adds(&s->key, rules[i].key) < 0 ||
	    (rules[i].what && key_part(s, ev, rules[i].what) < 0))
		return;
	if (rules[i].what && strcmp(rules[i].what, "target") == 0) {
		fold_target(s, ev, seq, rules[i].ends);
		return;
	}
	/* a later one of a lower role doesn't reach as far */
	if (strcmp(rules[i].key, "purge") == 0 &&
	    buf_addf(&s->key, "\n%s", role_name(state_role(ev))) < 0)
		return;
	if (rules[i].number)
		c.number = number_of(ev, rules[i].number);
	c.ends = rules[i].ends || (rules[i].off && !c.number);
	if (strcmp(rules[i].key, "mute") == 0)
		rank(s, &c);
	fold_in_rooms(s, &c);
}

/* What the key made so far has in this room; NULL: nothing that counts. */
static const struct state_entry *
look_up(struct state *s, const char *room, int64_t now)
{
	const struct state_entry *e;
	size_t keep = s->key.len;

	if (buf_addf(&s->key, "\n%s", room) < 0)
		return NULL;
	e = *state_table_find(&s->table, &s->key);
	if (e && e->until > now)
		return e->exception ? NULL : e;
	buf_cut(&s->key, keep);
	if (buf_addc(&s->key, '\n') < 0)
		return NULL;
	e = *state_table_find(&s->table, &s->key);
	return e && e->until > now && !e->exception ? e : NULL;
}

/* Begins a key. False: who is too long to be anybody. */
static bool
begin_key(struct state *s, enum state_kind kind, const char *who)
{
	static const char *const keys[] = {
		[STATE_MUTE] = "mute",
		[STATE_BAN] = "ban",
		[STATE_ADDRESS] = "address",
		[STATE_SLOW] = "slow",
		[STATE_SUBONLY] = "subonly",
	};

	buf_reset(&s->key);
	return buf_adds(&s->key, keys[kind]) == 0 &&
	       (!who || buf_addf(&s->key, "\n%s", who) == 0);
}

bool
state_get(struct state *s, enum state_kind kind, const char *who,
    const char *room, int64_t now, struct state_force *out)
{
	const struct state_entry *e;

	if (!s->table.n || !begin_key(s, kind, who))
		return false;
	e = look_up(s, room, now);
	if (!e)
		return false;
	*out = (struct state_force){ .until = e->until,
		.number = e->number,
		.seq = e->seq,
		.role = e->role,
		.rank = e->rank };
	return true;
}

/* What there is under a key in single rooms. */
struct in_rooms {
	const struct buf *key;
	const struct state_attempt *attempt;
	size_t can, cannot; /* be ended by it */
};

static bool
count_in_rooms(void *arg, const struct state_entry *e)
{
	struct in_rooms *r = arg;

	if (e->keylen < r->key->len || e->exception ||
	    e->until <= r->attempt->now ||
	    memcmp(e->text, r->key->p, r->key->len) != 0)
		return false;
	if (e->rank > r->attempt->role)
		r->cannot++;
	else
		r->can++;
	return false;
}

bool
state_outranks(struct state *s, enum state_kind kind, const char *who,
    const struct state_attempt *a)
{
	struct in_rooms r = { &s->key, a, 0, 0 };
	struct state_force f;

	if (state_get(s, kind, who, a->room, a->now, &f) && f.rank > a->role)
		return true;
	if (!a->ends || *a->room || !begin_key(s, kind, who) ||
	    buf_addc(&s->key, '\n') < 0)
		return false;
	state_table_sift(&s->table, count_in_rooms, &r);
	return r.cannot && !r.can;
}

bool
state_purges(struct state *s, const char *user, const char *room,
    const enum role *author, uint64_t seq)
{
	const struct state_entry *e;
	enum role r;

	for (r = ROLE_VIEWER; s->table.n && r <= ROLE_ADMIN; r++) {
		if (author && !role_may_act(r, *author))
			continue;
		buf_reset(&s->key);
		if (buf_addf(&s->key, "purge\n%s\n%s", user, role_name(r)) < 0)
			return false;
		e = look_up(s, room, INT64_MIN);
		if (e && seq < e->seq)
			return true;
	}
	return false;
}

void
state_fold_line(struct state *s, const char *line, size_t n, uint64_t seq)
{
	static const char chat[] = "{\"type\":\"chat\",";
	static const char gift[] = "{\"type\":\"gift\",";

	if (n > sizeof gift - 1 && memcmp(line, gift, sizeof gift - 1) == 0)
		return;
	if (n > sizeof chat - 1 && memcmp(line, chat, sizeof chat - 1) == 0 &&
	    !memmem(line, n, "\"held\"", 6))
		return;
	event_tail_seq(line, n, &seq);
	if (event_parse(&s->ev, line, n) == 0)
		state_fold(s, &s->ev, seq);
}

/* What is in force up to a position. */
struct list {
	const struct state_entry **e;
	size_t n;
	uint64_t base;
	int64_t now;
};

static bool
has_run_out(void *arg, const struct state_entry *e)
{
	struct list *l = arg;

	if (e->until <= l->now)
		return true;
	if (e->seq <= l->base)
		l->e[l->n++] = e;
	return false;
}

static int
by_seq(const void *a, const void *b)
{
	const struct state_entry *x = *(const struct state_entry *const *)a;
	const struct state_entry *y = *(const struct state_entry *const *)b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

size_t
state_write(struct state *s, uint64_t base, int64_t now, struct buf *out)
{
	struct list l = { .base = base, .now = now };
	const struct state_entry *e;
	size_t i;

	l.e = calloc(s->table.n + 1, sizeof(struct state_entry *));
	if (!l.e)
		return 0;
	state_table_sift(&s->table, has_run_out, &l);
	qsort(l.e, l.n, sizeof(struct state_entry *), by_seq);
	for (i = 0; i < l.n; i++) {
		e = l.e[i];
		if (buf_add(out, e->text + e->keylen, e->len) < 0)
			break;
	}
	free(l.e);
	return i;
}
