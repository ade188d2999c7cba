/*
 * filter: user rules in the jq language (--rules), compiled once through
 * libjq. The only place that knows jq's headers, so the ownership of jv
 * values stays in one file.
 */
#ifndef SS_FILTER_H
#define SS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

struct filter;

/* What the rules made of an event. */
struct filter_verdict {
	bool drop;       /* no output: the event ends here */
	int toxic;       /* 1, 0, or -1: not a boolean in the result */
	int blocked;     /* 1, 0, or -1: not set */
	bool has_reason; /* reason is set: in the buf given to filter_run */
};

/*
 * Compiles the rules in a file: one expression a line (blank lines and lines
 * that begin with # are skipped), each taking the output of the one before;
 * or, where that does not compile, the whole file as one jq program. NULL
 * when it can't be read or doesn't compile: err then holds the reason, with
 * the line's number.
 */
struct filter *filter_load(const char *path, struct buf *err);
/*
 * The same of n bytes in memory, which are copied; path says where they are
 * said to be from, because import and include look beside it.
 */
struct filter *filter_parse(
    const char *text, size_t n, const char *path, struct buf *err);
void filter_free(struct filter *);
/*
 * Runs the rules on one event (n bytes of JSON, borrowed). Of several
 * results the first counts. reason is reset and filled with the decoded
 * "reason" of the result. 0, or -1 when a rule failed on this event or its
 * result is not an object: err then says why.
 */
int filter_run(struct filter *, const char *json, size_t n,
    struct filter_verdict *, struct buf *reason, struct buf *err);

#endif
