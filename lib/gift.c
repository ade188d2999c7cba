/*
 * gift: see gift.h. A field that is there and isn't right is never taken for
 * one that is absent.
 */
#include "gift.h"

#include <string.h>

#include "banned.h"

#define MEMBERS_MAX 32 /* a gift has six; the check for twins is quadratic */
#define BAD_NAME(field) field ": must be 1 to 50 of A-Z a-z 0-9 . _ -"

/* A name in member key. NULL, or what is wrong, as the caller says it. */
static const char *
read_name(const struct json_doc *d, const char *key,
    char out[EVENT_NAME_MAX + 1], const char *bad)
{
	const struct json_member *m = json_get(d, key);
	struct buf b;

	buf_init(&b, EVENT_NAME_MAX);
	if (m && m->kind == JSON_STRING && json_unescape(m, &b) == 0 &&
	    event_name_valid(b.p, b.len)) {
		memcpy(out, b.p, b.len + 1);
		bad = NULL;
	}
	buf_release(&b);
	return bad;
}

static const char *
read_count(const struct json_doc *d, const char *key, int64_t min, int64_t *out,
    const char *bad)
{
	const struct json_member *m = json_get(d, key);

	return m && json_int(m, out) == 0 && *out >= min ? NULL : bad;
}

/*
 * The streak that it may be part of. What all of it is worth has to be a
 * number that every JSON reader can hold.
 */
static const char *
read_streak(struct gift *g, const struct json_doc *d)
{
	const char *why;

	if (!json_get(d, "streak") && !json_get(d, "count"))
		return NULL;
	why = read_name(d, "streak", g->streak, BAD_NAME("streak"));
	if (!why)
		why = read_count(
		    d, "count", 1, &g->count, "count: must be an integer >= 1");
	if (!why && g->count > JSON_INT_MAX / g->amount)
		why = "count: amount times count is over 2^53";
	return why;
}

static const char *
read_fields(struct gift *g, const struct json_doc *d)
{
	const char *why;

	why = read_name(d, "from", g->from, BAD_NAME("from"));
	if (!why)
		why = read_count(d, "gift_id", 0, &g->gift_id,
		    "gift_id: must be an integer >= 0");
	if (!why)
		why = read_count(d, "amount", 1, &g->amount,
		    "amount: must be an integer >= 1");
	if (!why && json_get(d, "room"))
		why = read_name(d, "room", g->room, BAD_NAME("room"));
	return why ? why : read_streak(g, d);
}

int
gift_read(struct gift *g, struct json_doc *doc, const char *body, size_t n,
    const char **why)
{
	*g = (struct gift){ .room = EVENT_ROOM };
	if (json_parse(doc, body, n) < 0)
		*why = doc->err;
	else if (doc->n > MEMBERS_MAX)
		*why = "too many fields";
	else if (json_has_duplicates(doc))
		*why = "a field stands twice";
	else
		*why = read_fields(g, doc);
	return *why ? -1 : 0;
}
