/*
 * logdir: a folder of daily JSONL files, chat_YYYY-MM-DD.jsonl, each rolled
 * over by size to .1, .2 ... as Python's RotatingFileHandler numbers them.
 * Records wait in memory until logdir_flush has written them; what could not
 * be written stays and is tried again, so that no record is lost, torn or
 * written twice. One process owns a folder (flock on its .lock).
 */
#ifndef SS_LOGDIR_H
#define SS_LOGDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logdir;

struct logdir_conf {
	const char *dir;  /* made with its parents where it is missing */
	int64_t max_size; /* bytes; 0: files are never rolled over */
	int keep;         /* how many old ones stay; 0: never rolled over */
	bool sync;        /* logdir_sync syncs; else nothing is ever synced */
};

/* What is worth telling people. */
enum logdir_news {
	LOGDIR_FAILED, /* n is errno; told once until it changes or ends */
	LOGDIR_AGAIN,  /* and it is over */
	LOGDIR_TORN    /* the last line, n bytes, went to path.torn */
};
typedef void logdir_news_fn(
    void *arg, enum logdir_news, const char *path, int64_t n);

/* Is name the name of an event file, chat_DATE.jsonl or chat_DATE.jsonl.N? */
bool logdir_is_file(const char *name);

/*
 * Makes the folder, takes its lock, and moves torn last lines aside. NULL with
 * errno; EWOULDBLOCK: another process has it. Borrows conf->dir and arg for its
 * lifetime.
 */
struct logdir *logdir_open(
    const struct logdir_conf *, logdir_news_fn *, void *arg);
/*
 * Adds a record of n bytes (without newline, none inside) to the file of the
 * UTC day that ms lies in. Nothing is written yet. 0, or -1 with errno ERANGE
 * (a year that has not four digits), EMSGSIZE (too much waits) or ENOMEM.
 */
int logdir_add(struct logdir *, int64_t ms, const char *line, size_t n);
/* Makes the folder again, should it be gone. 0, or -1 with errno. */
int logdir_remake(struct logdir *);
/*
 * Writes all that waits. 0, or -1 when some of it could not be written: try
 * again later.
 */
int logdir_flush(struct logdir *);
/*
 * Writes all that waits, and makes lasting what was written and the folder's
 * entries. 0, or -1 when some of it is not: try again later. A file that can't
 * be synced is not trusted any more: it is cut back to what is known to be on
 * the disk, put away under a number of its own, and what is missing is
 * written to a new one.
 */
int logdir_sync(struct logdir *);
/* Bytes written and not synced yet; 0 where nothing is ever synced. */
size_t logdir_unsynced(const struct logdir *);
/* Files rolled over so far. */
uint64_t logdir_rolls(const struct logdir *);
/* Bytes that wait. */
size_t logdir_pending(const struct logdir *);
/* Closes all files; they are opened anew by name with the next write. */
void logdir_reopen(struct logdir *);
/*
 * Flushes, closes and frees; NULL is accepted. 0, or -1 when something could
 * not be written or closed, which has been told.
 */
int logdir_close(struct logdir *);

#endif
