/*
 * ws: WebSocket (RFC 6455) as a client needs it: the handshake's key, frames
 * from a server taken apart, frames to it put together; and what both sides
 * have to look at. No input or output.
 */
#ifndef SS_WS_H
#define SS_WS_H

#include <stdbool.h>
#include <stddef.h>

#define WS_KEY_LEN 24    /* base64 of 16 bytes */
#define WS_ACCEPT_LEN 28 /* base64 of a SHA-1 */
#define WS_HEAD_MAX 14   /* a frame's header, mask included */
#define WS_CONTROL_MAX 125

/* RFC 6455, 5.2 */
enum ws_opcode {
	WS_CONT = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10
};

struct ws_frame {
	enum ws_opcode opcode;
	bool fin;
	const char *payload; /* borrowed from what was parsed */
	size_t len;          /* of the payload */
	size_t size;         /* of the whole frame */
};

enum ws_got {
	WS_MORE, /* the frame isn't whole yet; size: so much is needed, or 0 */
	WS_FRAME,
	WS_BAD /* not what a server may send */
};

/* Both write a NUL, too. */
void ws_key(const unsigned char random[16], char out[WS_KEY_LEN + 1]);
/* What a server has to answer to that key (RFC 6455, 4.2.2). */
void ws_accept(const char key[WS_KEY_LEN + 1], char out[WS_ACCEPT_LEN + 1]);
/*
 * Reads the frame at the front of n bytes from a server. A payload of more
 * than max bytes is WS_BAD. *why is set then, a constant. That continuations
 * follow a beginning, and only there, is for the caller to see.
 */
enum ws_got ws_parse(
    const char *p, size_t n, size_t max, struct ws_frame *, const char **why);
/*
 * Looks at a frame's first two bytes, from a client (masked) or a server. 0, or
 * -1 with *why, a constant: nobody may send that.
 */
int ws_check_head(const unsigned char head[2], bool masked, const char **why);
/*
 * Writes a whole client's frame to out, which has WS_HEAD_MAX + n bytes.
 * Returns its size.
 */
size_t ws_write(char *out, enum ws_opcode, const char *p, size_t n,
    const unsigned char mask[4]);
/*
 * The code in a close frame's payload: 1005 for an empty one, -1 where it is
 * invalid (RFC 6455, 7.4; the reason has to be UTF-8).
 */
int ws_close_code(const char *p, size_t n);

#endif
