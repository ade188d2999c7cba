/*
 * base64: the URL-safe alphabet without padding (RFC 4648, 5), as tokens use
 * it. Reading is strict: one text per value, so nothing can be added to a
 * signed text, or changed in it, and still be read as the same.
 */
#ifndef SS_BASE64_H
#define SS_BASE64_H

#include <stddef.h>

#include "buf.h"

/* Appends n bytes as text. 0, or -1 as buf_add. */
int base64_encode(struct buf *, const void *p, size_t n);
/*
 * Appends what n characters stand for. 0, or -1: as buf_add, or with errno
 * EINVAL when they are no such text (padding, white space, another alphabet,
 * bits left over that are not zero).
 */
int base64_decode(struct buf *, const char *s, size_t n);

#endif
