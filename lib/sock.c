/*
 * sock: see sock.h. Who may own a socket is decided by an flock on a file
 * beside it, taken before the path is touched: two starts at once can't both
 * find the old socket stale, and a killed owner's lock is gone with him. A
 * connect probe is still made, for owners that know nothing of the lock.
 */
#define _GNU_SOURCE
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "banned.h"

static int
address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof a->sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Closes fd and keeps errno. Always -1. */
static int
close_failed(int fd)
{
	int e = errno;

	close(fd);
	errno = e;
	return -1;
}

/* Ours, or root's, who could do anything anyway. */
static int
trusted(uid_t owner)
{
	if (owner == geteuid() || owner == 0)
		return 0;
	errno = EPERM;
	return -1;
}

/* Makes (create) the folder of path where it is missing; checks its owner. */
static int
folder(const char *path, int create)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (!slash)
		return 0; /* the current folder: its user chose it */
	snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
	if (!*dir)
		return 0;
	if (create && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -1;
	if (stat(dir, &st) < 0)
		return -1;
	return trusted(st.st_uid);
}

int
sock_connect(const char *path)
{
	struct sockaddr_un a;
	struct stat st;
	int fd;

	if (address(&a, path) < 0 || folder(path, 0) < 0)
		return -1;
	if (stat(path, &st) < 0 || trusted(st.st_uid) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return close_failed(fd);
	return fd;
}

static int
take_lock(const char *path)
{
	char name[sizeof(((struct sockaddr_un *)0)->sun_path) + 8];
	int fd;

	snprintf(name, sizeof name, "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			errno = EADDRINUSE;
		return close_failed(fd);
	}
	return fd;
}

/* Removes a dead socket. -1: alive, or no socket at all. */
static int
clear_stale(const char *path)
{
	struct sockaddr_un a;
	struct stat st;
	int fd, alive;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST; /* somebody's file: not ours to remove */
		return -1;
	}
	if (address(&a, path) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	/* EAGAIN: its backlog is full, so somebody owns it */
	alive = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 ||
		errno == EAGAIN;
	close(fd);
	if (alive) {
		errno = EADDRINUSE;
		return -1;
	}
	return unlink(path);
}

int
sock_listen(const char *path, int *lock)
{
	struct sockaddr_un a;
	mode_t old;
	int fd, r;

	*lock = -1;
	if (address(&a, path) < 0 || folder(path, 1) < 0)
		return -1;
	*lock = take_lock(path);
	if (*lock < 0)
		return -1;
	if (clear_stale(path) < 0)
		return close_failed(*lock);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return close_failed(*lock);
	old = umask(0177); /* 0600 from the first moment on */
	r = bind(fd, (struct sockaddr *)&a, sizeof a);
	umask(old);
	if (r < 0 || listen(fd, SOMAXCONN) < 0) {
		close_failed(fd);
		return close_failed(*lock);
	}
	return fd;
}

void
sock_unlisten(const char *path, int fd, int lock)
{
	/*
	 * The lock file stays: removing it would let a third process lock a
	 * new file of the same name while a second one holds the old.
	 */
	unlink(path);
	close(fd);
	close(lock);
}

int
sock_accept(int fd)
{
	return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int
sock_peer(int fd, pid_t *pid, uid_t *uid)
{
	struct ucred c;
	socklen_t n = sizeof c;

	*pid = -1;
	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &n) < 0)
		return -1;
	*pid = c.pid;
	*uid = c.uid;
	return 0;
}
