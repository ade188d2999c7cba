/*
 * ring: the newest bytes of an endless stream, mapped twice in a row so that
 * any part of it is one flat piece of memory. One producer appends, any
 * number of readers keep a position; a position is a byte count since the
 * start, so it never wraps, and one that lies before ring_tail has been
 * overrun.
 */
#ifndef SS_RING_H
#define SS_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	char *p;
	size_t size;   /* a power of two, a multiple of the page */
	uint64_t head; /* bytes written since the start */
	uint64_t from; /* what is older was left behind by ring_grow */
};

/* size is rounded up. 0, or -1 with errno. */
int ring_init(struct ring *, size_t size);
void ring_release(struct ring *);
/*
 * A larger one, with the bytes from position from on (ring_tail <= from); all
 * that ring_at and ring_space have said moves. 0, or -1 with errno: it is as
 * before.
 */
int ring_grow(struct ring *, size_t size, uint64_t from);
/* Appends n <= size bytes over the oldest ones. */
void ring_put(struct ring *, const void *p, size_t n);
/* Where the next n <= size bytes go; ring_advance makes them part of it. */
char *ring_space(struct ring *);
void ring_advance(struct ring *, size_t n);
/* The oldest position that is still there. */
uint64_t ring_tail(const struct ring *);
/* The bytes at pos (ring_tail <= pos <= head), flat up to head. */
const char *ring_at(const struct ring *, uint64_t pos);

#endif
