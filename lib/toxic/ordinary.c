/*
 * ordinary: see ordinary.h. Signs are taken for their first letter and masks
 * for any, which is tried out: the words are few and looked up by their hash.
 */
#include "ordinary.h"

#include "../banned.h"

#define MASKS_TRIED 2 /* in a word, so many are filled in */

/* The first of the letters that a glyph may stand for; NORM_NONE: none. */
unsigned
ordinary_sym(const struct norm_glyph *g)
{
	if (g->kind == NORM_LETTER && g->sym < NORM_CYR)
		return g->sym;
	return g->alt != 0 ? (unsigned)__builtin_ctzll(norm_alt[g->alt])
			   : NORM_NONE;
}

/*
 * The glyphs from from to to as letters with 0 for masks, without what only
 * joins them. Their number; 0: too many, or not of this kind.
 */
static size_t
letters(
    const struct norm_glyph *g, size_t from, size_t to, char s[TYPO_WORD_MAX])
{
	size_t i, n = 0;
	unsigned sym;

	for (i = from; i < to; i++) {
		sym = ordinary_sym(&g[i]);
		if (sym == NORM_NONE && g[i].kind == NORM_GLUE)
			continue;
		if (n == TYPO_WORD_MAX || sym == NORM_NONE)
			return 0;
		s[n++] = g[i].alt == NORM_ALT_ANY ? '\0' : (char)('a' + sym);
	}
	return n;
}

/* An ordinary word has these letters, whatever the masks stand for. */
static bool
fits_common(const struct typo *typo, char *s, size_t n, unsigned masks)
{
	size_t i = 0;
	bool found = false;

	while (i < n && s[i] != '\0')
		i++;
	if (i == n)
		return typo_is_common(typo, s, n);
	if (masks == MASKS_TRIED)
		return false;
	for (s[i] = 'a'; s[i] <= 'z' && !found; s[i]++)
		found = fits_common(typo, s, n, masks + 1);
	s[i] = '\0';
	return found;
}

bool
ordinary_fits(
    const struct typo *typo, const struct norm_glyph *g, size_t from, size_t to)
{
	char s[TYPO_WORD_MAX];
	size_t n = letters(g, from, to, s);

	return n > 0 && fits_common(typo, s, n, 0);
}

bool
ordinary_words(
    const struct typo *typo, const struct norm_glyph *g, size_t from, size_t to)
{
	char s[TYPO_WORD_MAX];
	size_t i, n;

	for (i = from; i <= to; i++) {
		if (i < to &&
		    (g[i].kind == NORM_LETTER || g[i].kind == NORM_SIGN))
			continue;
		n = letters(g, from, i, s);
		if (n == 0 || !typo_is_common(typo, s, n))
			return false;
		from = i + 1;
	}
	return true;
}
