/*
 * ss-log: keeps every event in daily files and passes it on once it is kept.
 *
 * A batch of lines goes to memory first; before any of it leaves, stage asks
 * to commit, and that is where the files are written, in few large writes.
 * While they can't be written nothing is read and nothing is forwarded, so
 * whoever is upstream still has what is not kept yet.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "db.h"
#include "epoch.h"
#include "event.h"
#include "json.h"
#include "logdir.h"
#include "metrics.h"
#include "msg.h"
#include "opt.h"
#include "series.h"
#include "stage.h"

#include "banned.h"

#define GROUP (4u << 20)         /* bytes that are committed together */
#define EARLY (256u << 10)       /* bytes that are written before that */
#define UNSYNCED_MAX (16u << 20) /* bytes that are synced at the latest */
#define CHAT_SYNC 800            /* ms: chat is on the disk within a second */
#define SYNC_RETRY 1000          /* ms */

enum sync { SYNC_GIFT, SYNC_BATCH, SYNC_NONE };

struct app {
	struct stage_conf conf;
	const char *dir, *sync_name, *db_addr;
	const char *db_path; /* NULL: none */
	int64_t max_size, keep;
	bool no_tee, rebuild;
	enum sync sync;
	struct stage *stage;
	struct logdir *log;
	struct series *series;
	struct db *db;
	uint64_t committed; /* positions that may leave */
	bool must_sync;     /* the batch has what is synced before it leaves */
	bool unkept;        /* DIR/epoch can't be written: told */
	uint64_t repeats, bytes;
	int64_t failing; /* errno: the files can't be written; 0: they can */
	uint64_t faults;
	struct metrics_hist sync_seconds;
	struct loop_timer chat_sync;
	struct buf line; /* the event with its position */
	struct buf ts;   /* a time that was written with escapes */
};

/*
 * When the event happened; now, where it doesn't say so. A time that isn't
 * one must not lose the event.
 */
static int64_t
event_time(struct app *a, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "ts");
	int64_t ms;

	if (m == NULL || m->kind != JSON_STRING)
		return clock_wall_ms();
	if (!m->val_escaped) {
		if (clock_parse(m->val + 1, m->vallen - 2, &ms) == 0)
			return ms;
		return clock_wall_ms();
	}
	buf_reset(&a->ts);
	if (json_unescape(m, &a->ts) == 0 &&
	    clock_parse(a->ts.p, a->ts.len, &ms) == 0)
		return ms;
	return clock_wall_ms();
}

static int
add(struct app *a, int64_t ms, const struct buf *line)
{
	if (logdir_add(a->log, ms, line->p, line->len) == 0)
		return 0;
	/* 9999-12-31 in a western offset is a day without a file name */
	if (errno == ERANGE)
		return logdir_add(a->log, clock_wall_ms(), line->p, line->len);
	/* too much waits: make room, once */
	if (logdir_sync(a->log) < 0)
		return -1;
	return logdir_add(a->log, ms, line->p, line->len);
}

/* The line that says which series this is, and how far it is. */
static const struct buf *
epoch(struct app *a)
{
	buf_reset(&a->line);
	epoch_line(&a->line, series_name(a->series), a->committed);
	return &a->line;
}

static void
say_epoch(struct app *a)
{
	epoch(a);
	stage_emit(a->stage, a->line.p, a->line.len, false);
}

/*
 * The next line's id, should it stand where it stands in this one: by the time
 * that it is looked for the memory is there, which takes about as long as a
 * line.
 */
static void
look_ahead(struct app *a, const struct event *ev)
{
	const struct json_member *m = json_get(&ev->doc, "id");
	const struct source_line *l = stage_line(a->stage);
	size_t at, n;

	if (m == NULL)
		return;
	at = (size_t)(m->val - ev->line);
	n = m->vallen;
	if (at + n <= l->nahead && l->ahead[at] == '"' &&
	    l->ahead[at + n - 1] == '"' && n >= 2)
		series_expect(a->series, l->ahead + at + 1, n - 2);
}

static void
keep(struct app *a, const struct event *ev)
{
	int64_t ms;
	int rc;

	look_ahead(a, ev);
	series_look(a->series, ev);
	buf_reset(&a->line);
	rc = event_number(ev, series_last(a->series) + 1, &a->line);
	ms = event_time(a, ev);
	if (series_has(a->series)) {
		a->repeats++;
		return;
	}
	if (rc < 0 || add(a, ms, &a->line) < 0) {
		/* not kept, so not passed on either */
		msg_err("%s: event lost: %s", a->dir, strerror(errno));
		stage_fail(a->stage);
		return;
	}
	series_take(a->series);
	a->bytes += a->line.len + 1;
	a->must_sync = a->must_sync || ev->type != EVENT_CHAT;
	stage_emit(a->stage, a->line.p, a->line.len, true);
	/* so that the disk has begun when it is waited for */
	if (logdir_pending(a->log) > EARLY && logdir_flush(a->log) < 0)
		stage_hurry(a->stage);
}

static void
on_event(void *arg, const struct event *ev)
{
	struct app *a = arg;

	if (!event_is_housekeeping(ev)) {
		keep(a, ev);
		return;
	}
	stage_emit(a->stage, ev->line, ev->len, false);
	/* somebody else's series: ours goes on behind it */
	if (ev->type == EVENT_EPOCH)
		say_epoch(a);
}

/* DIR/epoch, before anything is passed on that depends on it. */
static int
keep_series(struct app *a)
{
	int saved;

	if (series_keep(a->series, a->committed, a->sync != SYNC_NONE) == 0) {
		if (a->unkept)
			msg_err("%s/epoch: writing again", a->dir);
		a->unkept = false;
		return 0;
	}
	saved = errno;
	if (!a->unkept)
		msg_err("%s/epoch: %s", a->dir, strerror(errno));
	a->unkept = true;
	errno = saved;
	return -1;
}

static int
sync_files(struct app *a)
{
	int64_t began = clock_mono_ns();
	int r = logdir_sync(a->log);

	metrics_observe(
	    &a->sync_seconds, (double)(clock_mono_ns() - began) / 1e9);
	return r;
}

static void
sync_chat(void *arg)
{
	struct app *a = arg;

	/* where it fails, the next commit fails, too, and holds the input */
	if (a->db != NULL)
		db_doubt(a->db);
	if (sync_files(a) < 0)
		loop_after(stage_loop(a->stage), &a->chat_sync, SYNC_RETRY,
		    sync_chat, a);
	else if (a->db != NULL)
		db_reach(a->db, a->committed);
}

static int
commit_files(struct app *a)
{
	bool now;

	if (logdir_flush(a->log) < 0)
		return -1;
	/* the folder went between the two: it is made again */
	if (keep_series(a) < 0 &&
	    (errno != ENOENT || logdir_remake(a->log) < 0 ||
		keep_series(a) < 0))
		return -1;
	now = a->sync == SYNC_BATCH || (a->sync == SYNC_GIFT && a->must_sync) ||
	      logdir_unsynced(a->log) > UNSYNCED_MAX;
	if (now && sync_files(a) < 0)
		return -1;
	a->must_sync = false;
	a->committed = series_last(a->series);
	return 0;
}

static int
on_commit(void *arg)
{
	struct app *a = arg;

	if (a->db != NULL)
		db_doubt(a->db);
	if (commit_files(a) < 0)
		return -1;
	if (a->db != NULL)
		db_reach(a->db, a->committed);
	if (logdir_unsynced(a->log) && !a->chat_sync.due)
		loop_after(stage_loop(a->stage), &a->chat_sync, CHAT_SYNC,
		    sync_chat, a);
	return 0;
}

/*
 * At once, even while nothing can be written: a hub that isn't told how far
 * we are reads the files to their end, and takes for kept what isn't yet.
 */
static void
on_up(void *arg)
{
	struct app *a = arg;
	bool known = keep_series(a) == 0;

	epoch(a);
	stage_emit_first(a->stage, a->line.p, a->line.len, known);
}

/* -o listen: whoever comes must be told, and nobody minds to hear it again. */
static void
on_reader(void *arg, enum hub_news what, pid_t peer, uint64_t n)
{
	struct app *a = arg;

	(void)peer;
	(void)n;
	if (what != HUB_JOINED || a->series == NULL)
		return;
	say_epoch(a);
	stage_flush(a->stage);
}

static void
on_signal(void *arg, int signo)
{
	struct app *a = arg;

	if (signo == SIGHUP) {
		logdir_reopen(a->log);
		return;
	}
	msg_err("position %" PRIu64 ", %" PRIu64 " repeats dropped",
	    series_last(a->series), a->repeats);
	if (a->db != NULL)
		msg_err(
		    "%s: position %" PRIu64, a->db_path, db_position(a->db));
}

static void
on_news(void *arg, enum logdir_news what, const char *path, int64_t n)
{
	struct app *a = arg;

	switch (what) {
	case LOGDIR_FAILED:
		a->failing = n;
		a->faults++;
		msg_err("%s: %s", path, strerror((int)n));
		break;
	case LOGDIR_AGAIN:
		a->failing = 0;
		msg_err("%s: writing again", path);
		break;
	case LOGDIR_TORN:
		msg_warn("%s: torn last line, %lld bytes, moved to %s.torn",
		    path, (long long)n, path);
		break;
	}
}

static void
on_metrics(void *arg, struct buf *b)
{
	struct app *a = arg;
	uint64_t at;

	metrics_gauge(b, "position", "Position of the last event kept.",
	    (double)a->committed);
	metrics_counter(
	    b, "kept_bytes_total", "Bytes of events kept.", a->bytes);
	metrics_counter(b, "repeats_total",
	    "Events dropped because they had been kept before.", a->repeats);
	metrics_histogram(b, "sync_seconds",
	    "Time to bring what was written to the disk.", &a->sync_seconds);
	metrics_gauge(b, "unsynced_bytes", "Bytes written and not synced yet.",
	    (double)logdir_unsynced(a->log));
	metrics_counter(
	    b, "rotations_total", "Files rolled over.", logdir_rolls(a->log));
	metrics_gauge(b, "write_failing",
	    "1 while the files can't be written; input is held.",
	    a->failing != 0);
	metrics_gauge(b, "disk_full", "1 while that is for want of space.",
	    a->failing == ENOSPC || a->failing == EDQUOT ||
		a->failing == EFBIG);
	metrics_counter(
	    b, "write_faults_total", "Times that this began.", a->faults);
	if (a->db == NULL)
		return;
	at = db_position(a->db);
	metrics_gauge(
	    b, "db_position", "Position the database has reached.", (double)at);
	metrics_gauge(b, "db_lag_events",
	    "Events that are kept and not yet in the database.",
	    at < a->committed ? (double)(a->committed - at) : 0);
}

static void
parse(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	int i = opt_parse(prog, argc, argv);

	if (i < argc)
		opt_misuse(prog, "no operand is taken: %s", argv[i]);
	if (*a->dir == '\0')
		opt_misuse(prog, "--dir: must not be empty");
	if (a->db_addr != NULL &&
	    (strncmp(a->db_addr, "sqlite:", 7) != 0 || a->db_addr[7] == '\0'))
		opt_misuse(prog, "--db: must be sqlite:PATH: %s", a->db_addr);
	if (a->db_addr != NULL)
		a->db_path = a->db_addr + 7;
	if (a->rebuild && a->db_path == NULL)
		opt_misuse(prog, "--rebuild-db: --db is needed");
	a->conf.no_out = a->no_tee;
	if (strcmp(a->sync_name, "batch") == 0)
		a->sync = SYNC_BATCH;
	else if (strcmp(a->sync_name, "none") == 0)
		a->sync = SYNC_NONE;
	/* a sync is worth waiting for many lines, a write alone is not */
	a->conf.group = a->sync == SYNC_NONE ? 0 : GROUP;
}

/* The folder's own past. */
static int
open_series(struct app *a)
{
	a->series = series_open(a->dir, SERIES_WINDOW);
	if (a->series == NULL) {
		msg_err("%s: can't be read: %s", a->dir, strerror(errno));
		return -1;
	}
	a->committed = series_last(a->series);
	if (a->conf.out == NULL || strncmp(a->conf.out, "unix:", 5) != 0)
		say_epoch(a); /* else when it is connected */
	return 0;
}

static int
open_db(struct app *a)
{
	const struct db_conf conf = {
		.path = a->db_path,
		.dir = a->dir,
		.epoch = series_name(a->series),
		.start = series_last(a->series),
	};

	if (a->db_path == NULL)
		return 0;
	clock_wall_ms(); /* reads the environment: before there are threads */
	a->db = db_start(&conf);
	if (a->db != NULL)
		return 0;
	msg_err("%s: %s", a->db_path, strerror(errno));
	return -1;
}

static int
open_all(struct app *a, const struct opt_prog *prog)
{
	static const struct stage_ops ops = {
		.event = on_event,
		.commit = on_commit,
		.up = on_up,
		.news = on_reader,
		.signal = on_signal,
		.metrics = on_metrics,
	};
	struct logdir_conf conf = {
		.dir = a->dir,
		.max_size = a->max_size,
		.keep = (int)a->keep,
		.sync = a->sync != SYNC_NONE,
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	buf_init(&a->ts, EVENT_INPUT_MAX);
	buf_init(&a->line, EVENT_INPUT_MAX + EVENT_LINE_MAX);
	/* over the size limit write(2) shall fail like on a full disk */
	sigaction(SIGXFSZ, &ignore, NULL);
	a->stage = stage_new(prog, &a->conf, &ops, a);
	if (a->stage == NULL)
		return -1;
	a->log = logdir_open(&conf, on_news, a);
	if (a->log != NULL)
		return open_series(a) < 0 ? -1 : open_db(a);
	if (errno == EWOULDBLOCK)
		msg_err("%s: already in use by another ss-log", a->dir);
	else
		msg_err("%s: %s", a->dir, strerror(errno));
	return -1;
}

static int
finish(struct app *a, int status)
{
	size_t left;

	if (a->log != NULL) {
		if (logdir_sync(a->log) < 0)
			status = 1;
		left = logdir_pending(a->log);
		if (left > 0)
			msg_err("%s: %zu bytes not written", a->dir, left);
		else if (a->series != NULL && logdir_unsynced(a->log) == 0)
			series_end(a->series, a->sync != SYNC_NONE);
		if (left == 0 && a->db != NULL)
			db_reach(a->db, series_last(a->series));
		if (db_finish(
			a->db, stage_input_ended(a->stage), a->conf.drain) < 0)
			status = 1;
		if (logdir_close(a->log) < 0)
			status = 1;
	}
	series_free(a->series);
	if (a->stage != NULL)
		loop_cancel(stage_loop(a->stage), &a->chat_sync);
	stage_free(a->stage);
	buf_release(&a->line);
	buf_release(&a->ts);
	return status;
}

int
main(int argc, char **argv)
{
	struct app a = {
		.conf = STAGE_CONF_INIT,
		.dir = "logs",
		.max_size = 10 << 20,
		.keep = 10,
		.sync_name = "gift",
		.sync_seconds = { .bound = metrics_loop_seconds,
		    .n = METRICS_LOOP_BOUNDS },
	};
	const struct opt opts[] = {
		STAGE_OPT_IN(a.conf),
		STAGE_OPT_OUT(a.conf),
		{ .kind = OPT_DIR,
		    .shortname = 'd',
		    .name = "dir",
		    .arg = "DIR",
		    .out = &a.dir,
		    .help = "keep the files in DIR (logs)" },
		{ .kind = OPT_SIZE,
		    .name = "max-size",
		    .arg = "SIZE",
		    .out = &a.max_size,
		    .min = 0,
		    .max = 1e15,
		    .help = "roll a file over before it has SIZE bytes; "
			    "0: never (10M)" },
		{ .kind = OPT_INT,
		    .name = "keep",
		    .arg = "N",
		    .out = &a.keep,
		    .min = 0,
		    .max = 10000,
		    .help = "old files to keep a day; 0: never roll (10)" },
		{ .kind = OPT_CHOICE,
		    .name = "sync",
		    .arg = "WHEN",
		    .out = &a.sync_name,
		    .choices = "gift batch none",
		    .help = "what is on the disk before it is passed on: gift "
			    "(and all but chat), batch (all) or none (gift)" },
		{ .kind = OPT_FLAG,
		    .name = "no-tee",
		    .out = &a.no_tee,
		    .help = "write to the files only, pass nothing on" },
		{ .kind = OPT_TEXT,
		    .name = "db",
		    .arg = "sqlite:PATH",
		    .out = &a.db_addr,
		    .help = "keep the events in the database PATH, too" },
		{ .kind = OPT_FLAG,
		    .name = "rebuild-db",
		    .out = &a.rebuild,
		    .help = "make the database anew from the files, and exit" },
		STAGE_OPT_METRICS(a.conf),
		STAGE_OPT_REJECT(a.conf),
		STAGE_OPT_DRAIN(a.conf),
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = {
		.name = "ss-log",
		.summary = "keep every event in daily files, then pass it on",
		.opts = opts,
	};

	parse(&a, &prog, argc, argv);
	if (a.rebuild)
		return db_rebuild(a.db_path, a.dir) < 0;
	if (open_all(&a, &prog) < 0)
		return finish(&a, 1);
	return finish(&a, stage_run(a.stage));
}
