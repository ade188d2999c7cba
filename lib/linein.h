/*
 * linein: bytes to lines. The bytes are read straight into its buffer and
 * lines are handed out in place. A line over the maximum is passed on in
 * parts and does not harm the next one.
 */
#ifndef SS_LINEIN_H
#define SS_LINEIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct linein {
	char *p;
	size_t cap, start, scan, end;
	size_t max;     /* longest line in bytes, without its newline */
	uint64_t lines; /* lines handed out so far, empty and long ones too */
	bool skipping;  /* inside an over-long line */
};

enum linein_got {
	LINEIN_MORE, /* nothing whole here: read again */
	LINEIN_LINE, /* a line; \n and a \r before it are cut, a NUL follows */
	LINEIN_PART, /* a part of an over-long line, verbatim; no NUL */
	LINEIN_LONG  /* the last part of an over-long line, without its \n */
};

/* 0, or -1 (out of memory). max: longest line in bytes. */
int linein_init(struct linein *, size_t max);
void linein_release(struct linein *);
/*
 * Reads once from fd, at most 64 KiB. Returns what read(2) returned, or -1
 * with errno.
 */
ssize_t linein_read(struct linein *, int fd);
/*
 * The next line in the buffer; *line is writable and valid until the next
 * linein_read. After the end of input (eof) a last line without newline is
 * handed out too.
 */
enum linein_got linein_next(struct linein *, bool eof, char **line, size_t *n);
/* Bytes of an unfinished line are waiting. */
bool linein_torn(const struct linein *);

#endif
