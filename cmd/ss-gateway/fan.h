/*
 * fan: one event in, N frames out. Each event is framed once, into a ring
 * that is mapped twice in a row (a server's frames are not masked, so their
 * bytes are the same for all). Viewers sit in rooms; those who keep up are
 * sent everything new of their room at the end of the loop's turn, in one
 * system call each, straight from the ring. One who does not keep up gets a
 * position of his own and goes on from there when his socket can take more.
 * Nothing is copied per viewer, but for what is meant for him alone.
 */
#ifndef SS_FAN_H
#define SS_FAN_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "burst.h"
#include "event.h"
#include "ident.h"

struct fan;
struct room;

/* How often something has happened ... */
struct lately {
	unsigned n;
	int64_t since; /* ... since then, monotonic ms */
};

/* A connected viewer. Made by viewer.c, moved by fan.c. */
struct viewer {
	struct lws *wsi;
	struct fan *fan; /* the one he is in: show.c */
	struct room *room;
	struct viewer *same; /* the next one whose name hashes alike */
	struct viewer *lag_prev, *lag_next; /* among those who lag */
	int fd;
	int place;           /* of fd, in the fan's burst */
	unsigned slot;       /* in his room */
	bool ndjson;         /* several lines a frame */
	bool tls;            /* the library writes for him */
	bool greeted;        /* he has asked for a hello */
	bool lagging;        /* he has a position of his own */
	bool closing;        /* nothing more is sent */
	bool recovering;     /* he gets what he missed: no new events yet */
	uint64_t after;      /* recovering: the position he has got to */
	struct fetch *fetch; /* recovering: from the hub */
	uint64_t since;      /* events up to here were not sent to him ... */
	struct buf given;    /* ... but for these (uint64_t), on request */
	unsigned short close_code;
	uint64_t next;  /* lagging: the first frame he has not had */
	size_t behind;  /* lagging: bytes of his room in front of him */
	struct buf own; /* frames for him alone, before those in the ring */
	unsigned short refuse_code; /* the message at hand is refused */
	size_t thrown;       /* bytes of it that were read and thrown away */
	struct buf *rx;      /* a message that came in parts, or NULL */
	size_t expiry;       /* his place in the heap of expiry.c + 1, or 0 */
	struct lately auths; /* tokens that he has shown */
	struct lately bad;   /* lines beyond what he may get wrong */
	struct ident ident;
};

/* He sees what is held or blocked, and may act. */
static inline bool
viewer_is_staff(const struct viewer *v)
{
	return role_is_staff(v->ident.role);
}

#define FAN_HEAD_MAX 10 /* RFC 6455, 5.2: 2, 4 or 10 bytes, no mask */
/* Writes a text frame's header for n bytes of payload; returns its length. */
size_t fan_head(char *p, size_t n);
/* Length of the frame that begins at p. */
size_t fan_frame_len(const char *p);

struct fan_stats {
	uint64_t frames;  /* events put into the ring */
	uint64_t sent;    /* deliveries of them, begun */
	uint64_t bytes;   /* bytes sent */
	uint64_t cut_off; /* viewers closed because they lagged */
};

/*
 * max_lag: bytes that may wait for one viewer; history: events kept at
 * least. refill(arg, viewer) is called when a recovering viewer can take
 * more. NULL with errno.
 */
struct fan *fan_new(size_t max_lag, size_t history,
    void (*refill)(void *arg, struct viewer *), void *arg);
void fan_free(struct fan *);
/* How it sends, to be chosen before anybody joins. Lent. */
struct burst *fan_burst(struct fan *);

/*
 * Puts one event of n bytes (valid JSON) into the ring, for a room's viewers
 * or, with room NULL, for everybody. seq: its position, no lower than that of
 * the one before. It leaves with fan_flush.
 */
void fan_put(
    struct fan *, const char *room, uint64_t seq, const char *line, size_t n);
/* One that is for those of this name alone, who get it at once. */
void fan_put_private(struct fan *, const char *room, const char *name,
    uint64_t seq, const char *line, size_t n);
/* Sends what is new to everybody whom it concerns. */
void fan_flush(struct fan *);
/* There is something new that fan_flush would send. */
bool fan_waits(const struct fan *);
/* What is new is part of the past, but sent to nobody. */
void fan_skip(struct fan *);
/* Forgets the past: what follows begins behind position seq. */
void fan_forget(struct fan *, uint64_t seq);

/* v->ident, fd, wsi and ndjson are set. 0, or -1 (out of memory). */
int fan_join(struct fan *, struct viewer *, const char *room);
void fan_leave(struct fan *, struct viewer *);
const char *fan_room_name(const struct viewer *);
/* His socket can take more. 0, or -1: it is broken. */
int fan_writable(struct fan *, struct viewer *);
/* What he is told from now on waits until the loop's next turn. */
void fan_hold(struct fan *, struct viewer *);
/* A line for one viewer alone, in order with everything else. */
void fan_tell(struct fan *, struct viewer *, const char *line, size_t n);
/* The same for every connection of this name in this room. */
void fan_tell_name(struct fan *, const char *room, const char *name,
    const char *line, size_t n);
/*
 * The same for everybody who was greeted; who recovers gets it at once, and
 * recovers no more.
 */
void fan_tell_greeted(struct fan *, const char *line, size_t n);
/*
 * Closes a viewer with a code and, from the next moment he can be written
 * to, a close frame; without one after a while.
 */
void fan_close(struct viewer *, unsigned short code);
void fan_close_all(struct fan *, unsigned short code);
/* Calls fn with every viewer, or those of a name; it may close them. */
void fan_each(struct fan *, const char *name,
    void (*fn)(void *arg, struct viewer *), void *arg);

/* The ring has all events behind this position, and maybe more. */
uint64_t fan_reach(const struct fan *);
/*
 * Walks back from the newest event of a room to those behind position after:
 * at most n that sees(arg, seq, line, len, private) takes, as far as they fit
 * into max bytes. Returns how many, and calls fn with them, oldest first,
 * unless it is NULL.
 */
typedef bool fan_sees_fn(
    void *arg, uint64_t seq, const char *line, size_t n, bool is_private);
typedef void fan_line_fn(void *arg, uint64_t seq, const char *line, size_t n);
struct fan_query {
	const char *room;
	uint64_t after;
	size_t n, max;
	fan_sees_fn *sees;
	void *arg;
};
size_t fan_past(struct fan *, const struct fan_query *, fan_line_fn *fn);
/*
 * Calls fn with the events of a room, NULL: of all, private ones too, behind
 * position
 * after, until it says false or there are no more. Returns the position it
 * came to: all of the ring where fn always said true.
 */
uint64_t fan_walk(
    struct fan *, const char *room, uint64_t after, fan_sees_fn *fn, void *arg);
/* The line at a position, NULL where it is not in the ring any more. */
const char *fan_find(
    const struct fan *, uint64_t seq, size_t *n, bool *is_private);
/*
 * From now on he gets nothing but what he is given, whatever its size, and is
 * refilled, until fan_recovered.
 */
void fan_recover(struct fan *, struct viewer *);
void fan_give(struct fan *, struct viewer *, const char *line, size_t n);
/* Everything that is in the ring has been given to him. */
void fan_recovered(struct fan *, struct viewer *);
size_t fan_viewers(const struct fan *);
/* Goes on counting from there. */
void fan_count_on(
    struct fan *, uint64_t sent, uint64_t bytes, uint64_t cut_off);
const struct fan_stats *fan_stats(const struct fan *);

#endif
