/*
 * jwt: JSON web tokens (RFC 7519) as this system takes and makes them. The
 * key says which algorithm it is (jwtkey.h); a token that names another one,
 * "none" included, is refused, as is whatever RFC 8725 warns of: a critical
 * extension, a key twice, a claim of another type than it has to be.
 */
#ifndef SS_JWT_H
#define SS_JWT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"
#include "jwtkey.h"
#include "role.h"

#define JWT_MAX 4096     /* bytes of a token */
#define JWT_LEEWAY 5000  /* ms that nbf may lie ahead: clocks differ */
#define JWT_ROOMS_MAX 64 /* rooms in one */
#define JWT_EXPIRED "token: expired"

/* What a token says. */
struct jwt {
	char sub[EVENT_NAME_MAX + 1]; /* a username */
	enum role role;               /* ROLE_VIEWER where it says none */
	int64_t exp, nbf;             /* wall ms; 0: it has none */
	char *rooms; /* those allowed, a space between them; NULL: all */
};

void jwt_release(struct jwt *);

/* What is to be true of a token besides its signature. */
struct jwt_want {
	const char *audience; /* NULL: none, and then it must name none */
	bool any_audience;    /* it may be for whomever it likes */
	int64_t now;          /* wall ms */
};
/*
 * Checks a token of n bytes against the keys: its kid selects among several,
 * without one all of its algorithm are tried. 0 and *out is filled (the
 * caller releases it), or -1 with *why a constant for people.
 */
int jwt_check(const struct jwtkeys *, const struct jwt_want *,
    const char *token, size_t n, struct jwt *out, const char **why);

/* A token taken apart; nothing of it is checked but its form. */
struct jwt_parts {
	struct buf header, claims; /* JSON objects */
	struct buf sig;
	size_t signed_len; /* bytes of the token that are signed */
};
/* 0, or -1 with *why. The parts are to be released either way. */
int jwt_split(
    const char *token, size_t n, struct jwt_parts *, const char **why);
void jwt_parts_release(struct jwt_parts *);
/* The signature alone: one of the keys made it. */
bool jwt_is_signed(
    const struct jwtkeys *, const char *token, const struct jwt_parts *);
/* All that jwt_check looks at but the signature. */
int jwt_check_unsigned(const struct jwt_parts *, const struct jwt_want *,
    struct jwt *out, const char **why);

/* A token to be made; NULL and 0: not in it. */
struct jwt_new {
	const char *sub, *audience, *kid;
	enum role role;
	int64_t iat, nbf, exp;    /* wall ms */
	const char *const *rooms; /* nrooms of them; none: all rooms */
	size_t nrooms;
};
/* Appends it to out. 0, or -1 as buf_add, or with errno EMSGSIZE. */
int jwt_mint(const struct jwtkey *, const struct jwt_new *, struct buf *out);

#endif
