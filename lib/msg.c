/*
 * msg: see msg.h. A message is put together in one buffer and written with
 * one write(2), so that lines of several stages on one terminal don't mix.
 */
#include "msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "utf8.h"

#include "banned.h"

static const char *name = "ss";
static int level;

void
msg_name(const char *program)
{
	name = program;
}

void
msg_level(int n)
{
	level = n;
}

bool
msg_is_quiet(void)
{
	return level < 0;
}

/*
 * Terminal escapes and the bidirectional controls, which can make a line
 * read as another one (UTS #55, "trojan source").
 */
static int
dangerous(uint32_t cp)
{
	return utf8_is_control(cp) || cp == 0x61c ||
	       (cp >= 0x200e && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfffd;
}

size_t
msg_escape(const char *text, size_t n, char *out, size_t max)
{
	static const char hex[] = "0123456789abcdef";
	size_t i, k, j, at = 0;
	uint32_t cp;

	for (i = 0; i < n && at + 17 < max; i += k) {
		k = utf8_decode(text + i, n - i, &cp);
		for (j = 0; j < k; j++) {
			if (!dangerous(cp)) {
				out[at++] = text[i + j];
				continue;
			}
			out[at++] = '\\';
			out[at++] = 'x';
			out[at++] = hex[(unsigned char)text[i + j] >> 4];
			out[at++] = hex[text[i + j] & 15];
		}
	}
	return at;
}

static void say(const char *, va_list) __attribute__((format(printf, 1, 0)));

static void
say(const char *fmt, va_list ap)
{
	char text[2048], out[4096];
	size_t at;
	ssize_t r;
	int n;

	at = (size_t)snprintf(out, 64, "%s: ", name);
	n = vsnprintf(text, sizeof text, fmt, ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof text)
		n = sizeof text - 1;
	at += msg_escape(text, (size_t)n, out + at, sizeof out - at - 1);
	out[at++] = '\n';
	r = write(STDERR_FILENO, out, at);
	(void)r; /* nowhere to complain */
}

void
msg_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
}

void
msg_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (level >= 0)
		say(fmt, ap);
	va_end(ap);
}

void
msg_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (level > 0)
		say(fmt, ap);
	va_end(ap);
}
