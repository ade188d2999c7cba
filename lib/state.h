/*
 * state: the control events that are still in force, folded from the stream
 * (CONTRACT 1 and 5): mutes, bans and purges by user and room, bans by address
 * and room, slow mode, subscribers only, threshold and levels by room,
 * tombstones by the deleted event's id, held messages until they are decided.
 * A mute or a ban is neither ended nor replaced by who is lower than whoever
 * did it, and a purge stands beside one of another role. What is decided or
 * deleted in a room is what was said there.
 */
#ifndef SS_STATE_H
#define SS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "event.h"
#include "role.h"

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

/*
 * The role of who has done what a control event says. What was put on the
 * line by hand, without one, counts as an admin's.
 */
enum role state_role(const struct event *);

/* What can be asked for. */
enum state_kind {
	STATE_MUTE,    /* of a user */
	STATE_BAN,     /* of a user */
	STATE_ADDRESS, /* a ban of an address, as action_address has it */
	STATE_SLOW,    /* number: seconds */
	STATE_SUBONLY
};
struct state_force {
	int64_t until;  /* ms; INT64_MAX: for good */
	int64_t number; /* what was set */
	uint64_t seq;
	enum role role; /* of who did it; without one on the line: admin */
	enum role rank; /* who is below it can't end it; without one: viewer */
};
/*
 * Is it in force at now in this room, of this user or address (NULL for those
 * kinds that concern all)? *out says more then.
 */
bool state_get(struct state *, enum state_kind, const char *who,
    const char *room, int64_t now, struct state_force *out);
/* Somebody wants to put something in force, or to end it. */
struct state_attempt {
	const char *room; /* "": all of them */
	enum role role;
	bool ends;
	int64_t now;
};
/*
 * What is in force of that kind for who stays as it is, as a higher role has
 * put it there; where it is to end in all rooms, everything that is.
 */
bool state_outranks(struct state *, enum state_kind, const char *who,
    const struct state_attempt *);
/*
 * Has the user been purged since he said in this room what stands at seq, by
 * who may act on its author? NULL: the event has no role, anybody may.
 */
bool state_purges(struct state *, const char *user, const char *room,
    const enum role *author, uint64_t seq);

#endif
