/*
 * stage: what ss-moderate, ss-log and ss-broadcast have in common: lines in
 * from an address, one callback a line, lines out to an address; bad lines
 * reported, counted and set aside; flushed whenever the input would block;
 * input held while the output can't take more; drained on SIGTERM, SIGINT
 * and at the end of input. It prints (msg) as it belongs to programs.
 */
#ifndef SS_STAGE_H
#define SS_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"
#include "event.h"
#include "hub.h"
#include "loop.h"
#include "opt.h"
#include "sink.h"
#include "source.h"

struct stage;

struct stage_ops {
	/*
	 * One event, parsed; a line that is no JSON object never gets here.
	 * ev->line is NUL-terminated and valid until the call returns.
	 */
	void (*event)(void *arg, const struct event *ev);
	/*
	 * A line before anything is done with it. True: the program keeps a
	 * copy of it and calls stage_handle later, in the order in which they
	 * came (see stage_wait). May be NULL.
	 */
	bool (*line)(void *arg, const struct source_line *);
	/*
	 * Before anything of this batch leaves: make it lasting. 0, or -1
	 * when that failed for now: input is held and stage tries again after
	 * a second, until it is 0. May be NULL.
	 */
	int (*commit)(void *arg);
	/*
	 * SIGTERM or SIGINT came: from now on the drain time runs. For who
	 * holds lines back (stage_wait); may be NULL.
	 */
	void (*stopping)(void *arg);
	/*
	 * The output (unix:) is connected: what is said now by
	 * stage_emit_first goes before all that waits. May be NULL.
	 */
	void (*up)(void *arg);
	/* SIGHUP or SIGUSR1; those two are ignored by default; may be NULL */
	void (*signal)(void *arg, int signo);
	hub_news_fn *news; /* listen: on output; may be NULL */
	/* --metrics: a scraper asks; more of metrics.h; may be NULL */
	void (*metrics)(void *arg, struct buf *);
};

/* The options that every stage has; see STAGE_OPTS. */
struct stage_conf {
	const char *in, *out; /* as text; NULL: stdin, stdout */
	const char *reject;   /* a file for bad lines, or NULL */
	const char *metrics;  /* where they are served, or NULL */
	double drain;         /* seconds */
	struct hub_conf hub;  /* for listen: as output */
	bool in_is_bus;       /* in NULL means unix: the bus */
	bool out_is_bus;      /* out NULL means listen: the bus */
	bool no_out;          /* write nowhere */
	size_t line_max;      /* bytes of a line; 0: EVENT_INPUT_MAX */
	size_t group;         /* gather so many bytes while input is there */
};
#define STAGE_CONF_INIT                                                \
	{                                                              \
		.drain = 2, .hub = {.history = 0, .max_lag = 8 << 20 } \
	}

/* Rows for a program's option table. conf: its struct stage_conf. */
#define STAGE_OPT_IN(conf)                                                  \
	{                                                                   \
		.kind = OPT_ADDR, .shortname = 'i', .name = "input",        \
		.arg = "ADDR", .out = &(conf).in,                           \
		.help = "read lines from ADDR: -, unix:PATH or listen:PATH" \
	}
#define STAGE_OPT_OUT(conf)                                                \
	{                                                                  \
		.kind = OPT_ADDR, .shortname = 'o', .name = "output",      \
		.arg = "ADDR", .out = &(conf).out,                         \
		.help = "write lines to ADDR: -, unix:PATH or listen:PATH" \
	}
#define STAGE_OPT_REJECT(conf)                                     \
	{                                                          \
		.kind = OPT_FILE, .name = "reject", .arg = "FILE", \
		.out = &(conf).reject,                             \
		.help = "append bad lines to FILE, verbatim"       \
	}
#define STAGE_OPT_METRICS(conf)                                     \
	{                                                           \
		.kind = OPT_TEXT, .name = "metrics", .arg = "ADDR", \
		.out = &(conf).metrics,                             \
		.help = "serve Prometheus metrics at HOST:PORT or " \
			"listen:PATH"                               \
	}
#define STAGE_OPT_DRAIN(conf)                                                \
	{                                                                    \
		.kind = OPT_SECONDS, .name = "drain-timeout", .arg = "TIME", \
		.out = &(conf).drain, .min = 0, .max = 3600,                 \
		.help = "how long a stop may wait for the output (2s)"       \
	}

/*
 * Opens the ends. prog: for messages. NULL after a message when that failed:
 * exit 1 (an address that can't be read: exits 2). Borrows all arguments.
 */
struct stage *stage_new(const struct opt_prog *, const struct stage_conf *,
    const struct stage_ops *, void *arg);
/* Runs to the end. The program's exit status. */
int stage_run(struct stage *);
/*
 * Passes a line of n bytes on, without its newline. keep: it belongs into a
 * hub's history (housekeeping does not).
 */
void stage_emit(struct stage *, const char *line, size_t n, bool keep);
/*
 * The same in front of all that waits, for up() alone. now: it leaves at once,
 * also while commit() fails, since it depends on none of it.
 */
void stage_emit_first(struct stage *, const char *line, size_t n, bool now);
/* Gather no more: commit with this read's lines (see stage_conf.group). */
void stage_hurry(struct stage *);
/* The hub behind a listen: output, else NULL. */
struct hub *stage_hub(struct stage *);
/* The event at hand is bad: reported with its line number and set aside. */
void stage_reject(struct stage *, const char *why);
/*
 * For a program that lets lines go later than in their event's call: the
 * loop, for what it waits for; the line at hand, and to put it back there
 * before a late stage_emit or stage_reject (p must be writable, with a NUL
 * behind it, and valid until the next event or stage_at).
 */
struct loop *stage_loop(struct stage *);
const struct source_line *stage_line(const struct stage *);
void stage_at(struct stage *, const struct source_line *);
/* What is done with a line: event() follows, or it is rejected. */
void stage_handle(struct stage *, const struct source_line *);
/* hold: no more events for now. busy: lines are held back, don't end yet. */
void stage_wait(struct stage *, bool hold, bool busy);
/* Outside of event(): commits, writes what was emitted, lets input flow. */
void stage_flush(struct stage *);
/* A second place for every line that is emitted (ss-broadcast --print). */
int stage_print(struct stage *);
/* A line for that second place alone, if there is one. */
void stage_print_line(struct stage *, const char *line, size_t n);
/* Something failed that is worth an exit status of 1 at the end. */
void stage_fail(struct stage *);
/* Lines read and rejected so far. */
uint64_t stage_lines(const struct stage *);
uint64_t stage_rejected(const struct stage *);
/* It ran until its input ended, not until a signal. */
bool stage_input_ended(const struct stage *);
/*
 * Closes everything. Where stdout's reader had gone this does not return: the
 * process ends as SIGPIPE ends a filter, so call it last.
 */
void stage_free(struct stage *);

#endif
