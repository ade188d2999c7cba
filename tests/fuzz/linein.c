/*
 * linein: the lines are the same whatever pieces the bytes come in, and the
 * same as a plain loop finds. The first two bytes of the input say how long
 * a line may be and how large the pieces are.
 */
#include "../../lib/linein.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../lib/buf.h"

#include "fuzz.h"

#include "../../lib/banned.h"

/* "L" and the line and a newline; over-long ones "X", verbatim. */
static void
expected(const char *p, size_t n, size_t max, struct buf *out)
{
	const char *nl;
	size_t len, cut;

	while (n > 0) {
		nl = memchr(p, '\n', n);
		len = nl == NULL ? n : (size_t)(nl - p);
		cut = nl != NULL && len > 0 && p[len - 1] == '\r';
		if (len - cut > max) {
			buf_addc(out, 'X');
			buf_add(out, p, len);
		} else {
			buf_addc(out, 'L');
			buf_add(out, p, len - cut);
		}
		buf_addc(out, '\n');
		len += nl != NULL;
		p += len;
		n -= len;
	}
}

static void
take(struct linein *in, bool eof, bool *inside, struct buf *out)
{
	enum linein_got got;
	char *line;
	size_t n;

	while ((got = linein_next(in, eof, &line, &n)) != LINEIN_MORE) {
		if (!*inside)
			buf_addc(out, got == LINEIN_LINE ? 'L' : 'X');
		check(!*inside || got != LINEIN_LINE);
		buf_add(out, line, n);
		*inside = got == LINEIN_PART;
		if (!*inside)
			buf_addc(out, '\n');
		if (got == LINEIN_LINE)
			check(n <= in->max && line[n] == '\0');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int fd[2], null; /* 0: not open yet */
	struct buf want, out;
	struct linein in;
	const char *p = (const char *)data + 2;
	size_t max, piece, k, left;
	bool inside = false;

	if (n < 2 || n > 60000)
		return 0;
	if (!null) {
		null = open("/dev/null", O_RDONLY);
		check(null > 0 && pipe(fd) == 0);
	}
	max = (size_t)data[0] + 1;
	piece = (size_t)data[1] + 1;
	left = n - 2;
	buf_init(&want, 1 << 20);
	buf_init(&out, 1 << 20);
	expected(p, left, max, &want);
	check(linein_init(&in, max) == 0);
	while (left > 0) {
		k = left < piece ? left : piece;
		check(write(fd[1], p, k) == (ssize_t)k);
		check(linein_read(&in, fd[0]) == (ssize_t)k);
		take(&in, false, &inside, &out);
		p += k;
		left -= k;
	}
	check(linein_read(&in, null) == 0);
	take(&in, true, &inside, &out);
	check(!inside);
	check(want.len == out.len && memcmp(want.p, out.p, out.len) == 0);
	linein_release(&in);
	buf_release(&want);
	buf_release(&out);
	return 0;
}
