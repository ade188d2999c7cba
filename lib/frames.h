/*
 * frames: passes on what a WebSocket client sends (RFC 6455), as it comes, in
 * pieces of any size, to another's parser: messages as they are, control frames
 * one by one to the caller. What is wrong with a frame by itself is refused
 * before it is seen. That fragments follow each other and that text is UTF-8
 * is for that parser.
 */
#ifndef SS_FRAMES_H
#define SS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "ws.h"

/* By so much may a piece be longer than it came: a header kept before. */
#define FRAMES_ROOM WS_HEAD_MAX

/* Zeroed: at the beginning. */
struct frames {
	unsigned char head[WS_HEAD_MAX]; /* of the frame at hand, so far */
	uint8_t nhead;
	uint8_t ncontrol; /* bytes of a control frame's payload, so far */
	char *control;    /* them, without their mask */
	uint64_t left;    /* bytes of a message's frame to come */
};

void frames_release(struct frames *);

/* What is to be done about a control frame. */
struct frames_control {
	enum ws_opcode opcode;
	const char *payload; /* without its mask; until the next call */
	size_t len;
};

enum frames_got {
	FRAMES_MORE,    /* all of it was taken */
	FRAMES_CONTROL, /* one is whole; to be called again with the rest */
	FRAMES_BAD,     /* what no client may send: 1002 */
	FRAMES_NO_MEMORY
};

/*
 * Takes *used of n bytes; *len of them go to out, which has room for
 * n + FRAMES_ROOM and is not in.
 */
enum frames_got frames_take(struct frames *, const char *in, size_t n,
    size_t *used, char *out, size_t *len, struct frames_control *);

/*
 * The code to answer a close frame with: its own, 1005 for none, 1002 where it
 * can't be one, 1007 for a reason that is not UTF-8.
 */
int frames_close_code(const struct frames_control *);

#endif
