/*
 * jwtkey-impl: what jwtkey.c (keys and signatures) and jwtkey-foreign.c
 * (formats that are not ours) share. Nobody else includes it.
 */
#ifndef SS_JWTKEY_IMPL_H
#define SS_JWTKEY_IMPL_H

#include <stdbool.h>

#include "buf.h"

/*
 * These bytes, which are not in PEM, look like a key or a certificate in some
 * format all the same: as a secret they might be known to everybody. Reads
 * one byte behind them, a NUL.
 */
bool jwtkey_is_foreign(const struct buf *);

#endif
