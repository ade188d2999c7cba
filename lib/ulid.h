/*
 * ulid: event ids, 26 characters of Crockford's base 32: 48 bits of time in
 * milliseconds and 80 random ones (github.com/ulid/spec). Within one
 * millisecond the random part is counted up, so the ids of one generator are
 * in order; when the clock steps back the last time is kept.
 */
#ifndef SS_ULID_H
#define SS_ULID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ULID_LEN 26

struct ulid {
	int64_t ms;
	uint8_t rnd[10];
};

/* A zeroed struct is ready. Writes the next id and a NUL. now in ms. */
void ulid_next(struct ulid *, int64_t now, char out[ULID_LEN + 1]);
/*
 * The id that everybody derives from the same n bytes of text and time, so
 * that what several make on the same occasion is one.
 */
void ulid_derive(
    int64_t ms, const void *text, size_t n, char out[ULID_LEN + 1]);
/* n characters at s are a ULID (upper case). */
bool ulid_valid(const char *s, size_t n);

#endif
