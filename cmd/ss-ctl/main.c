/*
 * ss-ctl: moderators' actions, one a run: to a gateway's control socket, to a
 * gateway over HTTP, or out as an event's line.
 */
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app.h"
#include "opt.h"

#include "banned.h"

#define REQUEST_MAX 16384 /* bytes: reason and all */

/* Who does it, where nothing was said: who has logged in. */
static const char *
login(void)
{
	const struct passwd *p = getpwuid(getuid());

	return p && event_name_valid(p->pw_name, strlen(p->pw_name))
		   ? p->pw_name
		   : "admin";
}

static bool
is_key(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (s[i] < '!' || s[i] > '~')
			return false;
	return i > 0 && i <= EVENT_NONCE_MAX;
}

/*
 * A server that stands in the environment alone, for ss-gift as well, is
 * meant for who has a token.
 */
static bool
by_http(const struct app *a, const struct opt_prog *prog)
{
	const char *env = getenv("SS_URL");

	if (!a->url || send_has_token(a))
		return a->url != NULL;
	if (!env || strcmp(env, a->url) != 0)
		opt_misuse(
		    prog, "--url needs a token: --token-file or SS_TOKEN");
	return false;
}

static void
check_output(struct app *a, const struct opt_prog *prog)
{
	const char *err;

	if (a->output) {
		if (addr_parse(&a->addr, a->output, &err) < 0)
			opt_misuse(prog, "--output: %s: %s", a->output, err);
		if (a->addr.kind == ADDR_LISTEN)
			opt_misuse(prog, "--output: must be - or unix:PATH");
		return;
	}
	if (a->control && strlen(a->control) >= sizeof a->addr.path)
		opt_misuse(prog, "--control: over 107 bytes");
	if (a->control)
		memcpy(a->addr.path, a->control, strlen(a->control) + 1);
	else if (addr_control(&a->addr, ADDR_CONNECT, NULL, &err) < 0)
		opt_misuse(prog, "SS_BUS: %s", err);
}

static void
parse(struct app *a, int argc, char **argv)
{
	const struct opt opts[] = {
		{ OPT_TEXT, 0, "control", "PATH",
		    "the gateway's control socket (beside the bus)",
		    &a->control, 0, 0, NULL },
		{ OPT_TEXT, 0, "url", "URL",
		    "a gateway to reach over HTTP, with a token", &a->url, 0, 0,
		    NULL },
		{ OPT_FILE, 0, "token-file", "FILE",
		    "the token is FILE's contents (SS_TOKEN's)", &a->token_file,
		    0, 0, NULL },
		{ OPT_ADDR, 'o', "output", "ADDR",
		    "write the event's line to ADDR instead: - or unix:PATH",
		    &a->output, 0, 0, NULL },
		{ OPT_TEXT, 0, "by", "NAME",
		    "who does it (the login name; a token's sub)", &a->by, 0, 0,
		    NULL },
		{ OPT_TEXT, 0, "room", "ROOM", "in this room (in all)",
		    &a->room, 0, 0, NULL },
		{ OPT_TEXT, 0, "reason", "TEXT", "why", &a->reason, 0, 0,
		    NULL },
		{ OPT_TEXT, 0, "address", "ADDRESS",
		    "ban, unban: this address; IPv6 by /64", &a->address, 0, 0,
		    NULL },
		{ OPT_TEXT, 0, "key", "KEY",
		    "do it once, however often it is sent with this key",
		    &a->key, 0, 0, NULL },
		{ OPT_FLAG, 0, "wait", NULL, "until it is in force", &a->wait,
		    0, 0, NULL },
		{ OPT_SECONDS, 0, "timeout", "TIME",
		    "how long an answer may take (10s)", &a->timeout, 0.001,
		    3600, NULL },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-ctl",
		.summary = "do what moderators do",
		.operands = "ACTION [ARGUMENT]...",
		.opts = opts,
		.epilog = "Actions: mute USER [DURATION], unmute USER, "
			  "kick USER,\nban USER|ADDRESS [DURATION], "
			  "unban USER|ADDRESS, delete ID, purge USER,\n"
			  "slow SECONDS, subonly on|off, threshold VALUE, "
			  "level [LABEL=]N, hold N,\napprove ID, deny ID" };
	int i = opt_parse(&prog, argc, argv);
	bool http = by_http(a, &prog);
	const char *why;

	if (!a->by && (a->output || !http))
		a->by = login();
	why = words_read(a, argc - i, argv + i);
	if (why)
		opt_misuse(&prog, "%s%s%s", i < argc ? argv[i] : "",
		    i < argc ? ": " : "", why);
	if (a->key && !is_key(a->key))
		opt_misuse(
		    &prog, "--key: must be 1 to 64 printable characters");
	check_output(a, &prog);
	a->send = a->output ? send_line : http ? send_http : send_control;
}

int
main(int argc, char **argv)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct app a = { .timeout = 10 };
	int status;

	buf_init(&a.members, REQUEST_MAX);
	buf_init(&a.text, REQUEST_MAX);
	parse(&a, argc, argv);
	/* a closed stdout ends us as it does any filter */
	if (!a.output || a.addr.kind != ADDR_STD)
		sigaction(SIGPIPE, &ignore, NULL);
	status = a.send(&a);
	buf_release(&a.members);
	buf_release(&a.text);
	return status;
}
