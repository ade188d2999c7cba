/* buf: growth up to a maximum, all or nothing, always NUL-terminated. */
#include "../../lib/buf.h"

#include <errno.h>

#include "tap.h"

#include "../../lib/banned.h"

static void
starts_empty(void)
{
	struct buf b, zero = { 0 };

	buf_init(&b, 10);
	OK(b.p != NULL);
	IS_STR(b.p, "");
	IS_INT(b.len, 0);
	buf_release(&b);
	OK(b.p != NULL);
	IS_STR(b.p, "");
	IS_INT(buf_adds(&b, "again"), 0);
	IS_STR(b.p, "again");
	buf_release(&b);
	buf_release(&b);
	buf_release(&zero);
	IS_INT(zero.len, 0);
}

static void
appends(void)
{
	struct buf b;

	buf_init(&b, 100);
	IS_INT(buf_add(&b, "a\0b", 3), 0);
	IS_MEM(b.p, b.len, "a\0b");
	IS_INT(b.p[b.len], 0);
	IS_INT(buf_addc(&b, 'c'), 0);
	IS_INT(buf_adds(&b, "de"), 0);
	IS_INT(buf_addf(&b, "%d-%s", 42, "x"), 0);
	IS_MEM(b.p, b.len, "a\0bcde42-x");
	buf_drop(&b, 3);
	IS_STR(b.p, "cde42-x");
	buf_drop(&b, 0);
	IS_STR(b.p, "cde42-x");
	buf_drop(&b, b.len);
	IS_STR(b.p, "");
	IS_INT(b.len, 0);
	buf_adds(&b, "kept");
	buf_reset(&b);
	IS_STR(b.p, "");
	OK(b.cap > 0);
	buf_release(&b);
}

static void
holds_its_maximum(void)
{
	struct buf b;

	buf_init(&b, 5);
	IS_INT(buf_adds(&b, "hello"), 0);
	IS_INT(b.p[5], 0);
	errno = 0;
	IS_INT(buf_addc(&b, '!'), -1);
	IS_INT(errno, EMSGSIZE);
	IS_STR(b.p, "hello");
	buf_drop(&b, 2);
	errno = 0;
	IS_INT(buf_adds(&b, "abc"), -1);
	IS_INT(errno, EMSGSIZE);
	IS_STR(b.p, "llo");
	errno = 0;
	IS_INT(buf_addf(&b, "%s", "abc"), -1);
	IS_INT(errno, EMSGSIZE);
	IS_STR(b.p, "llo");
	IS_INT(b.len, 3);
	IS_INT(buf_addf(&b, "%d", 42), 0);
	IS_STR(b.p, "llo42");
	errno = 0;
	IS_INT(buf_reserve(&b, SIZE_MAX), -1);
	IS_INT(errno, EMSGSIZE);
	errno = 0;
	IS_INT(buf_reserve(&b, SIZE_MAX - 4), -1);
	IS_INT(errno, EMSGSIZE);
	IS_STR(b.p, "llo42");
	buf_release(&b);
}

static void
grows(void)
{
	struct buf b;
	int i, failed = 0;

	buf_init(&b, 1 << 20);
	for (i = 0; i < 100000; i++) {
		failed += buf_addc(&b, (char)('a' + i % 26)) != 0;
		failed += b.p[b.len] != '\0';
	}
	IS_INT(failed, 0);
	IS_INT(b.len, 100000);
	for (i = 0; i < 100000; i++)
		failed += b.p[i] != 'a' + i % 26;
	IS_INT(failed, 0);
	IS_INT(buf_reserve(&b, (1 << 20) - 100000), 0);
	IS_INT(b.len, 100000);
	OK(b.cap >= 1 << 20);
	buf_release(&b);
}

/* a maximum is not what is allocated at once */
static void
allocates_late(void)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	IS_INT(b.cap, 0);
	IS_INT(buf_adds(&b, "x"), 0);
	OK(b.cap < 1 << 20);
	buf_release(&b);
}

int
main(void)
{
	starts_empty();
	appends();
	holds_its_maximum();
	grows();
	allocates_late();
	return tap_done();
}
