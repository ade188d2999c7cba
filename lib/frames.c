/*
 * frames: see frames.h. A header is kept until it is whole, so that nothing of
 * a frame is seen that turns out to be none.
 */
#include "frames.h"

#include <stdlib.h>
#include <string.h>

#include "banned.h"

#define MASK 4 /* bytes */

void
frames_release(struct frames *f)
{
	free(f->control);
	*f = (struct frames){ 0 };
}

static size_t
smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* Bytes of a header of which two are there. */
static size_t
head_len(const struct frames *f)
{
	unsigned n = f->head[1] & 127;

	return 2 + (n == 127 ? 8 : n == 126 ? 2 : 0) + MASK;
}

/* The payload's length in a whole header; UINT64_MAX: written too long. */
static uint64_t
payload_len(const struct frames *f)
{
	size_t i, end = head_len(f) - MASK;
	uint64_t n = f->head[1] & 127;

	if (end == 2)
		return n;
	for (n = 0, i = 2; i < end; i++)
		n = n << 8 | f->head[i];
	return n >= (end == 4 ? 126u : 65536u) && !(n >> 63) ? n : UINT64_MAX;
}

static bool
is_control(const struct frames *f)
{
	return f->head[0] & 8;
}

/* More of a control frame's payload; the bytes that it took. */
static size_t
take_control(struct frames *f, const char *in, size_t n)
{
	const unsigned char *mask = f->head + 2;
	size_t len = f->head[1] & 127, i;

	n = smaller(len - f->ncontrol, n);
	for (i = 0; i < n; i++, f->ncontrol++)
		f->control[f->ncontrol] = (char)(in[i] ^
						 mask[f->ncontrol % MASK]);
	return n;
}

/* A header has become whole. */
static enum frames_got
begin(struct frames *f, char *out, size_t *len)
{
	uint64_t n = payload_len(f);

	if (n == UINT64_MAX)
		return FRAMES_BAD;
	if (is_control(f)) {
		f->control = malloc(WS_CONTROL_MAX);
		f->ncontrol = 0;
		return f->control ? FRAMES_MORE : FRAMES_NO_MEMORY;
	}
	memcpy(out + *len, f->head, f->nhead);
	*len += f->nhead;
	f->nhead = 0;
	f->left = n;
	return FRAMES_MORE;
}

/* One more byte of a header. */
static enum frames_got
take_head(struct frames *f, char c, char *out, size_t *len)
{
	const char *why;

	f->head[f->nhead++] = (unsigned char)c;
	if (f->nhead < 2)
		return FRAMES_MORE;
	if (f->nhead == 2 && ws_check_head(f->head, true, &why) < 0)
		return FRAMES_BAD;
	return f->nhead < head_len(f) ? FRAMES_MORE : begin(f, out, len);
}

enum frames_got
frames_take(struct frames *f, const char *in, size_t n, size_t *used, char *out,
    size_t *len, struct frames_control *c)
{
	enum frames_got got = FRAMES_MORE;
	size_t i = 0, k;

	*len = 0;
	if (f->control && f->ncontrol == (f->head[1] & 127)) {
		free(f->control); /* the caller has had it */
		f->control = NULL;
		f->nhead = 0;
	}
	while (i < n && got == FRAMES_MORE) {
		if (f->control) {
			i += take_control(f, in + i, n - i);
		} else if (f->left) {
			k = smaller(f->left, n - i);
			memcpy(out + *len, in + i, k);
			*len += k;
			f->left -= k;
			i += k;
		} else {
			got = take_head(f, in[i++], out, len);
		}
		if (f->control && f->ncontrol == (f->head[1] & 127))
			got = FRAMES_CONTROL;
	}
	*used = i;
	if (got == FRAMES_CONTROL)
		*c = (struct frames_control){
			.opcode = (enum ws_opcode)(f->head[0] & 15),
			.payload = f->control,
			.len = f->ncontrol,
		};
	return got;
}

int
frames_close_code(const struct frames_control *c)
{
	int code = ws_close_code(c->payload, c->len);

	if (code >= 0)
		return code;
	return c->len >= 2 && ws_close_code(c->payload, 2) >= 0 ? 1007 : 1002;
}
