/*
 * ring: see ring.h. A memfd mapped twice, one mapping right behind the other:
 * a read or write across the end of the first simply goes on in the second.
 */
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "banned.h"

static void *
map_twice(int fd, size_t size)
{
	char *p = mmap(
	    NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int half, e;

	if (p == MAP_FAILED)
		return NULL;
	for (half = 0; half < 2; half++)
		if (mmap(p + (size_t)half * size, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
			e = errno;
			munmap(p, 2 * size);
			errno = e;
			return NULL;
		}
	return p;
}

int
ring_init(struct ring *r, size_t size)
{
	size_t n = (size_t)sysconf(_SC_PAGESIZE);
	int fd, e;

	while (n < size)
		n *= 2;
	memset(r, 0, sizeof *r);
	fd = memfd_create("ring", MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)n) == 0)
		r->p = map_twice(fd, n);
	e = errno;
	close(fd);
	errno = e;
	if (!r->p)
		return -1;
	r->size = n;
	return 0;
}

void
ring_release(struct ring *r)
{
	if (r->p)
		munmap(r->p, 2 * r->size);
	memset(r, 0, sizeof *r);
}

int
ring_grow(struct ring *r, size_t size, uint64_t from)
{
	struct ring big;

	if (ring_init(&big, size) < 0)
		return -1;
	big.head = big.from = from;
	ring_put(&big, ring_at(r, from), (size_t)(r->head - from));
	ring_release(r);
	*r = big;
	return 0;
}

char *
ring_space(struct ring *r)
{
	return r->p + (r->head & (r->size - 1));
}

void
ring_advance(struct ring *r, size_t n)
{
	r->head += n;
}

void
ring_put(struct ring *r, const void *p, size_t n)
{
	memcpy(ring_space(r), p, n);
	r->head += n;
}

uint64_t
ring_tail(const struct ring *r)
{
	uint64_t tail = r->head > r->size ? r->head - r->size : 0;

	return tail > r->from ? tail : r->from;
}

const char *
ring_at(const struct ring *r, uint64_t pos)
{
	return r->p + (pos & (r->size - 1));
}
