/*
 * viewer: a connected viewer, and what he says. Each message becomes an event
 * on the line or an error to its sender; there is no third way.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gateway.h"
#include "utf8.h"

#include "banned.h"

#define GIVEN_MAX 65536        /* bytes: 8,192 events sent again on request */
#define AUTHS_MAX 10           /* tokens shown ... */
#define AUTHS_TIME 10000       /* ... in so many ms */
#define BAD_MAX 100            /* lines that are an abuse ... */
#define BAD_TIME 10000         /* ... in so many ms */
#define REFUSE_WAIT 5          /* seconds to read what is refused */
#define REFUSE_MAX (16u << 20) /* bytes of it */

/* The nonce of the message at hand, decoded. */
struct given {
	bool given;
	size_t n;
	char s[EVENT_NONCE_MAX];
};

/* The upgrade has found out who he is, in this very turn. */
static int
take_over(struct gateway *g, struct viewer *v)
{
	if (g->arrival.wsi != v->wsi || !g->arrival.ident.name[0])
		return -1;
	v->ndjson = g->arrival.ndjson;
	v->ident = g->arrival.ident;
	memset(&g->arrival, 0, sizeof g->arrival);
	return 0;
}

struct viewer *
viewer_new(struct gateway *g, struct lws *wsi)
{
	struct viewer *v = calloc(1, sizeof *v);
	char room[EVENT_NAME_MAX + 1];

	if (!v)
		return NULL;
	v->wsi = wsi;
	v->fd = lws_get_socket_fd(wsi);
	v->tls = lws_is_ssl(wsi);
	if (upgrade_arg(wsi, "room", room, sizeof room) != 0)
		memcpy(room, EVENT_ROOM, sizeof EVENT_ROOM);
	if (take_over(g, v) < 0 || expiry_set(g, v) < 0 ||
	    show_join(g, v, room) < 0)
		goto fail;
	buf_init(&v->given, GIVEN_MAX);
	names_come(g, &v->ident);
	g->n.viewers++;
	shared_publish(g);
	past_greet(g, v, wsi);
	return v;
fail:
	expiry_forget(g, v);
	ident_release(&v->ident);
	free(v);
	return NULL;
}

static void
drop_rx(struct viewer *v)
{
	if (!v->rx)
		return;
	buf_release(v->rx);
	free(v->rx);
	v->rx = NULL;
}

void
viewer_free(struct gateway *g, struct viewer *v)
{
	past_forget(g, v);
	expiry_forget(g, v);
	if (v->fan)
		fan_leave(v->fan, v);
	drop_rx(v);
	ident_release(&v->ident);
	free(v);
}

/* more: further members, a comma in front of each, or "" */
static void
error_with(struct gateway *g, struct viewer *v, const char *code,
    const char *detail, const struct given *nonce, const char *more)
{
	struct buf b;

	g->n.errors++;
	buf_init(&b, 4096);
	buf_addf(&b, "{\"type\":\"error\",\"code\":\"%s\",\"detail\":", code);
	json_write_str(&b, detail, strlen(detail));
	if (nonce && nonce->given) {
		buf_adds(&b, ",\"nonce\":");
		json_write_str(&b, nonce->s, nonce->n);
	}
	buf_addf(&b, "%s}", more);
	fan_tell(v->fan, v, b.p, b.len);
	buf_release(&b);
}

static void
error(struct gateway *g, struct viewer *v, const char *code, const char *detail,
    const struct given *nonce)
{
	error_with(g, v, code, detail, nonce, "");
}

/* wait: seconds until it may be tried again, or 0. */
static void
error_wait(struct gateway *g, struct viewer *v, const char *code,
    const char *detail, const struct given *nonce, int64_t wait)
{
	char more[64] = "";

	if (wait)
		lws_snprintf(more, sizeof more, ",\"retry_after\":%lld",
		    (long long)wait);
	error_with(g, v, code, detail, nonce, more);
}

/* Once more: is it more than max times in so many ms? Then seconds to wait. */
static int64_t
too_often(struct lately *l, unsigned max, int64_t time)
{
	int64_t now = clock_mono_ms();

	if (now - l->since >= time) {
		l->since = now;
		l->n = 0;
	}
	return ++l->n > max ? (l->since + time - now + 999) / 1000 : 0;
}

/*
 * What can't be taken costs him a part of a message; when he has no more of
 * it he is told that instead, and sent away if that makes no difference.
 */
static void
bad_for(struct gateway *g, struct viewer *v, const char *code,
    const char *detail, const struct given *nonce, int64_t seconds)
{
	int64_t wait = limits_bad(g, &v->ident, peer_of(v->wsi));

	if (!wait) {
		error_wait(g, v, code, detail, nonce, seconds);
		return;
	}
	g->n.limited++;
	if (too_often(&v->bad, BAD_MAX, BAD_TIME))
		fan_close(v, LWS_CLOSE_STATUS_POLICY_VIOLATION);
	else
		error_wait(g, v, "rate_limited",
		    "too many messages that can't be taken", nonce, wait);
}

static void
bad(struct gateway *g, struct viewer *v, const char *code, const char *detail,
    const struct given *nonce)
{
	bad_for(g, v, code, detail, nonce, 0);
}

/* It may be said now, as far as limits go; else he is told. */
static bool
within_limits(struct gateway *g, struct viewer *v, const char *p, size_t n,
    const struct given *nonce, struct cost *cost)
{
	int64_t wait = limits_chat(
	    g, &v->ident, peer_of(v->wsi), fan_room_name(v), p, n, cost);

	if (!wait)
		return true;
	g->n.limited++;
	error_wait(g, v, cost->repeated ? "duplicate" : "rate_limited",
	    cost->repeated ? "message: you have just said that"
			   : "too many messages",
	    nonce, wait);
	return false;
}

/* A moderator doesn't want him to say it. */
static void
refused(struct gateway *g, struct viewer *v, const struct refusal *r,
    const struct given *nonce)
{
	char t[CLOCK_RFC3339_LEN + 1], more[64] = "";

	if (r->until && r->until != INT64_MAX) {
		clock_format(r->until, t);
		lws_snprintf(more, sizeof more, ",\"until\":\"%s\"", t);
	} else if (r->retry_after) {
		lws_snprintf(more, sizeof more, ",\"retry_after\":%lld",
		    (long long)r->retry_after);
	}
	error_with(g, v, r->code, r->detail, nonce, more);
}

static bool
has_control(const char *p, size_t n)
{
	uint32_t cp;
	size_t i;

	for (i = 0; i < n;) {
		i += utf8_decode(p + i, n - i, &cp);
		if (utf8_is_control(cp))
			return true;
	}
	return false;
}

/* A string member, decoded into g->text. False: it is none, or lone halves. */
static bool
text_of(struct gateway *g, const struct json_member *m)
{
	buf_reset(&g->text);
	return m && m->kind == JSON_STRING && json_unescape(m, &g->text) == 0;
}

/* The nonce, if it has one. False: it has one that can't be. */
static bool
read_nonce(struct gateway *g, struct given *nonce)
{
	const struct json_member *m = json_get(&g->doc, "nonce");

	if (!m)
		return true;
	if (!text_of(g, m) || g->text.len > EVENT_NONCE_MAX ||
	    has_control(g->text.p, g->text.len))
		return false;
	nonce->given = true;
	nonce->n = g->text.len;
	memcpy(nonce->s, g->text.p, g->text.len);
	return true;
}

/* It was delivered: this connection gets it, unless it has it. */
static void
give_once(struct gateway *g, struct viewer *v, const struct nonce *k)
{
	uint64_t seq = k->seq, had;
	const char *line;
	bool priv;
	size_t n, i;

	if (seq > v->since)
		return; /* he had it, or has it on its way */
	for (i = 0; i < v->given.len; i += sizeof had) {
		memcpy(&had, v->given.p + i, sizeof had);
		if (had == seq)
			return;
	}
	line = fan_find(v->fan, seq, &n, &priv);
	if (line && past_shown(g, v, seq, line, n, priv))
		fan_tell(v->fan, v, line, n);
	buf_add(&v->given, &seq, sizeof seq);
}

/* Sends a new event, or one again that was given up. */
static int
send_out(struct gateway *g, struct viewer *v, const char *id, const char *line,
    size_t n, struct nonce *k)
{
	struct outgoing out = { .id = id,
		.user = v->ident.name,
		.room = fan_room_name(v),
		.line = line,
		.len = n,
		.nonce = k };

	return outbox_put(g, &out);
}

/* The nonce was used before. */
static void
emit_again(struct gateway *g, struct viewer *v, struct nonce *k,
    uint64_t meaning, const struct given *nonce)
{
	char *line = k->line;

	if (!nonces_means(k, meaning)) {
		error(g, v, "bad_message",
		    "nonce: was used for another message", nonce);
		return;
	}
	if (k->state == NONCE_DELIVERED) {
		give_once(g, v, k);
	} else if (k->state == NONCE_UNDELIVERED && line) {
		if (send_out(g, v, k->id, line, k->line_len, k) < 0) {
			error(g, v, "busy", "the pipeline can't take more now",
			    nonce);
			return;
		}
		k->line = NULL;
		free(line);
	}
}

/* Emits the message in p as this viewer's. */
static void
emit(struct gateway *g, struct viewer *v, const char *p, size_t n,
    const struct given *nonce)
{
	char id[ULID_LEN + 1];
	int64_t now = clock_wall_ms();
	uint64_t meaning = nonces_chat(fan_room_name(v), p, n);
	struct nonce *k = NULL;
	struct cost cost;
	struct refusal r;
	struct event_chat c = { .id = id,
		.user = v->ident.name,
		.room = fan_room_name(v),
		.message = p,
		.message_len = n,
		.nonce = nonce->given ? nonce->s : NULL,
		.nonce_len = nonce->n,
		.role = v->ident.role,
		.ts = now };

	if (nonce->given)
		k = nonces_find(g->nonces, v->ident.name, nonce->s, nonce->n);
	if (k) {
		emit_again(g, v, k, meaning, nonce);
		return;
	}
	if (force_refuses(g, v, &r)) {
		refused(g, v, &r, nonce);
		return;
	}
	if (!within_limits(g, v, p, n, nonce, &cost))
		return;
	ulid_next(&g->ids, now, id);
	buf_reset(&g->line);
	if (event_write_chat(&g->line, &c) < 0) {
		error(g, v, "too_long", "message: too long for a line", nonce);
		return;
	}
	if (send_out(g, v, id, g->line.p, g->line.len, NULL) < 0) {
		error(g, v, "busy", "the pipeline can't take more now", nonce);
		return;
	}
	limits_pay(g, &cost);
	force_said(g, fan_room_name(v), v->ident.name);
	if (nonce->given)
		outbox_named(g, id,
		    nonces_add(g->nonces, v->ident.name, nonce->s, nonce->n,
			meaning, id));
}

/* He shows another token: who he is then, or an error, and all is as it was. */
static void
auth(struct gateway *g, struct viewer *v, const struct given *nonce)
{
	char t[CLOCK_RFC3339_LEN + 1];
	const char *why;
	struct buf b;
	int64_t wait = too_often(&v->auths, AUTHS_MAX, AUTHS_TIME);

	/* checking a token costs more than a message */
	if (wait) {
		bad_for(g, v, "rate_limited", "auth: too often", nonce, wait);
		return;
	}
	if (!text_of(g, json_get(&g->doc, "token"))) {
		bad(g, v, "bad_message", "token: must be a string", nonce);
		return;
	}
	if (ident_refresh(g, &v->ident, fan_room_name(v), g->text.p,
		g->text.len, &why) < 0) {
		bad(g, v, "forbidden", why, nonce);
		return;
	}
	show_move(g, v);
	names_come(g, &v->ident);
	if (expiry_set(g, v) < 0)
		fan_close(v, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
	buf_init(&b, 4096);
	buf_addf(
	    &b, "{\"type\":\"auth\",\"role\":\"%s\"", role_name(v->ident.role));
	if (v->ident.expires) {
		clock_format(v->ident.expires, t);
		buf_addf(&b, ",\"expires\":\"%s\"", t);
	}
	if (nonce->given) {
		buf_adds(&b, ",\"nonce\":");
		json_write_str(&b, nonce->s, nonce->n);
	}
	buf_addc(&b, '}');
	fan_tell(v->fan, v, b.p, b.len);
	buf_release(&b);
}

/*
 * A whole message. -1: it is not UTF-8. libwebsockets doesn't see that where
 * the last part is empty, and what isn't can't be JSON.
 */
static int
message(struct gateway *g, struct viewer *v, const char *in, size_t len)
{
	struct given nonce = { .given = false };
	const struct json_member *type;
	const char *p;
	size_t n;

	if (json_parse(&g->doc, in, len) < 0) {
		if (!utf8_valid(in, len))
			return -1;
		bad(g, v, "bad_json", g->doc.err, NULL);
		return 0;
	}
	if (g->doc.n > 64 || json_has_duplicates(&g->doc)) {
		bad(g, v, "bad_json", "a key stands twice, or too many", NULL);
		return 0;
	}
	if (!read_nonce(g, &nonce)) {
		bad(g, v, "bad_message",
		    "nonce: must be a string of at most 64 bytes", NULL);
		return 0;
	}
	type = json_get(&g->doc, "type");
	if (type && json_str_is(type, "auth")) {
		auth(g, v, &nonce);
		return 0;
	}
	if (!type || !json_str_is(type, "chat")) {
		bad(g, v, "bad_message", "type: must be chat", &nonce);
		return 0;
	}
	if (!text_of(g, json_get(&g->doc, "message"))) {
		bad(g, v, "bad_message", "message: must be a string", &nonce);
		return 0;
	}
	p = g->text.p;
	n = g->text.len;
	utf8_trim(&p, &n);
	if (!n)
		bad(g, v, "bad_message", "message: is empty", &nonce);
	else if (has_control(p, n))
		bad(g, v, "bad_message", "message: has control characters",
		    &nonce);
	else if (utf8_count(p, n) > EVENT_MESSAGE_MAX)
		bad(g, v, "too_long", "message: over 500 characters", &nonce);
	else
		emit(g, v, p, n, &nonce);
	return 0;
}

int
viewer_refused(struct viewer *v)
{
	if (!v->refuse_code || v->closing)
		return 0;
	v->closing = true;
	lws_close_reason(
	    v->wsi, (enum lws_close_status)v->refuse_code, NULL, 0);
	return -1;
}

/*
 * Refuses the message of which n bytes are here. The rest of it is read
 * first: closing on top of unread bytes would reset the connection, and the
 * close frame with its code would be lost.
 */
static int
refuse(struct viewer *v, unsigned short code, size_t n, bool last)
{
	if (!v->refuse_code) {
		drop_rx(v);
		v->refuse_code = code;
		lws_set_timer_usecs(v->wsi, REFUSE_WAIT * LWS_USEC_PER_SEC);
	}
	v->thrown += n;
	return last || v->thrown > REFUSE_MAX ? viewer_refused(v) : 0;
}

/* Gathers the parts of a message; -1: out of memory. */
static int
gather(struct viewer *v, const char *in, size_t n)
{
	if (!v->rx) {
		v->rx = malloc(sizeof *v->rx);
		if (!v->rx)
			return -1;
		buf_init(v->rx, MESSAGE_MAX);
	}
	return buf_add(v->rx, in, n);
}

int
viewer_receive(struct gateway *g, struct viewer *v, const char *in, size_t n)
{
	size_t left = lws_remaining_packet_payload(v->wsi);
	bool last = lws_is_final_fragment(v->wsi) && !left;
	size_t have = v->rx ? v->rx->len : 0;

	if (v->closing)
		return 0;
	if (v->refuse_code || lws_frame_is_binary(v->wsi))
		return refuse(v, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE, n, last);
	if (have + n + left > MESSAGE_MAX)
		return refuse(v, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, n, last);
	if (last && !have)
		return message(g, v, in, n) < 0
			   ? refuse(
				 v, LWS_CLOSE_STATUS_INVALID_PAYLOAD, n, last)
			   : 0;
	if (gather(v, in, n) < 0)
		return refuse(
		    v, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION, n, last);
	if (!last)
		return 0;
	if (message(g, v, v->rx->p, v->rx->len) < 0)
		return refuse(v, LWS_CLOSE_STATUS_INVALID_PAYLOAD, n, last);
	drop_rx(v);
	return 0;
}
