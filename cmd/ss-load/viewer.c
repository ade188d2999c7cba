/*
 * viewer.c: one connection: it connects, shakes hands, takes frames apart and
 * answers those that want an answer. What is read goes into one buffer that
 * all share; only the beginning of a frame that isn't whole yet is kept, so a
 * viewer for whom nothing waits has no buffers at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "clock.h"

#include "banned.h"

#define HEAD_MAX 8192         /* of an answer to the handshake */
#define OUT_FULL (64u * 1024) /* no more is sent while so much waits */

bool
viewer_is_sender(const struct app *a, const struct viewer *v)
{
	return v->index < a->nsenders;
}

static void
watch(struct app *a, struct viewer *v, bool out)
{
	if (v->wants_out != out &&
	    engine_change(a, v->fd, v->index, out,
		!(v->slow && v->state == V_OPEN && a->phase < P_DRAIN)) == 0)
		v->wants_out = out;
}

/* The connection is over; what it was in decides who is counted. */
static void
gone(struct app *a, struct viewer *v)
{
	if (v->state == V_CONNECT || v->state == V_SHAKE)
		a->shaking--;
	if (v->state == V_OPEN) {
		a->open--;
		a->slow_open -= v->slow;
	}
	order_leave(a, v);
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	v->state = V_GONE;
	v->wants_out = false;
	buf_release(&v->in);
	buf_release(&v->frag);
	buf_release(&v->out);
}

void
viewer_release(struct viewer *v)
{
	if (v->fd >= 0)
		close(v->fd);
	buf_release(&v->in);
	buf_release(&v->frag);
	buf_release(&v->out);
	free(v->owed);
}

static void
fail(struct app *a, struct viewer *v, enum mistake kind, const char *why)
{
	if (v->state == V_CONNECT || v->state == V_SHAKE)
		a->failed++;
	report_mistake(a, kind, v, "%s", why);
	gone(a, v);
}

void
viewer_late(struct app *a, struct viewer *v)
{
	fail(a, v, BAD_CONNECT, "handshake: no answer in time");
}

void
viewer_start(struct app *a, struct viewer *v)
{
	v->state = V_CONNECT;
	v->since = a->now;
	v->hello = a->churn_rate > 0 || v->slow;
	v->recover = v->seq > 0 && a->epoch[0] && a->has_seq;
	a->shaking++;
	a->n.connects++;
	buf_init(&v->in, PAYLOAD_MAX + WS_HEAD_MAX);
	buf_init(&v->frag, PAYLOAD_MAX);
	buf_init(&v->out, 1 << 20);
	v->fd = target_connect(a, v->index, v->slow);
	if (v->fd < 0 || engine_watch(a, v->fd, v->index, true, true) < 0)
		fail(a, v, BAD_CONNECT, strerror(errno));
	else
		v->wants_out = true;
}

/* Sends what waits, as far as it goes. */
static void
flush(struct app *a, struct viewer *v)
{
	ssize_t n;

	if (v->fd < 0)
		return;
	while (v->out.len > 0) {
		n = send(v->fd, v->out.p, v->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			buf_reset(&v->out); /* reading will tell the end */
		if (n < 0)
			break;
		buf_drop(&v->out, (size_t)n);
	}
	watch(a, v, v->out.len > 0);
	if (v->out.len == 0 && v->out.cap > 4096)
		buf_release(&v->out);
}

static void
frame(struct app *a, struct viewer *v, enum ws_opcode opcode, const char *p,
    size_t n)
{
	unsigned char mask[4];

	if (buf_reserve(&v->out, n + WS_HEAD_MAX) < 0)
		return;
	mask_next(mask);
	v->out.len += ws_write(v->out.p + v->out.len, opcode, p, n, mask);
	flush(a, v);
}

bool
viewer_full(const struct viewer *v)
{
	return v->out.len > OUT_FULL;
}

bool
viewer_say(struct app *a, struct viewer *v, const char *p, size_t n)
{
	if (v->state != V_OPEN || viewer_full(v))
		return false;
	frame(a, v, WS_TEXT, p, n);
	return true;
}

void
viewer_drop(struct app *a, struct viewer *v, bool politely)
{
	/* no port is kept for a connection that is reset */
	const struct linger reset = { .l_onoff = 1 };

	if (politely)
		frame(a, v, WS_CLOSE, "\x03\xe8", 2);
	else
		setsockopt(v->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	gone(a, v);
}

void
viewer_bye(struct app *a, struct viewer *v)
{
	if (v->state != V_OPEN)
		return;
	frame(a, v, WS_CLOSE, "\x03\xe8", 2);
	a->open--;
	a->slow_open -= v->slow;
	order_leave(a, v);
	v->state = V_CLOSING;
	v->since = a->now;
}

static void
connected(struct app *a, struct viewer *v)
{
	socklen_t n = sizeof(int);
	int err = 0;

	getsockopt(v->fd, SOL_SOCKET, SO_ERROR, &err, &n);
	if (err) {
		fail(a, v, BAD_CONNECT, strerror(err));
		return;
	}
	v->state = V_SHAKE;
	if (shake_request(a, v, &v->out) < 0)
		fail(a, v, BAD_CONNECT, strerror(errno));
	else
		flush(a, v);
}

/* A slow viewer hears nothing until the end. */
static void
opened(struct app *a, struct viewer *v)
{
	v->state = V_OPEN;
	v->since = a->now;
	a->shaking--;
	a->open++;
	if (!v->hello)
		order_join(a, v, true);
	if (v->slow) {
		a->slow_open++;
		engine_change(a, v->fd, v->index, false, false);
	}
}

/* The answer to the handshake. Its length, 0: not whole yet, or failed. */
static size_t
shaken(struct app *a, struct viewer *v, const char *p, size_t n)
{
	const char *why;
	size_t i;

	for (i = 0; i + 4 <= n && i < HEAD_MAX; i++)
		if (p[i] == '\r' && memcmp(p + i, "\r\n\r\n", 4) == 0)
			break;
	if (i + 4 > n)
		return 0;
	why = i == HEAD_MAX ? "handshake: an answer without end"
			    : shake_answer(a, v, p, i + 2);
	if (why) {
		fail(a, v, BAD_CONNECT, why);
		return 0;
	}
	opened(a, v);
	return i + 4;
}

/* Whole text: one line, or several. */
static void
text(struct app *a, struct viewer *v, const char *p, size_t n)
{
	const char *eol;

	a->n.frames++;
	while (v->ndjson && (eol = memchr(p, '\n', n))) {
		check_line(a, v, p, (size_t)(eol - p));
		n -= (size_t)(eol - p) + 1;
		p = eol + 1;
	}
	check_line(a, v, p, n);
}

/* Why the connection ended, and whether that was to be expected. */
static void
closed(struct app *a, struct viewer *v, const char *p, size_t n)
{
	const int code = ws_close_code(p, n);

	if (code < 0) {
		fail(a, v, BAD_FRAME, "a close frame with an invalid code");
		return;
	}
	if (v->state == V_OPEN)
		frame(a, v, WS_CLOSE, p, n < 2 ? 0 : 2);
	if (v->state == V_OPEN && v->slow && code == 4008)
		a->n.slow_closed++;
	else if (v->state == V_OPEN)
		report_mistake(a, BAD_CLOSE, v, "closed with code %d", code);
	gone(a, v);
}

static const char *
fragment(struct app *a, struct viewer *v, const struct ws_frame *f)
{
	if (f->opcode == WS_CONT && v->fragop == WS_CONT)
		return "a continuation of nothing";
	if (f->opcode != WS_CONT && v->fragop != WS_CONT)
		return "a message within a message";
	if (f->opcode != WS_CONT)
		v->fragop = f->opcode;
	if (v->fragop == WS_BINARY)
		return "a binary frame";
	if (buf_add(&v->frag, f->payload, f->len) < 0)
		return "a message that is too large";
	if (!f->fin)
		return NULL;
	v->fragop = WS_CONT;
	text(a, v, v->frag.p, v->frag.len);
	buf_reset(&v->frag);
	return NULL;
}

/* One frame. NULL, or why it may not be there. */
static const char *
take(struct app *a, struct viewer *v, const struct ws_frame *f)
{
	switch (f->opcode) {
	case WS_PING:
		a->n.pings++;
		if (v->state == V_OPEN)
			frame(a, v, WS_PONG, f->payload, f->len);
		return NULL;
	case WS_PONG:
		return NULL;
	case WS_CLOSE:
		closed(a, v, f->payload, f->len);
		return NULL;
	case WS_TEXT:
		if (f->fin && v->fragop == WS_CONT) {
			text(a, v, f->payload, f->len);
			return NULL;
		}
		return fragment(a, v, f);
	default:
		return fragment(a, v, f);
	}
}

/* All whole frames in n bytes; the rest is kept. */
static void
frames(struct app *a, struct viewer *v, const char *p, size_t n)
{
	const char *why = NULL;
	struct ws_frame f;
	enum ws_got got;

	while (v->state == V_OPEN || v->state == V_CLOSING) {
		got = ws_parse(p, n, PAYLOAD_MAX, &f, &why);
		if (got == WS_MORE)
			break;
		if (got == WS_FRAME)
			why = take(a, v, &f);
		if (v->state == V_GONE)
			return;
		if (why) {
			fail(a, v, BAD_FRAME, why);
			return;
		}
		p += f.size;
		n -= f.size;
	}
	buf_reset(&v->in);
	if (n > 0)
		buf_add(&v->in, p, n);
	else if (v->in.cap > 0)
		buf_release(&v->in);
}

static void
ended(struct app *a, struct viewer *v, const char *why)
{
	if (v->state == V_CONNECT || v->state == V_SHAKE)
		fail(a, v, BAD_CONNECT, why);
	else if (v->state == V_OPEN && v->slow) {
		a->n.slow_cut++;
		gone(a, v);
	} else if (v->state == V_OPEN)
		fail(a, v, BAD_CLOSE, why);
	else
		gone(a, v);
}

static void
readable(struct app *a, struct viewer *v)
{
	const size_t kept = v->in.len;
	const char *p = a->input;
	size_t n, head;
	ssize_t got;

	if (kept > 0)
		memcpy(a->input, v->in.p, kept);
	got = recv(v->fd, a->input + kept, READ_MAX, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		ended(a, v,
		    got ? strerror(errno) : "ended without a close frame");
		return;
	}
	a->now = clock_mono_ns();
	a->n.bytes += (uint64_t)got;
	n = kept + (size_t)got;
	if (v->state == V_SHAKE) {
		head = shaken(a, v, p, n);
		if (v->state == V_GONE)
			return;
		p += head;
		n -= head;
	}
	frames(a, v, p, n);
}

void
viewer_event(struct app *a, struct viewer *v, bool in, bool out)
{
	if (v->fd < 0)
		return;
	if (v->state == V_CONNECT && (in || out)) {
		connected(a, v);
		return;
	}
	if (out)
		flush(a, v);
	if (in && v->fd >= 0)
		readable(a, v);
}
