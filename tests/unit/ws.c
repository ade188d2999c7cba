/* ws: frames byte by byte, what a server may not send, the handshake's key. */
#include "../../lib/ws.h"

#include "../../lib/sha1.h"
#include "tap.h"

#include "../../lib/banned.h"

#define MAX 100000

static void
answers_the_key(void)
{
	unsigned char random[16];
	char key[WS_KEY_LEN + 1], accept[WS_ACCEPT_LEN + 1];

	/* RFC 6455, 1.3: the nonce is "the sample nonce" */
	memcpy(random, "the sample nonce", 16);
	ws_key(random, key);
	IS_STR(key, "dGhlIHNhbXBsZSBub25jZQ==");
	ws_accept(key, accept);
	IS_STR(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void
hex_of(const char *text, char out[2 * SHA1_LEN + 1])
{
	unsigned char d[SHA1_LEN];
	int i;

	sha1(text, strlen(text), d);
	for (i = 0; i < SHA1_LEN; i++)
		snprintf(out + 2 * (size_t)i, 3, "%02x", d[i]);
}

/* FIPS 180 examples, and lengths around a block's end (by sha1sum(1)). */
static void
digests(void)
{
	char hex[2 * SHA1_LEN + 1], as[130];

	hex_of("", hex);
	IS_STR(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	hex_of("abc", hex);
	IS_STR(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", hex);
	IS_STR(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	memset(as, 'a', sizeof as);
	as[55] = '\0';
	hex_of(as, hex);
	IS_STR(hex, "c1c8bbdc22796e28c0e15163d20899b65621d65a");
	as[55] = 'a';
	as[64] = '\0';
	hex_of(as, hex);
	IS_STR(hex, "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

static enum ws_got
parse(const char *p, size_t n, struct ws_frame *f)
{
	const char *why = NULL;
	char *copy = tap_copy(p, n);
	enum ws_got got = ws_parse(copy, n, MAX, f, &why);

	OK((got == WS_BAD) == (why != NULL));
	free(copy);
	return got;
}

/* A server's frame of n bytes 'x'. Returns its size. */
static size_t
frame_of(char *out, unsigned first, size_t n)
{
	size_t head = n < 126 ? 2 : n < 65536 ? 4 : 10, i;

	out[0] = (char)first;
	out[1] = (char)(n < 126 ? n : n < 65536 ? 126 : 127);
	for (i = 2; i < head; i++)
		out[i] = (char)((uint64_t)n >> 8 * (head - 1 - i));
	memset(out + head, 'x', n);
	return head + n;
}

static void
reads_every_length(void)
{
	static const size_t len[] = { 0, 1, 125, 126, 127, 65535, 65536, MAX };
	char *out = malloc(MAX + 16);
	struct ws_frame f;
	size_t i, n;

	for (i = 0; i < sizeof len / sizeof len[0]; i++) {
		n = frame_of(out, 0x81, len[i]);
		IS_INT(parse(out, n, &f), WS_FRAME);
		IS_INT(f.size, n);
		IS_INT(f.len, len[i]);
		IS_INT(f.opcode, WS_TEXT);
		OK(f.fin);
		IS_INT(parse(out, n - 1, &f), WS_MORE);
	}
	n = frame_of(out, 0x01, 5);
	IS_INT(parse(out, n, &f), WS_FRAME);
	OK(!f.fin);
	n = frame_of(out, 0x82, MAX + 1);
	IS_INT(parse(out, 10, &f), WS_BAD);
	free(out);
}

static void
asks_for_more(void)
{
	struct ws_frame f;
	char out[300];
	size_t i, n = frame_of(out, 0x81, 200);

	for (i = 0; i < n; i++)
		IS_INT(parse(out, i, &f), WS_MORE);
	IS_INT(f.size, n); /* by then it knows */
	IS_INT(parse(out, 1, &f), WS_MORE);
	IS_INT(f.size, 0);
}

static void
refuses(void)
{
	static const struct {
		const char *what;
		const char *p;
		size_t n;
	} t[] = {
		{ "RSV1", "\xc1\x00", 2 },
		{ "RSV2", "\xa1\x00", 2 },
		{ "RSV3", "\x91\x00", 2 },
		{ "masked", "\x81\x80\0\0\0\0", 6 },
		{ "opcode 3", "\x83\x00", 2 },
		{ "opcode 7", "\x87\x00", 2 },
		{ "opcode 11", "\x8b\x00", 2 },
		{ "opcode 15", "\x8f\x00", 2 },
		{ "ping in fragments", "\x09\x00", 2 },
		{ "long ping", "\x89\x7e\x00\x7e", 4 },
		{ "125 in 16 bits", "\x81\x7e\x00\x7d", 4 },
		{ "65535 in 64 bits", "\x81\x7f\0\0\0\0\0\0\xff\xff", 10 },
		{ "2^63", "\x81\x7f\x80\0\0\0\0\0\0\0", 10 },
		{ "2^64 - 1", "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10 },
	};
	struct ws_frame f;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		OK_FOR(parse(t[i].p, t[i].n, &f) == WS_BAD, t[i].what);
}

/* What is written, unmasked again. */
static void
writes(void)
{
	static const size_t len[] = { 0, 5, 125, 126, 65535, 65536 };
	static const unsigned char mask[4] = { 1, 0x80, 0xff, 0x55 };
	char *in = malloc(MAX), *out = malloc(MAX);
	size_t i, k, n, head, bad = 0;

	for (k = 0; k < MAX; k++)
		in[k] = (char)(k * 7);
	for (i = 0; i < sizeof len / sizeof len[0]; i++) {
		n = ws_write(out, WS_TEXT, in, len[i], mask);
		head = len[i] < 126 ? 2 : len[i] < 65536 ? 4 : 10;
		IS_INT(n, head + 4 + len[i]);
		IS_INT((unsigned char)out[0], 0x81);
		OK((unsigned char)out[1] & 0x80);
		bad += memcmp(out + head, mask, 4) != 0;
		for (k = 0; k < len[i]; k++)
			bad += (char)(out[head + 4 + k] ^ mask[k % 4]) != in[k];
	}
	IS_INT(bad, 0);
	free(in);
	free(out);
}

static void
reads_close_codes(void)
{
	IS_INT(ws_close_code("", 0), 1005);
	IS_INT(ws_close_code("\x03", 1), -1);
	IS_INT(ws_close_code("\x03\xe8", 2), 1000);
	IS_INT(ws_close_code("\x0f\xa8slow consumer", 15), 4008);
	IS_INT(ws_close_code("\x03\xe8\xff", 3), -1);
	IS_INT(ws_close_code("\x03\xe7", 2), -1);
	IS_INT(ws_close_code("\x03\xec", 2), -1); /* 1004 */
	IS_INT(ws_close_code("\x03\xed", 2), -1); /* 1005 */
	IS_INT(ws_close_code("\x03\xee", 2), -1); /* 1006 */
	IS_INT(ws_close_code("\x03\xf4", 2), 1012);
	IS_INT(ws_close_code("\x03\xf7", 2), -1); /* 1015 */
	IS_INT(ws_close_code("\x13\x88", 2), -1); /* 5000 */
}

int
main(void)
{
	answers_the_key();
	digests();
	reads_every_length();
	asks_for_more();
	refuses();
	writes();
	reads_close_codes();
	return tap_done();
}
