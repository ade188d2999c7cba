/*
 * www.c: finding a file, and the headers it goes out with. A folder's files
 * are read when they are asked for, so that who writes a page sees it by
 * reloading; they are small, and on a disk of this machine.
 */
#define _GNU_SOURCE /* O_PATH */
#include "www.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sha1.h"

#include "banned.h"

#define TAG_MAX 16 /* hexadecimal digits */
#define INDEX "index.html"

/*
 * No script, style or frame but our own files, none in the text of a page, and
 * no HTML made of strings at all; 'self' covers the WebSocket of the same host.
 */
#define POLICY                                                       \
	"default-src 'none'; script-src 'self'; style-src 'self'; "  \
	"img-src 'self' data:; font-src 'self'; media-src 'self'; "  \
	"manifest-src 'self'; connect-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'self'; "               \
	"require-trusted-types-for 'script'; trusted-types 'none'"

int
www_open(struct www *w, const struct www_file *files, size_t n, const char *dir)
{
	w->files = files;
	w->nfiles = n;
	w->dir = -1;
	if (!dir)
		return 0;
	w->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->dir < 0 ? -1 : 0;
}

void
www_close(struct www *w)
{
	if (w->files && w->dir >= 0)
		close(w->dir);
	w->dir = -1;
}

static const char *
type_of(const char *name)
{
	static const struct {
		const char *ext, *type;
	} types[] = {
		{ "html", "text/html; charset=utf-8" },
		{ "css", "text/css; charset=utf-8" },
		{ "js", "text/javascript; charset=utf-8" },
		{ "mjs", "text/javascript; charset=utf-8" },
		{ "json", "application/json" },
		{ "webmanifest", "application/manifest+json" },
		{ "txt", "text/plain; charset=utf-8" },
		{ "svg", "image/svg+xml" },
		{ "png", "image/png" },
		{ "jpg", "image/jpeg" },
		{ "jpeg", "image/jpeg" },
		{ "gif", "image/gif" },
		{ "webp", "image/webp" },
		{ "ico", "image/x-icon" },
		{ "woff2", "font/woff2" },
		{ "mp3", "audio/mpeg" },
		{ "ogg", "audio/ogg" },
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < sizeof types / sizeof *types; i++)
		if (strcasecmp(dot + 1, types[i].ext) == 0)
			return types[i].type;
	return "application/octet-stream";
}

/* A file's or a folder's name of n bytes: no dot in front, nothing odd. */
static bool
name_valid(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > WWW_NAME_MAX || *s == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i]))
			return false;
	return true;
}

/* Opens a path of valid names below dir, without following any link. */
static int
open_below(int dir, const char *path)
{
	char name[WWW_NAME_MAX + 1];
	int fd = dir, next, depth;
	size_t n;

	for (depth = 0; depth < WWW_DEPTH_MAX; depth++) {
		n = strcspn(path, "/");
		if (!name_valid(path, n))
			break;
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		next = openat(fd, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
			(*path ? O_PATH | O_DIRECTORY : 0));
		if (fd != dir)
			close(fd);
		if (next < 0 || !*path++)
			return next;
		fd = next;
	}
	if (fd != dir)
		close(fd);
	errno = ENOENT;
	return -1;
}

/* Reads all of a regular file into out. 0, or -1 with errno. */
static int
read_all(int fd, struct buf *out)
{
	struct stat st;
	ssize_t n = 0;
	size_t size;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENOENT;
		return -1;
	}
	if (st.st_size > WWW_FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	/* with a byte more, to see that it doesn't grow meanwhile */
	size = (size_t)st.st_size + 1;
	if (buf_reserve(out, size) < 0)
		return -1;
	while (out->len < size &&
	       ((n = read(fd, out->p + out->len, size - out->len)) > 0 ||
		   (n < 0 && errno == EINTR)))
		out->len += n > 0 ? (size_t)n : 0;
	if (out->len == size || n < 0)
		return -1;
	out->p[out->len] = '\0';
	return 0;
}

static void
hash(const struct buf *b, char tag[TAG_MAX + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[SHA1_LEN];
	int i;

	sha1(b->p, b->len, sum);
	for (i = 0; i < TAG_MAX; i++)
		tag[i] = hex[sum[i / 2] >> (i % 2 ? 0 : 4) & 15];
	tag[TAG_MAX] = '\0';
}

/* The folder's file, if it has that one: 200, 404 or 500. */
static int
from_dir(int dir, const char *name, struct buf *out, char tag[TAG_MAX + 1])
{
	int fd = open_below(dir, name), rc, e;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? 500 : 404;
	rc = read_all(fd, out);
	e = errno;
	close(fd);
	if (rc < 0)
		return e == ENOENT ? 404 : 500;
	hash(out, tag);
	return 200;
}

/* The parameters between p and end say q=0, q=0.0, q=0.00 or q=0.000. */
static bool
is_refused(const char *p, const char *end)
{
	p += strspn(p, " \t;");
	if (strncasecmp(p, "q=0", 3) != 0)
		return false;
	p += 3;
	p += strspn(p, ".0");
	return p >= end || !isdigit((unsigned char)*p);
}

/* RFC 9110, 12.5.3: gzip (or anything) is named, and not refused. */
static bool
takes_gzip(const char *s)
{
	const char *name;
	size_t n;
	bool any = false, yes;

	while (s && *s) {
		name = s + strspn(s, " \t,");
		n = strcspn(name, " \t,;");
		s = name + strcspn(name, ",");
		yes = !is_refused(name + n, s);
		if (n == 4 && strncasecmp(name, "gzip", n) == 0)
			return yes;
		if (n == 1 && *name == '*')
			any = yes;
	}
	return any;
}

/* RFC 9110, 13.1.2: tag is in the list, with or without -gz, weak or not. */
static bool
is_known(const char *list, const char *tag)
{
	size_t n = strlen(tag);

	while (list && *list) {
		list += strspn(list, " \t,");
		if (*list == '*')
			return true;
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		if (*list == '"' && strncmp(list + 1, tag, n) == 0 &&
		    (list[n + 1] == '"' ||
			strncmp(list + n + 1, "-gz\"", 4) == 0))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static int
put_headers(struct www_answer *a, const char *name, const char *tag, bool gz)
{
	struct buf *b = &a->headers;

	if (a->status == 200 &&
	    buf_addf(b, "Content-Type: %s\r\n", type_of(name)) < 0)
		return -1;
	if (a->status == 200 && gz &&
	    buf_adds(b, "Content-Encoding: gzip\r\n") < 0)
		return -1;
	/* public files: a page from elsewhere may use safestream.js */
	return buf_addf(b,
	    "ETag: \"%s%s\"\r\n"
	    "Cache-Control: no-cache\r\n"
	    "Vary: Accept-Encoding\r\n"
	    "Content-Security-Policy: " POLICY "\r\n"
	    "X-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: no-referrer\r\n" WWW_FOR_ALL,
	    tag, gz ? "-gz" : "");
}

void
www_get(const struct www *w, const struct www_ask *ask, struct www_answer *a)
{
	const char *name = *ask->path == '/' ? ask->path + 1 : "";
	char tag[TAG_MAX + 1] = "";
	const struct www_file *f = NULL;
	size_t i;
	bool gz;

	*a = (struct www_answer){ .status = 404 };
	buf_init(&a->headers, 4096);
	buf_init(&a->own, WWW_FILE_MAX + 1);
	if (*ask->path != '/')
		return;
	if (!*name)
		name = INDEX;
	if (w->dir >= 0)
		a->status = from_dir(w->dir, name, &a->own, tag);
	for (i = 0; a->status == 404 && i < w->nfiles; i++)
		if (strcmp(name, w->files[i].name) == 0) {
			f = &w->files[i];
			a->status = 200;
		}
	if (a->status != 200)
		return;
	gz = f && f->ngz && takes_gzip(ask->accept_encoding);
	a->body = !f ? a->own.p : gz ? f->gz : f->plain;
	a->n = !f ? a->own.len : gz ? f->ngz : f->n;
	if (is_known(ask->if_none_match, f ? f->tag : tag)) {
		a->status = 304;
		a->n = 0;
	}
	if (put_headers(a, name, f ? f->tag : tag, gz) < 0)
		a->status = 500;
}

void
www_release(struct www_answer *a)
{
	buf_release(&a->headers);
	buf_release(&a->own);
}
