/* base64: RFC 4648's vectors, and all that must not be read. */
#include "../../lib/base64.h"

#include <errno.h>

#include "tap.h"

#include "../../lib/banned.h"

static void
goes_there_and_back(void)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg" },
		{ "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf", "-_-_" } };
	struct buf b;
	size_t i;
	char *copy;

	buf_init(&b, 64);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		buf_reset(&b);
		IS_INT(base64_encode(&b, pairs[i][0], strlen(pairs[i][0])), 0);
		IS_STR(b.p, pairs[i][1]);
		buf_reset(&b);
		copy = tap_copy(pairs[i][1], strlen(pairs[i][1]));
		IS_INT(base64_decode(&b, copy, strlen(pairs[i][1])), 0);
		IS_STR(b.p, pairs[i][0]);
		free(copy);
	}
	buf_release(&b);
}

static void
is_strict(void)
{
	static const char *const no[] = { "Z", "Zg==", "Zm8=", "Zm9v\n",
		" Zm9v", "Zm 9v", "Zm9vY", "Zh", "Zm9", "ab+c", "ab/c", "Zm9v.",
		"Zm\xc3\xa9" };
	struct buf b;
	size_t i;

	buf_init(&b, 64);
	buf_adds(&b, "old");
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		errno = 0;
		OK_FOR(base64_decode(&b, no[i], strlen(no[i])) == -1 &&
			   errno == EINVAL && strcmp(b.p, "old") == 0,
		    no[i]);
	}
	IS_INT(base64_decode(&b, "Zm9v\0", 5), -1);
	buf_release(&b);
}

static void
keeps_to_the_maximum(void)
{
	struct buf b;

	buf_init(&b, 8);
	IS_INT(base64_encode(&b, "1234567", 7), -1);
	IS_INT(errno, EMSGSIZE);
	IS_INT(base64_encode(&b, "123456", 6), 0);
	IS_INT(b.len, 8);
	buf_reset(&b);
	IS_INT(base64_decode(&b, "Zm9vYmFyYmF6", 12), -1);
	IS_INT(errno, EMSGSIZE);
	buf_release(&b);
}

int
main(void)
{
	goes_there_and_back();
	is_strict();
	keeps_to_the_maximum();
	return tap_done();
}
