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
#include "event.h"

struct fan;
struct room;

/* A connected viewer. Made by viewer.c, moved by fan.c. */
struct viewer {
	struct lws *wsi;
	struct room *room;
	struct viewer *same; /* the next one whose name hashes alike */
	struct viewer *lag_prev, *lag_next; /* among those who lag */
	int fd;
	unsigned slot; /* in his room */
	bool ndjson;   /* several lines a frame */
	bool lagging;  /* he has a position of his own */
	bool closing;  /* nothing more is sent */
	unsigned short close_code;
	uint64_t next;  /* lagging: the first frame he has not had */
	size_t behind;  /* lagging: bytes of his room in front of him */
	struct buf own; /* frames for him alone, before those in the ring */
	unsigned short refuse_code; /* the message at hand is refused */
	size_t thrown;  /* bytes of it that were read and thrown away */
	struct buf *rx; /* a message that came in parts, or NULL */
	char name[EVENT_NAME_MAX + 1];
};

struct fan_stats {
	uint64_t frames;  /* events put into the ring */
	uint64_t sent;    /* deliveries of them, begun */
	uint64_t bytes;   /* bytes sent */
	uint64_t cut_off; /* viewers closed because they lagged */
};

/*
 * max_lag: bytes that may wait for one viewer; history: events kept at
 * least. NULL with errno.
 */
struct fan *fan_new(size_t max_lag, size_t history);
void fan_free(struct fan *);

/*
 * Puts one event of n bytes (valid JSON) into the ring, for a room's viewers
 * or, with room NULL, for everybody. It leaves with fan_flush.
 */
void fan_put(struct fan *, const char *room, const char *line, size_t n);
/* Sends what is new to everybody whom it concerns. */
void fan_flush(struct fan *);
/* What is new is part of the past, but sent to nobody. */
void fan_skip(struct fan *);
/* Forgets the past. */
void fan_forget(struct fan *);

/* v->name, fd, wsi and ndjson are set. 0, or -1 (out of memory). */
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
 * Closes a viewer with a code and, from the next moment he can be written
 * to, a close frame; without one after a while.
 */
void fan_close(struct viewer *, unsigned short code);
void fan_close_all(struct fan *, unsigned short code);

/*
 * Calls fn with the newest n events of a room, as far as they fit into max
 * bytes, oldest first; returns how many that were. With fn NULL it only
 * counts.
 */
size_t fan_recent(struct fan *, const char *room, size_t n, size_t max,
    void (*fn)(void *arg, const char *line, size_t len), void *arg);
size_t fan_viewers(const struct fan *);
const struct fan_stats *fan_stats(const struct fan *);

#endif
