/* frames: what passes, what is told, and what is refused. */
#include "../../lib/frames.h"

#include "tap.h"

#include "../../lib/banned.h"

#define MASK "\x01\x02\x04\x08"

static struct frames f;
static char out[70000 + FRAMES_ROOM], told[4096];
static size_t len;

/* Takes n bytes in pieces of that size; what is told of controls is in told. */
static enum frames_got
take(const char *in, size_t n, size_t piece)
{
	enum frames_got got = FRAMES_MORE;
	struct frames_control c;
	size_t i, k, used, passed;

	frames_release(&f);
	*told = '\0';
	for (len = i = 0; i < n && got <= FRAMES_CONTROL; i += used) {
		k = n - i < piece ? n - i : piece;
		got = frames_take(&f, in + i, k, &used, out + len, &passed, &c);
		len += passed;
		if (got == FRAMES_CONTROL)
			snprintf(told + strlen(told),
			    sizeof told - strlen(told), "%d:%.*s ",
			    (int)c.opcode, (int)c.len, c.payload);
	}
	return got;
}

/* In every way of cutting it. */
static void
becomes(const char *in, size_t n, const char *want, size_t m, const char *tells)
{
	enum frames_got got;
	bool ok = true;
	size_t piece;

	for (piece = 1; piece <= n; piece++) {
		got = take(in, n, piece);
		ok &= got <= FRAMES_CONTROL && len == m &&
		      memcmp(out, want, m) == 0 && strcmp(told, tells) == 0;
	}
	OK_FOR(ok, tells);
}
#define BECOMES(in, want, tells) \
	becomes((in), sizeof(in) - 1, (want), sizeof(want) - 1, (tells))
#define PASSES(in) BECOMES(in, in, "")

#define TEXT_HI "\x81\x82" MASK "ik"
#define PING_HI "\x89\x82" MASK "ik"

static void
passes(void)
{
	PASSES(TEXT_HI);
	PASSES("\x01\x80" MASK "\x80\x81\0\0\0\0a" TEXT_HI);
	BECOMES(PING_HI, "", "9:hi ");
	BECOMES(TEXT_HI "\x8a\x80" MASK PING_HI PING_HI TEXT_HI,
	    TEXT_HI TEXT_HI, "10: 9:hi 9:hi ");
	BECOMES("\x01\x81" MASK "i" PING_HI "\x80\x81" MASK "k",
	    "\x01\x81" MASK "i\x80\x81" MASK "k", "9:hi ");
	BECOMES("\x88\x80" MASK, "", "8: ");
}

static void
long_ones(void)
{
	static char in[70000];
	size_t n;

	memset(in, 'x', sizeof in);
	memcpy(in, "\x82\xfe\x00\x7e" MASK, 8);
	IS_INT(take(in, 8 + 126, 5), FRAMES_MORE);
	IS_INT((int64_t)len, 8 + 126);
	OK(memcmp(in, out, len) == 0 && f.nhead == 0 && !f.left);
	memcpy(in, "\x82\xff\0\0\0\0\0\1\0\0" MASK, 14);
	n = 14 + 65536;
	IS_INT(take(in, n - 1, 16384), FRAMES_MORE);
	IS_INT((int64_t)f.left, 1);
	IS_INT(take(in, n, 1), FRAMES_MORE);
	IS_INT((int64_t)len, (int64_t)n);
	OK(memcmp(in, out, len) == 0 && !f.left);
	memset(in, 'x', sizeof in);
	memcpy(in, "\x89\xfd" MASK, 6);
	IS_INT(take(in, 6 + 125, 50), FRAMES_CONTROL);
	IS_INT((int64_t)strlen(told), 2 + 125 + 1);
}

static void
refuses(void)
{
	static const struct {
		const char *what, *p;
		size_t n;
	} t[] = {
		{ "no mask", "\x81\x00", 2 },
		{ "RSV1", "\xc1\x80", 2 },
		{ "opcode 3", "\x83\x80", 2 },
		{ "opcode 11", "\x8b\x80", 2 },
		{ "ping in fragments", "\x09\x80", 2 },
		{ "long pong", "\x8a\xfe\x00\x7e" MASK, 2 },
		{ "125 in 16 bits", "\x81\xfe\x00\x7d" MASK, 8 },
		{ "65535 in 64", "\x81\xff\0\0\0\0\0\0\xff\xff" MASK, 14 },
		{ "2^63", "\x81\xff\x80\0\0\0\0\0\0\0" MASK, 14 },
		{ "2^64 - 1", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" MASK,
		    14 },
	};
	char in[64];
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++) {
		memcpy(in, TEXT_HI, 8);
		memcpy(in + 8, t[i].p, t[i].n);
		OK_FOR(take(in, 8 + t[i].n, 64) == FRAMES_BAD, t[i].what);
		OK_FOR(len == 8, t[i].what); /* what came before is seen */
		OK_FOR(take(in, 8 + t[i].n, 1) == FRAMES_BAD, t[i].what);
		OK_FOR(len == 8, t[i].what);
		OK_FOR(take(in, 7 + t[i].n, 1) == FRAMES_MORE, t[i].what);
	}
}

static int
close_code(const char *p, size_t n)
{
	const struct frames_control c = { WS_CLOSE, p, n };

	return frames_close_code(&c);
}

static void
close_codes(void)
{
	IS_INT(close_code("", 0), 1005);
	IS_INT(close_code("\x03", 1), 1002);
	IS_INT(close_code("\x03\xe8", 2), 1000);
	IS_INT(close_code("\x03\xe8ok", 4), 1000);
	IS_INT(close_code("\x03\xe8\xff", 3), 1007);
	IS_INT(close_code("\x03\xed", 2), 1002);
	IS_INT(close_code("\x03\xed\xff", 3), 1002);
	IS_INT(close_code("\x03\xf5", 2), 1013);
	IS_INT(close_code("\x13\x88", 2), 1002);
}

int
main(void)
{
	passes();
	long_ones();
	refuses();
	close_codes();
	frames_release(&f);
	return tap_done();
}
