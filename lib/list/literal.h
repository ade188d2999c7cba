/*
 * literal: plain text that every match of a regular expression has in it.
 */
#ifndef SS_LIST_LITERAL_H
#define SS_LIST_LITERAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LITERAL_MIN 3   /* bytes: shorter ones tell little */
#define LITERAL_MAX 32  /* bytes: of longer ones a part does */
#define LITERALS_MAX 32 /* alternatives */

/* A match has at least one of them in it, in small letters. n 0: unknown. */
struct literals {
	char text[LITERALS_MAX][LITERAL_MAX];
	uint8_t len[LITERALS_MAX];
	size_t n;
};

/*
 * Of a pattern of n bytes that PCRE2 has compiled. extended: with flag x.
 * Where it holds anything out of the common the answer is "unknown".
 */
void literals_find(
    struct literals *, const char *pattern, size_t n, bool extended);

#endif
