#!/usr/bin/env bats
# gateway-hostile.bats: requests that are malformed, huge, smuggled or cut get
# their answers, and others theirs.

load viewers

gifts_given() { # N
	[ "$(jq -r 'select(.type == "gift") | .id' gw.out | sort -u | wc -l)" = "$1" ]
}

@test "hostile HTTP gets its 4xx, and ends nothing" {
	start_gateway_on_a_bus
	run -0 python3 "$TESTS/hostile.py" http "$SS_PORT"
	refute_line --regexp '^BAD'
	assert [ "${#lines[@]}" -gt 100 ]
	# what was hidden in another request was never one; whoever sent a
	# whole one first on his connection gave once: 9 who were answered (3
	# cases, each sent in 3 ways) and 3 who left. An event has one id,
	# however often it is written until the bus has shown it.
	assert_line 'gifts 12'
	wait_for 5 gifts_given 12
	run -1 grep -F smuggle gw.out
	run -0 kill -0 "$(pid gw)"
}

@test "RFC 6455: framing, UTF-8, control frames, close codes, limits" {
	start_gateway_on_a_bus --echo /echo
	run -0 python3 "$TESTS/conformance.py" "$SS_PORT" /echo
	refute_line --regexp '^FAILED'
	assert [ "${#lines[@]}" -gt 150 ]
	run -0 kill -0 "$(pid gw)"
}
