/*
 * sink: lines to an address (addr.h). Lines are queued and leave with
 * sink_flush, whole lines only; to a pipe no write(2) is larger than
 * PIPE_BUF, so that several writers may share it. Nothing ever blocks: a
 * pipe is opened anew through /proc/self/fd, because O_NONBLOCK on the
 * descriptor itself would hit everybody who shares it.
 */
#ifndef SS_SINK_H
#define SS_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "hub.h"
#include "loop.h"

struct sink;

struct sink_ops {
	/*
	 * The queue, which could not be written at once, is empty, or a lost
	 * peer is back: a time to sink_flush.
	 */
	void (*drained)(void *arg);
	/* stdout can't be written any more: EPIPE or another errno */
	void (*broken)(void *arg, int err);
	/* unix: connected / the peer went or can't be reached; may be NULL */
	void (*up)(void *arg);
	void (*down)(void *arg, int err);
	hub_news_fn *news; /* listen: may be NULL */
};

/* As source_open. hub: for listen: only, NULL for the defaults. */
struct sink *sink_open(struct loop *, const struct addr *,
    const struct hub_conf *hub, const struct sink_ops *, void *arg);
/*
 * Queues one line of n bytes without newline; keep as hub_put. 0, or -1 when
 * memory ran out.
 */
int sink_put(struct sink *, const char *line, size_t n, int keep);
/* unix: forgets what waits: for up(), by who says it all again. */
void sink_clear(struct sink *);
/*
 * The same, in front of all that waits: for up(), when nothing of that has
 * gone to the new peer yet. Not for listen:. now: the line, and it alone, is
 * written at once, whatever the owner holds back.
 */
int sink_put_first(struct sink *, const char *line, size_t n, bool now);
/* Writes what can be written now. True when nothing is left. */
bool sink_flush(struct sink *);
/* Bytes queued and not yet written (listen: nothing is ever held back). */
size_t sink_pending(const struct sink *);
bool sink_is_up(const struct sink *);
/* listen: the hub behind it, else NULL. */
struct hub *sink_hub(struct sink *);
void sink_free(struct sink *);

#endif
