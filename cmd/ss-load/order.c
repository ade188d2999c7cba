/*
 * order.c: who has seen what in which order. Each room has one order, a list
 * of notes; a viewer is a place in it. What comes next for a viewer is what
 * follows his place, so a good delivery costs a comparison with the line that
 * is expected.
 *
 * The order is what the events' seq says or, without one, the order in which
 * notes were first seen by anybody. A message that is first seen while an
 * earlier one of its sender is still out gets that one placed before it, as a
 * guess, which moves to where somebody really gets it. So a viewer who is
 * first and wrong doesn't make all others wrong.
 *
 * Passed over: the note is owed. Comes later: that was out of order. Never
 * comes: that is a gap. Comes when it isn't owed: a repeat.
 */
#include <stdlib.h>
#include <string.h>

#include "app.h"

#include "banned.h"

#define STEP (UINT64_C(1) << 24) /* between two keys */
#define SLAB 1024                /* notes allocated at once */
#define KEPT 65536u              /* newest notes of a sender; older: repeats */
#define OWED_MAX 4096u           /* of a viewer; more are gaps at once */
#define LINES_SIZE (32u << 20)

struct slab {
	struct slab *next;
	struct note note[SLAB];
};

int
order_open(struct app *a)
{
	const size_t rooms = (size_t)a->nrooms;
	const size_t senders = (size_t)a->nsenders + 1;
	size_t i;

	a->room = calloc(rooms, sizeof *a->room);
	a->sender = calloc(senders, sizeof *a->sender);
	if (!a->room || !a->sender || ring_init(&a->lines, LINES_SIZE) < 0)
		return -1;
	for (i = 0; i < senders; i++)
		a->sender[i].next = 1;
	return 0;
}

void
order_close(struct app *a)
{
	struct slab *s = a->slabs, *next;
	int64_t i;

	for (i = 0; a->sender && i <= a->nsenders; i++)
		free(a->sender[i].slot);
	for (; s; s = next) {
		next = s->next;
		free(s);
	}
	free(a->sender);
	free(a->room);
	ring_release(&a->lines);
}

static struct note *
take(struct app *a)
{
	struct note *n = a->free;
	struct slab *s;
	size_t i;

	if (!n) {
		s = calloc(1, sizeof *s);
		if (!s)
			return NULL;
		s->next = a->slabs;
		a->slabs = s;
		for (i = 0; i < SLAB; i++) {
			s->note[i].next = a->free;
			a->free = &s->note[i];
		}
		n = a->free;
	}
	a->free = n->next;
	memset(n, 0, sizeof *n);
	return n;
}

static struct room *
room_of(struct app *a, uint32_t sender, uint32_t n)
{
	const uint32_t rooms = (uint32_t)a->nrooms;

	/* gifts go to all rooms in turn */
	return &a->room[(sender == a->nsenders ? n : sender) % rooms];
}

struct room *
order_room(struct app *a, const struct viewer *v)
{
	return &a->room[v->index % (uint32_t)a->nrooms];
}

static void
unlink_note(struct room *r, struct note *n)
{
	*(n->prev ? &n->prev->next : &r->head) = n->next;
	*(n->next ? &n->next->prev : &r->tail) = n->prev;
	n->prev = n->next = NULL;
}

/* Far apart again, after very many insertions in one place. */
static void
spread_keys(struct room *r)
{
	uint64_t key = STEP;
	struct note *n;

	for (n = r->head; n; n = n->next, key += STEP)
		n->key = key;
}

static void
link_after(struct room *r, struct note *n, struct note *prev)
{
	struct note *next = prev ? prev->next : r->head;
	uint64_t low = prev ? prev->key : 0;

	if (next && next->key - low < 2) {
		spread_keys(r);
		low = prev ? prev->key : 0;
	}
	n->key = next ? low + (next->key - low) / 2 : low + STEP;
	n->prev = prev;
	n->next = next;
	*(prev ? &prev->next : &r->head) = n;
	*(next ? &next->prev : &r->tail) = n;
}

/* Puts the viewer at n, or before everything. */
static void
stand(struct viewer *v, struct note *n)
{
	if (v->at)
		v->at->here--;
	v->at = n;
	if (n)
		n->here++;
}

/* The oldest note of a sender makes room; nobody waits for it any more. */
static void
retire(struct app *a, struct note *n)
{
	struct room *r = room_of(a, n->sender, n->n);
	uint32_t i;

	for (i = 0; n->here > 0 && i < a->nviewers; i++)
		if (a->viewer[i].at == n)
			stand(&a->viewer[i], n->prev);
	if (n->fate == NOTE_SENT || n->fate == NOTE_GUESS)
		report_mistake(a, BAD_LOST, NULL,
		    "message %u of sender %u: never seen", n->n, n->sender);
	if (n->fate == NOTE_GUESS || n->fate == NOTE_SEEN)
		unlink_note(r, n);
	n->next = a->free;
	a->free = n;
}

/* Twice as many slots, up to the most that are kept. */
static int
grow(struct sender *s)
{
	uint32_t cap = s->cap ? s->cap * 2 : 64, i;
	struct note **slot = calloc(cap, sizeof(struct note *));

	if (!slot)
		return -1;
	for (i = 0; i < s->cap; i++)
		if (s->slot[i])
			slot[s->slot[i]->n & (cap - 1)] = s->slot[i];
	free(s->slot);
	s->slot = slot;
	s->cap = cap;
	return 0;
}

struct note *
order_new(struct app *a, uint32_t sender)
{
	struct sender *s = &a->sender[sender];
	struct note *n, **slot;

	if (s->next >= s->cap && s->cap < KEPT && grow(s) < 0)
		return NULL;
	slot = &s->slot[s->next & (s->cap - 1)];
	if (*slot)
		retire(a, *slot);
	*slot = n = take(a);
	if (!n)
		return NULL;
	n->sender = sender;
	n->n = s->next++;
	return n;
}

struct note *
order_find(struct app *a, uint32_t sender, uint32_t n)
{
	const struct sender *s = &a->sender[sender];
	struct note *found = s->cap ? s->slot[n & (s->cap - 1)] : NULL;

	return found && found->n == n ? found : NULL;
}

void
order_refuse(struct app *a, struct note *n)
{
	uint32_t i;

	if (n->fate == NOTE_GUESS) {
		for (i = 0; n->here > 0 && i < a->nviewers; i++)
			if (a->viewer[i].at == n)
				stand(&a->viewer[i], n->prev);
		unlink_note(room_of(a, n->sender, n->n), n);
	}
	n->fate = NOTE_REFUSED;
}

struct note *
order_next(struct app *a, const struct viewer *v)
{
	return v->at ? v->at->next : order_room(a, v)->head;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t
digest(const char *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * UINT64_C(0x100000001b3);
	return h;
}

bool
order_is(struct app *a, const struct note *n, const char *line, size_t len)
{
	if (n->fate != NOTE_SEEN || n->len != len)
		return false;
	if (n->at >= ring_tail(&a->lines))
		return memcmp(ring_at(&a->lines, n->at), line, len) == 0;
	return digest(line, len) == n->hash;
}

static void
owe(struct viewer *v, const struct note *n)
{
	struct owed *more;

	if (n->fate == NOTE_REFUSED)
		return;
	if (v->nowed % 64 == 0 && v->nowed < OWED_MAX) {
		more = realloc(v->owed, (v->nowed + 64) * sizeof *more);
		if (more)
			v->owed = more;
		else
			v->nowed = OWED_MAX;
	}
	if (v->nowed >= OWED_MAX) {
		v->lost++;
		return;
	}
	v->owed[v->nowed++] = (struct owed){ n->sender, n->n };
}

/* It was owed, and is no more. */
static bool
pay(struct viewer *v, const struct note *n)
{
	uint32_t i;

	for (i = 0; i < v->nowed; i++) {
		if (v->owed[i].sender != n->sender || v->owed[i].n != n->n)
			continue;
		v->owed[i] = v->owed[--v->nowed];
		return true;
	}
	return false;
}

static bool
owes(const struct viewer *v, const struct note *n)
{
	uint32_t i;

	for (i = 0; i < v->nowed; i++)
		if (v->owed[i].sender == n->sender && v->owed[i].n == n->n)
			return true;
	return false;
}

/* A guess was wrong: the note goes behind what its first viewer has seen. */
static void
move_guess(struct app *a, struct viewer *v, struct note *n)
{
	struct room *r = room_of(a, n->sender, n->n);
	const uint64_t old = n->key;
	struct viewer *w;
	uint32_t i;

	if (n->prev == v->at || owes(v, n))
		return;
	unlink_note(r, n);
	link_after(r, n, v->at);
	for (i = v->index % (uint32_t)a->nrooms; i < a->nviewers;
	     i += (uint32_t)a->nrooms) {
		w = &a->viewer[i];
		if (w != v && w->at && w->at->key > n->key && w->at->key < old)
			owe(w, n);
	}
}

/* Where a note with this seq belongs: behind which one. */
static struct note *
by_seq(struct room *r, uint64_t seq)
{
	struct note *p = r->tail;

	while (seq > 0 && p && p->seq > seq)
		p = p->prev;
	return p;
}

/* What the sender sent before, and nobody has seen yet. */
static void
guess_before(struct app *a, struct room *r, const struct note *n)
{
	struct sender *s = &a->sender[n->sender];
	struct note *g;
	uint32_t k = s->placed + 1;

	if (n->n > KEPT && k < n->n - KEPT)
		k = n->n - KEPT;
	for (; k < n->n; k++) {
		g = order_find(a, n->sender, k);
		if (!g || g->fate != NOTE_SENT)
			continue;
		g->fate = NOTE_GUESS;
		g->index = r->placed++;
		link_after(r, g, r->tail);
	}
}

/* Its own sender's order, where the note goes to the end. */
static void
check_sender(struct app *a, struct viewer *v, struct note *n, uint64_t seq)
{
	struct sender *s = &a->sender[n->sender];

	if (n->sender == a->nsenders)
		return; /* gifts come by many connections */
	if (n->n > s->placed) {
		if (seq > 0 && seq < s->seq)
			report_mistake(a, BAD_ORDER, v,
			    "message %u of sender %u: placed before %u", n->n,
			    n->sender, s->placed);
		s->placed = n->n;
		s->seq = seq;
	} else if (seq > s->seq) {
		report_mistake(a, BAD_ORDER, v,
		    "message %u of sender %u: placed behind %u", n->n,
		    n->sender, s->placed);
	}
}

void
order_place(struct app *a, struct viewer *v, struct note *n, const char *line,
    size_t len, uint64_t seq)
{
	struct room *r = room_of(a, n->sender, n->n);

	if (n->fate == NOTE_GUESS) {
		if (!v->fresh)
			move_guess(a, v, n);
	} else {
		if (seq == 0 && n->sender != a->nsenders)
			guess_before(a, r, n);
		check_sender(a, v, n, seq);
		n->index = r->placed++;
		link_after(r, n, by_seq(r, seq));
	}
	n->fate = NOTE_SEEN;
	n->seen = a->now;
	n->seq = seq;
	n->len = (uint32_t)len;
	n->hash = digest(line, len);
	n->at = a->lines.head;
	ring_put(&a->lines, line, len);
}

static void
advance(struct app *a, struct viewer *v, struct note *n)
{
	struct room *r = order_room(a, v);

	stand(v, n);
	if (v->told && n->index + 1 > v->pos) {
		r->sum += n->index + 1 - v->pos;
		v->pos = n->index + 1;
	}
	if (n->seq > v->seq)
		v->seq = n->seq;
}

/*
 * The first that came after joining: what was sent after that, and was seen
 * by others before this one, should have come, too.
 */
static void
settle_in(struct app *a, struct viewer *v, struct note *n)
{
	struct note *p;

	v->fresh = false;
	for (p = n->prev; p && (p->seen >= v->since || p->seen == 0);
	     p = p->prev)
		if (p->sent > v->since)
			owe(v, p);
	advance(a, v, n);
}

void
order_got(struct app *a, struct viewer *v, struct note *n)
{
	struct note *p, *next = order_next(a, v);

	if (v->fresh) {
		settle_in(a, v, n);
		return;
	}
	if (n == next) {
		advance(a, v, n);
		return;
	}
	if (!v->at || n->key > v->at->key) {
		for (p = next; p && p != n; p = p->next)
			owe(v, p);
		advance(a, v, n);
		return;
	}
	if (pay(v, n))
		report_mistake(a, BAD_ORDER, v, "message %u of sender %u: late",
		    n->n, n->sender);
	else
		report_mistake(a, BAD_REPEAT, v,
		    "message %u of sender %u: again", n->n, n->sender);
}

void
order_join(struct app *a, struct viewer *v, bool fresh)
{
	struct room *r = order_room(a, v);

	v->fresh = fresh && r->placed > 0;
	if (v->fresh)
		stand(v, NULL);
	if (v->told || v->slow)
		return;
	v->told = true;
	v->pos = r->placed;
	r->present++;
	r->sum += v->pos;
}

void
order_leave(struct app *a, struct viewer *v)
{
	struct room *r = order_room(a, v);

	if (!v->told)
		return;
	v->told = false;
	r->present--;
	r->sum -= v->pos;
}

bool
order_has_room(struct app *a, uint32_t room)
{
	const struct room *r = &a->room[room];
	const uint64_t flying = a->n.sent - a->n.seen - a->n.refused -
				a->n.blocked;
	const uint64_t most = (uint64_t)a->window * (uint64_t)a->nrooms;

	if (flying >= most)
		return false;
	return r->placed * r->present <
	       r->sum + (uint64_t)a->window * (r->present ? r->present : 1);
}

/* A viewer from whom all is expected that there is. */
static bool
is_due_all(const struct viewer *v)
{
	return v->state == V_OPEN && !v->slow;
}

bool
order_is_complete(struct app *a)
{
	const struct viewer *v;
	int64_t i;

	if (a->n.sent + a->n.gifts > a->n.seen + a->n.gift_seen + a->n.refused +
					 a->n.gift_refused + a->n.blocked)
		return false;
	for (i = 0; i < a->nviewers; i++) {
		v = &a->viewer[i];
		if (is_due_all(v) && !v->fresh && order_next(a, v))
			return false;
		if (v->state == V_CONNECT || v->state == V_SHAKE)
			return false;
	}
	return true;
}

/* What stands behind the viewer's place, or came since he joined. */
static void
finish_viewer(struct app *a, struct viewer *v)
{
	struct note *n = order_room(a, v)->tail;
	uint32_t i;

	if (is_due_all(v) && v->fresh) {
		for (; n && n->seen >= v->since; n = n->prev)
			if (n->sent > v->since)
				owe(v, n);
	} else if (is_due_all(v)) {
		for (n = order_next(a, v); n; n = n->next)
			owe(v, n);
	}
	for (i = 0; i < v->nowed; i++)
		report_mistake(a, BAD_GAP, v,
		    "message %u of sender %u: never came", v->owed[i].n,
		    v->owed[i].sender);
	a->mistakes[BAD_GAP] += v->lost;
	v->nowed = v->lost = 0;
}

void
order_finish(struct app *a)
{
	const struct sender *s;
	const struct note *n;
	uint32_t i, k;

	for (i = 0; i < a->nviewers; i++)
		finish_viewer(a, &a->viewer[i]);
	for (i = 0; i <= a->nsenders; i++) {
		s = &a->sender[i];
		for (k = 0; k < s->cap; k++) {
			n = s->slot[k];
			if (!n || n->fate == NOTE_SEEN ||
			    n->fate == NOTE_REFUSED)
				continue;
			report_mistake(a, BAD_LOST, NULL,
			    "message %u of sender %u: never seen", n->n,
			    n->sender);
		}
	}
}
