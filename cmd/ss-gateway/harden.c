/* harden: see harden.h. */
#define _GNU_SOURCE
#include "harden.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gateway.h"
#include "msg.h"
#include "tls.h"

#include "banned.h"

#ifdef SS_NO_SANDBOX
#define BUILT 0 /* sanitizers and coverage open files when they end */
#else
#define BUILT 1
#endif

void
harden_memory(void)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, BUILT ? 0 : 1, 0, 0, 0);
}

static int
become(const char *name)
{
	struct passwd *p;

	errno = 0;
	p = getpwnam(name);
	if (!p) {
		msg_err("--user %s: %s", name,
		    errno ? strerror(errno) : "no such user");
		return -1;
	}
	if (p->pw_uid == geteuid())
		return 0;
	if (initgroups(name, p->pw_gid) < 0 || setgid(p->pw_gid) < 0 ||
	    setuid(p->pw_uid) < 0) {
		msg_err("--user %s: %s", name, strerror(errno));
		return -1;
	}
	if (p->pw_uid && setuid(0) == 0) {
		msg_err("--user %s: root is not given up", name);
		return -1;
	}
	harden_memory(); /* a change of the user sets it anew */
	return 0;
}

/*
 * A worker that is started again reads keys and binds sockets as the first
 * ones did, and becomes the user after that; the parent stays root for it. Of
 * what root may do it keeps what that takes, and to signal them. Nothing that
 * is executed gets it back: there are no new privileges.
 */
static int
keep_few(const char *name)
{
	const uint32_t few = 1u << CAP_DAC_OVERRIDE | 1u << CAP_KILL |
			     1u << CAP_SETGID | 1u << CAP_SETUID;
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct set[2];

	if (syscall(SYS_capget, &head, set) < 0)
		goto fail;
	set[0].permitted &= few;
	set[0].effective = set[0].permitted;
	set[0].inheritable = 0;
	memset(&set[1], 0, sizeof set[1]);
	if (syscall(SYS_capset, &head, set) == 0)
		return 0;
fail:
	msg_err(
	    "--user %s: the parent's privileges: %s", name, strerror(errno));
	return -1;
}

static int
enter_landlock(const struct gateway *g, char *out, size_t n)
{
	if (!landlock_abi())
		return 0;
	if (landlock_enter(g) < 0) {
		msg_err("Landlock: %s (--no-sandbox goes without)",
		    strerror(errno));
		return -1;
	}
	snprintf(out, n, ", Landlock (version %d)", landlock_abi());
	return 0;
}

static int
enter_seccomp(bool is_parent, char *out, size_t n)
{
	if (!seccomp_calls())
		return 0;
	if (seccomp_enter(is_parent) < 0) {
		if (errno == EINVAL || errno == ENOSYS)
			return 0; /* a kernel without it */
		msg_err(
		    "seccomp: %s (--no-sandbox goes without)", strerror(errno));
		return -1;
	}
	snprintf(out, n, ", seccomp");
	return 0;
}

int
harden(struct gateway *g, bool is_parent)
{
	char landlock[48] = "", seccomp[48] = "";
	bool off = g->no_sandbox || !BUILT;

	if (g->user && (is_parent ? keep_few(g->user) : become(g->user)) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		msg_err("no new privileges: %s", strerror(errno));
		return -1;
	}
	if (!off && !is_parent &&
	    enter_landlock(g, landlock, sizeof landlock) < 0)
		return -1;
	if (!off && enter_seccomp(is_parent, seccomp, sizeof seccomp) < 0)
		return -1;
	msg_info("in force: no core files, no new privileges%s%s%s", landlock,
	    seccomp,
	    !BUILT ? "; no sandbox in this build"
	    : off  ? "; no sandbox (--no-sandbox)"
		   : "");
	return 0;
}

void
harden_describe(void)
{
	printf("libwebsockets %s\n", lws_get_library_version());
	printf("%s\n", tls_version());
	printf("core files: off\nno new privileges: on\n");
	if (!BUILT) {
		printf("seccomp, Landlock: off in this build\n");
		return;
	}
	if (seccomp_calls() && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
		printf("seccomp: %u system calls allowed\n", seccomp_calls());
	else
		printf("seccomp: not on this system\n");
	if (landlock_abi())
		printf("Landlock: version %d\n", landlock_abi());
	else
		printf("Landlock: not on this system\n");
}
