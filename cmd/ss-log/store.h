/*
 * store: the SQLite file that ss-log keeps its events in, for those who ask
 * questions of them: one row an event, and the position that the rows have
 * reached, changed in the same transaction. It knows nothing of log files and
 * prints nothing.
 */
#ifndef SS_LOG_STORE_H
#define SS_LOG_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "epoch.h"
#include "event.h"

#define STORE_VERSION 3 /* of the schema (user_version) */

struct store;

/* The rows have all of the series' events up to seq that the log has. */
struct store_position {
	char epoch[EPOCH_MAX + 1]; /* "": not known */
	uint64_t seq;              /* 0: a new database */
};

/*
 * Copies path; opens nothing. Every wait and every long statement ends early
 * once *quit is set, which is borrowed. NULL: no memory.
 */
struct store *store_new(const char *path, const atomic_bool *quit);
void store_free(struct store *);
/*
 * Opens the file, makes it where it is missing, and brings an older schema up
 * to date; bulk: but for what store_index does. 0, or -1; all functions
 * below return -1 when they fail, and then the store has to be closed.
 */
int store_open(struct store *, bool bulk);
/* Rolls back what is not committed. */
void store_close(struct store *);
bool store_is_open(const struct store *);
/* Why the last call failed, for people. Valid until the next call. */
const char *store_why(const struct store *);
/* That was because the file is damaged, or never was a database. */
bool store_is_broken(const struct store *);
/* The file that is open is not the one of that name any more. */
bool store_has_moved(struct store *);

/* Begins a transaction, as the only writer, and reads the position. */
int store_begin(struct store *, struct store_position *);
/*
 * Adds an event, its whole line with it; an id that is there already is left
 * as it is. ev NULL: the line, n bytes, could not be parsed.
 */
int store_add(struct store *, uint64_t seq, const char *line, size_t n,
    const struct event *ev);
/* Stores the position, and ends the transaction. */
int store_commit(struct store *, const struct store_position *);
/* Removes all rows beyond seq. Inside a transaction. */
int store_cut(struct store *, uint64_t seq);
/*
 * Removes all rows, and what only questions need, so that much can be added
 * quickly. Inside a transaction, in which store_index comes last.
 */
int store_clear(struct store *);
/* Makes what only questions need, where it is missing. */
int store_index(struct store *);
/*
 * The newest row at or before seq: *seq is its position and *line its line,
 * valid until the next call. 1, 0: there is none, or -1.
 */
int store_newest(struct store *, uint64_t *seq, const char **line, size_t *n);

#endif
