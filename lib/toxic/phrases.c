/*
 * phrases: the table that phrases.awk makes of phrases.txt: data is easier to
 * read and to try where it is not C.
 */
#include "lexicon.h"

#include "../banned.h"

const struct lex_phrase lex_phrases[] = {
#include "phrases.inc"
	{ 0, 0, NULL },
};
