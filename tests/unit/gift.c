/* gift: what is taken as a gift, and why not. */
#include "../../lib/gift.h"

#include "tap.h"

#include "../../lib/banned.h"

static struct gift g;

/* NULL: it was taken; else what is wrong with it. */
static const char *
read_text(const char *text)
{
	struct json_doc d = { 0 };
	const char *why = "nothing was said";
	int rc = gift_read(&g, &d, text, strlen(text), &why);

	json_release(&d);
	return rc == 0 && !why ? NULL : why;
}

static void
takes_gifts(void)
{
	OK(!read_text("{\"from\":\"bot\",\"gift_id\":0,\"amount\":1}"));
	IS_STR(g.from, "bot");
	IS_STR(g.room, "main");
	IS_STR(g.streak, "");
	IS_INT(g.gift_id, 0);
	IS_INT(g.amount, 1);
	IS_INT(g.count, 0);
	OK(!read_text(" {\"amount\":9007199254740992,\"gift_id\":7,"
		      "\"fr\\u006fm\":\"b\\u006f\",\"room\":\"d-1\","
		      "\"streak\":\"s.1\",\"count\":1,\"other\":null}\r\n"));
	IS_STR(g.from, "bo");
	IS_STR(g.room, "d-1");
	IS_STR(g.streak, "s.1");
	IS_INT(g.amount, JSON_INT_MAX);
	IS_INT(g.count, 1);
}

#define SOME "\"from\":\"a\",\"gift_id\":1"

static void
says_what_is_wrong(void)
{
	static const struct {
		const char *text, *why;
	} t[] = {
		{ "{\"gift_id\":1,\"amount\":1}", "from: " },
		{ "{\"from\":1,\"gift_id\":1,\"amount\":1}", "from: " },
		{ "{\"from\":\"\",\"gift_id\":1,\"amount\":1}", "from: " },
		{ "{\"from\":\"a b\",\"gift_id\":1,\"amount\":1}", "from: " },
		{ "{\"from\":\"a\\u0000\",\"gift_id\":1,\"amount\":1}",
		    "from: " },
		{ "{\"from\":\"a\",\"amount\":1}", "gift_id: " },
		{ "{\"from\":\"a\",\"gift_id\":-1,\"amount\":1}", "gift_id: " },
		{ "{" SOME "}", "amount: " },
		{ "{" SOME ",\"amount\":0}", "amount: " },
		{ "{" SOME ",\"amount\":1.5}", "amount: " },
		{ "{" SOME ",\"amount\":\"1\"}", "amount: " },
		{ "{" SOME ",\"amount\":9007199254740993}", "amount: " },
		{ "{" SOME ",\"amount\":1,\"room\":null}", "room: " },
		{ "{" SOME ",\"amount\":1,\"count\":1}", "streak: " },
		{ "{" SOME ",\"amount\":1,\"streak\":\"s\"}", "count: " },
		{ "{" SOME ",\"amount\":1,\"streak\":\"s\",\"count\":0}",
		    "count: " },
		{ "{" SOME ",\"amount\":4503599627370496,\"streak\":\"s\","
		  "\"count\":3}",
		    "count: amount times count" },
		{ "{" SOME ",\"amount\":1,\"amount\":1}", "a field stands" },
		{ "{" SOME ",\"amount\":1,\"amoun\\u0074\":1}",
		    "a field stands" },
		{ "[]", "not an object" },
		{ "{" SOME ",\"amount\":1} x", "" },
	};
	const char *why;
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		why = read_text(t[i].text);
		OK(why && strncmp(why, t[i].why, strlen(t[i].why)) == 0);
	}
}

static void
bounds_the_fields(void)
{
	struct buf b;
	int i;

	buf_init(&b, 1 << 16);
	buf_adds(&b, "{" SOME ",\"amount\":1");
	for (i = 3; i < 32; i++)
		buf_addf(&b, ",\"x%d\":%d", i, i);
	buf_addc(&b, '}');
	OK(!read_text(b.p));
	b.p[b.len - 1] = ',';
	buf_adds(&b, "\"y\":1}");
	IS_STR(read_text(b.p), "too many fields");
	buf_reset(&b);
	buf_addf(&b, "{\"from\":\"%051d\",\"gift_id\":1,\"amount\":1}", 0);
	OK(read_text(b.p) && strncmp(read_text(b.p), "from: ", 6) == 0);
	buf_release(&b);
}

int
main(void)
{
	takes_gifts();
	says_what_is_wrong();
	bounds_the_fields();
	return tap_done();
}
