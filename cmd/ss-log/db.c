/*
 * db: see db.h. The thread has one thing to do: bring the rows from the
 * position that the database is at to the one that the log has reached, in
 * steps of one transaction each. Whatever fails, it lets go of the database,
 * and a second later begins anew with what it finds there: nothing is
 * remembered of a database that is not in it.
 */
#include "db.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "buf.h"
#include "clock.h"
#include "epoch.h"
#include "event.h"
#include "logread.h"
#include "msg.h"
#include "store.h"

#include "banned.h"

#define BATCH (1u << 20)     /* bytes of the log in a transaction */
#define LINES_MAX (8u << 20) /* one line may be longer than that */
#define GATHER 50            /* ms between transactions at the log's end */
#define RETRY 1000           /* ms after a fault, and between looks */
#define POLL 50              /* ms between looks for signals at the end */
#define UNWIND 1000          /* ms that a thread gets to end */
#define HOLE_LOOKS 3         /* until a hole in the log counts as one */
#define NICE 10              /* the chat goes first where CPU is scarce */
#define WHY_MAX 400

struct db {
	struct db_conf conf;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond; /* for the thread: something has changed */
	atomic_bool quit;    /* for the thread: end at once */
	/* under lock */
	uint64_t reach;
	bool doubt;     /* the files may lack some of it for now */
	bool finishing; /* end when all of it is in the database */
	uint64_t at;    /* the database has got so far */
	bool attached;  /* that is known */
	bool faulty, done;
	/* the thread's own */
	struct logread *log;
	struct store *store;
	struct store_position pos;
	struct buf lines;
	struct event ev;
	uint64_t end;       /* where the files ended at the start */
	bool ours;          /* the database was found to be this log's */
	unsigned hole;      /* looks at the hole behind pos */
	bool stuck;         /* and more of them are needed */
	char told[WHY_MAX]; /* the fault at work, "": none */
	char why[WHY_MAX];  /* why a step failed */
};

static int
fail(struct db *d, const char *why)
{
	snprintf(d->why, sizeof(d->why), "%s", why);
	return -1;
}

static int
fail_store(struct db *d)
{
	return fail(d, store_why(d->store));
}

static int
fail_log(struct db *d)
{
	snprintf(d->why, sizeof(d->why), "the log can't be read: %s",
	    strerror(errno));
	return -1;
}

/* Is what the log has at seq the line that the database has there? */
static int
same_line(struct db *d, uint64_t seq, const char *line, size_t n, bool *there,
    bool *same)
{
	uint64_t next;

	*there = *same = false;
	if (logread_refresh(d->log) < 0 || logread_next(d->log, seq, &next) < 0)
		return fail_log(d);
	if (next != seq)
		return 0;
	buf_reset(&d->lines);
	if (logread_get(d->log, seq, seq, BATCH, &d->lines) != 1)
		return fail_log(d);
	*there = true;
	*same = d->lines.len == n + 1 && memcmp(d->lines.p, line, n) == 0;
	return 0;
}

/*
 * Does the database belong to this log? After a power cut the log may have
 * lost what the database still has; then it goes on from where both agree.
 * Where they don't, the database has the events of another log, and nobody
 * has asked to overwrite it.
 */
static int
reconcile(struct db *d)
{
	const char *line;
	uint64_t seq = d->end;
	bool there = false, same = false;
	size_t n;
	int rc = store_newest(d->store, &seq, &line, &n);

	if (rc < 0)
		return fail_store(d);
	if (rc > 0 && same_line(d, seq, line, n, &there, &same) < 0)
		return -1;
	if (same) {
		if (store_cut(d->store, d->end) < 0)
			return fail_store(d);
		if (d->pos.seq > d->end)
			d->pos.seq = d->end;
		return 0;
	}
	/* files that were removed: the database has what the log had */
	if (!there && d->pos.seq <= d->conf.start)
		return 0;
	snprintf(d->why, sizeof(d->why),
	    "has the events of another log than %s: remove it, or use "
	    "--rebuild-db",
	    d->conf.dir);
	return -1;
}

/* Reads where the database is, inside its transaction. */
static int
attach(struct db *d, uint64_t reach)
{
	bool known;

	if (store_begin(d->store, &d->pos) < 0)
		return fail_store(d);
	known = d->ours && d->pos.seq <= reach &&
		strcmp(d->pos.epoch, d->conf.epoch) == 0;
	/* rows beyond a database's own position are nobody's */
	if (store_cut(d->store, d->pos.seq) < 0)
		return fail_store(d);
	if (d->pos.seq > 0 && !known && reconcile(d) < 0)
		return -1;
	d->ours = true;
	snprintf(d->pos.epoch, sizeof(d->pos.epoch), "%s", d->conf.epoch);
	return 0;
}

/* All lines at hand, from the position behind pos on. */
static int
add_lines(struct db *d)
{
	const char *p = d->lines.p, *end = p + d->lines.len, *nl;
	size_t n;

	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		n = (size_t)(nl - p);
		if (store_add(d->store, d->pos.seq + 1, p, n,
			event_parse(&d->ev, p, n) == 0 ? &d->ev : NULL) < 0)
			return fail_store(d);
		d->pos.seq++;
	}
	return 0;
}

static bool
is_in_doubt(struct db *d)
{
	bool doubt;

	pthread_mutex_lock(&d->lock);
	doubt = d->doubt;
	pthread_mutex_unlock(&d->lock);
	return doubt;
}

/*
 * The log doesn't have the position behind pos. What was there before this
 * run is settled; later ones may be on their way to another file.
 */
static int
pass_hole(struct db *d, uint64_t reach)
{
	uint64_t next, to;
	int rc;

	if (logread_refresh(d->log) < 0)
		return fail_log(d);
	rc = logread_next(d->log, d->pos.seq + 1, &next);
	/* rolled over just now: the next look finds it */
	d->stuck = rc < 0 && (errno == ENOENT || errno == ESTALE);
	if (rc < 0)
		return d->stuck ? 0 : fail_log(d);
	if (rc > 0 && next == d->pos.seq + 1)
		return 0; /* it has come */
	to = rc > 0 && next <= reach ? next - 1 : reach;
	if (to > d->conf.start && to > d->end) {
		d->hole = is_in_doubt(d) ? 0 : d->hole + 1;
		d->stuck = d->hole < HOLE_LOOKS;
		if (d->stuck)
			return 0;
	}
	/* a new database never had it, a new series left it out: no loss */
	if (to > d->conf.start || (d->pos.seq > 0 && d->pos.seq < d->end))
		msg_warn("%s: not in the log's files: %" PRIu64 " to %" PRIu64,
		    d->conf.path, d->pos.seq + 1, to);
	d->hole = 0;
	d->pos.seq = to;
	return 0;
}

/*
 * One transaction. What is not in the log any more is passed over inside of
 * it. 0, or -1 with d->why.
 */
static int
transact(struct db *d, uint64_t reach)
{
	d->stuck = false;
	if (attach(d, reach) < 0)
		return -1;
	if (d->pos.seq < reach) {
		buf_reset(&d->lines);
		if (logread_refresh(d->log) < 0)
			return fail_log(d);
		if (logread_get(
			d->log, d->pos.seq + 1, reach, BATCH, &d->lines) == 0) {
			if (pass_hole(d, reach) < 0)
				return -1;
		} else if (add_lines(d) < 0) {
			return -1;
		} else {
			d->hole = 0;
		}
	}
	return store_commit(d->store, &d->pos) < 0 ? fail_store(d) : 0;
}

static int
step(struct db *d, uint64_t reach)
{
	if (store_is_open(d->store) && store_has_moved(d->store)) {
		store_close(d->store);
		return fail(d, "it was removed or replaced");
	}
	if (store_is_open(d->store) && d->pos.seq >= reach)
		return 0;
	if (!store_is_open(d->store) && store_open(d->store, false) < 0)
		return fail_store(d);
	return transact(d, reach);
}

/* What has become of a step: told when it changes. */
static void
report(struct db *d, int rc, uint64_t reach)
{
	if (rc < 0) {
		store_close(d->store);
		if (!atomic_load(&d->quit) && strcmp(d->why, d->told) != 0)
			msg_err("%s: %s", d->conf.path, d->why);
		if (!atomic_load(&d->quit))
			memcpy(d->told, d->why, sizeof(d->told));
	} else if (*d->told != '\0' && d->pos.seq >= reach) {
		msg_err("%s: writing again", d->conf.path);
		*d->told = '\0';
	}
}

/* Waits for ms, or less when something is to do at once. Under lock. */
static void
nap(struct db *d, int64_t ms, bool wakeful)
{
	const int64_t until = clock_mono_ms() + ms;
	const struct timespec t = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000L };

	while (!atomic_load(&d->quit) &&
	       !(wakeful && (d->reach > d->at || d->finishing)))
		if (pthread_cond_timedwait(&d->cond, &d->lock, &t) != 0)
			break;
}

/* The thread. */
static void *
follow(void *arg)
{
	struct db *d = arg;
	uint64_t reach;
	int rc;

	(void)setpriority(PRIO_PROCESS, 0, NICE); /* Linux: this thread's */
	pthread_mutex_lock(&d->lock);
	while (!atomic_load(&d->quit)) {
		reach = d->reach;
		pthread_mutex_unlock(&d->lock);
		rc = step(d, reach);
		report(d, rc, reach);
		pthread_mutex_lock(&d->lock);
		d->faulty = rc < 0 || d->stuck;
		if (rc == 0) {
			d->at = d->pos.seq;
			d->attached = true;
		}
		if (rc == 0 && d->finishing && d->at >= d->reach)
			break;
		if (d->faulty)
			nap(d, d->finishing ? POLL : RETRY, false);
		else if (d->at >= reach && !d->finishing) {
			nap(d, GATHER, false);
			nap(d, RETRY, true);
		}
	}
	pthread_mutex_unlock(&d->lock);
	store_close(d->store);
	pthread_mutex_lock(&d->lock);
	d->done = true;
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static void
db_free(struct db *d)
{
	event_release(&d->ev);
	buf_release(&d->lines);
	logread_free(d->log);
	store_free(d->store);
	free(d);
}

static struct db *
db_new(const struct db_conf *conf)
{
	struct db *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->conf = *conf;
	buf_init(&d->lines, LINES_MAX);
	d->log = logread_new(conf->dir);
	d->store = store_new(conf->path, &d->quit);
	if (d->log != NULL && d->store != NULL)
		return d;
	db_free(d);
	errno = ENOMEM;
	return NULL;
}

/* The thread takes no signals: they are the loop's. */
static int
start_thread(struct db *d)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int rc;

	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->cond, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	rc = pthread_create(&d->thread, NULL, follow, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = rc;
	return rc == 0 ? 0 : -1;
}

struct db *
db_start(const struct db_conf *conf)
{
	struct db *d = db_new(conf);
	int saved;

	if (d == NULL)
		return NULL;
	d->reach = conf->start;
	if (logread_refresh(d->log) == 0) {
		d->end = logread_last(d->log);
		if (start_thread(d) == 0)
			return d;
	}
	saved = errno;
	db_free(d);
	errno = saved;
	return NULL;
}

void
db_reach(struct db *d, uint64_t seq)
{
	pthread_mutex_lock(&d->lock);
	d->doubt = false;
	if (d->reach != seq)
		pthread_cond_signal(&d->cond);
	d->reach = seq;
	pthread_mutex_unlock(&d->lock);
}

void
db_doubt(struct db *d)
{
	pthread_mutex_lock(&d->lock);
	d->doubt = true;
	pthread_mutex_unlock(&d->lock);
}

uint64_t
db_position(struct db *d)
{
	uint64_t at;

	pthread_mutex_lock(&d->lock);
	at = d->at;
	pthread_mutex_unlock(&d->lock);
	return at;
}

static bool
signalled(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGINT) == 1 ||
					    sigismember(&set, SIGTERM) == 1);
}

/* Waits until the thread has ended, or has had its time. */
static void
await(struct db *d, bool patient, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;
	const struct timespec poll = { .tv_nsec = POLL * 1000000L };
	bool done, faulty;

	for (;;) {
		pthread_mutex_lock(&d->lock);
		done = d->done;
		faulty = d->faulty;
		pthread_mutex_unlock(&d->lock);
		if (done)
			return;
		if (patient && !faulty && !signalled())
			until = clock_mono_ms() + ms;
		if (clock_mono_ms() >= until || (patient && signalled()))
			return;
		nanosleep(&poll, NULL);
	}
}

static void
wake(struct db *d)
{
	pthread_mutex_lock(&d->lock);
	d->finishing = true;
	pthread_cond_signal(&d->cond);
	pthread_mutex_unlock(&d->lock);
}

int
db_finish(struct db *d, bool patient, double drain)
{
	uint64_t behind;
	bool done, known;

	if (d == NULL)
		return 0;
	wake(d);
	await(d, patient, (int64_t)(drain * 1000));
	atomic_store(&d->quit, true);
	wake(d);
	await(d, false, UNWIND);
	pthread_mutex_lock(&d->lock);
	behind = d->reach - d->at;
	known = d->attached;
	done = d->done;
	pthread_mutex_unlock(&d->lock);
	if (!known)
		msg_err("%s: not caught up; the next start will", d->conf.path);
	else if (behind > 0)
		msg_err("%s: %" PRIu64 " events behind; the next start will "
			"catch up",
		    d->conf.path, behind);
	if (!done)
		return -1; /* it hangs in the system: ends with the process */
	pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->cond);
	pthread_mutex_destroy(&d->lock);
	db_free(d);
	return known && behind == 0 ? 0 : -1;
}

/* A file that is no good is somebody's data all the same. */
static int
put_aside(struct db *d)
{
	static const char *const ends[] = { "-wal", "-shm", "-journal", "" };
	struct buf from = { 0 }, to = { 0 };
	size_t i;
	int rc = 0;

	buf_init(&from, 8192);
	buf_init(&to, 8192);
	for (i = 0; i < sizeof(ends) / sizeof(*ends) && rc == 0; i++) {
		buf_reset(&from);
		buf_reset(&to);
		if (buf_addf(&from, "%s%s", d->conf.path, ends[i]) < 0 ||
		    buf_addf(&to, "%s.broken%s", d->conf.path, ends[i]) < 0)
			rc = -1;
		else if (rename(from.p, to.p) < 0 && errno != ENOENT)
			rc = -1;
	}
	if (rc < 0)
		fail(d, strerror(errno));
	else
		msg_warn("%s: %s; moved to %s", d->conf.path, d->why, to.p);
	buf_release(&from);
	buf_release(&to);
	return rc;
}

/* All of the log in one transaction, so nobody ever sees half of it. */
static int
rebuild(struct db *d)
{
	struct store_position old;

	if (store_open(d->store, true) < 0 || store_begin(d->store, &old) < 0 ||
	    store_clear(d->store) < 0)
		return fail_store(d);
	if (logread_refresh(d->log) < 0)
		return fail_log(d);
	d->conf.start = d->end = logread_last(d->log);
	while (d->pos.seq < d->end) {
		buf_reset(&d->lines);
		if (logread_get(d->log, d->pos.seq + 1, d->end, BATCH,
			&d->lines) == 0) {
			if (pass_hole(d, d->end) < 0)
				return -1;
		} else if (add_lines(d) < 0) {
			return -1;
		}
	}
	if (store_index(d->store) < 0 || store_commit(d->store, &d->pos) < 0)
		return fail_store(d);
	return 0;
}

int
db_rebuild(const char *path, const char *dir)
{
	const struct db_conf conf = { .path = path, .dir = dir, .epoch = "" };
	struct epoch e = { .seq = 0 };
	struct db *d;
	int rc;

	if (epoch_read(dir, &e) < 0 && errno != ENOENT) {
		msg_err("%s/epoch: %s", dir, strerror(errno));
		return -1;
	}
	d = db_new(&conf);
	if (d == NULL) {
		msg_err("%s", strerror(errno));
		return -1;
	}
	pthread_mutex_init(&d->lock, NULL);
	memcpy(d->pos.epoch, e.name, sizeof(d->pos.epoch));
	rc = rebuild(d);
	if (rc < 0 && store_is_broken(d->store)) {
		store_close(d->store);
		d->pos.seq = 0;
		rc = put_aside(d) < 0 ? -1 : rebuild(d);
	}
	if (rc < 0)
		msg_err("%s: %s", path, d->why);
	else
		msg_info(
		    "%s: rebuilt up to position %" PRIu64, path, d->pos.seq);
	db_free(d);
	return rc;
}
