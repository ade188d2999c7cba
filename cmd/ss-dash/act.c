/*
 * act: see dash.h. What a moderator does goes as one line to the gateway's
 * control socket, over a connection of its own, and its answer comes back to
 * him: delivered, so that the desk shows what is, not what was wished for.
 * Who he is, is said by us and never taken from the page.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dash.h"
#include "sock.h"

#include "banned.h"

#define ACTS_MAX 32        /* at a time */
#define ANSWER_MAX 65536   /* bytes */
#define ANSWER_TIME 7000   /* ms: the gateway's own wait is 5 s */
#define ACTION_NAME_MAX 16 /* bytes */

struct act {
	struct dash *d;
	struct httpd_conn *conn; /* NULL: he has gone */
	struct loop_io io;       /* fd < 0: free */
	struct loop_timer late;
	struct buf in;
};

struct acts {
	struct act act[ACTS_MAX];
};

struct acts *
acts_new(struct dash *d)
{
	struct acts *all = calloc(1, sizeof *all);
	size_t i;

	for (i = 0; all && i < ACTS_MAX; i++) {
		all->act[i].d = d;
		all->act[i].io.fd = -1;
		buf_init(&all->act[i].in, ANSWER_MAX);
	}
	return all;
}

static void
hang_up(struct act *a)
{
	if (a->io.fd < 0)
		return;
	loop_cancel(a->d->loop, &a->late);
	loop_del(a->d->loop, &a->io);
	close(a->io.fd);
	a->io.fd = -1;
	a->conn = NULL;
	buf_release(&a->in);
}

void
acts_free(struct acts *all)
{
	size_t i;

	for (i = 0; all && i < ACTS_MAX; i++)
		hang_up(&all->act[i]);
	free(all);
}

bool
act_can(const struct dash *d)
{
	return access(d->control, W_OK) == 0;
}

static void
fail(struct act *a, int status, const char *detail)
{
	if (a->conn)
		httpd_error(a->conn, status, detail);
	hang_up(a);
}

/* The gateway's answer as ours: its "code" is the status. */
static void
answer(struct act *a)
{
	struct json_doc doc = { .m = NULL };
	const struct json_member *m;
	int64_t status = 200;

	if (json_parse(&doc, a->in.p, a->in.len) < 0) {
		fail(a, 502, "the gateway's answer is no answer");
		json_release(&doc);
		return;
	}
	m = json_get(&doc, "code");
	if (json_get(&doc, "error") &&
	    (!m || json_int(m, &status) < 0 || status < 400 || status > 599))
		status = 502;
	json_release(&doc);
	if (a->conn)
		httpd_answer(a->conn, (int)status, "application/json", NULL,
		    a->in.p, a->in.len);
	hang_up(a);
}

static void
on_answer(void *arg, unsigned events)
{
	struct act *a = arg;
	ssize_t k;

	(void)events;
	if (buf_reserve(&a->in, 4096) < 0) {
		fail(a, 502, "the gateway's answer is too long");
		return;
	}
	k = recv(a->io.fd, a->in.p + a->in.len, 4096, MSG_DONTWAIT);
	if (k < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (k <= 0) {
		fail(a, 502, "the gateway hung up: it may have been done");
		return;
	}
	a->in.len += (size_t)k;
	a->in.p[a->in.len] = '\0';
	if (memchr(a->in.p, '\n', a->in.len))
		answer(a);
}

static void
on_late(void *arg)
{
	fail(arg, 504, "the gateway does not answer: it may have been done");
}

/* Members that are ours to say. */
static bool
is_ours(const struct json_member *m)
{
	static const char *const ours[] = { "type", "by", "role", "wait", "id",
		"ts", "nonce" };
	size_t i;

	for (i = 0; i < sizeof ours / sizeof *ours; i++)
		if (json_key_is(m, ours[i]))
			return true;
	return false;
}

/* The line for the gateway. 0, or -1: it is too long. */
static int
compose(struct buf *b, const char *action, const struct who *who,
    const struct json_doc *doc)
{
	size_t i;
	int rc;

	buf_addf(b,
	    "{\"type\":\"%s\",\"by\":\"%s\",\"role\":\"%s\",\"wait\":true",
	    action, who->name, role_name(who->role));
	for (i = 0; i < doc->n; i++) {
		const struct json_member *m = &doc->m[i];
		const char *line = m->key - 1;
		size_t n = (size_t)(m->val + m->vallen - line);

		/* white space between them may be the end of a line */
		if (is_ours(m) || memchr(line, '\n', n) ||
		    memchr(line, '\r', n))
			continue;
		buf_addc(b, ',');
		if (buf_add(b, line, n) < 0)
			return -1;
	}
	rc = buf_adds(b, "}\n");
	return rc;
}

static struct act *
free_act(struct acts *all)
{
	size_t i;

	for (i = 0; i < ACTS_MAX; i++)
		if (all->act[i].io.fd < 0)
			return &all->act[i];
	return NULL;
}

static void
send_line(struct dash *d, struct httpd_conn *c, const struct buf *line)
{
	struct act *a = free_act(d->acts);
	int fd;

	if (!a) {
		httpd_error(c, 503, "too many actions at once");
		return;
	}
	fd = sock_connect(d->control);
	if (fd < 0) {
		httpd_error(c, 503, "the gateway's control socket isn't there");
		return;
	}
	a->io = (struct loop_io){
		.fd = fd, .events = LOOP_IN, .fn = on_answer, .arg = a
	};
	if (send(fd, line->p, line->len, MSG_NOSIGNAL) != (ssize_t)line->len ||
	    loop_add(d->loop, &a->io) < 0) {
		close(fd);
		a->io.fd = -1;
		httpd_error(c, 503, "the gateway does not listen");
		return;
	}
	a->conn = c;
	loop_after(d->loop, &a->late, ANSWER_TIME, on_late, a);
}

void
act_take(struct dash *d, struct httpd_conn *c, const struct who *who,
    const char *action)
{
	struct json_doc doc = { .m = NULL };
	size_t n = strspn(action, "abcdefghijklmnopqrstuvwxyz");
	struct buf line;

	if (!n || action[n] || n > ACTION_NAME_MAX) {
		httpd_error(c, 404, "no such action");
		return;
	}
	if (!serve_body(c, &doc))
		return;
	buf_init(&line, BODY_MAX + 512);
	if (compose(&line, action, who, &doc) < 0)
		httpd_error(c, 413, NULL);
	else
		send_line(d, c, &line);
	buf_release(&line);
	json_release(&doc);
}

void
act_forget(struct dash *d, const struct httpd_conn *c)
{
	size_t i;

	for (i = 0; i < ACTS_MAX; i++)
		if (d->acts->act[i].conn == c)
			d->acts->act[i].conn = NULL;
}
