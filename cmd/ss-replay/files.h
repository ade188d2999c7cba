/*
 * files: the lines that ss-replay reads: of files one after the other, or of
 * a log's folder in the order of their positions. Memory is a few lines',
 * however long the log is. It reports by itself what can't be read.
 */
#ifndef SS_REPLAY_FILES_H
#define SS_REPLAY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files;

/* Before fd, which is no regular file, is read: false ends it. */
typedef bool files_wait_fn(void *arg, int fd);

struct files_line {
	const char *p; /* NUL-terminated, valid until the next call */
	size_t n;
	uint64_t seq;     /* the position; 0: it has none */
	const char *path; /* and where it stands */
	uint64_t number;
};

/*
 * from, to: events before and at or after these times (ms) aren't asked for.
 * NULL: no memory.
 */
struct files *files_new(int64_t from, int64_t to, files_wait_fn *, void *arg);
void files_free(struct files *);
/* A file, a log's folder, or "-". 0, or -1 after a message. */
int files_open(struct files *, const char *path);
/* The next line of what was opened last. False: that was all. */
bool files_next(struct files *, struct files_line *);
/* Something could not be read, or was too long. */
bool files_failed(const struct files *);

#endif
