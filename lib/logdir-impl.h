/*
 * logdir-impl: what logdir.c (the folder and its days) and logdir-file.c (one
 * day's file) share. Nobody else includes it.
 */
#ifndef SS_LOGDIR_IMPL_H
#define SS_LOGDIR_IMPL_H

#include <stdbool.h>

#include "buf.h"
#include "logdir.h"

#define DAY_MS INT64_C(86400000)

struct day {
	struct day *next;
	int64_t number;  /* days since 1970-01-01 */
	int fd;          /* -1: not open */
	bool regular;    /* else a device: has no size, is not rolled */
	int64_t size;    /* of the open file */
	struct buf wait; /* whole records, each with its newline */
	size_t rec;      /* wait[0..rec) is in the open file, not synced */
	size_t pos;      /* rec <= pos: so far even into a record */
	size_t counted;  /* of rec: in the folder's unsynced, not pending */
	int64_t kicked;  /* the kernel has begun to write out so far */
	/*
	 * A file that could not be synced, now under number 1: what it has
	 * beyond good is written again, and cut off when that is synced.
	 */
	int suspect; /* its descriptor; -1: none */
	int64_t good;
	bool distrusted;   /* the open file is one, but can't be renamed */
	int roll;          /* > 0: rolling over, this number comes next */
	int failed;        /* errno that was told last, 0: all is well */
	uint64_t last_use; /* for choosing whom to close */
};

struct logdir {
	struct logdir_conf conf;
	logdir_news_fn *news;
	void *arg;
	struct day *days; /* the one used last is first */
	size_t pending;
	size_t unsynced;
	uint64_t clock;  /* counts uses */
	uint64_t rolls;  /* files rolled over */
	int lock;        /* descriptor of .lock */
	bool gone;       /* the folder was not there at the last look */
	bool unclosable; /* a close(2) failed */
	bool renamed;    /* entries of the folder are not synced */
	int dir_failed;  /* errno that was told for that, 0: all is well */
	struct buf path, path2;
};

/* DIR/chat_DATE.jsonl, with .N behind it for n > 0. NULL: no memory. */
const char *day_path(struct logdir *, const struct day *, int n, struct buf *);
/* Tells news of a day's file. */
void day_tell(struct logdir *, const struct day *, enum logdir_news, int64_t n);
/* Writes what waits for this day. 0, or -1 with errno. */
int day_write(struct logdir *, struct day *);
/*
 * Syncs what was written. 0, or -1 with errno: then the file has been put
 * away, and what was not known to be on the disk waits again.
 */
int day_sync(struct logdir *, struct day *);
/*
 * Lets go of the file; what is not synced yet is synced first. -1: as
 * day_sync.
 */
int day_close(struct logdir *, struct day *);
/* It works (e 0) or does not (errno): told when that changes. */
void day_report(struct logdir *, struct day *, int e);
/* What is in the file counts as written. */
void day_count(struct logdir *, struct day *);
/* Is the folder there, and ours? Makes it anew after it was found gone. */
int logdir_check(struct logdir *);

#endif
