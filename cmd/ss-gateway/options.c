/*
 * options: what the gateway can be told, in groups, and what of it does not
 * fit together. A new option is a row at the end of its group, its default
 * stands below them.
 */
#include <string.h>

#include "gateway.h"
#include "harden.h"
#include "opt.h"
#include "origin.h"

#include "banned.h"

#define ROWS_MAX 100
#define RATE_MAX 1e6 /* per second: a limit above it is none */

struct rows {
	struct opt row[ROWS_MAX + 1]; /* and OPT_END, which is 0 */
	size_t n;
};

#define ADD(t, rows) add((t), (rows), sizeof(rows) / sizeof *(rows))

static void
add(struct rows *t, const struct opt *o, size_t n)
{
	for (; n-- && t->n < ROWS_MAX; o++)
		t->row[t->n++] = *o;
}

/* What comes from where. */
static void
pipeline(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_ADDR,
		    .shortname = 'i',
		    .name = "input",
		    .arg = "ADDR",
		    .out = &g->in,
		    .help = "read events from ADDR (the bus)" },
		{ .kind = OPT_ADDR,
		    .shortname = 'o',
		    .name = "output",
		    .arg = "ADDR",
		    .out = &g->out,
		    .help =
			"write lines to ADDR: -, unix:PATH or listen:PATH" },
		{ .kind = OPT_INT,
		    .name = "gather",
		    .arg = "MS",
		    .out = &g->gather,
		    .min = 0,
		    .max = 10000,
		    .help = "under load, send at most every MS ms (0)" },
		{ .kind = OPT_CHOICE,
		    .name = "io-uring",
		    .arg = "WHEN",
		    .out = &g->io_uring,
		    .choices = "auto off",
		    .help = "many sends in one system call (auto)" },
		{ .kind = OPT_TEXT,
		    .name = "control",
		    .arg = "PATH",
		    .out = &g->control_path,
		    .help = "socket for ss-ctl; none (beside the bus)" },
	};

	g->io_uring = "auto";
	ADD(t, rows);
}

/* Where viewers connect to. */
static void
listener(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_TEXT,
		    .name = "addr",
		    .arg = "HOST",
		    .out = &g->addr,
		    .help = "address to listen on (127.0.0.1)" },
		{ .kind = OPT_INT,
		    .shortname = 'p',
		    .name = "port",
		    .arg = "N",
		    .out = &g->port,
		    .min = 0,
		    .max = 65535,
		    .help = "port to listen on; 0: any free one (8000)" },
		{ .kind = OPT_INT,
		    .name = "workers",
		    .arg = "N",
		    .out = &g->workers,
		    .min = 1,
		    .max = WORKERS_MAX,
		    .help = "so many processes share the port (1)" },
		{ .kind = OPT_INT,
		    .name = "max-connections",
		    .arg = "N",
		    .out = &g->max_connections,
		    .min = 1,
		    .max = 1000000,
		    .help = "viewers at once; more get 503 (10000)" },
		{ .kind = OPT_FILE,
		    .name = "tls-cert",
		    .arg = "FILE",
		    .out = &g->tls_cert,
		    .help = "serve by TLS, with the certificates in FILE" },
		{ .kind = OPT_FILE,
		    .name = "tls-key",
		    .arg = "FILE",
		    .out = &g->tls_key,
		    .help = "and the key in FILE" },
	};

	g->addr = "127.0.0.1";
	g->port = 8000;
	g->max_connections = 10000;
	g->workers = 1;
	ADD(t, rows);
}

/* What a connection may take, and for how long. */
static void
viewers(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_SIZE,
		    .name = "max-lag",
		    .arg = "SIZE",
		    .out = &g->max_lag,
		    .min = 4096,
		    .max = 64 << 20,
		    .help = "bytes that may wait for one viewer (1M)" },
		{ .kind = OPT_INT,
		    .name = "history",
		    .arg = "N",
		    .out = &g->history,
		    .min = 0,
		    .max = 100000,
		    .help = "newest events kept for late comers (1000)" },
		{ .kind = OPT_SECONDS,
		    .name = "delay",
		    .arg = "TIME",
		    .out = &g->delay,
		    .min = 0,
		    .max = 60,
		    .help = "show viewers what is said so much later (0)" },
		{ .kind = OPT_SECONDS,
		    .name = "ping",
		    .arg = "TIME",
		    .out = &g->ping,
		    .min = 1,
		    .max = 3600,
		    .help = "ping a viewer so often (25s)" },
		{ .kind = OPT_SECONDS,
		    .name = "idle-timeout",
		    .arg = "TIME",
		    .out = &g->idle,
		    .min = 2,
		    .max = 7200,
		    .help = "drop one who answers no ping for TIME (35s)" },
	};

	g->max_lag = 1 << 20;
	g->history = 1000;
	g->ping = 25;
	g->idle = 35;
	ADD(t, rows);
}

/* Who gets in. */
static void
identity(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_FILES,
		    .name = "jwt-key",
		    .arg = "FILE",
		    .out = &g->keys.files,
		    .help = "demand a token signed with this key (repeatable; "
			    "a folder of keys, too)" },
		{ .kind = OPT_TEXT,
		    .name = "audience",
		    .arg = "NAME",
		    .out = &g->keys.audience,
		    .help = "tokens must be for NAME (aud)" },
		{ .kind = OPT_TEXT,
		    .name = "protect",
		    .arg = "NAMES",
		    .out = &g->protect,
		    .help = "nobody may look like NAMES: A,B or a file's path "
			    "with a slash" },
	};

	ADD(t, rows);
}

/* How much and how often. */
static void
limits(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_REAL,
		    .name = "rate",
		    .arg = "N",
		    .out = &g->rate,
		    .max = RATE_MAX,
		    .help = "messages a second of one user; 0: any (1; with "
			    "loopback alone and no tokens 0)" },
		{ .kind = OPT_INT,
		    .name = "burst",
		    .arg = "N",
		    .out = &g->burst,
		    .min = 1,
		    .max = RATE_MAX,
		    .help = "of them so many at once after a rest (5)" },
		{ .kind = OPT_SECONDS,
		    .name = "repeat-after",
		    .arg = "TIME",
		    .out = &g->repeat,
		    .max = 86400,
		    .help = "until a user may say the same again (10s; with "
			    "loopback alone and no tokens 0)" },
		{ .kind = OPT_REAL,
		    .name = "address-rate",
		    .arg = "N",
		    .out = &g->address_rate,
		    .max = RATE_MAX,
		    .help = "messages a second of one address (20)" },
		{ .kind = OPT_REAL,
		    .name = "room-rate",
		    .arg = "N",
		    .out = &g->room_rate,
		    .max = RATE_MAX,
		    .help = "messages a second in one room; 0: any (0)" },
		{ .kind = OPT_REAL,
		    .name = "gift-rate",
		    .arg = "N",
		    .out = &g->gift_rate,
		    .max = RATE_MAX,
		    .help = "gifts a second of one user or address (10)" },
		{ .kind = OPT_REAL,
		    .name = "connect-rate",
		    .arg = "N",
		    .out = &g->connect_rate,
		    .max = RATE_MAX,
		    .help = "connections a second of one address (100)" },
		{ .kind = OPT_INT,
		    .name = "max-per-address",
		    .arg = "N",
		    .out = &g->max_per_address,
		    .max = 1000000,
		    .help = "connections of one address; 0: any (20)" },
	};

	g->rate = g->repeat = -1; /* limits_by_default */
	g->burst = 5;
	g->address_rate = 20;
	g->gift_rate = 10;
	g->connect_rate = 100;
	g->max_per_address = 20;
	ADD(t, rows);
}

/* Web pages and proxies. */
static void
web(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_TEXT,
		    .name = "origin",
		    .arg = "LIST",
		    .out = &g->origin,
		    .help = "origins of pages that may connect (our own)" },
		{ .kind = OPT_TEXT,
		    .name = "cors",
		    .arg = "LIST",
		    .out = &g->cors,
		    .help = "origins that may read answers, too (none)" },
		{ .kind = OPT_TEXT,
		    .name = "trust-proxy",
		    .arg = "LIST",
		    .out = &g->trust_proxy,
		    .help = "believe X-Forwarded-For from these addresses" },
	};

	ADD(t, rows);
}

/* Start and stop. */
static void
process(struct gateway *g, struct rows *t)
{
	const struct opt rows[] = {
		{ .kind = OPT_SECONDS,
		    .name = "drain-timeout",
		    .arg = "TIME",
		    .out = &g->drain,
		    .min = 0,
		    .max = 3600,
		    .help = "how long a stop may wait for the output (2s)" },
		{ .kind = OPT_INT,
		    .name = "ready-fd",
		    .arg = "N",
		    .out = &g->ready_fd,
		    .min = 0,
		    .max = 1 << 20,
		    .help = "write a newline to descriptor N when listening" },
		{ .kind = OPT_TEXT,
		    .name = "user",
		    .arg = "NAME",
		    .out = &g->user,
		    .help = "become this user after the start" },
		{ .kind = OPT_TEXT,
		    .name = "echo",
		    .arg = "PATH",
		    .out = &g->echo,
		    .help = "echo what comes at PATH, for tests of WebSocket" },
		{ .kind = OPT_FLAG,
		    .name = "no-sandbox",
		    .out = &g->no_sandbox,
		    .help = "go without seccomp and Landlock" },
		{ .kind = OPT_TEXT,
		    .name = "www",
		    .arg = "DIR",
		    .out = &g->www_dir,
		    .help = "files that replace the page's own" },
		{ .kind = OPT_TEXT,
		    .name = "metrics",
		    .arg = "ADDR",
		    .out = &g->metrics_addr,
		    .help = "serve metrics at HOST:PORT or listen:PATH, too" },
	};

	g->drain = 2;
	g->ready_fd = -1;
	ADD(t, rows);
}

static void
addresses(struct gateway *g, const struct opt_prog *prog)
{
	const char *err;

	if ((g->in ? addr_parse(&g->in_addr, g->in, &err)
		   : addr_bus(&g->in_addr, ADDR_CONNECT, &err)) < 0)
		opt_misuse(prog, "%s: %s", g->in ? g->in : "SS_BUS", err);
	if (addr_parse(&g->out_addr, g->out ? g->out : "-", &err) < 0)
		opt_misuse(prog, "%s: %s", g->out, err);
	if (g->workers > 1 && (g->in_addr.kind != ADDR_CONNECT ||
				  g->out_addr.kind == ADDR_LISTEN))
		opt_misuse(prog, "--workers needs a unix: input, and an output "
				 "that is not listen:");
	if (g->metrics_addr && httpd_addr_check(g->metrics_addr, &err) < 0)
		opt_misuse(prog, "--metrics: %s: %s", err, g->metrics_addr);
	if (g->control_path &&
	    (!*g->control_path ||
		strlen(g->control_path) >= sizeof(((struct addr *)0)->path)))
		opt_misuse(prog, "--control: must be a path of 1 to 107 bytes");
	if (g->keys.audience && !g->keys.files.n)
		opt_misuse(prog, "--audience needs --jwt-key");
	if (!g->tls_cert != !g->tls_key)
		opt_misuse(prog, "--tls-cert and --tls-key need each other");
	if (g->ping >= g->idle)
		opt_misuse(prog, "--idle-timeout must be longer than --ping");
}

static void
lists(struct gateway *g, const struct opt_prog *prog)
{
	if (g->origin && !origin_list_valid(g->origin))
		opt_misuse(prog,
		    "--origin %s: not a list of origins "
		    "(https://chat.example)",
		    g->origin);
	if (g->cors && !origin_list_valid(g->cors))
		opt_misuse(prog,
		    "--cors %s: not a list of origins "
		    "(https://chat.example)",
		    g->cors);
	if (g->trust_proxy && proxies_parse(&g->proxies, g->trust_proxy) < 0)
		opt_misuse(prog,
		    "--trust-proxy %s: not a list of addresses "
		    "(10.0.0.1,fd00::/8)",
		    g->trust_proxy);
}

/* Only this machine can connect, and a name is anybody's word. */
static bool
is_open_at_home(const struct gateway *g)
{
	struct in6_addr a;

	if (g->keys.files.n || g->trust_proxy)
		return false;
	return strcmp(g->addr, "localhost") == 0 ||
	       (cidr_addr(&a, g->addr, strlen(g->addr)) == 0 &&
		   cidr_is_loopback(&a));
}

/*
 * Where anybody may take another name a limit by name protects nobody, and
 * it is in the way of tests and tools on one's own machine.
 */
static void
limits_by_default(struct gateway *g)
{
	bool none = is_open_at_home(g);

	if (g->rate < 0)
		g->rate = none ? 0 : 1;
	if (g->repeat < 0)
		g->repeat = none ? 0 : 10;
}

void
options_parse(struct gateway *g, int argc, char **argv)
{
	struct rows t = { .n = 0 };
	const struct opt_prog prog = { .name = "ss-gateway",
		.summary = "viewers in and out, over WebSocket and HTTP",
		.opts = t.row,
		.version = harden_describe };

	pipeline(g, &t);
	listener(g, &t);
	viewers(g, &t);
	identity(g, &t);
	limits(g, &t);
	web(g, &t);
	process(g, &t);
	opt_parse(&prog, argc, argv);
	addresses(g, &prog);
	lists(g, &prog);
	limits_by_default(g);
}
