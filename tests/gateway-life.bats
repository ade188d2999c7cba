#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-life.bats: viewers that come, go, hang and lag; a pipeline that is
# full, away or ends; limits, signals and usage.

load viewers

@test "connections are cleaned up, however they end" {
	start_pipeline
	wait_for 5 viewers 0
	listen a --expect-eof
	listen b --until end
	listen c --expect-eof
	wait_for 5 viewers 3
	stop a KILL
	wait_for 10 viewers 2
	run talk d --send "$(say hello)" --expect 1
	assert_success
	run talk e --reset
	run talk f --bytes 88820000000003e8 --expect-eof
	wait_for 10 viewers 2
	stop c TERM
	wait_for 10 viewers 1
	run talk g --send "$(say end)" --expect 1
	assert_success
	wait_exit b
	assert_equal "$status" 0
	wait_for 10 viewers 0
}

@test "pings its viewers, and drops one who answers none" {
	start_gateway_on_a_bus --ping 1 --idle-timeout 2
	drops_who_is_silent
}

# sockets N: the gateway has so many
sockets() {
	[ "$(find "/proc/${BG_PID[gw]}/fd" -lname 'socket:*' | wc -l)" = "$1" ]
}

@test "who is at --echo's route and answers no ping is dropped, too" {
	start_gateway_on_a_bus --echo /echo --ping 1 --idle-timeout 2
	n=$(find "/proc/${BG_PID[gw]}/fd" -lname 'socket:*' | wc -l)
	url=ws://127.0.0.1:$SS_PORT/echo
	start_bg awake /usr/bin/python3 "$TESTS/client.py" "$url" --timeout 100 \
		--until never
	start_bg asleep /usr/bin/python3 "$TESTS/client.py" "$url" \
		--timeout 100 --touch asleep.up --wait-file go --expect-eof
	wait_for 10 test -e asleep.up
	wait_for 10 sockets $((n + 2))
	wait_for 10 sockets $((n + 1))
	touch go
	wait_exit asleep
	assert_equal "$status" 0
	run -0 client "$url" --send x --until x # who is awake is there still
	wait_for 10 sockets $((n + 1))
}

@test "a body that does not come is answered with 408" {
	start_pipeline
	printf 'POST /api/gift HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"from' |
		client raw "$SS_PORT" --timeout 20 >answer
	assert grep -q '^HTTP/1.1 408' answer
}

@test "a viewer who does not read is closed with 4008, others get everything" {
	start_gateway_on_a_bus --max-lag 64K
	start_bg slow /usr/bin/python3 "$TESTS/client.py" "$WS_URL/slow" \
		--rcvbuf 4096 --touch slow.up --timeout 100 \
		--wait-file go --expect-close 4008
	wait_for 10 test -e slow.up
	listen quick --until end
	seq 6000 | sed "s/.*/{\"type\":\"chat\",\"n\":&,\"message\":\"$(
		printf '%0500d' 0)\"}/" >want
	split -l 60 -d -a 3 want part.
	n=0
	for f in part.*; do
		cat "$f" >&5
		n=$((n + 60))
		wait_for 20 frames quick.out "$n"
		metric safestream_slow_viewers_total 1 && break
	done
	wait_for 10 metric safestream_slow_viewers_total 1
	# he has ten seconds for his close frame: he reads before all else
	touch go
	head -n "$n" want >fed
	echo '{"type":"chat","message":"end"}' | tee -a fed >&5
	wait_exit quick 20
	assert_equal "$status" 0
	assert cmp fed quick.out
	wait_exit slow 30
	cat slow.err
	assert_equal "$status" 0
	assert_equal "$(tail -n 1 slow.out | cut -d ' ' -f 1,2)" '#close 4008'
	# what he got until then has no holes
	grep -v '^#' slow.out >got || :
	assert cmp got <(head -n "$(wc -l <got)" want)
}

@test "a viewer who is slow but in time gets everything" {
	start_gateway_on_a_bus --max-lag 16M
	start_bg slow /usr/bin/python3 "$TESTS/client.py" "$WS_URL/slow" \
		--rcvbuf 4096 --touch slow.up --timeout 100 \
		--wait-file go --until end
	wait_for 10 test -e slow.up
	for i in {1..8000}; do
		printf '{"type":"chat","n":%d,"message":"%0500d"}\n' "$i" 0
	done >want
	echo '{"type":"chat","message":"end"}' >>want
	listen quick --until end --silent
	cat want >&5
	wait_exit quick 30
	touch go
	wait_exit slow 30
	assert_equal "$status" 0
	assert cmp want slow.out
}

@test "beyond --max-connections comes 503" {
	start_pipeline --max-connections 2
	listen a --expect-eof
	listen b --expect-eof
	run talk c
	assert_equal "$status" 3
	assert_output --regexp '^#status 503 .*"error"'
	run curl -fsS "$SS_URL/healthz"
	assert_success
	stop a KILL
	wait_for 10 viewers 1
	run talk c --send "$(say hello)" --expect 1
	assert_success
}

@test "a silent viewer is pinged, one who does not answer is dropped" {
	start_pipeline --ping 1s --idle-timeout 2s
	start_bg dead /usr/bin/python3 "$TESTS/client.py" "$WS_URL/dead" \
		--touch dead.up --timeout 300 --wait-file never
	listen alive --until end
	wait_for 10 test -e dead.up
	wait_for 5 viewers 2
	wait_for 30 viewers 1
	run talk a --send "$(say end)" --expect 1
	assert_success
	wait_exit alive
	assert_equal "$status" 0
}

@test "a stopped moderator means busy and 503, never a blocked gateway" {
	start_pipeline
	kill -STOP "$(pid moderate)"
	for i in {1..3000}; do
		printf '{"type":"chat","nonce":"n%d","message":"%0400d"}\n' "$i" 0
	done >lines
	run talk alice --send-lines lines --until '"busy"' --timeout 30
	assert_success
	assert_equal "$(jq -r 'select(.code == "busy") | .nonce | length > 1' \
		<<<"$output" | sort -u)" true
	# a gift is smaller than a message and may still find room
	wait_for 10 gift_refused
	assert_regex "$(cat code)" '^503 [0-9]+$'
	run jq -r '.error | type' body
	assert_output string
	run curl -fsS --max-time 5 "$SS_URL/metrics"
	assert_success
	kill -CONT "$(pid moderate)"
	wait_for 20 client "$WS_URL/bob" --send "$(say again)" --until again \
		--timeout 3
}

gift_refused() {
	curl -s -o body -w '%{http_code} %header{retry-after}' \
		-H 'Content-Type: application/json' \
		-d '{"from":"a","gift_id":1,"amount":1}' "$SS_URL/api/gift" >code
	grep '^5' code
}

# --- the ends of the pipe -------------------------------------------------------

@test "stdout is the line: one whole event each, nothing else" {
	start_gateway_on_a_bus
	run talk alice --send "$(say one)" --send "$(say 'two é')" --ping x \
		--until '#pong x'
	assert_success
	wait_for 5 frames gw.out 2
	# marks come where the events are long on their way
	run jq -c 'select(.type != "mark") |
		[.type, .user, .message, .toxic, .score]' gw.out
	assert_output '["chat","alice","one",null,null]
["chat","alice","two é",null,null]'
}

@test "a closed stdout ends it with 1, one clear line, and 1012 for viewers" {
	mkfifo in out
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	BG_IN=out start_bg reader head -n 1
	BG_OUT=out start_gateway
	wait_for 5 curl -fsS "$SS_URL/healthz"
	listen bob --expect-close 1012
	# the reader goes after the first line: the gateway may see it at once
	client "$WS_URL/alice" --send "$(say one)" --timeout 2 \
		--expect-eof 2>/dev/null || :
	wait_exit reader
	client "$WS_URL/alice" --send "$(say two)" --timeout 5 \
		--expect-eof 2>/dev/null || :
	wait_exit gw
	assert_equal "$status" 1
	wait_exit bob
	assert_equal "$status" 0
	run grep -v listening gw.err
	assert_equal "${#lines[@]}" 1
	assert_output --regexp '^ss-gateway: .*'
}

@test "SIGTERM closes the viewers with 1012 and exits 0" {
	start_pipeline
	listen bob --expect-close 1012
	run talk alice --send "$(say hello)" --expect 1
	assert_success
	stop gw
	assert_equal "$status" 0
	wait_exit bob
	assert_equal "$status" 0
	assert grep hello bob.out
	# and the end goes down the pipe
	for stage in moderate log broadcast; do
		wait_exit "$stage"
		assert_equal "$status" 0
	done
}

@test "SIGTERM delivers what was accepted before it" {
	start_gateway_on_a_bus
	numbers 500 >lines
	run talk alice --send-lines lines --ping x --until '#pong x'
	assert_success
	stop gw
	assert_equal "$status" 0
	assert_equal "$(jq -r 'select(.type == "chat").message' gw.out)" \
		"$(seq 500)"
}

@test "without a bus it listens after a while and says degraded" {
	start_gateway
	run curl -s -o body -w '%{http_code}' "$SS_URL/healthz"
	assert_output 503
	assert_equal "$(jq -r .status body)" degraded
	run talk alice
	assert_equal "$status" 3
	assert_output --regexp '^#status 503 '
	# the bus comes, and goes, and comes again
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	wait_for 10 curl -fsS "$SS_URL/healthz"
	listen bob --until end
	echo '{"type":"chat","message":"one"}' >&5
	wait_for 5 grep one bob.out
	stop bc KILL
	exec 5>&-
	rm -f in
	wait_for 10 degraded
	mkfifo in
	BG_IN=in start_bg bc2 ss-broadcast
	exec 5>in
	wait_for 10 curl -fsS "$SS_URL/healthz"
	echo '{"type":"chat","message":"end"}' >&5
	wait_exit bob
	assert_equal "$status" 0
}

@test "--ready-fd tells when it listens; --port 0 takes a free one" {
	start_bg gw bash -c 'exec ss-gateway --port 0 --ready-fd 4 4>ready'
	wait_for 10 test -s ready
	assert port_known gw
	run curl -s -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$SS_PORT/metrics"
	assert_output 200
}

@test "a port that is taken is said so, exit 1" {
	start_pipeline
	run --separate-stderr timeout 20 ss-gateway --port "$SS_PORT"
	assert_equal "$status" 1
	assert_regex "$stderr" "^ss-gateway: .*$SS_PORT.*in use"
	wait_for 5 curl -fsS "$SS_URL/healthz"
}

@test "listens on loopback; another address earns a warning" {
	start_pipeline
	refute grep -i warn gw.err
	start_bg open ss-gateway --port 0 --addr 0.0.0.0
	wait_for 10 grep listening open.err
	assert [ "$(grep -vc listening open.err)" -ge 1 ]
}

@test "few descriptors: it says so and goes on" {
	mkfifo in
	BG_IN=in start_bg bc ss-broadcast
	exec 5>in
	start_bg gw bash -c 'ulimit -n 40; exec ss-gateway --port 0'
	wait_for 10 port_known gw
	export SS_URL=http://127.0.0.1:$SS_PORT
	WS_URL=ws://127.0.0.1:$SS_PORT/ws
	wait_for 10 curl -fsS "$SS_URL/healthz"
	for i in {1..40}; do
		start_bg "v$i" /usr/bin/python3 "$TESTS/client.py" \
			"$WS_URL/v$i" --touch "v$i.up" --timeout 60 \
			--expect-eof
	done
	wait_for 20 test -e v1.up
	for i in {1..40}; do
		kill -KILL "$(pid "v$i")" 2>/dev/null || :
	done
	wait_for 20 curl -fsS "$SS_URL/healthz"
	wait_for 20 viewers 0
	run talk alice --ping x --until '#pong x'
	assert_success
}

@test "wrong usage exits 2 with one usage line" {
	for args in --nothing '--port x' '--port 65536' '--max-connections -1' \
		'--max-lag 5X' '--ping -1' '-i nonsense' 'operand'; do
		# shellcheck disable=SC2086
		run --separate-stderr timeout 10 ss-gateway $args
		assert_equal "$status" 2
		assert_equal "$output" ""
		assert_regex "$stderr" 'usage: ss-gateway'
	done
}
