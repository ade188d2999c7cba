/*
 * opt: a program's options as one table: getopt_long, --help, environment
 * and the completion list all come from it. With msg the only module in lib/
 * that prints and exits.
 */
#ifndef SS_OPT_H
#define SS_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opt_kind {
	OPT_END,    /* ends the table */
	OPT_FLAG,   /* bool *: present or not */
	OPT_TEXT,   /* const char **: any text */
	OPT_FILE,   /* const char **: a file's path */
	OPT_FILES,  /* struct opt_list *: paths, the option repeated */
	OPT_DIR,    /* const char **: a folder's path */
	OPT_ADDR,   /* const char **: -, unix:PATH or listen:PATH */
	OPT_CHOICE, /* const char **: one of the words in choices */
	OPT_INT,    /* int64_t *: min <= n <= max */
	OPT_REAL,   /* double *: min <= x <= max, finite */
	OPT_SIZE,   /* int64_t *: bytes, with K, M or G for powers of 1024 */
	OPT_SECONDS /* double *: 5, 0.5, 250ms, 30s, 5m, 2h, 7d */
};

/* The environment gives at most one; an argument replaces it. */
#define OPT_LIST_MAX 64
struct opt_list {
	const char *item[OPT_LIST_MAX];
	size_t n;
	bool by_argument;
};

struct opt {
	enum opt_kind kind;
	char shortname; /* 0: none */
	const char *name;
	const char *arg; /* the argument's name in --help, NULL for a flag */
	const char *help;
	void *out;
	double min, max;     /* OPT_INT, OPT_REAL, OPT_SIZE, OPT_SECONDS */
	const char *choices; /* OPT_CHOICE: "annotate mask block" */
};

struct opt_prog {
	const char *name;     /* ss-log */
	const char *summary;  /* one line, without a full stop */
	const char *operands; /* for the usage line: "[FILE]", or NULL: none */
	const struct opt *opts;
	const char *epilog; /* printed after the options, or NULL */
	/* prints on stdout what --version -v says more, or NULL */
	void (*version)(void);
};

/*
 * Reads environment (SS_NAME, '-' as '_') and then arguments into the table's
 * variables, which hold the defaults before. -h/--help, --version,
 * --help-options, -q/--quiet and -v/--verbose are known to every program and
 * not in its table; the last two set msg's level. Prints and exits 0 for the
 * first three (1 if that could not be printed), exits 2 on misuse. Returns
 * the index of the first operand.
 */
int opt_parse(const struct opt_prog *, int argc, char **argv);
/* Prints "ss-x: text" and the usage line on stderr, exits 2. */
_Noreturn void opt_misuse(const struct opt_prog *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
