/* json: what RFC 8259 accepts and refuses, and fields found in place. */
#include "../../lib/json.h"

#include <errno.h>

#include "tap.h"

#include "../../lib/banned.h"

static const char *const good[] = { "{}", " \t\r\n{ } \n", "{\"a\":null}",
	"{\"a\":true,\"b\":false}", "{\"\":0}", "{\"a\":-0}", "{\"a\":0.0}",
	"{\"a\":-1.5e+10}", "{\"a\":1E-2}", "{\"a\":1e999}",
	"{\"a\":123456789012345678901234567890}", "{\"a\":[]}",
	"{\"a\":[1,2,{\"b\":[[]]}]}", "{\"a\":{\"b\":{}}}",
	"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"}",
	"{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\"}", "{\"a\":\"\x7f\"}",
	"{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"/\"}",
	"{\"a\" : 1 , \"b\" : 2}", "{\"a\":1,\"a\":2}",
	"{\"a\":\"\xe2\x80\xa8\"}", "{\"a\":\"\xef\xbf\xbf\"}" };

static const char *const bad[] = { "", " ", "[]", "1", "\"a\"", "null", "true",
	"{", "}", "{}}", "{}{}", "{} x", "{}\x01", "{,}", "{\"a\"}", "{\"a\":}",
	"{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{a:1}", "{'a':1}",
	"{\"a\":'b'}", "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}",
	"{\"a\":1.}", "{\"a\":1.e3}", "{\"a\":1e}", "{\"a\":1e+}",
	"{\"a\":0x10}", "{\"a\":-01}", "{\"a\":--1}", "{\"a\":1_000}",
	"{\"a\":NaN}", "{\"a\":nan}", "{\"a\":Infinity}", "{\"a\":-Infinity}",
	"{\"a\":nul}", "{\"a\":nulll}", "{\"a\":True}", "{\"a\":tru}",
	"{\"a\":undefined}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}",
	"{\"a\":[}", "{\"a\":]}", "{\"a\":[1}]", "{\"a\":{\"b\":1]}",
	"{\"a\":\"b}", "{\"a\":\"\\x41\"}", "{\"a\":\"\\u12\"}",
	"{\"a\":\"\\u12g4\"}", "{\"a\":\"\\U0041\"}", "{\"a\":\"\\\"}",
	"{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "{\"a\":\"\x1f\"}",
	"{\"a\":\"\xff\"}", "{\"a\":\"\xc0\xaf\"}", "{\"a\":\"\xed\xa0\x80\"}",
	"{\"a\":\"\xf4\x90\x80\x80\"}", "{\"a\":\"\xe2\x82\"}", "{\"\xff\":1}",
	"\xef\xbb\xbf{}", "{}\xc2\xa0", "{\"a\":1}//x", "{/**/}", "{\"a\":1}\v",
	"{\"a\":1}\f", "{\"a\":\"b\"\"c\"}", "{1:2}", "{null:1}",
	"{\"a\":1;\"b\":2}", "{\"a\"::1}", "{\"a\":1,,\"b\":2}", "{\"a\":\xff}",
	"{\"a\":\"b\" c}", "{\"a\":1e5.2}", "{\"a\":1.2.3}", "{\"\n\":1}" };

static int
parse(struct json_doc *doc, const char *text, size_t n, char **copy)
{
	*copy = tap_copy(text, n);
	return json_parse(doc, *copy, n);
}

/* text without a NUL in it; borrowed for as long as doc is used */
static int
parse_text(struct json_doc *doc, const char *text)
{
	return json_parse(doc, text, strlen(text));
}

static void
accepts_and_refuses(void)
{
	struct json_doc doc = { 0 };
	char *copy;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		OK_FOR(
		    parse(&doc, good[i], strlen(good[i]), &copy) == 0, good[i]);
		free(copy);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		OK_FOR(parse(&doc, bad[i], strlen(bad[i]), &copy) == -1 &&
			   doc.err != NULL && doc.erroff <= strlen(bad[i]),
		    bad[i]);
		free(copy);
	}
	OK(parse(&doc, "{\"a\":1}\0", 8, &copy) == -1);
	free(copy);
	OK(parse(&doc, "{\"a\":\"\0\"}", 9, &copy) == -1);
	free(copy);
	OK(parse(&doc, "{\0}", 3, &copy) == -1);
	free(copy);
	json_release(&doc);
	json_release(&doc);
}

/* every byte of white space and of punctuation matters */
static void
refuses_every_prefix(void)
{
	static const char text[] =
	    "{\"a\":[1.5e-3,{\"b\":null}],\"c\\u00e9\":\"\xf0\x9f\x98\x80"
	    "\\n\",\"d\":{\"e\":[true,false]}}";
	struct json_doc doc = { 0 };
	char *copy;
	size_t n, accepted = 0;

	for (n = 0; n < sizeof(text) - 1; n++) {
		accepted += parse(&doc, text, n, &copy) == 0;
		free(copy);
	}
	IS_INT(accepted, 0);
	IS_INT(parse(&doc, text, sizeof(text) - 1, &copy), 0);
	IS_INT(doc.n, 3);
	free(copy);
	json_release(&doc);
}

/* total depth: the outer object counts */
static int
nested(struct json_doc *doc, size_t depth, char open, char close)
{
	size_t n = 5 + 6 * depth, len = 0, i;
	char *text = malloc(n);
	int r;

	memcpy(text, "{\"a\":", 5);
	len = 5;
	for (i = 1; i < depth; i++) {
		text[len++] = open;
		if (open == '{' && i + 1 < depth) {
			memcpy(text + len, "\"a\":", 4);
			len += 4;
		}
	}
	for (i = 1; i < depth; i++)
		text[len++] = close;
	text[len++] = '}';
	r = json_parse(doc, text, len);
	free(text);
	return r;
}

static void
bounds_depth(void)
{
	struct json_doc doc = { 0 };

	IS_INT(nested(&doc, 10, '[', ']'), 0);
	IS_INT(nested(&doc, 10, '{', '}'), 0);
	IS_INT(nested(&doc, JSON_DEPTH_MAX, '[', ']'), 0);
	IS_INT(nested(&doc, JSON_DEPTH_MAX, '{', '}'), 0);
	IS_INT(nested(&doc, JSON_DEPTH_MAX + 1, '[', ']'), -1);
	OK(doc.err != NULL);
	IS_INT(nested(&doc, JSON_DEPTH_MAX + 1, '{', '}'), -1);
	IS_INT(nested(&doc, 150000, '[', ']'), -1);
	json_release(&doc);
}

static void
finds_members(void)
{
	static const char text[] =
	    " {\"type\" : \"chat\",\"n\":12,\"o\":{\"type\":\"x\"},"
	    "\"a\":[1,\"}\"],\"t\":true,\"f\":false,\"z\":null,"
	    "\"\\u0065sc\":\"a\\tb\",\"dup\":1,\"dup\":2} ";
	struct json_doc doc = { 0 };
	const struct json_member *m;
	char *copy;

	IS_INT(parse(&doc, text, sizeof(text) - 1, &copy), 0);
	IS_INT(doc.n, 10);
	m = json_get(&doc, "type");
	OK(m != NULL && m->kind == JSON_STRING);
	IS_MEM(m->key, m->keylen, "type");
	IS_MEM(m->val, m->vallen, "\"chat\"");
	OK(!m->key_escaped && !m->val_escaped);
	m = json_get(&doc, "n");
	IS_MEM(m->val, m->vallen, "12");
	IS_INT(m->kind, JSON_NUMBER);
	m = json_get(&doc, "o");
	IS_MEM(m->val, m->vallen, "{\"type\":\"x\"}");
	IS_INT(m->kind, JSON_OBJECT);
	m = json_get(&doc, "a");
	IS_MEM(m->val, m->vallen, "[1,\"}\"]");
	IS_INT(m->kind, JSON_ARRAY);
	IS_INT(json_get(&doc, "t")->kind, JSON_TRUE);
	IS_INT(json_get(&doc, "f")->kind, JSON_FALSE);
	IS_INT(json_get(&doc, "z")->kind, JSON_NULL);
	m = json_get(&doc, "esc");
	OK(m != NULL && m->key_escaped && m->val_escaped);
	OK(json_key_is(m, "esc"));
	OK(!json_key_is(m, "escx"));
	OK(!json_key_is(m, "es"));
	m = json_get(&doc, "dup");
	IS_MEM(m->val, m->vallen, "2");
	OK(json_get(&doc, "missing") == NULL);
	OK(json_get(&doc, "typ") == NULL);
	OK(json_get(&doc, "types") == NULL);
	OK(json_has_duplicates(&doc));
	free(copy);
	/* a doc is reused; what was before is gone */
	IS_INT(parse(&doc, "{\"x\":1}", 7, &copy), 0);
	IS_INT(doc.n, 1);
	OK(json_get(&doc, "type") == NULL);
	OK(!json_has_duplicates(&doc));
	free(copy);
	json_release(&doc);
}

static void
sees_duplicates_through_escapes(void)
{
	struct json_doc doc = { 0 };
	struct buf b;
	int i;

	IS_INT(parse_text(&doc, "{\"ab\":1,\"\\u0061b\":2}"), 0);
	OK(json_has_duplicates(&doc));
	IS_MEM(json_get(&doc, "ab")->val, json_get(&doc, "ab")->vallen, "2");
	IS_INT(parse_text(&doc, "{\"ab\":1,\"\\u0061c\":2}"), 0);
	OK(!json_has_duplicates(&doc));
	/* nested ones are somebody else's */
	IS_INT(parse_text(&doc, "{\"a\":{\"a\":1}}"), 0);
	OK(!json_has_duplicates(&doc));
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{\"k\":0");
	for (i = 0; i < 20000; i++)
		buf_addf(&b, ",\"k%d\":%d", i, i);
	buf_addc(&b, '}');
	IS_INT(json_parse(&doc, b.p, b.len), 0);
	IS_INT(doc.n, 20001);
	OK(!json_has_duplicates(&doc));
	b.len--;
	buf_adds(&b, ",\"k777\":1}");
	IS_INT(json_parse(&doc, b.p, b.len), 0);
	OK(json_has_duplicates(&doc));
	buf_release(&b);
	json_release(&doc);
}

/* the decoded value of {"a":TEXT}; -1 where json_unescape says so */
static int
unescape(const char *text, struct buf *out)
{
	struct json_doc doc = { 0 };
	struct buf b;
	int r = -2;

	buf_init(&b, 4096);
	buf_addf(&b, "{\"a\":\"%s\"}", text);
	buf_reset(out);
	if (json_parse(&doc, b.p, b.len) == 0)
		r = json_unescape(json_get(&doc, "a"), out);
	json_release(&doc);
	buf_release(&b);
	return r;
}

static void
unescapes(void)
{
	struct buf out;

	buf_init(&out, 4096);
	IS_INT(unescape("", &out), 0);
	IS_MEM(out.p, out.len, "");
	IS_INT(unescape("\\\"\\\\\\/\\b\\f\\n\\r\\t", &out), 0);
	IS_MEM(out.p, out.len, "\"\\/\b\f\n\r\t");
	IS_INT(unescape("x\\u0041\\u00E9\\u00e9\\u20ac\\u0000y", &out), 0);
	IS_MEM(out.p, out.len, "xA\xc3\xa9\xc3\xa9\xe2\x82\xac\0y");
	IS_INT(unescape("\\ud83d\\ude00\\uDBFF\\uDFFF", &out), 0);
	IS_MEM(out.p, out.len, "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf");
	errno = 0;
	IS_INT(unescape("a\\ud83db", &out), -1);
	IS_INT(errno, EILSEQ);
	IS_MEM(out.p, out.len,
	    "a\xef\xbf\xbd"
	    "b");
	IS_INT(unescape("\\ude00\\ud83d", &out), -1);
	IS_MEM(out.p, out.len, "\xef\xbf\xbd\xef\xbf\xbd");
	IS_INT(unescape("\\ud83d\\ud83d\\ude00", &out), -1);
	IS_MEM(out.p, out.len, "\xef\xbf\xbd\xf0\x9f\x98\x80");
	IS_INT(unescape("\\ud83d\\u0041", &out), -1);
	IS_MEM(out.p, out.len,
	    "\xef\xbf\xbd"
	    "A");
	buf_release(&out);
	buf_init(&out, 3);
	errno = 0;
	IS_INT(unescape("abcd", &out), -1);
	IS_INT(errno, EMSGSIZE);
	IS_INT(unescape("\\u0061bc", &out), 0);
	buf_release(&out);
}

static void
compares_strings(void)
{
	struct json_doc doc = { 0 };

	parse_text(&doc, "{\"a\":\"ch\\u0061t\",\"b\":5,\"c\":\"cha\"}");
	OK(json_str_is(json_get(&doc, "a"), "chat"));
	OK(!json_str_is(json_get(&doc, "a"), "chats"));
	OK(!json_str_is(json_get(&doc, "a"), "cha"));
	OK(!json_str_is(json_get(&doc, "c"), "chat"));
	OK(!json_str_is(json_get(&doc, "b"), "5"));
	parse_text(&doc, "{\"a\":\"ch\\u0000at\"}");
	OK(!json_str_is(json_get(&doc, "a"), "ch"));
	OK(!json_str_is(json_get(&doc, "a"), ""));
	json_release(&doc);
}

static int
as_int(const char *text, int64_t *out)
{
	struct json_doc doc = { 0 };
	char line[256];
	int r, n;

	*out = -777;
	n = snprintf(line, sizeof(line), "{\"a\":%s}", text);
	r = json_parse(&doc, line, (size_t)n);
	if (r == 0)
		r = json_int(json_get(&doc, "a"), out);
	json_release(&doc);
	return r;
}

static int
as_num(const char *text, double *out)
{
	struct json_doc doc = { 0 };
	char line[256];
	int r, n;

	n = snprintf(line, sizeof(line), "{\"a\":%s}", text);
	r = json_parse(&doc, line, (size_t)n);
	if (r == 0)
		r = json_num(json_get(&doc, "a"), out);
	json_release(&doc);
	return r;
}

static void
reads_numbers(void)
{
	static const char *const no[] = { "5.0", "1e3", "1E0", "\"5\"", "true",
		"null", "[]", "9007199254740993", "-9007199254740993",
		"18446744073709551617", "9223372036854775808",
		"99999999999999999999999999", "0.5", "-0.0" };
	int64_t n;
	double x;
	size_t i;

	IS_INT(as_int("0", &n), 0);
	IS_INT(n, 0);
	IS_INT(as_int("-5", &n), 0);
	IS_INT(n, -5);
	IS_INT(as_int("9007199254740992", &n), 0);
	IS_INT(n, JSON_INT_MAX);
	IS_INT(as_int("-9007199254740992", &n), 0);
	IS_INT(n, -JSON_INT_MAX);
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		OK_FOR(as_int(no[i], &n) == -1, no[i]);
	IS_INT(as_num("0.25", &x), 0);
	OK(x > 0.2499 && x < 0.2501);
	IS_INT(as_num("-1.5e3", &x), 0);
	OK(x < -1499.9 && x > -1500.1);
	IS_INT(as_num("1e308", &x), 0);
	OK(x > 9e307);
	IS_INT(as_num("1e999", &x), -1);
	IS_INT(as_num("-1e999", &x), -1);
	IS_INT(as_num("\"1\"", &x), -1);
	IS_INT(as_num("true", &x), -1);
}

static void
writes_strings(void)
{
	static const char text[] =
	    "a\"b\\c/\b\f\n\r\t\x7f\xc3\xa9\xe2\x80\xa8\xf0\x9f\x98\x80";
	struct json_doc doc = { 0 };
	struct buf b, back;
	char all[0x80];
	size_t i;

	buf_init(&b, 4096);
	buf_init(&back, 4096);
	IS_INT(json_write_str(&b, text, sizeof(text) - 1), 0);
	IS_MEM(b.p, b.len,
	    "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\x7f\xc3\xa9\xe2\x80\xa8"
	    "\xf0\x9f\x98\x80\"");
	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	buf_reset(&b);
	buf_adds(&b, "{\"a\":");
	IS_INT(json_write_str(&b, all, sizeof(all)), 0);
	buf_addc(&b, '}');
	IS_INT(json_parse(&doc, b.p, b.len), 0);
	IS_INT(json_unescape(json_get(&doc, "a"), &back), 0);
	OK(back.len == sizeof(all) && memcmp(back.p, all, sizeof(all)) == 0);
	buf_reset(&b);
	IS_INT(json_write_str(&b, "", 0), 0);
	IS_STR(b.p, "\"\"");
	json_release(&doc);
	buf_release(&back);
	buf_release(&b);
	buf_init(&b, 6);
	IS_INT(json_write_str(&b, "abcd", 4), 0);
	buf_reset(&b);
	errno = 0;
	IS_INT(json_write_str(&b, "abcde", 5), -1);
	IS_INT(errno, EMSGSIZE);
	buf_release(&b);
}

static void
reads_arrays(void)
{
	static const char *const no[] = { "", "{}", "[", "]", "[1", "[1,]",
		"[,1]", "[1 2]", "[1]]", "[]x", "[\"a]", "[{]}", "[nan]",
		"{\"a\":[1]}" };
	const char *text = " [1, \"b\" ,{\"c\":[2]},[],null] ";
	struct json_doc doc = { 0 };
	size_t i;

	IS_INT(json_parse_array(&doc, text, strlen(text)), 0);
	IS_INT(doc.n, 5);
	IS_MEM(doc.m[0].val, doc.m[0].vallen, "1");
	IS_MEM(doc.m[1].val, doc.m[1].vallen, "\"b\"");
	IS_MEM(doc.m[2].val, doc.m[2].vallen, "{\"c\":[2]}");
	IS_INT(doc.m[2].kind, JSON_OBJECT);
	IS_INT(doc.m[3].kind, JSON_ARRAY);
	IS_INT(doc.m[4].kind, JSON_NULL);
	IS_INT(doc.m[4].keylen, 0);
	IS_INT(json_parse_array(&doc, "[]", 2), 0);
	IS_INT(doc.n, 0);
	for (i = 0; i < sizeof no / sizeof *no; i++) {
		OK_FOR(
		    json_parse_array(&doc, no[i], strlen(no[i])) == -1, no[i]);
		OK_FOR(doc.err != NULL && doc.n == 0, no[i]);
	}
	json_release(&doc);
}

static bool
same_docs(const struct json_doc *a, const struct json_doc *b)
{
	size_t i;

	if (a->err != b->err || a->erroff != b->erroff || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (a->m[i].key != b->m[i].key || a->m[i].val != b->m[i].val ||
		    a->m[i].keylen != b->m[i].keylen ||
		    a->m[i].vallen != b->m[i].vallen ||
		    a->m[i].kind != b->m[i].kind ||
		    a->m[i].tag != b->m[i].tag ||
		    a->m[i].key_escaped != b->m[i].key_escaped ||
		    a->m[i].val_escaped != b->m[i].val_escaped)
			return false;
	return a->tags == b->tags;
}

/* what a doc has read before must not show: one used for all, a new one each */
static void
guesses_change_nothing(void)
{
	static const char bytes[] = "\"\\,:{}[]0159.eE+-tfnu \x01\x7f\xc3\xa9";
	static const char *const seed[] = {
		"{\"type\":\"chat\",\"id\":\"01M84WEPAHYVXEBG0000000000\","
		"\"user\":\"user12\",\"message\":\"well played\","
		"\"toxic\":false,\"score\":0.0234,"
		"\"ts\":\"2026-11-23T09:30:00.123Z\"}",
		"{\"type\":\"gift\",\"id\":\"01M84WEPAHYVXEBG0000000001\","
		"\"from\":\"user7\",\"gift_id\":0,\"amount\":12,"
		"\"ts\":\"2026-11-23T09:30:00.123Z\"}",
		"{\"a\":1,\"thirteenbytes\":2,\"fourteen_bytes\":3,\"\":4}",
	};
	struct json_doc used = { 0 }, fresh;
	uint64_t rand = 5;
	size_t i, n, bad_ones = 0;
	char text[256], *copy;
	int r, k;

	for (i = 0; i < 60000; i++) {
		n = strlen(seed[i % 3]);
		memcpy(text, seed[i % 3], n);
		for (k = (int)(tap_rand(&rand) % 3); k > 0; k--)
			text[tap_rand(&rand) % n] =
			    bytes[tap_rand(&rand) % (sizeof bytes - 1)];
		if (tap_rand(&rand) % 8 == 0)
			n = tap_rand(&rand) % n;
		copy = tap_copy(text, n); /* its end is the sanitizer's */
		memset(&fresh, 0, sizeof fresh);
		r = json_parse(&fresh, copy, n);
		bad_ones += json_parse(&used, copy, n) != r ||
			    !same_docs(&used, &fresh);
		json_release(&fresh);
		free(copy);
	}
	IS_INT(bad_ones, 0);
	json_release(&used);
}

int
main(void)
{
	accepts_and_refuses();
	refuses_every_prefix();
	bounds_depth();
	finds_members();
	sees_duplicates_through_escapes();
	unescapes();
	compares_strings();
	reads_numbers();
	writes_strings();
	reads_arrays();
	guesses_change_nothing();
	return tap_done();
}
