/*
 * event: whatever the line, a splice of it is an object again, without what
 * was to go and with what was to come; and whatever the message, the line
 * that is written reads as the same message.
 */
#include "../../lib/event.h"

#include <string.h>

#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

static size_t
count(const struct json_doc *doc, const char *key)
{
	size_t i, n = 0;

	for (i = 0; i < doc->n; i++)
		n += json_key_is(&doc->m[i], key);
	return n;
}

static void
splice(const struct event *ev)
{
	static const char *const drop[] = { "toxic", "score", NULL };
	static const char insert[] = "\"toxic\":true,\"score\":0.5";
	struct event back = { 0 };
	struct buf out;
	size_t kept;

	kept = ev->doc.n - count(&ev->doc, "toxic") - count(&ev->doc, "score");
	buf_init(&out, 1 << 21);
	check(event_splice(ev, drop, insert, sizeof(insert) - 1, &out) == 0);
	check(event_parse(&back, out.p, out.len) == 0);
	check(back.doc.n == kept + 2);
	check(count(&back.doc, "toxic") == 1 && count(&back.doc, "score") == 1);
	check(json_get(&back.doc, "toxic")->kind == JSON_TRUE);
	check(back.type == ev->type);
	event_release(&back);
	buf_release(&out);
}

static void
write_chat(const char *text, size_t n)
{
	struct event_chat c = { .id = "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		.user = "alice",
		.message = text,
		.message_len = n,
		.nonce = text,
		.nonce_len = n < EVENT_NONCE_MAX ? n : 0,
		.ts = 0 };
	struct event ev = { 0 };
	struct buf out, back;

	buf_init(&out, 1 << 20);
	buf_init(&back, 1 << 20);
	if (event_write_chat(&out, &c) == 0) {
		check(out.len + 1 <= EVENT_LINE_MAX);
		check(memchr(out.p, '\n', out.len) == NULL);
		check(event_parse(&ev, out.p, out.len) == 0);
		check(ev.type == EVENT_CHAT);
		check(!json_has_duplicates(&ev.doc));
		check(json_unescape(json_get(&ev.doc, "message"), &back) == 0);
		check(back.len == n && memcmp(back.p, text, n) == 0);
	} else {
		check(out.len == 0);
		check(n > EVENT_MESSAGE_MAX);
	}
	event_release(&ev);
	buf_release(&out);
	buf_release(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct event ev = { 0 };
	const char *text = (const char *)data;

	if (n > 1 << 20)
		return 0;
	if (event_parse(&ev, text, n) == 0)
		splice(&ev);
	event_release(&ev);
	if (n > 0 && utf8_valid(text, n))
		write_chat(text, n);
	return 0;
}
