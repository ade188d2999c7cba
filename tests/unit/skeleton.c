/* skeleton: which names can be taken for another, and which can't. */
#include "../../lib/skeleton.h"

#include "../../lib/event.h"
#include "tap.h"

#include "../../lib/banned.h"

static bool
alike(const char *a, const char *b)
{
	char x[SKELETON_MAX], y[SKELETON_MAX], *copy;
	int rc;

	copy = tap_copy(a, strlen(a));
	rc = skeleton_of(copy, strlen(a), x);
	free(copy);
	copy = tap_copy(b, strlen(b));
	rc |= skeleton_of(copy, strlen(b), y);
	free(copy);
	IS_INT(rc, 0);
	return strcmp(x, y) == 0;
}

static void
names_that_look_alike(void)
{
	static const char *const pairs[][2] = { { "alice", "Alice" },
		{ "alice", "ALICE" }, { "alice", "aIice" },
		{ "alice", "a1ice" }, { "alice", "ALlCE" },
		{ "alice", "AIice" }, { "bob", "b0b" }, { "bob", "BOB" },
		{ "bob", "B0B" }, { "bob", "bOb" }, { "marvin", "rnarvin" },
		{ "MARVIN", "rnarvin" }, { "modern", "modem" },
		{ "wanda", "vvanda" }, { "wanda", "VVANDA" },
		{ "mod_bob", "mod-bob" }, { "mod.bob", "mod-b0b" },
		{ "l", "I" }, { "1", "i" }, { "0", "o" } };
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		OK_FOR(alike(pairs[i][0], pairs[i][1]), pairs[i][1]);
}

static void
names_that_don_t(void)
{
	static const char *const pairs[][2] = { { "alice", "alicia" },
		{ "alice", "alice2" }, { "alice", "alice-" },
		{ "alice", "allice" }, { "alice", "malice" }, { "bob", "bab" },
		{ "bob", "bobb" }, { "bob", "rob" }, { "mod", "nod" },
		{ "wanda", "vanda" }, { "u", "v" }, { "carol", "karol" },
		{ "a-b", "ab" } };
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		OK_FOR(!alike(pairs[i][0], pairs[i][1]), pairs[i][1]);
}

static void
the_longest_name(void)
{
	char name[EVENT_NAME_MAX + 2], out[SKELETON_MAX];

	memset(name, 'm', sizeof(name));
	IS_INT(skeleton_of(name, EVENT_NAME_MAX, out), 0);
	IS_INT(strlen(out), 2 * EVENT_NAME_MAX);
	IS_INT(skeleton_of(name, EVENT_NAME_MAX + 1, out), -1);
}

int
main(void)
{
	names_that_look_alike();
	names_that_don_t();
	the_longest_name();
	return tap_done();
}
