/*
 * gift: the body of POST /api/gift (ss-gateway(1)), checked field by field: it
 * is worth money, so nothing is guessed and nothing rounded.
 */
#ifndef SS_GIFT_H
#define SS_GIFT_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "json.h"

struct gift {
	char from[EVENT_NAME_MAX + 1];
	char room[EVENT_NAME_MAX + 1];   /* EVENT_ROOM where there is none */
	char streak[EVENT_NAME_MAX + 1]; /* empty: it is no part of one */
	int64_t gift_id, amount;
	int64_t count; /* of the streak's gifts so far; 0: of none */
};

/*
 * Reads a body of n bytes; doc is for the caller to reuse, and borrows body.
 * 0, or -1 with *why, a constant for people ("amount: must be ...").
 */
int gift_read(struct gift *, struct json_doc *doc, const char *body, size_t n,
    const char **why);

#endif
