/*
 * save: see show.h. The new file is complete and on the disk before it gets
 * the name, so that neither a moderator that maps the old one nor a power cut
 * ever sees half of it. What is under /dev never gets another name, even if it
 * leads to a regular file, as /dev/stdout may.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buf.h"
#include "msg.h"
#include "show.h"

#include "banned.h"

#define PATH_BYTES 4096

static int
write_all(int fd, const char *p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = write(fd, p, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* fsync: of a pipe there is nothing to sync. */
static int
write_to(const char *path, int flags, bool sync, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666), r, e;

	if (fd < 0)
		return -1;
	r = write_all(fd, p, n);
	if (r == 0 && sync)
		r = fsync(fd);
	e = errno;
	if (close(fd) < 0 && r == 0)
		return -1;
	errno = e;
	return r;
}

static int
replace(const char *path, const void *p, size_t n)
{
	struct buf temp;
	int r = -1, e;

	buf_init(&temp, PATH_BYTES);
	if (buf_addf(&temp, "%s.new", path) == 0) {
		r = write_to(temp.p, O_CREAT | O_TRUNC, true, p, n);
		if (r == 0)
			r = rename(temp.p, path);
		if (r < 0) {
			e = errno;
			(void)unlink(temp.p);
			errno = e;
		}
	}
	buf_release(&temp);
	return r;
}

int
save(const char *path, const void *p, size_t n)
{
	struct stat st;
	bool special = strncmp(path, "/dev/", 5) == 0 ||
		       (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
	int r = special ? write_to(path, 0, false, p, n) : replace(path, p, n);

	if (r < 0)
		msg_err("%s: %s", path, strerror(errno));
	return r;
}
