/*
 * window: which keys were seen among the newest N: for dropping repeats. A
 * key is known by a hash of 128 bits under a secret that is drawn anew in
 * each process, so that nobody can make two keys meet.
 */
#ifndef SS_WINDOW_H
#define SS_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window;

struct window_key {
	uint64_t a, b;
};

/* Holds the newest max > 0 keys, at most 2^30. NULL: no memory. */
struct window *window_new(size_t max);
void window_free(struct window *);
/*
 * The key of two pieces of text; ("ab", "c") and ("a", "bc") differ. The
 * second may be NULL with m 0.
 */
struct window_key window_key(
    const struct window *, const void *p, size_t n, const void *q, size_t m);
/* The key is asked for or put in soon: the memory is sent for. */
void window_expect(const struct window *, struct window_key);
bool window_has(const struct window *, struct window_key);
/*
 * Puts a key in that is not there; the oldest goes when there are max. 0, or
 * -1 (out of memory): it is not remembered then.
 */
int window_add(struct window *, struct window_key);
size_t window_count(const struct window *);

#endif
