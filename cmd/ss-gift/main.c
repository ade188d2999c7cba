/*
 * ss-gift: sends gifts: one from its arguments, a batch from stdin, or
 * random ones; to a gateway over HTTP, or as complete event lines to stdout
 * or a Unix socket.
 *
 * Everything runs one gift after another, so that their order is the order
 * on the line; the loop is there for what can interrupt a wait. A gift that
 * is sent again keeps its Idempotency-Key, and that is all it takes to make
 * trying again safe.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "addr.h"
#include "app.h"
#include "buf.h"
#include "event.h"
#include "http.h"
#include "json.h"
#include "loop.h"
#include "msg.h"
#include "opt.h"
#include "utf8.h"

#include "banned.h"

#define DRAIN_MS 2000 /* CONTRACT 7: where downstream is away, 2 s at most */

static void
on_deadline(void *arg)
{
	struct app *a = arg;

	a->hurry = true;
}

/*
 * The gift in hand is given a moment, until the next signal at most; a
 * random one is not worth it.
 */
static void
on_signal(void *arg, int signo)
{
	struct app *a = arg;

	(void)signo;
	if (a->random || a->stopped)
		a->hurry = true;
	else
		loop_after(a->loop, &a->drain, DRAIN_MS, on_deadline, a);
	a->stopped = true;
}

void
on_timer(void *arg)
{
	struct app *a = arg;

	a->rang = true;
}

void
pause_for(struct app *a, double seconds)
{
	int64_t ms = (int64_t)(seconds * 1000);

	if (ms < 1) { /* only what has come meanwhile */
		loop_turn(a->loop, 0);
		return;
	}
	a->rang = false;
	loop_after(a->loop, &a->timer, ms, on_timer, a);
	while (!a->rang && !a->stopped)
		if (loop_turn(a->loop, -1) < 0)
			break;
	loop_cancel(a->loop, &a->timer);
}

bool
key_is_sendable(const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] < ' ' || p[i] == 127)
			return false;
	return n > 0 && p[0] != ' ' && p[n - 1] != ' ';
}

static void
check_names(const struct opt_prog *prog, const struct app *a)
{
	if (a->from != NULL && !event_name_valid(a->from, strlen(a->from)))
		opt_misuse(prog, "--from: " NEED_NAME);
	if (a->room != NULL && !event_name_valid(a->room, strlen(a->room)))
		opt_misuse(prog, "--room: " NEED_NAME);
	if (a->key == NULL)
		return;
	if (a->random || a->batch)
		opt_misuse(prog, "--key is for a single gift");
	if (strlen(a->key) > EVENT_NONCE_MAX ||
	    !utf8_valid(a->key, strlen(a->key)) ||
	    !key_is_sendable(a->key, strlen(a->key)))
		opt_misuse(prog, "--key: must be 1 to 64 bytes of text");
	/* each gift's key is this one with a number behind it */
	if (a->streak > 0 &&
	    strlen(a->key) + sizeof("-1000000") > EVENT_NONCE_MAX)
		opt_misuse(prog, "--key: too long for --streak");
}

static void
check_output(const struct opt_prog *prog, struct app *a)
{
	const char *err;

	if (a->to_stdout && a->output != NULL)
		opt_misuse(prog, "--stdout and --output exclude each other");
	if (a->to_stdout)
		a->output = "-";
	if (a->output != NULL) {
		if (addr_parse(&a->addr, a->output, &err) < 0)
			opt_misuse(prog, "--output: %s: %s", a->output, err);
		return;
	}
	if (http_url(a->url, "/api/gift", &a->target, NULL, &err) < 0)
		opt_misuse(prog, "--url: %s: %s", a->url, err);
}

static void
check(struct app *a, const struct opt_prog *prog, int argc, char **argv)
{
	if (argc > 1 || (argc == 1 && strcmp(argv[0], "-") != 0))
		opt_misuse(prog, "the only operand is - for stdin");
	a->batch = argc == 1;
	if (a->batch && a->random)
		opt_misuse(prog, "--random and - exclude each other");
	if (a->streak > 0 && (a->batch || a->random))
		opt_misuse(prog, "--streak is for a gift from the arguments");
	check_names(prog, a);
	if (!a->batch && !a->random) {
		if (a->from == NULL)
			opt_misuse(prog, "--from is missing");
		if (a->gift_id < 0)
			opt_misuse(prog, "--gift-id is missing");
		if (a->amount < 0)
			opt_misuse(prog, "--amount is missing");
	}
	check_output(prog, a);
}

/* The option table, and the only place that knows it. */
static void
parse(struct app *a, int argc, char **argv)
{
	const double most = (double)JSON_INT_MAX, week = 7 * 86400;
	const struct opt opts[] = {
		{ OPT_TEXT, 0, "from", "NAME", "who gives", &a->from, 0, 0,
		    NULL },
		{ OPT_INT, 0, "gift-id", "N", "which gift, an integer >= 0",
		    &a->gift_id, 0, most, NULL },
		{ OPT_INT, 0, "amount", "N", "how many, an integer >= 1",
		    &a->amount, 1, most, NULL },
		{ OPT_TEXT, 0, "room", "ROOM", "in which room (main)", &a->room,
		    0, 0, NULL },
		{ OPT_TEXT, 0, "key", "KEY",
		    "Idempotency-Key of a single gift (a new one)", &a->key, 0,
		    0, NULL },
		{ OPT_FLAG, 0, "random", NULL, "random gifts, from bot",
		    &a->random, 0, 0, NULL },
		{ OPT_SECONDS, 0, "interval", "TIME",
		    "between random gifts (1s), or a streak's (200ms)",
		    &a->interval, 0, week, NULL },
		{ OPT_FLAG, 0, "jitter", NULL, "vary the interval, 50 to 150 %",
		    &a->jitter, 0, 0, NULL },
		{ OPT_INT, 0, "count", "N",
		    "so many random gifts; 0: without end (0)", &a->count, 0,
		    most, NULL },
		{ OPT_INT, 0, "streak", "N", "the gift so many times in a row",
		    &a->streak, 1, STREAK_MAX, NULL },
		{ OPT_INT, 0, "seed", "N",
		    "the same random gifts for the same N", &a->seed, 0, most,
		    NULL },
		{ OPT_TEXT, 0, "url", "URL",
		    "the gateway (http://127.0.0.1:8000)", &a->url, 0, 0,
		    NULL },
		{ OPT_INT, 0, "retries", "N", "try again so often (3)",
		    &a->retries, 0, 1000, NULL },
		{ OPT_SECONDS, 0, "timeout", "TIME",
		    "for a request, or for a socket to appear (10s)",
		    &a->timeout, 0.001, 3600, NULL },
		{ OPT_FILE, 0, "token-file", "FILE",
		    "send FILE's contents as bearer token", &a->token_file, 0,
		    0, NULL },
		{ OPT_FLAG, 0, "stdout", NULL,
		    "print event lines instead of sending", &a->to_stdout, 0, 0,
		    NULL },
		{ OPT_ADDR, 'o', "output", "ADDR",
		    "write event lines to ADDR: -, unix:PATH or listen:PATH",
		    &a->output, 0, 0, NULL },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = {
		.name = "ss-gift",
		.summary = "send a gift, a batch of gifts, or random gifts",
		.operands = "[-]",
		.opts = opts,
	};
	int i = opt_parse(&prog, argc, argv);

	check(a, &prog, argc - i, argv + i);
}

static int
open_all(struct app *a)
{
	/* for TLS, and for a closed stdout to be told by write(2) */
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, NULL);
	a->chance = make_seed();
	a->loop = loop_new();
	if (a->loop == NULL || loop_signal(a->loop, SIGINT, on_signal, a) < 0 ||
	    loop_signal(a->loop, SIGTERM, on_signal, a) < 0) {
		msg_err("%s", strerror(errno));
		return -1;
	}
	return send_open(a);
}

static void
run(struct app *a)
{
	if (a->random)
		send_random(a);
	else if (a->batch)
		send_batch(a);
	else if (a->streak > 0)
		send_streak(a);
	else
		send_one(a);
}

/* Who reads no more has had enough: an end as SIGPIPE's, without a word. */
static void
die_of_pipe(void)
{
	const struct sigaction dfl = { .sa_handler = SIG_DFL };

	sigaction(SIGPIPE, &dfl, NULL);
	raise(SIGPIPE);
}

static int
finish(struct app *a)
{
	send_close(a);
	loop_free(a->loop);
	buf_release(&a->target);
	buf_release(&a->word);
	if (a->broken == EPIPE)
		die_of_pipe();
	if (a->broken == 0)
		return a->status;
	msg_err("stdout: %s", strerror(a->broken));
	return 1;
}

int
main(int argc, char **argv)
{
	struct app a = {
		.url = "http://127.0.0.1:8000",
		.gift_id = -1,
		.amount = -1,
		.seed = -1,
		.retries = 3,
		.interval = -1,
		.timeout = 10,
	};

	buf_init(&a.target, HTTP_BODY_MAX);
	buf_init(&a.word, HTTP_BODY_MAX);
	parse(&a, argc, argv);
	if (open_all(&a) == 0)
		run(&a);
	else
		a.status = 1;
	return finish(&a);
}
