/* source: lines from stdin, from a peer, and from many writers. */
#include "../../lib/source.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../lib/sock.h"
#include "tap.h"

#include "../../lib/banned.h"

struct app {
	struct loop *l;
	struct source *s;
	char log[1 << 17]; /* lines, each with a '|' behind it */
	size_t n, lines;
	uint64_t last; /* number of the last line */
	int batches, ends, ups, downs, err;
	size_t pause_at;
};

static void
on_line(void *arg, const struct source_line *line)
{
	struct app *a = arg;

	a->lines += line->got != LINEIN_PART;
	a->last = line->number;
	if (a->n + line->n + 2 < sizeof(a->log)) {
		memcpy(a->log + a->n, line->p, line->n);
		a->n += line->n;
		a->log[a->n++] = line->got == LINEIN_PART ? '+' : '|';
		a->log[a->n] = '\0';
	}
	if (a->pause_at > 0 && a->lines == a->pause_at)
		source_pause(a->s);
}

static void
on_batch(void *arg)
{
	((struct app *)arg)->batches++;
}

static void
on_end(void *arg, int err)
{
	((struct app *)arg)->ends++;
	((struct app *)arg)->err = err;
}

static void
on_up(void *arg)
{
	((struct app *)arg)->ups++;
}

static void
on_down(void *arg, int err)
{
	((struct app *)arg)->downs++;
	((struct app *)arg)->err = err;
}

static const struct source_ops ops = { .line = on_line,
	.batch = on_batch,
	.end = on_end,
	.up = on_up,
	.down = on_down };

static struct app app;

static struct app *
start(enum addr_kind kind, const char *path)
{
	struct addr addr = { .kind = kind };
	struct app *a = &app;

	memset(a, 0, sizeof(*a));
	snprintf(addr.path, sizeof(addr.path), "%s", path);
	a->l = loop_new();
	a->s = source_open(a->l, &addr, &ops, a);
	OK(a->s != NULL);
	return a;
}

static void
stop(struct app *a)
{
	source_free(a->s);
	loop_free(a->l);
}

#define UNTIL(a, cond)                              \
	do {                                        \
		double end_ = tap_now() + 5;        \
		while (!(cond) && tap_now() < end_) \
			loop_turn((a)->l, 5);       \
		OK(cond);                           \
	} while (0)

/* stdin is this pipe's end from here on; returns the other end */
static int
stdin_pipe(void)
{
	int fd[2];

	if (pipe(fd) < 0 || dup2(fd[0], 0) < 0)
		abort();
	close(fd[0]);
	return fd[1];
}

static void
reads_stdin(void)
{
	int fd = stdin_pipe();
	struct app *a = start(ADDR_STD, "");

	IS_INT(write(fd, "one\n\r\n\ntwo\r\nthr", 15), 15);
	UNTIL(a, a->lines == 2);
	IS_STR(a->log, "one|two|");
	IS_INT(a->last, 4); /* empty lines count and are not told */
	OK(a->batches > 0);
	IS_INT(write(fd, "ee\nlast", 7), 7);
	UNTIL(a, a->lines == 3);
	IS_INT(a->ends, 0);
	close(fd);
	UNTIL(a, a->ends == 1);
	IS_STR(a->log, "one|two|three|last|");
	IS_INT(a->err, 0);
	loop_turn(a->l, 0);
	loop_turn(a->l, 0);
	IS_INT(a->ends, 1);
	OK((fcntl(0, F_GETFL) & O_NONBLOCK) == 0);
	stop(a);
}

static void
reads_a_file(void)
{
	FILE *f = tmpfile();
	struct app *a;
	int i;

	for (i = 0; i < 20000; i++)
		fprintf(f, "%d\n", i % 10);
	fflush(f);
	lseek(fileno(f), 0, SEEK_SET);
	dup2(fileno(f), 0);
	a = start(ADDR_STD, "");
	UNTIL(a, a->ends == 1);
	IS_INT(a->lines, 20000);
	IS_INT(a->last, 20000);
	stop(a);
	fclose(f);
}

/* what waits when a pause comes is neither lost nor told too early */
static void
pauses(void)
{
	int fd = stdin_pipe();
	struct app *a = start(ADDR_STD, "");

	a->pause_at = 2;
	IS_INT(write(fd, "a\nb\nc\nd\n", 8), 8);
	UNTIL(a, a->lines >= 2);
	loop_turn(a->l, 20);
	IS_STR(a->log, "a|b|");
	source_resume(a->s);
	UNTIL(a, a->lines == 4);
	IS_STR(a->log, "a|b|c|d|");
	/* the end waits, too */
	source_pause(a->s);
	IS_INT(write(fd, "e", 1), 1);
	close(fd);
	loop_turn(a->l, 20);
	loop_turn(a->l, 0);
	IS_INT(a->ends, 0);
	IS_INT(a->lines, 4);
	source_resume(a->s);
	UNTIL(a, a->ends == 1);
	IS_STR(a->log, "a|b|c|d|e|");
	stop(a);
}

static void
drains(void)
{
	int fd = stdin_pipe();
	struct app *a = start(ADDR_STD, "");

	IS_INT(write(fd, "a\nb\nc", 5), 5);
	source_drain(a->s);
	UNTIL(a, a->ends == 1);
	OK(strncmp(a->log, "a|b|", 4) == 0);
	close(fd);
	stop(a);
}

/* over-long lines come in parts and don't harm the next one */
static void
bears_long_lines(void)
{
	int fd = stdin_pipe();
	struct app *a = start(ADDR_STD, "");
	char part[4096];
	size_t i, left = (2 << 20) / sizeof(part);

	memset(part, 'x', sizeof(part));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (i = 0; i < left;) {
		i += write(fd, part, sizeof(part)) == (ssize_t)sizeof(part);
		loop_turn(a->l, 0);
		a->n = 0;
	}
	loop_turn(a->l, 0);
	a->n = 0;
	IS_INT(write(fd, "\nnext\n", 6), 6);
	UNTIL(a, a->lines == 2);
	OK(strstr(a->log, "|next|") != NULL);
	IS_INT(a->last, 2);
	close(fd);
	UNTIL(a, a->ends == 1);
	stop(a);
}

static void
follows_a_peer(void)
{
	struct app *a = start(ADDR_CONNECT, "peer");
	int lock = -1, fd, c;
	char text[16];
	ssize_t n;

	loop_turn(a->l, 0);
	OK(!source_is_up(a->s));
	IS_INT(source_say(a->s, "x", 1), -1);
	fd = sock_listen("peer", &lock);
	UNTIL(a, a->ups == 1);
	OK(source_is_up(a->s));
	c = sock_accept(fd);
	IS_INT(source_say(a->s, "hello\n", 6), 0);
	n = read(c, text, sizeof(text));
	IS_MEM(text, (size_t)(n < 0 ? 0 : n), "hello\n");
	IS_INT(write(c, "a\nb\nhalf", 8), 8);
	UNTIL(a, a->lines == 2);
	close(c);
	UNTIL(a, a->downs > 0);
	IS_STR(a->log, "a|b|"); /* what is torn is no line */
	UNTIL(a, a->ups == 2);
	c = sock_accept(fd);
	IS_INT(write(c, "c\n", 2), 2);
	UNTIL(a, a->lines == 3);
	IS_STR(a->log, "a|b|c|");
	IS_INT(a->ends, 0);
	close(c);
	sock_unlisten("peer", fd, lock);
	stop(a);
}

static void
merges_writers(void)
{
	struct app *a = start(ADDR_LISTEN, "in");
	int w[3], i;

	for (i = 0; i < 3; i++)
		w[i] = sock_connect("in");
	UNTIL(a, a->ups == 3);
	IS_INT(write(w[0], "one ", 4), 4);
	IS_INT(write(w[1], "two\n", 4), 4);
	UNTIL(a, a->lines == 1);
	IS_INT(write(w[0], "line\n", 5), 5);
	UNTIL(a, a->lines == 2);
	IS_STR(a->log, "two|one line|");
	IS_INT(write(w[2], "whole\ntorn", 10), 10);
	UNTIL(a, a->lines == 3);
	IS_INT(source_torn(a->s), 0);
	close(w[2]);
	UNTIL(a, source_torn(a->s) == 1);
	close(w[0]);
	IS_INT(write(w[1], "after\n", 6), 6);
	UNTIL(a, a->lines == 4);
	IS_STR(a->log, "two|one line|whole|after|");
	IS_INT(source_torn(a->s), 1);
	IS_INT(a->ends, 0);
	close(w[1]);
	loop_turn(a->l, 20);
	IS_INT(a->ends, 0); /* the next writer may come any time */
	stop(a);
	OK(access("in", F_OK) < 0);
}

int
main(void)
{
	char dir[] = "/tmp/ss-source.XXXXXX", cmd[64];

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		abort();
	reads_stdin();
	reads_a_file();
	pauses();
	drains();
	bears_long_lines();
	follows_a_peer();
	merges_writers();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	OK(chdir("/") == 0 && system(cmd) == 0);
	return tap_done();
}
