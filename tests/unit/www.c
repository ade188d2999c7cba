/* www: what is found, with which headers, and what never is. */
#include "../../lib/www.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static const struct www_file files[] = {
	{ "index.html", "0123456789abcdef", "<p>hello", 8, "GZ", 2 },
	{ "a.js", "fedcba9876543210", "let a", 5, "", 0 },
};
static char dir[] = "/tmp/ss-www-XXXXXX";

static int
get(const struct www *w, struct www_answer *a, const char *path,
    const char *known, const char *encoding)
{
	struct www_ask ask = { path, known, encoding };

	www_get(w, &ask, a);
	return a->status;
}

/* The status alone. */
static int
status(const struct www *w, const char *path)
{
	struct www_answer a;
	int s = get(w, &a, path, NULL, NULL);

	www_release(&a);
	return s;
}

static void
put(int at, const char *name, const char *text, size_t n)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	OK(fd >= 0 && write(fd, text, n) == (ssize_t)n);
	close(fd);
}

static void
embedded(void)
{
	struct www w;
	struct www_answer a;

	IS_INT(www_open(&w, files, 2, NULL), 0);
	IS_INT(get(&w, &a, "/", NULL, NULL), 200);
	IS_MEM(a.body, a.n, "<p>hello");
	OK(strstr(a.headers.p, "Content-Type: text/html; charset=utf-8\r\n"));
	OK(strstr(a.headers.p, "ETag: \"0123456789abcdef\"\r\n"));
	OK(strstr(a.headers.p, "default-src 'none'"));
	OK(!strstr(a.headers.p, "unsafe"));
	OK(!strstr(a.headers.p, "Content-Encoding"));
	www_release(&a);
	IS_INT(get(&w, &a, "/index.html", NULL, "br, gzip;q=0.5"), 200);
	IS_MEM(a.body, a.n, "GZ");
	OK(strstr(a.headers.p, "Content-Encoding: gzip\r\n"));
	OK(strstr(a.headers.p, "ETag: \"0123456789abcdef-gz\"\r\n"));
	www_release(&a);
	IS_INT(get(&w, &a, "/a.js", NULL, "gzip"), 200);
	OK(!strstr(a.headers.p, "Content-Encoding"));
	www_release(&a);
	IS_INT(status(&w, "/b.js"), 404);
	IS_INT(status(&w, "//index.html"), 404);
	IS_INT(status(&w, "/index.html/"), 404);
	IS_INT(status(&w, "index.html"), 404);
	IS_INT(status(&w, ""), 404);
	www_close(&w);
}

static void
encodings(void)
{
	static const struct {
		const char *accept;
		bool gz;
	} row[] = {
		{ "gzip", true },
		{ "GZIP", true },
		{ "deflate,gzip", true },
		{ "*", true },
		{ "gzip;q=0.001", true },
		{ "gzip ; q=1", true },
		{ "br;q=0, gzip", true },
		{ "gzip;q=0", false },
		{ "gzip; q=0.000", false },
		{ "gzip;q=0, *", false },
		{ "*;q=0", false },
		{ "identity", false },
		{ "xgzip, gzipx", false },
		{ ",,;,", false },
		{ "", false },
	};
	struct www w;
	struct www_answer a;
	size_t i;

	www_open(&w, files, 2, NULL);
	for (i = 0; i < sizeof row / sizeof *row; i++) {
		get(&w, &a, "/", NULL, row[i].accept);
		OK_FOR((a.n == 2) == row[i].gz, row[i].accept);
		www_release(&a);
	}
	www_close(&w);
}

static void
known(void)
{
	static const struct {
		const char *list;
		int status;
	} row[] = {
		{ "\"0123456789abcdef\"", 304 },
		{ "W/\"0123456789abcdef\"", 304 },
		{ "\"0123456789abcdef-gz\"", 304 },
		{ "\"x\", \"0123456789abcdef\"", 304 },
		{ "*", 304 },
		{ "\"0123456789abcde\"", 200 },
		{ "\"0123456789abcdef0\"", 200 },
		{ "0123456789abcdef", 200 },
		{ "\"", 200 },
		{ "W/", 200 },
		{ "", 200 },
	};
	struct www w;
	struct www_answer a;
	size_t i;

	www_open(&w, files, 2, NULL);
	for (i = 0; i < sizeof row / sizeof *row; i++) {
		OK_FOR(get(&w, &a, "/", row[i].list, NULL) == row[i].status,
		    row[i].list);
		OK_FOR(a.status == 200 || a.n == 0, row[i].list);
		www_release(&a);
	}
	www_close(&w);
}

static void
folder(int at)
{
	struct www w;
	struct www_answer a, b;
	char path[200];

	put(at, "index.html", "mine", 4);
	mkdirat(at, "sub", 0700);
	put(at, "sub/x.svg", "<svg/>", 6);
	IS_INT(www_open(&w, files, 2, dir), 0);
	IS_INT(get(&w, &a, "/", NULL, "gzip"), 200);
	IS_MEM(a.body, a.n, "mine");
	OK(!strstr(a.headers.p, "Content-Encoding"));
	put(at, "index.html", "else", 4);
	IS_INT(get(&w, &b, "/", NULL, NULL), 200);
	IS_MEM(b.body, b.n, "else");
	OK(strcmp(a.headers.p, b.headers.p) != 0); /* another tag */
	www_release(&a);
	www_release(&b);
	IS_INT(get(&w, &a, "/a.js", NULL, NULL), 200); /* ours, still */
	IS_MEM(a.body, a.n, "let a");
	www_release(&a);
	IS_INT(get(&w, &a, "/sub/x.svg", NULL, NULL), 200);
	OK(strstr(a.headers.p, "image/svg+xml"));
	www_release(&a);
	IS_INT(status(&w, "/sub"), 404);
	IS_INT(status(&w, "/sub/"), 404);
	IS_INT(status(&w, "/sub/y"), 404);
	snprintf(path, sizeof path, "/%0100d", 1);
	IS_INT(status(&w, path), 404);
	IS_INT(status(&w, "/a/a/a/a/a/a/a/a/a/a/a/a"), 404);
	www_close(&w);
}

static void
traps(int at)
{
	struct www w;
	int fd;

	www_open(&w, files, 2, dir);
	IS_INT(symlinkat("/etc/passwd", at, "passwd"), 0);
	IS_INT(symlinkat("/etc", at, "etc"), 0);
	IS_INT(symlinkat("index.html", at, "link.html"), 0);
	IS_INT(mkfifoat(at, "fifo", 0600), 0);
	put(at, ".hidden", "x", 1);
	IS_INT(status(&w, "/passwd"), 404);
	IS_INT(status(&w, "/etc/passwd"), 404);
	IS_INT(status(&w, "/link.html"), 404);
	IS_INT(status(&w, "/fifo"), 404);
	IS_INT(status(&w, "/.hidden"), 404);
	IS_INT(status(&w, "/sub/../index.html"), 404);
	IS_INT(status(&w, "/../../etc/passwd"), 404);
	IS_INT(status(&w, "/sub//x.svg"), 404);
	IS_INT(status(&w, "/sub\\x.svg"), 404);
	IS_INT(status(&w, "/a\nb"), 404);
	fd = openat(at, "big", O_WRONLY | O_CREAT, 0600);
	IS_INT(ftruncate(fd, WWW_FILE_MAX), 0);
	IS_INT(status(&w, "/big"), 200);
	IS_INT(ftruncate(fd, WWW_FILE_MAX + 1), 0);
	IS_INT(status(&w, "/big"), 500);
	close(fd);
	www_close(&w);
	errno = 0;
	IS_INT(www_open(&w, files, 2, "/nonexistent"), -1);
	IS_INT(errno, ENOENT);
	IS_INT(www_open(&w, files, 2, "/etc/passwd"), -1);
	IS_INT(errno, ENOTDIR);
	www_close(&w);
}

int
main(void)
{
	static const char *const made[] = { "index.html", "passwd", "etc",
		"link.html", "fifo", ".hidden", "sub/x.svg", "big" };
	size_t i;
	int at;

	embedded();
	encodings();
	known();
	if (!mkdtemp(dir) || (at = open(dir, O_RDONLY | O_DIRECTORY)) < 0)
		return 1;
	folder(at);
	traps(at);
	for (i = 0; i < sizeof made / sizeof *made; i++)
		unlinkat(at, made[i], 0);
	unlinkat(at, "sub", AT_REMOVEDIR);
	close(at);
	rmdir(dir);
	return tap_done();
}
