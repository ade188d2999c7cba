/*
 * state: the control events that are still in force, folded from the stream
 * (CONTRACT 1 and 5): mutes and bans by user and room, slow mode and threshold
 * by room, tombstones by the deleted event's id, held messages until they are
 * decided.
 */
#ifndef SS_STATE_H
#define SS_STATE_H

#include <stdint.h>

#include "buf.h"
#include "event.h"

#define STATE_MAX 200000 /* entries; the oldest tombstone goes first */
#define STATE_HOLD_MS INT64_C(300000) /* a hold ends so long after its ts */

struct state;

/* NULL: no memory. */
struct state *state_new(void);
void state_free(struct state *);
/* Folds one event in, which stands at position seq. */
void state_fold(struct state *, const struct event *, uint64_t seq);
/*
 * The same for a line that may be no event; quick for those that don't
 * matter. A position in the line (event_tail_seq) wins over seq.
 */
void state_fold_line(struct state *, const char *line, size_t n, uint64_t seq);
/*
 * Appends the lines, each with a newline, of what is in force at now (ms) and
 * stands at base or before it, in the order of the positions. Returns how
 * many; stops where out has no room.
 */
size_t state_write(struct state *, uint64_t base, int64_t now, struct buf *out);

#endif
