/*
 * fan-impl: what fan.c (ring, rooms, turns) and fan-send.c (one viewer's
 * socket) share. Nobody else includes it.
 */
#ifndef SS_FAN_IMPL_H
#define SS_FAN_IMPL_H

#include <sys/socket.h>

#include "fan.h"
#include "ring.h"

#define SEGS 64        /* flat pieces of one room's turn */
#define TURN_MAX 60000 /* bytes gathered before they are sent at the latest */
#define NAME_BUCKETS 1024
#define ROOM_BUCKETS 256

/* One event in the ring. */
struct frame {
	uint64_t pos;      /* of its header */
	uint32_t len;      /* header and payload */
	uint32_t head;     /* the header's part of it */
	struct room *room; /* NULL: everybody's */
	uint64_t seq;
	bool priv; /* for one name alone: not part of a turn */
};

struct room {
	char name[EVENT_NAME_MAX + 1];
	struct room *next, *dirty_next;
	struct viewer **v;
	unsigned n, cap;
	size_t frames; /* in the index: the room outlives its viewers */
	bool dirty;
	/* this turn's frames, as flat pieces of the ring */
	struct {
		uint64_t pos;
		size_t len;
	} seg[SEGS];
	unsigned nseg;
	size_t turn_bytes, turn_frames;
};

/* What a room's viewers are sent: its frames, or its lines in one frame. */
struct turn {
	struct msghdr frames, lines;
	struct iovec iov[SEGS], line;
};

struct fan {
	struct ring ring;
	struct frame *frames; /* a ring too: nframes is a power of two */
	size_t nframes;
	uint64_t head;      /* number of the next frame */
	uint64_t turn;      /* the first one that is not sent yet */
	uint64_t first;     /* the first one of the past */
	uint64_t first_seq; /* the position in front of that */
	void (*refill)(void *arg, struct viewer *);
	void *arg;
	size_t turn_bytes;
	bool full; /* a room has used up its segments */
	size_t max_lag;
	struct room *rooms[ROOM_BUCKETS], *dirty;
	struct viewer *names[NAME_BUCKETS], *laggards;
	uint64_t lag_min; /* no laggard's next frame has a lower number */
	size_t nviewers;
	struct burst *burst;
	struct buf flat; /* what one write by TLS is put together in */
	struct buf nd;   /* the turn's lines in one frame, for ndjson */
	struct fan_stats stats;
};

static inline struct frame *
frame_at(const struct fan *f, uint64_t i)
{
	return &f->frames[i & (f->nframes - 1)];
}

static inline bool
concerns(const struct frame *fr, const struct room *r)
{
	return !fr->priv && (!fr->room || fr->room == r);
}

/* Sends a room's turn to a viewer who is level, at the latest in send_rest. */
void send_turn(struct fan *, struct viewer *, struct turn *);
void send_rest(struct fan *);
/* Closes him if more than max_lag waits for him. */
void check_lag(struct fan *, struct viewer *);
/* Puts frames first..end of his room into f->nd as one ndjson frame. */
int gather_lines(struct fan *, const struct room *, uint64_t first,
    uint64_t end, size_t max);
/* The ring's part of what waits for him becomes his own. */
void rescue(struct fan *, struct viewer *);
/* He has caught up: no position of his own any more. */
void fan_level(struct fan *, struct viewer *);

#endif
