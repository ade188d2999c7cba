/* linein: bytes to lines, whatever pieces they come in. */
#define _GNU_SOURCE
#include "../../lib/linein.h"

#include <fcntl.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

enum { MAX = 16, TEXT = 4096 };

/* What came out: lines joined by '|', over-long ones as <...>. */
struct seen {
	char p[2 * TEXT];
	size_t n;
	bool inside;
	int broken; /* no NUL behind a line */
};

static void
see(struct seen *s, char c)
{
	if (s->n < sizeof(s->p) - 1)
		s->p[s->n++] = c;
	s->p[s->n] = '\0';
}

static void
take(struct seen *s, struct linein *in, bool eof)
{
	enum linein_got got;
	char *line;
	size_t n, i;

	while ((got = linein_next(in, eof, &line, &n)) != LINEIN_MORE) {
		if (got != LINEIN_LINE && !s->inside)
			see(s, '<');
		for (i = 0; i < n; i++)
			see(s, line[i] == '\0' ? '0' : line[i]);
		s->inside = got == LINEIN_PART;
		if (got == LINEIN_LINE) {
			see(s, '|');
			s->broken += line[n] != '\0';
		} else if (got == LINEIN_LONG) {
			see(s, '>');
		}
	}
}

/* Feeds text in pieces of the given size, then the end. */
static struct seen
feed(const char *text, size_t n, size_t piece, size_t max, uint64_t *lines)
{
	struct seen s = { .p = "" };
	struct linein in;
	int fd[2];
	size_t k;
	ssize_t r;

	if (pipe(fd) < 0 || linein_init(&in, max) < 0)
		abort();
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	while (n > 0) {
		k = n < piece ? n : piece;
		if (write(fd[1], text, k) != (ssize_t)k)
			abort();
		text += k;
		n -= k;
		do {
			r = linein_read(&in, fd[0]);
			take(&s, &in, false);
		} while (r > 0);
	}
	close(fd[1]);
	while (linein_read(&in, fd[0]) > 0)
		take(&s, &in, false);
	take(&s, &in, true);
	if (lines != NULL)
		*lines = in.lines;
	close(fd[0]);
	linein_release(&in);
	return s;
}

static void
splits(void)
{
	static const struct {
		const char *in;
		size_t n;
		const char *out;
		uint64_t lines;
	} row[] = {
		{ "", 0, "", 0 },
		{ "a\n", 2, "a|", 1 },
		{ "a", 1, "a|", 1 },
		{ "a\nb\n", 4, "a|b|", 2 },
		{ "a\nb", 3, "a|b|", 2 },
		{ "\n\na\n\n", 5, "||a||", 4 },
		{ "a\r\nb\r\n", 6, "a|b|", 2 },
		{ "a\rb\n", 4, "a\rb|", 1 },
		{ "\r\n", 2, "|", 1 },
		{ "a\0b\n\0\n", 6, "a0b|0|", 2 },
		{ "0123456789abcdef\n", 17, "0123456789abcdef|", 1 },
		{ "0123456789abcdefg\nx\n", 20, "<0123456789abcdefg>x|", 2 },
		{ "0123456789abcdefg", 17, "<0123456789abcdefg>", 1 },
		{ "x\n0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"
		  "\ny",
		    60,
		    "x|<"
		    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghij"
		    ">y|",
		    3 },
	};
	size_t i, piece;
	uint64_t lines;
	struct seen s;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (piece = 1; piece <= 65; piece = piece * 4 - 1) {
			s = feed(row[i].in, row[i].n, piece, MAX, &lines);
			IS_STR(s.p, row[i].out);
			IS_INT(lines, row[i].lines);
			IS_INT(s.broken, 0);
			if (row[i].n == 0)
				break;
		}
}

/* however the bytes are cut, the lines are the same */
static void
does_not_care_for_the_pieces(void)
{
	static const char letters[] = "aaaab\r\r\n\n\n";
	uint64_t seed = 42;
	char text[TEXT];
	size_t round, i, n, bad = 0;
	struct seen whole, cut;

	for (round = 0; round < 200; round++) {
		n = tap_rand(&seed) % 400 + 1;
		for (i = 0; i < n; i++)
			text[i] = tap_rand(&seed) % 9 == 0
				      ? letters[tap_rand(&seed) % 10]
				      : 'x';
		whole = feed(text, n, n, MAX, NULL);
		cut = feed(text, n, tap_rand(&seed) % 20 + 1, MAX, NULL);
		bad += strcmp(whole.p, cut.p) != 0;
	}
	IS_INT(bad, 0);
}

static void
reads_big_lines(void)
{
	const size_t size = 1 << 20;
	char *text = malloc(size + 2), *line = NULL;
	struct linein in;
	size_t n = 0, got_lines = 0;
	ssize_t r;
	FILE *f = tmpfile();

	memset(text, 'x', size);
	text[size] = '\n';
	text[size + 1] = '\n';
	if (f == NULL || fwrite(text, 1, size + 2, f) != size + 2)
		abort();
	rewind(f);
	IS_INT(linein_init(&in, size), 0);
	do {
		r = linein_read(&in, fileno(f));
		OK(r <= 65536);
		if (linein_next(&in, r == 0, &line, &n) == LINEIN_LINE) {
			got_lines++;
			break;
		}
	} while (r > 0);
	IS_INT(got_lines, 1);
	IS_INT(n, (int64_t)size);
	OK(line != NULL && memcmp(line, text, size) == 0 && line[size] == '\0');
	linein_release(&in);
	fclose(f);
	free(text);
}

static void
knows_what_is_torn(void)
{
	struct linein in;
	char *line;
	size_t n;
	int fd[2];

	if (pipe(fd) < 0)
		abort();
	IS_INT(linein_init(&in, MAX), 0);
	OK(!linein_torn(&in));
	IS_INT(write(fd[1], "a\nb", 3), 3);
	IS_INT(linein_read(&in, fd[0]), 3);
	IS_INT(linein_next(&in, false, &line, &n), LINEIN_LINE);
	IS_INT(linein_next(&in, false, &line, &n), LINEIN_MORE);
	OK(linein_torn(&in));
	IS_INT(write(fd[1], "\n", 1), 1);
	IS_INT(linein_read(&in, fd[0]), 1);
	IS_INT(linein_next(&in, false, &line, &n), LINEIN_LINE);
	IS_MEM(line, n, "b");
	IS_INT(linein_next(&in, false, &line, &n), LINEIN_MORE);
	OK(!linein_torn(&in));
	close(fd[1]);
	IS_INT(linein_read(&in, fd[0]), 0);
	IS_INT(linein_next(&in, true, &line, &n), LINEIN_MORE);
	close(fd[0]);
	IS_INT(linein_read(&in, fd[0]), -1);
	linein_release(&in);
	linein_release(&in);
}

int
main(void)
{
	splits();
	does_not_care_for_the_pieces();
	reads_big_lines();
	knows_what_is_torn();
	return tap_done();
}
