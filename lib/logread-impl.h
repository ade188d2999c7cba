/*
 * logread-impl: what logread.c and logread-mend.c share. Nobody else includes
 * it.
 */
#ifndef SS_LOGREAD_IMPL_H
#define SS_LOGREAD_IMPL_H

#include <sys/types.h>

#include "logread.h"

#define NAME_LEN 48 /* chat_2026-11-23.jsonl.10000 and more */

/* A file while it is being read: bytes from at on are in p[start..end). */
struct reading {
	int fd;
	int64_t at; /* of p[0] in the file */
	char *p;
	size_t start, end, cap;
};

struct file {
	char name[NAME_LEN];
	ino_t ino;
	int64_t size;
	uint64_t first, last; /* 0: no positions in it */
	bool seen;            /* at the listing at work */
	struct reading r;     /* r.p NULL: not open */
	const char *line;     /* logread_get: the line at hand */
	size_t len;
	uint64_t seq; /* its position; 0: the file is used up */
};

struct logread {
	char *dir;
	int fd;
	struct file *f;
	size_t n, cap;
};

/* Opens a file of the folder dir, if it is still the one with this number. */
int logread_begin(struct reading *, int dir, const char *name, ino_t);
void logread_end(struct reading *);
/* Puts the file's reading in front of its first line with seq >= want. */
int logread_seek(struct file *, uint64_t want);
/* The file's next line with seq >= want is at hand, or none is left. */
int logread_step(struct file *, uint64_t want);

#endif
