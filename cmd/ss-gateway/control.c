/*
 * control: the control socket, for ss-ctl, ss-dash and scripts: a JSON line
 * in, a JSON line out. Who can open it is trusted, so its folder and its mode
 * (0600) and the peer's user are its lock. A client's lines are taken one by
 * one: while one waits for its event, or the client doesn't read, no more of
 * it is read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway.h"
#include "linein.h"
#include "msg.h"
#include "sock.h"

#include "banned.h"

#define CLIENTS_MAX 64
#define OUT_MAX 65536 /* bytes of answers that wait for a client */
#define WAIT_MAX 5000 /* ms for an event to come back, as ?wait=1 */
#define AGAIN 1000    /* ms until a path that is taken is tried again */

struct client {
	struct control *control;
	struct client *next;
	struct loop_io io;
	struct linein in;
	struct buf out;
	char id[ULID_LEN + 1]; /* waits for this event; "": for none */
	bool wait;             /* he has asked for that */
	bool eof, dead;
	struct loop_timer late;
};

struct control {
	struct gateway *g;
	struct addr addr;
	struct loop_io listener;
	int lock;
	bool listening;
	struct client *clients;
	unsigned n;
	struct loop_timer again, sweep;
};

static void on_client(void *arg, unsigned events);
static void go_on(struct client *);

static void
free_client(struct client *c)
{
	struct gateway *g = c->control->g;

	loop_cancel(g->loop, &c->late);
	loop_del(g->loop, &c->io);
	close(c->io.fd);
	linein_release(&c->in);
	buf_release(&c->out);
	free(c);
}

/* Outside of everybody's callbacks. */
static void
sweep(void *arg)
{
	struct control *k = arg;
	struct client **at = &k->clients, *c;

	while ((c = *at)) {
		if (!c->dead) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		k->n--;
		free_client(c);
	}
}

static void
drop(struct client *c)
{
	c->dead = true;
	loop_mod(c->control->g->loop, &c->io, 0);
	loop_after(
	    c->control->g->loop, &c->control->sweep, 0, sweep, c->control);
}

/* What waits for him, as far as he takes it. */
static void
flush(struct client *c)
{
	ssize_t k;

	while (c->out.len) {
		k = send(c->io.fd, c->out.p, c->out.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN)
			return;
		if (k < 0) {
			drop(c);
			return;
		}
		buf_drop(&c->out, (size_t)k);
	}
}

static void
say_refused(struct client *c, int status, const char *detail)
{
	buf_addf(&c->out, "{\"error\":\"%s\",\"detail\":", answer_word(status));
	json_write_str(&c->out, detail, strlen(detail));
	buf_addf(&c->out, ",\"code\":%d}\n", status);
}

static void
say_taken(struct client *c, const char *status, const char *id)
{
	buf_addf(&c->out, "{\"status\":\"%s\",\"id\":\"%s\"}\n", status, id);
}

static void
on_late(void *arg)
{
	struct client *c = arg;

	if (c->wait)
		say_refused(c, 504, "not known to be delivered yet");
	else
		say_taken(c, "queued", c->id);
	*c->id = '\0';
	go_on(c);
}

/* The action that a line names. 0, or -1 after an answer. */
static int
read_type(struct client *c, enum action_type *type)
{
	struct gateway *g = c->control->g;
	const struct json_member *m = json_get(&g->doc, "type");

	buf_reset(&g->text);
	if (m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	    action_find(g->text.p, g->text.len, type) == 0)
		return 0;
	say_refused(c, 400, "type: must be an action, as mute or delete");
	return -1;
}

/* The nonce that a line has, copied to key; NULL: none. 0, or -1. */
static int
read_key(struct client *c, char key[EVENT_NONCE_MAX + 1], size_t *n)
{
	struct gateway *g = c->control->g;
	const struct json_member *m = json_get(&g->doc, "nonce");

	*n = 0;
	if (!m)
		return 0;
	buf_reset(&g->text);
	if (m->kind == JSON_STRING && json_unescape(m, &g->text) == 0 &&
	    g->text.len > 0 && g->text.len <= EVENT_NONCE_MAX &&
	    !memchr(g->text.p, '\0', g->text.len)) {
		*n = g->text.len;
		memcpy(key, g->text.p, *n + 1);
		return 0;
	}
	say_refused(c, 400, "nonce: must be a string of 1 to 64 bytes");
	return -1;
}

/*
 * Who has the socket may do everything; where he does it for somebody, as
 * ss-dash does for a moderator with a token, he says in which role. as is
 * that somebody, or has no role of staff: there is none. 0, or -1.
 */
static int
read_actor(struct client *c, struct ident *as)
{
	struct gateway *g = c->control->g;
	const struct json_member *m = json_get(&g->doc, "role");

	*as = (struct ident){ .role = ROLE_VIEWER };
	if (!m)
		return 0;
	buf_reset(&g->text);
	if (m->kind != JSON_STRING || json_unescape(m, &g->text) < 0 ||
	    role_parse(g->text.p, g->text.len, &as->role) < 0 ||
	    !role_is_staff(as->role)) {
		say_refused(c, 400, "role: must be that of staff");
		return -1;
	}
	m = json_get(&g->doc, "by");
	buf_reset(&g->text);
	if (!m || m->kind != JSON_STRING || json_unescape(m, &g->text) < 0 ||
	    !event_name_valid(g->text.p, g->text.len)) {
		say_refused(c, 400, "by: must be a username, as there is role");
		return -1;
	}
	memcpy(as->name, g->text.p, g->text.len + 1);
	as->known = true;
	return 0;
}

static void
take(struct client *c, const char *line, size_t n)
{
	struct ident as;
	struct gateway *g = c->control->g;
	char key[EVENT_NONCE_MAX + 1];
	const struct json_member *m;
	enum action_type type;
	struct fate f;
	size_t keylen;

	if (json_parse(&g->doc, line, n) < 0) {
		say_refused(c, 400, g->doc.err);
		return;
	}
	if (read_type(c, &type) < 0 || read_key(c, key, &keylen) < 0 ||
	    read_actor(c, &as) < 0)
		return;
	m = json_get(&g->doc, "wait");
	c->wait = m && m->kind == JSON_TRUE;
	act_take(g, as.known ? &as : NULL, type, line, n, keylen ? key : NULL,
	    keylen, &f);
	if (f.status != 200) {
		say_refused(c, f.status, f.detail);
		return;
	}
	if (f.pending && (c->wait || act_is_decision(type))) {
		memcpy(c->id, f.id, sizeof c->id);
		loop_after(g->loop, &c->late, WAIT_MAX, on_late, c);
		return;
	}
	say_taken(c, c->wait ? "delivered" : "queued", f.id);
}

/* Takes what was read, as far as answers can be given. */
static void
go_on(struct client *c)
{
	struct loop *loop = c->control->g->loop;
	enum linein_got got = LINEIN_LINE;
	unsigned events;
	size_t n;
	char *p;

	while (!c->dead && !*c->id && c->out.len < OUT_MAX / 2 &&
	       (got = linein_next(&c->in, c->eof, &p, &n)) != LINEIN_MORE) {
		if (got == LINEIN_LONG)
			say_refused(c, 413, "line: over 64 KiB");
		else if (got == LINEIN_LINE && n)
			take(c, p, n);
	}
	if (c->dead)
		return;
	flush(c);
	if (c->dead)
		return;
	if (c->eof && got == LINEIN_MORE && !c->out.len) {
		drop(c);
		return;
	}
	events = c->out.len ? LOOP_OUT : 0;
	if (!c->eof && !*c->id && c->out.len < OUT_MAX / 2)
		events |= LOOP_IN;
	loop_mod(loop, &c->io, events);
}

static void
on_client(void *arg, unsigned events)
{
	struct client *c = arg;
	ssize_t k;

	if (c->dead)
		return;
	if (events & LOOP_IN) {
		k = linein_read(&c->in, c->io.fd);
		c->eof = k == 0;
		if (k < 0 && errno != EAGAIN && errno != EINTR) {
			drop(c);
			return;
		}
	} else if (events & LOOP_ERR) {
		drop(c);
		return;
	}
	go_on(c);
}

/* He is let in, or told why not, in which case he is gone. */
static void
welcome(struct control *k, int fd)
{
	static const char full[] = "{\"error\":\"busy\",\"detail\":"
				   "\"too many clients\",\"code\":503}\n";
	struct client *c = NULL;
	pid_t pid;
	uid_t uid;

	if (sock_peer(fd, &pid, &uid) < 0 || (uid != geteuid() && uid != 0))
		goto no;
	if (k->n >= CLIENTS_MAX) {
		if (send(fd, full, sizeof full - 1, MSG_NOSIGNAL) < 0)
			msg_info("control: %s", strerror(errno));
		goto no;
	}
	c = calloc(1, sizeof *c);
	if (!c || linein_init(&c->in, BODY_MAX) < 0)
		goto no;
	buf_init(&c->out, OUT_MAX);
	c->control = k;
	c->io = (struct loop_io){
		.fd = fd, .events = LOOP_IN, .fn = on_client, .arg = c
	};
	if (loop_add(k->g->loop, &c->io) < 0) {
		linein_release(&c->in);
		goto no;
	}
	c->next = k->clients;
	k->clients = c;
	k->n++;
	return;
no:
	free(c);
	close(fd);
}

static void
on_connection(void *arg, unsigned events)
{
	struct control *k = arg;
	int fd;

	(void)events;
	while ((fd = sock_accept(k->listener.fd)) >= 0)
		welcome(k, fd);
}

/* 0, or -1 with errno. */
static int
begin(struct control *k)
{
	int fd = sock_listen(k->addr.path, &k->lock);

	if (fd < 0)
		return -1;
	k->listener = (struct loop_io){
		.fd = fd, .events = LOOP_IN, .fn = on_connection, .arg = k
	};
	if (loop_add(k->g->loop, &k->listener) < 0) {
		sock_unlisten(k->addr.path, fd, k->lock);
		return -1;
	}
	k->listening = true;
	msg_info("control: %s", k->addr.path);
	return 0;
}

/* Another gateway of the same bus has it: when that one ends, it is ours. */
static void
try_again(void *arg)
{
	struct control *k = arg;

	if (begin(k) < 0)
		loop_after(k->g->loop, &k->again, AGAIN, try_again, k);
}

/*
 * Where it is not asked for, it is there if it can be: beside the bus, and
 * with several gateways on one bus at one of them, which does for all.
 */
int
control_open(struct gateway *g)
{
	const char *err;
	struct control *k;
	bool asked = g->control_path != NULL;

	if (g->worker > 0 || (asked && strcmp(g->control_path, "none") == 0) ||
	    (!asked && g->in_addr.kind != ADDR_CONNECT))
		return 0;
	k = calloc(1, sizeof *k);
	if (!k)
		return -1;
	k->g = g;
	g->control = k;
	if (!asked) {
		if (addr_control(
			&k->addr, ADDR_LISTEN, g->in_addr.path, &err) == 0)
			try_again(k);
		return 0;
	}
	memcpy(k->addr.path, g->control_path, strlen(g->control_path) + 1);
	if (begin(k) == 0)
		return 0;
	msg_err("%s: %s", k->addr.path,
	    errno == EADDRINUSE ? "already running" : strerror(errno));
	return -1;
}

void
control_delivered(
    struct gateway *g, const char *id, const char *real, int status)
{
	struct client *c = g->control ? g->control->clients : NULL;

	for (; c; c = c->next) {
		if (c->dead || strcmp(c->id, id) != 0)
			continue;
		loop_cancel(g->loop, &c->late);
		*c->id = '\0';
		if (status == 200)
			say_taken(c, c->wait ? "delivered" : "queued", real);
		else
			say_refused(c, status, "decided already");
		/* the events' own turn comes first */
		loop_mod(g->loop, &c->io, LOOP_OUT);
	}
}

void
control_close(struct gateway *g)
{
	struct control *k = g->control;
	struct client *c, *next;

	if (!k)
		return;
	for (c = k->clients; c; c = next) {
		next = c->next;
		free_client(c);
	}
	loop_cancel(g->loop, &k->again);
	loop_cancel(g->loop, &k->sweep);
	if (k->listening) {
		loop_del(g->loop, &k->listener);
		sock_unlisten(k->addr.path, k->listener.fd, k->lock);
	}
	free(k);
	g->control = NULL;
}
