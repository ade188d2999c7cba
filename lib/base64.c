/* base64: see base64.h. */
#include "base64.h"

#include <errno.h>
#include <stdint.h>

#include "banned.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789-_";

int
base64_encode(struct buf *b, const void *p, size_t n)
{
	const unsigned char *in = p;
	uint32_t bits = 0;
	int have = 0;
	size_t i;

	if (buf_reserve(b, (n * 4 + 2) / 3) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		bits = bits << 8 | in[i];
		for (have += 8; have >= 6; have -= 6)
			buf_addc(b, alphabet[bits >> (have - 6) & 63]);
	}
	if (have)
		buf_addc(b, alphabet[bits << (6 - have) & 63]);
	return 0;
}

static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int
base64_decode(struct buf *b, const char *s, size_t n)
{
	size_t old = b->len, i;
	uint32_t bits = 0;
	int have = 0, v = 0;

	if (buf_reserve(b, n / 4 * 3 + 2) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		v = value(s[i]);
		if (v < 0)
			break;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(b, (char)(bits >> have & 255));
		}
	}
	/* six bits are no byte, and what is beyond the last byte must be 0 */
	if (i < n || n % 4 == 1 || (bits & ((1u << have) - 1))) {
		buf_cut(b, old);
		errno = EINVAL;
		return -1;
	}
	return 0;
}
