/*
 * unicode: what ICU knows of one code point, as far as reading needs it. It
 * is slow (a microsecond or so a question) and meant to be asked once.
 */
#ifndef SS_TOXIC_UNICODE_H
#define SS_TOXIC_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum uni_class {
	UNI_UNSEEN, /* leaves no mark: format, default ignorable, control */
	UNI_MARK,   /* drawn onto the character before it */
	UNI_DASH,
	UNI_PUNCT,
	UNI_SYMBOL,
	UNI_MONEY,
	UNI_BLANK,
	UNI_LETTER /* letters, digits, marks that are part of a spelling */
};

/* Whether a letter that looks Latin is likely meant as one. */
enum uni_script {
	UNI_LATIN, /* Latin or of no script */
	UNI_NEAR,  /* Greek, Cyrillic: people mix them in */
	UNI_FANCY, /* scripts that chat sees as ornament only */
	UNI_OTHER
};

#define UNI_FOLDED 20 /* the longest folding of one code point, 18 in 15.0 */

struct uni; /* ICU's handles; one thread's */

/* Cheap: nothing is opened before it is asked for. NULL with errno. */
struct uni *uni_new(void);
void uni_free(struct uni *);

enum uni_class uni_class(uint32_t cp);
enum uni_script uni_script(uint32_t cp);
/*
 * NFKC_Casefold without the marks that UNI_MARK names; digits of any script
 * become 0 to 9. Returns how many code points stand in out, 0 where nothing is
 * left; cp itself where ICU has no data.
 */
size_t uni_fold(struct uni *, uint32_t cp, uint32_t out[UNI_FOLDED]);
/*
 * What cp can't be told from by its looks: its skeleton as UTS #39 has it,
 * without marks, capitals of ASCII made small. Returns the number of code
 * points, 0 where they are more than two or ICU has no data.
 */
size_t uni_looks(struct uni *, uint32_t cp, uint32_t out[2]);
/* Both as one code point (Hangul, kana with its voicing), or 0. */
uint32_t uni_compose(struct uni *, uint32_t a, uint32_t b);

#endif
