/* utf8: RFC 3629, checked against a decoder written from its table. */
#include "../../lib/utf8.h"

#include "tap.h"

#include "../../lib/banned.h"

/*
 * RFC 3629, section 4, line by line: the length of the valid sequence at p,
 * or 0.
 */
static size_t
reference(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char lo, hi, lo2, hi2, len;
	} row[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (p[0] < row[i].lo || p[0] > row[i].hi || n < row[i].len)
			continue;
		if (row[i].len > 1 && (p[1] < row[i].lo2 || p[1] > row[i].hi2))
			return 0;
		for (k = 2; k < row[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return row[i].len;
	}
	return 0;
}

static bool
agrees(const unsigned char *p, size_t n)
{
	size_t len = reference(p, n), got;
	uint32_t cp;
	char *copy = tap_copy(p, n);
	bool same;

	got = utf8_decode(copy, n, &cp);
	same = len > 0 ? got == len : got == 1 && cp == 0xfffd;
	/* the sequence alone is valid exactly when the table says so */
	if (len > 0)
		same = same && utf8_valid(copy, len);
	else
		same = same && !utf8_valid(copy, n);
	free(copy);
	return same;
}

static void
agrees_with_the_table(void)
{
	static const unsigned char edge[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90,
		0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xff };
	unsigned char s[4];
	int a, b;
	size_t i, k, bad[5] = { 0 };

	for (a = 0; a < 256; a++) {
		s[0] = (unsigned char)a;
		bad[1] += !agrees(s, 1);
		for (b = 0; b < 256; b++) {
			s[1] = (unsigned char)b;
			bad[2] += !agrees(s, 2);
			for (i = 0; i < sizeof(edge); i++) {
				s[2] = edge[i];
				bad[3] += !agrees(s, 3);
				for (k = 0; a >= 0xe0 && k < sizeof(edge);
				     k++) {
					s[3] = edge[k];
					bad[4] += !agrees(s, 4);
				}
			}
		}
	}
	IS_INT(bad[1], 0);
	IS_INT(bad[2], 0);
	IS_INT(bad[3], 0);
	IS_INT(bad[4], 0);
}

static void
encodes_every_scalar(void)
{
	uint32_t cp, back;
	char s[4];
	size_t n, bad = 0;

	for (cp = 0; cp <= 0x10ffff; cp++) {
		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		n = utf8_encode(cp, s);
		bad += n < 1 || n > 4 || utf8_decode(s, n, &back) != n ||
		       back != cp || !utf8_valid(s, n) || utf8_count(s, n) != 1;
	}
	IS_INT(bad, 0);
}

/* whatever is skipped over quickly, one bad byte anywhere is seen */
static void
sees_a_bad_byte_anywhere(void)
{
	static const unsigned char bad[] = { 0x80, 0xc0, 0xed, 0xf5, 0xff };
	char text[100], *copy;
	size_t n, at, i, missed = 0, wrong = 0;

	for (n = 1; n < sizeof(text); n++) {
		memset(text, 'x', n);
		copy = tap_copy(text, n);
		wrong += !utf8_valid(copy, n);
		free(copy);
		for (at = 0; at < n; at++)
			for (i = 0; i < sizeof(bad); i++) {
				memset(text, 'x', n);
				text[at] = (char)bad[i];
				copy = tap_copy(text, n);
				missed += utf8_valid(copy, n);
				free(copy);
			}
	}
	IS_INT(wrong, 0);
	IS_INT(missed, 0);
	OK(utf8_valid("", 0));
	OK(utf8_valid("a\0b", 3));
	OK(!utf8_valid("\xc3", 1));
	OK(!utf8_valid("\xed\xa0\xbd\xed\xb8\x80", 6));
	OK(!utf8_valid("xxxxxxxxxxxxxxx\xf0\x9f\x98", 18));
	OK(utf8_valid("xxxxxxxxxxxxxxx\xf0\x9f\x98\x80", 19));
}

static void
counts_code_points(void)
{
	IS_INT(utf8_count("", 0), 0);
	IS_INT(utf8_count("abc", 3), 3);
	IS_INT(utf8_count("gr\xc3\xbc\xc3\x9f", 6), 4);
	IS_INT(utf8_count("\xe2\x82\xac\xf0\x9f\x98\x80", 7), 2);
}

static void
knows_space_and_control(void)
{
	static const uint32_t space[] = { 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20,
		0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
		0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029,
		0x202f, 0x205f, 0x3000 };
	size_t i, n = 0, bad = 0;
	uint32_t cp;

	for (cp = 0; cp <= 0x10ffff; cp++) {
		n += utf8_is_space(cp);
		bad += utf8_is_control(cp) !=
		       (cp <= 0x1f || (cp >= 0x7f && cp <= 0x9f));
	}
	IS_INT(n, sizeof(space) / sizeof(space[0]));
	IS_INT(bad, 0);
	for (i = 0; i < sizeof(space) / sizeof(space[0]); i++)
		bad += !utf8_is_space(space[i]);
	IS_INT(bad, 0);
}

static void
trims(void)
{
	static const struct {
		const char *in, *out;
	} row[] = {
		{ "", "" },
		{ " ", "" },
		{ " \t\r\n", "" },
		{ "a", "a" },
		{ "  a b  ", "a b" },
		{ "\xc2\xa0\xe3\x80\x80x\xe2\x80\xa8\xc2\x85", "x" },
		{ "\xe2\x80\x8bx\xe2\x80\x8b", "\xe2\x80\x8bx\xe2\x80\x8b" },
		{ "\xf0\x9f\x98\x80 ", "\xf0\x9f\x98\x80" },
		{ " \xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xc2\xa0", "" },
		/* ends in the bytes of white space without being it */
		{ "\xe8\xa0\x85", "\xe8\xa0\x85" },
		{ "\xe1\x80\xa8", "\xe1\x80\xa8" },
	};
	size_t i, n;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char *copy = tap_copy(row[i].in, strlen(row[i].in));
		const char *p = copy;

		n = strlen(row[i].in);
		utf8_trim(&p, &n);
		tap_mem(p, n, row[i].out, strlen(row[i].out), "trimmed",
		    __FILE__, __LINE__);
		free(copy);
	}
}

int
main(void)
{
	agrees_with_the_table();
	encodes_every_scalar();
	sees_a_bad_byte_anywhere();
	counts_code_points();
	knows_space_and_control();
	trims();
	return tap_done();
}
