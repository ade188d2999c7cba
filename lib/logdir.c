/*
 * logdir.c: a folder of daily JSONL files.
 *
 * Every day that has something to write is a struct day: the bytes that wait
 * and, while one of the few descriptors is his, the open file. Descriptors
 * and waiting bytes are separate things, so a burst of late events for many
 * days needs memory for a moment, never many open files, and a file that
 * can't be written holds back its own bytes only.
 *
 * The files are plain appends: what stands in them is the truth, and nothing
 * else has to be kept in step. A write that stops in the midst of a record
 * goes on at that very byte. Where it can't, because the file has been
 * replaced or must be closed, the part is cut off again and the record is
 * written whole.
 */
#include "logdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "torn.h"

#include "banned.h"

#define DAY_MS INT64_C(86400000)
#define TIME_MIN INT64_C(-62167219200000) /* 0000-01-01T00:00:00Z */
#define TIME_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define OPEN_MAX_FILES 4                  /* today, and late events */
#define PENDING_MAX (64u << 20) /* a batch is far smaller; this is a stop */
#define PATH_MAX_LEN 8192

struct day {
	struct day *next;
	int64_t number;    /* days since 1970-01-01 */
	int fd;            /* -1: not open */
	bool regular;      /* else a device: has no size, is not rolled */
	int64_t size;      /* of the open file */
	struct buf wait;   /* whole records, each with its newline */
	size_t rec;        /* wait[0..rec) is in the files, whole records */
	size_t pos;        /* rec <= pos: so far even into a record */
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
	uint64_t clock;  /* counts uses */
	int lock;        /* descriptor of .lock */
	bool gone;       /* the folder was not there at the last look */
	bool unclosable; /* a close(2) failed */
	struct buf path, path2;
};

/* DIR/chat_DATE.jsonl, with .N behind it for n > 0. NULL: no memory. */
static const char *
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

static void
tell(struct logdir *ld, const struct day *d, enum logdir_news what, int64_t n)
{
	const char *path = day_path(ld, d, 0, &ld->path);

	ld->news(ld->arg, what, path != NULL ? path : ld->conf.dir, n);
}

/* The folder and the folders above it, as mkdir -p makes them. */
static int
make_dirs(const char *dir)
{
	char *path = strdup(dir);
	char *p;
	int rc = 0;

	if (path == NULL)
		return -1;
	for (p = path + 1; rc == 0 && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, 0750) < 0 && errno != EEXIST)
			rc = -1;
		*p = '/';
	}
	if (rc == 0 && mkdir(path, 0750) < 0 && errno != EEXIST)
		rc = -1;
	free(path);
	return rc;
}

/*
 * Takes the folder's lock, or makes sure that the one we hold is still the
 * one that others find by its name.
 */
static int
take_lock(struct logdir *ld)
{
	struct stat ours, theirs;
	int fd, saved;

	buf_reset(&ld->path2);
	if (buf_addf(&ld->path2, "%s/.lock", ld->conf.dir) < 0)
		return -1;
	if (ld->lock >= 0 && fstat(ld->lock, &ours) == 0 &&
	    stat(ld->path2.p, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	    ours.st_dev == theirs.st_dev)
		return 0;
	fd = open(ld->path2.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	if (ld->lock >= 0)
		close(ld->lock);
	ld->lock = fd;
	return 0;
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

static void
day_close(struct logdir *ld, struct day *d)
{
	int e;

	if (d->fd < 0)
		return;
	day_untear(d);
	if (close(d->fd) < 0 && errno != EINTR) {
		e = errno;
		ld->unclosable = true;
		tell(ld, d, LOGDIR_FAILED, e);
	}
	d->fd = -1;
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
	if (torn > 0)
		tell(ld, d, LOGDIR_TORN, torn);
	return 0;
}

/*
 * Is the folder still there, and still ours? One that is gone is told first,
 * as any fault, and made again with the next try.
 */
static int
check_dir(struct logdir *ld)
{
	if (ld->gone && make_dirs(ld->conf.dir) < 0)
		return -1;
	ld->gone = false;
	if (take_lock(ld) == 0)
		return 0;
	ld->gone = errno == ENOENT;
	if (errno == EWOULDBLOCK)
		errno = EBUSY;
	return -1;
}

static int
day_open(struct logdir *ld, struct day *d)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY |
			  O_NONBLOCK;
	const char *path;
	int saved;

	while (count_open(ld) >= OPEN_MAX_FILES && close_oldest(ld, d))
		;
	if (check_dir(ld) < 0)
		return -1;
	do {
		path = day_path(ld, d, 0, &ld->path);
		if (path == NULL)
			return -1;
		d->fd = open(path, flags, 0640);
	} while (d->fd < 0 &&
		 (errno == EINTR || ((errno == EMFILE || errno == ENFILE) &&
					close_oldest(ld, d))));
	if (d->fd < 0)
		return -1;
	if (day_inspect(ld, d, path) == 0)
		return 0;
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

/* Writes what waits for this day. 0, or -1 with errno. */
static int
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
			day_close(ld, d);
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
	}
	return 0;
}

/* What is in the files needs no memory any more. */
static void
day_forget_written(struct logdir *ld, struct day *d)
{
	ld->pending -= d->rec;
	d->pos -= d->rec;
	buf_drop(&d->wait, d->rec);
	d->rec = 0;
}

static int
day_flush(struct logdir *ld, struct day *d)
{
	int e = 0;

	if (d->pos == d->wait.len)
		return 0;
	d->last_use = ++ld->clock;
	if (day_write(ld, d) < 0)
		e = errno != 0 ? errno : EIO;
	day_forget_written(ld, d);
	if (e != 0 && e != d->failed)
		tell(ld, d, LOGDIR_FAILED, e);
	else if (e == 0 && d->failed != 0)
		tell(ld, d, LOGDIR_AGAIN, 0);
	d->failed = e;
	return e != 0 ? -1 : 0;
}

static void
day_free(struct day *d)
{
	buf_release(&d->wait);
	free(d);
}

/* Days with neither an open file nor anything to write are let go. */
static void
forget_idle(struct logdir *ld)
{
	struct day **at = &ld->days;
	struct day *d;

	while ((d = *at) != NULL) {
		if (d->fd >= 0 || d->wait.len > 0) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		day_free(d);
	}
}

/* The day with this number, moved to the front of the list. */
static struct day *
find_day(struct logdir *ld, int64_t number)
{
	struct day **at;
	struct day *d;

	for (at = &ld->days; (d = *at) != NULL; at = &d->next)
		if (d->number == number)
			break;
	if (d == NULL) {
		d = calloc(1, sizeof(*d));
		if (d == NULL)
			return NULL;
		d->number = number;
		d->fd = -1;
		buf_init(&d->wait, PENDING_MAX);
	} else {
		*at = d->next;
	}
	d->next = ld->days;
	ld->days = d;
	return d;
}

struct logdir *
logdir_open(const struct logdir_conf *conf, logdir_news_fn *news, void *arg)
{
	struct logdir *ld = calloc(1, sizeof(*ld));
	int saved;

	if (ld == NULL)
		return NULL;
	ld->conf = *conf;
	ld->news = news;
	ld->arg = arg;
	ld->lock = -1;
	buf_init(&ld->path, PATH_MAX_LEN);
	buf_init(&ld->path2, PATH_MAX_LEN);
	if (make_dirs(conf->dir) == 0 && take_lock(ld) == 0)
		return ld;
	saved = errno;
	logdir_close(ld);
	errno = saved;
	return NULL;
}

int
logdir_add(struct logdir *ld, int64_t ms, const char *line, size_t n)
{
	struct day *d;

	if (ms < TIME_MIN || ms > TIME_MAX) {
		errno = ERANGE;
		return -1;
	}
	if (n >= PENDING_MAX || ld->pending > PENDING_MAX - n) {
		errno = EMSGSIZE;
		return -1;
	}
	/* floor, also before 1970 */
	d = find_day(ld, (ms - TIME_MIN) / DAY_MS + TIME_MIN / DAY_MS);
	if (d == NULL || buf_reserve(&d->wait, n + 1) < 0)
		return -1;
	buf_add(&d->wait, line, n);
	buf_addc(&d->wait, '\n');
	ld->pending += n + 1;
	return 0;
}

int
logdir_flush(struct logdir *ld)
{
	struct day *d;
	int rc = 0;

	for (d = ld->days; d != NULL; d = d->next)
		if (day_flush(ld, d) < 0)
			rc = -1;
	forget_idle(ld);
	return rc;
}

size_t
logdir_pending(const struct logdir *ld)
{
	return ld->pending;
}

void
logdir_reopen(struct logdir *ld)
{
	struct day *d;

	for (d = ld->days; d != NULL; d = d->next)
		day_close(ld, d);
	forget_idle(ld);
}

int
logdir_close(struct logdir *ld)
{
	struct day *d;
	int rc;

	if (ld == NULL)
		return 0;
	rc = logdir_flush(ld);
	while ((d = ld->days) != NULL) {
		day_close(ld, d);
		ld->days = d->next;
		day_free(d);
	}
	if (ld->unclosable)
		rc = -1;
	if (ld->lock >= 0)
		close(ld->lock);
	buf_release(&ld->path);
	buf_release(&ld->path2);
	free(ld);
	return rc;
}
