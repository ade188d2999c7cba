/*
 * clock: wall and monotonic time and RFC 3339. Tests pin the wall clock with
 * SS_TEST_NOW (an RFC 3339 time), read once.
 */
#ifndef SS_CLOCK_H
#define SS_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define CLOCK_RFC3339_LEN 24 /* 2026-11-23T09:30:00.123Z */
#define CLOCK_DATE_LEN 10    /* 2026-11-23 */

/* Milliseconds since 1970-01-01T00:00:00Z, or what SS_TEST_NOW says. */
int64_t clock_wall_ms(void);
/* Milliseconds of a clock that never jumps; its zero means nothing. */
int64_t clock_mono_ms(void);
/* The same in nanoseconds. */
int64_t clock_mono_ns(void);
/* Writes UTC with milliseconds and a NUL. Years 0 to 9999. */
void clock_format(int64_t ms, char out[CLOCK_RFC3339_LEN + 1]);
/* Writes the UTC date and a NUL. */
void clock_date(int64_t ms, char out[CLOCK_DATE_LEN + 1]);
/*
 * Reads an RFC 3339 time (any offset; fractions beyond milliseconds are cut;
 * a leap second counts as the next minute's first). 0, or -1 when it is none.
 */
int clock_parse(const char *s, size_t n, int64_t *ms);

#endif
