/* sock: who may own a socket file, and what becomes of stale ones. */
#include "../../lib/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static mode_t
mode(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static void
makes_what_it_needs(void)
{
	int lock = -1, fd, c, s;
	pid_t pid = 0;
	uid_t uid = 12345;

	umask(0);
	fd = sock_listen("d/s", &lock);
	OK(fd >= 0 && lock >= 0);
	IS_INT(mode("d"), 0700);
	IS_INT(mode("d/s"), 0600);
	OK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	OK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	OK(fcntl(lock, F_GETFD) & FD_CLOEXEC);
	errno = 0;
	IS_INT(sock_accept(fd), -1);
	OK(errno == EAGAIN || errno == EWOULDBLOCK);
	c = sock_connect("d/s");
	OK(c >= 0);
	OK(fcntl(c, F_GETFL) & O_NONBLOCK);
	OK(fcntl(c, F_GETFD) & FD_CLOEXEC);
	s = sock_accept(fd);
	OK(s >= 0);
	OK(fcntl(s, F_GETFL) & O_NONBLOCK);
	OK(fcntl(s, F_GETFD) & FD_CLOEXEC);
	IS_INT(sock_peer(s, &pid, &uid), 0);
	IS_INT(pid, getpid());
	IS_INT(uid, getuid());
	IS_INT(write(s, "hi", 2), 2);
	close(c);
	close(s);
	IS_INT(sock_peer(-1, &pid, &uid), -1);
	sock_unlisten("d/s", fd, lock);
	OK(access("d/s", F_OK) < 0);
	umask(022);
}

static void
refuses_a_live_one(void)
{
	int lock = -1, fd, second = -1, c;
	pid_t child;
	int status = 0;

	fd = sock_listen("s", &lock);
	OK(fd >= 0);
	errno = 0;
	IS_INT(sock_listen("s", &second), -1);
	IS_INT(errno, EADDRINUSE);
	child = fork();
	if (child == 0) {
		int l;

		_exit(
		    sock_listen("s", &l) == -1 && errno == EADDRINUSE ? 0 : 1);
	}
	waitpid(child, &status, 0);
	IS_INT(status, 0);
	c = sock_connect("s"); /* the first one is unharmed */
	OK(c >= 0);
	close(c);
	sock_unlisten("s", fd, lock);
}

static void
replaces_a_stale_one(void)
{
	int lock = -1, fd, status = 0, c;
	pid_t child = fork();

	if (child == 0) {
		int l;

		_exit(sock_listen("s", &l) < 0); /* dies without a word */
	}
	waitpid(child, &status, 0);
	IS_INT(status, 0);
	OK(access("s", F_OK) == 0);
	errno = 0;
	IS_INT(sock_connect("s"), -1);
	IS_INT(errno, ECONNREFUSED);
	fd = sock_listen("s", &lock);
	OK(fd >= 0);
	c = sock_connect("s");
	OK(c >= 0);
	close(c);
	sock_unlisten("s", fd, lock);
	errno = 0;
	IS_INT(sock_connect("s"), -1);
	IS_INT(errno, ENOENT);
	fd = sock_listen("s", &lock); /* and again */
	OK(fd >= 0);
	sock_unlisten("s", fd, lock);
}

/* what is no socket is somebody's file */
static void
leaves_files_alone(void)
{
	int lock = -1;
	FILE *f = fopen("precious", "w");
	struct stat st;

	if (f == NULL || fputs("data", f) < 0 || fclose(f) != 0)
		abort();
	IS_INT(sock_listen("precious", &lock), -1);
	IS_INT(stat("precious", &st), 0);
	OK(S_ISREG(st.st_mode));
	IS_INT(st.st_size, 4);
	IS_INT(sock_connect("precious"), -1);
}

static void
refuses_foreign_folders(void)
{
	int lock = -1;

	if (getuid() != 0) {
		tap_ok(true, "# SKIP needs root", __FILE__, __LINE__);
		return;
	}
	if (mkdir("foreign", 0755) < 0 || chown("foreign", 65534, 65534) < 0)
		abort();
	errno = 0;
	IS_INT(sock_listen("foreign/s", &lock), -1);
	IS_INT(errno, EPERM);
	OK(access("foreign/s", F_OK) < 0);
	errno = 0;
	IS_INT(sock_connect("foreign/s"), -1);
	OK(errno == EPERM || errno == ENOENT);
}

static void
says_what_the_system_said(void)
{
	char path[300];
	int lock = -1;

	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	errno = 0;
	IS_INT(sock_listen(path, &lock), -1);
	OK(errno != 0);
	errno = 0;
	IS_INT(sock_connect(path), -1);
	OK(errno != 0);
	IS_INT(sock_listen("precious/s", &lock), -1);
	OK(errno == ENOTDIR || errno == EEXIST);
}

int
main(void)
{
	char dir[] = "/tmp/ss-sock.XXXXXX";

	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		abort();
	makes_what_it_needs();
	refuses_a_live_one();
	replaces_a_stale_one();
	leaves_files_alone();
	refuses_foreign_folders();
	says_what_the_system_said();
	if (chdir("/") == 0) {
		char cmd[64];

		snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
		OK(system(cmd) == 0);
	}
	return tap_done();
}
