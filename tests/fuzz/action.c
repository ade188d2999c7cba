/*
 * actions: whatever a body says, what is taken makes a line that is an event,
 * and one that says the same when it is read again.
 */
#include "../../lib/action.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "../../lib/banned.h"

#define NOW INT64_C(1795435200000) /* 2026-11-23T12:00:00Z */
#define ID "01KBQX3CJ0M4D8V7S1H5K9P2QB"

static void
try(enum action_type type, const struct json_doc *d)
{
	struct action a = { .type = type }, again = { .type = type };
	struct event ev = { 0 };
	struct buf b, c;
	const char *why;

	if (action_read(&a, d, NOW, &why) < 0) {
		if (!why)
			abort();
		return;
	}
	buf_init(&b, EVENT_LINE_MAX);
	buf_init(&c, EVENT_LINE_MAX);
	if (action_write(&b, &a, ID, NOW, NULL, 0) < 0 ||
	    event_parse(&ev, b.p, b.len) < 0 || json_has_duplicates(&ev.doc) ||
	    action_read(&again, &ev.doc, NOW, &why) < 0 ||
	    action_write(&c, &again, ID, NOW, NULL, 0) < 0 || b.len != c.len ||
	    memcmp(b.p, c.p, b.len) != 0)
		abort();
	event_release(&ev);
	buf_release(&b);
	buf_release(&c);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct json_doc d = { 0 };
	char out[ACTION_ADDRESS_MAX], twice[ACTION_ADDRESS_MAX];
	int64_t ms;
	int i;

	if (json_parse(&d, (const char *)data, size) == 0 && d.n < 64)
		for (i = 0; i < ACTION_TYPES; i++)
			try((enum action_type)i, &d);
	json_release(&d);
	if (action_duration((const char *)data, size, &ms) == 0 &&
	    (ms < 1000 || ms > ACTION_LONGEST_MS))
		abort();
	if (action_address((const char *)data, size, out) == 0 &&
	    (action_address(out, strlen(out), twice) < 0 ||
		strcmp(out, twice) != 0))
		abort();
	return 0;
}
