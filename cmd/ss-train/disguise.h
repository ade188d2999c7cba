/*
 * disguise: a text in one of the eleven disguises that are common in chat.
 */
#ifndef SS_DISGUISE_H
#define SS_DISGUISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

enum disguise {
	DISGUISE_CAPITALS,
	DISGUISE_LEET,
	DISGUISE_SPACED,
	DISGUISE_DOTTED,
	DISGUISE_HYPHENS,
	DISGUISE_MASKED,
	DISGUISE_STRETCHED,
	DISGUISE_LOOKS,
	DISGUISE_ZERO_WIDTH,
	DISGUISE_ACCENTS,
	DISGUISE_SWAPPED,
	DISGUISES
};

/* "capitals", "leet", ... */
extern const char *const disguise_name[DISGUISES];

/*
 * s, n bytes of UTF-8, in disguise, replaces what is in out: all of its words
 * or (whole false) one of them. 1, or 0 where it has no word of three ASCII
 * letters and out is left alone, or -1 as buf_add.
 */
int disguise_text(const char *s, size_t n, enum disguise, bool whole,
    uint64_t seed, struct buf *out);

#endif
