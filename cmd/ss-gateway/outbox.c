/*
 * outbox: the events that were accepted and have not come back yet (CONTRACT
 * 7). They leave in their order; what the pipeline may have lost is found out
 * by marks, lines that take the same way: when one is back, whatever was sent
 * before it and is not back is lost, and is sent again. So a stage that
 * stands still makes nobody impatient, and one that was killed costs little
 * more than a quarter of a second.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "json.h"

#include "banned.h"

#define ENTRIES_MAX 65536
#define BYTES_MAX (8u << 20)
#define BUCKETS 65536
#define PIPE_FULL 65536 /* bytes that may wait for the pipe: as much again */
#define AWAY_MAX (1u << 20) /* bytes that wait for a unix: output to return */
#define LOOK 50             /* ms between looks at what is late */
#define LATE 250            /* ms: CONTRACT 7 */
#define NO_MARKS 30000      /* ms, for filters that swallow marks */
#define TRIES 3             /* then it is reported */

struct outbox {
	struct pending *first, *last;
	struct pending *next_out; /* the first that is to be sent now */
	struct pending *bucket[BUCKETS];
	size_t n, bytes;
	uint64_t marks;     /* marks made so far */
	int64_t mark_at;    /* when the last one was */
	bool marks_return;  /* one has come back */
	int64_t live_since; /* both ends are there, ms; 0: they are not */
	struct loop_timer look;
	char self[ULID_LEN + 1];
};

struct outbox *
outbox_new(void)
{
	struct outbox *o = calloc(1, sizeof *o);
	struct ulid id = { 0 };

	if (o)
		ulid_next(&id, clock_wall_ms(), o->self);
	return o;
}

void
outbox_free(struct outbox *o)
{
	struct pending *p, *next;

	if (!o)
		return;
	for (p = o->first; p; p = next) {
		next = p->next;
		free(p);
	}
	free(o);
}

int64_t
outbox_oldest(const struct outbox *o)
{
	return o->first ? clock_mono_ms() - o->first->at : 0;
}

size_t
outbox_count(const struct outbox *o)
{
	return o->n;
}

int64_t
outbox_since(const struct outbox *o)
{
	return o->first ? o->first->taken : INT64_MAX;
}

/* Ids are ours: the random half of a ULID spreads well enough. */
static struct pending **
slot(struct outbox *o, const char *id)
{
	uint32_t h = 2166136261u;

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return &o->bucket[(h ^ h >> 16) % BUCKETS];
}

static struct pending *
find(struct outbox *o, const char *id)
{
	struct pending *p = *slot(o, id);

	while (p && strcmp(p->id, id) != 0)
		p = p->same;
	return p;
}

/* What was sent before may be sent again only while we hear what returns. */
static bool
may_send(const struct gateway *g, const struct pending *p)
{
	return !p->sent || g->live;
}

/* Puts one into the sink. */
static int
send_one(struct gateway *g, struct pending *p)
{
	if (sink_put(g->sink, p->line, p->len, 1) < 0)
		return -1;
	p->sent = true;
	p->mark = g->outbox->marks;
	p->sent_at = clock_mono_ms();
	return 0;
}

/* As much as the pipe has room for. */
static void
pump(struct gateway *g)
{
	struct outbox *o = g->outbox;

	if (!out_is_up(g))
		return;
	while (o->next_out && may_send(g, o->next_out) &&
	       sink_pending(g->sink) <= PIPE_FULL) {
		if (send_one(g, o->next_out) < 0)
			return;
		o->next_out = o->next_out->next;
	}
}

void
outbox_pump(struct gateway *g)
{
	pump(g);
}

static void
unlink_pending(struct outbox *o, struct pending *p)
{
	struct pending **at = slot(o, p->id);

	while (*at != p)
		at = &(*at)->same;
	*at = p->same;
	if (p->prev)
		p->prev->next = p->next;
	else
		o->first = p->next;
	if (p->next)
		p->next->prev = p->prev;
	else
		o->last = p->prev;
	if (o->next_out == p)
		o->next_out = p->next;
	o->n--;
	o->bytes -= p->len;
}

static void
mark(struct gateway *g)
{
	struct outbox *o = g->outbox;
	char line[128];
	int n;

	n = lws_snprintf(line, sizeof line,
	    "{\"type\":\"mark\",\"by\":\"%s\",\"n\":%llu}", o->self,
	    (unsigned long long)o->marks + 1);
	if (sink_put(g->sink, line, (size_t)n, 0) < 0)
		return;
	o->marks++;
	o->mark_at = clock_mono_ms();
	sink_flush(g->sink);
}

/* Its author is told, and the event is kept under its nonce. */
static void
give_up(struct gateway *g, struct pending *p)
{
	struct nonce *k = p->nonce;
	struct buf b;

	unlink_pending(g->outbox, p);
	g->n.undelivered++;
	if (p->user) {
		buf_init(&b, EVENT_LINE_MAX);
		buf_adds(&b, "{\"type\":\"error\",\"code\":\"undelivered\","
			     "\"detail\":\"not known to be delivered; the same "
			     "nonce is safe\"");
		if (k) {
			buf_adds(&b, ",\"nonce\":");
			json_write_str(&b, k->nonce, k->len);
		}
		buf_addc(&b, '}');
		show_tell_name(g, p->room, p->user, b.p, b.len);
		buf_release(&b);
	}
	if (k) {
		if (!p->user)
			shared_unclaim(g, k->who, k->nonce, k->len);
		k->pending = NULL;
		k->state = NONCE_UNDELIVERED;
		k->at = clock_mono_ms();
		k->line = malloc(p->len);
		k->line_len = p->len;
		if (k->line)
			memcpy(k->line, p->line, p->len);
	}
	free(p);
}

/* It is lost: again, or given up. */
static void
lost(struct gateway *g, struct pending *p)
{
	if (p->tries >= TRIES) {
		give_up(g, p);
		return;
	}
	if (sink_pending(g->sink) > PIPE_FULL || send_one(g, p) < 0)
		return; /* the next mark finds it again */
	p->tries++;
	g->n.resent++;
}

void
outbox_mark(struct gateway *g, const struct event *ev)
{
	const struct json_member *by = json_get(&ev->doc, "by");
	const struct json_member *n = json_get(&ev->doc, "n");
	struct outbox *o = g->outbox;
	struct pending *p, *next;
	int64_t k;

	if (!by || !json_str_is(by, o->self) || !n || json_int(n, &k) < 0 ||
	    k < 1 || (uint64_t)k > o->marks)
		return;
	o->marks_return = true;
	if (!g->live || !out_is_up(g))
		return;
	for (p = o->first; p && p != o->next_out; p = next) {
		next = p->next;
		if (p->sent && p->mark < (uint64_t)k)
			lost(g, p);
	}
}

/* Every filter on the way swallows marks, it seems: by the clock, then. */
static void
look_at_clock(struct gateway *g, int64_t now)
{
	struct outbox *o = g->outbox;
	struct pending *p, *next;
	int64_t since;

	for (p = o->first; p && p != o->next_out; p = next) {
		next = p->next;
		since = p->sent_at > o->live_since ? p->sent_at : o->live_since;
		if (p->sent && now - since >= NO_MARKS)
			lost(g, p);
	}
}

static void
look(void *arg)
{
	struct gateway *g = arg;
	struct outbox *o = g->outbox;
	int64_t now = clock_mono_ms();

	pump(g);
	if (!o->first || g->draining)
		return;
	loop_after(g->loop, &o->look, LOOK, look, g);
	if (!g->live || !out_is_up(g)) {
		o->live_since = 0;
		return;
	}
	if (!o->live_since)
		o->live_since = now;
	if (!o->marks_return)
		look_at_clock(g, now);
	if (o->first && now - o->first->at >= LATE &&
	    now - o->mark_at >= LATE && sink_pending(g->sink) <= PIPE_FULL)
		mark(g);
}

int
outbox_put(struct gateway *g, const struct outgoing *out)
{
	struct outbox *o = g->outbox;
	size_t user = out->user ? strlen(out->user) + 1 : 0;
	struct pending *p, **at;

	if (g->out_broken || g->draining || o->n >= ENTRIES_MAX ||
	    o->bytes + out->len > BYTES_MAX ||
	    (out_is_up(g) ? sink_pending(g->sink) + out->len > PIPE_FULL
			  : o->bytes + out->len > AWAY_MAX) ||
	    !(p = calloc(1, sizeof *p + out->len + user))) {
		g->n.busy++;
		return -1;
	}
	p->line = p->text;
	p->len = out->len;
	memcpy(p->text, out->line, out->len);
	if (out->user) {
		p->user = p->text + out->len;
		memcpy(p->text + out->len, out->user, user);
	}
	memcpy(p->id, out->id, strlen(out->id) + 1);
	memcpy(p->room, out->room, strlen(out->room) + 1);
	p->taken = clock_mono_ns();
	p->at = p->taken / 1000000;
	p->nonce = out->nonce;
	if (p->nonce) {
		p->nonce->pending = p;
		p->nonce->state = NONCE_PENDING;
	}
	at = slot(o, p->id);
	p->same = *at;
	*at = p;
	p->prev = o->last;
	if (o->last)
		o->last->next = p;
	else
		o->first = p;
	o->last = p;
	if (!o->next_out)
		o->next_out = p;
	o->n++;
	o->bytes += p->len;
	g->n.accepted++;
	pump(g);
	if (!o->look.due)
		loop_after(g->loop, &o->look, LOOK, look, g);
	return 0;
}

void
outbox_named(struct gateway *g, const char *id, struct nonce *k)
{
	struct pending *p = find(g->outbox, id);

	if (!p)
		return;
	p->nonce = k;
	k->pending = p;
	k->state = NONCE_PENDING;
}

void
outbox_again(struct gateway *g)
{
	struct outbox *o = g->outbox;

	o->next_out = o->first;
	pump(g);
	if (o->first && !o->look.due)
		loop_after(g->loop, &o->look, LOOK, look, g);
}

static bool
text(struct gateway *g, const struct event *ev, const char *key, char *out,
    size_t max, size_t *n)
{
	const struct json_member *m = json_get(&ev->doc, key);

	buf_reset(&g->text);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &g->text) < 0 ||
	    g->text.len > max || memchr(g->text.p, '\0', g->text.len))
		return false;
	memcpy(out, g->text.p, g->text.len + 1);
	*n = g->text.len;
	return true;
}

/*
 * The same of an action. What ends was asked for by its end or by how long it
 * lasts, and the event has the end alone: *also is its meaning by the other.
 */
static uint64_t
meaning_of_action(struct gateway *g, const struct event *ev, uint64_t *also)
{
	const struct json_member *m = json_get(&ev->doc, "type");
	char ts[CLOCK_RFC3339_LEN + 16];
	struct action a = { .role = ROLE_VIEWER };
	const char *why;
	int64_t at;
	uint64_t h;
	size_t n;

	if (action_find(m->val + 1, m->vallen - 2, &a.type) < 0 ||
	    !text(g, ev, "ts", ts, sizeof ts - 1, &n) ||
	    clock_parse(ts, n, &at) < 0 ||
	    action_read(&a, &ev->doc, at, &why) < 0)
		return 0;
	h = nonces_action(&a);
	/* in seconds, as it was said: some ms went by until ts */
	a.duration = (a.until - at + 500) / 1000 * 1000;
	if (a.until)
		*also = nonces_action(&a);
	return h;
}

/* What it meant, if that can be told from what came back. */
static uint64_t
meaning(
    struct gateway *g, const struct event *ev, const char *room, uint64_t *also)
{
	char streak[EVENT_NAME_MAX + 1];
	struct event_gift e = { .streak = NULL };
	const struct json_member *m;
	size_t n;

	if (ev->type == EVENT_CHAT) {
		m = json_get(&ev->doc, "masked");
		if (m && m->kind == JSON_TRUE)
			return 0;
		m = json_get(&ev->doc, "message");
		buf_reset(&g->text);
		if (!m || m->kind != JSON_STRING ||
		    json_unescape(m, &g->text) < 0)
			return 0;
		return nonces_chat(room, g->text.p, g->text.len);
	}
	if (bus_is_control(ev))
		return meaning_of_action(g, ev, also);
	if (ev->type != EVENT_GIFT)
		return 0;
	m = json_get(&ev->doc, "gift_id");
	if (!m || json_int(m, &e.gift_id) < 0)
		return 0;
	m = json_get(&ev->doc, "amount");
	if (!m || json_int(m, &e.amount) < 0)
		return 0;
	m = json_get(&ev->doc, "count");
	if (m && json_int(m, &e.count) == 0 &&
	    text(g, ev, "streak", streak, EVENT_NAME_MAX, &n))
		e.streak = streak;
	return nonces_gift(room, &e);
}

/* Its nonce is used, by whichever gateway. */
static struct nonce *
learn(
    struct gateway *g, const struct event *ev, const char *room, const char *id)
{
	char nonce[EVENT_NONCE_MAX + 1], who[EVENT_NAME_MAX + 1];
	uint64_t hash, also = 0;
	struct nonce *k;
	size_t n, w;

	if (!text(g, ev, "nonce", nonce, EVENT_NONCE_MAX, &n) ||
	    !text(g, ev, event_sender(ev), who, EVENT_NAME_MAX, &w))
		return NULL;
	k = nonces_find(g->nonces, who, nonce, n);
	if (!k) {
		hash = meaning(g, ev, room, &also);
		k = nonces_add(g->nonces, who, nonce, n, hash, id);
		k->also = also;
	}
	memcpy(k->id, id, strlen(id) + 1);
	k->at = clock_mono_ms();
	k->seq = g->seq;
	k->state = NONCE_DELIVERED;
	free(k->line);
	k->line = NULL;
	return k;
}

bool
outbox_returned(
    struct gateway *g, const struct event *ev, const char *room, int status)
{
	char id[ULID_LEN + 1];
	struct pending *p;
	struct nonce *k;
	size_t n;

	if (!text(g, ev, "id", id, ULID_LEN, &n))
		return false;
	k = learn(g, ev, room, id);
	/* another copy may have been quicker, under an id of its own */
	p = k && k->pending ? k->pending : find(g->outbox, id);
	if (!p) {
		/* another worker's, and its sender may have asked us */
		post_returned(g, id, id, status);
		return false;
	}
	if (p->nonce)
		p->nonce->pending = NULL;
	unlink_pending(g->outbox, p);
	metrics_observe(
	    &g->loop_seconds, (double)(clock_mono_ns() - p->taken) / 1e9);
	post_returned(g, p->id, id, status);
	free(p);
	return true;
}
