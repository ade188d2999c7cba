/*
 * metrics: what a program counts, as Prometheus reads it (text exposition
 * format 0.0.4), and the small HTTP server in its loop that answers a
 * scraper. Values are plain integers that the program increments; all work is
 * done when somebody asks.
 */
#ifndef SS_METRICS_H
#define SS_METRICS_H

#include <stdint.h>

#include "buf.h"
#include "httpd.h"
#include "loop.h"

#define METRICS_MAX 262144 /* bytes of one answer */
#define METRICS_BUCKETS 16 /* bounds of a histogram */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* How often a value was at most bound[i]. Zeroed but for bound: ready. */
struct metrics_hist {
	const double *bound; /* ascending, n of them; borrowed */
	unsigned n;
	uint64_t count[METRICS_BUCKETS + 1]; /* in each bucket alone */
	double sum;
};

/* Bounds for times of a loop, in seconds: 1 ms to 10 s. */
#define METRICS_LOOP_BOUNDS 13
extern const double metrics_loop_seconds[METRICS_LOOP_BOUNDS];
/* Bounds for times of a call, in seconds: 1 us to 1 s. */
#define METRICS_CALL_BOUNDS 13
extern const double metrics_call_seconds[METRICS_CALL_BOUNDS];

void metrics_observe(struct metrics_hist *, double value);

/*
 * One metric each, named safestream_NAME, with its HELP and TYPE. What does
 * not fit b is left out, and b->len says nothing of it.
 */
void metrics_counter(
    struct buf *, const char *name, const char *help, uint64_t v);
void metrics_gauge(struct buf *, const char *name, const char *help, double v);
void metrics_histogram(struct buf *, const char *name, const char *help,
    const struct metrics_hist *);
/* One of several of a name: the head once, then the samples. */
void metrics_head(
    struct buf *, const char *name, const char *type, const char *help);
/* label: as stage="ss-log", with its value escaped; NULL: none. */
void metrics_sample(
    struct buf *, const char *name, const char *label, double v);
/* safestream_build_info and the process_* of every Prometheus client. */
void metrics_process(struct buf *, const char *program);

struct metrics;
/*
 * Answers GET /metrics at addr (httpd_open) with what collect(arg) adds, and
 * metrics_process in front of it. program is borrowed. NULL with *err.
 */
struct metrics *metrics_open(struct loop *, const char *addr,
    const char *program, void (*collect)(void *arg, struct buf *), void *arg,
    const char **err);
void metrics_free(struct metrics *);
/* Where it is, and whether others may come: as httpd's. */
const char *metrics_where(const struct metrics *);
bool metrics_is_open(const struct metrics *);

#endif
