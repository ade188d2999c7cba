/*
 * echo: --echo's route, which says what it hears: for suites that try a
 * server's WebSocket. Handshake, library and callbacks are those of viewers;
 * only what is done with a message is its own, so binary ones are taken, too,
 * and longer ones.
 */
#include <stdlib.h>
#include <string.h>

#include "gateway.h"
#include "utf8.h"

#include "banned.h"

#define ECHO_MAX (1u << 20)    /* bytes of one message */
#define WAITING_MAX (4u << 20) /* bytes that wait for one who doesn't read */

struct echo {
	struct lws *wsi;
	struct buf message; /* the parts that came */
	struct buf out;     /* whole frames */
};

struct echo *
echo_new(struct lws *wsi)
{
	struct echo *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->wsi = wsi;
	buf_init(&e->message, ECHO_MAX);
	buf_init(&e->out, WAITING_MAX);
	return e;
}

void
echo_free(struct echo *e)
{
	if (!e)
		return;
	buf_release(&e->message);
	buf_release(&e->out);
	free(e);
}

static int
refuse(struct echo *e, enum lws_close_status code)
{
	lws_close_reason(e->wsi, code, NULL, 0);
	return -1;
}

int
echo_receive(struct echo *e, const char *in, size_t n)
{
	char head[FAN_HEAD_MAX];
	size_t h;

	if (buf_add(&e->message, in, n) < 0)
		return refuse(e, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
	if (!lws_is_final_fragment(e->wsi) ||
	    lws_remaining_packet_payload(e->wsi))
		return 0;
	/* the library doesn't see that where the last part is empty */
	if (!lws_frame_is_binary(e->wsi) &&
	    !utf8_valid(e->message.p, e->message.len))
		return refuse(e, LWS_CLOSE_STATUS_INVALID_PAYLOAD);
	h = fan_head(head, e->message.len);
	if (lws_frame_is_binary(e->wsi))
		head[0] = (char)0x82; /* RFC 6455, 5.2 */
	if (buf_add(&e->out, head, h) < 0 ||
	    buf_add(&e->out, e->message.p, e->message.len) < 0)
		return refuse(e, LWS_CLOSE_STATUS_POLICY_VIOLATION);
	buf_reset(&e->message);
	lws_callback_on_writable(e->wsi);
	return 0;
}

/* One frame a turn, as a whole: the library may put a pong between two. */
int
echo_writable(struct echo *e)
{
	size_t n;

	if (e->out.len && !lws_partial_buffered(e->wsi)) {
		n = fan_frame_len(e->out.p);
		if (lws_write(e->wsi, (unsigned char *)e->out.p, n,
			LWS_WRITE_RAW) < 0)
			return -1;
		buf_drop(&e->out, n);
	}
	if (e->out.len)
		lws_callback_on_writable(e->wsi);
	return 0;
}
