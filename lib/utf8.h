/*
 * utf8: the little Unicode that needs no library: validity (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF) and code points.
 */
#ifndef SS_UTF8_H
#define SS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The n bytes at p are valid UTF-8. */
bool utf8_valid(const char *p, size_t n);
/* Code points in n bytes of valid UTF-8. */
size_t utf8_count(const char *p, size_t n);
/*
 * Decodes the code point at p (n bytes left, n > 0) into *cp and returns its
 * length in bytes, 1 to 4. A byte that starts no valid sequence yields
 * U+FFFD and 1.
 */
size_t utf8_decode(const char *p, size_t n, uint32_t *cp);
/* Encodes cp (a valid scalar value) into out, returns the length, 1 to 4. */
size_t utf8_encode(uint32_t cp, char out[4]);
/* White space as Unicode's property White_Space has it. */
bool utf8_is_space(uint32_t cp);
/* General category Cc: U+0000 to U+001F and U+007F to U+009F. */
bool utf8_is_control(uint32_t cp);
/*
 * Drops white space at both ends of n bytes of valid UTF-8: moves *p and
 * shortens *n.
 */
void utf8_trim(const char **p, size_t *n);

#endif
