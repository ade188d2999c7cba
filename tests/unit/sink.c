/* sink: whole lines, never blocking, through a pipe that others share. */
#include "../../lib/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/sock.h"
#include "tap.h"

#include "../../lib/banned.h"

struct app {
	struct loop *l;
	struct sink *s;
	int drained, broken, up, down, err;
};

static void
on_drained(void *arg)
{
	((struct app *)arg)->drained++;
}

static void
on_broken(void *arg, int err)
{
	((struct app *)arg)->broken++;
	((struct app *)arg)->err = err;
}

static void
on_up(void *arg)
{
	((struct app *)arg)->up++;
}

static void
on_down(void *arg, int err)
{
	((struct app *)arg)->down++;
	((struct app *)arg)->err = err;
}

static const struct sink_ops ops = {
	.drained = on_drained, .broken = on_broken, .up = on_up, .down = on_down
};

static void
start(struct app *a, enum addr_kind kind, const char *path)
{
	struct addr addr = { .kind = kind };

	memset(a, 0, sizeof(*a));
	snprintf(addr.path, sizeof(addr.path), "%s", path);
	a->l = loop_new();
	a->s = sink_open(a->l, &addr, NULL, &ops, a);
}

static void
stop(struct app *a)
{
	sink_free(a->s);
	loop_free(a->l);
}

/* A program whose stdout is fd; its exit status is what fn returns. */
static pid_t
program(int fd, int (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		dup2(fd, 1);
		close(fd);
		_exit(fn(arg));
	}
	return pid;
}

static int
status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

enum { WRITERS = 3, LINES = 3000 };

/* Lines "W N xxxx" of all lengths; waits where the pipe is full. */
static int
writes_lines(void *arg)
{
	int w = *(int *)arg, n;
	uint64_t seed = (uint64_t)w + 1;
	char line[4096];
	size_t len;
	struct app a;

	start(&a, ADDR_STD, "");
	if (a.s == NULL)
		return 1;
	for (n = 0; n < LINES; n++) {
		len = (size_t)snprintf(line, sizeof(line), "%d %d ", w, n);
		memset(line + len, 'a' + w, sizeof(line) - len);
		len += tap_rand(&seed) % (n % 50 ? 200 : 4095 - len);
		if (sink_put(a.s, line, len, 1) < 0)
			return 2;
		if (n % 7 == 0 && !sink_flush(a.s))
			while (sink_pending(a.s) > 0)
				loop_turn(a.l, 1000);
	}
	while (!sink_flush(a.s))
		loop_turn(a.l, 1000);
	if (fcntl(1, F_GETFL) & O_NONBLOCK)
		return 3; /* others share this open file */
	stop(&a);
	return a.broken ? 4 : 0;
}

static void
shares_a_pipe(void)
{
	int fd[2], who[WRITERS], next[WRITERS] = { 0 }, w, n, i, used, bad = 0;
	pid_t pid[WRITERS];
	char line[8192];
	FILE *f;

	if (pipe(fd) < 0)
		abort();
	for (i = 0; i < WRITERS; i++) {
		who[i] = i;
		pid[i] = program(fd[1], writes_lines, &who[i]);
	}
	close(fd[1]);
	f = fdopen(fd[0], "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		size_t len = strlen(line);

		if (sscanf(line, "%d %d %n", &w, &n, &used) < 2 || w < 0 ||
		    w >= WRITERS || n != next[w] || line[len - 1] != '\n') {
			bad++;
			continue;
		}
		next[w]++;
		for (i = used; i < (int)len - 1; i++)
			bad += line[i] != 'a' + w;
	}
	IS_INT(bad, 0);
	for (i = 0; i < WRITERS; i++) {
		IS_INT(next[i], LINES);
		IS_INT(status_of(pid[i]), 0);
	}
	if (f != NULL)
		fclose(f);
}

/* Fills the pipe, says so by a signal's worth of a byte, waits for room. */
static int
fills_the_pipe(void *arg)
{
	int tell = *(int *)arg;
	char line[1000];
	struct app a;
	int i;

	memset(line, 'x', sizeof(line));
	start(&a, ADDR_STD, "");
	if (a.s == NULL)
		return 1;
	for (i = 0; i < 200; i++)
		if (sink_put(a.s, line, sizeof(line), 1) < 0)
			return 2;
	if (sink_flush(a.s) || sink_pending(a.s) < 100000)
		return 3;
	if (a.drained != 0)
		return 4;
	if (write(tell, "f", 1) != 1)
		return 5;
	while (a.drained == 0)
		loop_turn(a.l, 1000);
	if (sink_pending(a.s) != 0 || !sink_flush(a.s))
		return 6;
	stop(&a);
	return 0;
}

static void
never_blocks(void)
{
	int fd[2], tell[2];
	pid_t pid;
	char c = 0, part[4096];
	size_t total = 0;
	ssize_t n;

	if (pipe(fd) < 0 || pipe(tell) < 0)
		abort();
	pid = program(fd[1], fills_the_pipe, &tell[1]);
	close(fd[1]);
	close(tell[1]);
	IS_INT(read(tell[0], &c, 1), 1);
	IS_INT(c, 'f');
	while ((n = read(fd[0], part, sizeof(part))) > 0)
		total += (size_t)n;
	IS_INT(total, 200 * 1001);
	IS_INT(status_of(pid), 0);
	close(fd[0]);
	close(tell[0]);
}

static int
meets_a_closed_pipe(void *arg)
{
	struct app a;
	int i;

	(void)arg;
	start(&a, ADDR_STD, "");
	if (a.s == NULL)
		return 1;
	sink_put(a.s, "x", 1, 1);
	sink_flush(a.s);
	for (i = 0; i < 100 && a.broken == 0; i++)
		loop_turn(a.l, 100);
	if (a.broken == 0 || a.err != EPIPE)
		return 2;
	sink_put(a.s, "y", 1, 1); /* harmless from here on */
	sink_flush(a.s);
	stop(&a);
	return a.broken == 1 ? 0 : 3;
}

static void
notices_a_closed_pipe(void)
{
	int fd[2];

	if (pipe(fd) < 0)
		abort();
	close(fd[0]);
	IS_INT(status_of(program(fd[1], meets_a_closed_pipe, NULL)), 0);
	close(fd[1]);
}

static int
writes_to_a_file(void *arg)
{
	struct app a;

	(void)arg;
	start(&a, ADDR_STD, "");
	if (a.s == NULL)
		return 1;
	sink_put(a.s, "second", 6, 1);
	sink_put(a.s, "third", 5, 1);
	while (!sink_flush(a.s))
		loop_turn(a.l, 100);
	stop(&a);
	return 0;
}

/* `>>file` and `{ echo; ss-x; } >file`: the file's offset is shared, too */
static void
appends_to_files(void)
{
	int fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char text[100];

	IS_INT(write(fd, "first\n", 6), 6);
	IS_INT(status_of(program(fd, writes_to_a_file, NULL)), 0);
	IS_INT(write(fd, "last\n", 5), 5);
	IS_MEM(text, (size_t)pread(fd, text, sizeof(text), 0),
	    "first\nsecond\nthird\nlast\n");
	close(fd);
}

static int
writes_to_a_full_disk(void *arg)
{
	struct app a;
	int i;

	(void)arg;
	start(&a, ADDR_STD, "");
	if (a.s == NULL)
		return 1;
	sink_put(a.s, "x", 1, 1);
	sink_flush(a.s);
	for (i = 0; i < 100 && a.broken == 0; i++)
		loop_turn(a.l, 100);
	return a.broken == 1 && a.err == ENOSPC ? 0 : 2;
}

static void
notices_a_full_disk(void)
{
	int fd = open("/dev/full", O_WRONLY);

	IS_INT(status_of(program(fd, writes_to_a_full_disk, NULL)), 0);
	close(fd);
}

/* a peer that comes, goes and comes again */
static void
connects_again(void)
{
	struct app a;
	int lock = -1, fd, c, i;
	char text[64];
	ssize_t n = 0;

	start(&a, ADDR_CONNECT, "peer");
	OK(a.s != NULL);
	OK(!sink_is_up(a.s));
	OK(sink_hub(a.s) == NULL);
	fd = sock_listen("peer", &lock);
	for (i = 0; i < 100 && a.up == 0; i++)
		loop_turn(a.l, 100);
	IS_INT(a.up, 1);
	OK(sink_is_up(a.s));
	c = sock_accept(fd);
	sink_put(a.s, "one", 3, 1);
	for (i = 0; i < 100 && n <= 0; i++) {
		sink_flush(a.s);
		loop_turn(a.l, 10);
		n = read(c, text, sizeof(text));
	}
	IS_MEM(text, (size_t)n, "one\n");
	close(c);
	for (i = 0; i < 100 && a.down == 0; i++) {
		sink_put(a.s, "x", 1, 1);
		sink_flush(a.s);
		loop_turn(a.l, 20);
	}
	OK(a.down > 0);
	for (i = 0; i < 100 && a.up < 2; i++)
		loop_turn(a.l, 100);
	IS_INT(a.up, 2);
	sock_unlisten("peer", fd, lock);
	stop(&a);
}

static void
owns_a_socket(void)
{
	struct app a;
	char text[64];
	ssize_t n = 0;
	int c, i;

	start(&a, ADDR_LISTEN, "bus");
	OK(a.s != NULL);
	OK(sink_hub(a.s) != NULL);
	c = sock_connect("bus");
	for (i = 0; i < 100 && hub_readers(sink_hub(a.s)) == 0; i++)
		loop_turn(a.l, 10);
	sink_put(a.s, "one", 3, 1);
	IS_INT(sink_pending(a.s), 0);
	for (i = 0; i < 100 && n <= 0; i++) {
		sink_flush(a.s);
		loop_turn(a.l, 10);
		n = read(c, text, sizeof(text));
	}
	IS_MEM(text, (size_t)n, "one\n");
	close(c);
	stop(&a);
}

static void
drops_what_goes_nowhere(void)
{
	struct app a;

	start(&a, ADDR_NONE, "");
	OK(a.s != NULL);
	IS_INT(sink_put(a.s, "x", 1, 1), 0);
	OK(sink_flush(a.s));
	IS_INT(sink_pending(a.s), 0);
	stop(&a);
}

int
main(void)
{
	char dir[] = "/tmp/ss-sink.XXXXXX", cmd[64];

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		abort();
	shares_a_pipe();
	never_blocks();
	notices_a_closed_pipe();
	appends_to_files();
	notices_a_full_disk();
	connects_again();
	owns_a_socket();
	drops_what_goes_nowhere();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	OK(chdir("/") == 0 && system(cmd) == 0);
	return tap_done();
}
