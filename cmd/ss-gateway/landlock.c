/*
 * landlock: which files may be opened from now on. Folders are named and not
 * files, as keys and certificates are replaced by renaming; a link's folder
 * and that of the file it leads to, as both may be replaced. Unix sockets are
 * connected to without it (the kernel doesn't ask Landlock for that), TCP not
 * at all: whoever gets into the gateway gets no further.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway.h"
#include "harden.h"

#include "banned.h"

#define PATH_LEN 4096

/* Newer headers have these: of Linux 6.2, 6.10 and 6.7. */
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL_DEV (UINT64_C(1) << 15)
#define NET_ALL UINT64_C(3) /* bind and connect, TCP */

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* for a socket that is made anew, and the lock beside it */
#define SOCKETS                                                                \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_SOCK | \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |        \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE)

struct attributes {
	uint64_t fs, net;
};

int
landlock_abi(void)
{
	long v = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return v > 0 ? (int)v : 0;
}

static uint64_t
handled(int abi)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;

	if (abi >= 2)
		all |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

static int
allow_folder(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr a = { .allowed_access = access };
	int r, e;

	a.parent_fd = open(path, O_PATH | O_CLOEXEC | O_DIRECTORY);
	if (a.parent_fd < 0)
		return -1;
	r = (int)syscall(
	    SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0);
	e = errno;
	close(a.parent_fd);
	errno = e;
	return r;
}

/* The folder that a path is in, or the next one above it that exists. */
static int
allow_around(int rules, const char *path, uint64_t access)
{
	char at[PATH_LEN];
	char *slash;

	if (strlen(path) >= sizeof at)
		return 0;
	memcpy(at, path, strlen(path) + 1);
	do {
		slash = strrchr(at, '/');
		if (!slash)
			return allow_folder(rules, ".", access);
		slash[slash == at] = '\0';
		if (allow_folder(rules, at, access) == 0)
			return 0;
	} while (errno == ENOENT && slash != at);
	return -1;
}

/* A file or folder to read; one that isn't there is not missed. */
static int
allow_read(int rules, const char *path)
{
	struct stat st;
	char *real;
	int r;

	if (!path || stat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return allow_folder(rules, path, READ);
	if (allow_around(rules, path, READ) < 0)
		return -1;
	real = realpath(path, NULL);
	r = real ? allow_around(rules, real, READ) : 0;
	free(real);
	return r;
}

static int
allow_listener(int rules, const char *path)
{
	return path && *path ? allow_around(rules, path, SOCKETS) : 0;
}

static int
allow_all(int rules, const struct gateway *g)
{
	static const char listen[] = "listen:";
	const char *m = g->metrics_addr;
	size_t i;

	for (i = 0; i < g->keys.files.n; i++)
		if (allow_read(rules, g->keys.files.item[i]) < 0)
			return -1;
	if (allow_read(rules, g->tls_cert) < 0 ||
	    allow_read(rules, g->tls_key) < 0 ||
	    allow_read(rules, g->www_dir) < 0)
		return -1;
	if (m && strncmp(m, listen, sizeof listen - 1) == 0 &&
	    allow_listener(rules, m + sizeof listen - 1) < 0)
		return -1;
	if (g->out_addr.kind == ADDR_LISTEN &&
	    allow_listener(rules, g->out_addr.path) < 0)
		return -1;
	/* the control socket stands beside the bus, if nowhere else */
	if (g->in_addr.kind != ADDR_STD &&
	    allow_listener(rules, g->in_addr.path) < 0)
		return -1;
	return allow_listener(rules, g->control_path);
}

int
landlock_enter(const struct gateway *g)
{
	int abi = landlock_abi(), rules, r, e;
	struct attributes a = { handled(abi), abi >= 4 ? NET_ALL : 0 };

	rules = (int)syscall(SYS_landlock_create_ruleset, &a,
	    abi >= 4 ? sizeof a : sizeof a.fs, 0);
	if (rules < 0)
		return -1;
	r = allow_all(rules, g);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	e = errno;
	close(rules);
	errno = e;
	return r;
}
