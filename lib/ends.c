/*
 * ends: see ends.h.
 */
#include "ends.h"

#include <errno.h>
#include <string.h>

#include "msg.h"

#include "banned.h"

#define AWAY_TELL 1000 /* ms: stages may start in any order, quietly */

void
away_init(
    struct away *a, struct loop *loop, const char *label, const char *path)
{
	*a = (struct away){ .loop = loop, .label = label, .path = path };
}

static void
tell(void *arg)
{
	struct away *a = arg;

	a->told = true;
	msg_warn("%s%s: %s; waiting for it", a->label, a->path,
	    a->err ? strerror(a->err) : "closed by its owner");
}

void
away_since(struct away *a, int err)
{
	a->err = err;
	if (!a->told && !a->timer.due)
		loop_after(a->loop, &a->timer, AWAY_TELL, tell, a);
}

void
away_ends(struct away *a)
{
	loop_cancel(a->loop, &a->timer);
	if (a->told)
		msg_warn("%s%s: connected", a->label, a->path);
	a->told = false;
}

struct metrics *
ends_metrics(struct loop *loop, const char *addr, const char *program,
    void (*collect)(void *arg, struct buf *), void *arg)
{
	const char *err;
	struct metrics *m = metrics_open(
	    loop, addr, program, collect, arg, &err);

	if (!m) {
		msg_err("--metrics: %s: %s", addr, err);
		return NULL;
	}
	if (metrics_is_open(m))
		msg_warn("--metrics: %s: not a loopback address: anybody who "
			 "reaches it can read them",
		    addr);
	msg_info("metrics at %s", metrics_where(m));
	return m;
}

void
ends_not_opened(const struct addr *a, const char *std)
{
	if (a->kind == ADDR_LISTEN && errno == EADDRINUSE)
		msg_err("%s: already running", a->path);
	else if (a->kind == ADDR_LISTEN && errno == EPERM)
		msg_err("%s: its folder belongs to somebody else", a->path);
	else
		msg_err("%s: %s", a->kind == ADDR_STD ? std : a->path,
		    strerror(errno));
}
