/*
 * disguise: a text as people write it who don't want it read by a machine.
 * The trainer learns from such copies, harmless and toxic alike, so that a
 * disguise is no evidence by itself, and the evaluation counts what is still
 * flagged. Only words of ASCII letters are touched; same seed, same text.
 */
#include "disguise.h"

#include <string.h>

#include "banned.h"

#define WORD_LEAST 3 /* letters: shorter words stay as they are */
#define SWAP_LEAST 4
#define STRETCH 5 /* letters that one becomes at most */

const char *const disguise_name[DISGUISES] = {
	"capitals",
	"leet",
	"spaced",
	"dotted",
	"hyphens",
	"masked",
	"stretched",
	"look-alikes",
	"zero-width",
	"accents",
	"swapped",
};

struct maker {
	struct buf *out;
	uint64_t random;
	bool failed;
};

static uint32_t
dice(struct maker *m, uint32_t sides)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 33) % sides;
}

static void
put(struct maker *m, const char *s, size_t n)
{
	if (buf_add(m->out, s, n) < 0)
		m->failed = true;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
lower(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool
is_vowel(char c)
{
	return c != '\0' && strchr("aeiouyAEIOUY", c) != NULL;
}

static void
capitals(struct maker *m, const char *w, size_t n)
{
	size_t i;
	char c;

	for (i = 0; i < n; i++) {
		c = lower(w[i]);
		c = (char)(c - 'a' + 'A');
		put(m, &c, 1);
	}
}

/* Three letters in four of those that have a sign. */
static void
leet(struct maker *m, const char *w, size_t n)
{
	static const char letters[] = "aeiostbg", one[] = "43105789",
			  two[] = "@3!0$789";
	const char *p;
	char c;
	size_t i;

	for (i = 0; i < n; i++) {
		p = strchr(letters, lower(w[i]));
		c = w[i];
		if (p != NULL && *p < 'b' + 25 && dice(m, 4) > 0 &&
		    (p - letters < 6 || dice(m, 4) == 0))
			c = (dice(m, 3) > 0 ? one : two)[p - letters];
		put(m, &c, 1);
	}
}

static void
joined_by(struct maker *m, const char *w, size_t n, const char *sep)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0)
			put(m, sep, strlen(sep));
		put(m, &w[i], 1);
	}
}

/* The first vowel inside, or else the second letter; now and then two. */
static void
masked(struct maker *m, const char *w, size_t n)
{
	size_t at, many, i;

	for (at = 1; at + 1 < n && !is_vowel(w[at]); at++)
		;
	if (at + 1 >= n)
		at = 1;
	many = dice(m, 4) == 0 && at + 2 < n ? 2 : 1;
	for (i = 0; i < n; i++)
		put(m, i >= at && i < at + many ? "*" : &w[i], 1);
}

static void
stretched(struct maker *m, const char *w, size_t n)
{
	size_t at, i, k, times = 3 + dice(m, STRETCH - 2);

	for (at = n - 1; at > 0 && !is_vowel(w[at]); at--)
		;
	if (!is_vowel(w[at]))
		at = n - 1;
	for (i = 0; i < n; i++)
		for (k = 0; k < (i == at ? times : 1); k++)
			put(m, &w[i], 1);
}

/* Three in four of the letters that have a twin, Cyrillic or Greek. */
static void
looks(struct maker *m, const char *w, size_t n)
{
	static const char *const twin[26] = {
		['a' - 'a'] = "\xd0\xb0",
		['c' - 'a'] = "\xd1\x81",
		['e' - 'a'] = "\xd0\xb5",
		['h' - 'a'] = "\xd2\xbb",
		['i' - 'a'] = "\xd1\x96",
		['j' - 'a'] = "\xd1\x98",
		['k' - 'a'] = "\xce\xba",
		['o' - 'a'] = "\xce\xbf",
		['p' - 'a'] = "\xd1\x80",
		['s' - 'a'] = "\xd1\x95",
		['u' - 'a'] = "\xcf\x85",
		['v' - 'a'] = "\xce\xbd",
		['x' - 'a'] = "\xd1\x85",
		['y' - 'a'] = "\xd1\x83",
	};
	const char *t;
	size_t i;

	for (i = 0; i < n; i++) {
		t = twin[lower(w[i]) - 'a'];
		if (t != NULL && dice(m, 4) > 0)
			put(m, t, strlen(t));
		else
			put(m, &w[i], 1);
	}
}

static void
accents(struct maker *m, const char *w, size_t n)
{
	static const char marks[][3] = { "\xcc\x81", "\xcc\x88", "\xcc\x82",
		"\xcc\xa7", "\xcc\x83" };
	size_t i;

	for (i = 0; i < n; i++) {
		put(m, &w[i], 1);
		if (dice(m, 3) > 0)
			put(m, marks[dice(m, 5)], 2);
	}
}

/* Two neighbours, the first letter stays. */
static void
swapped(struct maker *m, const char *w, size_t n)
{
	size_t at, i;

	if (n < SWAP_LEAST) {
		put(m, w, n);
		return;
	}
	at = 1 + dice(m, (uint32_t)(n - 2));
	for (i = 0; i < n; i++)
		put(m, &w[i == at ? at + 1 : i == at + 1 ? at : i], 1);
}

static void
word(struct maker *m, const char *w, size_t n, enum disguise d)
{
	switch (d) {
	case DISGUISE_CAPITALS:
		capitals(m, w, n);
		break;
	case DISGUISE_LEET:
		leet(m, w, n);
		break;
	case DISGUISE_SPACED:
		joined_by(m, w, n, " ");
		break;
	case DISGUISE_DOTTED:
		joined_by(m, w, n, ".");
		break;
	case DISGUISE_HYPHENS:
		joined_by(m, w, n, "-");
		break;
	case DISGUISE_MASKED:
		masked(m, w, n);
		break;
	case DISGUISE_STRETCHED:
		stretched(m, w, n);
		break;
	case DISGUISE_LOOKS:
		looks(m, w, n);
		break;
	case DISGUISE_ZERO_WIDTH:
		joined_by(m, w, n, "\xe2\x80\x8b");
		break;
	case DISGUISE_ACCENTS:
		accents(m, w, n);
		break;
	default:
		swapped(m, w, n);
		break;
	}
}

/* The end of the word at i, or i. */
static size_t
word_end(const char *s, size_t i, size_t n)
{
	while (i < n && is_letter(s[i]))
		i++;
	return i;
}

static uint32_t
count_words(const char *s, size_t n)
{
	uint32_t k = 0;
	size_t i, end;

	for (i = 0; i<n; i = end> i ? end : i + 1) {
		end = word_end(s, i, n);
		k += end - i >= WORD_LEAST;
	}
	return k;
}

int
disguise_text(const char *s, size_t n, enum disguise d, bool whole,
    uint64_t seed, struct buf *out)
{
	struct maker m = { .out = out,
		.random = seed * UINT64_C(0x9e3779b97f4a7c15) |
			  UINT64_C(88172645463325252) };
	uint32_t words = count_words(s, n), chosen, at = 0;
	bool wide = d == DISGUISE_SPACED && dice(&m, 2) == 0, least;
	size_t i, end;

	if (words == 0)
		return 0;
	buf_reset(out);
	chosen = dice(&m, words);
	for (i = 0; i < n; i = end) {
		end = word_end(s, i, n);
		if (end == i) {
			end = i + 1;
			put(&m, s + i, 1);
			/* " ".join(text): a blank becomes three */
			if (whole && wide && s[i] == ' ')
				put(&m, "  ", 2);
			continue;
		}
		least = end - i >= WORD_LEAST || (whole && wide);
		if (least && (whole || at == chosen))
			word(&m, s + i, end - i, d);
		else
			put(&m, s + i, end - i);
		at += least;
	}
	return m.failed ? -1 : 1;
}
