/*
 * source: lines from an address (addr.h), one callback a line. "-" reads
 * stdin until its end; "unix:" connects, and again when the peer goes;
 * "listen:" merges any number of writers by whole lines, and throws away and
 * counts the torn last line of a writer that died.
 */
#ifndef SS_SOURCE_H
#define SS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "linein.h"
#include "loop.h"

struct source;

struct source_line {
	char *p; /* writable, NUL-terminated but for LINEIN_PART and _LONG */
	size_t n;
	enum linein_got got; /* LINE, PART or LONG; empty lines are not told */
	uint64_t number;     /* the line's number in its stream, from 1 */
	const char *ahead;   /* what was read behind it, and not looked at */
	size_t nahead;
};

/* All are called from the loop. arg is the one given to source_open. */
struct source_ops {
	void (*line)(void *arg, const struct source_line *);
	/* all lines that came in one read were told: a place to flush */
	void (*batch)(void *arg);
	/* stdin ended (err: 0 or errno), or source_drain is through */
	void (*end)(void *arg, int err);
	/* connected (unix:), or a writer came (listen:); may be NULL */
	void (*up)(void *arg);
	/* the peer went (err 0), or can't be reached (errno); may be NULL */
	void (*down)(void *arg, int err);
};

/*
 * Opens it. Borrows ops, addr may go. NULL with errno: only for listen:
 * (sock_listen), memory and descriptors; a unix: peer that is not there yet
 * is waited for.
 */
struct source *source_open(
    struct loop *, const struct addr *, const struct source_ops *, void *arg);
/*
 * No more lines until source_resume. Both are fine inside a callback.
 */
void source_pause(struct source *);
void source_resume(struct source *);
/*
 * Reads what waits at this moment, tells its whole lines, and calls end():
 * for a clean stop. A paused source ends once it is resumed.
 */
void source_drain(struct source *);
/* Lines thrown away because their writer died in the midst of them. */
uint64_t source_torn(const struct source *);
/* unix: sends n bytes to the peer, best effort. 0, or -1. */
int source_say(struct source *, const char *p, size_t n);
/*
 * Lines may be so long, instead of EVENT_INPUT_MAX: for who gets what a stage
 * has added to.
 */
void source_limit(struct source *, size_t max);
/* More can be read right now, or the end: line() or end() will follow. */
bool source_ready(const struct source *);
bool source_is_up(const struct source *);
void source_free(struct source *);

#endif
