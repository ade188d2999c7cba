/*
 * sha1: the digest that the WebSocket handshake asks for (RFC 6455, 1.3).
 * Not for anything that has to be safe from forgery.
 */
#ifndef SS_SHA1_H
#define SS_SHA1_H

#include <stddef.h>

#define SHA1_LEN 20

/* The digest of n bytes (FIPS 180-4). */
void sha1(const void *p, size_t n, unsigned char out[SHA1_LEN]);

#endif
