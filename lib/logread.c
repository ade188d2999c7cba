/*
 * logread: see logread.h. The folder is listed, and of each file its first
 * and last position are kept as long as its size stays the same. Nothing
 * stays open between calls: a file that is renamed or removed meanwhile is
 * found again, or found gone, by the next listing.
 */
#define _GNU_SOURCE
#include "logread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event.h"
#include "logdir.h"
#include "logread-impl.h"

#include "banned.h"

#define BLOCK 65536         /* bytes a read */
#define LOOKS 3             /* listings before a position counts as not there */
#define LINE_MAX (4u << 20) /* far beyond any event */

struct logread *
logread_new(const char *dir)
{
	struct logread *lr = calloc(1, sizeof *lr);

	if (!lr)
		return NULL;
	lr->fd = -1;
	lr->dir = strdup(dir);
	if (lr->dir)
		return lr;
	free(lr);
	return NULL;
}

void
logread_end(struct reading *r)
{
	if (!r->p)
		return;
	free(r->p);
	close(r->fd);
	memset(r, 0, sizeof *r);
}

void
logread_free(struct logread *lr)
{
	size_t i;

	if (!lr)
		return;
	for (i = 0; i < lr->n; i++)
		logread_end(&lr->f[i].r);
	free(lr->f);
	free(lr->dir);
	free(lr);
}

int
logread_begin(struct reading *r, int dir, const char *name, ino_t ino)
{
	struct stat st;

	r->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (r->fd < 0)
		return -1;
	r->p = malloc(BLOCK);
	if (r->p && fstat(r->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_ino == ino) {
		r->cap = BLOCK;
		r->at = 0;
		r->start = r->end = 0;
		return 0;
	}
	if (r->p)
		errno = ESTALE;
	free(r->p);
	r->p = NULL;
	close(r->fd);
	return -1;
}

static void
seek_to(struct reading *r, int64_t at)
{
	r->at = at;
	r->start = r->end = 0;
}

/* More bytes behind those that are there. 1, 0 at the end, or -1. */
static int
read_more(struct reading *r)
{
	ssize_t n;
	char *p;

	if (r->start) {
		memmove(r->p, r->p + r->start, r->end - r->start);
		r->at += (int64_t)r->start;
		r->end -= r->start;
		r->start = 0;
	}
	if (r->end == r->cap) {
		if (r->cap >= LINE_MAX) {
			errno = EMSGSIZE;
			return -1;
		}
		p = realloc(r->p, r->cap * 2);
		if (!p)
			return -1;
		r->p = p;
		r->cap *= 2;
	}
	do
		n = pread(r->fd, r->p + r->end, r->cap - r->end,
		    (off_t)(r->at + (int64_t)r->end));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		r->end += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

/* The next whole line; a newline stands behind it. 1, 0 at the end, or -1. */
static int
next_line(struct reading *r, const char **line, size_t *n)
{
	size_t scanned = 0;
	char *nl;
	int k;

	for (;;) {
		nl = memchr(r->p + r->start + scanned, '\n',
		    r->end - r->start - scanned);
		if (nl)
			break;
		scanned = r->end - r->start;
		k = read_more(r);
		if (k <= 0)
			return k;
	}
	*line = r->p + r->start;
	*n = (size_t)(nl - *line);
	r->start += *n + 1;
	return 1;
}

/* The first position at or behind at, a line's start or in its midst. */
static int
first_from(
    struct reading *r, int64_t at, int64_t limit, uint64_t *seq, int64_t *where)
{
	const char *line;
	size_t n;
	int k;

	seek_to(r, at ? at - 1 : 0);
	if (at && (k = next_line(r, &line, &n)) <= 0)
		return k;
	for (;;) {
		*where = r->at + (int64_t)r->start;
		if (*where >= limit)
			return 0;
		k = next_line(r, &line, &n);
		if (k <= 0)
			return k;
		if (event_tail_seq(line, n, seq))
			return 1;
	}
}

/* Looks for the last position from the end on, in ever longer pieces. */
static int
last_in(struct reading *r, int64_t size, uint64_t *seq)
{
	int64_t back = BLOCK, where, at;
	uint64_t s;
	int k;

	for (*seq = 0; !*seq; back *= 4) {
		at = back < size ? size - back : 0;
		k = first_from(r, at, size, &s, &where);
		if (k < 0)
			return -1;
		if (k > 0) {
			const char *line;
			size_t n;

			*seq = s;
			while (next_line(r, &line, &n) > 0)
				if (event_tail_seq(line, n, &s))
					*seq = s;
		}
		if (!at)
			break;
	}
	return 0;
}

/* Fills in the file's range. */
static int
look_into(struct logread *lr, struct file *f)
{
	struct reading r = { 0 };
	int64_t where;
	int rc;

	f->first = f->last = 0;
	if (!f->size)
		return 0;
	if (logread_begin(&r, lr->fd, f->name, f->ino) < 0)
		return -1;
	rc = first_from(&r, 0, f->size, &f->first, &where);
	if (rc > 0)
		rc = last_in(&r, f->size, &f->last);
	logread_end(&r);
	return rc < 0 ? -1 : 0;
}

static struct file *
entry(struct logread *lr, const struct stat *st)
{
	struct file *f;
	size_t i;

	for (i = 0; i < lr->n; i++)
		if (lr->f[i].ino == st->st_ino)
			return &lr->f[i];
	if (lr->n == lr->cap) {
		f = realloc(lr->f, (lr->cap * 2 + 8) * sizeof *f);
		if (!f)
			return NULL;
		lr->f = f;
		lr->cap = lr->cap * 2 + 8;
	}
	f = &lr->f[lr->n++];
	memset(f, 0, sizeof *f);
	f->ino = st->st_ino;
	f->size = -1;
	return f;
}

static int
list_one(struct logread *lr, const char *name)
{
	struct stat st;
	struct file *f;

	if (fstatat(lr->fd, name, &st, 0) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode))
		return 0;
	f = entry(lr, &st);
	if (!f)
		return -1;
	memcpy(f->name, name, strlen(name) + 1);
	f->seen = true;
	if (f->size == st.st_size)
		return 0;
	f->size = st.st_size;
	if (look_into(lr, f) == 0)
		return 0;
	f->size = -1;
	f->first = f->last = 0;
	return errno == ENOENT || errno == ESTALE ? 0 : -1;
}

/* Oldest first; files without positions before all others, by name. */
static int
by_range(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
list(struct logread *lr)
{
	DIR *d = fdopendir(dup(lr->fd));
	struct dirent *e;
	size_t i, kept;
	int rc = 0;

	if (!d)
		return -1;
	rewinddir(d);
	for (i = 0; i < lr->n; i++)
		lr->f[i].seen = false;
	while (rc == 0 && (e = readdir(d)))
		if (logdir_is_file(e->d_name) && strlen(e->d_name) < NAME_LEN)
			rc = list_one(lr, e->d_name);
	closedir(d);
	for (i = kept = 0; i < lr->n; i++)
		if (lr->f[i].seen)
			lr->f[kept++] = lr->f[i];
	lr->n = kept;
	if (lr->n)
		qsort(lr->f, lr->n, sizeof *lr->f, by_range);
	return rc;
}

int
logread_refresh(struct logread *lr)
{
	int rc, saved;

	lr->fd = open(lr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lr->fd < 0) {
		lr->n = 0;
		return errno == ENOENT ? 0 : -1;
	}
	rc = list(lr);
	saved = errno;
	close(lr->fd);
	lr->fd = -1;
	errno = saved;
	return rc;
}

uint64_t
logread_last(const struct logread *lr)
{
	return lr->n ? lr->f[lr->n - 1].last : 0;
}

bool
logread_covers(const struct logread *lr, uint64_t from, uint64_t to)
{
	size_t i;
	bool more = true;

	/* the files' ranges may lie in any order: go on while it helps */
	while (from <= to && more)
		for (more = false, i = 0; i < lr->n; i++)
			if (lr->f[i].first && lr->f[i].first <= from &&
			    lr->f[i].last >= from) {
				from = lr->f[i].last + 1;
				more = true;
			}
	return from > to;
}

uint64_t
logread_reach(const struct logread *lr, uint64_t to)
{
	uint64_t from = to + 1;
	bool more = true;
	size_t i;

	while (from > 1 && more)
		for (more = false, i = lr->n; i-- > 0;)
			if (lr->f[i].first && lr->f[i].first < from &&
			    lr->f[i].last >= from - 1) {
				from = lr->f[i].first;
				more = true;
			}
	return from;
}

/* Puts the file's reading in front of its first line with seq >= want. */
int
logread_seek(struct file *f, uint64_t want)
{
	int64_t lo = 0, hi = f->size, mid, where;
	uint64_t seq;
	int k;

	while (hi - lo > BLOCK) {
		mid = lo + (hi - lo) / 2;
		k = first_from(&f->r, mid, hi, &seq, &where);
		if (k < 0)
			return -1;
		if (k > 0 && seq < want)
			lo = where;
		else
			hi = mid;
	}
	seek_to(&f->r, lo);
	return 0;
}

/* The file's next line with seq >= want is at hand, or none is left. */
int
logread_step(struct file *f, uint64_t want)
{
	int k = 1;

	while (f->seq < want) {
		k = next_line(&f->r, &f->line, &f->len);
		if (k <= 0)
			break;
		if (!event_tail_seq(f->line, f->len, &f->seq))
			f->seq = 0;
	}
	if (k > 0)
		return 0;
	f->seq = UINT64_MAX; /* nothing more here */
	return k;
}

/* Opens what may have positions from want to to. */
static void
begin(struct logread *lr, uint64_t want, uint64_t to)
{
	size_t i;
	int dir = open(lr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (i = 0; i < lr->n; i++) {
		struct file *f = &lr->f[i];

		f->seq = UINT64_MAX;
		if (dir < 0 || !f->first || f->first > to || f->last < want ||
		    logread_begin(&f->r, dir, f->name, f->ino) < 0)
			continue;
		f->seq = 0;
		if (logread_seek(f, want) < 0 || logread_step(f, want) < 0)
			f->seq = UINT64_MAX;
	}
	if (dir >= 0)
		close(dir);
}

static void
end(struct logread *lr)
{
	size_t i;

	for (i = 0; i < lr->n; i++)
		logread_end(&lr->f[i].r);
}

/* The file whose line at hand is this position; NULL: none has it. */
static struct file *
holder(struct logread *lr, uint64_t want)
{
	struct file *f;
	size_t i;

	for (i = lr->n; i-- > 0;) {
		f = &lr->f[i];
		if (f->seq < want && logread_step(f, want) < 0)
			continue;
		if (f->seq == want)
			return f;
	}
	return NULL;
}

/* One run from what is listed now. Returns how many lines. */
static uint64_t
run(struct logread *lr, uint64_t from, uint64_t to, size_t max, struct buf *out)
{
	size_t old = out->len;
	uint64_t want = from;
	struct file *f;

	begin(lr, from, to);
	while (want <= to && (f = holder(lr, want))) {
		if ((out->len > old && out->len - old + f->len + 1 > max) ||
		    buf_add(out, f->line, f->len + 1) < 0)
			break;
		want++;
	}
	end(lr);
	return want - from;
}

uint64_t
logread_get(
    struct logread *lr, uint64_t from, uint64_t to, size_t max, struct buf *out)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < LOOKS && from <= to; i++) {
		if (i && logread_refresh(lr) < 0)
			break;
		n = run(lr, from, to, max, out);
		if (n)
			break;
	}
	return n;
}

/* The lowest position of this file that is at least from; 0: none. */
static int
lowest(struct file *f, int dir, uint64_t from, uint64_t *seq)
{
	int rc;

	*seq = f->last >= from ? f->first : 0;
	if (f->last < from || f->first >= from)
		return 0;
	if (logread_begin(&f->r, dir, f->name, f->ino) < 0)
		return -1;
	f->seq = 0;
	rc = logread_seek(f, from) < 0 || logread_step(f, from) < 0 ? -1 : 0;
	*seq = f->seq == UINT64_MAX ? 0 : f->seq;
	logread_end(&f->r);
	return rc;
}

int
logread_next(struct logread *lr, uint64_t from, uint64_t *seq)
{
	int dir = open(lr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	uint64_t s;
	size_t i;

	*seq = 0;
	if (dir < 0)
		return errno == ENOENT ? 0 : -1;
	for (i = 0; i < lr->n && rc == 0; i++) {
		rc = lowest(&lr->f[i], dir, from, &s);
		if (rc == 0 && s && (!*seq || s < *seq))
			*seq = s;
	}
	close(dir);
	return rc < 0 ? -1 : *seq != 0;
}

static int
each_in(struct logread *lr, struct file *f, uint64_t from,
    void (*fn)(void *arg, const char *line, size_t n), void *arg)
{
	const char *line;
	uint64_t seq;
	size_t n;
	int k, saved;

	if (f->last && f->last < from)
		return 0;
	if (logread_begin(&f->r, lr->fd, f->name, f->ino) < 0)
		return errno == ENOENT || errno == ESTALE ? 0 : -1;
	k = f->first && f->first < from ? logread_seek(f, from) : 0;
	while (k >= 0 && (k = next_line(&f->r, &line, &n)) > 0)
		if (!event_tail_seq(line, n, &seq) || seq >= from)
			fn(arg, line, n);
	saved = errno;
	logread_end(&f->r);
	errno = saved;
	return k;
}

int
logread_each(struct logread *lr, uint64_t from,
    void (*fn)(void *arg, const char *line, size_t n), void *arg)
{
	size_t i;
	int rc = 0, saved;

	lr->fd = open(lr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lr->fd < 0)
		return errno == ENOENT ? 0 : -1;
	for (i = 0; i < lr->n && rc == 0; i++)
		rc = each_in(lr, &lr->f[i], from, fn, arg);
	saved = errno;
	close(lr->fd);
	lr->fd = -1;
	errno = saved;
	return rc;
}
