/*
 * epoch: the file DIR/epoch, which names the series of positions that the
 * event files of DIR hold (CONTRACT 7): one JSON object with the series'
 * name, the boot it was last written in, whether that ended cleanly, and a
 * position that the files have reached.
 */
#ifndef SS_EPOCH_H
#define SS_EPOCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EPOCH_MAX 64 /* bytes in a series' name */

struct epoch {
	char name[EPOCH_MAX + 1];
	char boot[EPOCH_MAX + 1]; /* the machine's boot id, "" where unknown */
	bool clean;               /* stopped, and all of it on the disk */
	uint64_t seq;             /* the files have got at least so far */
};

/* 1 to EPOCH_MAX of A-Z a-z 0-9 . _ - */
bool epoch_valid(const char *s, size_t n);
/*
 * Reads DIR/epoch. 0, or -1 with errno (ENOENT: there is none; EINVAL: it is
 * no such file).
 */
int epoch_read(const char *dir, struct epoch *);
/*
 * Replaces DIR/epoch in one step; sync: and it is on the disk when this
 * returns, the folder's entry too. 0, or -1 with errno.
 */
int epoch_write(const char *dir, const struct epoch *, bool sync);
/* The id of the running system's boot, "" where it has none. */
void epoch_boot(char out[EPOCH_MAX + 1]);
/* A line of type "epoch" for the stages downstream, without newline. */
struct buf;
int epoch_line(struct buf *, const char *name, uint64_t seq);

#endif
