#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154,SC2016,SC2031,SC2030
# ss-load: against the real pipeline, and against a server that makes one
# mistake at a time, each of which it has to find.

load viewers

# bad MISTAKE [OPTION...]: a short run against that server; the report is in
# $output, as JSON
bad() {
	local mistake=$1

	shift
	[ -z "${BG_PID[bad]:-}" ] || stop bad
	rm -f port
	start_bg bad /usr/bin/python3 "$TESTS/bad_server.py" port "$mistake"
	wait_for 10 test -s port
	run --separate-stderr timeout "$(slow 30)" ss-load --json \
		--url "ws://127.0.0.1:$(cat port)/ws" --viewers 4 --rate 40 \
		--warmup 0 --duration 0.4 "$@"
}

# only KIND [N]: the report has this kind of error and no other
only() {
	run jq -rc '.errors | with_entries(select(.value > 0)) |
		to_entries | map("\(.key) \(.value)") | join(", ")' <<<"$output"
	assert_output "$1 ${2:-1}"
}

# --- the real pipeline ------------------------------------------------------

@test "a clean run: all is sent, all comes to all, nothing is wrong" {
	start_pipeline
	run --separate-stderr ss-load --viewers 50 --senders 5 --rate 100 \
		--warmup 0.2 --duration 1s --json
	assert_success
	assert_equal "$stderr" ''
	assert_equal "${#lines[@]}" 1
	run jq -c '[.type, .viewers, .connected, .ok, .sent == .published,
		.latency_us.n == .measured * 50, .refused, .foreign,
		(.errors | add), .latency_us.p50 <= .latency_us.p99,
		.latency_us.p99_9 <= .latency_us.max]' <<<"$output"
	assert_output '["load",50,50,true,true,true,0,0,0,true,true]'
}

@test "--url takes ws:// and http://, with a path or without" {
	start_pipeline
	for u in "$SS_URL" "$SS_URL/" "$WS_URL" "$WS_URL/"; do
		run ss-load --url "$u" --viewers 2 --warmup 0 --duration 0.2 \
			--rate 20 --gifts 10
		assert_success
		assert_output --partial 'errors      none'
	done
}

@test "rooms, gifts, churn and slow viewers at once" {
	start_pipeline
	run --separate-stderr ss-load --viewers 40 --senders 4 --rooms 2 \
		--rate 100 --gifts 20 --churn 20 --slow 2 --warmup 0.1 \
		--duration 1s --json
	assert_success
	run jq -c '[.ok, .churn.left > 10, .gifts.posted == .gifts.published,
		.gifts.again > 0, .gifts.latency_us.n > 0, .slow.asked]' \
		<<<"$output"
	assert_output '[true,true,true,true,true,2]'
}

@test "slow viewers are closed with 4008, and that is no error" {
	start_pipeline --max-lag 32K
	# until what both may let lie, and the kernel for them, was sent
	start_bg load ss-load --viewers 10 --slow 2 --max --window 200 \
		--size 400 --warmup 0 --duration 10m --json
	wait_for 60 metric safestream_slow_viewers_total 2
	kill -INT "$(pid load)"
	wait_exit load 40
	assert_equal "$status" 0
	run jq -c '[.ok, .slow.closed_4008 + .slow.cut]' load.out
	assert_output '[true,2]'
}

@test "--max sends what goes through, --ndjson takes several lines a frame" {
	start_pipeline
	run --separate-stderr ss-load --viewers 20 --senders 4 --max --ndjson \
		--warmup 0.1 --duration 0.5s --json
	assert_success
	run jq -c '[.ok, .rate, .measured > 100, .frames < .deliveries]' \
		<<<"$output"
	assert_output '[true,null,true,true]'
}

@test "--pid gives the server's CPU time per delivery" {
	start_pipeline
	run --separate-stderr ss-load --viewers 20 --rate 100 --warmup 0 \
		--duration 0.5 --pid "$(pid gw),$(pid log)" --json
	assert_success
	run jq -c '[(.server | map(.name)), (.cpu_us_per_delivery | type)]' \
		<<<"$output"
	assert_output '[["ss-gateway","ss-log"],"number"]'
}

@test "the text has percentiles and plots that fit 80 columns" {
	start_pipeline
	for l in C C.UTF-8; do
		LC_ALL=$l run ss-load --viewers 10 --rate 100 --warmup 0 \
			--duration 0.5
		assert_success
		assert_line --regexp '^latency +p50 .*, p90 .*, p99 '
		assert_line --regexp '^ +p99\.9 .*, max '
		assert_line 'latency, share of deliveries'
		assert_line --regexp '^deliveries a second'
		for line in "${lines[@]}"; do
			assert [ "${#line}" -le 80 ]
		done
	done
	LC_ALL=C run ss-load --viewers 2 --rate 100 --warmup 0 --duration 0.2
	assert_success
	refute grep -qP '[^\x00-\x7f]' <<<"$output"
}

@test "--svg draws well-formed XML, and a file that can't be is an error" {
	start_pipeline
	run ss-load --viewers 5 --rate 100 --warmup 0 --duration 0.3 \
		--svg out.svg
	assert_success
	run /usr/bin/python3 -c 'import sys, xml.etree.ElementTree as e
print(e.parse(sys.argv[1]).getroot().tag)' out.svg
	assert_output '{http://www.w3.org/2000/svg}svg'
	run ss-load --viewers 1 --warmup 0 --duration 0.1 --svg none/out.svg
	assert_failure 1
	assert_output --partial 'none/out.svg: No such file'
}

@test "Ctrl-C prints what was measured so far" {
	start_pipeline
	start_bg load ss-load --viewers 5 --rate 50 --warmup 0 --duration 1h
	wait_for 5 bash -c 'curl -fsS -H "Accept: application/json" \
		"$SS_URL/metrics" | grep -q "\"viewer_count\":5"'
	wait_for 5 bash -c 'curl -fsS "$SS_URL/api/recent?limit=100" |
		grep -q message'
	stop load INT
	assert_equal "$status" 0
	assert grep -q '^latency ' load.out
	assert grep -q '^errors      none' load.out
}

# --- what goes wrong --------------------------------------------------------

@test "a server without mistakes, one that sends fragments and pings" {
	for m in none fragments; do
		bad "$m"
		assert_success
		run jq -c '[.ok, .sent, .published]' <<<"$output"
		assert_output '[true,16,16]'
	done
	# on the ping in the midst of the fragments each viewer said pong
	assert [ "$(grep -c '^pong p$' bad.out)" -ge 64 ]
}

@test "a message that one viewer doesn't get is a gap" {
	bad gap-one
	assert_failure 1
	only gap
	# though it was the one who is served first
	bad gap-first
	assert_failure 1
	only gap
}

@test "a message that nobody gets is lost" {
	bad gap-all
	assert_failure 1
	[[ $output == *'"lost":1,'* ]]
	[[ $stderr == *'message 4 of sender 0'* ]]
}

@test "a message that comes twice is a repeat" {
	bad repeat-one
	assert_failure 1
	only repeat
}

@test "two messages that change places are out of order" {
	bad swap-one
	assert_failure 1
	only order
	bad swap-all
	assert_failure 1
	only order 4
}

@test "what is not what was sent, or not the same for all, is corrupt" {
	for m in byte-one json-one name-all crc-all corrupt-one; do
		bad "$m"
		assert_failure 1
		run jq '.errors.corrupt' <<<"$output"
		assert [ "$output" -ge 1 ]
	done
}

@test "a message in another room is a stray" {
	bad leak --rooms 2 --senders 2
	assert_failure 1
	only stray 32
}

@test "frames that RFC 6455 forbids are errors" {
	for m in masked rsv binary cont badclose; do
		bad "$m"
		assert_failure 1
		only frame
	done
}

@test "a connection that the server ends is an error" {
	for m in close-one eof; do
		bad "$m"
		assert_failure 1
		only close
	done
}

@test "a handshake that is refused or wrong is an error" {
	for m in accept status extension; do
		bad "$m"
		assert_failure 1
		only connect 4
		[[ $stderr == *'handshake: '* ]]
	done
	run ss-load --url ws://127.0.0.1:9/ws --viewers 3
	assert_failure 1
	assert_output --partial 'Connection refused'
}

@test "a refused message is counted, and no error" {
	bad refuse
	assert_success
	run jq -c '[.ok, .sent, .published, .refused]' <<<"$output"
	assert_output '[true,16,15,1]'
}

@test "a gift that comes twice, or changes its id, is an error" {
	bad gift-twice --gifts 40
	assert_failure 1
	only repeat 4
	bad gift-id --gifts 40
	assert_failure 1
	only gift 1
	bad gift-500 --gifts 40
	assert_failure 1
	[[ $output == *'"gift":'[1-9]* ]]
}

@test "who comes back with since misses nothing, or that is a gap" {
	bad recover --churn 20
	assert_success
	run jq -c '[.ok, .churn.recovered > 0, .churn.not_recovered]' \
		<<<"$output"
	assert_output '[true,true,0]'
	bad recover-gap --churn 20
	assert_failure 1
	run jq -c '[.errors.gap > 0, (.errors | del(.gap) | add)]' \
		<<<"$output"
	assert_output '[true,0]'
}

# --- misuse -----------------------------------------------------------------

@test "wrong usage exits 2 before anything is connected" {
	for o in '--url ftp://x' '--url wss://h/ws' '--url ws://' \
		'--url ws://a@b/ws' '--rate 1 --max' '--viewers 1 --senders 2' \
		'--viewers 2 --senders 1 --slow 2' '--pid 12x' '--pid 0' \
		'--pid 1,' '--viewers 1 --churn 1' '--viewers 1 --rooms 2' \
		'--viewers 0' '--duration 0'; do
		# shellcheck disable=SC2086
		run --separate-stderr ss-load $o
		assert_failure 2
		assert_equal "$output" ''
		[[ $stderr == *'usage: ss-load '* ]]
	done
	run ss-load --pid 4194303 --viewers 1
	assert_failure 1
	assert_output --partial 'no such process'
}

@test "too few descriptors are told" {
	[ "$(id -u)" -ne 0 ] || skip 'root raises any limit'
	run bash -c 'ulimit -n 64; ss-load --viewers 1000'
	assert_failure 1
	assert_output --partial 'ulimit -n'
}

# --- tokens -----------------------------------------------------------------

@test "--token-key: every viewer shows a token, and who sends gifts" {
	printf '%048d' 7 >secret.key
	chmod 600 secret.key
	start_pipeline --jwt-key secret.key --audience chat
	run --separate-stderr ss-load --audience chat --viewers 10 --senders 3 --rate 40 \
		--gifts 20 --churn 10 --warmup 0 --duration 0.5 --json \
		--token-key secret.key
	assert_success
	run jq -c '[.connected, .ok, (.gifts.seen // 1) > 0]' <<<"$output"
	assert_output '[10,true,true]'
	# for nobody in particular, or without one, nobody comes in
	run --separate-stderr -1 ss-load --viewers 3 --warmup 0 \
		--duration 0.2 --json --token-key secret.key
	assert_equal "$(jq .errors.connect <<<"$output")" 3
	run --separate-stderr -1 ss-load --viewers 3 --warmup 0 \
		--duration 0.2 --json
	assert_equal "$(jq .errors.connect <<<"$output")" 3
}

@test "--token-key: a key that is none is an error, before anything is sent" {
	printf 'short' >short.key
	for f in short.key /dev/null nowhere.key; do
		run -1 --separate-stderr ss-load --token-key "$f"
		assert_regex "$stderr" '^ss-load: --token-key: '
	done
}
