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

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "logdir-impl.h"
#include "torn.h"

#include "banned.h"

#define TIME_MIN INT64_C(-62167219200000) /* 0000-01-01T00:00:00Z */
#define TIME_MAX INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */
#define PENDING_MAX (64u << 20) /* a batch is far smaller; this is a stop */
#define PATH_MAX_LEN 8192

/* Makes a folder's entries last. 0, or -1 with errno. */
static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc, saved;

	if (fd < 0)
		return -1;
	do
		rc = fsync(fd);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EINVAL)
		rc = 0; /* a file system without that */
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* mkdir(2), and with sync the entry lasts; one that is there is fine. */
static int
make_dir(char *path, bool sync)
{
	char *slash, c;
	int rc;

	if (mkdir(path, 0750) < 0)
		return errno == EEXIST ? 0 : -1;
	if (!sync)
		return 0;
	slash = strrchr(path, '/');
	if (slash == NULL)
		return sync_dir(".");
	c = slash[slash == path];
	slash[slash == path] = '\0';
	rc = sync_dir(path);
	slash[slash == path] = c;
	return rc;
}

/* The folder and the folders above it, as mkdir -p makes them. */
static int
make_dirs(const char *dir, bool sync)
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
		rc = make_dir(path, sync);
		*p = '/';
	}
	if (rc == 0)
		rc = make_dir(path, sync);
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

/*
 * Is the folder still there, and still ours? One that is gone is told first,
 * as any fault, and made again with the next try.
 */
int
logdir_check(struct logdir *ld)
{
	if (ld->gone && make_dirs(ld->conf.dir, ld->conf.sync) < 0)
		return -1;
	ld->gone = false;
	if (take_lock(ld) == 0)
		return 0;
	ld->gone = errno == ENOENT;
	if (errno == EWOULDBLOCK)
		errno = EBUSY;
	return -1;
}

int
logdir_remake(struct logdir *ld)
{
	ld->gone = true;
	return logdir_check(ld);
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
	day_count(ld, d);
	/* after a failed sync only a sync says that it is over */
	if (e != 0 || (d->suspect < 0 && !d->distrusted))
		day_report(ld, d, e);
	return e != 0 ? -1 : 0;
}

static void
day_free(struct day *d)
{
	if (d->suspect >= 0)
		close(d->suspect);
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
		d->fd = d->suspect = -1;
		buf_init(&d->wait, PENDING_MAX);
	} else {
		*at = d->next;
	}
	d->next = ld->days;
	ld->days = d;
	return d;
}

bool
logdir_is_file(const char *s)
{
	static const char form[] = "chat_0000-00-00.jsonl";
	size_t i, n = strlen(s);

	if (n < sizeof(form) - 1)
		return false;
	for (i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
			return false;
	if (s[i] == '\0')
		return true;
	return s[i] == '.' && s[i + 1] != '\0' &&
	       strspn(s + i + 1, "0123456789") == n - i - 1;
}

/*
 * The last run's torn last line, if it is in this file. What can't be done
 * now is done, or told, when the file is opened to be written.
 */
static void
mend(struct logdir *ld, const char *name)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK;
	struct stat st;
	int64_t torn = 0;
	int fd;

	buf_reset(&ld->path);
	buf_reset(&ld->path2);
	if (buf_addf(&ld->path, "%s/%s", ld->conf.dir, name) < 0 ||
	    buf_addf(&ld->path2, "%s.torn", ld->path.p) < 0)
		return;
	if (lstat(ld->path.p, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size == 0)
		return;
	fd = open(ld->path.p, flags);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		torn = torn_move(fd, st.st_size, ld->path2.p);
	close(fd);
	if (torn > 0) {
		ld->renamed = true;
		ld->news(ld->arg, LOGDIR_TORN, ld->path.p, torn);
	}
}

static void
mend_all(struct logdir *ld)
{
	DIR *dir = opendir(ld->conf.dir);
	struct dirent *e;

	if (dir == NULL)
		return;
	while ((e = readdir(dir)) != NULL)
		if (logdir_is_file(e->d_name))
			mend(ld, e->d_name);
	closedir(dir);
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
	if (make_dirs(conf->dir, conf->sync) == 0 && take_lock(ld) == 0) {
		mend_all(ld);
		return ld;
	}
	saved = errno;
	logdir_close(ld);
	errno = saved;
	return NULL;
}

int
logdir_add(struct logdir *ld, int64_t ms, const char *line, size_t n)
{
	struct day *d;
	char *to;

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
	to = d->wait.p + d->wait.len;
	memcpy(to, line, n);
	to[n] = '\n';
	to[n + 1] = '\0';
	d->wait.len += n + 1;
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

/* The folder's entries, after files were made or renamed. */
static int
sync_entries(struct logdir *ld)
{
	int e = 0;

	if (!ld->renamed || !ld->conf.sync)
		return 0;
	if (sync_dir(ld->conf.dir) < 0)
		e = errno;
	if (e != 0 && e != ld->dir_failed)
		ld->news(ld->arg, LOGDIR_FAILED, ld->conf.dir, e);
	else if (e == 0 && ld->dir_failed != 0)
		ld->news(ld->arg, LOGDIR_AGAIN, ld->conf.dir, 0);
	ld->dir_failed = e;
	ld->renamed = e != 0;
	return e != 0 ? -1 : 0;
}

static int
sync_once(struct logdir *ld)
{
	struct day *d;
	int rc = logdir_flush(ld);

	for (d = ld->days; d != NULL; d = d->next) {
		if (d->fd < 0 || d->rec == 0)
			continue;
		if (day_sync(ld, d) < 0) {
			day_report(ld, d, errno);
			rc = -1;
		} else if (rc == 0) {
			day_report(ld, d, 0);
		}
	}
	return sync_entries(ld) < 0 ? -1 : rc;
}

int
logdir_sync(struct logdir *ld)
{
	int rc = sync_once(ld);

	/* the second time to new files, where it was the file's fault */
	if (rc < 0)
		rc = sync_once(ld);
	return rc;
}

size_t
logdir_unsynced(const struct logdir *ld)
{
	return ld->unsynced;
}

uint64_t
logdir_rolls(const struct logdir *ld)
{
	return ld->rolls;
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
	rc = ld->conf.sync ? logdir_sync(ld) : logdir_flush(ld);
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
