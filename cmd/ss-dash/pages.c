/*
 * pages: the desk's page and what belongs to it (www/).
 */
#include <errno.h>
#include <string.h>

#include "dash.h"
#include "msg.h"

#include "www-ss-dash.inc"

#include "banned.h"

int
pages_open(struct dash *d)
{
	if (www_open(&d->www, www_files, sizeof www_files / sizeof *www_files,
		d->www_dir) == 0)
		return 0;
	msg_err("%s: %s", d->www_dir, strerror(errno));
	return -1;
}

void
pages_get(struct dash *d, struct httpd_conn *c)
{
	const struct www_ask ask = { .path = httpd_path(c),
		.if_none_match = httpd_header(c, "if-none-match"),
		.accept_encoding = httpd_header(c, "accept-encoding") };
	struct www_answer a;

	www_get(&d->www, &ask, &a);
	if (a.status == 404)
		httpd_error(c, 404, NULL);
	else if (a.status == 500)
		httpd_error(c, 500, "the file can't be read");
	else
		httpd_answer(c, a.status, NULL, a.headers.p, a.body, a.n);
	www_release(&a);
}
