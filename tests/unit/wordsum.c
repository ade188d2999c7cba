/* wordsum: the same sums and counts as from all features, at any time. */
#include "../../lib/toxic/wordsum.h"

#include "tap.h"

#include "../../lib/banned.h"

#define TEXT_MAX 1500 /* bytes */
#define ROUNDS 3000

static struct norm nm;
static struct norm_glyph glyph[NORM_GLYPHS];
static struct features f;
static struct model m;
static struct wordsum *w;

/* Is the text's sum that of its features one by one? */
static bool
agrees(const char *text, size_t n)
{
	struct features_in in = { .norm = &nm,
		.text = text,
		.glyph = glyph,
		.nglyphs = norm_text(&nm, text, n, glyph),
		.profiles = (uint32_t)n % 8,
		.tenths = (unsigned)n % 11 };
	int32_t got[MODEL_LANES], want[MODEL_LANES] = { 0 };
	size_t known = wordsum_add(w, &m, &f, &in, got);

	features_make(&f, &in);
	model_add(&m, f.at, f.n, want);
	return known == f.n && memcmp(got, want, sizeof(got)) == 0;
}

static size_t
put(char *to, const char *word)
{
	memcpy(to, word, strlen(word));
	return strlen(word);
}

/* Words that come again, one letter apart, long, beyond ASCII, and signs. */
static size_t
make_text(char *to)
{
	static const char *const fixed[] = { "a", "idiot", "idiots", "!!!!",
		"h3llo", "sixteen_letters_", "seventeen__letter",
		"\xed\x95\x9c\xea\xb5\xad", "\xe4\xbd\xa0\xe5\xa5\xbd",
		"na\xc3\xafve", "...", "f*ck", "n o o b" };
	size_t n = 0, words = (size_t)(rand() % 90), i, k;

	while (words-- > 0 && n < TEXT_MAX) {
		if (rand() % 2 == 0) {
			k = sizeof(fixed) / sizeof(*fixed);
			n += put(to + n, fixed[(size_t)rand() % k]);
		} else {
			for (i = (size_t)(rand() % 60) + 1; i > 0; i--)
				to[n++] = (char)('a' + rand() % 3);
		}
		to[n++] = ' ';
	}
	return n;
}

int
main(void)
{
	static char text[2 * TEXT_MAX];
	const char *why = "";
	size_t i, n;

	srand(7);
	w = wordsum_new();
	if (!OK(w != NULL && norm_init(&nm) == 0) ||
	    !OK(model_view(
		    &m, model_default, (size_t)model_default_size, &why) == 0))
		return tap_done();
	OK(agrees("", 0));
	OK(agrees("   ", 3));
	OK(agrees("you you you", 11));
	for (i = 0; i < ROUNDS; i++) {
		n = make_text(text);
		if (!agrees(text, n))
			break;
		if (i % 1000 == 999)
			wordsum_forget(w);
	}
	if (!OK(i == ROUNDS))
		printf("# %.*s\n", (int)n, text);
	wordsum_free(w);
	norm_release(&nm);
	model_release(&m);
	return tap_done();
}
