/*
 * series: the positions of ss-log's events (CONTRACT 7). It finds out from
 * the folder's files where to go on and what was written lately, so that an
 * event that comes again is known by its id, or by its nonce and who sent it.
 */
#ifndef SS_SERIES_H
#define SS_SERIES_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"

#define SERIES_WINDOW 1000000 /* ids, and nonces, that are remembered */

struct series;

/*
 * Reads the folder: torn last lines must have been moved aside, and nobody
 * else may write there. NULL with errno. Copies dir.
 */
struct series *series_open(const char *dir, size_t window);
void series_free(struct series *);
/* The series' name. A new one begins as series_open finds reason for it. */
const char *series_name(const struct series *);
/* The position given last. */
uint64_t series_last(const struct series *);
/*
 * Was this event taken before? series_look asks, and series_has answers: who
 * has something else to do in between need not wait for the memory.
 */
void series_look(struct series *, const struct event *);
/* An event with this id comes soon. */
void series_expect(struct series *, const char *id, size_t n);
bool series_has(const struct series *);
/*
 * The event that was looked for last, and was not there, is to be
 * written at position series_last() + 1, which is then the last one.
 */
void series_take(struct series *);
/*
 * Keeps the series' name and position in the folder where that is due: the
 * first time, after the folder was made anew, and from time to time. reached:
 * the files have got so far. sync: what must last is synced. 0, or -1 with
 * errno while it has never been kept.
 */
int series_keep(struct series *, uint64_t reached, bool sync);
/* A clean stop, everything is on the disk. 0, or -1 with errno. */
int series_end(struct series *, bool sync);

#endif
