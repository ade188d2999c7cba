/*
 * tap: the unit tests' own few macros for the Test Anything Protocol. A test
 * is a list of checks; each prints one line, and what was expected where it
 * failed. main ends with "return tap_done();".
 */
#ifndef SS_TAP_H
#define SS_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TAP_UNUSED __attribute__((unused))

/* The condition holds. */
#define OK(cond) tap_ok((cond), #cond, __FILE__, __LINE__)
/* As OK, with a name for checks that stand in a loop: %s is the case. */
#define OK_FOR(cond, what) tap_for((cond), #cond, (what), __FILE__, __LINE__)
#define IS_INT(got, want) \
	tap_int((got), (want), #got " == " #want, __FILE__, __LINE__)
#define IS_STR(got, want) \
	tap_str((got), (want), #got " is " #want, __FILE__, __LINE__)
/* n bytes at p are exactly the string want. */
#define IS_MEM(p, n, want)                                            \
	tap_mem((p), (n), (want), sizeof(want) - 1, #p " has " #want, \
	    __FILE__, __LINE__)

static int tap_count, tap_failed;

static TAP_UNUSED bool
tap_ok(bool ok, const char *what, const char *file, int line)
{
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tap_count, what);
	if (!ok) {
		tap_failed++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return ok;
}

static TAP_UNUSED bool
tap_for(bool ok, const char *what, const char *arg, const char *file, int line)
{
	tap_ok(ok, what, file, line);
	if (!ok)
		printf("#   for: %s\n", arg);
	return ok;
}

static TAP_UNUSED bool
tap_int(int64_t got, int64_t want, const char *what, const char *file, int line)
{
	bool ok = tap_ok(got == want, what, file, line);

	if (!ok)
		printf("#   got %" PRId64 ", want %" PRId64 "\n", got, want);
	return ok;
}

static TAP_UNUSED bool
tap_mem(const void *got, size_t n, const void *want, size_t m, const char *what,
    const char *file, int line)
{
	bool ok = n == m && (n == 0 || memcmp(got, want, n) == 0);

	tap_ok(ok, what, file, line);
	if (!ok)
		printf("#   got \"%.*s\" (%zu bytes), want \"%.*s\"\n", (int)n,
		    (const char *)got, n, (int)m, (const char *)want);
	return ok;
}

static TAP_UNUSED bool
tap_str(const char *got, const char *want, const char *what, const char *file,
    int line)
{
	return tap_mem(got, strlen(got), want, strlen(want), what, file, line);
}

/*
 * A copy that ends exactly where the text does, so that the address
 * sanitizer sees the first byte read beyond it. The caller frees it.
 */
static TAP_UNUSED char *
tap_copy(const void *p, size_t n)
{
	char *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		abort();
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

/* Seconds on a clock of its own, for deadlines. */
static TAP_UNUSED double
tap_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A repeatable source of numbers (xorshift64, Marsaglia 2003). */
static TAP_UNUSED uint64_t
tap_rand(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static TAP_UNUSED int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	if (tap_failed > 0)
		printf("# %d of %d failed\n", tap_failed, tap_count);
	return tap_failed > 0;
}

#endif
