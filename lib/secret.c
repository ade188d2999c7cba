/* secret: see secret.h. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

#include "banned.h"

static int
read_file(const char *path, struct buf *out)
{
	char part[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = -1;
	int saved;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, part, sizeof(part));
		if (n > 0 && buf_add(out, part, (size_t)n) < 0) {
			n = -1;
			break;
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	saved = errno;
	close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

const char *
secret_check(const char *p, size_t n)
{
	size_t i;

	if (n == 0)
		return "empty";
	if (n > SECRET_MAX)
		return "too long";
	for (i = 0; i < n; i++)
		if ((unsigned char)p[i] <= ' ' || p[i] == 127)
			return "not a token";
	return NULL;
}

int
secret_read(const char *path, struct buf *out, const char **why)
{
	const char *p;
	size_t n;

	if (read_file(path, out) < 0) {
		*why = strerror(errno);
		return -1;
	}
	p = out->p;
	n = out->len;
	if (utf8_valid(p, n))
		utf8_trim(&p, &n);
	*why = secret_check(p, n);
	if (*why != NULL)
		return -1;
	buf_cut(out, (size_t)(p - out->p) + n);
	buf_drop(out, (size_t)(p - out->p));
	return 0;
}
