/*
 * jwtkey: the keys that sign and check tokens, read from files, and the only
 * place that uses OpenSSL's libcrypto for it. A key has exactly one algorithm,
 * which follows from what it is and never from a token:
 *
 *	any bytes, 32 at least         HS256 (a newline at their end is cut off)
 *	PEM, RSA of 2048 to 8192 bits  RS256
 *	PEM, EC on P-256               ES256
 *	PEM, Ed25519                   EdDSA
 *
 * What looks like a key of another kind (DER, JWK, OpenSSH, a broken PEM) is
 * refused: public bytes must never become a secret.
 */
#ifndef SS_JWTKEY_H
#define SS_JWTKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define JWTKEY_MAX 64         /* keys in a set */
#define JWTKEY_FILE_MAX 16384 /* bytes of a key's file */
#define JWTKEY_SECRET_MIN 32  /* bytes: RFC 7518, 3.2 */
#define JWTKEY_SIG_MAX 1024   /* bytes: RSA of 8192 bits */
#define JWTKEY_KID_MAX 64     /* bytes of a kid */

enum jwt_alg { JWT_HS256, JWT_RS256, JWT_ES256, JWT_EDDSA };

/* What a key is wanted for. */
enum jwtkey_use {
	JWTKEY_CHECK, /* HS256 secrets and public keys; no private ones */
	JWTKEY_SIGN,  /* HS256 secrets and private keys; no public ones */
	JWTKEY_BOTH   /* whatever it is */
};

struct jwtkey {
	enum jwt_alg alg;
	/* its file's name without .key, .pem or .pub; "" where too long */
	char kid[JWTKEY_KID_MAX + 1];
	bool exposed; /* a secret in a file that others may read */
	struct evp_pkey_st *pkey;
	unsigned char *secret;
	size_t secret_len;
};

/* A zeroed one is an empty set. */
struct jwtkeys {
	struct jwtkey *key[JWTKEY_MAX];
	size_t n;
};

/*
 * Adds the key in the file at path, or those in the folder's files *.key,
 * *.pem and *.pub (hidden ones aside). 0, or -1 with why set to what is wrong
 * ("PATH: reason"); the set is to be released then.
 */
int jwtkeys_add(
    struct jwtkeys *, const char *path, enum jwtkey_use, struct buf *why);
/* Wipes and frees the keys; the set is empty again. */
void jwtkeys_release(struct jwtkeys *);

/* HS256, RS256, ES256, EdDSA. */
const char *jwt_alg_name(enum jwt_alg);
/* 0, or -1: none of them. */
int jwt_alg_parse(const char *s, enum jwt_alg *);

/* The signature fits the text. In constant time where that matters. */
bool jwtkey_check(const struct jwtkey *, const void *text, size_t n,
    const void *sig, size_t siglen);
/* Appends a signature of the text. 0, or -1. */
int jwtkey_sign(
    const struct jwtkey *, const void *text, size_t n, struct buf *sig);
/*
 * Makes a new key: the text of the private key's file and, but for HS256, of
 * the public one's. 0, or -1. The caller wipes them (jwtkey_wipe).
 */
int jwtkey_generate(enum jwt_alg, struct buf *priv, struct buf *pub);
/* Overwrites a secret text, and frees it. */
void jwtkey_wipe(struct buf *);

#endif
