/*
 * shim: faults that are hard to come by, for programs under LD_PRELOAD. What
 * shall fail stands in the file that SS_SHIM names, one word a line and read
 * at each call, so that a test can begin and end a fault at any time:
 *
 *	fsync N     the next N fsync(2) and fdatasync(2) of event files fail
 *	            with EIO (N < 0: all of them)
 *	write E     write(2) to an event file fails with errno E (a number)
 *	short       write(2) to an event file takes half of it
 *	delay US    send(2) waits so many microseconds: the time between an
 *	            event's being written and its being passed on
 *	clock MS    the monotonic clock goes on by so much at each look
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

typedef int sync_fn(int);
typedef ssize_t write_fn(int, const void *, size_t);
typedef int clock_fn(clockid_t, struct timespec *);
typedef ssize_t send_fn(int, const void *, size_t, int);

static long failed_syncs;

/* The number behind a word in the file; absent where it isn't there. */
static long
setting(const char *word, long absent)
{
	const char *path = getenv("SS_SHIM");
	char text[512], *at;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n;

	if (fd < 0)
		return absent;
	n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, word);
	return at ? strtol(at + strlen(word), NULL, 10) : absent;
}

static int
is_event_file(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n <= 0)
		return 0;
	path[n] = '\0';
	return strstr(path, "/chat_") != NULL;
}

static int
sync_by(const char *name, int fd)
{
	sync_fn *real = (sync_fn *)dlsym(RTLD_NEXT, name);
	long n;

	if (is_event_file(fd)) {
		n = setting("fsync", 0);
		if (n < 0 || failed_syncs < n) {
			failed_syncs++;
			errno = EIO;
			return -1;
		}
	}
	return real(fd);
}

int
fsync(int fd)
{
	return sync_by("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_by("fdatasync", fd);
}

ssize_t
write(int fd, const void *p, size_t n)
{
	write_fn *real = (write_fn *)dlsym(RTLD_NEXT, "write");
	long e;

	if (is_event_file(fd)) {
		e = setting("write", 0);
		if (e > 0) {
			errno = (int)e;
			return -1;
		}
		if (n > 1 && setting("short", -1) >= 0)
			n /= 2;
	}
	return real(fd, p, n);
}

ssize_t
send(int fd, const void *p, size_t n, int flags)
{
	send_fn *real = (send_fn *)dlsym(RTLD_NEXT, "send");
	long us = setting("delay", 0);

	if (us > 0)
		usleep((useconds_t)us);
	return real(fd, p, n, flags);
}

int
clock_gettime(clockid_t id, struct timespec *t)
{
	static long long ahead; /* ns */
	clock_fn *real = (clock_fn *)dlsym(RTLD_NEXT, "clock_gettime");
	long long ns;
	int rc = real(id, t);

	if (rc < 0 || id != CLOCK_MONOTONIC)
		return rc;
	ahead += setting("clock", 0) * 1000000LL;
	ns = t->tv_nsec + ahead;
	t->tv_sec += (time_t)(ns / 1000000000);
	t->tv_nsec = (long)(ns % 1000000000);
	return rc;
}
