/* loop: descriptors, timers, signals; deletion at any time; nesting. */
#include "../../lib/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

struct note {
	struct loop *l;
	struct loop_io *del; /* what to delete when called, or NULL */
	char name;
	char *log;
	unsigned events;
};

static void
jot(struct note *n)
{
	size_t len = strlen(n->log);

	if (len < 60) {
		n->log[len] = n->name;
		n->log[len + 1] = '\0';
	}
}

static void
on_io(void *arg, unsigned events)
{
	struct note *n = arg;

	n->events |= events;
	jot(n);
	if (n->del != NULL)
		loop_del(n->l, n->del);
}

static void
on_timer(void *arg)
{
	jot(arg);
}

/* One of four. */
static void
on_fourth_stop(void *arg)
{
	struct note *n = arg;

	jot(n);
	if (strlen(n->log) == 4)
		loop_stop(n->l);
}

static void
watches_descriptors(void)
{
	struct loop *l = loop_new();
	char log[64] = "", c;
	struct note n = { .l = l, .name = 'r', .log = log };
	struct loop_io io = { .events = LOOP_IN, .fn = on_io, .arg = &n };
	int fd[2];

	if (pipe(fd) < 0)
		abort();
	io.fd = fd[0];
	OK(l != NULL);
	IS_INT(loop_add(l, &io), 0);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "");
	IS_INT(write(fd[1], "x", 1), 1);
	IS_INT(loop_turn(l, 1000), 0);
	IS_STR(log, "r");
	OK(n.events & LOOP_IN);
	IS_INT(loop_turn(l, 0), 0); /* still readable: told again */
	IS_STR(log, "rr");
	IS_INT(loop_mod(l, &io, 0), 0);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "rr");
	IS_INT(loop_mod(l, &io, LOOP_IN), 0);
	IS_INT(read(fd[0], &c, 1), 1);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "rr");
	n.events = 0;
	close(fd[1]);
	IS_INT(loop_turn(l, 1000), 0);
	OK(n.events != 0);
	loop_del(l, &io);
	loop_del(l, &io);
	log[0] = '\0';
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "");
	close(fd[0]);
	loop_free(l);
}

/* who has been deleted is not called any more, not even in the same turn */
static void
deletes_inside_a_callback(void)
{
	struct loop *l = loop_new();
	char log[64] = "";
	struct note a = { .l = l, .name = 'x', .log = log };
	struct note b = { .l = l, .name = 'x', .log = log };
	struct loop_io ia = { .events = LOOP_OUT, .fn = on_io, .arg = &a };
	struct loop_io ib = { .events = LOOP_OUT, .fn = on_io, .arg = &b };
	int fd[2], fe[2];

	if (pipe(fd) < 0 || pipe(fe) < 0)
		abort();
	ia.fd = fd[1];
	ib.fd = fe[1];
	a.del = &ib;
	b.del = &ia;
	IS_INT(loop_add(l, &ia), 0);
	IS_INT(loop_add(l, &ib), 0);
	IS_INT(loop_turn(l, 1000), 0);
	IS_STR(log, "x");
	/* and oneself */
	a.del = &ia;
	b.del = &ib;
	loop_del(l, &ia);
	loop_del(l, &ib);
	log[0] = '\0';
	IS_INT(loop_add(l, &ia), 0);
	IS_INT(loop_turn(l, 1000), 0);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "x");
	close(fd[0]);
	close(fd[1]);
	close(fe[0]);
	close(fe[1]);
	loop_free(l);
}

static void
takes_regular_files(void)
{
	struct loop *l = loop_new();
	char log[64] = "";
	struct note n = { .l = l, .name = 'f', .log = log };
	struct loop_io io = { .events = LOOP_IN, .fn = on_io, .arg = &n };
	FILE *f = tmpfile();

	if (f == NULL)
		abort();
	io.fd = fileno(f);
	IS_INT(loop_add(l, &io), 0);
	IS_INT(loop_turn(l, -1), 0);
	IS_INT(loop_turn(l, -1), 0);
	IS_STR(log, "ff");
	IS_INT(loop_mod(l, &io, 0), 0);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "ff");
	IS_INT(loop_mod(l, &io, LOOP_IN), 0);
	IS_INT(loop_turn(l, -1), 0);
	IS_STR(log, "fff");
	loop_del(l, &io);
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "fff");
	fclose(f);
	loop_free(l);
}

/*
 * The first four by their deadlines: "cabd", unless a busy machine came
 * between the calls that set them.
 */
static void
in_order_of_due(const struct loop_timer *t, char *want)
{
	static const int set[] = { 0, 2, 3, 1 }; /* as last set */
	bool done[4] = { false };
	int i, k, first;

	for (k = 0; k < 4; k++) {
		first = -1;
		for (i = 0; i < 4; i++)
			if (!done[set[i]] &&
			    (first < 0 || t[set[i]].due < t[first].due))
				first = set[i];
		done[first] = true;
		want[k] = (char)('a' + first);
	}
	want[4] = '\0';
}

static void
fires_timers_in_order(void)
{
	struct loop *l = loop_new();
	char log[64] = "", want[5];
	struct note n[5];
	struct loop_timer t[5];
	int i;

	memset(t, 0, sizeof(t));
	for (i = 0; i < 5; i++)
		n[i] = (struct note){
			.l = l, .name = (char)('a' + i), .log = log
		};
	loop_after(l, &t[0], 20, on_fourth_stop, &n[0]);
	loop_after(l, &t[1], 5, on_fourth_stop, &n[1]);
	loop_after(l, &t[2], 1, on_fourth_stop, &n[2]);
	loop_after(l, &t[3], 30, on_fourth_stop, &n[3]);
	loop_after(l, &t[4], 2, on_fourth_stop, &n[4]);
	loop_cancel(l, &t[4]);
	loop_cancel(l, &t[4]);
	loop_after(l, &t[1], 25, on_fourth_stop, &n[1]); /* in place of 5 */
	in_order_of_due(t, want);
	IS_INT(loop_run(l), 0);
	IS_STR(log, want);
	IS_INT(t[0].due, 0);
	/* a turn waits for a timer no longer than it has to */
	loop_after(l, &t[0], 1, on_timer, &n[0]);
	while (strlen(log) < 5)
		IS_INT(loop_turn(l, -1), 0);
	IS_INT(log[4], 'a');
	loop_free(l);
}

static int caught[2];

static void
on_signal(void *arg, int signo)
{
	OK(arg == caught);
	caught[signo == SIGUSR1]++;
}

static void
turns_signals_into_calls(void)
{
	struct loop *l = loop_new();

	IS_INT(loop_signal(l, SIGUSR1, on_signal, caught), 0);
	IS_INT(loop_signal(l, SIGHUP, on_signal, caught), 0);
	raise(SIGUSR1);
	raise(SIGHUP);
	IS_INT(caught[0] + caught[1], 0);
	while (caught[0] == 0 || caught[1] == 0)
		IS_INT(loop_turn(l, 1000), 0);
	IS_INT(caught[0], 1);
	IS_INT(caught[1], 1);
	loop_free(l);
}

static bool
readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

static void
hangs_in_another_loop(void)
{
	struct loop *l = loop_new();
	char log[64] = "", c;
	struct note n = { .l = l, .name = 'r', .log = log };
	struct note m = { .l = l, .name = 't', .log = log };
	struct loop_io io = { .events = LOOP_IN, .fn = on_io, .arg = &n };
	struct loop_timer t = { 0 };
	int fd[2], i;

	if (pipe(fd) < 0)
		abort();
	io.fd = fd[0];
	IS_INT(loop_add(l, &io), 0);
	OK(loop_fd(l) >= 0);
	loop_turn(l, 0);
	OK(!readable(loop_fd(l), 0));
	IS_INT(write(fd[1], "x", 1), 1);
	OK(readable(loop_fd(l), 1000));
	IS_INT(loop_turn(l, 0), 0);
	IS_STR(log, "r");
	IS_INT(read(fd[0], &c, 1), 1);
	OK(!readable(loop_fd(l), 0));
	loop_after(l, &t, 5, on_timer, &m);
	for (i = 0; i < 100 && strcmp(log, "rt") != 0; i++) {
		OK(readable(loop_fd(l), 2000));
		IS_INT(loop_turn(l, 0), 0);
	}
	IS_STR(log, "rt");
	OK(!readable(loop_fd(l), 0));
	loop_del(l, &io);
	close(fd[0]);
	close(fd[1]);
	loop_free(l);
}

int
main(void)
{
	watches_descriptors();
	deletes_inside_a_callback();
	takes_regular_files();
	fires_timers_in_order();
	turns_signals_into_calls();
	hangs_in_another_loop();
	return tap_done();
}
