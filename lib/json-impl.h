/*
 * json-impl: what the scanner (json.c) and the undoing and making of escapes
 * (json-text.c) share. Nobody else includes it.
 */
#ifndef SS_JSON_IMPL_H
#define SS_JSON_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
/* JSON_PORTABLE: as on a machine without it, for tests/unit/json-portable.c */
#if defined __SSE2__ && !defined JSON_PORTABLE
#define JSON_SSE2
#include <emmintrin.h>
#endif

#include "json.h"

#ifdef JSON_SSE2
/*
 * A bit for each of sixteen bytes that is " or \ or a control character.
 * *high: there may be one beyond ASCII among them.
 */
static inline unsigned
json_stops(const char *p, bool *high)
{
	const __m128i ctl = _mm_set1_epi8(0x1f);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p), stop;

	stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
				_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
	    _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v));
	*high |= _mm_movemask_epi8(v) != 0;
	return (unsigned)_mm_movemask_epi8(stop);
}
#endif

/*
 * Skips bytes of a string that mean nothing: neither " nor \ nor control.
 * *high: it may have passed something beyond ASCII. The text begins at or
 * before p, at from: so its last bytes can be looked at together, too.
 */
static inline const char *
json_plain(const char *from, const char *p, const char *end, bool *high)
{
	unsigned char c;

#ifdef JSON_SSE2
	unsigned at;

	for (; end - p >= 16; p += 16) {
		at = json_stops(p, high);
		if (at)
			return p + __builtin_ctz(at);
	}
	if (p < end && end - from >= 16) {
		at = json_stops(end - 16, high) >> (16 - (end - p));
		return at ? p + __builtin_ctz(at) : end;
	}
#else
	(void)from;
#endif
	for (; p < end; p++) {
		c = (unsigned char)*p;
		if (c == '"' || c == '\\' || c < 0x20)
			break;
		*high |= c >= 0x80;
	}
	return p;
}

#define JSON_GUESS 16 /* bytes that are compared at once */

/*
 * What the last text had at a member's place, as most texts of a stream have
 * the same members in the same order. It is only ever a guess: the next text
 * must have these very bytes, or it is read in the ordinary way.
 */
struct json_guess {
	char
	    text[JSON_GUESS]; /* the key, its quotes, the colon; what follows */
	unsigned rest;        /* a bit for each byte that isn't compared */
	uint8_t keylen;       /* 0: none; between the quotes */
	uint8_t tag;
	size_t vallen;
};

#define JSON_NO_GUESS ((struct json_guess){ .rest = 1u << JSON_GUESS })

/* The text at p, JSON_GUESS bytes or more, begins with this key. */
static inline bool
json_guessed(const struct json_guess *g, const char *p)
{
#ifdef JSON_SSE2
	__m128i had = _mm_loadu_si128((const __m128i *)(const void *)g->text);
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);

	return ((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, had)) |
		   g->rest) == (1u << JSON_GUESS) - 1;
#else
	return g->keylen && memcmp(p, g->text, g->keylen + 3) == 0;
#endif
}

/* p: a key of n bytes, ASCII, with its quotes and colon, JSON_GUESS bytes. */
static inline void
json_guess_key(struct json_guess *g, const char *p, size_t n)
{
	if (!n || n + 3 > JSON_GUESS)
		return;
	memcpy(g->text, p, JSON_GUESS);
	g->keylen = (uint8_t)n;
	g->tag = json_tag(p + 1, n);
	g->rest = (1u << JSON_GUESS) - (1u << (n + 3));
}

/*
 * n, the length of the value at hand. Where it is as long as the last one, it
 * is taken from there: so the processor need not wait for the one value's end
 * before it begins with the next member (ids and times are always as long).
 */
static inline size_t
json_guess_length(struct json_guess *g, size_t n)
{
	size_t had = g->vallen, same = had;

#ifdef __GNUC__
	__asm__("" : "+r"(same)); /* not to be known as another name of n */
#endif
	if (n != had) {
		g->vallen = n;
		return n;
	}
#ifdef __GNUC__
	__asm__ volatile("" : "+r"(same)); /* a branch, not a selection */
#endif
	return same;
}

static inline int
json_hex(char c)
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
static inline long
json_hex4(const char *p)
{
	long v = 0;
	int i, h;

	for (i = 0; i < 4; i++) {
		h = json_hex(p[i]);
		if (h < 0)
			return -1;
		v = v << 4 | h;
	}
	return v;
}

#endif
