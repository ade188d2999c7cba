/*
 * opt: see opt.h. getopt_long's two tables are built from ours; everything a
 * user sees of the options comes from the same rows.
 */
#include "opt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"

#include "banned.h"

#ifndef SS_VERSION
#define SS_VERSION "0.1.0"
#endif

#define OPTS_MAX 128
#define ENV_MAX 64 /* SS_ and an option's name */

static bool quiet, verbose, want_help, want_version, want_list;

/* What every program has. */
static const struct opt common[] = {
	{ .kind = OPT_FLAG,
	    .shortname = 'q',
	    .name = "quiet",
	    .out = &quiet,
	    .help = "no warnings" },
	{ .kind = OPT_FLAG,
	    .shortname = 'v',
	    .name = "verbose",
	    .out = &verbose,
	    .help = "say more" },
	{ .kind = OPT_FLAG,
	    .shortname = 'h',
	    .name = "help",
	    .out = &want_help,
	    .help = "print this and exit" },
	{ .kind = OPT_FLAG,
	    .name = "version",
	    .out = &want_version,
	    .help = "print the version and exit" },
	{ .kind = OPT_FLAG,
	    .name = "help-options",
	    .out = &want_list,
	    .help = "print the options for completion scripts and exit" },
	{ .kind = OPT_END },
};

/* Both tables in a row. */
struct table {
	const struct opt *row[OPTS_MAX];
	size_t n;
};

static void
add_rows(struct table *t, const struct opt *o)
{
	for (; o->kind != OPT_END; o++) {
		if (t->n == OPTS_MAX)
			abort(); /* a table in our own source is too long */
		t->row[t->n++] = o;
	}
}

static void
usage(const struct opt_prog *p, FILE *f)
{
	fprintf(f, "usage: %s [OPTION]...%s%s\n", p->name,
	    p->operands ? " " : "", p->operands ? p->operands : "");
}

_Noreturn void
opt_misuse(const struct opt_prog *p, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	msg_err("%s", text);
	usage(p, stderr);
	exit(2);
}

/* stdout is flushed and was written: 0, else 1 and a message. */
static int
printed(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	msg_err("stdout: %s", strerror(errno));
	return 1;
}

static void
help(const struct opt_prog *p, const struct table *t)
{
	const struct opt *o;
	char left[80];
	size_t i;

	usage(p, stdout);
	printf("%s\n\n", p->summary);
	for (i = 0; i < t->n; i++) {
		o = t->row[i];
		snprintf(left, sizeof left, "%c%c%s --%s%s%s",
		    o->shortname ? '-' : ' ', o->shortname ? o->shortname : ' ',
		    o->shortname ? "," : " ", o->name, o->arg ? " " : "",
		    o->arg ? o->arg : "");
		if (strlen(left) > 28)
			printf("  %s\n  %-28s %s\n", left, "", o->help);
		else
			printf("  %-28s %s\n", left, o->help);
	}
	if (p->epilog)
		printf("\n%s\n", p->epilog);
	printf("\nEach long option can be set in the environment too: "
	       "--some-name as SS_SOME_NAME.\nMore: man %s\n",
	    p->name);
	exit(printed());
}

static void
list(const struct table *t)
{
	static const char *const kind[] = { "end", "flag", "text", "file",
		"files", "dir", "addr", "choice", "int", "real", "size",
		"seconds" };
	const struct opt *o;
	size_t i;

	for (i = 0; i < t->n; i++) {
		o = t->row[i];
		if (o->shortname)
			printf("--%s\t-%c", o->name, o->shortname);
		else
			printf("--%s\t-", o->name);
		printf("\t%s\t%s\t%s\t%s\n", kind[o->kind],
		    o->arg ? o->arg : "-", o->choices ? o->choices : "-",
		    o->help);
	}
	exit(printed());
}

/* A number with nothing behind it but *rest; false: no number. */
static bool
number(const char *s, double *out, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)*s) && *s != '-' && *s != '+' && *s != '.')
		return false;
	if (strpbrk(s, "xXnN"))
		return false; /* no hexadecimal, no nan and inf */
	errno = 0;
	*out = strtod(s, &end);
	*rest = end;
	return end != s && !errno && isfinite(*out);
}

static bool
size_suffix(const char *s, double *v)
{
	static const char units[] = "KMG";
	const char *u = *s ? strchr(units, toupper((unsigned char)*s)) : NULL;

	if (!*s)
		return true;
	if (!u || s[1])
		return false;
	*v = ldexp(*v, 10 * (int)(u - units + 1));
	return true;
}

static bool
time_suffix(const char *s, double *v)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "", 1 }, { "ms", 0.001 }, { "s", 1 }, { "m", 60 },
		{ "h", 3600 }, { "d", 86400 } };
	size_t i;

	for (i = 0; i < sizeof units / sizeof *units; i++)
		if (strcmp(s, units[i].unit) == 0) {
			*v *= units[i].seconds;
			return true;
		}
	return false;
}

static bool
is_choice(const char *choices, const char *s)
{
	size_t n = strlen(s), k;

	while (*choices) {
		k = strcspn(choices, " ");
		if (k == n && strncmp(choices, s, n) == 0)
			return true;
		choices += k + strspn(choices + k, " ");
	}
	return false;
}

static const char *
out_of_range(const struct opt *o)
{
	static char why[128];

	snprintf(
	    why, sizeof why, "must be from %.16g to %.16g", o->min, o->max);
	return why;
}

/* An integer as it stands: beyond 2^53 a double would round it. */
static const char *
set_int(const struct opt *o, const char *s)
{
	const char *digits = s + (*s == '-' || *s == '+');
	long long v;

	errno = 0;
	v = strtoll(s, NULL, 10);
	if (!*digits || digits[strspn(digits, "0123456789")])
		return "not a whole number";
	if (errno || (double)v < o->min || (double)v > o->max)
		return out_of_range(o);
	*(int64_t *)o->out = v;
	return NULL;
}

static const char *
set_number(const struct opt *o, const char *s)
{
	const char *rest;
	double v;
	bool whole = o->kind == OPT_SIZE;

	if (!number(s, &v, &rest))
		return "not a number";
	if (o->kind == OPT_SIZE      ? !size_suffix(rest, &v)
	    : o->kind == OPT_SECONDS ? !time_suffix(rest, &v)
				     : *rest != '\0')
		return o->kind == OPT_SIZE      ? "not a size (10M)"
		       : o->kind == OPT_SECONDS ? "not a time (250ms, 30s, 5m)"
						: "not a number";
	if (whole && (v != floor(v) || strpbrk(s, ".eE")))
		return "not a whole number";
	if (v < o->min || v > o->max)
		return out_of_range(o);
	if (whole)
		*(int64_t *)o->out = (int64_t)v;
	else
		*(double *)o->out = v;
	return NULL;
}

static const char *
set_flag(const struct opt *o, const char *s)
{
	bool on = is_choice("1 true yes on", s);

	if (!on && *s && !is_choice("0 false no off", s))
		return "must be 1 or 0";
	*(bool *)o->out = on;
	return NULL;
}

static const char *
add_item(struct opt_list *l, const char *s, bool argument)
{
	if (argument && !l->by_argument)
		l->n = 0;
	l->by_argument = argument;
	if (l->n == OPT_LIST_MAX)
		return "given too often";
	l->item[l->n++] = s;
	return NULL;
}

/*
 * Sets one option. argument: it is one, not from the environment. NULL, or
 * what is wrong with s.
 */
static const char *
set(const struct opt *o, const char *s, bool argument)
{
	static char why[256];

	switch (o->kind) {
	case OPT_FLAG:
		return set_flag(o, s);
	case OPT_INT:
		return set_int(o, s);
	case OPT_REAL:
	case OPT_SIZE:
	case OPT_SECONDS:
		return set_number(o, s);
	case OPT_FILES:
		return add_item(o->out, s, argument);
	case OPT_CHOICE:
		if (!is_choice(o->choices, s)) {
			snprintf(
			    why, sizeof why, "must be one of: %s", o->choices);
			return why;
		}
		break;
	default:
		break;
	}
	*(const char **)o->out = s;
	return NULL;
}

static void
env_name(const struct opt *o, char out[ENV_MAX])
{
	char *p;

	snprintf(out, ENV_MAX, "SS_%s", o->name);
	for (p = out; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

static void
from_environment(const struct opt_prog *p, const struct table *t)
{
	const char *s, *why;
	char name[ENV_MAX];
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->row[i]->out == &want_help ||
		    t->row[i]->out == &want_version ||
		    t->row[i]->out == &want_list)
			continue; /* asked for on the spot or not at all */
		env_name(t->row[i], name);
		s = getenv(name);
		if (!s)
			continue;
		why = set(t->row[i], s, false);
		if (why)
			opt_misuse(p, "%s: %s: %s", name, s, why);
	}
}

/* getopt's own tables; an option's value is its row + 256. */
static void
tables(const struct table *t, struct option *longs, char *shorts)
{
	size_t i, at = 0;

	shorts[at++] = ':'; /* a missing argument is told from a bad option */
	for (i = 0; i < t->n; i++) {
		longs[i] = (struct option){ .name = t->row[i]->name,
			.has_arg = t->row[i]->arg ? required_argument
						  : no_argument,
			.val = (int)i + 256 };
		if (!t->row[i]->shortname)
			continue;
		shorts[at++] = t->row[i]->shortname;
		if (t->row[i]->arg)
			shorts[at++] = ':';
	}
	longs[t->n] = (struct option){ 0 };
	shorts[at] = '\0';
}

static const struct opt *
row_of(const struct table *t, int c)
{
	size_t i;

	if (c >= 256)
		return t->row[c - 256];
	for (i = 0; i < t->n; i++)
		if (t->row[i]->shortname == c)
			return t->row[i];
	return NULL;
}

static void
from_arguments(
    const struct opt_prog *p, const struct table *t, int argc, char **argv)
{
	struct option longs[OPTS_MAX + 1];
	char shorts[2 * OPTS_MAX + 2];
	const struct opt *o;
	const char *why;
	int c;

	tables(t, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == ':')
			opt_misuse(
			    p, "%s: needs an argument", argv[optind - 1]);
		if (c == '?' && optopt && optopt < 256)
			opt_misuse(p, "-%c: no such option", optopt);
		if (c == '?' && optopt)
			opt_misuse(
			    p, "%s: takes no argument", argv[optind - 1]);
		o = c == '?' ? NULL : row_of(t, c);
		if (!o)
			opt_misuse(p, "%s: no such option (or ambiguous)",
			    argv[optind - 1]);
		why = set(o, o->arg ? optarg : "1", true);
		if (why)
			opt_misuse(p, "--%s %s: %s", o->name,
			    o->arg ? optarg : "", why);
	}
}

/*
 * A closed standard descriptor would be the next one that we open, and be
 * read or written as something else. Give it one that fails instead.
 */
static void
occupy_standard(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			_exit(1);
}

int
opt_parse(const struct opt_prog *p, int argc, char **argv)
{
	struct table t = { .n = 0 };

	occupy_standard();
	msg_name(p->name);
	add_rows(&t, p->opts);
	add_rows(&t, common);
	from_environment(p, &t);
	from_arguments(p, &t, argc, argv);
	msg_level(quiet ? -1 : verbose);
	if (want_help)
		help(p, &t);
	if (want_list)
		list(&t);
	if (want_version) {
		printf("%s %s\n", p->name, SS_VERSION);
		if (verbose && p->version)
			p->version();
		exit(printed());
	}
	if (optind < argc && !p->operands)
		opt_misuse(p, "%s: takes no operands", argv[optind]);
	return optind;
}
