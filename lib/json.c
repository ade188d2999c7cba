/*
 * json: see json.h. The scanner walks the text once, without recursion (a
 * bit per level says object or array), and jumps through strings sixteen
 * bytes at a time where the machine can: strings are most of a chat line.
 */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "utf8.h"

#include "banned.h"

struct scan {
	const char *p, *end;
	const char *err;
};

/* A string's extent, from quote to quote. */
struct string {
	const char *p;
	size_t n; /* between the quotes */
	bool escaped;
};

static int
fail(struct scan *s, const char *why)
{
	if (!s->err)
		s->err = why;
	return -1;
}

static void
space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' ||
				    *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

/* Skips bytes of a string that mean nothing: neither " nor \ nor control. */
static const char *
plain(const char *p, const char *end, bool *high)
{
	unsigned char c;

#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i slash = _mm_set1_epi8('\\');
	const __m128i ctl = _mm_set1_epi8(0x1f);
	__m128i v, stop;
	int at, hi;

	for (; end - p >= 16; p += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)p);
		stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
					_mm_cmpeq_epi8(v, slash)),
		    _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v));
		at = _mm_movemask_epi8(stop);
		hi = _mm_movemask_epi8(v);
		if (at) {
			at = __builtin_ctz((unsigned)at);
			*high |= (hi & ((1 << at) - 1)) != 0;
			return p + at;
		}
		*high |= hi != 0;
	}
#endif
	for (; p < end; p++) {
		c = (unsigned char)*p;
		if (c == '"' || c == '\\' || c < 0x20)
			break;
		*high |= c >= 0x80;
	}
	return p;
}

static int
hexval(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits after \u, or -1. */
static long
hex4(const char *p)
{
	long v = 0;
	int i, h;

	for (i = 0; i < 4; i++) {
		h = hexval(p[i]);
		if (h < 0)
			return -1;
		v = v << 4 | h;
	}
	return v;
}

static int
escape(struct scan *s)
{
	if (s->end - s->p < 2)
		return fail(s, "unfinished string");
	switch (s->p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		s->p += 2;
		return 0;
	case 'u':
		if (s->end - s->p < 6 || hex4(s->p + 2) < 0)
			return fail(s, "bad \\u escape");
		s->p += 6;
		return 0;
	default:
		return fail(s, "unknown escape");
	}
}

/* s->p stands at the opening quote. */
static int
string(struct scan *s, struct string *out)
{
	const char *start = ++s->p;
	bool high = false;

	out->escaped = false;
	for (;;) {
		s->p = plain(s->p, s->end, &high);
		if (s->p == s->end)
			return fail(s, "unfinished string");
		if (*s->p == '"')
			break;
		if (*s->p != '\\')
			return fail(s, "control character in a string");
		out->escaped = true;
		if (escape(s) < 0)
			return -1;
	}
	out->p = start;
	out->n = (size_t)(s->p - start);
	s->p++;
	if (high && !utf8_valid(out->p, out->n))
		return fail(s, "not UTF-8");
	return 0;
}

static size_t
digits(struct scan *s)
{
	const char *p = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return (size_t)(s->p - p);
}

static int
number(struct scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++; /* no digit may follow: 01 is not a number */
	else if (!digits(s))
		return fail(s, "bad number");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s))
			return fail(s, "bad number");
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s))
			return fail(s, "bad number");
	}
	return 0;
}

static int
word(struct scan *s, const char *w, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
		return fail(s, "not a JSON value");
	s->p += n;
	return 0;
}

/* Anything but an object or array. */
static int
scalar(struct scan *s, enum json_kind *kind, bool *escaped)
{
	struct string str;

	switch (s->p < s->end ? *s->p : '\0') {
	case '"':
		*kind = JSON_STRING;
		if (string(s, &str) < 0)
			return -1;
		*escaped = str.escaped;
		return 0;
	case 't':
		*kind = JSON_TRUE;
		return word(s, "true", 4);
	case 'f':
		*kind = JSON_FALSE;
		return word(s, "false", 5);
	case 'n':
		*kind = JSON_NULL;
		return word(s, "null", 4);
	case '-':
	case '0':
	case '1':
	case '2':
	case '3':
	case '4':
	case '5':
	case '6':
	case '7':
	case '8':
	case '9':
		*kind = JSON_NUMBER;
		return number(s);
	default:
		return fail(s, "not a JSON value");
	}
}

/* s->p stands at a key; leaves it behind the colon. */
static int
member_key(struct scan *s, struct string *key)
{
	if (s->p == s->end || *s->p != '"')
		return fail(s, "a key must be a string");
	if (string(s, key) < 0)
		return -1;
	space(s);
	if (s->p == s->end || *s->p != ':')
		return fail(s, "no colon after a key");
	s->p++;
	space(s);
	return 0;
}

#define IS_OBJECT(bits, d) ((bits)[(d) >> 3] >> ((d)&7) & 1)

/*
 * A value and everything in it. One loop instead of recursion: at its top we
 * want a value; after one, closing brackets and commas are eaten until the
 * next value is wanted or the outermost bracket has closed.
 */
static int
nested(struct scan *s)
{
	unsigned char object[JSON_DEPTH_MAX / 8 + 1] = { 0 };
	struct string key;
	enum json_kind kind;
	bool escaped, fresh;
	size_t depth = 0;
	char c;

	do {
		c = s->p < s->end ? *s->p : '\0';
		fresh = c == '{' || c == '[';
		if (fresh) {
			if (++depth >= JSON_DEPTH_MAX)
				return fail(s, "nested too deeply");
			object[depth >> 3] &= (unsigned char)~(
			    1 << (depth & 7));
			object[depth >> 3] |= (unsigned char)((c == '{')
							      << (depth & 7));
			s->p++;
		} else if (scalar(s, &kind, &escaped) < 0) {
			return -1;
		}
		while (depth) {
			space(s);
			c = s->p < s->end ? *s->p : '\0';
			if (c == (IS_OBJECT(object, depth) ? '}' : ']')) {
				s->p++;
				depth--;
				fresh = false;
				continue;
			}
			if (!fresh) {
				if (c != ',')
					return fail(s, "no comma");
				s->p++;
				space(s);
			}
			if (IS_OBJECT(object, depth) && member_key(s, &key) < 0)
				return -1;
			break;
		}
	} while (depth);
	return 0;
}

static struct json_member *
next_member(struct json_doc *d)
{
	struct json_member *m;
	size_t cap;

	if (d->n == d->cap) {
		cap = d->cap ? d->cap * 2 : 16;
		m = realloc(d->m, cap * sizeof *m);
		if (!m)
			return NULL;
		d->m = m;
		d->cap = cap;
	}
	return &d->m[d->n++];
}

/* One member of the outermost object. */
static int
member(struct scan *s, struct json_doc *d)
{
	struct json_member *m = next_member(d);
	struct string key;

	if (!m)
		return fail(s, "out of memory");
	if (member_key(s, &key) < 0)
		return -1;
	m->key = key.p;
	m->keylen = key.n;
	m->key_escaped = key.escaped;
	m->val_escaped = false;
	m->val = s->p;
	if (s->p < s->end && (*s->p == '{' || *s->p == '[')) {
		m->kind = *s->p == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (nested(s) < 0)
			return -1;
	} else if (scalar(s, &m->kind, &m->val_escaped) < 0) {
		return -1;
	}
	m->vallen = (size_t)(s->p - m->val);
	return 0;
}

static int
object(struct scan *s, struct json_doc *d)
{
	space(s);
	if (s->p == s->end || *s->p != '{')
		return fail(s, "not an object");
	s->p++;
	space(s);
	if (s->p < s->end && *s->p == '}') {
		s->p++;
	} else {
		for (;;) {
			if (member(s, d) < 0)
				return -1;
			space(s);
			if (s->p == s->end || (*s->p != ',' && *s->p != '}'))
				return fail(s, "no comma or closing brace");
			if (*s->p++ == '}')
				break;
			space(s);
		}
	}
	space(s);
	if (s->p != s->end)
		return fail(s, "something follows the object");
	return 0;
}

int
json_parse(struct json_doc *d, const char *text, size_t n)
{
	struct scan s = { .p = text, .end = text + n };

	d->n = 0;
	d->err = NULL;
	d->erroff = 0;
	if (object(&s, d) == 0)
		return 0;
	/* a wrong byte outside of strings is worth its own name */
	d->err = utf8_valid(text, n) ? s.err : "not UTF-8";
	d->erroff = (size_t)(s.p - text);
	d->n = 0;
	return -1;
}

void
json_release(struct json_doc *d)
{
	free(d->m);
	*d = (struct json_doc){ 0 };
}

/*
 * Decodes the next code unit or sequence of an escaped text at *p into out,
 * returns its length in bytes. *bad is set for a lone surrogate.
 */
static size_t
unescape_one(const char **pp, const char *end, char out[4], bool *bad)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p = *pp, *at;
	long hi, lo;

	if (*p != '\\') {
		*out = *p;
		*pp = p + 1;
		return 1;
	}
	if (p[1] != 'u') {
		at = memchr(from, p[1], sizeof from - 1);
		*out = at ? to[at - from] : p[1];
		*pp = p + 2;
		return 1;
	}
	hi = hex4(p + 2);
	*pp = p + 6;
	if (hi < 0xd800 || hi > 0xdfff)
		return utf8_encode((uint32_t)hi, out);
	if (hi < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		lo = hex4(p + 8);
		if (lo >= 0xdc00 && lo <= 0xdfff) {
			*pp = p + 12;
			return utf8_encode(0x10000 +
					       ((uint32_t)(hi - 0xd800) << 10) +
					       (uint32_t)(lo - 0xdc00),
			    out);
		}
	}
	*bad = true;
	return utf8_encode(0xfffd, out);
}

/* The escaped text reads exactly s. */
static bool
escaped_is(const char *p, size_t n, const char *s)
{
	const char *end = p + n;
	size_t len = strlen(s), k;
	bool bad = false;
	char c[4];

	while (p < end) {
		k = unescape_one(&p, end, c, &bad);
		if (k > len || memcmp(c, s, k) != 0)
			return false;
		s += k;
		len -= k;
	}
	return len == 0 && !bad;
}

bool
json_key_is(const struct json_member *m, const char *key)
{
	if (m->key_escaped)
		return escaped_is(m->key, m->keylen, key);
	return strncmp(m->key, key, m->keylen) == 0 && !key[m->keylen];
}

const struct json_member *
json_get(const struct json_doc *d, const char *key)
{
	size_t i;

	for (i = d->n; i-- > 0;)
		if (json_key_is(&d->m[i], key))
			return &d->m[i];
	return NULL;
}

/* Two keys read the same, whatever their escapes. */
static bool
same_key(const struct json_member *a, const struct json_member *b)
{
	const char *p = a->key, *q = b->key;
	const char *pe = p + a->keylen, *qe = q + b->keylen;
	char x[4] = { 0 }, y[4] = { 0 };
	size_t i = 0, j = 0, nx = 0, ny = 0;
	bool bad;

	if (!a->key_escaped && !b->key_escaped)
		return a->keylen == b->keylen && memcmp(p, q, a->keylen) == 0;
	for (;;) {
		if (i == nx) {
			i = nx = 0;
			if (p < pe)
				nx = unescape_one(&p, pe, x, &bad);
		}
		if (j == ny) {
			j = ny = 0;
			if (q < qe)
				ny = unescape_one(&q, qe, y, &bad);
		}
		if (!nx || !ny)
			return nx == ny;
		if (x[i++] != y[j++])
			return false;
	}
}

bool
json_has_duplicates(const struct json_doc *d)
{
	size_t i, j;

	for (i = 1; i < d->n; i++)
		for (j = 0; j < i; j++)
			if (same_key(&d->m[i], &d->m[j]))
				return true;
	return false;
}

bool
json_str_is(const struct json_member *m, const char *s)
{
	if (m->kind != JSON_STRING)
		return false;
	if (m->val_escaped)
		return escaped_is(m->val + 1, m->vallen - 2, s);
	return strncmp(m->val + 1, s, m->vallen - 2) == 0 && !s[m->vallen - 2];
}

int
json_unescape(const struct json_member *m, struct buf *out)
{
	const char *p = m->val + 1, *end = m->val + m->vallen - 1, *q;
	bool bad = false;
	char c[4];
	size_t k;

	if (!m->val_escaped)
		return buf_add(out, p, (size_t)(end - p));
	while (p < end) {
		q = memchr(p, '\\', (size_t)(end - p));
		if (!q)
			q = end;
		if (buf_add(out, p, (size_t)(q - p)) < 0)
			return -1;
		p = q;
		if (p == end)
			break;
		k = unescape_one(&p, end, c, &bad);
		if (buf_add(out, c, k) < 0)
			return -1;
	}
	if (bad) {
		errno = EILSEQ;
		return -1;
	}
	return 0;
}

int
json_int(const struct json_member *m, int64_t *out)
{
	const char *p = m->val, *end = m->val + m->vallen;
	bool neg;
	int64_t v = 0;

	if (m->kind != JSON_NUMBER)
		return -1;
	neg = *p == '-';
	for (p += neg; p < end; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		v = v * 10 + (*p - '0');
		if (v > JSON_INT_MAX)
			return -1;
	}
	*out = neg ? -v : v;
	return 0;
}

int
json_num(const struct json_member *m, double *out)
{
	char tmp[64], *end;

	/* strtod needs a NUL; no sane number is longer */
	if (m->kind != JSON_NUMBER || m->vallen >= sizeof tmp)
		return -1;
	memcpy(tmp, m->val, m->vallen);
	tmp[m->vallen] = '\0';
	*out = strtod(tmp, &end);
	return *end || !isfinite(*out) ? -1 : 0;
}

int
json_write_str(struct buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *end = s + n, *q, *at;
	size_t old = b->len;
	bool high = false;
	char u[6] = "\\u00";

	if (buf_reserve(b, n + 2) < 0 || buf_addc(b, '"') < 0)
		return -1;
	while (s < end) {
		q = plain(s, end, &high);
		if (buf_add(b, s, (size_t)(q - s)) < 0)
			goto out;
		s = q;
		if (s == end)
			break;
		at = memchr(from, *s, sizeof from - 1);
		if (at) {
			u[1] = to[at - from];
			if (buf_add(b, u, 2) < 0)
				goto out;
		} else {
			u[1] = 'u';
			u[4] = hex[(unsigned char)*s >> 4];
			u[5] = hex[*s & 15];
			if (buf_add(b, u, 6) < 0)
				goto out;
		}
		s++;
	}
	if (buf_addc(b, '"') == 0)
		return 0;
out:
	b->len = old;
	b->p[old] = '\0';
	return -1;
}
