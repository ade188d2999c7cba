/*
 * epoch: see epoch.h. Written beside and renamed, so that a reader (a hub
 * looks at it, too) and a kill at any moment find the old one or the new one.
 */
#include "epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "event.h"
#include "json.h"

#include "banned.h"

#define FILE_MAX 4096
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

bool
epoch_valid(const char *s, size_t n)
{
	return n <= EPOCH_MAX &&
	       event_name_valid(s, n < EVENT_NAME_MAX ? n : EVENT_NAME_MAX) &&
	       (n <= EVENT_NAME_MAX ||
		   event_name_valid(s + EVENT_NAME_MAX, n - EVENT_NAME_MAX));
}

static int
read_small(const char *path, char *out, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;
	ssize_t n;
	size_t len = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, out + len, max - 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		len += (size_t)n;
	}
	saved = errno;
	close(fd);
	errno = saved;
	out[len] = '\0';
	return n < 0 ? -1 : (int)len;
}

void
epoch_boot(char out[EPOCH_MAX + 1])
{
	if (read_small(BOOT_ID, out, EPOCH_MAX + 1) < 0)
		*out = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (*out && !epoch_valid(out, strlen(out)))
		*out = '\0';
}

static int
text(const struct json_doc *d, const char *key, char out[EPOCH_MAX + 1])
{
	const struct json_member *m = json_get(d, key);

	if (!m || m->kind != JSON_STRING || m->val_escaped ||
	    m->vallen - 2 > EPOCH_MAX)
		return -1;
	memcpy(out, m->val + 1, m->vallen - 2);
	out[m->vallen - 2] = '\0';
	return !*out || epoch_valid(out, m->vallen - 2) ? 0 : -1;
}

static int
parse(const struct json_doc *d, struct epoch *e)
{
	const struct json_member *m = json_get(d, "seq");
	int64_t seq;

	if (text(d, "epoch", e->name) < 0 || !*e->name ||
	    text(d, "boot", e->boot) < 0)
		return -1;
	if (!m || json_int(m, &seq) < 0 || seq < 0)
		return -1;
	e->seq = (uint64_t)seq;
	m = json_get(d, "clean");
	e->clean = m && m->kind == JSON_TRUE;
	return 0;
}

int
epoch_read(const char *dir, struct epoch *e)
{
	char path[FILE_MAX], body[FILE_MAX];
	struct json_doc d = { 0 };
	int n, rc = -1;

	n = snprintf(path, sizeof path, "%s/epoch", dir);
	if (n < 0 || n >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	n = read_small(path, body, sizeof body);
	if (n < 0)
		return -1;
	memset(e, 0, sizeof *e);
	if (json_parse(&d, body, (size_t)n) == 0)
		rc = parse(&d, e);
	json_release(&d);
	if (rc < 0)
		errno = EINVAL;
	return rc;
}

static int
put(int fd, const char *p, size_t n, bool sync)
{
	ssize_t k;

	while (n) {
		k = write(fd, p, n);
		if (k < 0 && errno == EINTR)
			continue;
		if (k == 0)
			errno = EIO;
		if (k <= 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return sync ? fsync(fd) : 0;
}

static int
sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc, saved;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	if (rc < 0 && errno == EINVAL)
		rc = 0; /* a file system without that */
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

int
epoch_write(const char *dir, const struct epoch *e, bool sync)
{
	char path[FILE_MAX], tmp[FILE_MAX], body[512];
	int n, fd, rc, saved;

	n = snprintf(tmp, sizeof tmp, "%s/epoch.new", dir);
	snprintf(path, sizeof path, "%s/epoch", dir);
	if (n < 0 || n >= (int)sizeof tmp) {
		errno = ENAMETOOLONG;
		return -1;
	}
	n = snprintf(body, sizeof body,
	    "{\"epoch\":\"%s\",\"seq\":%" PRIu64
	    ",\"boot\":\"%s\",\"clean\":%s}\n",
	    e->name, e->seq, e->boot, e->clean ? "true" : "false");
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	rc = put(fd, body, (size_t)n, sync);
	saved = errno;
	close(fd);
	if (rc == 0 && rename(tmp, path) < 0) {
		saved = errno;
		rc = -1;
	}
	if (rc < 0) {
		unlink(tmp);
		errno = saved;
		return -1;
	}
	return sync ? sync_dir(dir) : 0;
}

int
epoch_line(struct buf *out, const char *name, uint64_t seq)
{
	return buf_addf(out,
	    "{\"type\":\"epoch\",\"epoch\":\"%s\",\"seq\":%" PRIu64 "}", name,
	    seq);
}
