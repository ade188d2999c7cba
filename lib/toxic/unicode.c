/*
 * unicode: see unicode.h. The handles are opened at the first question, since
 * most chats never leave ASCII. Where ICU fails (its data can't be opened)
 * nothing is folded and every letter stays what it is: a moderator that reads
 * less is better than none.
 */
#include "unicode.h"

#include <stdbool.h>
#include <stdlib.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/utf16.h>

#include "../utf8.h"

#include "../banned.h"

#define UNITS 48 /* UTF-16 units of one code point, however decomposed */

struct uni {
	const UNormalizer2 *fold, *nfd, *nfc; /* ICU's own, not to be freed */
	USpoofChecker *spoof;
	bool opened;
};

struct uni *
uni_new(void)
{
	return calloc(1, sizeof(struct uni));
}

void
uni_free(struct uni *u)
{
	if (u == NULL)
		return;
	if (u->spoof != NULL)
		uspoof_close(u->spoof);
	free(u);
}

static void
open_once(struct uni *u)
{
	UErrorCode e = U_ZERO_ERROR;

	if (u->opened)
		return;
	u->opened = true;
	u->fold = unorm2_getNFKCCasefoldInstance(&e);
	u->nfd = unorm2_getNFDInstance(&e);
	u->nfc = unorm2_getNFCInstance(&e);
	if (U_FAILURE(e))
		u->fold = u->nfd = u->nfc = NULL;
	e = U_ZERO_ERROR;
	u->spoof = uspoof_open(&e);
	if (U_FAILURE(e))
		u->spoof = NULL;
}

/*
 * Marks by their combining class. Those of Indic scripts, Thai, Lao and
 * Tibetan spell vowels, as do those of class 0; nukta and the voicing of kana
 * make another letter. What is left is accents, points and strokes. [UAX #44,
 * table 15]
 */
static bool
is_accent(uint32_t cp)
{
	unsigned ccc = u_getCombiningClass((UChar32)cp);

	if (u_charType((UChar32)cp) == U_ENCLOSING_MARK)
		return true;
	return ccc == 1 || (ccc >= 10 && ccc < 84) || ccc > 132;
}

enum uni_class
uni_class(uint32_t cp)
{
	UChar32 c = (UChar32)cp;

	if (utf8_is_space(cp) || cp == 0x2800) /* no dots of Braille */
		return UNI_BLANK;
	if (is_accent(cp) || u_hasBinaryProperty(c, UCHAR_VARIATION_SELECTOR) ||
	    u_hasBinaryProperty(c, UCHAR_EMOJI_MODIFIER))
		return UNI_MARK;
	if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
		return UNI_UNSEEN;
	if (u_hasBinaryProperty(c, UCHAR_DASH))
		return UNI_DASH;
	switch (u_charType(c)) {
	case U_CONTROL_CHAR:
	case U_FORMAT_CHAR:
	case U_MODIFIER_SYMBOL:
		return UNI_UNSEEN;
	case U_SPACE_SEPARATOR:
	case U_LINE_SEPARATOR:
	case U_PARAGRAPH_SEPARATOR:
		return UNI_BLANK;
	case U_CONNECTOR_PUNCTUATION:
	case U_START_PUNCTUATION:
	case U_END_PUNCTUATION:
	case U_INITIAL_PUNCTUATION:
	case U_FINAL_PUNCTUATION:
	case U_OTHER_PUNCTUATION:
		return UNI_PUNCT;
	case U_CURRENCY_SYMBOL:
		return UNI_MONEY;
	case U_MATH_SYMBOL:
	case U_OTHER_SYMBOL:
		return UNI_SYMBOL;
	default:
		return UNI_LETTER;
	}
}

enum uni_script
uni_script(uint32_t cp)
{
	UErrorCode e = U_ZERO_ERROR;

	switch (uscript_getScript((UChar32)cp, &e)) {
	case USCRIPT_LATIN:
	case USCRIPT_COMMON:
	case USCRIPT_INHERITED:
		return UNI_LATIN;
	case USCRIPT_GREEK:
	case USCRIPT_CYRILLIC:
		return UNI_NEAR;
	case USCRIPT_ARMENIAN:
	case USCRIPT_CANADIAN_ABORIGINAL:
	case USCRIPT_CARIAN:
	case USCRIPT_CHEROKEE:
	case USCRIPT_COPTIC:
	case USCRIPT_DESERET:
	case USCRIPT_GEORGIAN:
	case USCRIPT_GOTHIC:
	case USCRIPT_LISU:
	case USCRIPT_LYCIAN:
	case USCRIPT_LYDIAN:
	case USCRIPT_OLD_ITALIC:
	case USCRIPT_OSAGE:
	case USCRIPT_RUNIC:
	case USCRIPT_TIFINAGH:
	case USCRIPT_VAI:
	case USCRIPT_YI:
		return UNI_FANCY;
	default:
		return UNI_OTHER;
	}
}

/* Of n units in s: the code points that aren't accents, at most max. */
static size_t
without_accents(const UChar *s, int32_t n, uint32_t *out, size_t max)
{
	size_t k = 0;
	int32_t i = 0;
	UChar32 c;

	while (i < n && k < max) {
		U16_NEXT(s, i, n, c);
		if (!is_accent((uint32_t)c))
			out[k++] = (uint32_t)c;
	}
	return k;
}

size_t
uni_fold(struct uni *u, uint32_t cp, uint32_t out[UNI_FOLDED])
{
	UChar in[2], folded[UNITS], split[UNITS], again[UNITS];
	UErrorCode e = U_ZERO_ERROR;
	uint32_t bare[UNITS];
	int32_t n = 0, k = 0;
	size_t i, left;

	out[0] = cp;
	if (u_charType((UChar32)cp) == U_DECIMAL_DIGIT_NUMBER) {
		out[0] = '0' + (uint32_t)u_charDigitValue((UChar32)cp);
		return 1;
	}
	open_once(u);
	if (u->fold == NULL)
		return 1;
	U16_APPEND_UNSAFE(in, n, (UChar32)cp);
	n = unorm2_normalize(u->fold, in, n, folded, UNITS, &e);
	n = unorm2_normalize(u->nfd, folded, n, split, UNITS, &e);
	if (U_FAILURE(e))
		return 1;
	left = without_accents(split, n, bare, UNITS / 2);
	for (i = 0; i < left; i++)
		U16_APPEND_UNSAFE(split, k, (UChar32)bare[i]);
	n = unorm2_normalize(u->nfc, split, k, again, UNITS, &e);
	if (U_FAILURE(e))
		return 1;
	return without_accents(again, n, out, UNI_FOLDED);
}

size_t
uni_looks(struct uni *u, uint32_t cp, uint32_t out[2])
{
	UErrorCode e = U_ZERO_ERROR;
	UChar in[2], skel[UNITS];
	uint32_t c[3];
	int32_t n = 0;
	size_t k, i;

	open_once(u);
	if (u->spoof == NULL)
		return 0;
	U16_APPEND_UNSAFE(in, n, (UChar32)cp);
	n = uspoof_getSkeleton(u->spoof, 0, in, n, skel, UNITS, &e);
	if (U_FAILURE(e))
		return 0;
	k = without_accents(skel, n, c, 3);
	if (k == 2 && c[0] == 'r' && c[1] == 'n') { /* its m */
		out[0] = 'm';
		return 1;
	}
	for (i = 0; i < k && i < 2; i++)
		out[i] = c[i] >= 'A' && c[i] <= 'Z' ? c[i] + 'a' - 'A' : c[i];
	return k <= 2 ? k : 0;
}

uint32_t
uni_compose(struct uni *u, uint32_t a, uint32_t b)
{
	UChar32 c;

	open_once(u);
	if (u->nfc == NULL)
		return 0;
	c = unorm2_composePair(u->nfc, (UChar32)a, (UChar32)b);
	return c < 0 ? 0 : (uint32_t)c;
}
