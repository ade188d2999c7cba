/*
 * subproto: what a client asks for in Sec-WebSocket-Protocol, which we settle
 * ourselves. A browser has no other header to put its token into, so the list
 * may be longer than the 127 bytes that libwebsockets takes.
 */
#ifndef SS_SUBPROTO_H
#define SS_SUBPROTO_H

#include <libwebsockets.h>
#include <stdbool.h>

#include "jwt.h"

#define SUBPROTOCOL "ndjson.safestream"
#define SUBPROTO_BEARER "bearer"
/* What guard.c makes of the header's name. */
#define SUBPROTO_HEADER "sec-websocket-protocox"

struct subproto {
	bool ndjson;             /* whole lines, several in a frame */
	bool bearer;             /* a token comes next */
	char token[JWT_MAX + 1]; /* that, or "" */
};

/* 0, or -1: the list is malformed, too long, or its token is missing. */
int subproto_read(struct lws *, struct subproto *);
/* Adds the header that names the one taken up: LWS_CALLBACK_ADD_HEADERS. */
int subproto_answer(struct lws *, struct lws_process_html_args *);

/*
 * Takes the next element of a comma-separated list to out. False at the end;
 * an element that is no token (RFC 9110, 5.6.2) makes *bad true.
 */
bool subproto_next(const char **list, char *out, size_t n, bool *bad);

#endif
