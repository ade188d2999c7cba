/*
 * json-impl: what the scanner (json.c) and the undoing and making of escapes
 * (json-text.c) share. Nobody else includes it.
 */
#ifndef SS_JSON_IMPL_H
#define SS_JSON_IMPL_H

#include <stdbool.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Skips bytes of a string that mean nothing: neither " nor \ nor control. */
static inline const char *
json_plain(const char *p, const char *end, bool *high)
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
