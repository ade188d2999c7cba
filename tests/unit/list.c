/* list: what entries find and what not, bad files, hostile texts. */
#include "../../lib/list/list.h"

#include "../../lib/list/literal.h"
#include "../../lib/utf8.h"
#include "tap.h"

#include "../../lib/banned.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct list_hits hits;

static struct list *
parse(const char *text, bool disguised)
{
	struct list *ls;
	struct buf err;

	buf_init(&err, 1024);
	ls = list_parse(text, strlen(text), "f", disguised, &err);
	if (ls == NULL)
		printf("# %s: %s\n", text, err.p);
	buf_release(&err);
	return ls;
}

/* What is found first, as text; "" for nothing. */
static const char *
found(struct list *ls, const char *text)
{
	static char out[256];
	char *copy = tap_copy(text, strlen(text));

	out[0] = '\0';
	OK(list_find(ls, copy, strlen(text), &hits) == 0);
	if (hits.n > 0)
		snprintf(out, sizeof(out), "%.*s", (int)hits.hit[0].len,
		    text + hits.hit[0].start);
	free(copy);
	return out;
}

struct row {
	const char *entry, *text, *hit; /* hit "": none */
};

static const struct row rows[] = {
	{ "foo", "foo", "foo" },
	{ "foo", "a FOO b", "FOO" },
	{ "foo", "food", "" },
	{ "foo", "afoo", "" },
	{ "foo", "foo_bar", "foo" },
	{ "foo", "f\xc3\xb6\xc3\xb3 x", "f\xc3\xb6\xc3\xb3" },
	{ "f\xc3\xb6o", "foo", "foo" },
	{ "foo", "\xef\xbd\x86\xef\xbd\x8f\xef\xbd\x8f",
	    "\xef\xbd\x86\xef\xbd\x8f\xef\xbd\x8f" },
	{ "foo bar", "x foo - Bar!", "foo - Bar" },
	{ "foo bar", "foobar", "" },
	{ "foo bar", "foo baz", "" },
	{ "  foo  ", "foo", "foo" },
	{ "foo # bar", "foo", "foo" },
	{ "foo => bar", "foo", "foo" },
	{ "don't", "DONT", "DONT" },
	{ "k.i.s.s", "k i s s", "k i s s" },
	{ "42", "is 42.", "42" },
	{ "c++", "I like C++!", "C++" },
	{ "c++", "c+", "" },
	{ "\\#tag", "x #tag", "#tag" },
	{ "\xe4\xbd\xa0\xe5\xa5\xbd",
	    "\xe6\x88\x91\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97",
	    "\xe4\xbd\xa0\xe5\xa5\xbd" },
	{ "\xf0\x9f\x96\x95", "a\xf0\x9f\x96\x95z", "\xf0\x9f\x96\x95" },
	/* wildcards */
	{ "foo*", "food fight", "food" },
	{ "foo*", "foo", "foo" },
	{ "foo*", "afood", "" },
	{ "*foo*", "afoods b", "afoods" },
	{ "*foo", "afoo", "afoo" },
	{ "*foo", "afood", "" },
	{ "f*r", "four", "four" },
	{ "f*r", "fours", "" },
	{ "f*r", "for fear", "for" },
	{ "f*o*r", "fxoxor", "fxoxor" },
	{ "f?r", "for", "for" },
	{ "f?r", "fr four", "" },
	{ "who asked?", "who asked", "who asked" },
	{ "*ing die*", "going dies now", "going dies" },
	{ "i * you", "i hate you", "i hate you" },
	{ "i * you", "i really hate you", "" },
	/* disguise */
	{ "badword", "b4dw0rd", "b4dw0rd" },
	{ "badword", "b.a.d.w.o.r.d", "b.a.d.w.o.r.d" },
	{ "badword", "b a d w o r d", "b a d w o r d" },
	{ "badword", "bad.word", "bad.word" },
	{ "badword", "bad word", "" },
	{ "badword", "b*dword", "b*dword" },
	{ "badword", "b*******", "" },
	{ "badword", "baaaadword", "baaaadword" },
	{ "badword", "b4dw0rds", "" },
	{ "foo", "f.o.o", "f.o.o" },
	{ "foo", "f o o", "f o o" },
	{ "foo", "f o o d", "" },
	{ "foo", "f00", "" },
	{ "l33t", "l33t", "l33t" },
	{ "god", "good", "" },
	{ "*badword*", "xxb4dwordxx", "xxb4dwordxx" },
	{ "bad word", "b4d w0rd", "b4d w0rd" },
	/* expressions */
	{ "/b+a/", "xbba", "bba" },
	{ "/b+a/", "BA", "" },
	{ "/b+a/i", "BA", "BA" },
	{ "/a/b/i # c", "xA/B", "A/B" },
	{ "/a.c/s => d", "a\nc", "a\nc" },
	{ "/^abc$/m", "x\nabc\ny", "abc" },
	{ "/a b c/x", "abc", "abc" },
	{ "/(?<=x)foo/", "xfoo", "foo" },
	{ "/\\bfoo\\b/", "afoo foo", "foo" },
	{ "/(foo|bar)+/i", "xBARFOOx", "BARFOO" },
	{ "/x*/", "aaa", "" },
	{ "/\xc3\xa4/i", "\xc3\x84", "\xc3\x84" },
	{ "/kiss/i", "\xe2\x84\xaai\xc5\xbfs", "\xe2\x84\xaai\xc5\xbfs" },
	{ "/(.)\\1\\1\\1/", "loool!!!!", "!!!!" },
	{ "/[0-9]{3,}/", "a 1234", "1234" },
	{ "/\\//", "a/b", "/" },
};

static void
test_rows(void)
{
	char what[256];
	struct list *ls;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		ls = parse(rows[i].entry, true);
		snprintf(what, sizeof(what), "%s in %s", rows[i].entry,
		    rows[i].text);
		if (ls != NULL)
			OK_FOR(
			    strcmp(found(ls, rows[i].text), rows[i].hit) == 0,
			    what);
		else
			OK_FOR(false, what);
		list_free(ls);
	}
}

static void
test_plain(void)
{
	struct list *ls = parse("badword\nfoo*\n", false);

	IS_STR(found(ls, "a BADWORD"), "BADWORD");
	IS_STR(found(ls, "foody"), "foody");
	IS_STR(found(ls, "b4dword"), "");
	IS_STR(found(ls, "b.a.d.w.o.r.d"), "");
	list_free(ls);
}

static void
test_places(void)
{
	struct list *ls = parse("# c\r\n\r\nfoo => why\r\n/ba+r/ # x\n", true);
	struct list_entry e;

	IS_INT((int64_t)list_size(ls), 2);
	e = list_entry(ls, 0);
	IS_STR(e.text, "foo");
	IS_STR(e.note, "why");
	IS_STR(e.file, "f");
	IS_INT(e.line, 3);
	e = list_entry(ls, 1);
	IS_STR(e.text, "/ba+r/");
	OK(e.note == NULL);
	IS_INT(e.line, 4);
	OK(list_find(ls, "bar foo", 7, &hits) == 0);
	IS_INT((int64_t)hits.n, 2);
	IS_INT(hits.hit[0].entry, 1);
	IS_INT(hits.hit[1].entry, 0);
	IS_INT((int64_t)hits.hit[1].start, 4);
	list_free(ls);
}

static void
test_ids(void)
{
	struct list *a = parse("foo\nbar\n", true);
	struct list *b = parse("# x\n foo => y\n\nbar", true);
	struct list *c = parse("foo\nbaz\n", true);

	OK(list_id(a) == list_id(b));
	OK(list_id(a) != list_id(c));
	list_free(a);
	list_free(b);
	list_free(c);
}

static void
test_bad(void)
{
	static const struct {
		const char *text, *err;
	} bad[] = {
		{ "ok\n/a(/", "f:2: missing closing parenthesis (at character "
			      "3)" },
		{ "/a/q", "f:1: flags after the / must be of i, m, s, x" },
		{ "/abc", "f:1: an expression without its closing /" },
		{ "//", "f:1: an empty expression" },
		{ "x\n\n*", "f:3: no letter, digit or symbol to look for" },
		{ "...", "f:1: no letter, digit or symbol to look for" },
		{ "a*b*c*d*e*f*g*h*i*j", "f:1: too many wildcards" },
		{ "a\xff", "f:1: not UTF-8" },
		{ "# \xff", "f:1: not UTF-8" },
		{ "a\x01", "f:1: a control character" },
		{ "/\\C/", "f:1: using \\C is disabled by the application (at "
			   "character 3)" },
	};
	struct list *ls;
	struct buf err;
	size_t i;

	buf_init(&err, 1024);
	for (i = 0; i < COUNT(bad); i++) {
		ls = list_parse(
		    bad[i].text, strlen(bad[i].text), "f", true, &err);
		OK_FOR(ls == NULL, bad[i].text);
		IS_STR(err.p, bad[i].err);
		list_free(ls);
	}
	OK(list_load((const char *[]){ "no-such-file" }, 1, true, &err) ==
	    NULL);
	IS_STR(err.p, "no-such-file: No such file or directory");
	OK(list_load((const char *[]){ "." }, 1, true, &err) == NULL);
	IS_STR(err.p, ".: Is a directory");
	buf_release(&err);
}

/* A hit must be found wherever it stands in a long text. */
static void
test_long(void)
{
	struct list *ls = parse("foo bar\n/qu+x/\n", true);
	size_t n = 20000, at;
	char *text = malloc(n);
	uint64_t seed = 7;
	int i;

	OK(text != NULL);
	for (i = 0; i < 200 && text != NULL; i++) {
		memset(text, i % 2 == 0 ? 'x' : ' ', n);
		at = tap_rand(&seed) % (n - 10);
		memcpy(text + at, " foo bar ", 9);
		if (list_find(ls, text, n, &hits) < 0 || hits.n != 1 ||
		    hits.hit[0].start != at + 1 || hits.hit[0].len != 7)
			break;
		memcpy(text + at, " quuuux  ", 9);
		if (list_find(ls, text, n, &hits) < 0 || hits.n != 1 ||
		    hits.hit[0].start != at + 1 || hits.hit[0].len != 6)
			break;
	}
	IS_INT(i, 200);
	free(text);
	list_free(ls);
}

/* What takes for ever elsewhere; the test's own limit of time is the check. */
static void
test_hostile(void)
{
	static const char *const texts[] = { "a", "*", "a*", "a.", "a ", "1",
		"\xf0\x9f\x96\x95", "aaaaaaaaab", "\xe2\x80\x8b" };
	struct list *ls = parse("/(a+)+$/\n/(a|aa)+b{9}/\n/(.*)*x/\n"
				"*a*a*a*a*b\na?a?a?b\naaaa\n1a1a\n",
	    true);
	size_t n = 200000, i, k, len;
	char *text = malloc(n);

	OK(text != NULL);
	for (i = 0; i < COUNT(texts) && text != NULL; i++) {
		len = strlen(texts[i]);
		for (k = 0; k + len < n; k += len)
			memcpy(text + k, texts[i], len);
		text[k++] = '!';
		OK_FOR(list_find(ls, text, k, &hits) == 0, texts[i]);
		for (k = 0; k < hits.n; k++)
			if (hits.hit[k].len == 0)
				break;
		OK(k == hits.n);
	}
	free(text);
	list_free(ls);
}

static void
test_gave_up(void)
{
	static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct list *ls = parse("/(a+)+$/\n", true);

	OK(list_find(ls, text, sizeof(text) - 1, &hits) == 0);
	OK(hits.n == 1 && hits.hit[0].gave_up);
	list_free(ls);
	ls = parse("/(a+)+$/\n", false);
	OK(list_find(ls, text, sizeof(text) - 1, &hits) == 0);
	IS_INT((int64_t)hits.n, 0);
	list_free(ls);
}

static void
test_literals(void)
{
	static const struct {
		const char *pattern, *literals; /* by blanks */
	} t[] = {
		{ "foo", "foo" },
		{ "FooBar", "foobar" },
		{ "fo", "" },
		{ "foo?", "" },
		{ "food?", "foo" },
		{ "a+bcd", "abcd" },
		{ "foo{0,2}x", "" },
		{ "abc{2}", "abc" },
		{ "abc|defg", "abc defg" },
		{ "abc|d", "" },
		{ "(abc|def)ghij", "ghij" },
		{ "(?:abcd|efgh)x", "abcd efgh" },
		{ "(abcd)?xyz", "xyz" },
		{ "(abcd)*", "" },
		{ "\\babc\\b", "abc" },
		{ "a\\.b\\/c", "a.b/c" },
		{ "[abc]def", "def" },
		{ "[]abc]def", "def" },
		{ "[[:alpha:]]def", "" },
		{ "(?i)abc", "abc" },
		{ "(?!abc)def", "" },
		{ "(?x)a b c", "" },
		{ "\\Qa.b\\Ec", "" },
		{ "\\x41bcd", "" },
		{ "x{ 0,1}abc", "" },
		{ "\xc3\xa4"
		  "bcd",
		    "bcd" },
	};
	struct literals l;
	char got[256];
	size_t i, k, n;

	for (i = 0; i < COUNT(t); i++) {
		literals_find(&l, t[i].pattern, strlen(t[i].pattern), false);
		for (got[0] = '\0', n = k = 0; k < l.n; k++)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    "%s%.*s", k > 0 ? " " : "", l.len[k], l.text[k]);
		OK_FOR(strcmp(got, t[i].literals) == 0, t[i].pattern);
	}
}

/* Thousands of entries, each of which finds itself and nothing else. */
static void
test_many(void)
{
	struct list *ls;
	struct buf file, err;
	char text[64];
	int i, good = 0;

	buf_init(&file, 1 << 20);
	buf_init(&err, 1024);
	for (i = 0; i < 12000; i++)
		if (buf_addf(&file,
			i % 3 == 0   ? "word%dx\n"
			: i % 3 == 1 ? "*wild%dx*\n"
				     : "/re+%dx/i\n",
			i) < 0)
			abort();
	ls = list_parse(file.p, file.len, "f", true, &err);
	OK(ls != NULL);
	for (i = 0; i < 12000 && ls != NULL; i++) {
		snprintf(text, sizeof(text),
		    i % 3 == 0   ? "a word%dx b"
		    : i % 3 == 1 ? "a bwild%dxb b"
				 : "a REEE%dx b",
		    i);
		good += list_find(ls, text, strlen(text), &hits) == 0 &&
			hits.n == 1 && hits.hit[0].entry == (uint32_t)i;
	}
	IS_INT(good, 12000);
	list_free(ls);
	buf_release(&file);
	buf_release(&err);
}

int
main(void)
{
	test_rows();
	test_plain();
	test_places();
	test_ids();
	test_bad();
	test_long();
	test_hostile();
	test_gave_up();
	test_literals();
	test_many();
	list_hits_release(&hits);
	return tap_done();
}
