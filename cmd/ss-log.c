/*
 * ss-log: keeps every event in daily files and passes it on once it is kept.
 *
 * A batch of lines goes to memory first; before any of it leaves, stage asks
 * to commit, and that is where the files are written, in few large writes.
 * While they can't be written nothing is read and nothing is forwarded, so
 * whoever is upstream still has what is not kept yet.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "clock.h"
#include "event.h"
#include "json.h"
#include "logdir.h"
#include "msg.h"
#include "opt.h"
#include "stage.h"

#include "banned.h"

struct app {
	struct stage_conf conf;
	const char *dir;
	int64_t max_size, keep;
	bool no_tee;
	struct stage *stage;
	struct logdir *log;
	struct buf ts; /* a time that was written with escapes */
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
add(struct app *a, int64_t ms, const struct event *ev)
{
	if (logdir_add(a->log, ms, ev->line, ev->len) == 0)
		return 0;
	/* 9999-12-31 in a western offset is a day without a file name */
	if (errno == ERANGE)
		return logdir_add(a->log, clock_wall_ms(), ev->line, ev->len);
	/* too much waits: make room, once */
	if (logdir_flush(a->log) < 0)
		return -1;
	return logdir_add(a->log, ms, ev->line, ev->len);
}

static void
on_event(void *arg, const struct event *ev)
{
	struct app *a = arg;
	bool keep = !event_is_housekeeping(ev);

	if (keep && add(a, event_time(a, ev), ev) < 0) {
		/* not kept, so not passed on either */
		msg_err("%s: event lost: %s", a->dir, strerror(errno));
		stage_fail(a->stage);
		return;
	}
	stage_emit(a->stage, ev->line, ev->len, keep);
}

static int
on_commit(void *arg)
{
	struct app *a = arg;

	return logdir_flush(a->log);
}

static void
on_signal(void *arg, int signo)
{
	struct app *a = arg;

	if (signo == SIGHUP)
		logdir_reopen(a->log);
}

static void
on_news(void *arg, enum logdir_news what, const char *path, int64_t n)
{
	(void)arg;
	switch (what) {
	case LOGDIR_FAILED:
		msg_err("%s: %s", path, strerror((int)n));
		break;
	case LOGDIR_AGAIN:
		msg_err("%s: writing again", path);
		break;
	case LOGDIR_TORN:
		msg_warn("%s: torn last line, %lld bytes, moved to %s.torn",
		    path, (long long)n, path);
		break;
	}
}

static void
parse(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	int i = opt_parse(prog, argc, argv);

	if (i < argc)
		opt_misuse(prog, "no operand is taken: %s", argv[i]);
	if (*a->dir == '\0')
		opt_misuse(prog, "--dir: must not be empty");
	a->conf.no_out = a->no_tee;
}

static int
open_all(struct app *a, const struct opt_prog *prog)
{
	static const struct stage_ops ops = {
		.event = on_event,
		.commit = on_commit,
		.signal = on_signal,
	};
	struct logdir_conf conf = {
		.dir = a->dir,
		.max_size = a->max_size,
		.keep = (int)a->keep,
	};
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	buf_init(&a->ts, EVENT_INPUT_MAX);
	/* over the size limit write(2) shall fail like on a full disk */
	sigaction(SIGXFSZ, &ignore, NULL);
	a->stage = stage_new(prog, &a->conf, &ops, a);
	if (a->stage == NULL)
		return -1;
	a->log = logdir_open(&conf, on_news, a);
	if (a->log != NULL)
		return 0;
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
		logdir_flush(a->log);
		left = logdir_pending(a->log);
		if (left > 0)
			msg_err("%s: %zu bytes not written", a->dir, left);
		if (logdir_close(a->log) < 0)
			status = 1;
	}
	stage_free(a->stage);
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
		{ .kind = OPT_FLAG,
		    .name = "no-tee",
		    .out = &a.no_tee,
		    .help = "write to the files only, pass nothing on" },
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
	if (open_all(&a, &prog) < 0)
		return finish(&a, 1);
	return finish(&a, stage_run(a.stage));
}
