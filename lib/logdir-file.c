/*
 * logdir-file.c: one day's file.
 *
 * A file's records stay in memory until they are synced: when fsync(2) fails
 * the kernel may drop what it could not write and say that all is well the
 * next time, so nothing that it had not said yes to can be trusted. The file
 * is then cut back to what is known to be on the disk and put away, and the
 * rest is written again to a new one.
 */
#define _GNU_SOURCE
#include "logdir-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "torn.h"

#include "banned.h"

#define OPEN_MAX_FILES 4 /* today, and late events */
#define KICK 131072      /* bytes after which writing out is begun */

/* DIR/chat_DATE.jsonl, with .N behind it for n > 0. NULL: no memory. */
const char *
day_path(struct logdir *ld, const struct day *d, int n, struct buf *out)
{
	char date[CLOCK_DATE_LEN + 1];

	clock_date(d->number * DAY_MS, date);
	buf_reset(out);
	if (buf_addf(out, "%s/chat_%s.jsonl", ld->conf.dir, date) < 0)
		return NULL;
	if (n > 0 && buf_addf(out, ".%d", n) < 0)
		return NULL;
	return out->p;
}

void
day_tell(
    struct logdir *ld, const struct day *d, enum logdir_news what, int64_t n)
{
	const char *path = day_path(ld, d, 0, &ld->path);

	ld->news(ld->arg, what, path != NULL ? path : ld->conf.dir, n);
}

/* A record that is in the file in part is taken out of it again. */
static void
day_untear(struct day *d)
{
	off_t whole = (off_t)(d->size - (int64_t)(d->pos - d->rec));
	struct stat st;

	/*
	 * Should it fail, it is found as a torn last line when the file is
	 * opened the next time, and moved aside.
	 */
	if (d->pos > d->rec && d->regular && fstat(d->fd, &st) == 0 &&
	    st.st_size == d->size && ftruncate(d->fd, whole) == 0)
		d->size = whole;
	d->pos = d->rec;
}

/* Everything in the file is on the disk, or need not be. */
static void
forget(struct logdir *ld, struct day *d)
{
	ld->pending -= d->rec - d->counted;
	ld->unsynced -= d->counted;
	buf_drop(&d->wait, d->rec);
	d->pos -= d->rec;
	d->rec = d->counted = 0;
}

void
day_count(struct logdir *ld, struct day *d)
{
	ld->pending -= d->rec - d->counted;
	ld->unsynced += d->rec - d->counted;
	d->counted = d->rec;
	if (!ld->conf.sync)
		forget(ld, d);
}

void
day_report(struct logdir *ld, struct day *d, int e)
{
	if (e != 0 && e != d->failed)
		day_tell(ld, d, LOGDIR_FAILED, e);
	else if (e == 0 && d->failed != 0)
		day_tell(ld, d, LOGDIR_AGAIN, 0);
	d->failed = e;
}

/* Gives the file number 1; none of the old ones goes for that. */
static int
rename_aside(struct logdir *ld, struct day *d)
{
	const char *from, *to;
	int n = 1;

	while ((to = day_path(ld, d, n, &ld->path2)) != NULL &&
	       access(to, F_OK) == 0)
		n++;
	for (; to != NULL && n > 0; n--) {
		to = day_path(ld, d, n, &ld->path2);
		from = day_path(ld, d, n - 1, &ld->path);
		if (to == NULL || from == NULL || rename(from, to) < 0)
			return -1;
		ld->renamed = true;
	}
	return to != NULL ? 0 : -1;
}

/* path still names the open file. */
static bool
is_named(int fd, const char *path)
{
	struct stat st, named;

	return path != NULL && fstat(fd, &st) == 0 && stat(path, &named) == 0 &&
	       named.st_ino == st.st_ino && named.st_dev == st.st_dev;
}

/*
 * The file can't be trusted any more beyond what was synced: all that is
 * written again. It keeps it meanwhile, for some was passed on, and we may be
 * killed. One that was begun in the place of such a file has nothing that the
 * first has not, or that was passed on.
 */
static void
put_away(struct logdir *ld, struct day *d)
{
	const char *path = day_path(ld, d, 0, &ld->path);
	bool named = is_named(d->fd, path);

	if (d->suspect < 0 && named) {
		if (rename_aside(ld, d) < 0)
			return; /* nothing can be renamed: it stays failed */
		d->suspect = d->fd;
		d->good = d->size - (int64_t)d->pos;
	} else {
		if (named && unlink(path) == 0)
			ld->renamed = true;
		close(d->fd);
	}
	d->fd = -1;
	ld->pending += d->counted;
	ld->unsynced -= d->counted;
	d->rec = d->pos = d->counted = 0;
	d->distrusted = false;
}

/* Everything is on the disk elsewhere: the suspect file loses it. */
static void
cut_suspect(struct logdir *ld, struct day *d)
{
	const char *path = day_path(ld, d, 1, &ld->path);

	if (d->suspect < 0)
		return;
	/* where it can't be cut it has some twice, which readers bear */
	if (d->good > 0 ? ftruncate(d->suspect, (off_t)d->good) == 0
			: is_named(d->suspect, path) && unlink(path) == 0)
		ld->renamed = true;
	close(d->suspect);
	d->suspect = -1;
}

int
day_sync(struct logdir *ld, struct day *d)
{
	int rc, saved;

	if (d->fd < 0 || d->rec == 0)
		return 0;
	if (d->distrusted) {
		put_away(ld, d);
		errno = EIO;
		return -1;
	}
	do
		rc = ld->conf.sync && d->regular ? fdatasync(d->fd) : 0;
	while (rc < 0 && errno == EINTR);
	if (rc == 0) {
		forget(ld, d);
		cut_suspect(ld, d);
		return 0;
	}
	saved = errno;
	d->distrusted = true;
	put_away(ld, d);
	errno = saved;
	return -1;
}

int
day_close(struct logdir *ld, struct day *d)
{
	int e;

	if (d->fd < 0)
		return 0;
	day_untear(d);
	if (day_sync(ld, d) < 0) {
		e = errno;
		day_report(ld, d, e);
		errno = e;
		return -1;
	}
	if (close(d->fd) < 0 && errno != EINTR) {
		e = errno;
		ld->unclosable = true;
		day_tell(ld, d, LOGDIR_FAILED, e);
	}
	d->fd = -1;
	return 0;
}

/* Closes the file used longest ago, other than d's. False: there is none. */
static bool
close_oldest(struct logdir *ld, const struct day *d)
{
	struct day *i, *old = NULL;

	for (i = ld->days; i != NULL; i = i->next)
		if (i != d && i->fd >= 0 &&
		    (old == NULL || i->last_use < old->last_use))
			old = i;
	if (old == NULL)
		return false;
	day_close(ld, old);
	return true;
}

static size_t
count_open(const struct logdir *ld)
{
	const struct day *i;
	size_t n = 0;

	for (i = ld->days; i != NULL; i = i->next)
		n += i->fd >= 0;
	return n;
}

/* The file is open: is it one that we can log to, and how long is it? */
static int
day_inspect(struct logdir *ld, struct day *d, const char *path)
{
	struct stat st;
	int64_t torn;

	if (fstat(d->fd, &st) < 0)
		return -1;
	d->regular = S_ISREG(st.st_mode);
	d->size = d->regular ? st.st_size : 0;
	if (!d->regular && !S_ISCHR(st.st_mode)) {
		errno = ENOTSUP; /* a FIFO would swallow what nobody reads */
		return -1;
	}
	if (d->size == 0)
		return 0;
	buf_reset(&ld->path2);
	if (buf_addf(&ld->path2, "%s.torn", path) < 0)
		return -1;
	torn = torn_move(d->fd, d->size, ld->path2.p);
	if (torn < 0)
		return -1;
	d->size -= torn;
	ld->renamed = ld->renamed || torn > 0;
	if (torn > 0)
		day_tell(ld, d, LOGDIR_TORN, torn);
	return 0;
}

static int
day_open(struct logdir *ld, struct day *d)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	const char *path;
	int saved;

	while (count_open(ld) >= OPEN_MAX_FILES && close_oldest(ld, d))
		;
	if (logdir_check(ld) < 0)
		return -1;
	do {
		path = day_path(ld, d, 0, &ld->path);
		if (path == NULL)
			return -1;
		d->fd = open(path, flags);
		if (d->fd < 0 && errno == ENOENT) {
			d->fd = open(path, flags | O_CREAT, 0640);
			ld->renamed = ld->renamed || d->fd >= 0;
		}
	} while (d->fd < 0 &&
		 (errno == EINTR || ((errno == EMFILE || errno == ENFILE) &&
					close_oldest(ld, d))));
	if (d->fd < 0)
		return -1;
	if (day_inspect(ld, d, path) == 0) {
		d->kicked = d->size;
		return 0;
	}
	saved = errno;
	close(d->fd);
	d->fd = -1;
	errno = saved;
	return -1;
}

/*
 * Is the open file still the one to write to? Asked once a flush. A file
 * that has no name any more would take all bytes and keep none; after a
 * failure also one that has been replaced is let go.
 */
static void
day_check(struct logdir *ld, struct day *d)
{
	struct stat st, named;
	const char *path;

	if (fstat(d->fd, &st) < 0 || st.st_nlink == 0) {
		day_close(ld, d);
		return;
	}
	if (d->regular && st.st_size != d->size) {
		/* not by us (logrotate's copytruncate): look at it anew */
		d->pos = d->rec;
		day_close(ld, d);
		return;
	}
	if (d->failed == 0)
		return;
	path = day_path(ld, d, 0, &ld->path);
	if (path == NULL || stat(path, &named) < 0 ||
	    named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		day_close(ld, d);
}

/*
 * base.9 -> base.10, ..., base -> base.1. Where a step fails, the next try
 * goes on with that step: beginning anew would push out one old file a
 * second.
 */
static int
day_roll(struct logdir *ld, struct day *d)
{
	const char *from, *to;

	for (; d->roll > 0; d->roll--) {
		to = day_path(ld, d, d->roll, &ld->path2);
		from = day_path(ld, d, d->roll - 1, &ld->path);
		if (to == NULL || from == NULL)
			return -1;
		if (rename(from, to) < 0 && errno != ENOENT)
			return -1;
		ld->renamed = true;
		ld->rolls += d->roll == 1;
	}
	return 0;
}

/* The length of the record that begins at at. */
static size_t
record_len(const struct day *d, size_t at)
{
	const char *p = d->wait.p + at;

	return (size_t)((const char *)memchr(p, '\n', d->wait.len - at) - p) +
	       1;
}

static bool
can_roll(const struct logdir *ld, const struct day *d)
{
	return ld->conf.max_size > 0 && ld->conf.keep > 0 && d->regular;
}

/* n more bytes are too much for the file, as RotatingFileHandler counts. */
static bool
is_full(const struct logdir *ld, const struct day *d, size_t n)
{
	return d->size > 0 && d->size + (int64_t)n >= ld->conf.max_size;
}

/* How many bytes from pos on may be written before a rollover is looked at. */
static size_t
day_run(const struct logdir *ld, const struct day *d)
{
	size_t n = d->wait.len - d->pos;
	size_t at;

	if (!can_roll(ld, d) || d->size + (int64_t)n < ld->conf.max_size)
		return n;
	n = record_len(d, d->pos);
	for (at = d->pos + n; at < d->wait.len; at = d->pos + n) {
		size_t more = record_len(d, at);

		if (d->size + (int64_t)(n + more) >= ld->conf.max_size)
			break;
		n += more;
	}
	return n;
}

/* n more bytes are in the file. */
static void
day_advance(struct day *d, size_t n)
{
	size_t at;

	d->size += (int64_t)n;
	d->pos += n;
	for (at = d->pos; at > d->rec && d->wait.p[at - 1] != '\n'; at--)
		;
	if (at > d->rec)
		d->rec = at;
}

/*
 * Lets the kernel begin to write out what there is, so that a sync later
 * finds little left to do.
 */
static void
kick(const struct logdir *ld, struct day *d)
{
	int64_t n = d->size - d->kicked;

	if (!ld->conf.sync || !d->regular || n < KICK)
		return;
	sync_file_range(
	    d->fd, (off_t)d->kicked, (off_t)n, SYNC_FILE_RANGE_WRITE);
	d->kicked = d->size;
}

int
day_write(struct logdir *ld, struct day *d)
{
	ssize_t n;

	if (d->fd >= 0)
		day_check(ld, d);
	while (d->pos < d->wait.len) {
		if (d->roll > 0 && day_roll(ld, d) < 0)
			return -1;
		if (d->fd < 0 && day_open(ld, d) < 0)
			return -1;
		if (d->pos == d->rec && can_roll(ld, d) &&
		    is_full(ld, d, record_len(d, d->pos))) {
			if (day_close(ld, d) < 0)
				return -1;
			d->roll = ld->conf.keep;
			continue;
		}
		n = write(d->fd, d->wait.p + d->pos, day_run(ld, d));
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* POSIX leaves it open; don't spin */
		if (n <= 0)
			return -1;
		day_advance(d, (size_t)n);
		kick(ld, d);
	}
	return 0;
}
