/*
 * json against libjq: what the scanner accepts, jq reads as the same object;
 * what it refuses, jq refuses, too, but for the things that jq 1.6 is known
 * to be lenient about. They are listed in lenient(), so that a new
 * difference is a finding.
 */
#include "../../lib/json.h"

#include <jv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

#define JQ_DEPTH_MAX 256 /* jq 1.6, src/jv_parse.c, MAX_PARSING_DEPTH */

const char *__asan_default_options(void);

/* jq 1.6 loses a string when the text around it is faulty. */
const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* The n bytes are a number as RFC 8259, section 6, has it. */
static bool
is_number(const char *p, size_t n)
{
	size_t i = 0, digits;

	i += i < n && p[i] == '-';
	if (i < n && p[i] == '0') {
		i++;
	} else {
		for (digits = i; i < n && p[i] >= '0' && p[i] <= '9';)
			i++;
		if (i == digits)
			return false;
	}
	if (i < n && p[i] == '.') {
		for (digits = ++i; i < n && p[i] >= '0' && p[i] <= '9';)
			i++;
		if (i == digits)
			return false;
	}
	if (i < n && (p[i] == 'e' || p[i] == 'E')) {
		i++;
		i += i < n && (p[i] == '+' || p[i] == '-');
		for (digits = i; i < n && p[i] >= '0' && p[i] <= '9';)
			i++;
		if (i == digits)
			return false;
	}
	return i == n;
}

static bool
in_number(char c)
{
	return c != '\0' && strchr("0123456789+-.eE", c) != NULL;
}

/* Outside of strings there is a word that is no number of RFC 8259. */
static bool
odd_number(const char *p, size_t n)
{
	bool quoted = false;
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (quoted && p[i] == '\\') {
			i++;
		} else if (p[i] == '"') {
			quoted = !quoted;
		} else if (!quoted && in_number(p[i])) {
			for (k = i; i < n && in_number(p[i]);)
				i++;
			if (!is_number(p + k, i - k))
				return true;
			i--;
		}
	}
	return false;
}

/* White space ended with \f or \v, NUL bytes, raw control characters. */
static bool
has_control(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < 0x20)
			return true;
	return false;
}

static bool
has_nan(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i + 3 <= n; i++)
		if (memcmp(p + i, "nan", 3) == 0)
			return true;
	return false;
}

static bool
lenient(const char *p, size_t n)
{
	return !utf8_valid(p, n) || has_control(p, n) || odd_number(p, n) ||
	       has_nan(p, n) || (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0);
}

static size_t
depth(const char *p, size_t n)
{
	bool quoted = false;
	size_t i, now = 0, most = 0;

	for (i = 0; i < n; i++) {
		if (quoted && p[i] == '\\')
			i++;
		else if (p[i] == '"')
			quoted = !quoted;
		else if (!quoted && (p[i] == '{' || p[i] == '['))
			most = ++now > most ? now : most;
		else if (!quoted && (p[i] == '}' || p[i] == ']'))
			now -= now > 0;
	}
	return most;
}

/* A high surrogate alone; RFC 8259 lets it pass, jq does not. */
static bool
broken_pair(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i + 6 <= n; i++)
		if (memcmp(p + i, "\\u", 2) == 0 && strchr("dD", p[i + 2]) &&
		    strchr("89abAB", p[i + 3]) &&
		    !(i + 12 <= n && memcmp(p + i + 6, "\\u", 2) == 0 &&
			strchr("dD", p[i + 8]) && strchr("cdefCDEF", p[i + 9])))
			return true;
	return false;
}

static void
same_value(const struct json_member *m, jv v)
{
	static const jv_kind kind[] = { [JSON_NULL] = JV_KIND_NULL,
		[JSON_FALSE] = JV_KIND_FALSE,
		[JSON_TRUE] = JV_KIND_TRUE,
		[JSON_NUMBER] = JV_KIND_NUMBER,
		[JSON_STRING] = JV_KIND_STRING,
		[JSON_ARRAY] = JV_KIND_ARRAY,
		[JSON_OBJECT] = JV_KIND_OBJECT };
	struct buf out;
	int64_t i;
	double x, y;

	check(jv_get_kind(v) == kind[m->kind]);
	if (m->kind == JSON_NUMBER) {
		y = jv_number_value(v);
		if (json_num(m, &x) == 0)
			check(fabs(x - y) <= fabs(x) * 1e-14);
		else
			check(fabs(y) > 1e308);
		if (json_int(m, &i) == 0)
			check(i == (int64_t)y);
	} else if (m->kind == JSON_STRING) {
		buf_init(&out, 1 << 20);
		if (json_unescape(m, &out) == 0) {
			check((size_t)jv_string_length_bytes(jv_copy(v)) ==
			      out.len);
			check(memcmp(jv_string_value(v), out.p, out.len) == 0);
		}
		check(utf8_valid(out.p, out.len));
		buf_release(&out);
	}
	jv_free(v);
}

/* A member's key, decoded. 0, or -1: half of a surrogate pair is in it. */
static int
key_of(const struct json_member *m, struct buf *key)
{
	struct json_member as_string = *m;

	as_string.val = m->key - 1;
	as_string.vallen = m->keylen + 2;
	as_string.val_escaped = m->key_escaped;
	as_string.kind = JSON_STRING;
	buf_init(key, 1 << 20);
	return json_unescape(&as_string, key);
}

/*
 * jq has U+FFFD for half of a pair, so that such a key, which to us is no
 * text, may be the same as another one to jq.
 */
static bool
may_meet(const struct json_doc *doc, const char *key)
{
	struct buf other;
	bool broken = false;
	size_t i;

	if (strstr(key, "\xef\xbf\xbd") == NULL)
		return false;
	for (i = 0; i < doc->n && !broken; i++) {
		broken = key_of(&doc->m[i], &other) != 0;
		buf_release(&other);
	}
	return broken;
}

/* Each member's last value is what jq has under its key. */
static void
same_object(const struct json_doc *doc, jv object)
{
	struct buf key;
	size_t i, k, later;

	for (i = 0; i < doc->n; i++) {
		if (key_of(&doc->m[i], &key) == 0 && strlen(key.p) == key.len) {
			for (k = later = i; k < doc->n; k++)
				if (json_key_is(&doc->m[k], key.p))
					later = k;
			check(json_get(doc, key.p) == &doc->m[later]);
			check(json_has_duplicates(doc) || later == i);
			if (!may_meet(doc, key.p))
				same_value(&doc->m[later],
				    jv_object_get(jv_copy(object),
					jv_string_sized(key.p, (int)key.len)));
		}
		buf_release(&key);
	}
}

/* A doc that has read other texts before reads this one as a new one does. */
static void
same_again(const struct json_doc *doc, int r, const char *p, size_t n)
{
	static struct json_doc used;
	size_t i;

	check(json_parse(&used, p, n) == r);
	check(used.err == doc->err && used.erroff == doc->erroff);
	check(used.n == doc->n && used.tags == doc->tags);
	for (i = 0; i < doc->n; i++) {
		check(used.m[i].key == doc->m[i].key);
		check(used.m[i].keylen == doc->m[i].keylen);
		check(used.m[i].val == doc->m[i].val);
		check(used.m[i].vallen == doc->m[i].vallen);
		check(used.m[i].kind == doc->m[i].kind);
		check(used.m[i].tag == doc->m[i].tag);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct json_doc doc = { 0 };
	char *text = malloc(n + 1);
	jv v;
	int r;

	if (text == NULL || n > 1 << 20) {
		free(text);
		return 0;
	}
	if (n > 0)
		memcpy(text, data, n);
	text[n] = '\0';
	/* a copy that ends where it ends is the sanitizer's business */
	r = json_parse(&doc, (const char *)data, n);
	same_again(&doc, r, (const char *)data, n);
	v = jv_parse_sized(text, (int)n);
	if (r == 0) {
		check(utf8_valid(text, n));
		if (jv_get_kind(v) == JV_KIND_OBJECT)
			same_object(&doc, v);
		else
			check(depth(text, n) > JQ_DEPTH_MAX ||
			      broken_pair(text, n));
	} else {
		check(doc.err != NULL && doc.erroff <= n);
		check(jv_get_kind(v) != JV_KIND_OBJECT || lenient(text, n));
	}
	jv_free(v);
	json_release(&doc);
	free(text);
	return 0;
}
