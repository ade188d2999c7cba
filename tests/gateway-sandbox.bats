#!/usr/bin/env bats
# gateway-sandbox.bats: what the gateway gives up once it has started.

load viewers

tab=$'\t'

setup() {
	helper_setup
	under_san && skip "there is no sandbox in this build"
	ss-gateway --version -v >has
}

# in_status PID FIELD: what /proc says
in_status() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# The numbers of the workers' processes.
workers() {
	pgrep -P "$(pid gw)"
}

@test "--version -v says what there is" {
	run -0 cat has
	assert_line --regexp '^ss-gateway [0-9]'
	assert_line --regexp '^libwebsockets [0-9]'
	assert_line --regexp '^OpenSSL [0-9]'
	assert_line --regexp '^seccomp: '
	assert_line --regexp '^Landlock: '
	run -0 ss-gateway --version
	assert_equal "${#lines[@]}" 1
}

@test "a running gateway has no new privileges, seccomp, and no core files" {
	start_gateway_on_a_bus -v
	assert_equal "$(in_status "$(pid gw)" NoNewPrivs)" 1
	if grep -q '^seccomp: [0-9]' has; then
		assert_equal "$(in_status "$(pid gw)" Seccomp)" 2
	fi
	assert grep -q '^Max core file size *0 *0 ' "/proc/$(pid gw)/limits"
	assert grep -q 'in force: no core files, no new privileges' gw.err
	# and serves as ever
	run -0 talk alice --send "$(say hi)"
	wait_for 5 grep -q '"message":"hi"' gw.out
	run -0 curl -fsS "$SS_URL/metrics" -o metrics
	stop gw
	assert_equal "$status" 0
}

@test "workers are shut in, the first ones and those started again" {
	start_gateway_on_a_bus --workers 2 -v
	grep -q '^seccomp: [0-9]' has || skip 'no seccomp here'
	for p in $(workers) "$(pid gw)"; do
		assert_equal "$(in_status "$p" Seccomp)" 2
	done
	first=$(workers | head -n 1)
	kill -KILL "$first"
	again() {
		[ "$(workers | wc -l)" = 2 ] && ! workers | grep -qx "$first" &&
			[ "$(grep -c '\]: in force' gw.err)" = 3 ]
	}
	wait_for 10 again
	for p in $(workers); do
		assert_equal "$(in_status "$p" Seccomp)" 2
		# the parent's filter, and its own
		assert_equal "$(in_status "$p" Seccomp_filters)" 2
	done
	wait_for 10 curl -fsS "$SS_URL/healthz"
	stop gw
	assert_equal "$status" 0
}

# A program's library in the gateway's place: it does after the start what an
# intruder would, as soon as it is asked by SIGWINCH.
intruder() {
	cat >intruder.c <<-'C'
	#define _GNU_SOURCE
	#include <arpa/inet.h>
	#include <errno.h>
	#include <fcntl.h>
	#include <signal.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/socket.h>
	#include <sys/wait.h>
	#include <unistd.h>

	static void
	say(const char *what, int r)
	{
		dprintf(2, "intruder: %s: %s\n", what,
		    r < 0 ? strerror(errno) : "done");
	}

	static void
	act(int signo)
	{
		char *const args[] = { "true", NULL };
		struct sockaddr_in a = { .sin_family = AF_INET,
			.sin_port = htons(9) };

		(void)signo;
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		say("read", open("/etc/passwd", O_RDONLY));
		say("write", open("/tmp/ss-intruder", O_WRONLY | O_CREAT, 0600));
		say("keys", open("keys/a.pem", O_RDONLY));
		say("connect", connect(socket(AF_INET, SOCK_STREAM, 0),
				   (struct sockaddr *)&a, sizeof a));
		say("exec", execv("/bin/true", args));
		say("fork", fork());
	}

	__attribute__((constructor)) static void
	begin(void)
	{
		signal(SIGWINCH, act);
	}
	C
	cc -shared -fPIC -o intruder.so intruder.c
}

@test "whoever got in can't read or write files, connect, or run programs" {
	mkdir keys
	echo secret >keys/a.pem
	openssl req -x509 -nodes -days 2 -subj /CN=x -newkey ec -pkeyopt \
		ec_paramgen_curve:prime256v1 -keyout k.pem -out c.pem 2>log
	cp c.pem keys/c.pem
	grep -q '^Landlock: version' has || skip 'no Landlock here'
	intruder
	start_gateway_on_a_bus --no-sandbox
	stop gw
	start_bg gw env LD_PRELOAD="$WORK/intruder.so" ss-gateway --port 0 \
		--tls-cert keys/c.pem --tls-key k.pem
	wait_for 10 grep -q listening gw.err
	kill -WINCH "$(pid gw)"
	wait_for 5 grep -q 'intruder: fork' gw.err
	grep '^intruder' gw.err >tried
	run -0 cat tried
	assert_line 'intruder: read: Permission denied'
	assert_line 'intruder: write: Permission denied'
	assert_line 'intruder: keys: done' # it has to read them again
	assert_line 'intruder: exec: Operation not permitted'
	assert_line 'intruder: fork: Operation not permitted'
	refute_line 'intruder: connect: done'
	refute_line 'intruder: connect: Connection refused'
	run -0 kill -0 "$(pid gw)"
}

@test "--no-sandbox goes without, and says so" {
	start_gateway_on_a_bus --no-sandbox -v
	assert_equal "$(in_status "$(pid gw)" Seccomp)" 0
	assert_equal "$(in_status "$(pid gw)" NoNewPrivs)" 1
	assert grep -q 'no sandbox (--no-sandbox)' gw.err
}

@test "--user gives root up for good" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	mkfifo lines
	exec 5<>lines
	BG_IN=lines start_bg gw ss-gateway --port 0 --input - --user nobody
	wait_for 10 grep -q listening gw.err
	nobody=$(id -u nobody)
	assert_equal "$(in_status "$(pid gw)" Uid)" \
		"$nobody$tab$nobody$tab$nobody$tab$nobody"
	assert_equal "$(in_status "$(pid gw)" CapEff)" 0000000000000000
	assert_equal "$(in_status "$(pid gw)" Groups)" "$(id -G nobody) "
	run -1 --separate-stderr ss-gateway --port 0 --user no-such-user
	assert_regex "$stderr" 'no-such-user: no such user'
}

@test "--user with workers: each becomes him, their parent keeps what that takes" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	start_gateway_on_a_bus
	stop gw
	chmod o+x . "$BATS_RUN_TMPDIR" && chown nobody bus.sock
	start_gateway --workers 2 --user nobody
	nobody=$(id -u nobody)
	users() {
		for p in $(workers); do
			in_status "$p" Uid | cut -f 3
		done | xargs
	}
	wait_for 10 curl -fsS "$SS_URL/healthz"
	assert_equal "$(users)" "$nobody $nobody"
	# CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID: at most
	assert_equal "$((0x$(in_status "$(pid gw)" CapEff) & ~0xe2))" 0
	assert_equal "$(in_status "$(pid gw)" CapPrm)" \
		"$(in_status "$(pid gw)" CapEff)"
	assert_equal "$(in_status "$(pid gw)" Uid | cut -f 1)" 0
	# one that dies is started again, as he
	kill -KILL "$(workers | head -n 1)"
	wait_for 10 grep -q 'started again' gw.err
	again() {
		[ "$(users)" = "$nobody $nobody" ]
	}
	wait_for 10 again
	kill -HUP "$(pid gw)"
	stop gw
	assert_equal "$status" 0
}
