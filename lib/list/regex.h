/*
 * regex: entries of a list that are regular expressions, found in texts as
 * they were written. The only place that knows PCRE2.
 */
#ifndef SS_LIST_REGEX_H
#define SS_LIST_REGEX_H

#include <stddef.h>
#include <stdint.h>

#include "../buf.h"
#include "list.h"

#define REGEX_WINDOW 4096  /* bytes that one search looks at */
#define REGEX_OVERLAP 1024 /* a match of that length is found for sure */

struct regexes;

/* NULL with errno. sure: one that runs into its limit counts as found. */
struct regexes *regexes_new(bool sure);
void regexes_free(struct regexes *);
/* flags: letters of imsx. 0, or -1 with the reason in err. */
int regexes_add(struct regexes *, const char *pattern, size_t n,
    const char *flags, size_t nflags, uint32_t entry, struct buf *err);
/* Once, behind the last one. 0, or -1 when memory ran out. */
int regexes_ready(struct regexes *);
/* In n bytes of valid UTF-8. 0, or -1 when memory ran out. */
int regexes_find(
    struct regexes *, const char *text, size_t n, struct list_hits *);

#endif
