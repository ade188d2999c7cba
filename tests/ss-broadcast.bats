#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154
# ss-broadcast.bats: stdin to everybody on the bus, in one order.

load helper

# Starts it with a fifo as stdin, whose other end is fd 5.
start() {
	rm -f in
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast -v "$@"
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
}

# subscribe NAME [REQUEST]: what it gets goes to NAME.out.
subscribe() {
	local name=$1

	rm -f "$name.in"
	mkfifo "$name.in"
	BG_IN=$name.in start_bg "$name" socat -t 3600 - \
		"UNIX-CONNECT:$SS_BUS"
	exec 6>"$name.in"
	[ $# -lt 2 ] || printf '%s\n' "$2" >&6
	wait_for 5 subscribed "$name"
}

subscribed() {
	[ "$(grep -c 'joined' bc.err)" -ge "$(find . -name '*.in' | wc -l)" ]
}

has() {
	cmp -s "$1" "$2"
}

lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

event() {
	printf '{"type":"chat","user":"u","message":"%s"}\n' "$1"
}

@test "every subscriber gets the same lines in the same order" {
	start
	subscribe a
	subscribe b
	{
		event one
		event two
		printf '{"type":"gift","from":"x","gift_id":1,"amount":2}\n'
	} >want
	cat want >&5
	wait_for 5 has want a.out
	wait_for 5 has want b.out
}

@test "what is not known passes byte for byte" {
	start
	subscribe a
	printf '{ "type" : "new" , "n":1.50e+1, "s":"\\u00e9\\/" }\n{"x":1,"x":2}\n' \
		>want
	cat want >&5
	wait_for 5 has want a.out
}

@test "one line in is one line out at once" {
	start
	subscribe a
	event 1 >&5
	wait_for 5 lines a.out 1
	event 2 >&5
	wait_for 5 lines a.out 2
}

@test "runs without subscribers and ends with its input" {
	start
	event one >&5
	exec 5>&-
	wait_exit bc
	assert_equal "$status" 0
	assert [ ! -e "$SS_BUS" ]
}

@test "who comes later gets what comes later, and no hello" {
	start
	subscribe a
	event one >&5
	wait_for 5 lines a.out 1
	subscribe b
	event two >&5
	event two >want
	wait_for 5 has want b.out
}

@test "history is given on request, after a hello, before what is live" {
	start
	subscribe a
	for i in 1 2 3 4 5; do
		event "$i" >&5
	done
	wait_for 5 lines a.out 5
	subscribe b '{"history":3}'
	wait_for 5 lines b.out 4
	event 6 >&5
	wait_for 5 lines b.out 5
	run jq -r '.message // .type' b.out
	assert_output "hello
3
4
5
6"
	run jq -c 'select(.type == "hello") |
		[(.epoch | type), .seq, .recovered, .history]' b.out
	assert_output '["string",5,true,3]'
}

@test "history 0 gives the hello alone" {
	start
	event 1 >&5
	subscribe b '{"history":0}'
	wait_for 5 lines b.out 1
	event 2 >&5
	wait_for 5 lines b.out 2
	run jq -r '.message // .type' b.out
	assert_output "hello
2"
}

@test "no more is kept than --history says" {
	start --history 2
	subscribe a
	for i in 1 2 3 4; do
		event "$i" >&5
	done
	wait_for 5 lines a.out 4
	subscribe b '{"history":1000}'
	wait_for 5 lines b.out 3
	run jq -r '.message // .history' b.out
	assert_output "2
3
4"
}

@test "--history 0 keeps nothing" {
	start --history 0
	subscribe a
	event 1 >&5
	wait_for 5 lines a.out 1
	subscribe b '{"history":10}'
	wait_for 5 lines b.out 1
	run jq -r '.history' b.out
	assert_output 0
}

@test "housekeeping is passed on live and not kept" {
	start
	subscribe a
	{
		printf '{"type":"epoch","epoch":"E","seq":0}\n'
		event 1
		printf '{"type":"mark","by":"g","n":1}\n'
	} >&5
	wait_for 5 lines a.out 3
	run jq -r '.type' a.out
	assert_output "epoch
chat
mark"
	subscribe b '{"history":10}'
	wait_for 5 lines b.out 2
	run jq -r '.type' b.out
	assert_output "hello
chat"
}

@test "a strange request harms nobody" {
	start
	subscribe a
	for request in '' 'nonsense' '[]' '{"history":-1}' '{"history":1e9}' \
		'{"history":"5"}' '{"history":99999999999999999999}' '{"since":1}'; do
		printf '%s\n' "$request" |
			timeout 10 socat -t 0 - "UNIX-CONNECT:$SS_BUS" >/dev/null
	done
	head -c 3000000 /dev/zero |
		timeout 10 socat -u - "UNIX-CONNECT:$SS_BUS" || :
	event still >&5
	event still >want
	wait_for 5 has want a.out
}

@test "a subscriber who only listens is served after a half-close" {
	start
	start_bg a socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 5 grep joined bc.err
	event one >&5
	event one >want
	wait_for 5 has want a.out
}

@test "a subscriber who does not read is cut off and nobody else notices" {
	start --max-lag 64K
	subscribe a
	start_bg b socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 5 lines bc.err 2
	kill -STOP "$(pid b)"
	for i in {1..3000}; do
		printf '{"type":"chat","user":"u","n":%d,"message":"%0500d"}\n' \
			"$i" 0
	done >want
	# as quickly as the reader takes it: his own lag must not count
	split -l 50 -d -a 3 want part.
	n=0
	for f in part.*; do
		cat "$f" >&5
		n=$((n + 50))
		wait_for 10 lines a.out "$n"
	done
	assert has want a.out
	wait_for 5 grep 'cut off' bc.err
	assert_equal "$(grep -c 'cut off' bc.err)" 1
	run grep 'cut off' bc.err
	assert_output --regexp '^ss-broadcast: .*[0-9]+'
	kill -CONT "$(pid b)"
	wait_exit b
	event end >&5
	wait_for 5 lines a.out 3001
}

@test "the bus is for its owner: folder 0700, socket 0600" {
	export SS_BUS=$WORK/new/bus.sock
	umask 0
	start
	assert_equal "$(stat -c %a "$WORK/new")" 700
	assert_equal "$(stat -c %a "$SS_BUS")" 600
}

@test "the bus is where XDG_RUNTIME_DIR says" {
	unset SS_BUS
	export XDG_RUNTIME_DIR=$WORK/run
	mkdir run
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	wait_for 5 test -S "$WORK/run/safestream/bus.sock"
	assert_equal "$(stat -c %a "$WORK/run/safestream")" 700
}

@test "a folder that is somebody else's is refused" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to make one"
	mkdir theirs
	chown nobody theirs
	run --separate-stderr timeout 10 ss-broadcast -o listen:theirs/bus.sock \
		</dev/null
	assert_equal "$status" 1
	assert [ -n "$stderr" ]
	assert [ ! -e theirs/bus.sock ]
}

@test "a second one on a live bus is refused, the first goes on" {
	start
	subscribe a
	run --separate-stderr timeout 10 ss-broadcast </dev/null
	assert_equal "$status" 1
	assert_regex "$stderr" '^ss-broadcast: .*already running'
	event one >&5
	event one >want
	wait_for 5 has want a.out
}

@test "a stale socket is replaced" {
	start
	stop bc KILL
	assert_equal "$status" 137
	exec 5>&-
	assert [ -S "$SS_BUS" ]
	mkfifo in2
	BG_IN=in2 start_bg again ss-broadcast -v
	exec 5>in2
	wait_for 5 socat -u OPEN:/dev/null "UNIX-CONNECT:$SS_BUS"
	start_bg a socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 5 lines again.err 3 # the probe came and went
	event one >&5
	event one >want
	wait_for 5 has want a.out
}

@test "a file in the socket's place is not deleted" {
	echo precious >bus.sock
	run --separate-stderr timeout 10 ss-broadcast </dev/null
	assert_equal "$status" 1
	assert_equal "$(cat bus.sock)" precious
}

@test "--print copies every line to stdout as well" {
	{
		event one
		event two
	} >want
	run --separate-stderr bash -c 'ss-broadcast --print <want'
	assert_equal "$status" 0
	assert_equal "$output" "$(cat want)"
}

@test "a closed stdout with --print does not end the bus" {
	mkfifo in
	BG_IN=in start_bg bc bash -c 'ss-broadcast --print -v | head -n 1'
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	event one >&5
	wait_for 5 grep one bc.out
	exec 5>&-
	wait_exit bc
}

@test "bad lines are reported with their number, set aside, and skipped" {
	start --reject bad.txt
	subscribe a
	event one >&5
	printf 'not json\n[1]\n\n{"a":"\xff"}\n{"a":\0}\n{"type":"chat"\n' >&5
	event two >&5
	{
		event one
		event two
	} >want
	wait_for 5 has want a.out
	exec 5>&-
	wait_exit bc
	assert_equal "$status" 1
	printf 'not json\n[1]\n{"a":"\xff"}\n{"a":\0}\n{"type":"chat"\n' >bad.want
	assert has bad.want bad.txt
	for n in 2 3 5 6 7; do
		assert grep -q "^ss-broadcast: .*:$n: " bc.err
	done
}

@test "an over-long line is set aside whole, the next one is unharmed" {
	start --reject bad.txt
	subscribe a
	event one >&5
	printf '{"type":"chat","message":"%01100000d"}\n' 0 >long
	cat long >&5
	event two >&5
	{
		event one
		event two
	} >want
	wait_for 10 has want a.out
	exec 5>&-
	wait_exit bc
	assert_equal "$status" 1
	assert has long bad.txt
}

@test "a line of 1 MiB passes" {
	start
	subscribe a
	printf '{"a":"%01048568d"}\n' 0 >want
	assert_equal "$(stat -c %s want)" 1048577
	cat want >&5
	wait_for 10 has want a.out
}

@test "the last line may lack its newline" {
	start
	subscribe a
	event one >want
	printf '%s' "$(cat want)" >&5
	exec 5>&-
	wait_exit bc
	assert_equal "$status" 0
	wait_for 5 has want a.out
}

@test "CR LF is accepted" {
	start
	subscribe a
	printf '{"a":1}\r\n\r\n{"a":2}\r\n' >&5
	printf '{"a":1}\n{"a":2}\n' >want
	wait_for 5 has want a.out
}

@test "empty input is no error" {
	run --separate-stderr timeout 10 ss-broadcast </dev/null
	assert_equal "$status" 0
	assert_equal "$output" ""
}

@test "SIGTERM delivers what is in hand and exits 0" {
	start
	subscribe a
	for i in {1..200}; do
		event "$i"
	done >want
	cat want >&5
	stop bc
	assert_equal "$status" 0
	wait_for 5 has want a.out
	assert [ ! -e "$SS_BUS" ]
}

@test "SIGINT does the same" {
	start
	stop bc INT
	assert_equal "$status" 0
	assert [ ! -e "$SS_BUS" ]
}

@test "SIGTERM in mid-line ends it, too" {
	start
	printf '{"type":"ch' >&5
	stop bc
	assert_equal "$status" 0
}

@test "merges writers of a socket by whole lines" {
	start_bg bc ss-broadcast -v -i "listen:$WORK/in.sock"
	wait_for 5 test -S in.sock
	wait_for 5 test -S "$SS_BUS"
	start_bg a socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 5 grep joined bc.err
	for w in 1 2 3; do
		for i in {1..300}; do
			printf '{"w":%d,"n":%d}\n' "$w" "$i"
		done >"w$w"
		start_bg "writer$w" socat -u "OPEN:w$w" "UNIX-CONNECT:in.sock"
	done
	wait_for 10 lines a.out 900
	for w in 1 2 3; do
		grep "^{\"w\":$w," a.out >got
		assert has "w$w" got
	done
}

@test "--ready-fd tells when it listens" {
	mkfifo in
	BG_IN=in start_bg bc bash -c 'exec ss-broadcast --ready-fd 4 4>ready'
	exec 5>in
	wait_for 5 test -s ready
	assert_equal "$(od -An -c ready | tr -d ' ')" '\n'
	assert [ -S "$SS_BUS" ]
}

# sends one more event; succeeds once NAME has got one
reached() {
	event more >&5
	grep . "$1.out"
}

@test "few descriptors: who does not fit is refused, the others go on" {
	mkfifo in
	BG_IN=in start_bg bc bash -c 'ulimit -n 12; exec ss-broadcast -v'
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_bg first socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 5 grep joined bc.err
	for i in {1..15}; do
		start_bg "many$i" socat -u "UNIX-CONNECT:$SS_BUS" -
	done
	wait_for 5 grep -i 'no subscriber' bc.err
	event one >&5
	event one >want
	wait_for 5 has want first.out
	# a refusal does not make it spin, nor forget how to accept
	for i in {1..15}; do
		stop "many$i" KILL
	done
	start_bg late socat -u "UNIX-CONNECT:$SS_BUS" -
	wait_for 10 reached late
}

@test "wrong usage exits 2 with one usage line" {
	for args in --nothing '--history=-1' '--history x' '--max-lag 5X' \
		'-o nonsense' '-i unix:' 'operand'; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 10 ss-broadcast $args </dev/null
		assert_equal "$status" 2
		assert_equal "$output" ""
		assert_regex "$stderr" 'usage: ss-broadcast'
	done
}
