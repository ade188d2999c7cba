/*
 * secret: tokens and keys, which come from files or the environment, never
 * from arguments (CONTRACT 8).
 */
#ifndef SS_SECRET_H
#define SS_SECRET_H

#include <stddef.h>

#include "buf.h"

#define SECRET_MAX 8192 /* bytes in one, at most */

/*
 * Reads the file at path into out (empty, of at least SECRET_MAX) and cuts
 * the white space around it off. 0, or -1 with *why a text for people:
 * it can't be read, or it is not a secret (secret_check).
 */
int secret_read(const char *path, struct buf *out, const char **why);
/*
 * NULL, or a constant that says why n bytes at p are no secret that could
 * stand in a header: they must be 1 to SECRET_MAX printable characters
 * without spaces.
 */
const char *secret_check(const char *p, size_t n);

#endif
