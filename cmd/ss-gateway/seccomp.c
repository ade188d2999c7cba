/*
 * seccomp: the system calls that a gateway makes once it has started; all
 * others fail with EPERM. Which files they reach is landlock.c's affair. A
 * filter in the kernel's own language is a list of comparisons and needs no
 * library; kernels since 5.11 remember what it says of each call, so its
 * length costs nothing. What goes through io_uring isn't looked at by it;
 * Landlock holds there, too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "gateway.h"
#include "harden.h"

#include "banned.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static const int calls[] = {
	/* descriptors */
	SYS_read,
	SYS_write,
	SYS_readv,
	SYS_writev,
	SYS_pread64,
	SYS_pwrite64,
	SYS_close,
	SYS_lseek,
	SYS_fcntl,
	SYS_ioctl,
	SYS_dup,
	SYS_dup3,
	SYS_pipe2,
	SYS_eventfd2,
	SYS_signalfd4,
	SYS_timerfd_create,
	SYS_timerfd_settime,
	SYS_timerfd_gettime,
	SYS_ppoll,
	SYS_pselect6,
	SYS_epoll_create1,
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	/* sockets */
	SYS_socket,
	SYS_socketpair,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_accept4,
	SYS_connect,
	SYS_shutdown,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_recvmsg,
	SYS_sendmmsg,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_io_uring_setup,
	/* files */
	SYS_openat,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_getdents64,
	SYS_readlinkat,
	SYS_faccessat,
	SYS_unlinkat,
	SYS_mkdirat,
	SYS_fchmod,
	SYS_fchmodat,
	SYS_umask,
	SYS_flock,
	SYS_ftruncate,
	SYS_getcwd,
	/* memory */
	SYS_mmap,
	SYS_munmap,
	SYS_mremap,
	SYS_mprotect,
	SYS_madvise,
	SYS_brk,
	SYS_memfd_create,
	/* time and chance */
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getrandom,
	/* the process itself */
	SYS_getpid,
	SYS_getppid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_sigaltstack,
	SYS_tgkill,
	SYS_futex,
	SYS_set_robust_list,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_prlimit64,
	SYS_getrlimit,
	SYS_setrlimit,
	SYS_uname,
	SYS_sysinfo,
	SYS_restart_syscall,
	SYS_exit,
	SYS_exit_group,
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_epoll_pwait2
	SYS_epoll_pwait2,
#endif
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_poll /* the old ones, which not all machines have */
	SYS_poll,
	SYS_select,
	SYS_epoll_wait,
	SYS_pipe,
	SYS_dup2,
	SYS_open,
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_unlink,
	SYS_mkdir,
	SYS_chmod,
	SYS_time,
#endif
};

/* What the parent starts workers with, and these become what they are. */
static const int parents[] = {
	SYS_clone,
	SYS_wait4,
	SYS_kill,
	SYS_prctl,
	SYS_seccomp,
	SYS_setuid,
	SYS_setgid,
	SYS_setgroups,
	SYS_landlock_create_ruleset,
	SYS_landlock_add_rule,
	SYS_landlock_restrict_self,
#ifdef SYS_clone3
	SYS_clone3,
#endif
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
};

#define N(a) (sizeof(a) / sizeof *(a))

/* Two steps let one call through: it is this one, so say yes. */
static struct sock_filter *
let(struct sock_filter *f, const int *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		*f++ = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)list[i], 0, 1);
		*f++ = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return f;
}

unsigned
seccomp_calls(void)
{
#ifdef ARCH
	return N(calls);
#else
	return 0;
#endif
}

int
seccomp_enter(bool is_parent)
{
#ifdef ARCH
	struct sock_filter code[2 * (N(calls) + N(parents)) + 8], *f = code;
	struct sock_fprog prog = { .filter = code };

	*f++ = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	*f++ = (struct sock_filter)BPF_JUMP(
	    BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	*f++ = (struct sock_filter)BPF_STMT(
	    BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	*f++ = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	f = let(f, calls, N(calls));
	if (is_parent)
		f = let(f, parents, N(parents));
	*f++ = (struct sock_filter)BPF_STMT(
	    BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prog.len = (unsigned short)(f - code);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0);
#else
	(void)is_parent;
	errno = ENOSYS;
	return -1;
#endif
}
