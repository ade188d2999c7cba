/*
 * phrase: finds the lexicon's phrases in a text's tokens.
 */
#ifndef SS_TOXIC_PHRASE_H
#define SS_TOXIC_PHRASE_H

#include <stddef.h>

#include "lexicon.h"
#include "match.h"

struct phrase {
	size_t end;       /* the token behind its last one; 0: none found */
	unsigned profile; /* enum lex_profile_id */
	unsigned line;    /* where it stands in phrases.txt */
};

/* The longest phrase that begins at token i of n. */
struct phrase phrase_at(
    const struct lexicon *, const struct match_token *, size_t n, size_t i);

#endif
