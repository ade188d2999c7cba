/* role: names, and who may act on whom. */
#include "../../lib/role.h"

#include "tap.h"

#include "../../lib/banned.h"

static void
names_go_there_and_back(void)
{
	enum role r, back;
	char *copy;

	for (r = ROLE_VIEWER; r <= ROLE_ADMIN; r++) {
		copy = tap_copy(role_name(r), strlen(role_name(r)));
		OK_FOR(role_parse(copy, strlen(role_name(r)), &back) == 0 &&
			   back == r,
		    role_name(r));
		free(copy);
	}
	IS_STR(role_name(ROLE_STREAMER), "streamer");
}

static void
other_words_are_none(void)
{
	static const char *const no[] = { "", "view", "viewers", "Moderator",
		"admin ", " admin", "owner", "root" };
	enum role r = ROLE_SUBSCRIBER;
	size_t i;
	char *copy;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		copy = tap_copy(no[i], strlen(no[i]));
		OK_FOR(role_parse(copy, strlen(no[i]), &r) == -1, no[i]);
		free(copy);
	}
	IS_INT(role_parse("admin\0x", 7, &r), -1);
	IS_INT(r, ROLE_SUBSCRIBER);
}

static void
staff_acts_on_those_below(void)
{
	enum role a, t;

	for (a = ROLE_VIEWER; a <= ROLE_ADMIN; a++)
		for (t = ROLE_VIEWER; t <= ROLE_ADMIN; t++)
			OK_FOR(role_may_act(a, t) ==
				   (a >= ROLE_MODERATOR && a > t),
			    role_name(a));
	OK(!role_is_staff(ROLE_VIEWER));
	OK(!role_is_staff(ROLE_SUBSCRIBER));
	OK(role_is_staff(ROLE_MODERATOR));
	OK(role_is_staff(ROLE_ADMIN));
	OK(!role_may_act(ROLE_SUBSCRIBER, ROLE_VIEWER));
}

int
main(void)
{
	names_go_there_and_back();
	other_words_are_none();
	staff_acts_on_those_below();
	return tap_done();
}
