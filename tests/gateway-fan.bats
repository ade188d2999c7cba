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
