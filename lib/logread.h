/*
 * logread: the events in a folder of logdir's files by their positions
 * ("seq"), while another process may be writing there. A file's lines are in
 * the order of their positions, but days overlap: a late event stands in the
 * file of its own day. So positions are looked up in all files that may have
 * them, and what is handed out is always one unbroken run.
 */
#ifndef SS_LOGREAD_H
#define SS_LOGREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

struct logread;

/* Copies dir. NULL: no memory. Nothing is opened yet. */
struct logread *logread_new(const char *dir);
void logread_free(struct logread *);
/*
 * Looks at the folder again: which files there are, and which positions they
 * hold. 0, or -1 with errno; an empty or missing folder is no error.
 */
int logread_refresh(struct logread *);
/* As of the last refresh: the highest position; 0: none. */
uint64_t logread_last(const struct logread *);
/*
 * As of the last refresh: the ranges of the files leave out no position from
 * from to to. Necessary for logread_get to have them all, and, but for a
 * file with a hole, sufficient.
 */
bool logread_covers(const struct logread *, uint64_t from, uint64_t to);
/*
 * As of the last refresh: the lowest position from which on the ranges leave
 * nothing out up to to; to + 1: to itself is not there.
 */
uint64_t logread_reach(const struct logread *, uint64_t to);
/*
 * Appends the lines from..to, each with its newline, as far as they fit into
 * max bytes (one always does). Returns how many; 0 when from isn't there or
 * can't be read. Looks at the folder again where it has changed.
 */
uint64_t logread_get(
    struct logread *, uint64_t from, uint64_t to, size_t max, struct buf *out);
/*
 * As of the last refresh: the lowest position that is there and at least
 * from. 1, 0: there is none, or -1 when a file couldn't be read: then nothing
 * is known.
 */
int logread_next(struct logread *, uint64_t from, uint64_t *seq);
/*
 * Calls fn with each line of the files (n bytes, a newline behind them),
 * oldest files first; of the lines with a position only those from from on.
 * Within a file in order. 0, or -1 with errno.
 */
int logread_each(struct logread *, uint64_t from,
    void (*fn)(void *arg, const char *line, size_t n), void *arg);

/*
 * For the folder's owner, when it starts: two files of a day that have the same
 * positions, as a kill may leave them while one that could not be synced is
 * written anew, lose one of the two. 0, or -1 with errno.
 */
int logread_mend(struct logread *);

#endif
