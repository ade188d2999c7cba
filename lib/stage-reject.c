/*
 * stage-reject.c: lines that are none of ours: told, counted, and set aside
 * verbatim where --reject says so.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "msg.h"
#include "stage-impl.h"

#include "banned.h"

const char *
stage_in_name(const struct stage *st)
{
	return st->in.kind == ADDR_STD ? "stdin" : st->in.path;
}

static void
set_aside(struct stage *st, const char *p, size_t n)
{
	ssize_t k;

	while (n) {
		k = write(st->reject, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0) {
			msg_err("%s: %s", st->conf->reject, strerror(errno));
			return;
		}
		p += k;
		n -= (size_t)k;
	}
}

static void
complain(struct stage *st, const char *why)
{
	st->rejected++;
	st->status = 1;
	msg_err("%s:%" PRIu64 ": %s", stage_in_name(st), st->line->number, why);
}

void
stage_reject(struct stage *st, const char *why)
{
	complain(st, why);
	if (st->reject < 0)
		return;
	/* linein put a NUL where the newline was: one write, one line */
	st->line->p[st->line->n] = '\n';
	set_aside(st, st->line->p, st->line->n + 1);
	st->line->p[st->line->n] = '\0';
}

void
stage_long_line(struct stage *st, const struct source_line *l)
{
	if (st->reject >= 0)
		set_aside(st, l->p, l->n);
	if (l->got != LINEIN_LONG)
		return;
	complain(st, "line too long");
	if (st->reject >= 0)
		set_aside(st, "\n", 1);
}
