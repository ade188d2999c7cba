/*
 * files: see files.h. In a log's folder each file is in the order of the
 * positions, but days overlap: a late event stands in its own day's file. So
 * the files are sorted by their first position, each is opened when its turn
 * comes, and of those that are open the lowest position goes first. That is
 * one file most of the time, and two about midnight.
 *
 * What is replayed ends where the files ended when they were listed: else a
 * replay into the folder it reads would feed itself for ever.
 */
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "event.h"
#include "linein.h"
#include "logdir.h"
#include "msg.h"

#include "banned.h"

#define LINE_MAX (EVENT_INPUT_MAX + 64) /* with the position */
#define DAY_MS INT64_C(86400000)
#define PATH_MAX_LEN 8192
#define DATE_AT 5 /* in chat_2026-11-23.jsonl */

struct file {
	char *path, *name; /* name: behind the folder's */
	ino_t ino;         /* 0: whatever has that path */
	uint64_t first;    /* its first position */
	long roll;         /* the number behind .jsonl */
	bool open, regular;
	int fd;
	off_t size, got; /* bytes when it was listed, and read so far */
	struct linein in;
	struct files_line at; /* the line at hand */
	uint64_t key;         /* it is its turn when this is the lowest */
};

struct files {
	int64_t from, to;
	files_wait_fn *wait;
	void *arg;
	char *dir; /* NULL: files, or stdin */
	struct file *f;
	size_t n, cap;
	size_t begun;      /* of n: opened so far */
	struct file *last; /* its line was handed out */
	uint64_t given;    /* the last position that was */
	bool failed;
};

struct files *
files_new(int64_t from, int64_t to, files_wait_fn *wait, void *arg)
{
	struct files *fs = calloc(1, sizeof(*fs));

	if (fs == NULL)
		return NULL;
	fs->from = from;
	fs->to = to;
	fs->wait = wait;
	fs->arg = arg;
	return fs;
}

static void
file_end(struct file *f)
{
	if (!f->open)
		return;
	linein_release(&f->in);
	if (f->fd != STDIN_FILENO)
		close(f->fd);
	f->open = false;
}

static void
forget(struct files *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++) {
		file_end(&fs->f[i]);
		free(fs->f[i].path);
	}
	fs->n = fs->begun = 0;
	fs->last = NULL;
	fs->given = 0;
	free(fs->dir);
	fs->dir = NULL;
}

void
files_free(struct files *fs)
{
	if (fs == NULL)
		return;
	forget(fs);
	free(fs->f);
	free(fs);
}

bool
files_failed(const struct files *fs)
{
	return fs->failed;
}

static void
complain(struct files *fs, const char *path)
{
	msg_err("%s: %s", path, strerror(errno));
	fs->failed = true;
}

/* dir/name, or name where dir is NULL; given. */
static char *
join(const char *dir, const char *name)
{
	struct buf b;
	int rc;

	buf_init(&b, PATH_MAX_LEN);
	rc = dir != NULL ? buf_addf(&b, "%s/%s", dir, name)
			 : buf_adds(&b, name);
	if (rc < 0) {
		buf_release(&b);
		return NULL;
	}
	return b.p;
}

static struct file *
add(struct files *fs, const char *name)
{
	struct file *f;

	if (fs->n == fs->cap) {
		f = realloc(fs->f, (fs->cap * 2 + 8) * sizeof(*f));
		if (f == NULL)
			return NULL;
		fs->f = f;
		fs->cap = fs->cap * 2 + 8;
	}
	f = &fs->f[fs->n];
	memset(f, 0, sizeof(*f));
	f->path = join(fs->dir, name);
	if (f->path == NULL)
		return NULL;
	f->name = f->path + strlen(f->path) - strlen(name);
	fs->n++;
	return f;
}

/* A file that was rolled over since it was listed has another name now. */
static int
find_again(struct files *fs, struct file *f)
{
	DIR *d = opendir(fs->dir);
	struct dirent *e;
	char *path;
	int fd = -1;

	if (d == NULL)
		return -1;
	while (fd < 0 && (e = readdir(d)) != NULL) {
		if (e->d_ino != f->ino || !logdir_is_file(e->d_name))
			continue;
		path = join(fs->dir, e->d_name);
		if (path != NULL)
			fd = open(path, O_RDONLY | O_CLOEXEC);
		free(path);
	}
	closedir(d);
	if (fd < 0)
		errno = ENOENT;
	return fd;
}

static int
open_fd(struct files *fs, struct file *f)
{
	struct stat st;
	int fd;

	if (strcmp(f->path, "-") == 0)
		return STDIN_FILENO;
	fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (f->ino == 0 || (fd < 0 && errno != ENOENT))
		return fd;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == f->ino)
		return fd;
	if (fd >= 0)
		close(fd);
	return find_again(fs, f);
}

/* 0, or -1 after a message. */
static int
file_begin(struct files *fs, struct file *f)
{
	struct stat st;

	f->fd = open_fd(fs, f);
	if (f->fd < 0) {
		complain(fs, f->path);
		return -1;
	}
	if (linein_init(&f->in, LINE_MAX) < 0) {
		complain(fs, f->path);
		if (f->fd != STDIN_FILENO)
			close(f->fd);
		return -1;
	}
	f->open = true;
	f->regular = fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode);
	if (f->regular && f->ino == 0)
		f->size = st.st_size;
	f->got = f->regular ? lseek(f->fd, 0, SEEK_CUR) : 0;
	f->key = 0;
	return 0;
}

/* More bytes; false: there are none, and the file is closed. */
static bool
fill(struct files *fs, struct file *f)
{
	ssize_t n;

	if (!f->regular && !fs->wait(fs->arg, f->fd)) {
		file_end(f);
		return false;
	}
	do
		n = linein_read(&f->in, f->fd);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		f->got += n;
		return true;
	}
	if (n < 0)
		complain(fs, f->path);
	else if (linein_torn(&f->in))
		msg_warn("%s:%llu: torn last line skipped", f->path,
		    (unsigned long long)f->in.lines + 1);
	file_end(f);
	return false;
}

/* What comes next was written after the file was listed. */
static bool
is_newer(const struct file *f)
{
	return f->regular &&
	       f->got - (off_t)(f->in.end - f->in.start) >= f->size;
}

/* Its next line is at hand; false: it has no more, and is closed. */
static bool
file_next(struct files *fs, struct file *f)
{
	char *p;
	size_t n;

	for (;;) {
		if (is_newer(f)) {
			file_end(f);
			return false;
		}
		switch (linein_next(&f->in, false, &p, &n)) {
		case LINEIN_MORE:
			if (!fill(fs, f))
				return false;
			break;
		case LINEIN_PART:
			break;
		case LINEIN_LONG:
			msg_err("%s:%llu: line too long", f->path,
			    (unsigned long long)f->in.lines);
			fs->failed = true;
			break;
		case LINEIN_LINE:
			if (n == 0)
				break;
			f->at = (struct files_line){ .p = p,
				.n = n,
				.path = f->path,
				.number = f->in.lines };
			if (!event_tail_seq(p, n, &f->at.seq))
				f->at.seq = 0;
			else
				f->key = f->at.seq;
			return true;
		}
	}
}

/* The first position in the file; 0: there is none, or it can't be read. */
static uint64_t
first_of(struct files *fs, struct file *f)
{
	uint64_t seq = 0;

	if (file_begin(fs, f) < 0)
		return 0;
	while (seq == 0 && file_next(fs, f))
		seq = f->at.seq;
	file_end(f);
	return seq;
}

/* May the file of that name have events of the time that is asked for? */
static bool
is_wanted(const struct files *fs, const char *name)
{
	char day[] = "0000-00-00T00:00:00Z";
	int64_t ms;

	memcpy(day, name + DATE_AT, CLOCK_DATE_LEN);
	if (clock_parse(day, sizeof(day) - 1, &ms) < 0)
		return true;
	return ms < fs->to && ms + DAY_MS > fs->from;
}

/* Those without positions first, as they were before there were any. */
static int
by_position(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int day = strncmp(x->name, y->name, DATE_AT + CLOCK_DATE_LEN);

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (day != 0)
		return day;
	return x->roll > y->roll ? -1 : x->roll < y->roll;
}

static int
list(struct files *fs, DIR *d)
{
	struct dirent *e;
	struct stat st;
	struct file *f;
	const char *dot;
	size_t i;

	while ((e = readdir(d)) != NULL) {
		if (!logdir_is_file(e->d_name) || !is_wanted(fs, e->d_name))
			continue;
		f = add(fs, e->d_name);
		if (f == NULL)
			return -1;
		if (stat(f->path, &st) < 0 || !S_ISREG(st.st_mode)) {
			free(f->path);
			fs->n--;
			continue;
		}
		f->ino = st.st_ino;
		f->size = st.st_size;
		dot = strrchr(f->name, '.');
		f->roll = strtol(dot + 1, NULL, 10);
	}
	for (i = 0; i < fs->n; i++)
		fs->f[i].first = first_of(fs, &fs->f[i]);
	if (fs->n > 0)
		qsort(fs->f, fs->n, sizeof(*fs->f), by_position);
	return 0;
}

static int
open_dir(struct files *fs, const char *path)
{
	DIR *d = opendir(path);
	int rc = -1;

	if (d == NULL) {
		complain(fs, path);
		return -1;
	}
	fs->dir = strdup(path);
	if (fs->dir != NULL)
		rc = list(fs, d);
	if (rc < 0)
		complain(fs, path);
	closedir(d);
	return rc;
}

int
files_open(struct files *fs, const char *path)
{
	struct stat st;

	forget(fs);
	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		return open_dir(fs, path);
	if (add(fs, path) != NULL)
		return 0;
	complain(fs, path);
	return -1;
}

/* Of the open files the one whose turn it is; NULL: none is open. */
static struct file *
lowest(struct files *fs)
{
	struct file *best = NULL;
	size_t i;

	for (i = 0; i < fs->begun; i++)
		if (fs->f[i].open && (best == NULL || fs->f[i].key < best->key))
			best = &fs->f[i];
	return best;
}

/* The file whose line comes next; NULL: none is left. */
static struct file *
take(struct files *fs)
{
	struct file *f, *next;

	if (fs->last != NULL)
		file_next(fs, fs->last);
	fs->last = NULL;
	for (;;) {
		f = lowest(fs);
		next = fs->begun < fs->n ? &fs->f[fs->begun] : NULL;
		if (next == NULL || (f != NULL && f->key < next->first))
			break;
		fs->begun++;
		if (file_begin(fs, next) == 0)
			file_next(fs, next);
		if (f == NULL && next->open && next->first == 0) {
			f = next; /* no positions: one after the other */
			break;
		}
	}
	fs->last = f;
	return f;
}

bool
files_next(struct files *fs, struct files_line *line)
{
	struct file *f;

	/*
	 * A file that could not be synced, and the one that takes its place,
	 * may have the same positions for a while.
	 */
	do
		f = take(fs);
	while (f != NULL && fs->dir != NULL && f->at.seq != 0 &&
	       f->at.seq == fs->given);
	if (f == NULL)
		return false;
	fs->given = f->at.seq;
	*line = f->at;
	return true;
}
