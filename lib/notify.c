/*
 * notify: see notify.h. The protocol is one sendto(2), so there is no library
 * for it here.
 */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "banned.h"

static void
say(const char *words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	ssize_t r;
	int fd;

	if (!n || n >= sizeof a.sun_path || (*path != '/' && *path != '@'))
		return;
	memcpy(a.sun_path, path, n);
	if (*path == '@')
		a.sun_path[0] = '\0'; /* Linux's abstract names */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	do
		r = sendto(fd, words, strlen(words), MSG_NOSIGNAL,
		    (struct sockaddr *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	while (r < 0 && errno == EINTR);
	close(fd);
}

/* A number in the environment; 0: absent, or none. */
static int64_t
number(const char *name)
{
	const char *s = getenv(name);
	char *end;
	long long v;

	if (!s || !*s)
		return 0;
	errno = 0;
	v = strtoll(s, &end, 10);
	return errno || *end || v < 0 ? 0 : v;
}

static void
tick(void *arg)
{
	struct notify *n = arg;

	say("WATCHDOG=1");
	loop_after(n->loop, &n->timer, n->ms, tick, n);
}

void
notify_ready(struct notify *n, struct loop *loop)
{
	int64_t us = number("WATCHDOG_USEC"), pid = number("WATCHDOG_PID");

	say("READY=1");
	if (!us || (pid && pid != getpid()))
		return;
	n->loop = loop;
	n->ms = us / 2000 > 0 ? us / 2000 : 1;
	tick(n);
}

void
notify_stopping(void)
{
	say("STOPPING=1");
}
