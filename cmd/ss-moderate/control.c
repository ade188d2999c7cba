/*
 * control: see app.h. A threshold event is in force for the lines behind it,
 * which is all there is to it in a pipe. A process that was started anew has
 * not seen those before its time: it asks the bus for the control events in
 * force (safestream(7)) before it reads its first line.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "app.h"
#include "clock.h"
#include "linein.h"
#include "msg.h"
#include "sock.h"

#include "banned.h"

#define STATE_WAIT 5000 /* ms for the hub to come up and to answer */
#define STATE_RETRY 50  /* ms between two tries to connect */

static bool
is_threshold(const struct event *ev)
{
	const struct json_member *m = ev->name;

	return m != NULL && m->vallen == sizeof("\"threshold\"") - 1 &&
	       memcmp(m->val, "\"threshold\"", m->vallen) == 0;
}

/* The event's room into out; what is no string counts as none. 0 or -1. */
static int
room_of(const struct event *ev, struct buf *out)
{
	const struct json_member *m = json_get(&ev->doc, "room");

	buf_reset(out);
	if (m == NULL || m->kind != JSON_STRING)
		return buf_adds(out, EVENT_ROOM);
	return json_unescape(m, out) < 0 && errno != EILSEQ ? -1
							    : buf_adds(out, "");
}

/* The room that a threshold is for into out, empty: all. 0, or -1: it is none.
 */
static int
room_named(const struct event *ev, struct buf *out)
{
	const struct json_member *m = json_get(&ev->doc, "room");

	buf_reset(out);
	if (m == NULL)
		return buf_adds(out, "");
	return m->kind == JSON_STRING && json_unescape(m, out) == 0 &&
		       event_name_valid(out->p, out->len)
		   ? 0
		   : -1;
}

static int
compare(const void *key, const void *level)
{
	return strcmp(key, ((const struct level *)level)->room);
}

static struct level *
find(const struct levels *l, const char *room)
{
	return l->n > 0
		   ? bsearch(room, l->level, l->n, sizeof(*l->level), compare)
		   : NULL;
}

/* 0, or -1 with errno. */
static int
set_level(struct levels *l, const char *room, double value)
{
	struct level *at = find(l, room);
	size_t i = l->n;

	if (at != NULL) {
		at->value = value;
		return 0;
	}
	if (l->n == l->cap) {
		at = realloc(l->level, (l->cap * 2 + 8) * sizeof(*at));
		if (at == NULL)
			return -1;
		l->level = at;
		l->cap = l->cap * 2 + 8;
	}
	while (i > 0 && strcmp(l->level[i - 1].room, room) > 0)
		i--;
	at = &l->level[i];
	memmove(at + 1, at, (l->n - i) * sizeof(*at));
	memcpy(at->room, room, strlen(room) + 1);
	at->value = value;
	l->n++;
	return 0;
}

void
control_event(struct app *a, const struct event *ev)
{
	const struct json_member *m;
	struct levels *l = &a->levels;
	double value;

	grade_event(a, ev);
	if (!is_threshold(ev))
		return;
	m = json_get(&ev->doc, "value");
	if (m == NULL || json_num(m, &value) < 0 || !(value >= 0) ||
	    value > 1 || room_named(ev, &l->room) < 0) {
		msg_warn("threshold: not one, so the old one stays");
		return;
	}
	if (*l->room.p == '\0') {
		l->all = value;
		l->n = 0; /* what was said of single rooms before is over */
	} else if (set_level(l, l->room.p, value) < 0) {
		msg_err("threshold: %s", strerror(errno));
	}
}

double
control_threshold(struct app *a, const struct event *ev)
{
	struct levels *l = &a->levels;
	const struct level *at;

	if (l->n == 0 || room_of(ev, &l->room) < 0)
		return l->all;
	at = find(l, l->room.p);
	return at != NULL ? at->value : l->all;
}

void
control_release(struct app *a)
{
	free(a->levels.level);
	buf_release(&a->levels.room);
}

/* The hub's answer as it comes. */
struct answer {
	struct app *app;
	struct linein in;
	struct event ev;
	bool greeted;
	int64_t left; /* lines of state */
};

/* 1: that was all of it, 0: more is to come, -1: it was none. */
static int
take_line(struct answer *w, const char *line, size_t n)
{
	const struct json_member *m;

	if (event_parse(&w->ev, line, n) < 0)
		return 0;
	if (w->greeted) {
		control_event(w->app, &w->ev);
		return --w->left <= 0;
	}
	if (w->ev.type != EVENT_HELLO)
		return 0; /* what is live may come before it */
	m = json_get(&w->ev.doc, "state");
	w->greeted = true;
	if (m == NULL || json_int(m, &w->left) < 0) {
		errno = EPROTO;
		return -1;
	}
	return w->left <= 0;
}

/* Waits for more, or for the deadline. 0, or -1 with errno. */
static int
await(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = deadline - clock_mono_ms();
	int rc = left > 0 ? poll(&p, 1, (int)left) : 0;

	if (rc == 0)
		errno = ETIMEDOUT;
	return rc > 0 || (rc < 0 && errno == EINTR) ? 0 : -1;
}

static int
listen_to(struct answer *w, int fd, int64_t deadline)
{
	ssize_t got;
	size_t n;
	char *p;
	int rc = 0;

	while (rc == 0) {
		switch (linein_next(&w->in, false, &p, &n)) {
		case LINEIN_LINE:
			rc = take_line(w, p, n);
			break;
		case LINEIN_MORE:
			if (await(fd, POLLIN, deadline) < 0)
				return -1;
			got = linein_read(&w->in, fd);
			if (got == 0)
				errno = ECONNRESET;
			if (got == 0 || (got < 0 && errno != EAGAIN))
				return -1;
			break;
		default:
			break;
		}
	}
	return rc < 0 ? -1 : 0;
}

/* One try. 0, or -1 with errno. */
static int
ask_hub(struct app *a, const char *path, int64_t deadline)
{
	static const char question[] = "{\"history\":0,\"state\":true}\n";
	struct answer w = { .app = a };
	int saved, rc = -1, fd = sock_connect(path);

	if (fd < 0)
		return -1;
	if (linein_init(&w.in, EVENT_INPUT_MAX) == 0) {
		if (send(fd, question, sizeof(question) - 1, MSG_NOSIGNAL) ==
		    (ssize_t)sizeof(question) - 1)
			rc = listen_to(&w, fd, deadline);
		saved = errno;
		linein_release(&w.in);
		event_release(&w.ev);
		errno = saved;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

void
control_recall(struct app *a)
{
	int64_t deadline = clock_mono_ms() + STATE_WAIT;

	if (a->state.kind != ADDR_CONNECT)
		return;
	while (ask_hub(a, a->state.path, deadline) < 0) {
		if (clock_mono_ms() + STATE_RETRY >= deadline) {
			msg_warn("%s: %s; what is in force is not known",
			    a->state.path, strerror(errno));
			return;
		}
		poll(NULL, 0, STATE_RETRY);
	}
	msg_info("%s: asked for what is in force", a->state.path);
}
