/*
 * literal: see literal.h. A reader of the common part of PCRE2's syntax, which
 * follows nothing but concatenation, alternation and plain groups. It needs
 * to be right, not clever: what it doesn't know makes it give up.
 */
#include "literal.h"

#include <string.h>

#include "../banned.h"

#define DEPTH_MAX 16

struct reader {
	const char *p, *end;
	unsigned depth;
	bool lost; /* something that it doesn't know */
};

/* What one branch is made of: the run at hand, and the best so far. */
struct branch {
	char run[LITERAL_MAX];
	size_t nrun;
	struct literals best;
};

/* The shortest of them, which says how much they tell; 0: nothing. */
static size_t
worth(const struct literals *l)
{
	size_t i, least = l->n > 0 ? LITERAL_MAX : 0;

	for (i = 0; i < l->n; i++)
		if (l->len[i] < least)
			least = l->len[i];
	return least;
}

static void
end_run(struct branch *b)
{
	if (b->nrun >= LITERAL_MIN && b->nrun > worth(&b->best)) {
		b->best.n = 1;
		b->best.len[0] = (uint8_t)b->nrun;
		memcpy(b->best.text[0], b->run, b->nrun);
	}
	b->nrun = 0;
}

static void
put(struct branch *b, char c)
{
	if (b->nrun == LITERAL_MAX)
		end_run(b);
	b->run[b->nrun++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
next_is(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * A quantifier at r, if there is one: true; *least: how often at least, 0, 1
 * or more.
 */
static bool
quantifier(struct reader *r, unsigned *least)
{
	const char *q = r->p;

	*least = 1;
	if (q == r->end || strchr("*+?{", *q) == NULL || *q == '\0')
		return false;
	if (*q != '{') {
		*least = *q == '+';
		r->p++;
	} else {
		/* newer versions allow blanks in there */
		r->lost |= q + 1 < r->end && (q[1] == ' ' || q[1] == '\t');
		if (q + 1 == r->end || (!is_digit(q[1]) && q[1] != ','))
			return false;
		for (q++; q < r->end && (is_digit(*q) || *q == ','); q++)
			;
		if (q == r->end || *q != '}')
			return false;
		*least = r->p[1] != '0' && r->p[1] != ',';
		r->p = q + 1;
	}
	if (next_is(r, '?') || next_is(r, '+'))
		r->p++;
	return true;
}

/* Behind a class's closing bracket. */
static void
skip_class(struct reader *r)
{
	r->p++;
	if (next_is(r, '^'))
		r->p++;
	if (next_is(r, ']'))
		r->p++;
	while (r->p < r->end && *r->p != ']') {
		if (*r->p == '[') /* [:alpha:] and the like */
			r->lost = true;
		if (*r->p == '\\' && r->p + 1 < r->end) {
			r->lost |= r->p[1] == 'Q' || r->p[1] == 'E' ||
				   r->p[1] == 'c';
			r->p++;
		}
		r->p++;
	}
	r->lost |= r->p == r->end;
	if (!r->lost)
		r->p++;
}

static struct literals alternation(struct reader *);

/* A character of its own: kept unless it may be missing. */
static void
literal(struct reader *r, struct branch *b, char c)
{
	unsigned least;

	if (!quantifier(r, &least)) {
		put(b, c);
		return;
	}
	if (least > 0)
		put(b, c);
	end_run(b);
	/* of "a+b" it is the last a that stands before the b */
	if (least > 0 && r->p[-1] != '}' && r->p[-1] != '?')
		put(b, c);
}

/* Whatever stands at r may be anything, once its length is known. */
static void
anything(struct reader *r, struct branch *b)
{
	unsigned least;

	end_run(b);
	(void)quantifier(r, &least);
}

static void
escape(struct reader *r, struct branch *b)
{
	char c;

	if (r->p + 1 >= r->end) {
		r->lost = true;
		return;
	}
	c = r->p[1];
	r->p += 2;
	if (strchr("dDwWsSbBAzZhHvVRntrfae", c) != NULL)
		anything(r, b);
	else if ((unsigned char)c >= 0x80 || is_digit(c) ||
		 (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		r->lost = true;
	else
		literal(r, b, c);
}

/*
 * Behind "(" and what may follow it. Fails on all but "(", "(?:", "(?i:" and
 * "(?i)", the last of which is no group: true then.
 */
static bool
group_head(struct reader *r)
{
	r->p++;
	if (next_is(r, '*'))
		r->lost = true;
	if (!next_is(r, '?') || r->lost)
		return false;
	r->p++;
	while (next_is(r, 'i') || next_is(r, 's') || next_is(r, 'm'))
		r->p++;
	if (next_is(r, ')')) {
		r->p++;
		return true;
	}
	if (next_is(r, ':'))
		r->p++;
	else
		r->lost = true;
	return false;
}

static void
group(struct reader *r, struct branch *b)
{
	struct literals inner;
	unsigned least;

	end_run(b);
	if (group_head(r) || r->lost)
		return;
	if (++r->depth > DEPTH_MAX) {
		r->lost = true;
		return;
	}
	inner = alternation(r);
	r->depth--;
	if (!next_is(r, ')'))
		r->lost = true;
	if (r->lost)
		return;
	r->p++;
	(void)quantifier(r, &least);
	if (least > 0 && worth(&inner) > worth(&b->best))
		b->best = inner;
}

static struct literals
branch(struct reader *r)
{
	struct branch b = { .nrun = 0 };
	char c;

	b.best.n = 0;
	while (r->p < r->end && !r->lost && *r->p != '|' && *r->p != ')') {
		c = *r->p;
		if (c == '(') {
			group(r, &b);
		} else if (c == '[') {
			skip_class(r);
			anything(r, &b);
		} else if (c == '\\') {
			escape(r, &b);
		} else if (c == '.' || c == '^' || c == '$') {
			r->p++;
			anything(r, &b);
		} else if ((unsigned char)c >= 0x80) {
			/* whose small letter may be another one */
			for (r->p++; r->p < r->end &&
				     ((unsigned char)*r->p & 0xc0) == 0x80;)
				r->p++;
			anything(r, &b);
		} else {
			r->p++;
			literal(r, &b, c);
		}
	}
	end_run(&b);
	return b.best;
}

/* Appends b to a, where both tell something; else nothing is known. */
static void
join(struct literals *a, const struct literals *b)
{
	size_t i;

	if (b->n == 0 || a->n + b->n > LITERALS_MAX) {
		a->n = 0;
		return;
	}
	for (i = 0; i < b->n; i++) {
		memcpy(a->text[a->n], b->text[i], b->len[i]);
		a->len[a->n++] = b->len[i];
	}
}

static struct literals
alternation(struct reader *r)
{
	struct literals all = branch(r), more;
	bool known = all.n > 0;

	while (!r->lost && next_is(r, '|')) {
		r->p++;
		more = branch(r);
		if (known)
			join(&all, &more);
		known = known && all.n > 0;
	}
	if (r->lost || !known)
		all.n = 0;
	return all;
}

void
literals_find(struct literals *l, const char *pattern, size_t n, bool extended)
{
	struct reader r = { .p = pattern, .end = pattern + n };

	l->n = 0;
	if (extended)
		return;
	*l = alternation(&r);
	if (r.lost || r.p != r.end)
		l->n = 0;
}
