/*
 * ws: see ws.h. The parser holds no state: it looks at a frame from its first
 * byte until the frame is whole, and never reads or returns half of one.
 */
#include "ws.h"

#include <stdint.h>
#include <string.h>

#include "sha1.h"
#include "utf8.h"

#include "banned.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

static void
base64(const unsigned char *p, size_t n, char *out)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t v;
	size_t i;

	for (i = 0; i < n; i += 3) {
		v = (uint32_t)p[i] << 16;
		v |= i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0;
		v |= i + 2 < n ? p[i + 2] : 0;
		*out++ = digit[v >> 18];
		*out++ = digit[v >> 12 & 63];
		*out++ = i + 1 < n ? digit[v >> 6 & 63] : '=';
		*out++ = i + 2 < n ? digit[v & 63] : '=';
	}
	*out = '\0';
}

void
ws_key(const unsigned char random[16], char out[WS_KEY_LEN + 1])
{
	base64(random, 16, out);
}

void
ws_accept(const char key[WS_KEY_LEN + 1], char out[WS_ACCEPT_LEN + 1])
{
	unsigned char digest[SHA1_LEN];
	char text[WS_KEY_LEN + sizeof GUID];

	memcpy(text, key, WS_KEY_LEN);
	memcpy(text + WS_KEY_LEN, GUID, sizeof GUID);
	sha1(text, strlen(text), digest);
	base64(digest, sizeof digest, out);
}

static enum ws_got
bad(const char **why, const char *text)
{
	*why = text;
	return WS_BAD;
}

int
ws_check_head(const unsigned char head[2], bool masked, const char **why)
{
	const unsigned a = head[0], b = head[1], opcode = a & 15;

	if (a & 0x70)
		*why = "a reserved bit is set";
	else if (!masked && b & 0x80)
		*why = "a masked frame";
	else if (masked && !(b & 0x80))
		*why = "a frame without a mask";
	else if ((opcode > WS_BINARY && opcode < WS_CLOSE) || opcode > WS_PONG)
		*why = "an unknown opcode";
	else if (opcode >= WS_CLOSE && !(a & 0x80))
		*why = "a control frame in fragments";
	else if (opcode >= WS_CLOSE && (b & 127) > WS_CONTROL_MAX)
		*why = "a control frame of more than 125 bytes";
	else
		return 0;
	return -1;
}

enum ws_got
ws_parse(
    const char *p, size_t n, size_t max, struct ws_frame *f, const char **why)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t head = 2, i;
	uint64_t len;

	f->size = 0;
	if (n < 2)
		return WS_MORE;
	if (ws_check_head(u, false, why) < 0)
		return WS_BAD;
	len = u[1];
	if (len > WS_CONTROL_MAX) {
		head = len == 126 ? 4 : 10;
		if (n < head)
			return WS_MORE;
		for (len = 0, i = 2; i < head; i++)
			len = len << 8 | u[i];
		if (len < (head == 4 ? 126 : 65536))
			return bad(why, "a length in more bytes than needed");
	}
	if (len > max)
		return bad(why, "a frame that is too large");
	f->opcode = (enum ws_opcode)(u[0] & 15);
	f->fin = u[0] & 0x80;
	f->payload = p + head;
	f->len = (size_t)len;
	f->size = head + (size_t)len;
	return n < f->size ? WS_MORE : WS_FRAME;
}

size_t
ws_write(char *out, enum ws_opcode opcode, const char *p, size_t n,
    const unsigned char mask[4])
{
	size_t head = 2, i;

	out[0] = (char)(0x80 | opcode);
	if (n <= WS_CONTROL_MAX) {
		out[1] = (char)(0x80 | n);
	} else {
		head = n <= 0xffff ? 4 : 10;
		out[1] = (char)(0x80 | (head == 4 ? 126 : 127));
		for (i = 2; i < head; i++)
			out[i] = (char)((uint64_t)n >> 8 * (head - 1 - i));
	}
	memcpy(out + head, mask, 4);
	head += 4;
	for (i = 0; i < n; i++)
		out[head + i] = (char)(p[i] ^ mask[i & 3]);
	return head + n;
}

int
ws_close_code(const char *p, size_t n)
{
	int code;

	if (n == 0)
		return 1005;
	if (n < 2)
		return -1;
	code = (unsigned char)p[0] << 8 | (unsigned char)p[1];
	if (code < 1000 || code > 4999 || (code > 1003 && code < 1007) ||
	    (code > 1014 && code < 3000))
		return -1;
	return utf8_valid(p + 2, n - 2) ? code : -1;
}
