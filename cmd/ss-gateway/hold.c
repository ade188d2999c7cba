/*
 * hold: messages that are held until a moderator decides, and what follows
 * from a decision. The first one in the order of the log counts, and it is
 * early enough if its ts is: so all gateways come to the same end without
 * asking each other, and after a restart to the same again. What is approved
 * every gateway publishes, under an id that is derived from the decision's:
 * ss-log writes the first copy, and the others come to nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"

#include "banned.h"

#define HOLDS_MAX 10000 /* open ones; the oldest ends before its time */
#define BUCKETS 4096
#define GRACE_MS 60000    /* for a decision that was in time and comes late */
#define PUBLISH_MAX 10000 /* approved, not seen as published yet */

/* Whose it is. Nobody is above one without a role. */
struct author {
	char name[EVENT_NAME_MAX + 1];
	bool ranked;
	enum role role;
};

struct hold {
	struct hold *next, *prev;
	struct hold *same; /* in its bucket */
	int64_t until;     /* wall ms */
	bool ended;        /* its time is over, and the author was told */
	size_t len;
	char id[ULID_LEN + 1];
	char room[EVENT_NAME_MAX + 1];
	struct author author;
	char line[];
};

/* What was approved, until it is published. */
struct publish {
	struct publish *next;
	size_t len;
	bool sent;
	char target[ULID_LEN + 1], id[ULID_LEN + 1];
	char room[EVENT_NAME_MAX + 1];
	struct author author;
	char line[];
};

struct holds {
	struct hold *first, *last; /* by until */
	struct hold *bucket[BUCKETS];
	struct publish *publish;
	size_t n, npublish;
	struct loop_timer timer;
};

static void on_time(void *arg);

int
hold_open(struct gateway *g)
{
	g->holds = calloc(1, sizeof *g->holds);
	return g->holds ? 0 : -1;
}

void
hold_close(struct gateway *g)
{
	struct holds *h = g->holds;
	struct publish *p;
	struct hold *e;

	if (!h)
		return;
	while ((e = h->first)) {
		h->first = e->next;
		free(e);
	}
	while ((p = h->publish)) {
		h->publish = p->next;
		free(p);
	}
	free(h);
}

static bool
copy(const struct event *ev, const char *key, char *out, size_t max)
{
	const struct json_member *m = json_get(&ev->doc, key);
	struct buf b;
	bool ok;

	*out = '\0';
	buf_init(&b, max - 1);
	ok = m && m->kind == JSON_STRING && json_unescape(m, &b) == 0 &&
	     strlen(b.p) == b.len;
	if (ok)
		memcpy(out, b.p, b.len + 1);
	buf_release(&b);
	return ok;
}

static int64_t
time_of(const struct event *ev)
{
	char t[64];
	int64_t ms;

	if (copy(ev, "ts", t, sizeof t) && clock_parse(t, strlen(t), &ms) == 0)
		return ms;
	return clock_wall_ms();
}

/* Ids are the gateways' own: their last characters are random. */
static struct hold **
slot(struct gateway *g, const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return &g->holds->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct hold *
find(struct gateway *g, const char *id)
{
	struct hold *e = *slot(g, id);

	while (e && strcmp(e->id, id) != 0)
		e = e->same;
	return e;
}

static void
take_out(struct gateway *g, struct hold *e)
{
	struct hold **at = slot(g, e->id);

	while (*at != e)
		at = &(*at)->same;
	*at = e->same;
	*(e->prev ? &e->prev->next : &g->holds->first) = e->next;
	*(e->next ? &e->next->prev : &g->holds->last) = e->prev;
	free(e);
	g->holds->n--;
}

/* Nearly always it is the last to end. */
static void
put_in(struct gateway *g, struct hold *e)
{
	struct holds *h = g->holds;
	struct hold **at = slot(g, e->id);

	e->same = *at;
	*at = e;
	e->prev = h->last;
	while (e->prev && e->prev->until > e->until)
		e->prev = e->prev->prev;
	e->next = e->prev ? e->prev->next : h->first;
	*(e->prev ? &e->prev->next : &h->first) = e;
	*(e->next ? &e->next->prev : &h->last) = e;
	h->n++;
}

static void
set_timer(struct gateway *g)
{
	const struct hold *e = g->holds->first;
	int64_t left;

	if (!e)
		return;
	left = e->until + (e->ended ? GRACE_MS : 0) - clock_wall_ms();
	while (e && e->ended)
		e = e->next;
	if (e && e->until - clock_wall_ms() < left)
		left = e->until - clock_wall_ms();
	/* a clock may be set: look again now and then */
	loop_after(g->loop, &g->holds->timer,
	    left < 0       ? 0
	    : left < 60000 ? left + 1
			   : 60000,
	    on_time, g);
}

struct news {
	const char *room;
	struct buf *line;
};

static void
tell_staff(void *arg, struct viewer *v)
{
	const struct news *n = arg;

	if (viewer_is_staff(v) && ident_in_room(&v->ident, n->room))
		fan_tell(v->fan, v, n->line->p, n->line->len);
}

/* Nobody has decided: who waits for it is told. No event: the log knows. */
static void
expire(struct gateway *g, struct hold *e)
{
	char t[CLOCK_RFC3339_LEN + 1];
	struct buf b;
	struct news news = { .room = e->room, .line = &b };

	e->ended = true;
	clock_format(e->until, t);
	buf_init(&b, EVENT_LINE_MAX);
	buf_addf(&b,
	    "{\"type\":\"deny\",\"target\":\"%s\",\"reason\":\"expired\","
	    "\"ts\":\"%s\"",
	    e->id, t);
	if (strcmp(e->room, EVENT_ROOM) != 0)
		buf_addf(&b, ",\"room\":\"%s\"", e->room);
	buf_addc(&b, '}');
	fan_tell_name(g->fan, e->room, e->author.name, b.p, b.len);
	if (g->staff)
		fan_each(g->staff, NULL, tell_staff, &news);
	buf_release(&b);
}

static void
on_time(void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_wall_ms();
	struct hold *e, *next;

	for (e = g->holds->first; e && e->until <= now; e = next) {
		next = e->next;
		if (!e->ended)
			expire(g, e);
		if (e->until + GRACE_MS <= now)
			take_out(g, e);
	}
	set_timer(g);
}

void
hold_add(struct gateway *g, const struct event *ev)
{
	struct hold *e;
	int64_t until = time_of(ev) + STATE_HOLD_MS;

	if (until + GRACE_MS <= clock_wall_ms())
		return;
	e = calloc(1, sizeof *e + ev->len);
	if (!e)
		return;
	if (!copy(ev, "room", e->room, sizeof e->room))
		memcpy(e->room, EVENT_ROOM, sizeof EVENT_ROOM);
	if (!copy(ev, "id", e->id, sizeof e->id) || find(g, e->id) ||
	    !copy(ev, "user", e->author.name, sizeof e->author.name)) {
		free(e);
		return;
	}
	e->author.ranked = json_get(&ev->doc, "role") != NULL;
	e->author.role = state_role(ev);
	e->until = until;
	e->ended = until <= clock_wall_ms();
	e->len = ev->len;
	memcpy(e->line, ev->line, ev->len);
	if (g->holds->n >= HOLDS_MAX)
		take_out(g, g->holds->first);
	put_in(g, e);
	set_timer(g);
}

/* room "": any */
static struct hold *
find_in(struct gateway *g, const char *id, const char *room)
{
	struct hold *e = find(g, id);

	return e && (!*room || strcmp(e->room, room) == 0) ? e : NULL;
}

bool
hold_is_open(struct gateway *g, const char *id, const char *room)
{
	const struct hold *e = find_in(g, id, room);

	return e && !e->ended && e->until > clock_wall_ms();
}

void
hold_drop(struct gateway *g, const char *id, const char *room)
{
	struct hold *e = find_in(g, id, room);

	if (e)
		take_out(g, e);
}

static bool
is_purged(const struct author *a, const char *user, enum role by)
{
	return strcmp(a->name, user) == 0 &&
	       (!a->ranked || role_may_act(by, a->role));
}

void
hold_purge(struct gateway *g, const struct event *ev, const char *room)
{
	char user[EVENT_NAME_MAX + 1];
	enum role by = state_role(ev);
	struct hold *e, *next;
	struct publish *p;

	if (!copy(ev, "user", user, sizeof user))
		return;
	for (e = g->holds->first; e; e = next) {
		next = e->next;
		if ((!*room || strcmp(e->room, room) == 0) &&
		    is_purged(&e->author, user, by))
			take_out(g, e);
	}
	/* what is on its way comes behind the purge, but was said before it */
	for (p = g->holds->publish; p; p = p->next)
		if ((!*room || strcmp(p->room, room) == 0) &&
		    is_purged(&p->author, user, by))
			force_bury(g, p->id, "", ROLE_ADMIN);
}

static bool
is_one_of(const struct json_member *m, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_key_is(m, *keys))
			return true;
	return false;
}

/* The held event as the one that is published. 0, or -1. */
static int
rewrite(const struct hold *e, const char *id, int64_t ts, struct buf *b)
{
	/* the nonce is used; what explains the hold is not for everybody */
	static const char *const gone[] = { "type", "id", "ts", "held", "nonce",
		"seq", "why", "approved", NULL };
	char t[CLOCK_RFC3339_LEN + 1];
	struct event ev = { 0 };
	const struct json_member *m;
	bool has_ts = false;
	size_t i;
	int err;

	if (event_parse(&ev, e->line, e->len) < 0) {
		event_release(&ev);
		return -1;
	}
	clock_format(ts, t);
	err = buf_addf(b, "{\"type\":\"chat\",\"id\":\"%s\"", id);
	for (i = 0; i < ev.doc.n; i++) {
		m = &ev.doc.m[i];
		if (json_key_is(m, "ts") && !has_ts) {
			err |= buf_addf(b, ",\"ts\":\"%s\"", t);
			has_ts = true;
		}
		if (!is_one_of(m, gone))
			err |= buf_addc(b, ',') |
			       buf_add(b, m->key - 1,
				   (size_t)(m->val + m->vallen - m->key + 1));
	}
	if (!has_ts)
		err |= buf_addf(b, ",\"ts\":\"%s\"", t);
	err |= buf_addf(b, ",\"approved\":\"%s\"}", e->id);
	event_release(&ev);
	return err;
}

static void
send_out(struct gateway *g, struct publish *p)
{
	struct outgoing out = {
		.id = p->id, .room = p->room, .line = p->line, .len = p->len
	};

	p->sent = outbox_put(g, &out) == 0;
}

/* The same id for whoever derives it from these two. */
static bool
derive(
    const struct event *decision, const struct hold *e, char id[ULID_LEN + 1])
{
	char seed[2 * ULID_LEN + 1];
	size_t n;

	if (!copy(decision, "id", seed, ULID_LEN + 1))
		return false;
	n = strlen(seed);
	memcpy(seed + n, e->id, strlen(e->id) + 1);
	ulid_derive(time_of(decision), seed, strlen(seed), id);
	return true;
}

/* It is to be published: at once, or when the bus is live. */
static void
publish(struct gateway *g, const struct hold *e, const struct event *decision)
{
	struct holds *h = g->holds;
	char id[ULID_LEN + 1];
	struct publish *p = NULL;
	struct buf b;

	buf_init(&b, EVENT_INPUT_MAX);
	if (h->npublish < PUBLISH_MAX && derive(decision, e, id) &&
	    rewrite(e, id, time_of(decision), &b) == 0)
		p = calloc(1, sizeof *p + b.len);
	if (p) {
		memcpy(p->id, id, sizeof p->id);
		memcpy(p->target, e->id, sizeof p->target);
		memcpy(p->room, e->room, sizeof p->room);
		p->author = e->author;
		p->len = b.len;
		memcpy(p->line, b.p, b.len);
		p->next = h->publish;
		h->publish = p;
		h->npublish++;
		if (g->live)
			send_out(g, p);
	}
	buf_release(&b);
}

bool
hold_decide(
    struct gateway *g, const struct event *ev, const char *room, bool approve)
{
	char target[ULID_LEN + 1];
	struct hold *e;

	if (!copy(ev, "target", target, sizeof target))
		return false;
	e = find_in(g, target, room);
	if (!e || time_of(ev) >= e->until)
		return false;
	if (approve)
		publish(g, e, ev);
	take_out(g, e);
	return true;
}

void
hold_published(struct gateway *g, const struct event *ev)
{
	struct publish **at = &g->holds->publish, *p;
	char target[ULID_LEN + 1];

	if (!g->holds->publish || !json_get(&ev->doc, "approved") ||
	    !copy(ev, "approved", target, sizeof target))
		return;
	while ((p = *at) && strcmp(p->target, target) != 0)
		at = &p->next;
	if (!p)
		return;
	*at = p->next;
	g->holds->npublish--;
	free(p);
}

void
hold_go_on(struct gateway *g)
{
	struct publish *p;

	for (p = g->holds->publish; p; p = p->next)
		if (!p->sent)
			send_out(g, p);
}
