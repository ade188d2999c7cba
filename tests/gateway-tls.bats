#!/usr/bin/env bats
# gateway-tls.bats: viewers over TLS get what others get, slow ones too; new
# certificates are taken while they are there.

load viewers

# certificate NAME [ARG...]: NAME.crt and NAME.key for 127.0.0.1
certificate() {
	openssl req -x509 -nodes -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName = IP:127.0.0.1' \
		-keyout "$1.key" -out "$1.crt" "${@:2}" 2>openssl.log
}

ec() {
	certificate "$1" -newkey ec -pkeyopt ec_paramgen_curve:prime256v1
}

use() {
	cp "$1.crt" now.crt.new
	cp "$1.key" now.key.new
	mv now.crt.new now.crt
	mv now.key.new now.key
}

tls_gateway() {
	ec one
	use one
	start_gateway_on_a_bus --tls-cert now.crt --tls-key now.key "$@"
}

# The helpers wait for an http: address.
start_gateway() {
	start_bg gw ss-gateway --port 0 --rate 0 --repeat-after 0 "$@"
	wait_for 10 port_known_tls
	export SS_URL=https://127.0.0.1:$SS_PORT CURL_CA_BUNDLE=$WORK/now.crt
	WS_URL=wss://127.0.0.1:$SS_PORT/ws
}

port_known_tls() {
	SS_PORT=$(sed -n 's/.*listening on https:.*:\([0-9]*\)$/\1/p' gw.err)
	[ -n "$SS_PORT" ]
}

# Who is served now, as a client sees it that trusts only FILE.
subject() {
	openssl s_client -connect "127.0.0.1:$SS_PORT" -CAfile "$1" \
		-verify_return_error </dev/null 2>&1 |
		sed -n 's/^subject=CN *= *//p'
}

is_served() {
	[ "$(subject "$1.crt")" = "$1" ]
}

@test "messages, HTTP and close codes by TLS" {
	tls_gateway
	listen bob --cafile now.crt --until end
	client "$WS_URL/alice" --cafile now.crt --send "$(say hi)" \
		--ping x --until '#pong x'
	wait_for 5 grep -q '"message":"hi"' gw.out
	for i in {1..50}; do
		printf '{"type":"chat","n":%d,"message":"%0100d"}\n' "$i" 0
	done >want
	echo '{"type":"chat","message":"end"}' >>want
	cat want >&5
	wait_exit bob
	assert_equal "$status" 0
	assert cmp want bob.out
	run -0 curl -fsS "$SS_URL/api/recent?limit=1"
	assert_output --partial '"end"'
	run -0 client "$WS_URL/carl" --cafile now.crt --binary x --expect-close 1003
	run -0 client "$WS_URL/carl" --cafile now.crt --close 1000 \
		--expect-close 1000
	listen dora --cafile now.crt --expect-close 1012
	stop gw
	assert_equal "$status" 0
	wait_exit dora
	assert_equal "$status" 0
}

@test "by TLS, too, viewers are pinged, and dropped when they don't answer" {
	tls_gateway --ping 1 --idle-timeout 2
	drops_who_is_silent --cafile now.crt
}

@test "workers by TLS take a token from a browser's subprotocols" {
	ss-token keygen hs.key
	ss-token keygen other.key
	tls_gateway --workers 2 --jwt-key hs.key
	t=$(ss-token mint --key hs.key --sub alice)
	for i in {1..6}; do
		run -0 client "$WS_URL/alice" --cafile now.crt \
			--subprotocol bearer --subprotocol "$t" \
			--show-subprotocol --ping x --until '#pong x'
		assert_line -n 0 '#subprotocol bearer'
	done
	run client "$WS_URL/alice" --cafile now.crt --subprotocol bearer \
		--subprotocol "$(ss-token mint --key other.key --sub alice)"
	assert_line --regexp '^#status 401 '
	listen alice --cafile now.crt --subprotocol bearer --subprotocol "$t" \
		--send "$(say hi)" --until end
	wait_for 5 grep -q '"user":"alice","message":"hi"' gw.out
	echo '{"type":"chat","message":"end"}' | tee want >&5
	wait_exit alice
	assert_equal "$status" 0
	assert cmp want alice.out
}

@test "hostile HTTP gets its 4xx by TLS, too" {
	tls_gateway
	run -0 python3 "$TESTS/hostile.py" http "$SS_PORT" --tls
	refute_line --regexp '^BAD'
	assert_line 'gifts 27'
	run -0 kill -0 "$(pid gw)"
}

@test "RFC 6455 by TLS, too" {
	tls_gateway --echo /echo
	run -0 python3 "$TESTS/conformance.py" "$SS_PORT" /echo tls
	refute_line --regexp '^FAILED'
	assert [ "${#lines[@]}" -gt 200 ]
}

# A record has up to 16 KiB, which may be more than is read at once: the rest
# of it makes no descriptor readable.
@test "requests of all sizes by TLS" {
	local n body

	tls_gateway
	for n in 7000 8050 9000 16300 16500 60000; do
		body=$(printf '{"from":"a","gift_id":1,"amount":1,"x":"%0*d"}' "$n" 0)
		run -0 curl -sS -m 5 --json "$body" "$SS_URL/api/gift"
		assert_output --partial '"status":"queued"'
	done
}

@test "several lines in a frame by TLS" {
	tls_gateway
	listen bob --cafile now.crt --subprotocol ndjson.safestream --until end
	for i in {1..300}; do
		printf '{"type":"chat","n":%d,"message":"%0900d"}\n' "$i" 0
	done >want
	echo '{"type":"chat","message":"end"}' >>want
	cat want >&5
	wait_exit bob
	assert_equal "$status" 0
	assert cmp want bob.out
}

@test "a viewer by TLS who reads late gets it all, one who doesn't gets 4008" {
	tls_gateway --max-lag 16M
	start_bg late /usr/bin/python3 "$TESTS/client.py" "$WS_URL/late" \
		--cafile now.crt --rcvbuf 4096 --touch late.up --timeout 100 \
		--wait-file go --until '"end"' --silent --raw-out late.got
	wait_for 10 test -e late.up
	listen quick --cafile now.crt --until '"end"' --silent --raw-out quick.got
	for i in {1..6000}; do
		printf '{"type":"chat","n":%d,"message":"%01000d"}\n' "$i" 0
	done >want
	echo '{"type":"chat","message":"end"}' >>want
	cat want >&5
	wait_exit quick 30
	assert_equal "$status" 0
	touch go
	wait_exit late 30
	assert_equal "$status" 0
	assert cmp want quick.got
	assert cmp want late.got
}

@test "who doesn't read by TLS is cut off" {
	tls_gateway --max-lag 64K
	start_bg slow /usr/bin/python3 "$TESTS/client.py" "$WS_URL/slow" \
		--cafile now.crt --rcvbuf 4096 --touch slow.up --timeout 100 \
		--wait-file go
	wait_for 10 test -e slow.up
	for i in {1..6000}; do
		printf '{"type":"chat","n":%d,"message":"%01000d"}\n' "$i" 0
	done >&5
	cut_off() {
		curl -fsS "$SS_URL/metrics" | grep -x \
			'safestream_slow_viewers_total 1'
	}
	wait_for 10 cut_off
	touch go
}

@test "SIGHUP takes new certificates, and drops nobody" {
	tls_gateway
	listen bob --cafile one.crt --until end
	assert is_served one
	certificate two -newkey rsa:2048 # of another kind
	use two
	kill -HUP "$(pid gw)"
	wait_for 5 is_served two
	# what can't be used is not taken, and said
	for bad in mix none text; do
		case $bad in
		mix) ec three && cp three.key now.key ;;
		none) rm now.crt ;;
		text) echo nonsense >now.crt ;;
		esac
		: >gw.err
		kill -HUP "$(pid gw)"
		wait_for 5 test -s gw.err
		assert is_served two
	done
	assert grep -q '^ss-gateway: now.crt: ' gw.err
	echo '{"type":"chat","message":"end"}' >&5
	wait_exit bob
	assert_equal "$status" 0
}

@test "TLS 1.2 with forward secrecy at least, and no HTTP/2" {
	tls_gateway
	shake() {
		openssl s_client -connect "127.0.0.1:$SS_PORT" "$@" \
			</dev/null 2>&1
	}
	run shake -tls1_2
	assert_output --regexp 'Cipher is ECDHE-ECDSA-(AES|CHACHA)'
	run shake -tls1_3
	assert_output --partial 'Cipher is TLS_'
	run shake -tls1_1 -cipher 'DEFAULT@SECLEVEL=0'
	assert_output --partial 'Cipher is (NONE)'
	run shake -tls1_2 -cipher 'AES128-SHA:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA'
	assert_output --partial 'Cipher is (NONE)'
	run shake -alpn h2
	refute_output --partial 'ALPN protocol: h2'
	# who speaks plain HTTP, or nonsense, is no trouble to others
	printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' |
		client raw "$SS_PORT" --timeout 3 || :
	head -c 5000 /dev/urandom | client raw "$SS_PORT" --timeout 3 || :
	run -0 curl -fsS "$SS_URL/healthz"
}

@test "certificates that can't be used are refused at the start" {
	ec one
	ec two
	run -1 --separate-stderr ss-gateway -p 0 --tls-cert one.crt \
		--tls-key two.key
	assert_equal "$stderr" \
		'ss-gateway: two.key: not the key of that certificate'
	run -1 --separate-stderr ss-gateway -p 0 --tls-cert none \
		--tls-key one.key
	assert_equal "$stderr" 'ss-gateway: none: No such file or directory'
	openssl genrsa -out rsa.key 2048 2>openssl.log
	run -1 --separate-stderr ss-gateway -p 0 --tls-cert one.crt \
		--tls-key rsa.key
	assert_equal "$stderr" \
		'ss-gateway: rsa.key: not the key of that certificate'
	openssl ec -aes128 -passout pass:secret -in one.key -out locked.key \
		2>openssl.log
	run -1 --separate-stderr timeout 10 ss-gateway -p 0 \
		--tls-cert one.crt --tls-key locked.key
	assert_regex "$stderr" '^ss-gateway: locked.key: no private key in PEM'
	run -2 --separate-stderr ss-gateway --tls-cert one.crt
}

# The status of a gift from a page of this origin.
gift_from() { # ORIGIN [CURL'S...]
	curl -sS -o answer -w '%{http_code}' -H "Origin: $1" "${@:2}" \
		-H 'Content-Type: application/json' \
		-d '{"from":"a","gift_id":1,"amount":1}' "$SS_URL/api/gift"
}

@test "where TLS is spoken a page by plain HTTP is none of ours" {
	tls_gateway
	host=127.0.0.1:$SS_PORT
	run -0 client "$WS_URL/a" --cafile now.crt \
		--header "Origin: https://$host"
	for origin in "http://$host" "HTTP://$host" "http:$host"; do
		run -3 client "$WS_URL/a" --cafile now.crt \
			--header "Origin: $origin"
		assert_output --partial '#status 403'
		assert_equal "$(gift_from "$origin")" 403
	done
	for host in chat.example chat.example:443 chat.example:8443; do
		assert_equal "$(gift_from "https://$host" -H "Host: $host")" 200
		assert_equal "$(gift_from "http://$host" -H "Host: $host")" 403
	done
	assert_equal "$(gift_from http://chat.example \
		-H 'Host: chat.example:80')" 403
	stop gw
	# unless it is said to be
	start_gateway --tls-cert now.crt --tls-key now.key \
		--origin http://chat.example
	run -0 client "$WS_URL/a" --cafile now.crt \
		--header 'Origin: http://chat.example'
}
