/*
 * normalise: see normalise.h. One table for the first 8192 code points,
 * filled from looks.c, and ranges for the alphabets that Unicode repeats
 * further up (fullwidth, mathematical, circled, ...). Letters map by looks,
 * not by sound: a Russian word turns into nonsense that only its own entry
 * in the lexicon can match, since that went through here as well.
 */
#include "normalise.h"

#include <stdbool.h>
#include <string.h>

#include "../utf8.h"

#include "../banned.h"

#define BIT(c) NORM_BIT((c) - 'a')

enum {
	ALT_NONE,
	ALT_ANY = NORM_ALT_ANY,
	ALT_A,
	ALT_B,
	ALT_C,
	ALT_E,
	ALT_G,
	ALT_IL,
	ALT_NU,
	ALT_O,
	ALT_R,
	ALT_S,
	ALT_T,
	ALT_VOWEL,
	ALT_W,
	ALT_Z
};

const uint64_t norm_alt[] = {
	[ALT_NONE] = 0,
	[ALT_ANY] = NORM_LETTERS,
	[ALT_A] = BIT('a'),
	[ALT_B] = BIT('b'),
	[ALT_C] = BIT('c'),
	[ALT_E] = BIT('e'),
	[ALT_G] = BIT('g'),
	[ALT_IL] = BIT('i') | BIT('l'),
	[ALT_NU] = BIT('n') | BIT('u'),
	[ALT_O] = BIT('o'),
	[ALT_R] = BIT('r'),
	[ALT_S] = BIT('s'),
	[ALT_T] = BIT('t'),
	[ALT_VOWEL] = BIT('a') | BIT('i') | BIT('o') | BIT('u'),
	[ALT_W] = BIT('w'),
	[ALT_Z] = BIT('z'),
};

struct mark {
	uint32_t cp;
	uint8_t kind, alt;
};

static const struct mark marks[] = {
	{ '0', NORM_SIGN, ALT_O },
	{ '1', NORM_SIGN, ALT_IL },
	{ '2', NORM_SIGN, ALT_Z },
	{ '3', NORM_SIGN, ALT_E },
	{ '4', NORM_SIGN, ALT_A },
	{ '5', NORM_SIGN, ALT_S },
	{ '6', NORM_SIGN, ALT_G },
	{ '7', NORM_SIGN, ALT_T },
	{ '8', NORM_SIGN, ALT_B },
	{ '9', NORM_SIGN, ALT_G },
	{ '@', NORM_SIGN, ALT_VOWEL },
	{ '$', NORM_SIGN, ALT_S },
	{ 0xa2, NORM_SIGN, ALT_C },   /* cent */
	{ 0xa3, NORM_SIGN, ALT_IL },  /* pound */
	{ 0x20ac, NORM_SIGN, ALT_E }, /* euro */
	{ '!', NORM_GLUE, ALT_IL },
	{ 0xa1, NORM_GLUE, ALT_IL }, /* inverted ! */
	{ '|', NORM_GLUE, ALT_IL },
	{ '+', NORM_GLUE, ALT_T },
	{ '(', NORM_GLUE, ALT_C },
	{ '<', NORM_GLUE, ALT_C },
	{ '*', NORM_GLUE, ALT_ANY },
	{ '#', NORM_GLUE, ALT_ANY },
	{ '%', NORM_GLUE, ALT_ANY },
	{ '&', NORM_GLUE, ALT_ANY },
	{ '^', NORM_GLUE, ALT_ANY },
	{ 0x2022, NORM_GLUE, ALT_ANY }, /* bullet */
	{ 0xb7, NORM_GLUE, ALT_ANY },   /* middle dot */
	{ '.', NORM_GLUE, ALT_NONE },
	{ '-', NORM_GLUE, ALT_NONE },
	{ '_', NORM_GLUE, ALT_NONE },
	{ '~', NORM_GLUE, ALT_NONE },
	{ '/', NORM_GLUE, ALT_NONE },
	{ '\\', NORM_GLUE, ALT_NONE },
	{ ',', NORM_GLUE, ALT_NONE },
	{ ':', NORM_GLUE, ALT_NONE },
	{ '=', NORM_GLUE, ALT_NONE },
	{ 0x2010, NORM_GLUE, ALT_NONE }, /* hyphens and dashes */
	{ 0x2011, NORM_GLUE, ALT_NONE },
	{ 0x2013, NORM_GLUE, ALT_NONE },
	{ 0x2014, NORM_GLUE, ALT_NONE },
};

/* Cyrillic without a Latin twin, and what it is misused for. */
static const struct {
	const char *letters; /* both cases */
	uint8_t alt;
} cyrillic[] = {
	{ "бБ", ALT_B },
	{ "гГґҐ", ALT_R },
	{ "дД", 0 },
	{ "жЖ", 0 },
	{ "зЗ", ALT_Z },
	{ "иИйЙ", ALT_NU },
	{ "лЛ", 0 },
	{ "пП", ALT_NU },
	{ "фФ", ALT_O },
	{ "цЦ", ALT_NU },
	{ "чЧ", 0 },
	{ "шШщЩ", ALT_W },
	{ "ъЪ", ALT_B },
	{ "ыЫ", 0 },
	{ "эЭ", ALT_E },
	{ "юЮ", 0 },
	{ "яЯ", ALT_R },
	{ "єЄ", ALT_E },
};

/* Alphabets that repeat a to z, far up. */
static const struct {
	uint32_t first, last, base; /* base: the code point of its first a */
	uint8_t period;             /* letters until a comes again */
} alphabets[] = {
	{ 0x249c, 0x24b5, 0x249c, 26 },    /* parenthesised */
	{ 0x24b6, 0x24e9, 0x24b6, 26 },    /* circled */
	{ 0xff21, 0xff3a, 0xff21, 26 },    /* fullwidth */
	{ 0xff41, 0xff5a, 0xff41, 26 },    /* fullwidth, small */
	{ 0x1d400, 0x1d6a3, 0x1d400, 26 }, /* mathematical */
	{ 0x1f110, 0x1f129, 0x1f110, 26 }, /* parenthesised capitals */
	{ 0x1f130, 0x1f149, 0x1f130, 26 }, /* squared */
	{ 0x1f150, 0x1f169, 0x1f150, 26 }, /* white on black, circled */
	{ 0x1f170, 0x1f189, 0x1f170, 26 }, /* white on black, squared */
	{ 0x1f1e6, 0x1f1ff, 0x1f1e6, 26 }, /* regional indicators */
	{ 0xe0061, 0xe007a, 0xe0061, 26 }, /* tags */
};

/* Leaves no mark: format, combining, fillers. Sorted. */
static const struct {
	uint32_t first, last;
} unseen[] = {
	{ 0x00, 0x08 },
	{ 0x0e, 0x1f },
	{ '\'', '\'' },
	{ '`', '`' },
	{ 0x7f, 0x84 },
	{ 0x86, 0x9f },
	{ 0xad, 0xad },
	{ 0xb4, 0xb4 },
	{ 0x2b9, 0x2df },
	{ 0x300, 0x36f },
	{ 0x483, 0x489 },
	{ 0x591, 0x5bd },
	{ 0x610, 0x61c },
	{ 0x64b, 0x65f },
	{ 0x6d6, 0x6dd },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x200b, 0x200f },
	{ 0x2018, 0x201b },
	{ 0x202a, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x20d0, 0x20f0 },
	{ 0x3164, 0x3164 },
	{ 0xfe00, 0xfe0f },
	{ 0xfe20, 0xfe2f },
	{ 0xfeff, 0xfeff },
	{ 0xffa0, 0xffa0 },
	{ 0xfff9, 0xfffb },
	{ 0x1f3fb, 0x1f3ff },
	{ 0xe0000, 0xe0060 },
	{ 0xe007f, 0xe01ef },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* In a glyph's kind: not to be seen. Never leaves this file. */
#define UNSEEN 0xff

static bool
is_unseen(uint32_t cp)
{
	size_t i;

	for (i = 0; i < COUNT(unseen) && cp >= unseen[i].first; i++)
		if (cp <= unseen[i].last)
			return true;
	return false;
}

/*
 * Symbols and pictures: a word may be cut by one, as by an asterisk. The
 * rest of what is neither letter nor known here counts as a letter.
 */
static uint8_t
kind_of(uint32_t cp)
{
	if (utf8_is_space(cp))
		return NORM_BLANK;
	if (cp < 0xaa || (cp >= 0x2000 && cp < 0x2190) ||
	    (cp >= 0x3000 && cp < 0x3030) || cp == 0xd7 || cp == 0xf7)
		return NORM_BREAK;
	if ((cp >= 0x2190 && cp < 0x2c00) || (cp >= 0x1f000 && cp < 0x1fb00))
		return NORM_GLUE;
	return NORM_LETTER;
}

static struct norm_glyph
letter(unsigned sym)
{
	return (struct norm_glyph){ .kind = NORM_LETTER, .sym = (uint8_t)sym };
}

static struct norm_glyph
glyph_far(uint32_t cp)
{
	struct norm_glyph g = { .sym = NORM_NONE };
	size_t i;

	for (i = 0; i < COUNT(alphabets); i++)
		if (cp >= alphabets[i].first && cp <= alphabets[i].last)
			return letter(
			    (cp - alphabets[i].base) % alphabets[i].period);
	if (cp == 0xa730 || cp == 0xa731) /* small capitals f and s */
		return letter(cp == 0xa730 ? 'f' - 'a' : 's' - 'a');
	g.kind = is_unseen(cp) ? UNSEEN : kind_of(cp);
	if (g.kind == NORM_LETTER)
		g.sym = NORM_OTHER;
	return g;
}

static void
init_letters(struct norm *nm, const char *letters, struct norm_glyph g)
{
	size_t n = strlen(letters), i;
	uint32_t cp;

	for (i = 0; i < n; i += utf8_decode(letters + i, n - i, &cp)) {
		(void)utf8_decode(letters + i, n - i, &cp);
		if (cp < NORM_MAP)
			nm->map[cp] = g;
	}
}

void
norm_init(struct norm *nm)
{
	const struct norm_look *l;
	struct norm_glyph g;
	uint32_t cp;
	size_t i;

	for (cp = 0; cp < NORM_MAP; cp++)
		nm->map[cp] = glyph_far(cp);
	for (cp = 0; cp < 26; cp++)
		nm->map['a' + cp] = nm->map['A' + cp] = letter(cp);
	for (l = norm_looks; l->as != 0; l++)
		init_letters(nm, l->letters, letter((unsigned)(l->as - 'a')));
	for (i = 0; i < COUNT(cyrillic); i++) {
		g = letter(NORM_CYR + (unsigned)i);
		g.alt = cyrillic[i].alt;
		init_letters(nm, cyrillic[i].letters, g);
	}
	for (i = 0; i < COUNT(marks); i++) {
		if (marks[i].cp >= NORM_MAP)
			continue;
		nm->map[marks[i].cp] = (struct norm_glyph){
			.kind = marks[i].kind,
			.sym = NORM_NONE,
			.alt = marks[i].alt,
		};
	}
}

/* Drawn onto the character before it: hidden and shown with that one. */
static bool
is_combining(uint32_t cp)
{
	return cp >= 0x300 && (cp < 0x2000 || cp >= 0x20d0) && cp != 0xfeff;
}

static struct norm_glyph
glyph_of(const struct norm *nm, uint32_t cp)
{
	struct norm_glyph g;
	size_t i;

	if (cp < NORM_MAP)
		return nm->map[cp];
	if (cp > 0xff00 && cp <= 0xff5e) /* fullwidth ASCII */
		return nm->map[cp - 0xff00 + 0x20];
	if (cp >= 0x1d7ce && cp <= 0x1d7ff) /* mathematical digits */
		return nm->map['0' + (cp - 0x1d7ce) % 10];
	for (i = 0; i < COUNT(marks); i++)
		if (marks[i].cp == cp)
			return (struct norm_glyph){ .kind = marks[i].kind,
				.sym = NORM_NONE,
				.alt = marks[i].alt };
	g = glyph_far(cp);
	if (g.kind == NORM_GLUE)
		g.alt = ALT_ANY;
	return g;
}

size_t
norm_text(
    const struct norm *nm, const char *text, size_t n, struct norm_glyph *out)
{
	size_t i, len, k = 0;
	struct norm_glyph g;
	uint32_t cp;

	for (i = 0; i < n; i += len) {
		cp = (unsigned char)text[i];
		len = 1;
		if (cp >= 0x80)
			len = utf8_decode(text + i, n - i, &cp);
		g = glyph_of(nm, cp);
		if (g.kind == UNSEEN) {
			if (k > 0 && is_combining(cp))
				out[k - 1].end = (uint16_t)(i + len);
			continue;
		}
		g.start = (uint16_t)i;
		g.end = (uint16_t)(i + len);
		out[k++] = g;
	}
	out[k] = (struct norm_glyph){ .kind = NORM_BREAK, .sym = NORM_NONE };
	return k;
}
