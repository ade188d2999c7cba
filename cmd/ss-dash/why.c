/*
 * why: see dash.h. Why a message has the verdict it has: ss-moderate itself is
 * asked, offline, with the options that the environment gives it. Where the
 * line has the answer already (--explain) the page needs none of this.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dash.h"
#include "msg.h"

#include "banned.h"

#define WHYS_MAX 4     /* at a time: each is a process */
#define WHY_TIME 20000 /* ms: it reads its model first, on a busy machine */
#define ENV_MAX 512    /* variables that are passed on */
#define TEXT_MAX 4096  /* bytes of a message */

struct why {
	struct dash *d;
	struct httpd_conn *conn; /* NULL: he has gone */
	struct loop_io io;       /* fd < 0: free */
	struct loop_timer late;
	pid_t pid;
	struct buf in;
};

struct whys {
	struct why why[WHYS_MAX];
};

struct whys *
whys_new(struct dash *d)
{
	struct whys *all = calloc(1, sizeof *all);
	size_t i;

	for (i = 0; all && i < WHYS_MAX; i++) {
		all->why[i].d = d;
		all->why[i].io.fd = -1;
		buf_init(&all->why[i].in, EVENT_INPUT_MAX);
	}
	return all;
}

/* Its end: what it has not said by now it won't. */
static void
finish(struct why *w)
{
	if (w->io.fd < 0)
		return;
	loop_cancel(w->d->loop, &w->late);
	loop_del(w->d->loop, &w->io);
	close(w->io.fd);
	w->io.fd = -1;
	w->conn = NULL;
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	buf_release(&w->in);
}

void
whys_free(struct whys *all)
{
	size_t i;

	for (i = 0; all && i < WHYS_MAX; i++)
		finish(&all->why[i]);
	free(all);
}

static void
conclude(struct why *w)
{
	size_t n = strcspn(w->in.p, "\n");
	struct json_doc doc = { .m = NULL };

	if (!w->conn)
		;
	else if (n == 0 || json_parse(&doc, w->in.p, n) < 0)
		httpd_error(w->conn, 502, "ss-moderate gave no answer");
	else
		httpd_answer(
		    w->conn, 200, "application/json", NULL, w->in.p, n);
	json_release(&doc);
	finish(w);
}

static void
on_output(void *arg, unsigned events)
{
	struct why *w = arg;
	ssize_t k = -1;

	(void)events;
	if (buf_reserve(&w->in, 4096) == 0)
		k = read(w->io.fd, w->in.p + w->in.len, 4096);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k > 0) {
		w->in.len += (size_t)k;
		w->in.p[w->in.len] = '\0';
		return;
	}
	conclude(w);
}

static void
on_late(void *arg)
{
	struct why *w = arg;

	if (w->conn)
		httpd_error(w->conn, 504, "ss-moderate takes too long");
	finish(w);
}

/* Ours, but for what would make it more than a filter. */
static void
environment(char **out)
{
	static const char *const not [] = { "SS_INPUT=", "SS_OUTPUT=",
		"SS_REJECT=", "SS_METRICS=", "SS_STATE=", "SS_STATS=",
		"NOTIFY_SOCKET=", "WATCHDOG_USEC=" };
	size_t i, k, n = 0;
	bool skip;

	for (i = 0; environ[i] && n < ENV_MAX; i++) {
		skip = false;
		for (k = 0; k < sizeof not / sizeof *not ; k++)
			skip = skip || strncmp(environ[i], not [k],
					   strlen(not [k])) == 0;
		if (!skip)
			out[n++] = environ[i];
	}
	out[n] = NULL;
}

/* Starts it between the two descriptors. 0, or an errno. */
static int
spawn(pid_t *pid, int in, int out, char *threshold)
{
	/* the arguments are not const, for ancient reasons */
	char name[] = "ss-moderate", quiet[] = "-q", explain[] = "--explain",
	     labels[] = "--labels", option[] = "--threshold";
	char *argv[] = { name, quiet, explain, labels,
		*threshold ? option : NULL, threshold, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char *env[ENV_MAX + 1];
	sigset_t none, pipes;
	int e;

	environment(env);
	sigemptyset(&none);
	sigemptyset(&pipes);
	sigaddset(&pipes, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipes);
	e = posix_spawnp(pid, name, &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return e;
}

/* A child that has our line, and whose answer comes. 0, or an errno. */
static int
start(struct why *w, const struct buf *line, char *threshold)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, e = 0;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		e = errno;
	/* a line is shorter than what a pipe takes: it never blocks */
	if (!e && write(in[1], line->p, line->len) != (ssize_t)line->len)
		e = EIO;
	if (!e)
		e = spawn(&w->pid, in[0], out[1], threshold);
	if (in[0] >= 0)
		close(in[0]);
	if (in[1] >= 0)
		close(in[1]);
	if (out[1] >= 0)
		close(out[1]);
	if (!e) {
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		w->io = (struct loop_io){ .fd = out[0],
			.events = LOOP_IN,
			.fn = on_output,
			.arg = w };
		if (loop_add(w->d->loop, &w->io) == 0)
			return 0;
		e = errno;
		w->io.fd = -1;
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	if (out[0] >= 0)
		close(out[0]);
	return e;
}

/* {"message":…,"threshold":0.6}: as a chat line, and the option. 0, or -1. */
static int
compose(struct httpd_conn *c, struct buf *line, char threshold[32])
{
	struct json_doc doc = { .m = NULL };
	const struct json_member *m;
	double t;
	int rc = -1;

	*threshold = '\0';
	if (!serve_body(c, &doc))
		return -1;
	m = json_get(&doc, "threshold");
	if (m && (json_num(m, &t) < 0 || t < 0 || t > 1)) {
		httpd_error(c, 400, "threshold: must be a number, 0 to 1");
	} else {
		if (m)
			snprintf(threshold, 32, "%.4f", t);
		m = json_get(&doc, "message");
		if (m && m->kind == JSON_STRING && m->vallen <= TEXT_MAX &&
		    !memchr(m->val, '\n', m->vallen)) {
			buf_adds(line, "{\"type\":\"chat\",\"message\":");
			buf_add(line, m->val, m->vallen);
			rc = buf_adds(line, "}\n");
		} else {
			httpd_error(c, 400, "message: must be a string");
		}
	}
	json_release(&doc);
	return rc;
}

void
why_take(struct dash *d, struct httpd_conn *c)
{
	struct why *w = d->whys->why;
	char threshold[32];
	struct buf line;
	int e;

	while (w < d->whys->why + WHYS_MAX && w->io.fd >= 0)
		w++;
	buf_init(&line, TEXT_MAX + 64);
	if (compose(c, &line, threshold) < 0) {
		;
	} else if (w == d->whys->why + WHYS_MAX) {
		httpd_error(c, 503, "too many questions at once");
	} else if ((e = start(w, &line, threshold)) != 0) {
		msg_warn("ss-moderate: %s", strerror(e));
		httpd_error(c, 503, "ss-moderate can't be started");
	} else {
		w->conn = c;
		loop_after(d->loop, &w->late, WHY_TIME, on_late, w);
	}
	buf_release(&line);
}

void
why_forget(struct dash *d, const struct httpd_conn *c)
{
	size_t i;

	for (i = 0; i < WHYS_MAX; i++)
		if (d->whys->why[i].conn == c)
			d->whys->why[i].conn = NULL;
}
