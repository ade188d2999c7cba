#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-fan.bats: how events leave for the viewers, and from how many
# processes.

load viewers

@test "--gather: the first event leaves at once, those behind it together" {
	start_gateway_on_a_bus --gather 10000
	listen a --until end
	wait_for 5 viewers 1
	echo '{"type":"chat","message":"one"}' >&5
	wait_for 5 frames a.out 1
	echo '{"type":"chat","message":"two"}' >&5
	wait_for 5 metric 'safestream_events_total{type="chat"}' 2
	# each on a turn of its own, and still no third delivery
	echo '{"type":"chat","message":"end"}' >&5
	wait_for 5 metric 'safestream_events_total{type="chat"}' 3
	metric safestream_deliveries_total 1
	# who goes down leaves nothing behind
	stop gw
	assert_equal "$status" 0
	wait_exit a
	assert_equal "$(jq -r .message a.out | xargs)" 'one two end'
}

@test "--gather loses nothing and keeps the order" {
	start_gateway_on_a_bus --gather 2
	listen a --until end
	wait_for 5 viewers 1
	for i in {1..500}; do
		printf '{"type":"chat","n":%d,"message":"x"}\n' "$i" >&5
	done
	echo '{"type":"chat","message":"end"}' >&5
	wait_exit a
	assert_equal "$status" 0
	assert cmp <(jq .n a.out) <(seq 500; echo null)
}

# The gateway on a bus that numbers what the test writes by fd 5.
start_gateway_behind_a_log() {
	mkfifo in
	BG_IN=in start_bg bc bash -c 'ss-log --sync none | ss-broadcast'
	exec 5>in
	wait_for 5 test -S "$SS_BUS"
	start_gateway "$@"
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

# slow_readers OPT...: three of twelve viewers stop reading; what the gateway
# is told is that of all, and each of the three gets the rest of it later
slow_readers() {
	start_gateway_behind_a_log --max-lag 64K "$@"
	for i in 1 2 3; do
		listen "slow$i?history=0" --rcvbuf 4096 --wait-file go \
			--expect-close 4008
		mv "slow$i?history=0.up" "slow$i.up"
	done
	for i in {1..9}; do
		listen "quick$i" --until end
	done
	# more than their buffers and the kernel's take
	n=0
	until metric safestream_slow_viewers_total 3 || ((n > 12000)); do
		for i in {1..200}; do
			printf '{"type":"chat","id":"%026d","message":"%0500d"}\n' \
				$((++n)) 0
		done >&5
		wait_for 20 frames quick9.out "$n"
	done
	touch go
	printf '{"type":"chat","id":"%026d","message":"end"}\n' $((++n)) >&5
	for i in {1..9}; do
		wait_exit "quick$i" 20
		assert_equal "$status" 0
		assert cmp quick1.out "quick$i.out"
	done
	assert cmp <(jq .seq quick1.out) <(seq "$n")
	for i in 1 2 3; do
		wait_exit "slow$i?history=0" 20
		assert_equal "$status" 0
		# a hello, events without a hole, and no half of one
		grep -v '^#' "slow$i?history=0.out" >got
		epoch=$(head -n 1 got | jq -r .epoch)
		last=$(tail -n 1 got | jq .seq)
		run talk "slow$i?epoch=$epoch&since=$last" --until end
		assert_success
		assert_equal "$(head -n 1 <<<"$output" | jq .recovered)" true
		assert cmp quick1.out <(tail -n +2 got; tail -n +2 <<<"$output")
	done
}

@test "who stops reading is closed, nobody else is hurt, since has the rest" {
	slow_readers
}

@test "--io-uring=off: the same, one send after the other" {
	slow_readers --io-uring off -v
	run ! grep -q io_uring gw.err
}

@test "--io-uring says with -v whether it is there" {
	start_gateway_on_a_bus -v
	grep -Eq 'io_uring sends|no io_uring: [A-Z]' gw.err
	run -2 --separate-stderr ss-gateway --io-uring maybe
}

workers() {
	pgrep -P "$(pid gw)"
}

# gift KEY AMOUNT: the answer to one, over a connection of its own
gift() {
	curl -sS -H 'Content-Type: application/json' -H "Idempotency-Key: $1" \
		-d '{"from":"admin","gift_id":1,"amount":'"$2"'}' \
		"$SS_URL/api/gift"
}

gifts_out() {
	[ "$(grep -c '"type":"gift"' gw.out)" = "$1" ]
}

back_to_two() {
	[ "$(workers | wc -l)" = 2 ] && curl -fsS "$SS_URL/healthz"
}

@test "--workers: whoever serves a viewer, he gets everything" {
	start_pipeline --workers 2
	assert_equal "$(workers | wc -l)" 2
	for i in {1..16}; do
		listen "v$i" --until end
	done
	wait_for 10 viewers 16
	# whichever answers, it answers for both
	for i in {1..8}; do
		viewers 16
	done
	for i in {1..4}; do
		run talk "t$i" --send "$(say "message $i")" --expect 1
		assert_success
	done
	run talk t --send "$(say end)" --expect 1
	assert_success
	for i in {1..16}; do
		wait_exit "v$i"
		assert_equal "$status" 0
		assert cmp v1.out "v$i.out"
	done
	assert_equal "$(jq -r .message v1.out | sort | xargs)" \
		'end message 1 message 2 message 3 message 4'
	metric 'safestream_events_total{type="chat"}' 5
	stop gw
	assert_equal "$status" 0
	assert_equal "$(grep -c 'listening on' gw.err)" 1
}

@test "--workers: one that is killed is started again, and counts on" {
	start_pipeline --workers 2
	for i in {1..12}; do
		listen "v$i" --expect-eof
	done
	wait_for 10 viewers 12
	kill -KILL "$(workers | head -n 1)"
	wait_for 10 back_to_two
	# its viewers are gone, and not counted any more; the total remains
	wait_for 5 metric safestream_viewers_total 12
	run ! viewers 12
	run talk t --send "$(say hello)" --expect 1
	assert_success
	grep -q 'killed by signal 9: started again' gw.err
	# told to stop by somebody else it comes back as well
	kill -TERM "$(workers | head -n 1)"
	wait_for 10 back_to_two
	stop gw
	assert_equal "$status" 0
}

@test "--workers: the same Idempotency-Key is one gift, at any of them" {
	start_gateway_on_a_bus --workers 2
	for i in {1..16}; do
		gift once 5 | jq -r .id
	done >ids
	wait_for 5 gifts_out 1
	assert_equal "$(sort -u ids)" \
		"$(jq -r 'select(.type == "gift").id' gw.out)"
	for i in {1..8}; do
		gift once 6 | jq -r .error
	done | sort -u >errors
	assert_equal "$(cat errors)" conflict
	# who had it is dead: it is sent again, under the same id
	for p in $(workers); do
		kill -KILL "$p"
	done
	wait_for 10 back_to_two
	assert_equal "$(gift once 5 | jq -r .id)" "$(sort -u ids)"
	wait_for 5 gifts_out 2
	assert_equal "$(grep '"type":"gift"' gw.out | jq -r .id | sort -u)" \
		"$(sort -u ids)"
}

@test "--workers: viewers are told, and nobody is left, when it stops" {
	start_pipeline --workers 3
	kids=$(workers)
	listen a --expect-close 1012
	listen b --expect-close 1012
	wait_for 5 viewers 2
	stop gw
	assert_equal "$status" 0
	wait_exit a
	assert_equal "$status" 0
	wait_exit b
	assert_equal "$status" 0
	for p in $kids; do
		run ! kill -0 "$p"
	done
}

@test "--workers: without their parent they end" {
	start_pipeline --workers 2
	kids=$(workers)
	stop gw KILL
	for p in $kids; do
		wait_for 5 bg_gone "$p"
	done
}

@test "--workers: the viewers of all count for --max-connections" {
	start_pipeline --workers 2 --max-connections 3
	for i in 1 2 3; do
		listen "v$i" --expect-eof
	done
	wait_for 10 viewers 3
	for i in {1..6}; do
		run talk late
		assert_output --regexp '^#status 503 '
	done
}

@test "--workers: a port that is taken, and ends that can't be shared" {
	start_gateway_on_a_bus --workers 2
	run -1 --separate-stderr ss-gateway --workers 2 --port "$SS_PORT"
	[[ $stderr == *'Address already in use'* ]]
	run -1 --separate-stderr ss-gateway --port "$SS_PORT"
	run -2 --separate-stderr ss-gateway --workers 2 -i -
	run -2 --separate-stderr ss-gateway --workers 2 -o listen:x.sock
	run -2 --separate-stderr ss-gateway --workers 0
}
