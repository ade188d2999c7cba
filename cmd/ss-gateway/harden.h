/*
 * harden: what the gateway can do without, it gives up once it has started:
 * privileges, files, system calls. It goes on with what the kernel has of
 * that, and says with -v what is in force.
 */
#ifndef SS_HARDEN_H
#define SS_HARDEN_H

#include <stdbool.h>

struct gateway;

/* Before keys are read: what is in memory is not written to a core file. */
void harden_memory(void);
/*
 * For who has opened everything: becomes --user, and shuts itself in. The
 * parent of workers (is_parent) stays who it is, and keeps what it needs to
 * start them. 0, or -1 after a message.
 */
int harden(struct gateway *, bool is_parent);
/* For --version -v: what there is, and what it runs with. */
void harden_describe(void);

/* landlock.c: the version of the kernel's interface, 0: it has none */
int landlock_abi(void);
/* Files and connections that are not needed are out of reach. 0, -1: errno */
int landlock_enter(const struct gateway *);
/* seccomp.c: system calls that are not needed fail. 0, -1: errno */
int seccomp_enter(bool is_parent);
/* How many are left; 0: not on this machine. */
unsigned seccomp_calls(void);

#endif
