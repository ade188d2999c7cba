/*
 * json: see json.h. The scanner walks the text once, without recursion (a
 * bit per level says object or array), and jumps through strings sixteen
 * bytes at a time where the machine can: strings are most of a chat line.
 */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "json-impl.h"
#include "utf8.h"

#include "banned.h"

struct scan {
	const char *from, *p, *end; /* the text's begin, here, its end */
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

static inline void
space(struct scan *s)
{
	if (s->p < s->end && (unsigned char)*s->p > ' ')
		return; /* nearly always */
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' ||
				    *s->p == '\n' || *s->p == '\r'))
		s->p++;
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
		if (s->end - s->p < 6 || json_hex4(s->p + 2) < 0)
			return fail(s, "bad \\u escape");
		s->p += 6;
		return 0;
	default:
		return fail(s, "unknown escape");
	}
}

/* s->p stands at the opening quote. */
static inline int
string(struct scan *s, struct string *out)
{
	const char *start = ++s->p;
	bool high = false;

	out->escaped = false;
	for (;;) {
		s->p = json_plain(s->from, s->p, s->end, &high);
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

static inline int
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
static inline int
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

/*
 * The same for what nearly every string is: ASCII without escapes. False:
 * s->p has not moved, and string() has to tell what is wrong, if anything.
 */
static inline bool
plain_string(struct scan *s, struct string *out)
{
	const char *p = s->p + 1;
	bool high = false;

	out->p = p;
	p = json_plain(s->from, p, s->end, &high);
	if (p == s->end || *p != '"' || high)
		return false;
	out->n = (size_t)(p - out->p);
	out->escaped = false;
	s->p = p + 1;
	return true;
}

/* s->p stands at a key; leaves it behind the colon. */
static inline int
member_key(struct scan *s, struct string *key)
{
	if (s->p == s->end || *s->p != '"')
		return fail(s, "a key must be a string");
	if (!plain_string(s, key) && string(s, key) < 0)
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
	struct json_guess *guess;
	struct json_member *m;
	size_t cap, i;

	if (d->n == d->cap) {
		cap = d->cap ? d->cap * 2 : 16;
		m = realloc(d->m, cap * sizeof *m);
		if (!m)
			return NULL;
		d->m = m;
		guess = realloc(d->guess, cap * sizeof *guess);
		if (!guess)
			return NULL;
		for (i = d->cap; i < cap; i++)
			guess[i] = JSON_NO_GUESS;
		d->guess = guess;
		d->cap = cap;
	}
	return &d->m[d->n++];
}

/* The value at s->p, whatever it is, into m. */
static inline int
value(struct scan *s, struct json_member *m)
{
	struct string text;

	m->val_escaped = false;
	m->val = s->p;
	if (s->p < s->end && *s->p == '"' && plain_string(s, &text)) {
		m->kind = JSON_STRING;
		m->vallen = text.n + 2;
		return 0;
	}
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

/* A key as programs write it and its colon; what is behind it, or NULL. */
static inline const char *
usual_key(const char *from, const char *p, const char *end,
    struct json_member *m, struct json_guess *g)
{
	const char *key = p + 1;
	bool high = false, far = end - p >= JSON_GUESS;

	m->key = key;
	m->key_escaped = false;
	if (far && json_guessed(g, p)) {
		m->keylen = g->keylen;
		m->tag = g->tag;
		return key + g->keylen + 2;
	}
	if (p == end || *p != '"')
		return NULL;
	p = json_plain(from, key, end, &high);
	if (high || end - p < 3 || *p != '"' || p[1] != ':')
		return NULL;
	m->keylen = (size_t)(p - key);
	m->tag = json_tag(key, m->keylen);
	if (far)
		json_guess_key(g, key - 1, m->keylen);
	return p + 2;
}

static inline const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* The end of a number without sign and exponent, or NULL. */
static inline const char *
usual_number(const char *p, const char *end)
{
	const char *to = skip_digits(p, end), *dot = to;

	if (to == p || (*p == '0' && to != p + 1))
		return NULL;
	if (to < end && *to == '.') {
		to = skip_digits(to + 1, end);
		if (to == dot + 1)
			return NULL;
	}
	return to < end && (*to == ',' || *to == '}') ? to : NULL;
}

/* The end of true, false, or a plain number; or NULL. */
static inline const char *
usual_word(const char *p, const char *end, enum json_kind *kind)
{
	if (*p == 'f' && end - p > 5 && memcmp(p, "false", 5) == 0) {
		*kind = JSON_FALSE;
		return p + 5;
	}
	if (*p == 't' && end - p > 4 && memcmp(p, "true", 4) == 0) {
		*kind = JSON_TRUE;
		return p + 4;
	}
	*kind = JSON_NUMBER;
	return usual_number(p, end);
}

/*
 * A member as programs write it: no white space, no escapes, the value a
 * string, a plain number, true or false. Returns what is behind it. NULL: it
 * is none of that, and the general way has to tell what is wrong, if anything.
 * All it needs stays in registers, which makes it worth having.
 */
static inline const char *
usual(const char *from, const char *p, const char *end, struct json_member *m,
    struct json_guess *g)
{
	bool high = false;

	p = usual_key(from, p, end, m, g);
	if (!p || p == end)
		return NULL;
	m->val = p;
	m->val_escaped = false;
	if (*p == '"') {
		m->kind = JSON_STRING;
		p = json_plain(from, p + 1, end, &high);
		if (p == end || *p++ != '"' ||
		    (high && !utf8_valid(m->val, (size_t)(p - m->val))))
			return NULL;
	} else {
		p = usual_word(p, end, &m->kind);
		if (!p)
			return NULL;
	}
	m->vallen = json_guess_length(g, (size_t)(p - m->val));
	return m->val + m->vallen;
}

/*
 * Members of the outermost object: all of the usual ones that follow each
 * other here, or else a single one in the general way.
 */
static int
members(struct scan *s, struct json_doc *d)
{
	const char *from = s->from, *p = s->p, *next;
	struct json_member *m;
	struct string key;
	uint64_t tags = d->tags, again = d->again, bit;
	size_t i;

	for (i = d->n; i < d->cap; i++, p = next + 1) {
		next = usual(from, p, s->end, &d->m[i], &d->guess[i]);
		if (!next)
			break;
		bit = UINT64_C(1) << d->m[i].tag;
		again |= tags & bit;
		tags |= bit;
		if (next < s->end && *next == ',')
			continue;
		d->n = i + 1;
		d->tags = tags;
		d->again = again;
		s->p = next;
		return 0;
	}
	d->n = i;
	s->p = p;
	m = next_member(d);
	if (!m)
		return fail(s, "out of memory");
	space(s);
	if (member_key(s, &key) < 0)
		return -1;
	m->key = key.p;
	m->keylen = key.n;
	m->key_escaped = key.escaped;
	m->tag = key.escaped ? JSON_TAG_ANY : json_tag(key.p, key.n);
	bit = key.escaped ? UINT64_MAX : UINT64_C(1) << m->tag;
	d->again = again | (tags & bit) | (key.escaped ? bit : 0);
	d->tags = tags | bit;
	return value(s, m);
}

/* One item of the outermost array: a member with an empty key. */
static int
item(struct scan *s, struct json_doc *d)
{
	struct json_member *m = next_member(d);

	if (!m)
		return fail(s, "out of memory");
	m->key = "";
	m->keylen = 0;
	m->key_escaped = false;
	m->tag = json_tag("", 0);
	d->again = d->tags = UINT64_C(1) << m->tag;
	return value(s, m);
}

/* What stands between two brackets and commas, as one of a kind reads it. */
struct outermost {
	char open, close;
	int (*one)(struct scan *, struct json_doc *);
	const char *none, *torn, *more;
};

static const struct outermost an_object = { '{', '}', members, "not an object",
	"no comma or closing brace", "something follows the object" };
static const struct outermost an_array = { '[', ']', item, "not an array",
	"no comma or closing bracket", "something follows the array" };

static inline int
outermost(struct scan *s, struct json_doc *d, const struct outermost *o)
{
	space(s);
	if (s->p == s->end || *s->p != o->open)
		return fail(s, o->none);
	s->p++;
	space(s);
	if (s->p < s->end && *s->p == o->close) {
		s->p++;
	} else {
		for (;;) {
			if (o->one(s, d) < 0)
				return -1;
			space(s);
			if (s->p == s->end ||
			    (*s->p != ',' && *s->p != o->close))
				return fail(s, o->torn);
			if (*s->p++ == o->close)
				break;
			space(s);
		}
	}
	space(s);
	if (s->p != s->end)
		return fail(s, o->more);
	return 0;
}

static inline int
parse(struct json_doc *d, const char *text, size_t n, const struct outermost *o)
{
	struct scan s = { .from = text, .p = text, .end = text + n };

	d->n = 0;
	d->tags = d->again = 0;
	d->err = NULL;
	d->erroff = 0;
	if (outermost(&s, d, o) == 0)
		return 0;
	/* a wrong byte outside of strings is worth its own name */
	d->err = utf8_valid(text, n) ? s.err : "not UTF-8";
	d->erroff = (size_t)(s.p - text);
	d->n = 0;
	d->tags = d->again = 0;
	return -1;
}

int
json_parse(struct json_doc *d, const char *text, size_t n)
{
	return parse(d, text, n, &an_object);
}

int
json_parse_array(struct json_doc *d, const char *text, size_t n)
{
	return parse(d, text, n, &an_array);
}

void
json_release(struct json_doc *d)
{
	free(d->m);
	free(d->guess);
	*d = (struct json_doc){ 0 };
}
