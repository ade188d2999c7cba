/*
 * json-text: see json.h. What a scanned member means (its key, its text, its
 * number), and the writing of strings.
 */
#include "json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json-impl.h"
#include "utf8.h"

#include "banned.h"

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
	hi = json_hex4(p + 2);
	*pp = p + 6;
	if (hi < 0xd800 || hi > 0xdfff)
		return utf8_encode((uint32_t)hi, out);
	if (hi < 0xdc00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
		lo = json_hex4(p + 8);
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

/* As strncmp and a NUL, but without a call: the first byte mostly tells. */
static bool
reads(const char *p, size_t n, const char *s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (p[i] != s[i] || !s[i])
			return false;
	return !s[n];
}

bool
json_key_is(const struct json_member *m, const char *key)
{
	if (m->key_escaped)
		return escaped_is(m->key, m->keylen, key);
	return reads(m->key, m->keylen, key);
}

const struct json_member *
json_find(const struct json_doc *d, const char *key, uint8_t tag)
{
	const struct json_member *m, *found = NULL, *end = d->m + d->n;
	bool only = !(d->again >> tag & 1);

	for (m = d->m; m < end; m++) {
		if (m->tag == tag ? !reads(m->key, m->keylen, key)
				  : m->tag != JSON_TAG_ANY ||
					!escaped_is(m->key, m->keylen, key))
			continue;
		found = m;
		if (only)
			break;
	}
	return found;
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
	return reads(m->val + 1, m->vallen - 2, s);
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
	char *end;

	if (m->kind != JSON_NUMBER)
		return -1;
	/* no NUL is needed: a comma, brace or space follows, and stops it */
	*out = strtod(m->val, &end);
	return end != m->val + m->vallen || !isfinite(*out) ? -1 : 0;
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
		q = json_plain(s, s, end, &high);
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
	buf_cut(b, old);
	return -1;
}
