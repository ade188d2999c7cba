/*
 * stage-impl: what stage.c and stage-reject.c share. Nobody else includes it.
 */
#ifndef SS_STAGE_IMPL_H
#define SS_STAGE_IMPL_H

#include "ends.h"
#include "metrics.h"
#include "notify.h"
#include "stage.h"

struct stage {
	const struct opt_prog *prog;
	const struct stage_conf *conf;
	const struct stage_ops *ops;
	void *arg;
	struct loop *loop;
	struct source *source;
	struct sink *sink;  /* NULL: --no-tee and the like */
	struct sink *print; /* NULL, or stdout beside the sink */
	struct addr in, out;
	struct event ev;
	int reject;                     /* descriptor, or -1 */
	const struct source_line *line; /* the one at hand */
	uint64_t lines, rejected, torn;
	int status;
	bool hurry;     /* no gathering this time */
	bool held;      /* commit failed, its retry is set */
	bool waits;     /* the program wants no input for now */
	bool busy;      /* ... or keeps lines back: not yet the end */
	bool ending;    /* the source has ended */
	bool stopped;   /* a signal asked for it */
	bool broken;    /* stdout can't be written any more */
	bool no_reader; /* because its reader is gone */
	struct away in_away, out_away;
	unsigned failures;        /* of the commit, one after the other */
	uint64_t commit_failures; /* and of all */
	struct metrics *metrics;  /* NULL: not served */
	bool sample;              /* the age of the next event is of interest */
	struct metrics_hist age;
	struct loop_timer retry, deadline;
	struct notify notify;
};

/* What lines are counted in, for messages. */
const char *stage_in_name(const struct stage *);
/* stage-metrics.c: --metrics; exits 2 when the address can't be read. */
void stage_metrics_check(const struct stage *);
/* 0, or -1 after a message. */
int stage_metrics_open(struct stage *);
/* The event at hand is the first of a read: how old is it? */
void stage_metrics_age(struct stage *);
/* A part of a line over the limit: none of it is kept in memory. */
void stage_long_line(struct stage *, const struct source_line *);

#endif
