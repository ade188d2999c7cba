/*
 * addr: see addr.h.
 */
#include "addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "banned.h"

static int
set_path(struct addr *a, const char *path, const char **err)
{
	size_t n = strlen(path);

	if (!n) {
		*err = "no path after the colon";
		return -1;
	}
	if (n >= sizeof a->path) {
		*err = "path too long for a Unix socket (107 bytes)";
		return -1;
	}
	memcpy(a->path, path, n + 1);
	return 0;
}

int
addr_parse(struct addr *a, const char *text, const char **err)
{
	memset(a, 0, sizeof *a);
	if (strcmp(text, "-") == 0) {
		a->kind = ADDR_STD;
		return 0;
	}
	if (strncmp(text, "unix:", 5) == 0) {
		a->kind = ADDR_CONNECT;
		return set_path(a, text + 5, err);
	}
	if (strncmp(text, "listen:", 7) == 0) {
		a->kind = ADDR_LISTEN;
		return set_path(a, text + 7, err);
	}
	*err = "not an address: use -, unix:PATH or listen:PATH";
	return -1;
}

int
addr_bus(struct addr *a, enum addr_kind kind, const char **err)
{
	const char *bus = getenv("SS_BUS"), *run = getenv("XDG_RUNTIME_DIR");
	char path[4096];

	memset(a, 0, sizeof *a);
	a->kind = kind;
	if (bus && *bus)
		return set_path(a, bus, err);
	if (run && *run)
		snprintf(path, sizeof path, "%s/safestream/bus.sock", run);
	else
		snprintf(path, sizeof path, "/tmp/safestream-%lu/bus.sock",
		    (unsigned long)getuid());
	return set_path(a, path, err);
}

int
addr_control(
    struct addr *a, enum addr_kind kind, const char *bus, const char **err)
{
	static const char name[] = "control.sock";
	char path[sizeof a->path + sizeof name];
	struct addr b;
	size_t dir;

	if (!bus && addr_bus(&b, kind, err) < 0)
		return -1;
	if (!bus)
		bus = b.path;
	dir = strrchr(bus, '/') ? (size_t)(strrchr(bus, '/') + 1 - bus) : 0;
	memset(a, 0, sizeof *a);
	a->kind = kind;
	memcpy(path, bus, dir);
	memcpy(path + dir, name, sizeof name);
	return set_path(a, path, err);
}
