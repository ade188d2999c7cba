/*
 * hub: one stream of lines to any number of Unix socket readers, all in the
 * same order. A reader is a position in a shared ring; one that lags more
 * than a limit is cut off and nobody else notices. A reader may send one
 * request line (CONTRACT 5: {"epoch":E,"since":SEQ} or {"history":N}), and
 * gets what he missed: from memory, or from the files of ss-log.
 */
#ifndef SS_HUB_H
#define SS_HUB_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "addr.h"
#include "event.h"
#include "loop.h"

struct hub;

struct hub_conf {
	size_t history; /* newest events kept for who asks for them */
	size_t max_lag; /* bytes a reader may be behind */
	/*
	 * ss-log's folder; NULL: none. Its files are used as long as its
	 * epoch is ours.
	 */
	const char *log;
	/*
	 * For hub_event: ms to wait for an epoch line before an epoch of our
	 * own is used. 0: at once.
	 */
	int64_t wait;
	/* each line that is published through hub_event; may be NULL */
	void (*copy)(void *arg, const char *line, size_t n);
	void *copy_arg;
};

/* What is worth telling people; called from the loop. */
enum hub_news {
	HUB_JOINED,
	HUB_LEFT,
	HUB_CUT_OFF, /* lagged: n is how many bytes */
	HUB_REFUSED, /* accept(2) failed: n is errno */
	HUB_FILLED,  /* n events that had been missed came from the files */
	HUB_BROKEN   /* what was missed can't be had: n is the new position */
};
typedef void hub_news_fn(void *arg, enum hub_news, pid_t peer, uint64_t n);

/* NULL with errno as sock_listen. Borrows nothing. */
struct hub *hub_open(struct loop *, const char *path, const struct hub_conf *,
    hub_news_fn *, void *arg);
/*
 * An event by its position: what was published before is dropped, what is
 * missing in front of it is filled in from the files, and an epoch line is
 * acted on. It leaves with the next hub_flush.
 */
void hub_event(struct hub *, const struct event *);
/*
 * Appends one line (n bytes without newline), whatever it says. keep: it
 * belongs into the history. It leaves with the next hub_flush.
 */
void hub_put(struct hub *, const char *line, size_t n, int keep);
/* Sends to everybody what he has not had yet, one system call a reader. */
void hub_flush(struct hub *);
/* Bytes that the slowest reader has still to get. */
size_t hub_pending(const struct hub *);
size_t hub_readers(const struct hub *);
void hub_free(struct hub *);

#endif
