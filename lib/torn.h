/*
 * torn: the last line of a file that has no newline, because a kill or a
 * power cut came in the midst of a write.
 */
#ifndef SS_TORN_H
#define SS_TORN_H

#include <stdint.h>

/*
 * When the regular file fd (open for reading and writing, size > 0 bytes)
 * does not end with a newline: appends its last line to the file at aside,
 * as a line of its own, and cuts it off. Returns its length, 0 when there is
 * none, or -1 with errno: both files are then as they were before.
 */
int64_t torn_move(int fd, int64_t size, const char *aside);

#endif
