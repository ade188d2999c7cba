/*
 * tally: see dash.h. Everything has a fixed size: a ring of seconds, and a
 * table of users in which the least active of a few makes room for a new
 * one, so that no flood of names can push out who really takes part.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dash.h"

#include "banned.h"

#define SLOTS (4 * USERS_MAX) /* of the hash table: a power of two */
#define CANDIDATES 16         /* looked at for one to make room */
#define UNKNOWN (-1)

int
tally_init(struct tally *t)
{
	t->point = calloc(POINTS, sizeof *t->point);
	t->user = calloc(USERS_MAX, sizeof *t->user);
	t->index = calloc(SLOTS, sizeof *t->index);
	return t->point && t->user && t->index && streaks_init(&t->streaks) == 0
		   ? 0
		   : -1;
}

void
tally_release(struct tally *t)
{
	free(t->point);
	free(t->user);
	free(t->index);
	streaks_release(&t->streaks);
	*t = (struct tally){ .users = 0 };
}

/* FNV-1a */
static size_t
slot_of(const char *name)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32) % SLOTS;
}

/* Where the name stands in the index, or else where it would. */
static size_t
find(const struct tally *t, const char *name)
{
	size_t i = slot_of(name);

	while (t->index[i] && strcmp(t->user[t->index[i] - 1].name, name) != 0)
		i = (i + 1) % SLOTS;
	return i;
}

/* Linear probing without tombstones: what follows moves up. */
static void
unindex(struct tally *t, size_t i)
{
	size_t j = i, home;

	for (;;) {
		t->index[i] = 0;
		do {
			j = (j + 1) % SLOTS;
			if (!t->index[j])
				return;
			home = slot_of(t->user[t->index[j] - 1].name);
		} while (
		    i <= j ? i < home && home <= j : i < home || home <= j);
		t->index[i] = t->index[j];
		i = j;
	}
}

static uint64_t
activity(const struct user *u)
{
	return u->chat + 10 * (uint64_t)(u->toxic + u->gifts) + u->value;
}

/* The number of a user who goes. */
static size_t
evict(struct tally *t)
{
	size_t least = t->hand % USERS_MAX, i, k;

	for (i = 0; i < CANDIDATES; i++) {
		k = (t->hand + i) % USERS_MAX;
		if (activity(&t->user[k]) < activity(&t->user[least]))
			least = k;
	}
	t->hand = (t->hand + CANDIDATES) % USERS_MAX;
	unindex(t, find(t, t->user[least].name));
	return least;
}

static struct user *
user_of(struct tally *t, const char *name)
{
	size_t i = find(t, name), k;

	if (t->index[i])
		return &t->user[t->index[i] - 1];
	if (t->users < USERS_MAX) {
		k = t->users++;
	} else {
		k = evict(t);
		i = find(t, name); /* things have moved */
	}
	t->user[k] = (struct user){ .role = ROLE_VIEWER };
	memcpy(t->user[k].name, name, strlen(name) + 1);
	t->index[i] = (uint32_t)k + 1;
	return &t->user[k];
}

const struct user *
tally_user(const struct tally *t, const char *name)
{
	uint32_t k = t->index[find(t, name)];

	return k ? &t->user[k - 1] : NULL;
}

struct point *
tally_point(struct tally *t, int64_t second)
{
	struct point *p;
	int i;

	if (second < 0)
		second = 0;
	p = &t->point[second % POINTS];
	if (p->at == second)
		return p;
	*p = (struct point){ .at = second,
		.viewers = UNKNOWN,
		.pending = UNKNOWN,
		.p50 = UNKNOWN,
		.p99 = UNKNOWN };
	for (i = 0; i < 3; i++)
		p->lag[i] = p->queue[i] = UNKNOWN;
	return p;
}

/* The text of a member into out; false: it has none, or none that fits. */
static bool
text_of(struct dash *d, const char *key, char out[EVENT_NAME_MAX + 1])
{
	const struct json_member *m = json_get(&d->ev.doc, key);

	if (!m || m->kind != JSON_STRING)
		return false;
	buf_reset(&d->text);
	if (json_unescape(m, &d->text) < 0 ||
	    !event_name_valid(d->text.p, d->text.len))
		return false;
	memcpy(out, d->text.p, d->text.len + 1);
	return true;
}

static bool
is_true(const struct dash *d, const char *key)
{
	const struct json_member *m = json_get(&d->ev.doc, key);

	return m && m->kind == JSON_TRUE;
}

static int64_t
time_of(const struct dash *d, int64_t now)
{
	const struct json_member *m = json_get(&d->ev.doc, "ts");
	int64_t ms;

	if (!m || m->kind != JSON_STRING || m->val_escaped ||
	    clock_parse(m->val + 1, m->vallen - 2, &ms) < 0)
		return now;
	return ms;
}

static void
read_role(struct dash *d, struct user *u)
{
	const struct json_member *m = json_get(&d->ev.doc, "role");

	u->role = ROLE_VIEWER;
	if (m && m->kind == JSON_STRING && !m->val_escaped &&
	    role_parse(m->val + 1, m->vallen - 2, &u->role) < 0)
		u->role = ROLE_VIEWER;
}

static void
chat(struct dash *d, struct point *p, struct user *u)
{
	bool toxic = is_true(d, "toxic"), held = is_true(d, "held"),
	     blocked = is_true(d, "blocked");

	d->tally.chat++;
	d->tally.toxic += toxic;
	d->tally.held += held;
	d->tally.blocked += blocked;
	if (p) {
		p->chat++;
		p->toxic += toxic;
		p->held += held;
		p->blocked += blocked;
	}
	if (!u)
		return;
	u->chat++;
	u->toxic += toxic;
	u->held += held;
	u->blocked += blocked;
}

static int64_t
integer_of(const struct dash *d, const char *key)
{
	const struct json_member *m = json_get(&d->ev.doc, key);
	int64_t n;

	return m && json_int(m, &n) == 0 && n > 0 ? n : 0;
}

/* How many gifts this one is: of a streak, what its count says more. */
static int64_t
times(struct dash *d)
{
	struct gift_of g = { .gift_id = integer_of(d, "gift_id"),
		.count = integer_of(d, "count") };

	if (g.count == 0 || !text_of(d, "streak", g.streak) ||
	    !text_of(d, "from", g.from))
		return 1;
	if (!text_of(d, "room", g.room) || strcmp(g.room, EVENT_ROOM) == 0)
		memset(g.room, 0, sizeof g.room);
	return streaks_more(&d->tally.streaks, &g);
}

static void
gift(struct dash *d, struct point *p, struct user *u)
{
	uint32_t n;
	uint64_t value;
	int64_t k = times(d), all;

	/* the gateway lets no streak come to more */
	if (__builtin_mul_overflow(k, integer_of(d, "amount"), &all) ||
	    all > JSON_INT_MAX)
		all = JSON_INT_MAX;
	n = k > UINT32_MAX ? UINT32_MAX : (uint32_t)k;
	value = (uint64_t)all;
	d->tally.gifts += n;
	d->tally.value += value;
	if (p) {
		p->gifts += n;
		p->value += value;
	}
	if (!u)
		return;
	u->gifts += n;
	u->value += value;
}

void
tally_event(struct dash *d)
{
	struct tally *t = &d->tally;
	int64_t now = clock_wall_ms(), ms = time_of(d, now);
	char name[EVENT_NAME_MAX + 1];
	struct point *p = NULL;
	struct user *u = NULL;

	/* of a clock that is ahead of ours: now */
	if (ms > now)
		ms = now;
	if (ms / 1000 > now / 1000 - POINTS)
		p = tally_point(t, ms / 1000);
	if ((d->ev.type == EVENT_CHAT && text_of(d, "user", name)) ||
	    (d->ev.type == EVENT_GIFT && text_of(d, "from", name))) {
		u = user_of(t, name);
		u->seen = ms > u->seen ? ms : u->seen;
		read_role(d, u);
	}
	if (d->ev.type == EVENT_CHAT) {
		chat(d, p, u);
	} else if (d->ev.type == EVENT_GIFT) {
		gift(d, p, u);
	} else {
		t->actions++;
		if (p)
			p->actions++;
	}
}

static void
number(struct buf *b, double v)
{
	if (v < 0)
		buf_adds(b, ",null");
	else
		buf_addf(b, ",%.6g", v);
}

void
tally_write_points(const struct tally *t, int64_t since, struct buf *b)
{
	int64_t now = clock_wall_ms() / 1000, s;
	const struct point *p;
	bool any = false;
	int i;

	if (since < now - POINTS)
		since = now - POINTS;
	buf_addc(b, '[');
	for (s = since + 1; s <= now; s++) {
		p = &t->point[s % POINTS];
		if (p->at != s)
			continue;
		buf_addf(b,
		    "%s[%" PRId64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
		    ",%" PRIu32 ",%" PRIu32 ",%" PRIu64,
		    any ? "," : "", p->at, p->chat, p->toxic, p->held,
		    p->blocked, p->gifts, p->value);
		number(b, p->viewers);
		number(b, p->pending);
		number(b, p->p50);
		number(b, p->p99);
		for (i = 0; i < 3; i++)
			number(b, p->lag[i]);
		for (i = 0; i < 3; i++)
			number(b, p->queue[i]);
		buf_addc(b, ']');
		any = true;
	}
	buf_addc(b, ']');
}

void
tally_write_totals(const struct tally *t, struct buf *b)
{
	buf_addf(b,
	    "{\"chat\":%" PRIu64 ",\"toxic\":%" PRIu64 ",\"held\":%" PRIu64
	    ",\"blocked\":%" PRIu64 ",\"gifts\":%" PRIu64 ",\"value\":%" PRIu64
	    ",\"actions\":%" PRIu64 ",\"users\":%zu}",
	    t->chat, t->toxic, t->held, t->blocked, t->gifts, t->value,
	    t->actions, t->users);
}

void
tally_write_user(const struct user *u, struct buf *b)
{
	/* a name needs no escapes: event_name_valid */
	buf_addf(b,
	    "{\"name\":\"%s\",\"role\":\"%s\",\"chat\":%" PRIu32
	    ",\"toxic\":%" PRIu32 ",\"held\":%" PRIu32 ",\"blocked\":%" PRIu32
	    ",\"gifts\":%" PRIu32 ",\"value\":%" PRIu64 ",\"seen\":%" PRId64
	    "}",
	    u->name, role_name(u->role), u->chat, u->toxic, u->held, u->blocked,
	    u->gifts, u->value, u->seen);
}

static uint64_t
by_chat(const struct user *u)
{
	return u->chat;
}

static uint64_t
by_toxic(const struct user *u)
{
	return u->toxic;
}

static uint64_t
by_value(const struct user *u)
{
	return u->value;
}

static void
leaders(const struct tally *t, const char *name,
    uint64_t (*key)(const struct user *), struct buf *b)
{
	const struct user *top[TOP];
	size_t n = 0, i, k;

	for (i = 0; i < t->users; i++) {
		const struct user *u = &t->user[i];

		if (!key(u) || (n == TOP && key(u) <= key(top[TOP - 1])))
			continue;
		for (k = n < TOP ? n++ : TOP - 1;
		     k > 0 && key(top[k - 1]) < key(u); k--)
			top[k] = top[k - 1];
		top[k] = u;
	}
	buf_addf(b, "\"%s\":[", name);
	for (i = 0; i < n; i++)
		buf_addf(b, "%s[\"%s\",%" PRIu64 "]", i ? "," : "",
		    top[i]->name, key(top[i]));
	buf_addc(b, ']');
}

void
tally_write_leaders(const struct tally *t, struct buf *b)
{
	buf_addc(b, '{');
	leaders(t, "gifters", by_value, b);
	buf_addc(b, ',');
	leaders(t, "chatters", by_chat, b);
	buf_addc(b, ',');
	leaders(t, "flagged", by_toxic, b);
	buf_addc(b, '}');
}
