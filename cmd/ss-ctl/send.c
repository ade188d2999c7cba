/*
 * send.c: where an action goes: to a gateway's control socket, to one over
 * HTTP with a token, or out as the line that it becomes. One request, one
 * answer; under a key, trying again is safe and left to who runs it.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"
#include "http.h"
#include "json.h"
#include "linein.h"
#include "msg.h"
#include "secret.h"
#include "sock.h"

#include "banned.h"

#define APPEAR 1000 /* ms for a gateway that is being started again */
#define RETRY 50

/* Says what was done: nothing that a server sent but its id. */
static int
tell_done(const struct app *a, const char *status, const char *id)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, 4096);
	words_tell(a, &b);
	if (!msg_is_quiet() && (printf("%s %s: %s\n", id, status, b.p) < 0 ||
				   fflush(stdout) != 0)) {
		msg_err("stdout: %s", strerror(errno));
		rc = 1;
	}
	buf_release(&b);
	return rc;
}

/* The string member key, copied; empty where there is none that fits. */
static void
member(const struct json_doc *d, const char *key, char *out, size_t max)
{
	const struct json_member *m = json_get(d, key);
	struct buf b;

	buf_init(&b, max - 1);
	*out = '\0';
	if (m && m->kind == JSON_STRING && json_unescape(m, &b) == 0)
		memcpy(out, b.p, b.len + 1);
	buf_release(&b);
}

/* An answer's body. status: HTTP's, or 0: it stands in the body. */
static int
take_answer(const struct app *a, const char *p, size_t n, long status)
{
	char error[64], detail[512], word[32], id[ULID_LEN + 1];
	struct json_doc d = { 0 };
	int64_t code = status;
	int rc = 1;

	if (json_parse(&d, p, n) < 0) {
		msg_err("not understood: %ld %s", status, d.err);
		json_release(&d);
		return 1;
	}
	member(&d, "error", error, sizeof error);
	member(&d, "detail", detail, sizeof detail);
	member(&d, "status", word, sizeof word);
	member(&d, "id", id, sizeof id);
	if (!status && json_get(&d, "code"))
		(void)json_int(json_get(&d, "code"), &code);
	json_release(&d);
	/* nothing else is a yes, whoever answers here */
	if ((!status || status == 200) && ulid_valid(id, strlen(id)) &&
	    (strcmp(word, "delivered") == 0 || strcmp(word, "queued") == 0))
		rc = tell_done(a, word, id);
	else if (!*error && !code)
		msg_err("not understood: no answer of a gateway's");
	else
		msg_err("%lld %s%s%s", (long long)code,
		    *error ? error : "refused", *detail ? ": " : "", detail);
	return rc;
}

/* --- as a line --- */

/* 0, or -1 with errno. */
static int
write_all(int fd, const char *p, size_t n)
{
	struct pollfd io = { .fd = fd, .events = POLLOUT };
	ssize_t k;

	while (n) {
		k = write(fd, p, n);
		if (k < 0 && errno == EAGAIN && poll(&io, 1, -1) >= 0)
			continue;
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static int
connect_for(const char *path, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;
	int fd;

	while ((fd = sock_connect(path)) < 0 &&
	       (errno == ENOENT || errno == ECONNREFUSED) &&
	       clock_mono_ms() + RETRY < end)
		poll(NULL, 0, RETRY);
	return fd;
}

int
send_line(struct app *a)
{
	int64_t now = clock_wall_ms();
	struct ulid ids = { 0 };
	char id[ULID_LEN + 1];
	int fd = STDOUT_FILENO;

	ulid_next(&ids, now, id);
	a->action.role = ROLE_ADMIN;
	if (action_write(&a->text, &a->action, id, now, a->key,
		a->key ? strlen(a->key) : 0) < 0 ||
	    buf_addc(&a->text, '\n') < 0) {
		msg_err("%s", strerror(errno));
		return 1;
	}
	if (a->addr.kind == ADDR_CONNECT)
		fd = connect_for(a->addr.path, (int64_t)(a->timeout * 1000));
	if (fd < 0 || write_all(fd, a->text.p, a->text.len) < 0) {
		msg_err("%s: %s",
		    a->addr.kind == ADDR_STD ? "stdout" : a->addr.path,
		    strerror(errno));
		return 1;
	}
	if (a->addr.kind == ADDR_CONNECT)
		close(fd);
	return 0;
}

/* --- over the control socket --- */

static void
write_request(struct app *a)
{
	struct buf *b = &a->text;

	buf_addf(
	    b, "{\"type\":\"%s\"%s", action_name(a->action.type), a->members.p);
	if (a->key) {
		buf_adds(b, ",\"nonce\":");
		json_write_str(b, a->key, strlen(a->key));
	}
	if (a->wait)
		buf_adds(b, ",\"wait\":true");
	buf_addc(b, '}');
}

/* One line from fd into in, by deadline. 0, or -1 with errno. */
static int
read_answer(int fd, struct linein *in, int64_t deadline, char **p, size_t *n)
{
	struct pollfd io = { .fd = fd, .events = POLLIN };
	enum linein_got got;
	ssize_t k = 1;
	int64_t left;

	for (;;) {
		got = linein_next(in, k == 0, p, n);
		if (got == LINEIN_LINE)
			return 0;
		if (got != LINEIN_MORE || k == 0) {
			errno = got == LINEIN_MORE ? ECONNRESET : EMSGSIZE;
			return -1;
		}
		left = deadline - clock_mono_ms();
		errno = ETIMEDOUT;
		if (left <= 0 ||
		    (poll(&io, 1, (int)left) < 0 && errno != EINTR))
			return -1;
		k = linein_read(in, fd);
		if (k < 0 && errno != EAGAIN)
			return -1;
	}
}

int
send_control(struct app *a)
{
	int64_t ms = (int64_t)(a->timeout * 1000);
	struct linein in = { 0 };
	int fd, rc = 1;
	size_t n;
	char *p;

	fd = connect_for(a->addr.path, ms < APPEAR ? ms : APPEAR);
	if (fd < 0) {
		msg_err("%s: %s", a->addr.path,
		    errno == ENOENT || errno == ECONNREFUSED
			? "no gateway is there"
			: strerror(errno));
		return 1;
	}
	write_request(a);
	buf_addc(&a->text, '\n');
	/* one who has too many clients says so, and listens to no more */
	if (linein_init(&in, HTTP_BODY_MAX) < 0 ||
	    (write_all(fd, a->text.p, a->text.len) < 0 && errno != EPIPE) ||
	    read_answer(fd, &in, clock_mono_ms() + ms, &p, &n) < 0)
		msg_err("%s: %s", a->addr.path, strerror(errno));
	else
		rc = take_answer(a, p, n, 0);
	linein_release(&in);
	close(fd);
	return rc;
}

/* --- over HTTP --- */

bool
send_has_token(const struct app *a)
{
	const char *env = getenv("SS_TOKEN");

	return a->token_file || (env && *env);
}

/* The Authorization header. 0, or -1 after a message. */
static int
read_token(const struct app *a, struct buf *auth)
{
	const char *env = getenv("SS_TOKEN"), *why = NULL;
	struct buf token;
	int rc;

	buf_init(&token, SECRET_MAX);
	if (a->token_file) {
		if (secret_read(a->token_file, &token, &why) < 0)
			msg_err("%s: %s", a->token_file, why);
	} else {
		why = secret_check(env, strlen(env));
		if (why)
			msg_err("SS_TOKEN: %s", why);
		else
			buf_adds(&token, env);
	}
	rc = why ? -1
		 : buf_adds(auth, "Authorization: Bearer ") |
		       buf_add(auth, token.p, token.len);
	buf_release(&token);
	return rc;
}

static int
post(struct app *a, const char *url, const char *const *headers)
{
	const struct http_conf conf = { .agent = "ss-ctl/" SS_VERSION,
		.timeout = a->timeout,
		.wake_fd = -1 };
	struct http *h = http_new(&conf);
	struct http_answer ans;
	int rc = 1;

	if (!h) {
		msg_err("%s", strerror(ENOMEM));
		return 1;
	}
	buf_init(&ans.body, HTTP_BODY_MAX);
	write_request(a);
	if (http_post(h, url, headers, a->text.p, a->text.len, &ans) ==
	    HTTP_ANSWERED)
		rc = take_answer(a, ans.body.p, ans.body.len, ans.status);
	else
		msg_err("%s: %s", url, ans.why);
	buf_release(&ans.body);
	http_free(h);
	return rc;
}

int
send_http(struct app *a)
{
	struct buf auth, key, path, url;
	const char *headers[3] = { NULL };
	const char *err = NULL;
	bool open = false;
	int rc = 1;

	buf_init(&auth, SECRET_MAX + 64);
	buf_init(&key, EVENT_NONCE_MAX + 64);
	buf_init(&path, 256);
	buf_init(&url, HTTP_BODY_MAX);
	buf_addf(&path, "/api/admin/%s%s", action_name(a->action.type),
	    a->wait ? "?wait=1" : "");
	if (a->key)
		buf_addf(&key, "Idempotency-Key: %s", a->key);
	if (http_url(a->url, path.p, &url, &open, &err) < 0) {
		msg_err("--url: %s: %s", a->url, err);
		rc = 2;
	} else if (read_token(a, &auth) == 0) {
		if (open)
			msg_warn("the token is sent unencrypted");
		headers[0] = auth.p;
		headers[1] = a->key ? key.p : NULL;
		rc = post(a, url.p, headers);
	}
	buf_release(&auth);
	buf_release(&key);
	buf_release(&path);
	buf_release(&url);
	return rc;
}
