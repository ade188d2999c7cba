/*
 * ident: who it is that connects or makes a request, by a token where keys
 * are set (--jwt-key). Everything that depends on who somebody is asks here.
 */
#ifndef SS_IDENT_H
#define SS_IDENT_H

#include <libwebsockets.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "jwt.h"
#include "opt.h"
#include "role.h"

struct gateway;

/* What tokens are checked against. */
struct ident_keys {
	struct opt_list files; /* --jwt-key */
	const char *audience;  /* --audience, or NULL */
	struct jwtkeys set;
};

struct ident {
	int64_t expires; /* wall ms; 0: never */
	char *rooms;     /* those allowed, a space between them; NULL: all */
	enum role role;
	bool known;                    /* by a valid token */
	char name[EVENT_NAME_MAX + 1]; /* "": whoever it is */
	char addr[INET6_ADDRSTRLEN];   /* of the client, "" where unknown */
};

/* Without a token nobody gets in. */
bool ident_is_demanded(const struct gateway *);
/* A zeroed one is a viewer without a name; this frees what one has. */
void ident_release(struct ident *);
/*
 * Reads the keys; those read before stay in force when one can't be. 0, or -1
 * after a message.
 */
int ident_load(struct gateway *);
/*
 * Who makes this request (an upgrade, too). 0 and *id is filled (the caller
 * releases it), or the status of a refusal, 400, 401 or 403, with *why its
 * detail. Without keys everybody is a viewer who is not known, and has no
 * name.
 */
int ident_of_request(
    struct gateway *, struct lws *, struct ident *id, const char **why);
/*
 * A connected viewer of a room shows another token. 0 and *id has what that
 * says, or -1 with *why, and *id is as before.
 */
int ident_refresh(struct gateway *, struct ident *id, const char *room,
    const char *token, size_t n, const char **why);
/* This room is among those allowed. */
bool ident_in_room(const struct ident *, const char *room);

#endif
