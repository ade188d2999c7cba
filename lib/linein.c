/*
 * linein: see linein.h. One flat buffer: lines are found with memchr and
 * handed out in place; only the unfinished rest is ever moved, to the front,
 * before the next read.
 */
#include "linein.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

#define READ_SIZE 65536 /* one pipe's worth: pipe(7), "Pipe capacity" */

int
linein_init(struct linein *in, size_t max)
{
	memset(in, 0, sizeof *in);
	in->max = max;
	in->cap = READ_SIZE + 1;
	in->p = malloc(in->cap);
	return in->p ? 0 : -1;
}

void
linein_release(struct linein *in)
{
	free(in->p);
	memset(in, 0, sizeof *in);
}

/* Room for one read and a NUL behind it. */
static int
make_room(struct linein *in)
{
	size_t need, cap = in->cap;
	char *p;

	if (in->start) {
		memmove(in->p, in->p + in->start, in->end - in->start);
		in->end -= in->start;
		in->scan -= in->start;
		in->start = 0;
	}
	need = in->end + READ_SIZE / 2 + 1;
	if (need <= cap)
		return 0;
	while (cap < need)
		cap *= 2;
	p = realloc(in->p, cap);
	if (!p)
		return -1;
	in->p = p;
	in->cap = cap;
	return 0;
}

ssize_t
linein_read(struct linein *in, int fd)
{
	size_t room;
	ssize_t n;

	if (make_room(in) < 0)
		return -1;
	room = in->cap - 1 - in->end;
	if (room > READ_SIZE)
		room = READ_SIZE;
	do
		n = read(fd, in->p + in->end, room);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		in->end += (size_t)n;
	return n;
}

/* Everything up to at (exclusive) has been handed out. */
static void
consume(struct linein *in, size_t at)
{
	in->start = in->scan = at;
	if (in->start == in->end)
		in->start = in->scan = in->end = 0;
}

/* A line of the bytes from start to at; next: behind its newline. */
static enum linein_got
whole(struct linein *in, size_t at, size_t next, char **line, size_t *n)
{
	bool cr;

	*line = in->p + in->start;
	*n = at - in->start;
	in->lines++;
	if (in->skipping) {
		in->skipping = false;
		consume(in, next);
		return LINEIN_LONG;
	}
	cr = *n && (*line)[*n - 1] == '\r' && next > at;
	if (*n - cr > in->max) {
		consume(in, next);
		return LINEIN_LONG; /* verbatim: with its \r */
	}
	*n -= cr;
	(*line)[*n] = '\0';
	consume(in, next);
	return LINEIN_LINE;
}

enum linein_got
linein_next(struct linein *in, bool eof, char **line, size_t *n)
{
	char *nl = NULL;
	size_t at;

	if (in->scan < in->end)
		nl = memchr(in->p + in->scan, '\n', in->end - in->scan);
	if (nl) {
		at = (size_t)(nl - in->p);
		return whole(in, at, at + 1, line, n);
	}
	in->scan = in->end;
	if (eof && (in->start < in->end || in->skipping))
		return whole(in, in->end, in->end, line, n);
	/* + 1: the \r of an end of line that is still to come */
	if (in->skipping ? in->start < in->end
			 : in->end - in->start > in->max + 1) {
		*line = in->p + in->start;
		*n = in->end - in->start;
		in->skipping = true;
		consume(in, in->end);
		return LINEIN_PART;
	}
	return LINEIN_MORE;
}

bool
linein_torn(const struct linein *in)
{
	return in->start < in->end || in->skipping;
}
