/* opt: each kind's good and bad values, environment, help, misuse. */
#include "../../lib/opt.h"

#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static bool flag;
static const char *text = "default", *choice = "mask", *addr;
static int64_t num = 7, size = 1024;
static double real = 0.5, seconds = 2;

static const struct opt table[] = {
	{ .kind = OPT_FLAG,
	    .shortname = 'f',
	    .name = "some-flag",
	    .out = &flag,
	    .help = "switch something on" },
	{ .kind = OPT_TEXT,
	    .shortname = 't',
	    .name = "text",
	    .arg = "TEXT",
	    .out = &text,
	    .help = "any text" },
	{ .kind = OPT_ADDR,
	    .name = "address",
	    .arg = "ADDR",
	    .out = &addr,
	    .help = "an address" },
	{ .kind = OPT_CHOICE,
	    .name = "policy",
	    .arg = "WHAT",
	    .out = &choice,
	    .choices = "annotate mask block",
	    .help = "one of some" },
	{ .kind = OPT_INT,
	    .shortname = 'n',
	    .name = "num",
	    .arg = "N",
	    .out = &num,
	    .min = -5,
	    .max = 65535,
	    .help = "a number" },
	{ .kind = OPT_REAL,
	    .name = "real",
	    .arg = "X",
	    .out = &real,
	    .min = 0,
	    .max = 1,
	    .help = "a share" },
	{ .kind = OPT_SIZE,
	    .name = "max-size",
	    .arg = "SIZE",
	    .out = &size,
	    .min = 1,
	    .max = 1e12,
	    .help = "bytes" },
	{ .kind = OPT_SECONDS,
	    .name = "wait",
	    .arg = "TIME",
	    .out = &seconds,
	    .min = 0,
	    .max = 1e6,
	    .help = "how long" },
	{ .kind = OPT_END },
};

static const struct opt_prog prog = { .name = "ss-test",
	.summary = "tests the options",
	.operands = "[FILE]",
	.opts = table,
	.epilog = "That is all." };

static char out[16384], err[16384];

static void
slurp(int fd, char *p, size_t size_)
{
	size_t n = 0;
	ssize_t r;

	while ((r = read(fd, p + n, size_ - 1 - n)) > 0)
		n += (size_t)r;
	p[n] = '\0';
	close(fd);
}

/*
 * Runs opt_parse with these arguments (NULL at the end) in a process of its
 * own; out has what it found and printed, err what it complained of. Returns
 * the exit status; 0 with an operand's index in front of out's "@".
 */
static int
run(const char *env, const char *const *arg)
{
	int po[2], pe[2], status = -1, argc = 1, i;
	char *argv[16] = { NULL };
	pid_t pid;

	argv[0] = tap_copy("ss-test", 8);
	for (; arg[argc - 1] != NULL; argc++)
		argv[argc] = tap_copy(arg[argc - 1], strlen(arg[argc - 1]) + 1);
	if (pipe(po) < 0 || pipe(pe) < 0)
		abort();
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(po[1], 1);
		dup2(pe[1], 2);
		close(po[0]);
		close(po[1]);
		close(pe[0]);
		close(pe[1]);
		if (env != NULL) {
			char *name = tap_copy(env, strlen(env) + 1);
			char *eq = strchr(name, '=');

			*eq = '\0';
			if (setenv(name, eq + 1, 1) < 0)
				_exit(99);
			free(name);
		}
		i = opt_parse(&prog, argc, argv);
		printf("%d@ flag=%d text=%s address=%s policy=%s num=%" PRId64
		       " real=%g size=%" PRId64 " wait=%g rest=%s\n",
		    i, flag, text, addr ? addr : "none", choice, num, real,
		    size, seconds, i < argc ? argv[i] : "none");
		fflush(stdout);
		_exit(0);
	}
	close(po[1]);
	close(pe[1]);
	slurp(po[0], out, sizeof(out));
	slurp(pe[0], err, sizeof(err));
	waitpid(pid, &status, 0);
	for (i = 0; i < argc; i++)
		free(argv[i]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(...) run(NULL, (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_ENV(env, ...) run(env, (const char *const[]){ __VA_ARGS__, NULL })
#define SAYS(word) OK(strstr(out, word) != NULL)

static void
knows_defaults(void)
{
	static const char *const none[] = { NULL };

	IS_INT(run(NULL, none), 0);
	IS_STR(out,
	    "1@ flag=0 text=default address=none policy=mask num=7 real=0.5 "
	    "size=1024 wait=2 rest=none\n");
	IS_STR(err, "");
}

static void
reads_values(void)
{
	IS_INT(RUN("-f", "-t", "a b", "--policy", "block", "-n5", "x"), 0);
	SAYS(" flag=1 text=a b address=none policy=block num=5 ");
	SAYS("rest=x");
	IS_INT(RUN("--num=-5", "--text=", "--address", "unix:/x"), 0);
	SAYS(" num=-5 ");
	SAYS(" text= ");
	SAYS(" address=unix:/x ");
	IS_INT(RUN("--num", "65535", "--", "--num"), 0);
	SAYS(" num=65535 ");
	SAYS(" rest=--num");
	IS_INT(RUN("--real=0.25"), 0);
	SAYS(" real=0.25 ");
	IS_INT(RUN("--real=1"), 0);
	SAYS(" real=1 ");
	IS_INT(RUN("-"), 0);
	SAYS(" rest=-");
	IS_INT(RUN("-q", "-v", "--quiet", "--verbose"), 0);
	IS_INT(RUN("--num=1", "--num=2"), 0);
	SAYS(" num=2 ");
}

static void
reads_sizes_and_times(void)
{
	static const struct {
		const char *arg, *said;
	} row[] = {
		{ "--max-size=1", " size=1 " },
		{ "--max-size=10K", " size=10240 " },
		{ "--max-size=8M", " size=8388608 " },
		{ "--max-size=3G", " size=3221225472 " },
		{ "--wait=5", " wait=5 " },
		{ "--wait=0.5", " wait=0.5 " },
		{ "--wait=250ms", " wait=0.25 " },
		{ "--wait=30s", " wait=30 " },
		{ "--wait=5m", " wait=300 " },
		{ "--wait=2h", " wait=7200 " },
		{ "--wait=7d", " wait=604800 " },
		{ "--wait=0", " wait=0 " },
	};
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		OK_FOR(RUN(row[i].arg) == 0, row[i].arg);
		OK_FOR(strstr(out, row[i].said) != NULL, row[i].arg);
	}
}

static void
refuses_nonsense(void)
{
	static const char *const no[] = { "--num=", "--num=x", "--num=5x",
		"--num= 5", "--num=5 ", "--num=5.0", "--num=1e3", "--num=0x10",
		"--num=65536", "--num=-6", "--num=99999999999999999999",
		"--real=", "--real=x", "--real=1.1", "--real=-0.1",
		"--real=nan", "--real=inf", "--real=0.5x",
		"--max-size=", "--max-size=K", "--max-size=10X",
		"--max-size=-1", "--max-size=0", "--max-size=10KK",
		"--max-size=99999999999G", "--max-size=9223372036854775808",
		"--wait=", "--wait=s", "--wait=5x", "--wait=-1", "--wait=nan",
		"--wait=1e300", "--wait=5 s", "--wait=inf",
		"--policy=", "--policy=mas", "--policy=masks",
		"--policy=mask block", "--policy=Mask", "--nothing", "-x",
		"--some-flag=1", "--num", "-n" };
	size_t i;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		OK_FOR(RUN(no[i]) == 2, no[i]);
		OK_FOR(out[0] == '\0', no[i]);
		OK_FOR(strstr(err, "usage: ss-test") != NULL, no[i]);
	}
	/* it says which */
	RUN("--num=65536");
	OK(strncmp(err, "ss-test: ", 9) == 0);
	OK(strstr(err, "num") != NULL);
	/* and does not let a terminal be written on */
	RUN("--num=\x1b[31m\n");
	OK(strchr(err, '\x1b') == NULL);
	RUN("--\x1b[31m");
	OK(strchr(err, '\x1b') == NULL);
}

static void
reads_the_environment(void)
{
	IS_INT(RUN_ENV("SS_NUM=9", "x"), 0);
	SAYS(" num=9 ");
	IS_INT(RUN_ENV("SS_NUM=9", "--num=3"), 0);
	SAYS(" num=3 ");
	IS_INT(RUN_ENV("SS_MAX_SIZE=2K", "x"), 0);
	SAYS(" size=2048 ");
	IS_INT(RUN_ENV("SS_POLICY=block", "x"), 0);
	SAYS(" policy=block ");
	IS_INT(RUN_ENV("SS_SOME_FLAG=1", "x"), 0);
	SAYS(" flag=1 ");
	IS_INT(RUN_ENV("SS_SOME_FLAG=0", "x"), 0);
	SAYS(" flag=0 ");
	IS_INT(RUN_ENV("SS_NUM=zero", "x"), 2);
	OK(strstr(err, "SS_NUM") != NULL);
	IS_INT(RUN_ENV("SS_POLICY=none", "x"), 2);
}

static void
helps(void)
{
	size_t i;

	IS_INT(RUN("--help"), 0);
	IS_STR(err, "");
	SAYS("ss-test");
	SAYS("tests the options");
	SAYS("[FILE]");
	SAYS("That is all.");
	for (i = 0; table[i].kind != OPT_END; i++) {
		OK_FOR(strstr(out, table[i].name) != NULL, table[i].name);
		OK_FOR(strstr(out, table[i].help) != NULL, table[i].name);
	}
	SAYS("--help");
	SAYS("--version");
	SAYS("--quiet");
	SAYS("--verbose");
	IS_INT(RUN("-h"), 0);
	SAYS("tests the options");
	/* help comes even where the rest would be misuse before it */
	IS_INT(RUN("--version"), 0);
	OK(strncmp(out, "ss-test ", 8) == 0);
	IS_INT(RUN("--help-options"), 0);
	for (i = 0; table[i].kind != OPT_END; i++)
		OK_FOR(strstr(out, table[i].name) != NULL, table[i].name);
}

static void
notices_a_full_disk(void)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char a0[] = "ss-test", a1[] = "--help";
		char *argv[] = { a0, a1, NULL };

		if (freopen("/dev/full", "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(99);
		opt_parse(&prog, 2, argv);
		_exit(98);
	}
	waitpid(pid, &status, 0);
	OK(WIFEXITED(status));
	IS_INT(WEXITSTATUS(status), 1);
}

int
main(void)
{
	knows_defaults();
	reads_values();
	reads_sizes_and_times();
	refuses_nonsense();
	reads_the_environment();
	helps();
	notices_a_full_disk();
	return tap_done();
}
