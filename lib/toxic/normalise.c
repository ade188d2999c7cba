/*
 * normalise: see normalise.h. ASCII goes by a table of 128; everything else
 * by pages that fill as characters are met, so that ICU is asked once for each
 * of them. Letters map by looks, not by sound: a Russian word turns into
 * nonsense that only its own entry in the lexicon can match, since that went
 * through here as well.
 */
#include "normalise.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../utf8.h"

#include "../banned.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BIT(c) NORM_BIT((c) - 'a')
#define ALT_OF(c) (uint8_t)(ALT_A + (c) - 'a')
#define PAGE 256
#define PAGES (0x110000 / PAGE)
/* In an entry's kind: not to be seen, and drawn onto what is before it. */
#define UNSEEN 0xfe
#define MARK 0xff

struct norm_cache {
	struct uni *uni;
	struct norm_entry *page[PAGES];
	size_t npages;           /* that there are */
	struct norm_entry *more; /* the second and further glyphs */
	size_t nmore, cap;
};

enum {
	ALT_NONE,
	ALT_ANY = NORM_ALT_ANY,
	ALT_A, /* and so on to z */
	ALT_IL = ALT_A + 26,
	ALT_NU,
	ALT_VOWEL,
	ALT_GQ,
	ALT_UV
};

const uint64_t norm_alt[] = {
	[ALT_NONE] = 0,
	[ALT_ANY] = NORM_LETTERS,
#define ONE(c) [ALT_A + (c) - 'a'] = BIT(c)
	ONE('a'),
	ONE('b'),
	ONE('c'),
	ONE('d'),
	ONE('e'),
	ONE('f'),
	ONE('g'),
	ONE('h'),
	ONE('i'),
	ONE('j'),
	ONE('k'),
	ONE('l'),
	ONE('m'),
	ONE('n'),
	ONE('o'),
	ONE('p'),
	ONE('q'),
	ONE('r'),
	ONE('s'),
	ONE('t'),
	ONE('u'),
	ONE('v'),
	ONE('w'),
	ONE('x'),
	ONE('y'),
	ONE('z'),
#undef ONE
	[ALT_IL] = BIT('i') | BIT('l'),
	[ALT_NU] = BIT('n') | BIT('u'),
	[ALT_VOWEL] = BIT('a') | BIT('i') | BIT('o') | BIT('u'),
	[ALT_GQ] = BIT('g') | BIT('q'),
	[ALT_UV] = BIT('u') | BIT('v'),
};

struct mark {
	uint32_t cp;
	uint8_t kind, alt;
};

#define L(c) (ALT_A + (c) - 'a')
static const struct mark marks[] = {
	{ '0', NORM_SIGN, L('o') },
	{ '1', NORM_SIGN, ALT_IL },
	{ '2', NORM_SIGN, L('z') },
	{ '3', NORM_SIGN, L('e') },
	{ '4', NORM_SIGN, L('a') },
	{ '5', NORM_SIGN, L('s') },
	{ '6', NORM_SIGN, L('g') },
	{ '7', NORM_SIGN, L('t') },
	{ '8', NORM_SIGN, L('b') },
	{ '9', NORM_SIGN, ALT_GQ },
	{ '@', NORM_SIGN, ALT_VOWEL },
	{ '$', NORM_SIGN, L('s') },
	{ 0xa2, NORM_SIGN, L('c') },   /* cent */
	{ 0xa3, NORM_SIGN, ALT_IL },   /* pound */
	{ 0x20ac, NORM_SIGN, L('e') }, /* euro */
	{ '!', NORM_GLUE, ALT_IL },
	{ 0xa1, NORM_GLUE, ALT_IL }, /* inverted ! */
	{ '|', NORM_GLUE, ALT_IL },
	{ '+', NORM_GLUE, L('t') },
	{ '(', NORM_GLUE, L('c') },
	{ '<', NORM_GLUE, L('c') },
	{ 0xa9, NORM_GLUE, L('c') }, /* copyright */
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
	{ '\'', UNSEEN, 0 }, /* apostrophes: "i'm" reads "im" */
	{ '`', UNSEEN, 0 },
	{ 0x2018, UNSEEN, 0 },
	{ 0x2019, UNSEEN, 0 },
	{ 0x201b, UNSEEN, 0 },
	{ 0x2b9, UNSEEN, 0 },
	{ 0x2bb, UNSEEN, 0 },
	{ 0x2bc, UNSEEN, 0 },
	{ 0x2c8, UNSEEN, 0 },
};
#undef L

/* Cyrillic without a Latin twin, and what it is misused for. */
static const struct {
	uint16_t letter; /* folded, so small and without accents */
	uint8_t alt;
} cyrillic[] = {
	{ 0x431, ALT_OF('b') }, /* be */
	{ 0x433, ALT_OF('r') }, /* ge */
	{ 0x434, 0 },           /* de */
	{ 0x436, 0 },           /* zhe */
	{ 0x437, ALT_OF('z') }, /* ze */
	{ 0x438, ALT_NU },      /* i */
	{ 0x43b, 0 },           /* el */
	{ 0x43f, ALT_NU },      /* pe */
	{ 0x444, ALT_OF('o') }, /* ef */
	{ 0x446, ALT_NU },      /* tse */
	{ 0x447, 0 },           /* che */
	{ 0x448, ALT_OF('w') }, /* sha */
	{ 0x449, ALT_OF('w') }, /* shcha */
	{ 0x44a, ALT_OF('b') }, /* hard sign */
	{ 0x44b, 0 },           /* yeru */
	{ 0x44d, ALT_OF('e') }, /* e */
	{ 0x44e, 0 },           /* yu */
	{ 0x44f, ALT_OF('r') }, /* ya */
	{ 0x454, ALT_OF('e') }, /* Ukrainian ye */
	{ 0x491, ALT_OF('r') }, /* ghe with upturn */
};

/* Alphabets that repeat a to z and that NFKC leaves alone. */
static const struct {
	uint32_t first, last;
} alphabets[] = {
	{ 0x1f150, 0x1f169 }, /* white on black, circled */
	{ 0x1f170, 0x1f189 }, /* white on black, squared */
	{ 0x1f1e6, 0x1f1ff }, /* regional indicators */
};

static struct norm_entry
entry(uint32_t cp, unsigned kind, unsigned sym, unsigned alt)
{
	return (struct norm_entry){ .cp = cp,
		.kind = (uint8_t)kind,
		.sym = (uint8_t)sym,
		.alt = (uint8_t)alt,
		.n = 1 };
}

static struct norm_entry
letter(uint32_t cp, unsigned sym)
{
	return entry(cp, NORM_LETTER, sym, 0);
}

/* By the tables here; n is 0 where they don't know it. */
static struct norm_entry
by_table(uint32_t cp)
{
	const struct norm_look *l;
	const char *s;
	uint32_t c;
	size_t i;

	if (cp >= 'a' && cp <= 'z')
		return letter(cp, cp - 'a');
	for (i = 0; i < COUNT(marks); i++)
		if (marks[i].cp == cp)
			return entry(
			    cp, marks[i].kind, NORM_NONE, marks[i].alt);
	for (i = 0; i < COUNT(cyrillic); i++)
		if (cyrillic[i].letter == cp)
			return entry(cp, NORM_LETTER, NORM_CYR + (unsigned)i,
			    cyrillic[i].alt);
	for (i = 0; i < COUNT(alphabets); i++)
		if (cp >= alphabets[i].first && cp <= alphabets[i].last)
			return letter('a' + (cp - alphabets[i].first),
			    cp - alphabets[i].first);
	for (l = norm_looks; l->as != 0 && cp >= 0x80; l++)
		for (s = l->letters; *s != '\0'; s += utf8_decode(s, 4, &c)) {
			(void)utf8_decode(s, 4, &c);
			if (c == cp)
				return letter(cp, (unsigned)(l->as - 'a'));
		}
	return (struct norm_entry){ .n = 0 };
}

static struct norm_entry
ascii(uint32_t cp)
{
	struct norm_entry e;

	if (cp >= 'A' && cp <= 'Z')
		cp += 'a' - 'A';
	e = by_table(cp);
	if (e.n != 0)
		return e;
	if (utf8_is_space(cp))
		return entry(cp, NORM_BLANK, NORM_NONE, 0);
	if (utf8_is_control(cp))
		return entry(cp, UNSEEN, NORM_NONE, 0);
	return entry(cp, NORM_BREAK, NORM_NONE, 0);
}

/* The letters a to z that cp looks like, at most two. Their number. */
static size_t
latin(struct uni *u, uint32_t cp, unsigned sym[2])
{
	struct norm_entry e;
	uint32_t c[2];
	size_t n = uni_looks(u, cp, c), i;

	for (i = 0; i < n; i++) {
		e = by_table(c[i]);
		if (e.kind != NORM_LETTER || e.sym >= NORM_CYR || e.n == 0)
			return 0;
		sym[i] = e.sym;
	}
	return n;
}

/*
 * The letters that a letter looks like as it is written and, if it looks like
 * none, in small. A stroke may be a capital i, which its small letter tells.
 */
static size_t
latin_either(struct uni *u, uint32_t as_is, uint32_t small, unsigned sym[2])
{
	unsigned other[2];
	size_t n = latin(u, as_is, sym), k;

	if (as_is == small || (n > 0 && (n > 1 || sym[0] != 'l' - 'a')))
		return n;
	k = latin(u, small, other);
	if (k == 0)
		return n;
	memcpy(sym, other, sizeof(other));
	return k;
}

/* A letter, cp folded: one glyph, or two for what looks like two. */
static size_t
read_letter(
    struct uni *u, uint32_t as_is, uint32_t cp, struct norm_entry out[2])
{
	enum uni_script script = uni_script(cp);
	unsigned sym[2];
	size_t n = 0;

	if (script != UNI_OTHER)
		n = latin_either(u, as_is, cp, sym);
	if (n == 0 || script == UNI_FANCY) {
		out[0] = entry(cp, NORM_LETTER, NORM_OTHER,
		    n == 1 ? ALT_A + sym[0] : ALT_NONE);
		return 1;
	}
	out[0] = letter(cp, sym[0]);
	out[1] = letter(cp, sym[1]);
	return n;
}

/* What isn't in our tables, by ICU's properties. */
static size_t
by_class(struct uni *u, uint32_t as_is, uint32_t cp, struct norm_entry out[2])
{
	unsigned sym[2], alt;

	switch (uni_class(cp)) {
	case UNI_UNSEEN:
		out[0] = entry(cp, UNSEEN, NORM_NONE, 0);
		return 1;
	case UNI_MARK:
		out[0] = entry(cp, MARK, NORM_NONE, 0);
		return 1;
	case UNI_BLANK:
		out[0] = entry(cp, NORM_BLANK, NORM_NONE, 0);
		return 1;
	case UNI_DASH:
		out[0] = entry(cp, NORM_GLUE, NORM_NONE, ALT_NONE);
		return 1;
	case UNI_PUNCT:
		out[0] = entry(cp, NORM_BREAK, NORM_NONE, 0);
		return 1;
	case UNI_SYMBOL:
		alt = latin(u, cp, sym) == 1 ? ALT_A + sym[0] : ALT_ANY;
		out[0] = entry(cp, NORM_GLUE, NORM_NONE, alt);
		return 1;
	case UNI_MONEY:
		alt = latin(u, cp, sym) == 1 ? ALT_A + sym[0] : ALT_NONE;
		out[0] = entry(cp, NORM_SIGN, NORM_NONE, alt);
		return 1;
	case UNI_LETTER:
		break;
	}
	return read_letter(u, as_is, cp, out);
}

/* Only reads as what the tables say, since it may be genuine. */
static bool
is_ornament(const struct norm_entry *e, uint32_t cp)
{
	return e->kind == NORM_LETTER && cp >= 0x80 &&
	       uni_script(cp) == UNI_FANCY;
}

static size_t
read_one(struct uni *u, uint32_t as_is, uint32_t cp, struct norm_entry out[2])
{
	out[0] = cp < 0x80 ? ascii(cp) : by_table(cp);
	if (out[0].n != 0 && !is_ornament(&out[0], cp))
		return 1;
	return by_class(u, as_is, cp, out);
}

static bool
in_word(const struct norm_entry *e)
{
	return e->kind == NORM_LETTER || e->kind == NORM_SIGN;
}

/* Of a letter in brackets or with a dot, the letter. */
static size_t
keep_letters(struct norm_entry *e, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n && !in_word(&e[i]); i++)
		;
	if (i == n)
		return n;
	for (i = 0; i < n; i++)
		if (in_word(&e[i]))
			e[k++] = e[i];
	return k;
}

/* What cp is, at most as many glyphs as it has bytes. Their number. */
static size_t
look_up(struct uni *u, uint32_t cp, struct norm_entry out[4])
{
	struct norm_entry e[UNI_FOLDED * 2];
	uint32_t folded[UNI_FOLDED];
	size_t n, i, k = 0, max = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;

	out[0] = by_table(cp);
	if (out[0].n != 0 && !is_ornament(&out[0], cp))
		return 1;
	if (uni_class(cp) <= UNI_MARK)
		return by_class(u, cp, cp, out);
	n = uni_fold(u, cp, folded);
	for (i = 0; i < n; i++)
		k += read_one(u, n == 1 ? cp : folded[i], folded[i], e + k);
	k = keep_letters(e, k);
	if (k == 0)
		e[k++] = entry(cp, UNSEEN, NORM_NONE, 0);
	if (k > max)
		k = max;
	memcpy(out, e, k * sizeof(*e));
	return k;
}

/* Keeps the second and further glyphs; where they stand, or -1. */
static int
keep_more(struct norm_cache *c, const struct norm_entry *e, size_t n)
{
	size_t cap = c->cap;
	void *p;

	if (c->nmore + n > cap) {
		cap = cap > 0 ? 2 * cap : 32;
		p = realloc(c->more, cap * sizeof(*c->more));
		if (p == NULL)
			return -1;
		c->more = p;
		c->cap = cap;
	}
	memcpy(c->more + c->nmore, e, n * sizeof(*e));
	c->nmore += n;
	return 0;
}

/* Asks, and remembers as far as there is memory. As look_up. */
static size_t
ask(struct norm_cache *c, uint32_t cp, struct norm_entry out[4])
{
	struct norm_entry **page = &c->page[cp / PAGE], *e;
	size_t n = look_up(c->uni, cp, out);

	if (*page == NULL) {
		*page = calloc(PAGE, sizeof(**page));
		c->npages += *page != NULL;
	}
	if (*page == NULL || (n > 1 && keep_more(c, out + 1, n - 1) < 0))
		return n;
	e = &(*page)[cp % PAGE];
	*e = out[0];
	e->n = (uint8_t)n;
	e->more = (uint32_t)(c->nmore - (n - 1));
	return n;
}

int
norm_init(struct norm *nm)
{
	uint32_t cp;

	nm->cache = calloc(1, sizeof(*nm->cache));
	if (nm->cache == NULL)
		return -1;
	nm->cache->uni = uni_new();
	if (nm->cache->uni == NULL) {
		norm_release(nm);
		return -1;
	}
	for (cp = 0; cp < 128; cp++)
		nm->ascii[cp] = ascii(cp);
	return 0;
}

void
norm_release(struct norm *nm)
{
	size_t i;

	if (nm->cache == NULL)
		return;
	/* most texts stay among the first few */
	for (i = 0; nm->cache->npages > 0; i++) {
		nm->cache->npages -= nm->cache->page[i] != NULL;
		free(nm->cache->page[i]);
	}
	free(nm->cache->more);
	uni_free(nm->cache->uni);
	free(nm->cache);
	nm->cache = NULL;
}

/* Where text is written to. */
struct pen {
	struct norm_glyph *out;
	size_t k, start, end;
};

/* Voicing marks and Hangul letters go into the letter before them. */
static bool
compose(struct norm_cache *c, struct pen *p, const struct norm_entry *e)
{
	struct norm_glyph *g;
	uint32_t cp;

	if (p->k == 0 || e->kind != NORM_LETTER)
		return false;
	g = &p->out[p->k - 1];
	if (g->sym != NORM_OTHER || g->end != p->start)
		return false;
	cp = uni_compose(c->uni, g->cp, e->cp);
	if (cp == 0)
		return false;
	g->cp = cp;
	g->end = (uint16_t)p->end;
	return true;
}

static void
put(struct norm_cache *c, struct pen *p, const struct norm_entry *e)
{
	struct norm_glyph *g = &p->out[p->k];

	if (e->kind >= UNSEEN) {
		if (e->kind == MARK && p->k > 0)
			g[-1].end = (uint16_t)p->end;
		return;
	}
	if (e->sym == NORM_OTHER && compose(c, p, e))
		return;
	g->kind = e->kind;
	g->sym = e->sym;
	g->alt = e->alt;
	g->guess = false;
	g->start = (uint16_t)p->start;
	g->end = (uint16_t)p->end;
	g->cp = e->cp;
	p->k++;
}

/* A code point that isn't ASCII. */
static void
put_far(struct norm_cache *c, struct pen *p, uint32_t cp)
{
	const struct norm_entry *page = c->page[cp / PAGE], *e;
	struct norm_entry fresh[4];
	size_t n, i;

	e = page != NULL ? &page[cp % PAGE] : NULL;
	if (e != NULL && e->n == 1) {
		put(c, p, e);
	} else if (e != NULL && e->n > 1) {
		put(c, p, e);
		for (i = 0; i + 1 < e->n; i++)
			put(c, p, &c->more[e->more + i]);
	} else {
		n = ask(c, cp, fresh);
		for (i = 0; i < n; i++)
			put(c, p, &fresh[i]);
	}
}

size_t
norm_text(
    const struct norm *nm, const char *text, size_t n, struct norm_glyph *out)
{
	struct pen p = { .out = out };
	const struct norm_entry *e;
	uint32_t cp;
	size_t i;

	for (i = 0; i < n; i = p.end) {
		p.start = i;
		cp = (unsigned char)text[i];
		if (cp < 0x80) {
			p.end = i + 1;
			e = &nm->ascii[cp];
			if (e->kind != UNSEEN)
				out[p.k++] = (struct norm_glyph){
					.kind = e->kind,
					.sym = e->sym,
					.alt = e->alt,
					.start = (uint16_t)i,
					.end = (uint16_t)p.end,
					.cp = e->cp
				};
			continue;
		}
		p.end = i + utf8_decode(text + i, n - i, &cp);
		put_far(nm->cache, &p, cp);
	}
	out[p.k] = (struct norm_glyph){ .kind = NORM_BREAK, .sym = NORM_NONE };
	return p.k;
}
