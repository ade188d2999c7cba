/*
 * www: the files of a program's pages. They are part of the binary, packed
 * when it is built (www.sh); a folder may replace them one by one. What may be
 * asked for is a matter of tables and of names, not of paths: in the folder no
 * symbolic link is followed, and nothing that begins with a dot is there.
 *
 * A program has its files in cmd/PROG/www/ and includes the table that the
 * Makefile makes of them in cmd/PROG/pages.c, and nowhere else:
 *
 *	#include "www-PROG.inc"		it defines www_files[]
 *
 * It knows nothing of connections: the caller has read the request, and sends
 * the answer.
 */
#ifndef SS_WWW_H
#define SS_WWW_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

#define WWW_FILE_MAX (2 << 20) /* bytes of a file in a folder */
#define WWW_NAME_MAX 64        /* bytes of a name in it */
#define WWW_DEPTH_MAX 8        /* names in a path */

/* Among the headers of what any page may use. */
#define WWW_FOR_ALL "Access-Control-Allow-Origin: *\r\n"

/* One that is part of the binary. */
struct www_file {
	const char *name, *tag; /* tag: of its contents */
	const char *plain;
	size_t n;
	const char *gz;
	size_t ngz; /* 0: not worth it */
};

struct www {
	const struct www_file *files;
	size_t nfiles;
	int dir; /* the folder, or -1 */
};

/* What of a request matters; NULL: has no such header. All borrowed. */
struct www_ask {
	const char *path; /* decoded, without the query */
	const char *if_none_match, *accept_encoding;
};

struct www_answer {
	int status;       /* 200, 304 (no body), 404 or 500 (nothing at all) */
	const char *body; /* borrowed from own, or from the binary */
	size_t n;
	struct buf headers; /* lines, each with \r\n: all but the length's */
	struct buf own;
};

/*
 * Borrows files for its lifetime; dir may be NULL. 0, or -1 with errno when
 * that folder can't be opened.
 */
int www_open(
    struct www *, const struct www_file *files, size_t n, const char *dir);
void www_close(struct www *);

/* Fills a, which is released with www_release whatever the status. */
void www_get(const struct www *, const struct www_ask *, struct www_answer *a);
void www_release(struct www_answer *);

#endif
