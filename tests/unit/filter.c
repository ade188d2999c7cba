/* filter: rules files that compile or don't, and what they say of an event. */
#include "../../lib/filter.h"

#include <sys/stat.h>

#include "tap.h"

#include "../../lib/banned.h"

static struct buf err, reason;

/* A filter made from text, or NULL. The file is gone afterwards. */
static struct filter *
load_n(const char *text, size_t n)
{
	char path[] = "filter-test.jq";
	struct filter *f;
	FILE *file = fopen(path, "w");

	if (file == NULL || fwrite(text, 1, n, file) != n || fclose(file) != 0)
		abort();
	f = filter_load(path, &err);
	remove(path);
	return f;
}

static struct filter *
load(const char *text)
{
	return load_n(text, strlen(text));
}

/* What a result looks like, in short: "t1 b- reason", "drop", "error: ...". */
static const char *
run(struct filter *f, const char *json)
{
	static char out[512];
	struct filter_verdict v;

	if (filter_run(f, json, strlen(json), &v, &reason, &err) < 0)
		(void)snprintf(out, sizeof(out), "error: %s", err.p);
	else if (v.drop)
		(void)snprintf(out, sizeof(out), "drop");
	else
		(void)snprintf(out, sizeof(out), "t%d b%d %s", v.toxic,
		    v.blocked, v.has_reason ? reason.p : "-");
	return out;
}

static void
test_results(void)
{
	static const struct {
		const char *rules, *event, *want;
	} t[] = {
		{ "", "{}", "t-1 b-1 -" },
		{ ".", "{\"toxic\":true}", "t1 b-1 -" },
		{ ".", "{\"toxic\":false,\"blocked\":true}", "t0 b1 -" },
		{ ".toxic = 1", "{}", "t-1 b-1 -" },
		{ ".reason = \"x\"", "{}", "t-1 b-1 x" },
		{ ".reason = \"\"", "{}", "t-1 b-1 " },
		{ ".reason = 5", "{}", "t-1 b-1 -" },
		{ "empty", "{}", "drop" },
		{ "select(.a)\nselect(.b)", "{\"a\":true}", "drop" },
		{ "select(.a)\nselect(.b)", "{\"a\":1,\"b\":1}", "t-1 b-1 -" },
		{ "{blocked:true},{blocked:false}", "{}", "t-1 b1 -" },
		{ "1", "{}", "error: result is not an object" },
		{ "[.]", "{}", "error: result is not an object" },
		{ "null", "{}", "error: result is not an object" },
		{ "error(\"no\")", "{}", "error: no" },
		{ "error({a:1})", "{}", "error: {\"a\":1}" },
		{ "error(\"\")", "{}", "error: an error that says nothing" },
		{ "error(\"\\na\")", "{}",
		    "error: an error that says nothing" },
		{ "error(\"a\\u0000b\")", "{}", "error: a" },
		{ "halt", "{}", "error: halted" },
		{ "{}|halt_error", "{}", "error: halted" },
		{ "debug", "{}", "t-1 b-1 -" },
		{ "inputs", "{}", "drop" },
		/* line by line */
		{ "\n# c\n  # d\n.toxic=true # e\n\n.blocked=true\n", "{}",
		    "t1 b1 -" },
		{ ".a = 1\n.toxic = (.a == 1)\r\n", "{}", "t1 b-1 -" },
		{ ".reason = \"#1\"\n.toxic = true", "{}", "t1 b-1 #1" },
		/* as one program */
		{ "if .a\nthen .toxic = true\nelse . end", "{\"a\":1}",
		    "t1 b-1 -" },
		{ ".toxic = true |\n.blocked = false", "{}", "t1 b0 -" },
		{ "def f:\n .toxic = true;\nf", "{}", "t1 b-1 -" },
		{ ".toxic = true # one\n| .blocked = true # two", "{}",
		    "t1 b1 -" },
	};
	struct filter *f;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		f = load(t[i].rules);
		if (!OK_FOR(f != NULL, t[i].rules))
			continue;
		tap_str(run(f, t[i].event), t[i].want, t[i].rules, __FILE__,
		    __LINE__);
		/* and the same again: nothing is left of the first time */
		tap_str(run(f, t[i].event), t[i].want, t[i].rules, __FILE__,
		    __LINE__);
		filter_free(f);
	}
}

/* What doesn't compile says where. */
static void
test_errors(void)
{
	static const struct {
		const char *rules, *want;
	} t[] = {
		{ ".\n\n.a = nosuch", "line 3" },
		{ ".\n.a = (\n.", "line " },
		{ "# c\n.toxic = = true\n.", "line 2" },
		{ "def f: 1;\nnosuch", "line 2" },
		{ "{a:1", "line 1" },
		{ "import \"nosuch\" as x; .", "nosuch" },
	};
	struct filter *f;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		f = load(t[i].rules);
		OK_FOR(f == NULL, t[i].rules);
		OK_FOR(strstr(err.p, t[i].want) != NULL, err.p);
		OK_FOR(strchr(err.p, '\n') == NULL, err.p);
		filter_free(f);
	}
	OK(load_n(".\0.", 3) == NULL);
	OK(filter_load("/nonexistent/rules.jq", &err) == NULL);
	IS_STR(err.p, "No such file or directory");
	OK(filter_load("/", &err) == NULL);
}

/* An error in one event does no harm to the next. */
static void
test_goes_on(void)
{
	struct filter *f = load("if .a then error(\"a\") else . end");

	if (!OK(f != NULL))
		return;
	IS_STR(run(f, "{\"a\":1}"), "error: a");
	IS_STR(run(f, "{\"toxic\":true}"), "t1 b-1 -");
	IS_STR(run(f, "{\"a\":1}"), "error: a");
	/* no JSON: the caller's mistake, still no verdict */
	OK(strncmp(run(f, "{"), "error: ", 7) == 0);
	OK(strncmp(run(f, ""), "error: ", 7) == 0);
	IS_STR(run(f, "{}"), "t-1 b-1 -");
	filter_free(f);
}

/* What is wrong is said, however much there is to say. */
static void
test_long_errors(void)
{
	static char text[1 << 18];
	struct filter *f = load("error(\"x\" * 100000)");

	if (!OK(f != NULL))
		return;
	OK(strncmp(run(f, "{}"), "error: xxx", 10) == 0);
	OK(err.len == 300);
	filter_free(f);
	/* jq's message is the program itself, behind a few words */
	memset(text, ' ', sizeof(text));
	memcpy(text, ". = =", 5);
	text[sizeof(text) - 1] = '.';
	OK(load_n(text, sizeof(text)) == NULL);
	OK(strstr(err.p, "syntax error") != NULL);
}

/* The same of bytes in memory; imports look where they are said to be from. */
static void
test_parse(void)
{
	static const char rules[] = "import \"l\" as l;\nl::f\nxx";
	FILE *file = NULL;
	struct filter *f;

	if (mkdir("filter-test", 0700) == 0)
		file = fopen("filter-test/l.jq", "w");
	if (file == NULL || fputs("def f: .toxic = true;\n", file) < 0 ||
	    fclose(file) != 0)
		abort();
	f = filter_parse(rules, sizeof(rules) - 4, "filter-test/r.jq", &err);
	OK_FOR(err.len == 0, err.p);
	if (OK(f != NULL))
		IS_STR(run(f, "{}"), "t1 b-1 -");
	filter_free(f);
	f = filter_parse(rules, sizeof(rules) - 4, "elsewhere/r.jq", &err);
	OK(f == NULL);
	IS_STR(err.p, "module not found: l");
	OK(filter_parse(".\0.", 3, "r.jq", &err) == NULL);
	IS_STR(err.p, "a NUL byte in it");
	remove("filter-test/l.jq");
	remove("filter-test");
}

/* A reason may be any string; one that doesn't fit is an error. */
static void
test_reason(void)
{
	struct filter *f = load(".reason = .r");
	struct filter_verdict v;
	static const char json[] = "{\"r\":\"a\\u0000b\"}";

	if (!OK(f != NULL))
		return;
	OK(filter_run(f, json, sizeof(json) - 1, &v, &reason, &err) == 0);
	IS_MEM(reason.p, reason.len, "a\0b");
	filter_free(f);
	f = load(".reason = \"x\" * 2000");
	IS_STR(run(f, "{}"), "error: Message too long");
	filter_free(f);
}

int
main(void)
{
	buf_init(&err, 1 << 16);
	buf_init(&reason, 1024);
	test_results();
	test_errors();
	test_goes_on();
	test_long_errors();
	test_parse();
	test_reason();
	filter_free(NULL);
	buf_release(&err);
	buf_release(&reason);
	return tap_done();
}
