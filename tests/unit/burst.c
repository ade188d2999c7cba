/*
 * burst: what it sends, what it says of what it could not send, by io_uring
 * and one by one, and what happens when the kernel takes io_uring away.
 */
#define _GNU_SOURCE
#include "../../cmd/ss-gateway/burst.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#include "../../lib/banned.h"

#define PAIRS 300 /* more than leave in one system call */
#define BIG (1u << 20)

struct pair {
	int fd, peer, place;
	ssize_t k; /* what done was told; 0: nothing */
};

static struct pair pair[PAIRS];
static unsigned told;

static void
done(void *arg, void *who, ssize_t k)
{
	struct pair *p = who;

	told += arg == &told;
	p->k = k;
}

static void
open_pairs(struct burst *b)
{
	int i, fd[2];

	for (i = 0; i < PAIRS; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
			exit(1);
		pair[i] = (struct pair){ .fd = fd[0], .peer = fd[1] };
		pair[i].place = burst_join(b, fd[0]);
	}
}

static void
close_pairs(struct burst *b)
{
	struct pollfd p = { .events = POLLIN };
	static char in[65536];
	int i, bad = 0;

	for (i = 0; i < PAIRS; i++) {
		burst_leave(b, pair[i].place);
		close(pair[i].fd);
		/* nobody else keeps it open, or not for long */
		p.fd = pair[i].peer;
		poll(&p, 1, 10000);
		while (recv(pair[i].peer, in, sizeof in, MSG_DONTWAIT) > 0)
			;
		bad += recv(pair[i].peer, in, 1, MSG_DONTWAIT) != 0 &&
		       errno != ECONNRESET;
		close(pair[i].peer);
	}
	IS_INT(bad, 0);
}

static void
send_all(struct burst *b, const struct msghdr *m, size_t n)
{
	struct burst_send s = { .m = m, .n = n };
	int i;

	told = 0;
	for (i = 0; i < PAIRS; i++) {
		pair[i].k = 0;
		s.fd = pair[i].fd;
		s.place = pair[i].place;
		s.who = &pair[i];
		if (!burst_add(b, &s)) {
			burst_go(b, done, &told);
			OK(burst_add(b, &s));
		}
	}
	burst_go(b, done, &told);
}

/* How many of them got exactly this text. */
static int
got(const char *want)
{
	char in[64];
	int i, n = 0;
	ssize_t k;

	for (i = 0; i < PAIRS; i++) {
		k = recv(pair[i].peer, in, sizeof in, MSG_DONTWAIT);
		n += k == (ssize_t)strlen(want) &&
		     memcmp(in, want, (size_t)k) == 0;
	}
	return n;
}

static void
sends_to_all(struct burst *b)
{
	char one[] = "one", two[] = "two";
	struct iovec iov[2] = { { one, 3 }, { two, 3 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 1 };

	send_all(b, &m, 3);
	IS_INT(told, 0);
	IS_INT(got("one"), PAIRS);
	m.msg_iovlen = 2;
	send_all(b, &m, 6);
	IS_INT(told, 0);
	IS_INT(got("onetwo"), PAIRS);
}

/* One has no room, one has some, one is gone: the others get it all. */
static void
tells_what_it_could_not(struct burst *b)
{
	static char big[BIG];
	struct iovec iov = { big, BIG };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	char in[65536];
	size_t n = 0;
	ssize_t k;

	while (send(pair[7].fd, big, sizeof in, MSG_DONTWAIT) > 0)
		;
	close(pair[290].peer);
	pair[290].peer = dup(pair[290].fd);
	send_all(b, &m, BIG);
	IS_INT(told, PAIRS);
	IS_INT(pair[7].k, -EAGAIN);
	IS_INT(pair[290].k, -EPIPE);
	OK(pair[0].k > 0 && pair[0].k < (ssize_t)BIG);
	/* what it says is what came */
	while ((k = recv(pair[0].peer, in, sizeof in, MSG_DONTWAIT)) > 0)
		n += (size_t)k;
	IS_INT(n, (size_t)pair[0].k);
}

static void
by(struct burst *b)
{
	open_pairs(b);
	sends_to_all(b);
	tells_what_it_could_not(b);
	close_pairs(b);
}

/* The system call fails from now on. */
static int
forbid_uring(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					  offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_enter, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog prog = { .len = sizeof code / sizeof *code,
		.filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void
goes_on_without(struct burst *b)
{
	open_pairs(b);
	if (forbid_uring() < 0) {
		printf("# no seccomp: %s\n", strerror(errno));
	} else {
		OK(burst_is_by_uring(b));
		sends_to_all(b);
		OK(!burst_is_by_uring(b));
	}
	sends_to_all(b);
	close_pairs(b);
}

/* More places than there may be descriptors: as many as there may be. */
static void
takes_what_there_is(void)
{
	struct burst *b = burst_new();
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < 1000000) {
		IS_INT(burst_by_uring(b, 1000000), 0);
		OK(burst_join(b, 0) >= 0);
	}
	burst_free(b);
}

int
main(void)
{
	struct burst *b = burst_new();

	OK(!burst_is_by_uring(b));
	by(b);
	if (burst_by_uring(b, PAIRS - 1) < 0) {
		printf("# no io_uring: %s\n", strerror(errno));
	} else {
		open_pairs(b); /* one more than it has places for */
		OK(pair[0].place >= 0);
		IS_INT(pair[PAIRS - 1].place, -1);
		sends_to_all(b);
		close_pairs(b);
		by(b);
		takes_what_there_is();
		goes_on_without(b);
	}
	burst_free(b);
	burst_free(NULL);
	return tap_done();
}
