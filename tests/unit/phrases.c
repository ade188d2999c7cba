/* phrases: every + and - line of phrases.txt, through the lexicon. */
#include "../../lib/toxic/phrase.h"

#include "tap.h"

#include "../../lib/banned.h"

static const struct {
	unsigned line;
	bool found;
	const char *text;
} tests[] = {
#include "phrases-tests.inc"
};

static struct norm norm;
static struct lexicon lex;
static struct norm_glyph glyph[NORM_GLYPHS];
static struct match_token token[MATCH_TOKENS];

static bool
is_harmless(unsigned line)
{
	const struct lex_phrase *p;

	for (p = lex_phrases; p->text != NULL && p->line != line; p++)
		;
	return p->profile == LEX_HARMLESS;
}

/*
 * The phrase of that line is found, or one that means the same and is longer;
 * exactly: itself. *other: the last one found instead.
 */
static bool
finds(const char *text, unsigned line, bool exactly, unsigned *other)
{
	size_t n = norm_text(&norm, text, strlen(text), glyph), i;
	struct phrase p;

	*other = 0;
	n = match_text(&lex, glyph, n, token);
	for (i = 0; i < n; i++) {
		p = phrase_at(&lex, token, n, i);
		if (p.end == 0)
			continue;
		if (p.line == line ||
		    (!exactly && is_harmless(p.line) == is_harmless(line)))
			return true;
		*other = p.line;
		i = p.end - 1;
	}
	return false;
}

int
main(void)
{
	char what[512];
	unsigned other;
	size_t i;

	OK(norm_init(&norm) == 0);
	OK(lex_init(&lex, &norm) == 0);
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		bool found = finds(
		    tests[i].text, tests[i].line, !tests[i].found, &other);

		snprintf(what, sizeof(what), "phrases.txt:%u: %c %s (%u)",
		    tests[i].line, tests[i].found ? '+' : '-', tests[i].text,
		    other);
		OK_FOR(found == tests[i].found, what);
	}
	lex_release(&lex);
	norm_release(&norm);
	return tap_done();
}
