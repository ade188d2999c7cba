/*
 * logread-mend: two files that have the same positions. That comes from a
 * kill while a file that could not be synced was written anew: both have the
 * same events, but only one of them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logread-impl.h"

#include "banned.h"

#define DAY_LEN 21 /* chat_2026-11-23.jsonl */

/* Cuts the lines from position seq on off a file. */
static int
cut_from(struct logread *lr, struct file *f, uint64_t seq)
{
	int64_t at;
	int rc, fd;

	if (logread_begin(&f->r, lr->fd, f->name, f->ino) < 0)
		return -1;
	f->seq = 0;
	rc = logread_seek(f, seq) < 0 || logread_step(f, seq) < 0 ? -1 : 0;
	at = f->r.at + (int64_t)(f->r.start - f->len - 1);
	logread_end(&f->r);
	if (rc < 0 || f->seq == UINT64_MAX)
		return rc;
	fd = openat(lr->fd, f->name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = at > 0 ? ftruncate(fd, (off_t)at) : unlinkat(lr->fd, f->name, 0);
	if (rc == 0)
		rc = fsync(fd);
	close(fd);
	return rc;
}

/* The number behind the name: older files have higher ones. */
static long
number_of(const struct file *f)
{
	const char *dot = strrchr(f->name, '.');

	return dot[1] == 'j' ? 0 : strtol(dot + 1, NULL, 10);
}

/* Of one day, and both have the positions where the newer one begins. */
static bool
overlap(const struct file *old, const struct file *new)
{
	return new->first &&new->first <= old->last &&new->first >=
		       old->first &&memcmp(old->name, new->name, DAY_LEN) ==
		   0 &&
	       number_of(old) > number_of(new);
}

int
logread_mend(struct logread *lr)
{
	struct file *old, *new;
	size_t i, k;
	int rc = 0;

	lr->fd = open(lr->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lr->fd < 0)
		return errno == ENOENT ? 0 : -1;
	for (i = 0; i < lr->n && rc == 0; i++)
		for (k = 0; k < lr->n && rc == 0; k++) {
			old = &lr->f[i];
			new = &lr->f[k];
			if (!overlap(old, new))
				continue;
			/* the one that got farther has all of it */
			rc = new->last >= old->last
				 ? cut_from(lr, old, new->first)
				 : unlinkat(lr->fd, new->name, 0);
			break;
		}
	close(lr->fd);
	lr->fd = -1;
	return rc < 0 ? -1 : logread_refresh(lr);
}
