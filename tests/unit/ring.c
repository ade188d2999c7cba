/* ring: flat at every position, against an array that keeps everything. */
#include "../../lib/ring.h"

#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static void
rounds_its_size(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	static const size_t ask[] = { 1, 4095, 4096, 4097, 65536, 100000 };
	struct ring r;
	size_t i;

	for (i = 0; i < sizeof(ask) / sizeof(ask[0]); i++) {
		IS_INT(ring_init(&r, ask[i]), 0);
		OK(r.size >= ask[i]);
		OK(r.size % page == 0);
		OK((r.size & (r.size - 1)) == 0);
		IS_INT(ring_tail(&r), 0);
		IS_INT(r.head, 0);
		ring_release(&r);
	}
	memset(&r, 0, sizeof(r));
	ring_release(&r);
}

static void
keeps_the_newest(void)
{
	enum { TOTAL = 1 << 20 };
	unsigned char *all = malloc(TOTAL);
	uint64_t seed = 7, pos;
	size_t done = 0, n, bad = 0, i;
	struct ring r;

	for (i = 0; i < TOTAL; i++)
		all[i] = (unsigned char)tap_rand(&seed);
	IS_INT(ring_init(&r, 8192), 0);
	while (done < TOTAL) {
		n = tap_rand(&seed) % (tap_rand(&seed) % 8 ? 300 : r.size + 1);
		if (n > TOTAL - done)
			n = TOTAL - done;
		if (tap_rand(&seed) % 2) {
			ring_put(&r, all + done, n);
		} else {
			memcpy(ring_space(&r), all + done, n);
			ring_advance(&r, n);
		}
		done += n;
		bad += r.head != done;
		bad += ring_tail(&r) != (done > r.size ? done - r.size : 0);
		for (i = 0; i < 3; i++) {
			pos = ring_tail(&r) +
			      tap_rand(&seed) % (r.head - ring_tail(&r) + 1);
			bad += memcmp(ring_at(&r, pos), all + pos,
				   (size_t)(r.head - pos)) != 0;
		}
		pos = ring_tail(&r);
		bad += memcmp(ring_at(&r, pos), all + pos,
			   (size_t)(r.head - pos)) != 0;
	}
	IS_INT(bad, 0);
	ring_release(&r);
	free(all);
}

/* the bytes asked for move into the larger one, at their positions */
static void
grows(void)
{
	static unsigned char all[300000];
	uint64_t seed = 3, from, pos;
	size_t i, n, done = 0, bad = 0, size;
	struct ring r;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)tap_rand(&seed);
	IS_INT(ring_init(&r, 4096), 0);
	while (done < sizeof(all)) {
		n = tap_rand(&seed) % 3000;
		n = n < sizeof(all) - done ? n : sizeof(all) - done;
		ring_put(&r, all + done, n);
		done += n;
		if (tap_rand(&seed) % 20 == 0 && r.size < 65536) {
			from = ring_tail(&r) +
			       tap_rand(&seed) % (r.head - ring_tail(&r) + 1);
			size = r.size;
			bad += ring_grow(&r, 2 * size, from) != 0;
			bad += r.size != 2 * size || ring_tail(&r) != from;
		}
		bad += r.head != done;
		pos = ring_tail(&r);
		bad += memcmp(ring_at(&r, pos), all + pos,
			   (size_t)(r.head - pos)) != 0;
	}
	IS_INT(bad, 0);
	IS_INT(r.size, 65536);
	IS_INT(ring_tail(&r), (int64_t)(done - r.size));
	ring_release(&r);
}

int
main(void)
{
	rounds_its_size();
	keeps_the_newest();
	grows();
	return tap_done();
}
