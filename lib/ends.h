/*
 * ends: what people are told of the two ends of a program. As stage it
 * prints, for it belongs to programs.
 */
#ifndef SS_ENDS_H
#define SS_ENDS_H

#include <stdbool.h>

#include "addr.h"
#include "loop.h"
#include "metrics.h"

/* A unix: peer that is not there; said once, when that has lasted. */
struct away {
	struct loop *loop;
	const char *label; /* in front of the path: "bus " or "" */
	const char *path;
	struct loop_timer timer;
	int err;
	bool told;
};

/* Borrows label and path for as long as it is used. */
void away_init(
    struct away *, struct loop *, const char *label, const char *path);
/* It is away, or still away; err: errno, or 0 when its owner closed it. */
void away_since(struct away *, int err);
/* It is there, or it does not matter any more. */
void away_ends(struct away *);

/* metrics_open (metrics.h), and says where, or why not. */
struct metrics *ends_metrics(struct loop *, const char *addr,
    const char *program, void (*collect)(void *arg, struct buf *), void *arg);

/* Says with errno why an address could not be opened; std: stdin or stdout. */
void ends_not_opened(const struct addr *, const char *std);

#endif
