/*
 * filter: see filter.h. The lines of a rules file become one jq program,
 *
 *	(line 1)
 *	|(line 2)
 *
 * because compiling costs some 45 ms in jq 1.6 whatever the size, and in a
 * form that keeps jq's line numbers. A line with a # in it, which may begin a
 * comment, gets its closing parenthesis on the next line.
 */
#define _XOPEN_SOURCE 700 /* realpath */
#include "filter.h"

#include <errno.h>
#include <jq.h>
#include <jv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter-impl.h"

#include "banned.h"

#define RULES_MAX (1 << 20) /* bytes in a rules file */
#define ERR_MAX 300         /* bytes of jq's message that are passed on */

struct filter {
	jq_state *jq;
};

/* No rule reads the input beside its event, ... */
static jv
no_input(jq_state *jq, void *arg)
{
	(void)jq;
	(void)arg;
	return jv_invalid();
}

/* ... and what it says with debug has no place to go. */
static void
no_debug(void *arg, jv msg)
{
	(void)arg;
	jv_free(msg);
}

/* The beginning of a string that may quote a whole program. Borrows v. */
static void
add_start(struct buf *err, jv v)
{
	const char *s = jv_string_value(v);

	(void)buf_add(err, s, strnlen(s, err->max - err->len));
}

/* jq's first complaint; later ones follow from it. */
static void
keep_error(void *arg, jv msg)
{
	struct buf *err = arg;

	msg = jq_format_error(msg);
	if (err->len == 0)
		add_start(err, msg);
	jv_free(msg);
}

/* Cuts needle and what follows it, or only needle itself. */
static void
cut(struct buf *b, const char *needle, bool rest)
{
	char *p = strstr(b->p, needle);
	size_t n = strlen(needle);

	if (p == NULL)
		return;
	if (rest) {
		b->len = (size_t)(p - b->p);
		*p = '\0';
		return;
	}
	memmove(p, p + n, strlen(p + n) + 1);
	b->len -= n;
}

/* jq's message as one short line. */
static void
tidy_error(struct buf *err)
{
	cut(err, "jq: error: ", false);
	cut(err, " (Unix shell quoting issues?)", false);
	cut(err, "<top-level>, ", false);
	cut(err, ":\n", true);
	cut(err, "\n", true);
	if (err->len > ERR_MAX) {
		err->len = ERR_MAX;
		while (err->len > 0 && (err->p[err->len] & 0xc0) == 0x80)
			err->len--;
		err->p[err->len] = '\0';
	}
}

/*
 * Where import and include look: beside the rules. The folder is given as an
 * absolute path, because jq 1.6 puts a relative one behind itself; it looks
 * in the working directory before that all the same.
 */
static void
set_origin(jq_state *jq, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder, *whole = NULL;
	jv dir;

	folder = slash ? strndup(path, (size_t)(slash - path + 1))
		       : strdup(".");
	if (folder != NULL)
		whole = realpath(folder, NULL);
	dir = jv_string(whole != NULL ? whole : "/");
	free(folder);
	free(whole);
	jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_copy(dir));
	jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), jv_copy(dir));
	jq_set_attr(
	    jq, jv_string("JQ_LIBRARY_PATH"), jv_array_append(jv_array(), dir));
}

/* A compiled program, or NULL with jq's reason in err. */
static jq_state *
compile(const char *program, const char *path, struct buf *err)
{
	jq_state *jq = jq_init();

	buf_reset(err);
	if (jq == NULL) {
		(void)buf_adds(err, "out of memory");
		return NULL;
	}
	jq_set_error_cb(jq, keep_error, err);
	set_origin(jq, path);
	/* without these two jq 1.6 calls a null pointer */
	jq_set_input_cb(jq, no_input, NULL);
	jq_set_debug_cb(jq, no_debug, NULL);
	if (jq_compile(jq, program)) {
		/* err goes out of scope; what fails later is a result */
		jq_set_error_cb(jq, NULL, NULL);
		return jq;
	}
	jq_teardown(&jq);
	tidy_error(err);
	return NULL;
}

/* Reads a whole file. 0, or -1 with errno. */
static int
read_file(const char *path, struct buf *out)
{
	char chunk[4096];
	FILE *f = fopen(path, "re");
	size_t n;
	int e = 0;

	if (f == NULL)
		return -1;
	while (e == 0 && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		if (buf_add(out, chunk, n) < 0)
			e = errno;
	if (e == 0 && ferror(f))
		e = errno != 0 ? errno : EIO;
	(void)fclose(f);
	errno = e;
	return e == 0 ? 0 : -1;
}

/* Calls fn with each line that is a rule, or with NULL where there is none. */
static int
each_line(
    const char *text, int (*fn)(void *arg, const char *, size_t), void *arg)
{
	size_t n, skip;
	int r = 0;

	for (; r == 0 && *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		skip = strspn(text, " \t\r");
		if (skip >= n || text[skip] == '#')
			r = fn(arg, NULL, 0);
		else
			r = fn(arg, text + skip, n - skip);
	}
	return r;
}

struct joined {
	struct buf *text; /* borrowed */
	size_t rules;
	bool open; /* the last one's parenthesis */
};

static int
join_line(void *arg, const char *line, size_t n)
{
	struct joined *j = arg;

	if (line != NULL) {
		if ((j->open && buf_addc(j->text, ')') < 0) ||
		    buf_adds(j->text, j->rules++ == 0 ? "(" : "|(") < 0 ||
		    buf_add(j->text, line, n) < 0)
			return -1;
		j->open = memchr(line, '#', n) != NULL;
		if (!j->open && buf_addc(j->text, ')') < 0)
			return -1;
	}
	return buf_addc(j->text, '\n');
}

/* A line that is only part of something larger. */
static int
is_fragment(void *arg, const char *line, size_t n)
{
	static const char *const words[] = { "def ", "elif ", "else", "end",
		"then", "import ", "include ", "as " };
	size_t i;

	(void)arg;
	if (line == NULL)
		return 0;
	while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
		n--;
	if (strchr("|,;)]}", line[0]) != NULL ||
	    strchr("|,;([{=", line[n - 1]) != NULL)
		return 1;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0)
			return 1;
	return 0;
}

int
filter_join(const char *text, struct buf *program)
{
	struct joined j = { .text = program };

	if (each_line(text, join_line, &j) < 0 ||
	    (j.open && buf_addc(program, ')') < 0) ||
	    (j.rules == 0 && buf_addc(program, '.') < 0))
		return -1;
	return 0;
}

/* Each line a rule. */
static jq_state *
compile_lines(const char *text, const char *path, struct buf *err)
{
	jq_state *jq = NULL;
	struct buf program;

	buf_init(&program, 4 * RULES_MAX);
	if (filter_join(text, &program) < 0)
		(void)buf_adds(err, strerror(errno));
	else
		jq = compile(program.p, path, err);
	buf_release(&program);
	return jq;
}

static jq_state *
compile_file(const char *text, const char *path, struct buf *err)
{
	struct buf err2;
	jq_state *jq = compile_lines(text, path, err);

	if (jq != NULL)
		return jq;
	buf_init(&err2, RULES_MAX);
	jq = compile(text, path, &err2);
	if (jq != NULL) {
		buf_reset(err);
	} else if (each_line(text, is_fragment, NULL) != 0) {
		buf_reset(err);
		(void)buf_adds(err, err2.p);
	}
	buf_release(&err2);
	return jq;
}

/* \r\n ends a line, too; to jq 1.6 a \r is not even white space. */
static void
drop_returns(char *text)
{
	for (; (text = strchr(text, '\r')) != NULL; text++)
		if (text[1] == '\n' || text[1] == '\0')
			*text = ' ';
}

/* text: a copy, to be changed. */
static struct filter *
make(struct buf *text, const char *path, struct buf *err)
{
	struct filter *f;

	if (strlen(text->p) != text->len) {
		(void)buf_adds(err, "a NUL byte in it");
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL) {
		(void)buf_adds(err, strerror(errno));
		return NULL;
	}
	drop_returns(text->p);
	f->jq = compile_file(text->p, path, err);
	if (f->jq == NULL) {
		free(f);
		f = NULL;
	}
	return f;
}

struct filter *
filter_parse(const char *text, size_t n, const char *path, struct buf *err)
{
	struct filter *f = NULL;
	struct buf copy;

	buf_reset(err);
	buf_init(&copy, RULES_MAX);
	if (buf_add(&copy, text, n) < 0)
		(void)buf_adds(err, strerror(errno));
	else
		f = make(&copy, path, err);
	buf_release(&copy);
	return f;
}

struct filter *
filter_load(const char *path, struct buf *err)
{
	struct filter *f = NULL;
	struct buf text;

	buf_reset(err);
	buf_init(&text, RULES_MAX);
	if (read_file(path, &text) < 0)
		(void)buf_adds(err, strerror(errno));
	else
		f = make(&text, path, err);
	buf_release(&text);
	return f;
}

void
filter_free(struct filter *f)
{
	if (f == NULL)
		return;
	jq_teardown(&f->jq);
	free(f);
}

/* A member that is a boolean: 1 or 0, else -1. Borrows obj. */
static int
get_flag(jv obj, const char *key)
{
	jv v = jv_object_get(jv_copy(obj), jv_string(key));
	jv_kind kind = jv_get_kind(v);

	jv_free(v);
	if (kind == JV_KIND_TRUE)
		return 1;
	return kind == JV_KIND_FALSE ? 0 : -1;
}

/* Appends a value as text for people. Takes v. */
static void
add_text(struct buf *err, jv v)
{
	if (jv_get_kind(v) != JV_KIND_STRING)
		v = jv_dump_string(v, 0);
	add_start(err, v);
	jv_free(v);
	tidy_error(err);
	if (err->len == 0)
		(void)buf_adds(err, "an error that says nothing");
}

/* Takes res, an object. */
static int
read_verdict(jv res, struct filter_verdict *v, struct buf *reason)
{
	jv r = jv_object_get(jv_copy(res), jv_string("reason"));
	int ret = 0;

	v->toxic = get_flag(res, "toxic");
	v->blocked = get_flag(res, "blocked");
	if (jv_get_kind(r) == JV_KIND_STRING) {
		v->has_reason = true;
		ret = buf_add(reason, jv_string_value(r),
		    (size_t)jv_string_length_bytes(jv_copy(r)));
	}
	jv_free(r);
	jv_free(res);
	return ret;
}

int
filter_run(struct filter *f, const char *json, size_t n,
    struct filter_verdict *v, struct buf *reason, struct buf *err)
{
	jv in = jv_parse_sized(json, (int)n), res;

	*v = (struct filter_verdict){ .toxic = -1, .blocked = -1 };
	buf_reset(reason);
	buf_reset(err);
	if (!jv_is_valid(in)) {
		add_text(err, jv_invalid_get_msg(in));
		return -1;
	}
	jq_start(f->jq, in, 0);
	res = jq_next(f->jq);
	if (jq_halted(f->jq)) {
		jv_free(res);
		(void)buf_adds(err, "halted");
		return -1;
	}
	if (!jv_is_valid(res)) {
		if (jv_invalid_has_msg(jv_copy(res))) {
			add_text(err, jv_invalid_get_msg(res));
			return -1;
		}
		jv_free(res);
		v->drop = true;
		return 0;
	}
	if (jv_get_kind(res) != JV_KIND_OBJECT) {
		jv_free(res);
		(void)buf_adds(err, "result is not an object");
		return -1;
	}
	if (read_verdict(res, v, reason) < 0) {
		(void)buf_adds(err, strerror(errno));
		return -1;
	}
	return 0;
}
