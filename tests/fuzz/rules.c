/*
 * rules: a rules file becomes a program that has each of its lines in the same
 * place, jq takes it or says in one line why not, and whatever the event, some
 * rules that look at all of it give a verdict or say why not.
 *
 * The first byte says which: 'e' and a rule's number before an event, or a
 * file. To compile takes jq 45 ms, so one file in 4096 is compiled. What
 * compiles isn't run: a program may go on for ever, and that is its author's.
 */
#include "../../lib/filter-impl.h"

#include <string.h>

#include "../../lib/event.h"
#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

#define ERR_MAX 4096
#define SAID_MAX 300 /* bytes of a message, filter.c */

const char *__asan_default_options(void);

/* jq 1.6 loses a string when the text around it is faulty. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static const char *const rules[] = {
	".",
	"select(.toxic)\n.reason = .message",
	"# one\n.blocked = (.message | test(\"b.d\")) # two\n# three\n.",
	".message | fromjson",
	"error(.message)",
	".toxic = (.score > 0.5)\n.reason = (.labels | keys | join(\",\"))",
	".[]",
	"if .toxic then halt_error else . end",
};
#define RULES (sizeof rules / sizeof rules[0])

/* One line that a person can be shown. */
static void
check_said(const struct buf *err)
{
	check(err->len > 0 && err->len <= SAID_MAX);
	check(strlen(err->p) == err->len && strchr(err->p, '\n') == NULL);
	check(utf8_valid(err->p, err->len));
}

static size_t
count(const char *s, size_t n, char c)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		k += s[i] == c;
	return k;
}

/* Line by line, what was put around a rule is a parenthesis and a pipe. */
static void
check_joined(const char *text, const char *p)
{
	size_t n, m, skip, open = 0, closed = 0, rest;
	bool any = false;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		m = strcspn(p, "\n");
		check(p[m] == '\n');
		skip = strspn(text, " \t\r");
		if (skip < n && text[skip] != '#') {
			rest = strcspn(p, "(") + 1;
			check(rest <= 3 && rest <= m);
			check(count(p, rest, '|') == any);
			closed += count(p, rest, ')');
			open++;
			check(m - rest - (n - skip) <= 1);
			check(memcmp(p + rest, text + skip, n - skip) == 0);
			closed += m - rest - (n - skip);
			any = true;
		} else {
			check(m == 0);
		}
		p += m + 1;
	}
	closed += count(p, strlen(p), ')');
	check(strspn(p, any ? ")" : ".") == strlen(p) && strlen(p) <= 1);
	check(any ? open == closed : *p == '.');
}

/* One in 4096, and always the same ones. */
static bool
is_chosen(const char *p, size_t n)
{
	uint32_t h = 2166136261;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619;
	return h >> 20 == 0;
}

static void
read_rules(const char *p, size_t n)
{
	struct buf text, program, err;
	struct filter *f;

	buf_init(&text, 1 << 20);
	buf_init(&program, 1 << 22);
	check(buf_add(&text, p, n) == 0);
	if (strlen(text.p) == n) {
		check(filter_join(text.p, &program) == 0);
		check_joined(text.p, program.p);
	}
	if (is_chosen(p, n)) {
		buf_init(&err, ERR_MAX);
		f = filter_parse(p, n, "/nonexistent/rules.jq", &err);
		if (f == NULL)
			check_said(&err);
		else
			check(strlen(text.p) == n && err.len == 0);
		filter_free(f);
		buf_release(&err);
	}
	buf_release(&text);
	buf_release(&program);
}

/* 1, 0, or -1: what "." makes of a member is what it is. */
static int
flag(const struct event *ev, const char *key)
{
	const struct json_member *m = json_get(&ev->doc, key);

	if (m == NULL || (m->kind != JSON_TRUE && m->kind != JSON_FALSE))
		return -1;
	return m->kind == JSON_TRUE;
}

static void
run_rule(size_t which, const char *json, size_t n)
{
	static struct filter *made[RULES];
	static struct buf reason, err;
	struct filter_verdict v;
	struct event ev = { 0 };

	if (reason.max == 0) {
		buf_init(&reason, 1 << 20);
		buf_init(&err, ERR_MAX);
	}
	if (made[which] == NULL)
		made[which] = filter_parse(
		    rules[which], strlen(rules[which]), "rules.jq", &err);
	check(made[which] != NULL);
	if (filter_run(made[which], json, n, &v, &reason, &err) < 0) {
		check_said(&err);
		return;
	}
	check(err.len == 0);
	check(v.toxic >= -1 && v.toxic <= 1);
	check(v.blocked >= -1 && v.blocked <= 1);
	check(v.has_reason || reason.len == 0);
	check(utf8_valid(reason.p, reason.len));
	if (which == 0 && event_parse(&ev, json, n) == 0) {
		check(!v.drop && v.toxic == flag(&ev, "toxic"));
		check(v.blocked == flag(&ev, "blocked"));
	}
	event_release(&ev);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text; /* ends with a NUL, as in a buf */

	if (n < 2 || n > 60000)
		return 0;
	text = malloc(n);
	check(text != NULL);
	memcpy(text, data + 1, n - 1);
	text[n - 1] = '\0';
	if (data[0] == 'e')
		run_rule((unsigned char)text[0] % RULES, text + 1, n - 2);
	else
		read_rules(text, n - 1);
	free(text);
	return 0;
}
