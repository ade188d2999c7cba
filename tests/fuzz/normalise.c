/*
 * normalise: whatever the text, its glyphs stand in order and at borders of
 * characters, before and after disguises are undone, tokens lie within them,
 * and reading it again, with the cache filled, gives the same.
 */
#include "../../lib/toxic/normalise.h"

#include <stdlib.h>
#include <string.h>

#include "../../lib/toxic/match.h"
#include "../../lib/toxic/undo.h"
#include "../../lib/utf8.h"

#include "fuzz.h"

#include "../../lib/banned.h"

static struct norm norm;
static struct lexicon lex;
static struct norm_glyph glyph[NORM_GLYPHS], again[NORM_GLYPHS];
static struct match_token token[MATCH_TOKENS];

/* What the scorer gets: valid UTF-8. */
static size_t
make_valid(const uint8_t *data, size_t n, char *out)
{
	size_t i, len, k = 0;
	uint32_t cp;

	for (i = 0; i < n && k + 4 <= NORM_BYTES; i += len) {
		len = utf8_decode((const char *)data + i, n - i, &cp);
		k += utf8_encode(cp, out + k);
	}
	return k;
}

static void
check_glyphs(const struct norm_glyph *g, size_t k, const char *s, size_t n)
{
	size_t i;

	check(k <= n);
	for (i = 0; i < k; i++) {
		check(g[i].kind <= NORM_BLANK && g[i].sym <= NORM_NONE);
		check(g[i].start < g[i].end && g[i].end <= n);
		check(i == 0 || g[i].start >= g[i - 1].end ||
		      g[i].start == g[i - 1].start);
		check(((unsigned char)s[g[i].start] & 0xc0) != 0x80);
		check(g[i].end == n ||
		      ((unsigned char)s[g[i].end] & 0xc0) != 0x80);
	}
	check(g[k].kind == NORM_BREAK);
}

/* A guess is a letter; what is none stands there as it was, or is a gap. */
static void
check_undone(const struct norm_glyph *g, size_t k)
{
	size_t i;

	for (i = 0; i < k; i++)
		check(!g[i].guess || (g[i].kind == NORM_LETTER &&
					 g[i].sym < NORM_CYR && g[i].alt == 0 &&
					 g[i].cp == 'a' + (uint32_t)g[i].sym));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char buf[NORM_BYTES];
	size_t len = make_valid(data, n, buf), k, ntokens, i;
	char *text = malloc(len > 0 ? len : 1);

	check(text != NULL);
	memcpy(text, buf, len);
	if (norm.cache == NULL)
		check(norm_init(&norm) == 0 && lex_init(&lex, &norm) == 0);
	k = norm_text(&norm, text, len, again);
	check(norm_text(&norm, text, len, glyph) == k);
	for (i = 0; i < k; i++)
		check(glyph[i].sym == again[i].sym &&
		      glyph[i].cp == again[i].cp &&
		      glyph[i].kind == again[i].kind &&
		      glyph[i].end == again[i].end);
	check_glyphs(glyph, k, text, len);
	i = k;
	k = undo_text(&lex, glyph, k);
	check(k <= i);
	check_glyphs(glyph, k, text, len);
	check_undone(glyph, k);
	ntokens = match_text(&lex, glyph, k, token);
	check(ntokens <= MATCH_TOKENS);
	for (i = 0; i < ntokens; i++)
		check(token[i].from < token[i].to && token[i].to <= k &&
		      (i == 0 || token[i].from >= token[i - 1].to));
	free(text);
	return 0;
}
