/*
 * options: ss-dash's options, and what they default to.
 */
#include <stdio.h>
#include <string.h>

#include "dash.h"

#include "banned.h"

/* What the gateway and the stages have beside the bus. */
static void
beside_bus(struct dash *d, const struct opt_prog *prog)
{
	const char *bus = d->in_addr.kind == ADDR_CONNECT ? d->in_addr.path
							  : NULL;
	const char *err, *slash;

	if (addr_control(&d->beside, ADDR_CONNECT, bus, &err) < 0)
		opt_misuse(prog, "SS_BUS: %s", err);
	if (!d->control)
		d->control = d->beside.path;
	slash = strrchr(d->beside.path, '/');
	snprintf(d->folder, sizeof d->folder, "%.*s",
	    slash ? (int)(slash - d->beside.path) : 1,
	    slash ? d->beside.path : ".");
	if (!d->stages_dir)
		d->stages_dir = d->folder;
}

static void
check(struct dash *d, const struct opt_prog *prog)
{
	const char *err;

	if ((d->in ? addr_parse(&d->in_addr, d->in, &err)
		   : addr_bus(&d->in_addr, ADDR_CONNECT, &err)) < 0)
		opt_misuse(prog, "%s: %s", d->in ? d->in : "SS_BUS", err);
	if (!event_name_valid(d->by, strlen(d->by)))
		opt_misuse(prog, "--by: must be a username: %s", d->by);
	if (d->metrics_addr && httpd_addr_check(d->metrics_addr, &err) < 0)
		opt_misuse(prog, "--metrics: %s: %s", err, d->metrics_addr);
	if (d->db && strncmp(d->db, "sqlite:", 7) == 0)
		d->db += 7;
	if (d->audience && !d->keys.n)
		opt_misuse(prog, "--audience needs --jwt-key");
	beside_bus(d, prog);
}

void
options_parse(struct dash *d, int argc, char **argv)
{
	const struct opt opts[] = {
		{ .kind = OPT_ADDR,
		    .shortname = 'i',
		    .name = "input",
		    .arg = "ADDR",
		    .out = &d->in,
		    .help = "read events from ADDR (the bus)" },
		{ .kind = OPT_TEXT,
		    .name = "addr",
		    .arg = "HOST",
		    .out = &d->addr,
		    .help = "address to listen on (127.0.0.1)" },
		{ .kind = OPT_INT,
		    .shortname = 'p',
		    .name = "port",
		    .arg = "N",
		    .out = &d->port,
		    .min = 0,
		    .max = 65535,
		    .help = "port to listen on; 0: any free one (8501)" },
		{ .kind = OPT_FILES,
		    .name = "jwt-key",
		    .arg = "FILE",
		    .out = &d->keys,
		    .help = "demand a moderator's token; FILE, or a folder, "
			    "has the keys that check it" },
		{ .kind = OPT_TEXT,
		    .name = "audience",
		    .arg = "NAME",
		    .out = &d->audience,
		    .help = "tokens must be for NAME" },
		{ .kind = OPT_FILES,
		    .name = "host",
		    .arg = "NAME",
		    .out = &d->hosts,
		    .help = "answer to this name, too; may be repeated" },
		{ .kind = OPT_TEXT,
		    .name = "by",
		    .arg = "NAME",
		    .out = &d->by,
		    .help = "without tokens: who it is that acts (desk)" },
		{ .kind = OPT_FILE,
		    .name = "control",
		    .arg = "PATH",
		    .out = &d->control,
		    .help = "the gateway's control socket (control.sock beside "
			    "the bus)" },
		{ .kind = OPT_DIR,
		    .name = "stages",
		    .arg = "DIR",
		    .out = &d->stages_dir,
		    .help = "where the stages' NAME.metrics sockets are "
			    "(beside the bus)" },
		{ .kind = OPT_FILE,
		    .name = "db",
		    .arg = "PATH",
		    .out = &d->db,
		    .help = "ss-log's database, for what is longer ago" },
		{ .kind = OPT_INT,
		    .name = "history",
		    .arg = "N",
		    .out = &d->history,
		    .min = 1,
		    .max = 20000,
		    .help = "newest events that the page has (2000)" },
		{ .kind = OPT_DIR,
		    .name = "www",
		    .arg = "DIR",
		    .out = &d->www_dir,
		    .help = "files that replace the page's own" },
		{ .kind = OPT_TEXT,
		    .name = "metrics",
		    .arg = "ADDR",
		    .out = &d->metrics_addr,
		    .help = "serve Prometheus metrics at HOST:PORT or "
			    "listen:PATH" },
		{ .kind = OPT_INT,
		    .name = "ready-fd",
		    .arg = "N",
		    .out = &d->ready_fd,
		    .min = 0,
		    .max = 1 << 20,
		    .help = "write a newline to descriptor N when listening" },
		{ .kind = OPT_END },
	};
	const struct opt_prog prog = { .name = "ss-dash",
		.summary = "the moderators' desk, in a browser",
		.opts = opts };

	d->addr = "127.0.0.1";
	d->port = 8501;
	d->by = "desk";
	d->history = 2000;
	d->ready_fd = -1;
	if (opt_parse(&prog, argc, argv) < argc)
		opt_misuse(&prog, "no operands are taken");
	check(d, &prog);
}
