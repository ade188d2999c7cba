/*
 * normalise: text as the lexicon reads it. Every code point becomes a glyph,
 * a ligature several: a symbol out of 64 (a letter whatever its case, width,
 * accent or alphabet, as far as it looks like one), or a sign that may stand
 * for some letters, or a gap. Each glyph knows its bytes in the original, so a
 * hit can be cut out of the text that people see.
 */
#ifndef SS_TOXIC_NORMALISE_H
#define SS_TOXIC_NORMALISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unicode.h"

#define NORM_BYTES 4096 /* at most so much text at once */
#define NORM_GLYPHS (NORM_BYTES + 1)

/* Symbols: 0 to 25 a to z; then Cyrillic that looks like nothing Latin. */
enum { NORM_CYR = 26, NORM_OTHER = 62, NORM_NONE = 63 };
/* A symbol, or a set of what a sign may stand for, as a set of bits. */
#define NORM_BIT(sym) (UINT64_C(1) << (sym))
#define NORM_LETTERS (NORM_BIT(26) - 1)

enum norm_kind {
	NORM_BREAK,  /* ends a word and nothing reads across it */
	NORM_LETTER, /* sym, or the letters in alt */
	NORM_SIGN,   /* a digit, @ or $: part of a word, reads as alt */
	NORM_GLUE,   /* . - _ * ! ...: may stand inside a word; alt or none */
	NORM_BLANK
};

struct norm_glyph {
	uint8_t kind;        /* enum norm_kind */
	uint8_t sym;         /* NORM_OTHER: a letter that no word of ours has */
	uint8_t alt;         /* index into norm_alt */
	bool guess;          /* not as it is written (undo.h) */
	uint16_t start, end; /* bytes of the text */
	uint32_t cp;         /* folded: small, without width and accents */
};

/* The sets that glyphs may stand for; [0] is empty, [1] every letter. */
extern const uint64_t norm_alt[];
#define NORM_ALT_ANY 1

/* Letters (UTF-8) that read as one of a to z; ends with as 0. */
struct norm_look {
	char as;
	const char *letters;
};
extern const struct norm_look norm_looks[];

/*
 * ASCII by a table of our own, the rest as ICU says, asked for at first sight
 * and remembered. Belongs to one thread: reading fills the cache, which grows
 * to 14 MB when a text of all of Unicode comes by.
 */
struct norm_entry {
	uint32_t cp;
	uint32_t more;             /* where the glyphs after the first stand */
	uint8_t kind, sym, alt, n; /* n: glyphs; 0: not asked for yet */
};
struct norm_cache;
struct norm {
	struct norm_entry ascii[128];
	struct norm_cache *cache;
};

/* 0, or -1 with errno. A zeroed norm is ready for it and for release. */
int norm_init(struct norm *);
void norm_release(struct norm *);
/*
 * Reads n <= NORM_BYTES bytes into out, which has room for NORM_GLYPHS.
 * Characters that leave no mark (zero-width, combining, format) become part
 * of the glyph before them; apostrophes too. Returns the number of glyphs, at
 * most n; a NORM_BREAK stands behind the last.
 */
size_t norm_text(
    const struct norm *, const char *text, size_t n, struct norm_glyph *out);

#endif
