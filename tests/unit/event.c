/* event: kinds, splices and the lines that we write. */
#include "../../lib/event.h"

#include <errno.h>

#include "tap.h"

#include "../../lib/banned.h"

static const char ID[] = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

static int
parse(struct event *ev, const char *line)
{
	return event_parse(ev, line, strlen(line));
}

static void
knows_its_kinds(void)
{
	static const struct {
		const char *line;
		enum event_type type;
		bool house;
	} row[] = {
		{ "{\"type\":\"chat\"}", EVENT_CHAT, false },
		{ "{\"type\":\"gift\"}", EVENT_GIFT, false },
		{ "{\"type\":\"epoch\"}", EVENT_EPOCH, true },
		{ "{\"type\":\"mark\"}", EVENT_MARK, true },
		{ "{\"type\":\"hello\"}", EVENT_HELLO, true },
		{ "{\"type\":\"mute\"}", EVENT_OTHER, false },
		{ "{\"type\":\"\"}", EVENT_OTHER, false },
		{ "{\"type\":\"Chat\"}", EVENT_OTHER, false },
		{ "{\"type\":\"chats\"}", EVENT_OTHER, false },
		{ "{\"type\":\"cha\"}", EVENT_OTHER, false },
		{ "{\"type\":5}", EVENT_OTHER, false },
		{ "{\"type\":null}", EVENT_OTHER, false },
		{ "{\"type\":[\"chat\"]}", EVENT_OTHER, false },
		{ "{}", EVENT_OTHER, false },
		{ "{\"a\":{\"type\":\"chat\"}}", EVENT_OTHER, false },
		{ "{\"t\\u0079pe\":\"ch\\u0061t\"}", EVENT_CHAT, false },
		{ "{\"type\":\"chat\",\"type\":\"gift\"}", EVENT_GIFT, false },
	};
	struct event ev = { 0 };
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		OK_FOR(parse(&ev, row[i].line) == 0, row[i].line);
		OK_FOR(ev.type == row[i].type, row[i].line);
		OK_FOR(event_is_housekeeping(&ev) == row[i].house, row[i].line);
		OK_FOR(ev.line == row[i].line && ev.len == strlen(ev.line),
		    row[i].line);
	}
	IS_INT(parse(&ev, "[]"), -1);
	OK(ev.doc.err != NULL);
	IS_INT(parse(&ev, "{"), -1);
	IS_INT(parse(&ev, ""), -1);
	IS_INT(parse(&ev, "{\"a\":\"\xff\"}"), -1);
	event_release(&ev);
	event_release(&ev);
}

static void
checks_names(void)
{
	static const char *const yes[] = { "a", "alice", "A.b_c-9", ".", "-",
		"0", "12345678901234567890123456789012345678901234567890" };
	static const char *const no[] = { "", " ", "a b", "a/b", "a@b", "a\n",
		"\xc3\xa9", "a:b", "a%20", "a\x7f", "a+b", "~a",
		"123456789012345678901234567890123456789012345678901" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		OK_FOR(event_name_valid(yes[i], strlen(yes[i])), yes[i]);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		OK_FOR(!event_name_valid(no[i], strlen(no[i])), no[i]);
	OK(!event_name_valid("a\0b", 3));
}

static void
splices(void)
{
	static const char *const none[] = { NULL };
	static const char *const drop[] = { "toxic", "score", NULL };
	static const struct {
		const char *in, *insert, *out;
		bool drop;
	} row[] = {
		{ "{\"a\":1,\"ts\":\"T\"}", "\"x\":0",
		    "{\"a\":1,\"x\":0,\"ts\":\"T\"}", false },
		{ "{\"a\":1}", "\"x\":0", "{\"a\":1,\"x\":0}", false },
		{ "{}", "\"x\":0", "{\"x\":0}", false },
		{ "{}", "", "{}", false },
		{ "{\"ts\":\"T\"}", "\"x\":0", "{\"x\":0,\"ts\":\"T\"}",
		    false },
		{ "{\"ts\":\"T\",\"a\":1}", "\"x\":0",
		    "{\"x\":0,\"ts\":\"T\",\"a\":1}", false },
		{ "{\"a\":{\"ts\":1}}", "\"x\":0", "{\"a\":{\"ts\":1},\"x\":0}",
		    false },
		{ "{\"toxic\":true,\"a\":1,\"score\":0.5,\"ts\":\"T\"}",
		    "\"x\":0", "{\"a\":1,\"x\":0,\"ts\":\"T\"}", true },
		{ "{\"a\":1,\"toxic\":true}", "", "{\"a\":1}", true },
		{ "{\"toxic\":true}", "", "{}", true },
		{ "{\"toxic\":true}", "\"x\":0", "{\"x\":0}", true },
		{ "{\"toxic\":1,\"score\":2,\"toxic\":3,\"b\":[1]}", "",
		    "{\"b\":[1]}", true },
		{ "{\"t\\u006fxic\":1,\"b\":2}", "", "{\"b\":2}", true },
		{ "{\"a\":\"\\u00e9 \\/\",\"n\":1.50e+01}", "\"x\":0",
		    "{\"a\":\"\\u00e9 \\/\",\"n\":1.50e+01,\"x\":0}", false },
		{ "{\"toxics\":1,\"a\":{\"toxic\":2}}", "",
		    "{\"toxics\":1,\"a\":{\"toxic\":2}}", true },
	};
	struct event ev = { 0 };
	struct buf out;
	size_t i;

	buf_init(&out, 4096);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		IS_INT(parse(&ev, row[i].in), 0);
		buf_reset(&out);
		IS_INT(event_splice(&ev, row[i].drop ? drop : none,
			   row[i].insert, strlen(row[i].insert), &out),
		    0);
		IS_STR(out.p, row[i].out);
	}
	event_release(&ev);
	buf_release(&out);
}

/* white space stays where it can; whatever the layout, the result is right */
static void
splices_spaced_lines(void)
{
	static const char *const in[] = { " { \"a\" : 1 , \"ts\" : \"T\" } ",
		"{\t}", " { \"toxic\" : 1 , \"score\" : 2 } ",
		"{ \"a\":1 ,\"score\":2 , \"b\":3 ,\"ts\":\"T\"}",
		"{\"ts\":1 , \"ts\":2 }",
		"{ \"score\":1,\"toxic\":1 ,\"a\":1}" };
	static const char *const drop[] = { "toxic", "score", NULL };
	struct event ev = { 0 }, back = { 0 };
	struct buf out;
	size_t i, k, kept;

	buf_init(&out, 4096);
	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		IS_INT(parse(&ev, in[i]), 0);
		buf_reset(&out);
		IS_INT(event_splice(&ev, drop, "\"x\":0", 5, &out), 0);
		OK_FOR(event_parse(&back, out.p, out.len) == 0, out.p);
		OK_FOR(json_get(&back.doc, "x") != NULL, out.p);
		OK_FOR(json_get(&back.doc, "toxic") == NULL, out.p);
		OK_FOR(json_get(&back.doc, "score") == NULL, out.p);
		for (k = 0, kept = 1; k < ev.doc.n; k++)
			kept += !json_key_is(&ev.doc.m[k], "toxic") &&
				!json_key_is(&ev.doc.m[k], "score");
		OK_FOR(back.doc.n == kept, out.p);
	}
	event_release(&ev);
	event_release(&back);
	buf_release(&out);
	/* out too small: nothing half done is taken for done */
	buf_init(&out, 8);
	IS_INT(parse(&ev, "{\"a\":1,\"b\":2}"), 0);
	errno = 0;
	IS_INT(event_splice(&ev, drop, "\"x\":0", 5, &out), -1);
	IS_INT(errno, EMSGSIZE);
	event_release(&ev);
	buf_release(&out);
}

static void
writes_chat(void)
{
	struct event_chat c = { .id = ID,
		.user = "alice",
		.message = "h\xc3\xa9 \"x\"\n",
		.message_len = 8,
		.ts = INT64_C(1795426200123) };
	struct event ev = { 0 };
	struct buf out;

	buf_init(&out, 8192);
	IS_INT(event_write_chat(&out, &c), 0);
	IS_STR(out.p,
	    "{\"type\":\"chat\",\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\","
	    "\"user\":\"alice\",\"message\":\"h\xc3\xa9 \\\"x\\\"\\n\","
	    "\"ts\":\"2026-11-23T09:30:00.123Z\"}");
	buf_reset(&out);
	c.room = EVENT_ROOM;
	IS_INT(event_write_chat(&out, &c), 0);
	IS_INT(parse(&ev, out.p), 0);
	OK(json_get(&ev.doc, "room") == NULL);
	OK(json_get(&ev.doc, "nonce") == NULL);
	OK(json_get(&ev.doc, "role") == NULL);
	buf_reset(&out);
	c.room = "den";
	c.nonce = "n\"1";
	c.nonce_len = 3;
	c.role = ROLE_MODERATOR;
	buf_adds(&out, "before");
	IS_INT(event_write_chat(&out, &c), 0);
	IS_MEM(out.p, 6, "before");
	IS_INT(parse(&ev, out.p + 6), 0);
	IS_INT(ev.type, EVENT_CHAT);
	OK(json_str_is(json_get(&ev.doc, "room"), "den"));
	OK(json_str_is(json_get(&ev.doc, "nonce"), "n\"1"));
	OK(json_str_is(json_get(&ev.doc, "user"), "alice"));
	OK(json_str_is(json_get(&ev.doc, "role"), "moderator"));
	OK(!json_has_duplicates(&ev.doc));
	event_release(&ev);
	buf_release(&out);
}

static void
writes_gift(void)
{
	struct event_gift g = { .id = ID,
		.from = "bot",
		.gift_id = 123,
		.amount = 5,
		.ts = INT64_C(1795426200456) };
	struct event ev = { 0 };
	struct buf out;
	int64_t n = 0;

	buf_init(&out, 8192);
	IS_INT(event_write_gift(&out, &g), 0);
	IS_STR(out.p,
	    "{\"type\":\"gift\",\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\","
	    "\"from\":\"bot\",\"gift_id\":123,\"amount\":5,"
	    "\"ts\":\"2026-11-23T09:30:00.456Z\"}");
	buf_reset(&out);
	g.streak = "s1";
	g.count = 3;
	IS_INT(event_write_gift(&out, &g), 0);
	OK(strstr(
	    out.p, ",\"amount\":5,\"streak\":\"s1\",\"count\":3,\"ts\":"));
	g.streak = NULL;
	buf_reset(&out);
	g.gift_id = 0;
	g.amount = JSON_INT_MAX;
	g.room = "den";
	g.nonce = "k";
	g.nonce_len = 1;
	g.role = ROLE_SUBSCRIBER;
	IS_INT(event_write_gift(&out, &g), 0);
	IS_INT(parse(&ev, out.p), 0);
	IS_INT(json_int(json_get(&ev.doc, "amount"), &n), 0);
	IS_INT(n, JSON_INT_MAX);
	OK(json_str_is(json_get(&ev.doc, "room"), "den"));
	OK(json_str_is(json_get(&ev.doc, "nonce"), "k"));
	OK(json_str_is(json_get(&ev.doc, "role"), "subscriber"));
	event_release(&ev);
	buf_release(&out);
}

/* 4096 bytes with the newline, to the byte; what doesn't fit leaves no trace */
static void
fits_the_pipe(void)
{
	struct event_chat c = { .id = ID, .user = "alice", .ts = 0 };
	char text[5000];
	struct buf out;
	size_t n, written = 0, bad = 0, longest = 0;

	memset(text, 'x', sizeof(text));
	c.message = text;
	buf_init(&out, 1 << 16);
	for (n = 3500; n < 4500; n++) {
		buf_reset(&out);
		buf_adds(&out, "ab");
		c.message_len = n;
		errno = 0;
		if (event_write_chat(&out, &c) == 0) {
			written++;
			bad += out.len - 2 + 1 > EVENT_LINE_MAX;
			longest = out.len - 2 + 1;
		} else {
			bad += errno != EMSGSIZE || out.len != 2 ||
			       strcmp(out.p, "ab") != 0;
		}
	}
	IS_INT(bad, 0);
	IS_INT(longest, EVENT_LINE_MAX);
	OK(written > 0 && written < 1000);
	/* escapes count as what they are written as */
	memset(text, '\x01', sizeof(text));
	c.message_len = 700;
	buf_reset(&out);
	IS_INT(event_write_chat(&out, &c), -1);
	IS_INT(out.len, 0);
	/* the longest message that there can be fits */
	for (n = 0; n < 500; n++)
		memcpy(text + 4 * n, "\xf0\x9f\x98\x80", 4);
	c.message_len = 2000;
	c.user = "12345678901234567890123456789012345678901234567890";
	c.room = c.user;
	c.nonce = text;
	c.nonce_len = 64;
	IS_INT(event_write_chat(&out, &c), 0);
	/* with quotes and backslashes, which double, too */
	memset(text, '"', sizeof(text));
	c.message_len = 500;
	buf_reset(&out);
	IS_INT(event_write_chat(&out, &c), 0);
	buf_release(&out);
}

static void
numbers(void)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "{}", "{\"seq\":7}" },
		{ " { \t} ", "{\"seq\":7}" },
		{ "{\"a\":1}", "{\"a\":1,\"seq\":7}" },
		{ " {\"a\" : 1 } ", " {\"a\" : 1 ,\"seq\":7}" },
		{ "{\"seq\":1}", "{\"seq\":7}" },
		{ "{\"seq\":1,\"a\":\"}\",\"s\\u0065q\":2,\"ts\":3}",
		    "{\"a\":\"}\",\"ts\":3,\"seq\":7}" },
		{ "{\"a\":{\"seq\":1}}", "{\"a\":{\"seq\":1},\"seq\":7}" },
	};
	static const char *const none[] = { "", "}", "\"seq\":1}",
		"{\"a\":{\"seq\":1}}", "{\"a\":\",\\\"seq\\\":1}",
		"{\"a\":\",\"seq\":1}\"}", "{\"seq\":0}", "{\"seq\":}",
		"{\"seq\":-1}", "{\"seq\":1.0}", "{\"seq\":1} ",
		"{\"seq\":123456789012345678901}", "{\"Seq\":1}" };
	struct event ev = { 0 };
	struct buf b;
	uint64_t seq;
	size_t i;

	buf_init(&b, 1000);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		IS_INT(event_parse(&ev, t[i].in, strlen(t[i].in)), 0);
		IS_INT(event_number(&ev, 7, &b), 0);
		IS_STR(b.p, t[i].out);
		seq = 0;
		OK(event_tail_seq(b.p, b.len, &seq));
		IS_INT((int64_t)seq, 7);
		IS_INT(event_parse(&ev, b.p, b.len), 0);
		IS_INT((int64_t)event_seq(&ev), 7);
	}
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		OK(!event_tail_seq(none[i], strlen(none[i]), &seq));
	event_release(&ev);
	buf_release(&b);
}

int
main(void)
{
	numbers();
	knows_its_kinds();
	checks_names();
	splices();
	splices_spaced_lines();
	writes_chat();
	writes_gift();
	fits_the_pipe();
	return tap_done();
}
