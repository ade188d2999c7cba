/*
 * check.c: what a line says, and whether that is what was sent. A line that
 * reads exactly as the one that this viewer gets next is not looked into:
 * somebody else's copy of it has been.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "json.h"

#include "banned.h"

static void
delivered(struct app *a, struct viewer *v, struct note *n)
{
	const int64_t took = a->now - n->due;
	const bool gift = n->sender == a->nsenders;
	struct slice *s;
	int64_t i;

	a->n.deliveries++;
	if (v->slow || !n->measured || n->sent < v->since)
		return;
	hist_add(gift ? &a->gift_latency : &a->latency, took);
	i = (n->due - a->measure_from) / a->slice_ns;
	if (i < 0 || i >= (int64_t)a->nslices)
		return;
	s = &a->slice[i];
	if (took > s->worst)
		s->worst = took;
}

/* The string's text into a->word; NULL: it is none. */
static const char *
text_of(struct app *a, const char *key)
{
	const struct json_member *m = json_get(&a->event.doc, key);

	buf_reset(&a->word);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &a->word) < 0)
		return NULL;
	return a->word.p;
}

static bool
is_true(struct app *a, const char *key)
{
	const struct json_member *m = json_get(&a->event.doc, key);

	return m && m->kind == JSON_TRUE;
}

static uint64_t
number_of(struct app *a, const char *key)
{
	const struct json_member *m = json_get(&a->event.doc, key);
	int64_t n = 0;

	return m && json_int(m, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}

static void
corrupt(struct app *a, struct viewer *v, const char *why)
{
	report_mistake(a, BAD_CORRUPT, v, "%s", why);
}

/* What the server says of itself and of the past. */
static void
take_hello(struct app *a, struct viewer *v)
{
	const bool recovered = v->recover && is_true(a, "recovered");
	const char *epoch = text_of(a, "epoch");
	size_t i;

	for (i = 0; epoch && epoch[i]; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "abcdefghijklmnopqrstuvwxyz0123456789-_.",
			epoch[i]))
			epoch = "";
	if (epoch && strlen(epoch) < sizeof a->epoch)
		snprintf(a->epoch, sizeof a->epoch, "%s", epoch);
	a->n.recovered += recovered;
	a->n.unrecovered += v->recover && !recovered;
	v->hello = false;
	if (!recovered)
		v->seq = number_of(a, "seq");
	order_join(a, v, !recovered);
}

/* An error line: the message it is about will not come. */
static void
take_error(struct app *a, struct viewer *v)
{
	const char *code = text_of(a, "code");
	const char *nonce;
	struct note *n = NULL;

	snprintf(a->refusal, sizeof a->refusal, "%.40s", code ? code : "?");
	nonce = text_of(a, "nonce");
	if (nonce && viewer_is_sender(a, v))
		n = order_find(a, v->index, (uint32_t)strtoul(nonce, NULL, 10));
	if (!n || n->fate == NOTE_SEEN || n->fate == NOTE_REFUSED) {
		a->n.foreign++;
		return;
	}
	order_refuse(a, n);
	a->n.refused++;
}

/* "RUN SENDER NUMBER words CRC" of ours? The note, or NULL and *why. */
static struct note *
read_message(struct app *a, const char *s, const char **why)
{
	const size_t len = strlen(s);
	unsigned long sender, n;
	char *end;

	*why = NULL;
	if (len < RUN_LEN + 14 || memcmp(s, a->run, RUN_LEN) != 0 ||
	    s[RUN_LEN] != ' ')
		return NULL;
	*why = "a message that is not what was sent";
	if (strtoul(s + len - 8, &end, 16) != crc32_of(s, len - 8) || *end)
		return NULL;
	sender = strtoul(s + RUN_LEN, &end, 10);
	n = strtoul(end, &end, 10);
	if (*end != ' ' || sender >= (unsigned long)a->nsenders || n == 0 ||
	    n > UINT32_MAX)
		return NULL;
	*why = n >= a->sender[sender].next ? "a message that was never sent"
					   : "repeat";
	return order_find(a, (uint32_t)sender, (uint32_t)n);
}

/* The user's name is one of ours. */
static bool
is_ours(struct app *a, const char *user)
{
	return user && strncmp(user, a->run, RUN_LEN) == 0;
}

static struct note *
find_chat(struct app *a, struct viewer *v, const char **why)
{
	char name[RUN_LEN + 16];
	const char *user, *text = text_of(a, "message");
	struct note *n = NULL;

	*why = NULL;
	if (text)
		n = read_message(a, text, why);
	user = text_of(a, "user");
	if (!n) {
		if (!*why && is_ours(a, user))
			*why = "a message that is not what was sent";
		return NULL;
	}
	*why = NULL;
	snprintf(name, sizeof name, "%s-%" PRIu32, a->run, n->sender);
	if (user && strcmp(user, name) != 0)
		*why = "a message under another's name";
	else if (n->sender % (uint32_t)a->nrooms !=
		 v->index % (uint32_t)a->nrooms)
		*why = "stray";
	return *why ? NULL : n;
}

static struct note *
find_gift(struct app *a, struct viewer *v, const char **why)
{
	const char *from = text_of(a, "from");
	const uint64_t id = number_of(a, "gift_id");
	struct note *n;

	*why = NULL;
	if (!is_ours(a, from))
		return NULL;
	*why = "a gift that was never sent";
	if (id == 0 || id >= a->sender[a->nsenders].next)
		return NULL;
	*why = "repeat";
	n = order_find(a, (uint32_t)a->nsenders, (uint32_t)id);
	if (!n)
		return NULL;
	*why = "a gift that is not what was sent";
	if (strcmp(from, a->run) != 0 || number_of(a, "amount") != 1 + id % 7)
		return NULL;
	*why = id % (uint64_t)a->nrooms != v->index % (uint64_t)a->nrooms
		   ? "stray"
		   : NULL;
	return *why ? NULL : n;
}

/* Something of ours, seen for the first time or by the next viewer. */
static void
take_note(struct app *a, struct viewer *v, struct note *n, const char *line,
    size_t len)
{
	const uint64_t seq = number_of(a, "seq");
	const uint64_t before = report_mistakes(a);

	a->has_seq = a->has_seq || seq > 0;
	if (n->fate == NOTE_SEEN) {
		if (!order_is(a, n, line, len))
			corrupt(a, v, "not the same for all viewers");
	} else {
		if (n->fate == NOTE_REFUSED) {
			report_mistake(a, BAD_CORRUPT, v,
			    "message %" PRIu32 " was refused, and came", n->n);
			n->fate = NOTE_SENT;
		} else {
			*(n->sender == a->nsenders ? &a->n.gift_seen
						   : &a->n.seen) += 1;
		}
		order_place(a, v, n, line, len, seq);
	}
	order_got(a, v, n);
	if (report_mistakes(a) == before)
		delivered(a, v, n);
}

/* Blocked or held: for its sender alone. */
static void
take_hidden(struct app *a, struct viewer *v, struct note *n)
{
	if (n->sender != v->index) {
		report_mistake(a, BAD_STRAY, v,
		    "message %" PRIu32 " of sender %" PRIu32 " is blocked",
		    n->n, n->sender);
	} else if (n->fate == NOTE_SENT || n->fate == NOTE_GUESS) {
		order_refuse(a, n);
		a->n.blocked++;
	}
}

static void
take_event(struct app *a, struct viewer *v, const char *line, size_t len)
{
	const bool chat = a->event.type == EVENT_CHAT;
	const char *why = NULL;
	struct note *n = chat ? find_chat(a, v, &why) : find_gift(a, v, &why);

	if (n && chat && (is_true(a, "blocked") || is_true(a, "held")))
		take_hidden(a, v, n);
	else if (n)
		take_note(a, v, n, line, len);
	else if (why && strcmp(why, "stray") == 0)
		report_mistake(a, BAD_STRAY, v, "from another room");
	else if (why && strcmp(why, "repeat") == 0 && v->slow)
		return; /* so late that nothing is known of it any more */
	else if (why && strcmp(why, "repeat") == 0)
		report_mistake(a, BAD_REPEAT, v, "something long past");
	else if (why)
		corrupt(a, v, why);
	else
		a->n.foreign++;
}

/* A line that isn't what comes next. */
static void
look(struct app *a, struct viewer *v, const char *line, size_t len)
{
	const struct json_member *type;

	if (event_parse(&a->event, line, len) < 0) {
		corrupt(a, v, a->event.doc.err);
		return;
	}
	if (a->event.type == EVENT_HELLO) {
		take_hello(a, v);
		return;
	}
	if (v->hello) { /* it was asked for, but there is none */
		v->hello = false;
		order_join(a, v, true);
	}
	type = json_get(&a->event.doc, "type");
	if (a->event.type == EVENT_CHAT || a->event.type == EVENT_GIFT)
		take_event(a, v, line, len);
	else if (type && json_str_is(type, "error"))
		take_error(a, v);
	else
		a->n.foreign++;
}

void
check_line(struct app *a, struct viewer *v, const char *line, size_t len)
{
	struct note *next;

	if (!v->fresh && !v->hello) {
		next = order_next(a, v);
		if (next && order_is(a, next, line, len)) {
			order_got(a, v, next);
			delivered(a, v, next);
			return;
		}
	}
	look(a, v, line, len);
}
