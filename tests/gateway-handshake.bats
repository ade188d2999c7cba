#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-handshake.bats: who gets in, and who is told what instead.

load viewers

# handshake [LINE]...: a hand-made request; each LINE is one of its lines,
# without any the whole of a correct one
handshake() {
	{
		printf '%s\r\n' "$@"
		printf '\r\n'
	} | client raw "$SS_PORT"
}

KEY='Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
VERSION='Sec-WebSocket-Version: 13'
UPGRADE='Upgrade: websocket'
CONNECTION='Connection: Upgrade'
HOST='Host: localhost'

@test "a correct handshake is accepted" {
	start_pipeline
	run handshake 'GET /ws/alice HTTP/1.1' "$HOST" "$UPGRADE" "$CONNECTION" \
		"$KEY" "$VERSION"
	assert_line -n 0 --regexp '^HTTP/1.1 101 '
	# RFC 6455, section 1.3
	assert_line --regexp '^[Ss]ec-[Ww]eb[Ss]ocket-[Aa]ccept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=$'
	refute_output --regexp '[Ee]xtensions'
}

@test "names that are none are refused with 400 before the upgrade" {
	start_pipeline
	for name in 'a%20b' 'a%2fb' '%c3%a9' 'a@b' 'a:b' \
		"$(printf 'a%.0s' {1..51})" 'a%0a' '~a' 'a+b'; do
		run handshake "GET /ws/$name HTTP/1.1" "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.1 400 '
		assert_output --partial '"error":"bad_request"'
	done
	# a NUL makes libwebsockets hang up itself from 4.3 on
	run handshake "GET /ws/%00 HTTP/1.1" "$HOST" "$UPGRADE" "$CONNECTION" \
		"$KEY" "$VERSION"
	case $(ss-gateway --version -v) in
	*'libwebsockets 4.1'*) assert_line -n 0 --regexp '^HTTP/1.1 400 ' ;;
	*) refute_line --regexp '^HTTP/1.1 [123]' ;;
	esac
	# what libwebsockets itself can't decode it refuses itself
	for name in '' % a%zz; do
		run handshake "GET /ws/$name HTTP/1.1" "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.[01] 40[034] '
	done
	for name in a A.b_c-9 "$(printf 'a%.0s' {1..50})" %61lice; do
		run handshake "GET /ws/$name HTTP/1.1" "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.1 101 '
	done
}

@test "bad rooms and history numbers are refused with 400" {
	start_pipeline
	for query in 'room=' 'room=a%20b' 'room=a/b' 'history=x' 'history=-1' \
		'history=1.5' 'history=' "room=$(printf 'a%.0s' {1..51})" \
		'history=99999999999999999999'; do
		run handshake "GET /ws/alice?$query HTTP/1.1" "$HOST" \
			"$UPGRADE" "$CONNECTION" "$KEY" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.1 400 '
	done
}

@test "another version than 13 gets 426 and is told which" {
	start_pipeline
	for v in 8 12 14 0 x 113; do
		run handshake 'GET /ws/alice HTTP/1.1' "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "Sec-WebSocket-Version: $v"
		assert_line -n 0 --regexp '^HTTP/1.1 426 '
		assert_line --regexp '^[Ss]ec-[Ww]eb[Ss]ocket-[Vv]ersion: 13$'
	done
}

@test "keys that are not 16 bytes are refused with 400" {
	start_pipeline
	for key in 'short' 'dGhlIHNhbXBsZSBub25jZQ' '' \
		'dGhlIHNhbXBsZSBub25jZWRkZGRk' '!!!!!!!!!!!!!!!!!!!!!!==' \
		"$(printf 'A%.0s' {1..300})"; do
		run handshake 'GET /ws/alice HTTP/1.1' "$HOST" "$UPGRADE" \
			"$CONNECTION" "Sec-WebSocket-Key: $key" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.1 4[0-9][0-9] '
	done
	run handshake 'GET /ws/alice HTTP/1.1' "$HOST" "$UPGRADE" \
		"$CONNECTION" "$VERSION"
	assert_line -n 0 --regexp '^HTTP/1.1 400 '
}

@test "upgrades to anything else are refused" {
	start_pipeline
	run handshake 'GET /ws/alice HTTP/1.1' "$HOST" 'Upgrade: h2c' \
		'Connection: Upgrade, HTTP2-Settings' \
		'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'
	assert_line -n 0 --regexp '^HTTP/1.1 4[0-9][0-9] '
	run handshake 'GET /healthz HTTP/1.1' "$HOST" 'Upgrade: h2c' \
		'Connection: Upgrade, HTTP2-Settings' \
		'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'
	assert_line -n 0 --regexp '^HTTP/1.1 [24][0-9][0-9] '
	run handshake 'GET /ws/alice HTTP/1.1' "$HOST" 'Upgrade: chat' \
		"$CONNECTION" "$KEY" "$VERSION"
	assert_line -n 0 --regexp '^HTTP/1.[01] 4[0-9][0-9] '
	wait_for 5 curl -fsS "$SS_URL/healthz"
}

@test "POST, HEAD and HTTP/1.0 are no handshakes" {
	start_pipeline
	for method in POST PUT HEAD DELETE OPTIONS; do
		run handshake "$method /ws/alice HTTP/1.1" "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "$VERSION" 'Content-Length: 0'
		assert_line -n 0 --regexp '^HTTP/1.1 4[0-9][0-9] '
	done
	run handshake 'GET /ws/alice HTTP/1.0' "$HOST" "$UPGRADE" "$CONNECTION" \
		"$KEY" "$VERSION"
	assert_line -n 0 --regexp '^HTTP/1.[01] (4[0-9][0-9]|505) '
	wait_for 5 curl -fsS "$SS_URL/healthz"
}

@test "a plain GET of the route is told to upgrade" {
	start_pipeline
	run curl -s -o /dev/null -w '%{http_code}' "$SS_URL/ws/alice"
	assert_output 426
}

@test "an upgrade anywhere else is refused" {
	start_pipeline
	for path in / /ws /ws/a/b /chat /api/gift /healthz; do
		run handshake "GET $path HTTP/1.1" "$HOST" "$UPGRADE" \
			"$CONNECTION" "$KEY" "$VERSION"
		assert_line -n 0 --regexp '^HTTP/1.1 4[0-9][0-9] '
	done
}

@test "halves and floods of handshakes leave it standing" {
	start_pipeline
	for text in '' G 'GET /ws/a HTTP/1.1\r\n' '\0\0\0\0' \
		'GET / HTTP/1.1\r\nHost' '\x16\x03\x01\x02\x00\x01\x00\x01\xfc' \
		'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'; do
		printf '%b' "$text" | client raw "$SS_PORT" --reset
		printf '%b' "$text" | client raw "$SS_PORT" --half-close >/dev/null
	done
	{
		printf 'GET /%010000d HTTP/1.1\r\n' 0
		printf 'X-%d: y\r\n' {1..5000}
		printf '\r\n'
	} | client raw "$SS_PORT" >/dev/null
	run talk alice --send "$(say hello)" --expect 1
	assert_success
	wait_for 10 viewers 0
}

@test "ndjson.safestream: whole lines, several in a frame" {
	start_pipeline
	numbers 500 >lines
	start_bg bob /usr/bin/python3 "$TESTS/client.py" "$WS_URL/bob" \
		--subprotocol ndjson.safestream --show-subprotocol \
		--raw-out bob.raw --touch bob.up --until '"500"'
	wait_for 10 test -e bob.up
	run talk alice --send-lines lines --expect 500 --silent
	assert_success
	wait_exit bob
	assert_equal "$status" 0
	assert_equal "$(head -n 1 bob.out)" '#subprotocol ndjson.safestream'
	assert_equal "$(grep . bob.raw | jq -r .message)" "$(jq -r .message lines)"
}

@test "other subprotocols are not taken up, and do no harm" {
	start_pipeline
	run talk alice --subprotocol chat --subprotocol soap --show-subprotocol \
		--send "$(say hello)" --expect 1
	assert_success
	assert_line -n 0 '#subprotocol None'
	run talk alice --subprotocol chat --subprotocol ndjson.safestream \
		--show-subprotocol --send "$(say hello)" --expect 1
	assert_success
	assert_line -n 0 '#subprotocol ndjson.safestream'
}

@test "permessage-deflate is not offered" {
	start_pipeline
	run handshake 'GET /ws/alice HTTP/1.1' "$HOST" "$UPGRADE" "$CONNECTION" \
		"$KEY" "$VERSION" \
		'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'
	assert_line -n 0 --regexp '^HTTP/1.1 101 '
	refute_output --partial deflate
}
