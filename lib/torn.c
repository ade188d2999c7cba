/*
 * torn.c: moves a torn last line aside.
 *
 * It was never passed on, and what is appended next must not be glued to it;
 * but it is somebody's data, so it is not thrown away either. It is copied
 * and synced first and cut off then, so that it is always somewhere. When
 * one step fails the copy is taken back, for the caller will try again, and
 * a copy for each try would fill the disk.
 */
#include "torn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "banned.h"

/* Reads all of n bytes at at. 0, or -1 with errno. */
static int
read_at(int fd, char *p, size_t n, int64_t at)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got == 0)
			errno = EIO; /* shorter than it was just now */
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
		at += got;
	}
	return 0;
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return -1;
		p += put;
		n -= (size_t)put;
	}
	return 0;
}

/* Where the last line without newline begins; size: there is none; or -1. */
static int64_t
find(int fd, int64_t size)
{
	char block[4096];
	int64_t end, at;
	size_t n;

	for (end = size; end > 0; end = at) {
		n = end < (int64_t)sizeof(block) ? (size_t)end : sizeof(block);
		at = end - (int64_t)n;
		if (read_at(fd, block, n, at) < 0)
			return -1;
		for (; n > 0; n--)
			if (block[n - 1] == '\n')
				return at + (int64_t)n;
	}
	return 0;
}

/* Appends bytes from..size of fd to out, which has out_size bytes. */
static int
copy(int fd, int64_t from, int64_t size, int out, int64_t out_size)
{
	char block[4096];
	size_t n;

	if (out_size > 0) {
		if (read_at(out, block, 1, out_size - 1) < 0)
			return -1;
		if (block[0] != '\n' && write_all(out, "\n", 1) < 0)
			return -1;
	}
	for (; from < size; from += (int64_t)n) {
		n = size - from < (int64_t)sizeof(block) ? (size_t)(size - from)
							 : sizeof(block);
		if (read_at(fd, block, n, from) < 0 ||
		    write_all(out, block, n) < 0)
			return -1;
	}
	return fdatasync(out);
}

int64_t
torn_move(int fd, int64_t size, const char *aside)
{
	const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
	int64_t from = find(fd, size);
	int64_t rc = -1;
	struct stat st;
	int out, saved;

	if (from < 0 || from == size)
		return from < 0 ? -1 : 0;
	out = open(aside, flags, 0640);
	if (out < 0)
		return -1;
	if (fstat(out, &st) < 0) {
		saved = errno;
	} else if (!S_ISREG(st.st_mode)) {
		saved = ENOTSUP;
	} else if (copy(fd, from, size, out, st.st_size) < 0 ||
		   ftruncate(fd, (off_t)from) < 0) {
		saved = errno;
		if (ftruncate(out, st.st_size) < 0)
			saved = errno;
	} else {
		saved = 0;
		rc = size - from;
	}
	close(out);
	errno = saved;
	return rc;
}
