#!/usr/bin/env bats
# gateway-limits.bats: how much a user, an address and a room may say; whose
# address it is behind a proxy; which pages may connect.

load viewers

# What the client printed, by type and code: "chat", "rate_limited".
fates() {
	jq -r 'select(.type) | .code // .type' "$@" | sort | uniq -c |
		sed 's/^ *//'
}

# A gateway that believes the address in X-Forwarded-For.
behind_a_proxy() {
	start_pipeline --trust-proxy 127.0.0.1 "$@"
}

# status [CURL ARG...] PATH
status_of() {
	curl -sS -o answer -D headers -w '%{http_code}' "${@:1:$#-1}" \
		"$SS_URL${*: -1}"
}

gift() {
	status_of -H 'Content-Type: application/json' \
		-d '{"from":"a","gift_id":1,"amount":1}' "$@" /api/gift
}

@test "a user may say five things at once, and then goes on at his rate" {
	start_pipeline --rate 0.2
	for i in 1 2 3 4 5 6 7; do
		say "number $i"
	done >lines
	talk alice --send-lines lines --expect 7 >out
	assert_equal "$(fates out)" $'5 chat\n2 rate_limited'
	run jq -c 'select(.code) | .retry_after >= 1 and .retry_after <= 5' out
	assert_output $'true\ntrue'
	# it is the user who is limited, wherever he connects
	talk alice --send "$(say more)" --expect 1 >out
	assert_equal "$(fates out)" '1 rate_limited'
	talk bob --send "$(say more)" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
	# and after what he was told he may again
	patient() {
		talk alice --send "$(say again)" --expect 1 >out
		[ "$(fates out)" = '1 chat' ]
	}
	wait_for 15 patient
}

@test "what can't be taken costs a tenth of a message; a flood of it ends with 1008" {
	start_pipeline --rate 0.001 --burst 2
	# twenty for two messages
	yes '{"type":"chat"' | head -n 25 >lines
	talk alice --send-lines lines --expect 25 >out
	assert_equal "$(fates out)" $'20 bad_json\n5 rate_limited'
	jq -e 'select(.code == "rate_limited").retry_after > 0' out
	talk alice --send "$(say "nothing is left for it")" --expect 1 >out
	assert_equal "$(fates out)" '1 rate_limited'
	# each kind of them
	printf '%s\n' '[]' '{"type":"x"}' "$(say '')" '{"type":"auth"}' \
		"$(say "$(printf '%0600d' 1)")" >lines
	yes "$(say ' ')" | head -n 15 >>lines
	talk bob --send-lines lines --expect 20 >out
	refute grep -q rate_limited out
	talk bob --send "$(say hi)" --expect 1 >out
	assert_equal "$(fates out)" '1 rate_limited'
	# an end to it
	yes '{' | head -n 300 >lines
	run talk carl --send-lines lines --expect-close 1008
	assert_success
	assert_line '#close 1008 too many errors'
	assert_equal "$(grep '^{' <<<"$output" | fates)" \
		$'20 bad_json\n100 rate_limited'
}

# more than a user may say at once, the last one twice
seven_lines() {
	for i in 1 2 3 4 5 6; do
		say "number $i"
	done
	say "number 1"
}

# default_gateway [OPT...]: without the helper's --rate 0
default_gateway() {
	start_gateway_on_a_bus
	stop gw
	start_bg gw ss-gateway --port "$SS_PORT" "$@"
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

@test "by default the limits of a user are one message a second, five at once" {
	default_gateway --trust-proxy 127.0.0.1
	seven_lines >lines
	talk alice --send-lines lines --expect 2 >out
	assert_equal "$(jq -r .code out | sort)" $'duplicate\nrate_limited'
}

@test "by default they hold with tokens, and not on an open loopback" {
	ss-token keygen a.key
	default_gateway --jwt-key a.key
	seven_lines >lines
	talk "alice?token=$(ss-token mint --sub alice --key a.key)" \
		--send-lines lines --expect 2 >out
	assert_equal "$(jq -r .code out | sort)" $'duplicate\nrate_limited'
	stop gw
	BG_OUT=gw.lines start_bg gw ss-gateway --port "$SS_PORT"
	wait_for 10 curl -fsS "$SS_URL/healthz"
	talk alice --send-lines lines --expect 0 >out
	all_out() {
		[ "$(grep -c '"type":"chat"' gw.lines)" = 7 ]
	}
	wait_for 10 all_out
}

@test "what was just said is a duplicate, until --repeat-after" {
	start_pipeline --repeat-after 1
	{
		say hello
		say ' hello '
		say other
	} >lines
	talk alice --send-lines lines --expect 3 >out
	assert_equal "$(fates out)" $'2 chat\n1 duplicate'
	assert_equal "$(jq .retry_after out | grep -v null)" 1
	talk bob --send "$(say hello)" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
	again() {
		talk alice --send "$(say hello)" --expect 1 >out
		[ "$(fates out)" = '1 chat' ]
	}
	wait_for 5 again
}

@test "a nonce that comes again is no new message: no limit, no duplicate" {
	start_pipeline --rate 0.001 --burst 1 --repeat-after 1h
	m=$(jq -cn '{type:"chat",message:"once",nonce:"n1"}')
	talk alice --send "$m" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
	talk alice --send "$m" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
}

@test "a gift that is tried again under its key meets no limit" {
	behind_a_proxy --gift-rate 0.001
	behind() {
		gift -H 'X-Forwarded-For: 192.0.2.1' -H "Idempotency-Key: $1"
	}
	assert_equal "$(behind k1)" 200
	assert_equal "$(behind k2)" 429
	assert_equal "$(behind k1)" 200
}

@test "a room's rate holds for all who are in it" {
	start_pipeline --room-rate 0.2
	talk alice --send "$(say one)" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
	talk bob --send "$(say two)" --expect 1 >out
	assert_equal "$(fates out)" '1 rate_limited'
	assert [ "$(jq .retry_after out)" -le 5 ]
	talk 'bob?room=other' --send "$(say two)" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
}

@test "an address may send only so many messages and gifts, loopback any" {
	behind_a_proxy --address-rate 0.2 --gift-rate 0.4
	xff=(--header 'X-Forwarded-For: 192.0.2.7')
	talk alice "${xff[@]}" --send "$(say one)" --expect 1 >out
	assert_equal "$(fates out)" '1 chat'
	talk bob "${xff[@]}" --send "$(say two)" --expect 1 >out
	assert_equal "$(fates out)" '1 rate_limited'
	assert_equal "$(gift -H 'X-Forwarded-For: 192.0.2.7')" 200
	assert_equal "$(gift -H 'X-Forwarded-For: 192.0.2.7')" 200
	assert_equal "$(gift -H 'X-Forwarded-For: 192.0.2.7')" 429
	assert_equal "$(jq -r .error answer)" rate_limited
	assert grep -qi '^retry-after: [1-3]' headers
	assert_equal "$(gift -H 'X-Forwarded-For: 192.0.2.8')" 200
	for _ in 1 2 3 4; do
		talk carl --send "$(say "from here $RANDOM")" --expect 1 >out
		assert_equal "$(fates out)" '1 chat'
		assert_equal "$(gift)" 200
	done
}

@test "an address gets so many connections, a /64 of IPv6 counts as one" {
	behind_a_proxy --max-per-address 2
	listen one --header 'X-Forwarded-For: 2001:db8::1' --until never
	listen two --header 'X-Forwarded-For: 2001:db8::2:3' --until never
	run -3 talk three --header 'X-Forwarded-For: 2001:db8::4'
	assert_output --partial '#status 429'
	assert_output --partial '"rate_limited"'
	run -0 talk three --header 'X-Forwarded-For: 2001:db8:0:1::4'
	assert_equal "$(status_of -H 'X-Forwarded-For: 2001:db8::5' /healthz)" 429
	assert grep -qi '^retry-after: 1' headers
	assert metric safestream_limited_total 2
	# one who goes makes room
	stop one
	free() {
		talk three --header 'X-Forwarded-For: 2001:db8::4'
	}
	wait_for 5 free
}

@test "an address may connect only so often" {
	behind_a_proxy --connect-rate 3 --max-per-address 0
	for _ in {1..12}; do
		status_of -H 'X-Forwarded-For: 192.0.2.1' /healthz
		echo
	done >codes
	assert [ "$(grep -c 200 codes)" -ge 3 ]
	assert grep -qx 429 codes
	assert_equal "$(status_of -H 'X-Forwarded-For: 192.0.2.2' /healthz)" 200
}

@test "a connection that is refused costs nothing, however often it is tried" {
	behind_a_proxy --connect-rate 0.5
	from_one() {
		status_of -H 'X-Forwarded-For: 192.0.2.1' /healthz
	}
	let_in() {
		[ "$(from_one)" = 200 ]
	}
	for _ in {1..3}; do
		from_one
		echo
	done >codes
	assert_equal "$(xargs <codes)" '200 429 429'
	assert grep -qi '^retry-after: [12].$' headers
	# after two seconds, though it was tried all the time
	wait_for 10 let_in
	assert_equal "$(from_one)" 429
}

@test "a connection too many takes nothing from the rate of connections" {
	behind_a_proxy --connect-rate 0.05 --max-per-address 1
	header='X-Forwarded-For: 192.0.2.1'
	listen one --header "$header" --until never
	for _ in 1 2 3; do
		assert_equal "$(status_of -H "$header" /healthz)" 429
		assert grep -q 'too many connections' answer
	done
	stop one
	by_rate() {
		status_of -H "$header" /healthz && grep -q 'too many new' answer
	}
	wait_for 5 by_rate
	# for what came first alone
	wait=$(tr -d '\r' <headers | sed -n 's/^retry-after: //Ip')
	assert [ "$wait" -le 20 ]
}

@test "X-Forwarded-For is nothing where no proxy is named" {
	start_pipeline --max-per-address 1 --connect-rate 1
	for _ in 1 2 3; do
		assert_equal "$(status_of -H 'X-Forwarded-For: 192.0.2.1' \
			/healthz)" 200
	done
}

@test "nobody chooses his address: what a client writes there is not looked at" {
	behind_a_proxy --connect-rate 0.01
	# the proxy adds what it sees behind what was there: somebody else's
	# address, or one that is exempt
	for lie in 198.51.100.1 127.0.0.1 ::1 '' 'x, y'; do
		status_of -H "X-Forwarded-For: $lie, 192.0.2.9" /healthz
		echo
	done >codes
	assert_equal "$(grep -c 429 codes)" 4
	assert_equal "$(status_of -H 'X-Forwarded-For: 198.51.100.1' /healthz)" 200
	# a header for each hop is the same as one list
	assert_equal "$(status_of -H 'X-Forwarded-For: 203.0.113.5' \
		-H 'X-Forwarded-For: 192.0.2.9' /healthz)" 429
	long=$(printf '1.1.1.1,%.0s' {1..600})
	assert_equal "$(status_of -H "X-Forwarded-For: $long" /healthz)" 400
	run -2 ss-gateway --trust-proxy 10.0.0.0/33
	run -2 ss-gateway --trust-proxy localhost
}

@test "limits hold for all workers together" {
	start_pipeline --workers 3 --trust-proxy 127.0.0.1 --rate 0.001 \
		--burst 4 --max-per-address 3
	for i in {1..12}; do
		talk alice --send "$(say "number $i")" --expect 1
	done >out
	assert_equal "$(fates out)" $'4 chat\n8 rate_limited'
	for i in 1 2 3; do
		listen "v$i" --header 'X-Forwarded-For: 192.0.2.1' \
			--until never
	done
	for i in 1 2 3 4; do
		run -3 talk more --header 'X-Forwarded-For: 192.0.2.1'
	done
}

@test "a page of another origin can't connect nor post" {
	start_pipeline
	host=127.0.0.1:$SS_PORT
	run -0 talk a --header "Origin: http://$host"
	run -0 talk a --header "Origin: https://$host"
	run -0 talk a
	for origin in http://evil.example null "http://$host.evil.example" \
		http://127.0.0.1 "http://$host@evil.example" "ftp://$host" \
		"http://$host/" "http://evil.example,http://$host" garbage; do
		run -3 talk a --header "Origin: $origin"
		assert_output --partial '#status 403'
		assert_equal "$(gift -H "Origin: $origin")" 403
		assert_equal "$(jq -r .error answer)" forbidden
	done
	assert_equal "$(gift -H "Origin: http://$host")" 200
	refute grep -qi '^access-control\|^vary' headers
	assert_equal "$(status_of -X OPTIONS -H "Origin: http://$host" \
		-H 'Access-Control-Request-Method: POST' /api/gift)" 405
}

@test "--origin names the pages that may" {
	start_pipeline --origin 'https://chat.example, http://b.example:8080'
	run -0 talk a --header 'Origin: https://chat.example'
	run -0 talk a --header 'Origin: https://CHAT.example:443'
	run -0 talk a --header 'Origin: http://b.example:8080'
	run -0 talk a
	for origin in http://chat.example https://chat.example:444 \
		https://x.chat.example http://b.example \
		"http://127.0.0.1:$SS_PORT"; do
		run -3 talk a --header "Origin: $origin"
		assert_output --partial '#status 403'
	done
	# a browser asks before it posts JSON; the answer it may not read
	o='Origin: https://chat.example'
	assert_equal "$(status_of -X OPTIONS -H "$o" \
		-H 'Access-Control-Request-Method: POST' /api/gift)" 200
	assert grep -q '^Access-Control-Allow-Origin: https://chat.e' headers
	assert_equal "$(gift -H "$o")" 200
	refute grep -qi '^access-control' headers
	run -2 ss-gateway --origin chat.example
	run -2 ss-gateway --origin 'http://a b'
	run -2 ss-gateway --origin https://a.example/path
	run -2 ss-gateway --cors ''
}

@test "--cors lets named pages read and post, after a preflight" {
	start_pipeline --cors https://stats.example
	o='Origin: https://stats.example'
	assert_equal "$(status_of -X OPTIONS -H "$o" \
		-H 'Access-Control-Request-Method: POST' \
		-H 'Access-Control-Request-Headers: content-type' \
		/api/gift)" 200
	tr -d '\r' <headers >h
	assert grep -qx 'Access-Control-Allow-Origin: https://stats.example' h
	assert grep -qi '^Access-Control-Allow-Methods: .*POST' h
	assert grep -qi '^Access-Control-Allow-Headers: .*Content-Type' h
	assert grep -qx 'Vary: Origin' h
	assert_equal "$(gift -H "$o")" 200
	assert grep -q '^Access-Control-Allow-Origin: https://stats.e' headers
	assert_equal "$(status_of -H "$o" /api/recent)" 200
	assert grep -q '^Access-Control-Allow-Origin: https://stats.e' headers
	run -0 talk a --header "$o"
	# two of it a browser takes for none
	assert_equal "$(status_of -H "$o" /safestream.js)" 200
	assert_equal "$(grep -ci '^access-control-allow-origin' headers)" 1
	# others get no such header, and no answer to a preflight
	assert_equal "$(status_of -H 'Origin: https://b.example' /metrics)" 200
	refute grep -qi '^access-control' headers
	assert grep -qi '^vary: origin' headers
	assert_equal "$(status_of -X OPTIONS -H 'Origin: https://b.example' \
		-H 'Access-Control-Request-Method: POST' /api/gift)" 403
}

@test "an asterisk means apps and pages from files, too" {
	start_pipeline --origin '*' --cors '*'
	for o in null file:// chrome-extension://abcdefgh capacitor://localhost \
		https://a.example; do
		run -0 talk a --header "Origin: $o"
		assert_equal "$(gift -H "Origin: $o")" 200
		assert grep -qx $"Access-Control-Allow-Origin: $o"$'\r' headers
	done
	run -3 talk a --header 'Origin: a b'
}

@test "500 connections that say nothing, or little, don't keep others out" {
	start_pipeline --max-connections 64
	BG_IN=/dev/null start_bg loris /usr/bin/python3 \
		"$TESTS/hostile.py" slowloris "$SS_PORT" --connections 500
	wait_for 20 grep -q holding loris.out
	for _ in 1 2 3 4 5; do
		run -0 curl -fsS -m 5 "$SS_URL/healthz"
		run -0 talk alice --send "$(say "hello $RANDOM")" --expect 1
	done
}
