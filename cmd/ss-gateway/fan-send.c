/*
 * fan-send: one viewer's socket. The library owns it for everything else
 * (handshake, pings, pongs, closing), so two rules keep the stream whole:
 * we write on the descriptor only while the library has nothing buffered for
 * it, and when a write ends in the midst of a frame the rest of that frame is
 * given to the library, which lets nothing in between. So a viewer's position
 * is always at the start of a frame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fan-impl.h"

#include "banned.h"

#define CLOSE_WAIT 10  /* seconds for a close frame to get out */
#define FEED_MAX 65536 /* bytes a laggard is given in one write */

/*
 * By TLS. The library takes all of it, and keeps what doesn't go now; so it
 * has to be whole frames, and no more than may wait there.
 */
static ssize_t
put_tls(struct fan *f, struct viewer *v, const struct iovec *iov, int n)
{
	const char *p = iov->iov_base;
	size_t len = iov->iov_len;
	int i;

	if (n > 1) {
		buf_reset(&f->flat);
		for (i = 0; i < n; i++)
			if (buf_add(&f->flat, iov[i].iov_base, iov[i].iov_len) <
			    0)
				return -1;
		p = f->flat.p;
		len = f->flat.len;
	}
	return lws_write(v->wsi, (unsigned char *)(uintptr_t)p, len,
		   LWS_WRITE_RAW) < 0
		   ? -1
		   : (ssize_t)len;
}

/*
 * Non-blocking; what it took, 0 when nothing goes now, -1: broken. The
 * library has nothing buffered.
 */
static ssize_t
put_iov(struct fan *f, struct viewer *v, struct iovec *iov, int n)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t k;

	if (v->tls)
		return put_tls(f, v, iov, n);
	do
		k = n == 1 ? send(v->fd, iov->iov_base, iov->iov_len,
				 MSG_NOSIGNAL | MSG_DONTWAIT)
			   : sendmsg(v->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (k < 0 && errno == EINTR);
	if (k < 0 && (errno == EAGAIN || errno == ENOBUFS))
		return 0;
	return k;
}

static ssize_t
put(struct fan *f, struct viewer *v, const char *p, size_t n)
{
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };

	return put_iov(f, v, &iov, 1);
}

/* The rest of a frame that was begun: the library finishes it. */
static void
finish_frame(struct viewer *v, const char *p, size_t n)
{
	if (n && lws_write(v->wsi, (unsigned char *)(uintptr_t)p, n,
		     LWS_WRITE_RAW) < 0)
		v->closing = true; /* its socket is dead: lws will say so */
}

/* The connection is broken: no more of it, the library finds out itself. */
static void
broken(struct viewer *v)
{
	v->closing = true;
	lws_set_timeout(
	    v->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

/*
 * Of the frames of his room from number i on, sent bytes are out. Finishes
 * a frame that was cut and returns the number of the next one; *left gets
 * the bytes of the frames from there to end.
 */
static uint64_t
advance(struct fan *f, struct viewer *v, uint64_t i, uint64_t end, size_t sent,
    size_t *left)
{
	const struct frame *fr;
	uint64_t next = end;

	for (*left = 0; i < end; i++) {
		fr = frame_at(f, i);
		if (!concerns(fr, v->room))
			continue;
		if (sent >= fr->len) {
			sent -= fr->len;
			continue;
		}
		if (sent) {
			finish_frame(v, ring_at(&f->ring, fr->pos) + sent,
			    fr->len - sent);
			sent = 0;
			continue;
		}
		if (next == end)
			next = i;
		*left += fr->len;
	}
	return next;
}

/* From now on he has a position of his own. */
static void
lag(struct fan *f, struct viewer *v, uint64_t next, size_t behind)
{
	v->next = next;
	v->behind = behind;
	lws_callback_on_writable(v->wsi);
	if (v->lagging)
		return;
	if (!f->laggards || next < f->lag_min)
		f->lag_min = next;
	v->lagging = true;
	v->lag_prev = NULL;
	v->lag_next = f->laggards;
	if (f->laggards)
		f->laggards->lag_prev = v;
	f->laggards = v;
}

int
gather_lines(struct fan *f, const struct room *r, uint64_t first, uint64_t end,
    size_t max)
{
	char head[FAN_HEAD_MAX];
	const struct frame *fr;
	size_t payload = 0, h;
	uint64_t i, stop = first;
	int n = 0;

	for (i = first; i < end && (!n || payload < max); i++) {
		fr = frame_at(f, i);
		stop = i + 1;
		if (!concerns(fr, r))
			continue;
		payload += fr->len - fr->head + (n++ > 0);
	}
	buf_reset(&f->nd);
	h = fan_head(head, payload);
	if (!n || buf_reserve(&f->nd, h + payload) < 0)
		return -1;
	buf_add(&f->nd, head, h);
	for (i = first; i < stop; i++) {
		fr = frame_at(f, i);
		if (!concerns(fr, r))
			continue;
		if (f->nd.len > h)
			buf_addc(&f->nd, '\n');
		buf_add(&f->nd, ring_at(&f->ring, fr->pos + fr->head),
		    fr->len - fr->head);
	}
	return (int)(stop - first);
}

/* He lags too far behind? Then it was his last. */
void
check_lag(struct fan *f, struct viewer *v)
{
	if (!v->lagging || v->behind <= f->max_lag || v->closing)
		return;
	f->stats.cut_off++;
	fan_close(v, 4008);
}

/* Of a room's turn he got k bytes only, or -errno. */
static void
cut_short(void *fan, void *viewer, ssize_t k)
{
	struct fan *f = fan;
	struct viewer *v = viewer;
	size_t total = v->ndjson ? f->nd.len : v->room->turn_bytes, left;
	uint64_t next = f->turn;

	/* no room in his socket, or in the kernel at all */
	if (k == -EAGAIN || k == -ENOBUFS || k == -ENOMEM || k == -EINTR)
		k = 0;
	f->stats.bytes -= k < 0 ? total : total - (size_t)k;
	if (k < 0) {
		broken(v);
		return;
	}
	if (v->ndjson && k > 0) {
		finish_frame(v, f->nd.p + k, f->nd.len - (size_t)k);
		return;
	}
	left = v->room->turn_bytes;
	if (k > 0)
		next = advance(f, v, f->turn, f->head, (size_t)k, &left);
	lag(f, v, next, left);
	check_lag(f, v);
}

void
send_turn(struct fan *f, struct viewer *v, struct turn *t)
{
	struct burst_send s = { .m = &t->frames,
		.n = v->room->turn_bytes,
		.fd = v->fd,
		.place = v->place,
		.who = v };

	if (lws_partial_buffered(v->wsi)) {
		lag(f, v, f->turn, v->room->turn_bytes);
		check_lag(f, v);
		return;
	}
	if (v->ndjson) {
		/* one frame with all lines, made once for all who want that */
		if (!f->nd.len &&
		    gather_lines(f, v->room, f->turn, f->head, SIZE_MAX) < 0)
			return;
		t->line = (struct iovec){ f->nd.p, f->nd.len };
		s.m = &t->lines;
		s.n = f->nd.len;
	}
	f->stats.bytes += s.n;
	if (v->tls) {
		if (put_tls(f, v, s.m->msg_iov, (int)s.m->msg_iovlen) < 0)
			broken(v);
		return;
	}
	if (!burst_add(f->burst, &s)) {
		send_rest(f);
		burst_add(f->burst, &s);
	}
}

void
send_rest(struct fan *f)
{
	burst_go(f->burst, cut_short, f);
}

void
rescue(struct fan *f, struct viewer *v)
{
	const struct frame *fr;
	uint64_t i;

	for (i = v->next; i < f->turn && !v->recovering; i++) {
		fr = frame_at(f, i);
		if (concerns(fr, v->room) &&
		    buf_add(&v->own, ring_at(&f->ring, fr->pos), fr->len) < 0) {
			f->stats.cut_off++;
			fan_close(v, 4008);
			return;
		}
	}
	v->next = f->turn;
}

size_t
fan_frame_len(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;
	uint64_t n = 0;
	int i;

	if (b[1] < 126)
		return 2u + b[1];
	if (b[1] == 126)
		return 4u + ((size_t)b[2] << 8 | b[3]);
	for (i = 0; i < 8; i++)
		n = n << 8 | b[2 + i];
	return 10 + (size_t)n;
}

/* So many bytes of his own are whole frames, and not too much at once. */
static size_t
whole_frames(const struct viewer *v)
{
	size_t n = 0;

	do
		n += fan_frame_len(v->own.p + n);
	while (n < v->own.len && n < FEED_MAX);
	return n;
}

/* His own frames go first. 1: all out, 0: the socket is full, -1: broken. */
static int
feed_own(struct fan *f, struct viewer *v)
{
	size_t at = 0, sent, n = v->own.len;
	ssize_t k;

	if (!n)
		return 1;
	if (v->tls)
		n = whole_frames(v);
	k = put(f, v, v->own.p, n);
	if (k < 0)
		return -1;
	sent = (size_t)k;
	f->stats.bytes += sent;
	while (at < sent)
		at += fan_frame_len(v->own.p + at);
	if (at > sent)
		finish_frame(v, v->own.p + sent, at - sent);
	v->behind -= at < v->behind ? at : v->behind;
	if (at == v->own.len)
		buf_release(&v->own);
	else
		buf_drop(&v->own, at);
	return at == sent && !v->own.len;
}

/* Pieces of the ring, from v->next on; returns their number. */
static int
pieces(struct fan *f, struct viewer *v, struct iovec *iov, uint64_t *end,
    size_t *total)
{
	const struct frame *fr;
	const char *p;
	uint64_t i;
	int n = 0;

	*total = 0;
	for (i = v->next; i < f->turn && *total < FEED_MAX; i++) {
		fr = frame_at(f, i);
		if (!concerns(fr, v->room))
			continue;
		p = ring_at(&f->ring, fr->pos);
		if (n &&
		    (const char *)iov[n - 1].iov_base + iov[n - 1].iov_len ==
			p) {
			iov[n - 1].iov_len += fr->len;
		} else {
			if (n == SEGS)
				break;
			iov[n].iov_base = (void *)(uintptr_t)p;
			iov[n++].iov_len = fr->len;
		}
		*total += fr->len;
	}
	*end = i;
	return n;
}

/* The next part of the ring for a laggard; results as feed_own. */
static int
feed_ring(struct fan *f, struct viewer *v)
{
	struct iovec iov[SEGS];
	size_t total, left;
	uint64_t end;
	ssize_t k;
	int n;

	n = pieces(f, v, iov, &end, &total);
	if (!n) {
		v->next = end;
		return 1;
	}
	if (v->ndjson) {
		n = gather_lines(f, v->room, v->next, end, FEED_MAX);
		k = n < 0 ? -1 : put(f, v, f->nd.p, f->nd.len);
		if (k <= 0)
			return (int)k;
		finish_frame(v, f->nd.p + k, f->nd.len - (size_t)k);
		v->next += (uint64_t)n;
		v->behind -= f->nd.len < v->behind ? f->nd.len : v->behind;
		n = (size_t)k == f->nd.len;
		buf_reset(&f->nd);
		return n;
	}
	k = put_iov(f, v, iov, n);
	if (k < 0)
		return -1;
	f->stats.bytes += (uint64_t)k;
	v->next = advance(f, v, v->next, end, (size_t)k, &left);
	v->behind -= total - left < v->behind ? total - left : v->behind;
	return (size_t)k == total;
}

int
fan_writable(struct fan *f, struct viewer *v)
{
	int r = 1;

	if (v->closing || !v->lagging)
		return 0;
	while (r > 0) {
		if (v->closing)
			return 0;
		if (lws_partial_buffered(v->wsi)) {
			r = 0;
			break;
		}
		if (v->own.len) {
			r = feed_own(f, v);
		} else if (v->recovering) {
			f->refill(f->arg, v);
			if (!v->own.len && v->recovering)
				return 0; /* he is told when there is more */
		} else if (v->next < f->turn) {
			r = feed_ring(f, v);
		} else {
			fan_level(f, v);
			return 0;
		}
	}
	if (r == 0)
		lws_callback_on_writable(v->wsi);
	return r;
}

void
fan_hold(struct fan *f, struct viewer *v)
{
	fan_flush(f);
	if (!v->lagging && !v->closing)
		lag(f, v, f->turn, 0);
}

void
fan_tell(struct fan *f, struct viewer *v, const char *line, size_t n)
{
	char head[FAN_HEAD_MAX];
	size_t h = fan_head(head, n), done = 0;
	struct iovec iov[2] = { { head, h }, { (void *)(uintptr_t)line, n } };
	ssize_t k = 0;

	fan_flush(f); /* everything that came before it goes before it */
	if (v->closing)
		return;
	if (!v->lagging && !lws_partial_buffered(v->wsi)) {
		k = put_iov(f, v, iov, 2);
		if (k < 0) {
			broken(v);
			return;
		}
		done = (size_t)k;
		f->stats.bytes += done;
		if (done == h + n)
			return;
	}
	if (!v->lagging)
		lag(f, v, f->turn, 0);
	rescue(f, v);
	if (v->closing)
		return;
	if (buf_add(&v->own, head, h) < 0 || buf_add(&v->own, line, n) < 0 ||
	    (!v->recovering && v->own.len > f->max_lag)) {
		f->stats.cut_off++;
		fan_close(v, 4008);
		return;
	}
	v->behind += h + n;
	if (done) { /* it is cut: the library finishes it */
		finish_frame(v, v->own.p + done, v->own.len - done);
		buf_reset(&v->own);
		v->behind = 0;
	}
}

void
fan_close(struct viewer *v, unsigned short code)
{
	if (v->closing)
		return;
	v->closing = true;
	v->close_code = code;
	lws_callback_on_writable(v->wsi);
	lws_set_timeout(v->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_WAIT);
}
