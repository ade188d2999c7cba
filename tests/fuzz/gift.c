/*
 * gift: whatever the body of a gift, what is taken is within its limits, and
 * becomes a line that says the same when it is read again.
 */
#include "../../lib/gift.h"

#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

static void
check_limits(const struct gift *g)
{
	check(event_name_valid(g->from, strlen(g->from)));
	check(event_name_valid(g->room, strlen(g->room)));
	check(g->gift_id >= 0 && g->gift_id <= JSON_INT_MAX);
	check(g->amount >= 1 && g->amount <= JSON_INT_MAX);
	check(!*g->streak == !g->count);
	check(!*g->streak || event_name_valid(g->streak, strlen(g->streak)));
	check(g->count >= 0 && g->count <= JSON_INT_MAX / g->amount);
}

/* The line is a body again: it has the same members, and a type and more. */
static void
check_line(const struct gift *g, struct json_doc *doc, struct buf *line)
{
	struct event_gift e = { .id = "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		.from = g->from,
		.room = g->room,
		.gift_id = g->gift_id,
		.amount = g->amount,
		.streak = *g->streak ? g->streak : NULL,
		.count = g->count };
	struct gift again;
	const char *why;

	buf_reset(line);
	check(event_write_gift(line, &e) == 0);
	check(gift_read(&again, doc, line->p, line->len, &why) == 0 && !why);
	check(strcmp(again.from, g->from) == 0);
	check(strcmp(again.room, g->room) == 0);
	check(strcmp(again.streak, g->streak) == 0);
	check(again.gift_id == g->gift_id && again.amount == g->amount);
	check(again.count == g->count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct json_doc doc;
	static struct buf line;
	const char *why = NULL;
	struct gift g;

	if (!line.max)
		buf_init(&line, EVENT_LINE_MAX);
	if (gift_read(&g, &doc, (const char *)data, n, &why) < 0) {
		check(why && *why);
		return 0;
	}
	check(!why);
	check_limits(&g);
	check_line(&g, &doc, &line);
	return 0;
}
