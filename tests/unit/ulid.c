/* ulid: shape, order, and what happens at the edges of time. */
#include "../../lib/ulid.h"

#include "tap.h"

#include "../../lib/banned.h"

static const int64_t NOW = INT64_C(1795426200123);

static void
looks_like_one(void)
{
	struct ulid u = { 0 };
	char s[ULID_LEN + 1];
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	int64_t ms = 0;
	size_t i;

	ulid_next(&u, NOW, s);
	IS_INT(strlen(s), ULID_LEN);
	OK(ulid_valid(s, ULID_LEN));
	for (i = 0; i < 10; i++)
		ms = ms * 32 + (strchr(alphabet, s[i]) - alphabet);
	IS_INT(ms, NOW);
	ulid_next(&u, INT64_C(0xffffffffffff), s);
	IS_MEM(s, 10, "7ZZZZZZZZZ");
}

static void
is_in_order(void)
{
	struct ulid u = { 0 };
	char s[ULID_LEN + 1], last[ULID_LEN + 1] = "";
	int i, bad = 0;

	for (i = 0; i < 100000; i++) {
		/* forward now and then, and sometimes a step back */
		ulid_next(&u, NOW + i / 1000 - (i % 77 == 0 ? 500 : 0), s);
		bad += strcmp(last, s) >= 0;
		memcpy(last, s, sizeof(s));
	}
	IS_INT(bad, 0);
}

static void
survives_the_last_random_number(void)
{
	struct ulid u = { 0 };
	char s[ULID_LEN + 1], last[ULID_LEN + 1];
	int i, bad = 0;

	ulid_next(&u, NOW, s);
	memset(u.rnd, 0xff, sizeof(u.rnd));
	u.rnd[9] = 0xfd;
	ulid_next(&u, NOW, last);
	for (i = 0; i < 10; i++) {
		ulid_next(&u, NOW, s);
		bad += strcmp(last, s) >= 0 || !ulid_valid(s, ULID_LEN);
		memcpy(last, s, sizeof(s));
	}
	IS_INT(bad, 0);
}

static void
differs_between_generators(void)
{
	struct ulid a = { 0 }, b = { 0 };
	char s[ULID_LEN + 1], t[ULID_LEN + 1];

	ulid_next(&a, NOW, s);
	ulid_next(&b, NOW, t);
	OK(memcmp(s, t, 10) == 0);
	OK(memcmp(s + 10, t + 10, 16) != 0);
}

static void
validates(void)
{
	static const char *const no[] = { "", "01ARZ3NDEKTSV4RRFFQ69G5FA",
		"01ARZ3NDEKTSV4RRFFQ69G5FAVX", "01arz3ndektsv4rrffq69g5fav",
		"01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAL",
		"01ARZ3NDEKTSV4RRFFQ69G5FAO", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
		"01ARZ3NDEKTSV4RRFFQ69G5FA ",
		"01ARZ3NDEKTSV4RRFFQ69G5F\xc3\xa9",
		"8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "-1ARZ3NDEKTSV4RRFFQ69G5FAV" };
	size_t i;

	OK(ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV", 26));
	OK(ulid_valid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", 26));
	OK(ulid_valid("00000000000000000000000000", 26));
	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		char *copy = tap_copy(no[i], strlen(no[i]));

		OK_FOR(!ulid_valid(copy, strlen(no[i])), no[i]);
		free(copy);
	}
}

static void
derives(void)
{
	char a[ULID_LEN + 1], b[ULID_LEN + 1];

	ulid_derive(INT64_C(1795435200000), "x", 1, a);
	ulid_derive(INT64_C(1795435200000), "x", 1, b);
	OK(ulid_valid(a, ULID_LEN));
	IS_STR(a, b);
	ulid_derive(INT64_C(1795435200000), "y", 1, b);
	OK(strncmp(a, b, 10) == 0 && strcmp(a, b) != 0);
	ulid_derive(0, "", 0, b);
	OK(ulid_valid(b, ULID_LEN) && strncmp(b, "0000000000", 10) == 0);
}

int
main(void)
{
	looks_like_one();
	is_in_order();
	survives_the_last_random_number();
	differs_between_generators();
	validates();
	derives();
	return tap_done();
}
