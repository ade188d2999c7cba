/* addr: the three forms, the length of a socket's path, the bus. */
#include "../../lib/addr.h"

#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

static void
parses(void)
{
	struct addr a;
	const char *err = NULL;

	IS_INT(addr_parse(&a, "-", &err), 0);
	IS_INT(a.kind, ADDR_STD);
	IS_INT(addr_parse(&a, "unix:/run/x.sock", &err), 0);
	IS_INT(a.kind, ADDR_CONNECT);
	IS_STR(a.path, "/run/x.sock");
	IS_INT(addr_parse(&a, "listen:x.sock", &err), 0);
	IS_INT(a.kind, ADDR_LISTEN);
	IS_STR(a.path, "x.sock");
	IS_INT(addr_parse(&a, "unix:a:b", &err), 0);
	IS_STR(a.path, "a:b");
}

static void
refuses(void)
{
	static const char *const no[] = { "", "x", "unix",
		"unix:", "listen:", "tcp:1", "UNIX:/x", " -", "--",
		"/run/x.sock", "unix :x" };
	struct addr a;
	const char *err;
	size_t i;

	for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		err = NULL;
		OK_FOR(addr_parse(&a, no[i], &err) == -1 && err != NULL &&
			   err[0] != '\0',
		    no[i]);
	}
}

static void
bounds_the_path(void)
{
	char text[200] = "unix:";
	struct addr a;
	const char *err = NULL;

	memset(text + 5, 'p', 107);
	IS_INT(addr_parse(&a, text, &err), 0);
	IS_INT(strlen(a.path), 107);
	text[5 + 107] = 'p';
	IS_INT(addr_parse(&a, text, &err), -1);
	OK(err != NULL);
}

static void
finds_the_bus(void)
{
	char longest[200], want[108];
	struct addr a;
	const char *err = NULL;

	setenv("SS_BUS", "/run/my.sock", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
	IS_INT(addr_bus(&a, ADDR_LISTEN, &err), 0);
	IS_INT(a.kind, ADDR_LISTEN);
	IS_STR(a.path, "/run/my.sock");
	unsetenv("SS_BUS");
	IS_INT(addr_bus(&a, ADDR_CONNECT, &err), 0);
	IS_INT(a.kind, ADDR_CONNECT);
	IS_STR(a.path, "/run/user/1/safestream/bus.sock");
	unsetenv("XDG_RUNTIME_DIR");
	IS_INT(addr_bus(&a, ADDR_CONNECT, &err), 0);
	snprintf(want, sizeof(want), "/tmp/safestream-%lu/bus.sock",
	    (unsigned long)getuid());
	IS_STR(a.path, want);
	memset(longest, 'p', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("SS_BUS", longest, 1);
	IS_INT(addr_bus(&a, ADDR_CONNECT, &err), -1);
	OK(err != NULL);
	unsetenv("SS_BUS");
	setenv("XDG_RUNTIME_DIR", longest, 1);
	err = NULL;
	IS_INT(addr_bus(&a, ADDR_CONNECT, &err), -1);
	OK(err != NULL);
}

int
main(void)
{
	parses();
	refuses();
	bounds_the_path();
	finds_the_bus();
	return tap_done();
}
