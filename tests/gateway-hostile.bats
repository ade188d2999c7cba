#!/usr/bin/env bats
# gateway-hostile.bats: requests that are malformed, huge, smuggled or cut get
# their answers, and others theirs.

load viewers

@test "hostile HTTP gets its 4xx, and ends nothing" {
	start_gateway_on_a_bus
	run -0 python3 "$TESTS/hostile.py" http "$SS_PORT"
	refute_line --regexp '^BAD'
	assert [ "${#lines[@]}" -gt 100 ]
	# what was hidden in another request was never one
	run -1 grep -F smuggled gw.out
	run -0 kill -0 "$(pid gw)"
}

@test "RFC 6455: framing, UTF-8, control frames, close codes, limits" {
	start_gateway_on_a_bus --echo /echo
	run -0 python3 "$TESTS/conformance.py" "$SS_PORT" /echo
	refute_line --regexp '^FAILED'
	assert [ "${#lines[@]}" -gt 150 ]
	run -0 kill -0 "$(pid gw)"
}
