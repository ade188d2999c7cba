/*
 * range: see dash.h. What happened longer ago than the live window is in
 * ss-log's database, which is only read. A question may take long, so a thread
 * of its own asks it, one at a time, and is told to stop after a while. Rows
 * are in the order of their positions and, as good as, in that of their times:
 * where a range begins and ends is found by halving, not by reading.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "dash.h"
#include "msg.h"

#include "banned.h"

#define ANSWER_MAX 8388608 /* bytes */
#define TIME_MAX 5000      /* ms for a question */
#define STEPS_MAX 1000     /* points of a range */
#define LINES_MAX 200      /* newest lines of it */
#define TEXT_MAX 200       /* bytes of a text to look for */

struct ask {
	int64_t from, to, step; /* s */
	char user[EVENT_NAME_MAX + 1];
	char text[TEXT_MAX + 1];
	char only[16]; /* "", toxic, held, gift */
};

struct range {
	struct dash *d;
	struct httpd_conn *conn; /* who has asked; NULL: nobody, or gone */
	bool busy;
	struct loop_io done;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* behind the lock */
	bool asked, quit;
	struct ask ask;
	/* the thread's, until done is readable */
	atomic_bool stop;
	int64_t deadline;
	struct buf out;
	char error[160];
};

static int
is_late(void *arg)
{
	struct range *r = arg;

	return atomic_load(&r->stop) || clock_mono_ms() > r->deadline;
}

static int
fail(struct range *r, sqlite3 *db)
{
	snprintf(r->error, sizeof r->error, "%s",
	    is_late(r) ? "the question takes too long" : sqlite3_errmsg(db));
	return -1;
}

/* The first row at or behind seq: its position and time. 1, 0: none, -1. */
static int
row_at(struct range *r, sqlite3 *db, sqlite3_stmt *st, int64_t *seq,
    int64_t *second)
{
	const char *ts;
	int64_t ms = 0;
	int rc;

	sqlite3_reset(st);
	sqlite3_bind_int64(st, 1, *seq);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return fail(r, db);
	*seq = sqlite3_column_int64(st, 0);
	ts = (const char *)sqlite3_column_text(st, 1);
	if (ts)
		clock_parse(ts, strlen(ts), &ms);
	*second = ms / 1000;
	return 1;
}

/* The first position of that time or later. 0, or -1. */
static int
seek(struct range *r, sqlite3 *db, int64_t second, int64_t *out)
{
	static const char sql[] = "SELECT seq, ts FROM events WHERE seq >= ? "
				  "AND ts IS NOT NULL ORDER BY seq LIMIT 1";
	static const char last[] = "SELECT max(seq) FROM events";
	int64_t low = 0, high = 0, mid, at = 0;
	sqlite3_stmt *st;
	int rc;

	if (sqlite3_prepare_v2(db, last, -1, &st, NULL) != SQLITE_OK)
		return fail(r, db);
	if (sqlite3_step(st) == SQLITE_ROW)
		high = sqlite3_column_int64(st, 0) + 1;
	sqlite3_finalize(st);
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		return fail(r, db);
	while (low < high) {
		int64_t seq = mid = low + (high - low) / 2;

		rc = row_at(r, db, st, &seq, &at);
		if (rc < 0)
			break;
		if (rc == 0 || at >= second)
			high = mid;
		else
			low = seq + 1;
	}
	sqlite3_finalize(st);
	*out = low;
	return low < high ? -1 : 0;
}

/* A question about the rows of a range, answered by an array. */
struct question {
	const char *sql; /* ?1, ?2: from and to below that position */
	void (*bind)(sqlite3_stmt *, const struct ask *);
	/* Appends a row as an item. False: it is none. */
	bool (*row)(struct buf *, sqlite3_stmt *);
};

static int
write_rows(struct range *r, sqlite3 *db, const struct question *q,
    const struct ask *a, int64_t lo, int64_t hi)
{
	sqlite3_stmt *st;
	bool any = false;
	size_t end;
	int rc;

	if (sqlite3_prepare_v2(db, q->sql, -1, &st, NULL) != SQLITE_OK)
		return fail(r, db);
	sqlite3_bind_int64(st, 1, lo);
	sqlite3_bind_int64(st, 2, hi);
	q->bind(st, a);
	buf_addc(&r->out, '[');
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		end = r->out.len;
		if ((!any || buf_addc(&r->out, ',') == 0) &&
		    q->row(&r->out, st))
			any = true;
		else
			buf_cut(&r->out, end);
	}
	sqlite3_finalize(st);
	buf_addc(&r->out, ']');
	return rc == SQLITE_DONE ? 0 : fail(r, db);
}

static void
bind_step(sqlite3_stmt *st, const struct ask *a)
{
	sqlite3_bind_int64(st, 3, a->step);
	sqlite3_bind_int(st, 4, STEPS_MAX + 2);
}

static bool
write_point(struct buf *out, sqlite3_stmt *st)
{
	int i, err = 0;

	for (i = 0; i < 7; i++)
		err |= buf_addf(out, "%c%lld", i ? ',' : '[',
		    (long long)sqlite3_column_int64(st, i));
	return (err | buf_addc(out, ']')) == 0;
}

/* What happened in each step; gifts of a streak count by the difference. */
static const struct question points = {
	.sql = "SELECT CAST(strftime('%s', ts) AS INTEGER) / ?3 * ?3,"
	       " sum(type = 'chat'), sum(coalesce(toxic, 0)),"
	       " sum(coalesce(held, 0)), sum(coalesce(blocked, 0)),"
	       " sum(type = 'gift'), sum(coalesce(charge, 0))"
	       " FROM events LEFT JOIN (SELECT seq, charge FROM charges"
	       "  WHERE seq >= ?1 AND seq < ?2) USING (seq)"
	       " WHERE seq >= ?1 AND seq < ?2"
	       " GROUP BY 1 ORDER BY 1 LIMIT ?4",
	.bind = bind_step,
	.row = write_point,
};

static void
bind_filter(sqlite3_stmt *st, const struct ask *a)
{
	sqlite3_bind_text(st, 3, a->user, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 4, a->text, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 5, a->only, -1, SQLITE_STATIC);
	sqlite3_bind_int(st, 6, LINES_MAX);
}

static bool
write_line(struct buf *out, sqlite3_stmt *st)
{
	const char *line = (const char *)sqlite3_column_text(st, 0);

	/* one that could not be parsed is no JSON */
	return line && *line == '{' && buf_adds(out, line) == 0;
}

/* The newest lines that fit what was asked for. */
static const struct question lines = {
	.sql = "SELECT line FROM events WHERE seq >= ?1 AND seq < ?2"
	       " AND (?3 = '' OR user = ?3)"
	       " AND (?4 = '' OR instr(lower(message), lower(?4)))"
	       " AND (?5 = '' OR (?5 = 'toxic' AND toxic = 1)"
	       "  OR (?5 = 'held' AND held = 1) OR type = ?5)"
	       " ORDER BY seq DESC LIMIT ?6",
	.bind = bind_filter,
	.row = write_line,
};

static int
write_range(
    struct range *r, sqlite3 *db, const struct ask *a, int64_t lo, int64_t hi)
{
	buf_addf(&r->out, "{\"step\":%" PRId64 ",\"points\":", a->step);
	if (write_rows(r, db, &points, a, lo, hi) < 0)
		return -1;
	buf_adds(&r->out, ",\"lines\":");
	if (write_rows(r, db, &lines, a, lo, hi) < 0)
		return -1;
	return buf_addc(&r->out, '}');
}

static void
answer_ask(struct range *r, const struct ask *a)
{
	sqlite3 *db = NULL;
	int64_t lo, hi;

	*r->error = '\0';
	r->deadline = clock_mono_ms() + TIME_MAX;
	buf_reset(&r->out);
	if (sqlite3_open_v2(r->d->db, &db, SQLITE_OPEN_READONLY, NULL) !=
	    SQLITE_OK) {
		fail(r, db);
	} else {
		sqlite3_busy_timeout(db, 1000);
		sqlite3_progress_handler(db, 10000, is_late, r);
		if (seek(r, db, a->from, &lo) == 0 &&
		    seek(r, db, a->to, &hi) == 0)
			write_range(r, db, a, lo, hi);
	}
	sqlite3_close(db);
}

static void *
work(void *arg)
{
	struct range *r = arg;
	uint64_t one = 1;
	struct ask a;

	pthread_mutex_lock(&r->lock);
	while (!r->quit) {
		if (!r->asked) {
			pthread_cond_wait(&r->more, &r->lock);
			continue;
		}
		r->asked = false;
		a = r->ask;
		pthread_mutex_unlock(&r->lock);
		answer_ask(r, &a);
		while (
		    write(r->done.fd, &one, sizeof one) < 0 && errno == EINTR)
			;
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void
on_done(void *arg, unsigned events)
{
	struct range *r = arg;
	struct httpd_conn *c = r->conn;
	uint64_t n;

	(void)events;
	if (read(r->done.fd, &n, sizeof n) != (ssize_t)sizeof n)
		return;
	r->busy = false;
	r->conn = NULL;
	if (!c)
		return;
	if (*r->error) {
		msg_warn("%s: %s", r->d->db, r->error);
		httpd_error(c, 503, r->error);
	} else {
		httpd_answer(
		    c, 200, "application/json", NULL, r->out.p, r->out.len);
	}
}

int
range_open(struct dash *d)
{
	struct range *r;
	int e;

	if (!d->db)
		return 0;
	r = calloc(1, sizeof *r);
	if (!r)
		return -1;
	r->d = d;
	buf_init(&r->out, ANSWER_MAX);
	r->done.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->done.events = LOOP_IN;
	r->done.fn = on_done;
	r->done.arg = r;
	if (r->done.fd < 0 || loop_add(d->loop, &r->done) < 0) {
		free(r);
		return -1;
	}
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->more, NULL);
	e = pthread_create(&r->thread, NULL, work, r);
	if (e == 0) {
		d->range = r;
		return 0;
	}
	close(r->done.fd);
	free(r);
	errno = e;
	return -1;
}

void
range_close(struct dash *d)
{
	struct range *r = d->range;

	if (!r)
		return;
	atomic_store(&r->stop, true);
	pthread_mutex_lock(&r->lock);
	r->quit = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->more);
	loop_del(d->loop, &r->done);
	close(r->done.fd);
	buf_release(&r->out);
	free(r);
	d->range = NULL;
}

/* An argument that is a number of seconds. 0, or -1. */
static int
second(const struct httpd_conn *c, const char *name, int64_t *out)
{
	char text[24], *end;

	if (httpd_arg(c, name, text, sizeof text) < 0)
		return -1;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno || end == text || *end || *out < 0 ? -1 : 0;
}

static const char *
read_ask(const struct httpd_conn *c, struct ask *a)
{
	static const char *const kinds[] = { "", "toxic", "held", "gift" };
	int64_t least;
	size_t i;

	if (second(c, "from", &a->from) < 0 || second(c, "to", &a->to) < 0 ||
	    a->from >= a->to || a->to - a->from > INT64_C(366) * 86400)
		return "from, to: seconds since 1970, at most a year apart";
	httpd_arg(c, "user", a->user, sizeof a->user);
	httpd_arg(c, "text", a->text, sizeof a->text);
	httpd_arg(c, "only", a->only, sizeof a->only);
	for (i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(a->only, kinds[i]) == 0)
			break;
	if (i == sizeof kinds / sizeof *kinds)
		return "only: must be toxic, held or gift";
	least = (a->to - a->from + STEPS_MAX - 1) / STEPS_MAX;
	a->step = 1;
	if (second(c, "step", &a->step) == 0 && a->step < 1)
		return "step: must be an integer >= 1";
	if (a->step < least)
		a->step = least;
	return NULL;
}

void
range_take(struct dash *d, struct httpd_conn *c)
{
	struct range *r = d->range;
	struct ask a = { .step = 1 };
	const char *why;

	if (!r) {
		httpd_error(c, 404, "there is no database (--db)");
		return;
	}
	why = read_ask(c, &a);
	if (why) {
		httpd_error(c, 400, why);
		return;
	}
	if (r->busy) {
		httpd_error(c, 503, "one question at a time");
		return;
	}
	r->busy = true;
	r->conn = c;
	pthread_mutex_lock(&r->lock);
	r->ask = a;
	r->asked = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->lock);
}

void
range_forget(struct dash *d, const struct httpd_conn *c)
{
	if (d->range && d->range->conn == c)
		d->range->conn = NULL;
}
