#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2034,SC2154
# gateway-token.bats: who gets in with which token, and who never does.

load viewers

setup() {
	helper_setup
	ss-token keygen hs.key
	ss-token keygen --alg es256 es.pem
}

# mint NAME [OPTION]...: a token, signed with hs.key
mint() {
	ss-token mint --key hs.key --sub "$@"
}

# b64 TEXT: base64url of it
b64() {
	printf %s "$1" | base64 -w0 | tr +/ -_ | tr -d =
}

# restart_gateway: by force; the pipeline stays
restart_gateway() {
	exec 5>p1
	stop gw KILL
	BG_OUT=p1 start_gateway --jwt-key hs.key
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

# forge HEADER CLAIMS KEYFILE: a token, HMAC-signed with the bytes of a file
forge() {
	local text key

	text=$(b64 "$1").$(b64 "$2")
	key=$(od -An -v -tx1 "$3" | tr -d ' \n')
	echo "$text.$(printf %s "$text" | openssl dgst -sha256 -mac HMAC \
		-macopt "hexkey:$key" -binary | base64 -w0 | tr +/ -_ | tr -d =)"
}

# header TOKEN: the option that sends it
header() {
	echo "--header=Authorization: Bearer $1"
}

UPGRADE=(-s -o /dev/null -w '%{http_code} ' --max-time 5 --http1.1
	-H 'Connection: Upgrade' -H 'Upgrade: websocket'
	-H 'Sec-WebSocket-Version: 13'
	-H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')

# refuses STATUS TOKEN [NAME]: in each of its three places, and for a gift
refuses() {
	local url=$SS_URL/ws/${3:-alice}

	run curl "${UPGRADE[@]}" -H "Authorization: Bearer $2" "$url" \
		--next "${UPGRADE[@]}" "$url?token=$2" \
		--next "${UPGRADE[@]}" -H "Sec-WebSocket-Protocol: bearer, $2" \
		"$url"
	assert_output "$1 $1 $1 "
	run gift "$2" "${3:-alice}"
	assert_output "$1"
}

# gift TOKEN FROM [OPTION]...: the status of the answer
gift() {
	local token=$1 from=$2

	shift 2
	curl -s -o answer -w '%{http_code}' -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' "$@" \
		-d "{\"from\":\"$from\",\"gift_id\":1,\"amount\":1}" \
		"$SS_URL/api/gift"
}

later() {
	(($(date +%s) >= $1))
}

@test "a valid token gets in, by header, query or subprotocol" {
	start_pipeline --jwt-key hs.key
	t=$(mint alice)
	run talk alice "$(header "$t")" --send "$(say hello)" --expect 1
	assert_success
	assert_output --partial '"user":"alice","message":"hello"'
	refute_output --partial '"role"'
	run client "$WS_URL/alice?history=0&token=$t" --send "$(say hello)" \
		--expect 2
	assert_success
	run talk alice --subprotocol bearer --subprotocol "$t" \
		--show-subprotocol --send "$(say hello)" --expect 1
	assert_success
	assert_line -n 0 '#subprotocol bearer'
	run talk alice --subprotocol bearer --subprotocol "$t" \
		--subprotocol ndjson.safestream --show-subprotocol \
		--send "$(say hello)" --expect 1
	assert_success
	assert_line -n 0 '#subprotocol ndjson.safestream'
	run gift "$t" alice
	assert_output 200
	# it is nowhere to be read
	run grep -rF "${t##*.}" gw.err logs
	assert_failure
}

@test "a token as long as it may be gets in by every way" {
	start_pipeline --jwt-key hs.key
	rooms=()
	for i in {10..60}; do
		rooms+=(--room "$(printf '%050d' "$i")")
	done
	t=$(mint alice --room main "${rooms[@]}")
	((${#t} > 3500))
	run talk alice "$(header "$t")" --send "$(say hello)" --expect 1
	assert_success
	run client "$WS_URL/alice?token=$t&room=main" --send "$(say hello)" \
		--expect 1
	assert_success
	run talk alice --subprotocol bearer --subprotocol "$t" \
		--send "$(say hello)" --expect 1
	assert_success
}

@test "without a token nobody gets in" {
	start_pipeline --jwt-key hs.key
	run talk alice
	assert_line --regexp '^#status 401 .*"error":"unauthorized"'
	run curl -si -H 'Content-Type: application/json' \
		-d '{"from":"a","gift_id":1,"amount":1}' "$SS_URL/api/gift"
	assert_line --regexp '^HTTP/1.1 401 '
	assert_line --regexp '^WWW-Authenticate: Bearer realm="safestream".$'
	run curl -si -u alice:secret -H 'Content-Type: application/json' \
		-d '{"from":"a","gift_id":1,"amount":1}' "$SS_URL/api/gift"
	assert_line --regexp '^HTTP/1.1 401 '
	# the public parts stay public
	run curl -fsS "$SS_URL/api/recent"
	assert_output '{"events":[]}'
	run curl -fsS "$SS_URL/healthz"
	assert_success
}

@test "forged, broken and foreign tokens get 401" {
	ss-token keygen other.key
	start_pipeline --jwt-key hs.key
	good=$(mint alice)
	refuses 401 "$(ss-token mint --key other.key --sub alice)"
	refuses 401 "$(ss-token mint --key es.pem --sub alice)"
	refuses 401 "${good%?????}AAAAA"
	refuses 401 "${good}A"
	refuses 401 "${good}.e30"
	refuses 401 "${good%.*}."
	refuses 401 "${good%.*}"
	refuses 401 "$(b64 '{"alg":"none"}').$(b64 '{"sub":"alice"}')."
	refuses 401 "$(b64 '{"alg":"none"}').$(b64 '{"sub":"alice"}').${good##*.}"
	refuses 401 x
	run gift "$good" alice
	assert_output 200
	run curl -si -H "Authorization: Bearer x.y.z" \
		-H 'Content-Type: application/json' -d '{}' "$SS_URL/api/gift"
	assert_line --regexp '^WWW-Authenticate: .*error="invalid_token"'
	# not a line got through but that one
	stop gw
	run ss-replay
	assert_equal "${#lines[@]}" 1
}

@test "a public key is never an HMAC's secret, nor the other way round" {
	ss-token keygen --alg rs256 rs.pem
	start_pipeline --jwt-key rs.pub --jwt-key es.pub
	for key in rs.pub es.pub; do
		refuses 401 "$(forge '{"alg":"HS256"}' '{"sub":"alice"}' $key)"
		refuses 401 "$(forge '{"alg":"RS256"}' '{"sub":"alice"}' $key)"
		head -c -1 $key >bare
		refuses 401 "$(forge '{"alg":"HS256"}' '{"sub":"alice"}' bare)"
	done
	for key in rs.pem es.pem; do
		run talk alice "$(header \
			"$(ss-token mint --key $key --sub alice)")" \
			--send "$(say hello)" --expect 1
		assert_success
	done
}

@test "expired, too early, for somebody else: 401" {
	start_pipeline --jwt-key hs.key --audience chat
	refuses 401 "$(SS_TEST_NOW=2020-01-01T00:00:00Z mint alice --aud chat)"
	refuses 401 "$(mint alice --aud chat --nbf 1m)"
	refuses 401 "$(mint alice --aud chatter)"
	refuses 401 "$(mint alice)"
	refuses 401 "$(forge '{"alg":"HS256"}' '{"sub":"alice","aud":["x"]}' \
		<(head -c -1 hs.key))"
	run talk alice "$(header "$(mint alice --aud chat)")" \
		--send "$(say hello)" --expect 1
	assert_success
}

@test "another user's token gets 403, an admin may give for others" {
	start_pipeline --jwt-key hs.key
	refuses 403 "$(mint bob)"
	refuses 403 "$(mint Alice)"
	run talk alice "$(header "$(mint root --role admin)")"
	assert_line --regexp '^#status 403 '
	run gift "$(mint root --role admin)" alice
	assert_output 200
	run gift "$(mint carol --role streamer)" alice
	assert_output 403
	run cat answer
	assert_output --partial '"error":"forbidden"'
}

@test "rooms in a token are the only ones it is good for" {
	start_pipeline --jwt-key hs.key
	t=$(mint alice --room den --room attic)
	run client "$WS_URL/alice?token=$t"
	assert_line --regexp '^#status 403 '
	run client "$WS_URL/alice?room=de&token=$t"
	assert_line --regexp '^#status 403 '
	run client "$WS_URL/alice?room=attic&token=$t" --send "$(say hello)" \
		--expect 1
	assert_success
	run gift "$t" alice
	assert_output 403
	run curl -s -o /dev/null -w '%{http_code}' \
		-H "Authorization: Bearer $t" \
		-H 'Content-Type: application/json' "$SS_URL/api/gift" \
		-d '{"from":"alice","gift_id":1,"amount":1,"room":"den"}'
	assert_output 200
	none=$(forge '{"alg":"HS256"}' '{"sub":"alice","rooms":[]}' \
		<(head -c -1 hs.key))
	refuses 403 "$none"
}

@test "two tokens at once, and huge ones, are refused" {
	start_pipeline --jwt-key hs.key
	t=$(mint alice)
	run client "$WS_URL/alice?token=$t" "$(header "$t")"
	assert_line --regexp '^#status 400 '
	run client "$WS_URL/alice?token=$t" --subprotocol bearer \
		--subprotocol "$t"
	assert_line --regexp '^#status 400 '
	run talk alice --subprotocol bearer
	assert_line --regexp '^#status 400 '
	# twice in one place
	for more in "token=$t" token=x token= token; do
		run client "$WS_URL/alice?token=$t&$more"
		assert_line --regexp '^#status 400 '
	done
	run gift "$t" alice -H "Authorization: Bearer $t"
	assert_output 400
	run talk alice --subprotocol bearer --subprotocol "$t" \
		--subprotocol bearer --subprotocol "$t"
	assert_line --regexp '^#status 400 '
	# white space around a header's value is no part of it
	run gift "$t"$' \t ' alice
	assert_output 200
	huge=$t$(printf 'A%.0s' {1..4000})
	run gift "$huge" alice
	assert_output 401
	run client "$WS_URL/alice?token=$huge"
	assert_line --regexp '^#status 401 '
	run talk alice --subprotocol bearer --subprotocol "$huge"
	assert_line --regexp '^#status 400 '
	run gift "$t$(printf 'A%.0s' {1..20000})" alice
	refute_output 200
	run talk alice "$(header "$t")" --send "$(say hello)" --expect 1
	assert_success
}

@test "the role stands on the line; a client can't set it" {
	start_pipeline --jwt-key hs.key
	run talk mod "$(header "$(mint mod --role moderator)")" \
		--send "$(say hello)" --expect 1
	assert_output --partial '"role":"moderator"'
	run talk alice "$(header "$(mint alice)")" --send \
		'{"type":"chat","message":"hello","role":"admin"}' --expect 1
	refute_output --partial role
	run gift "$(mint vip --role subscriber)" vip
	assert_output 200
	stop gw
	run ss-replay
	assert_line --partial '"from":"vip"'
	assert_line --partial '"role":"subscriber"'
}

@test "a connection ends with 4001 when its token does" {
	start_pipeline --jwt-key hs.key
	# on a busy machine it may be over before it is shown
	for ttl in 3s 9s 27s; do
		run talk alice "$(header "$(mint alice --ttl "$ttl")")" \
			--timeout 60 --send "$(say hello)" --expect 1 \
			--expect-close 4001
		[[ $output = *'token: expired'* ]] || break
	done
	assert_success
	assert_line '#close 4001 token expired'
}

@test "a new token over the socket keeps the connection open" {
	start_pipeline --jwt-key hs.key
	end=$(($(date +%s) + 4))
	auth=$(mint alice --role subscriber | jq -Rc '{type: "auth", token: ., nonce: "n"}')
	listen alice "$(header "$(mint alice --ttl 3s)")" --send "$auth" \
		--expect 1 --wait-file go --send "$(say 'still here')" --expect 1
	wait_for 10 later "$end"
	touch go
	wait_exit alice
	assert_equal "$status" 0
	run jq -c 'select(.type == "auth") | [.role, .nonce, (.expires | length)]' \
		alice.out
	assert_output '["subscriber","n",24]'
	run jq -c 'select(.type == "chat") | [.message, .role]' alice.out
	assert_output '["still here","subscriber"]'
}

@test "who becomes staff by a token sees what is blocked, until he is none" {
	as() {
		mint alice --role "$1" | jq -Rc '{type: "auth", token: .}'
	}
	# feed N...: each blocked, with one behind it that all see
	feed() {
		printf '{"type":"chat","user":"x","message":"%s","blocked":true}\n{"type":"chat","user":"x","message":"end%s"}\n' \
			"$1" "$1" >&5
	}
	start_gateway_on_a_bus --jwt-key hs.key
	listen alice "$(header "$(mint alice)")" --until end1 \
		--send "$(as moderator)" --until end2 \
		--send "$(as viewer)" --until end3
	feed 1
	wait_for 10 grep -q '"role":"moderator"' alice.out
	feed 2
	wait_for 10 grep -q '"role":"viewer"' alice.out
	feed 3
	wait_exit alice
	assert_equal "$status" 0
	run jq -r '.message // .role' alice.out
	assert_output "$(printf '%s\n' end1 moderator 2 end2 viewer end3)"
}

@test "a wrong token over the socket changes nothing" {
	ss-token keygen other.key
	start_pipeline --jwt-key hs.key
	for t in "$(mint bob --role admin)" x "$(mint alice --room den)" \
		"$(ss-token mint --key other.key --sub alice)" \
		"$(b64 '{"alg":"none"}').$(b64 '{"sub":"alice"}')."; do
		run talk alice "$(header "$(mint alice)")" \
			--send "$(jq -Rc '{type: "auth", token: .}' <<<"$t")" \
			--expect 1 --send "$(say hello)" --expect 1
		assert_success
		assert_line -n 0 --partial '"code":"forbidden"'
		assert_line -n 1 --partial '"user":"alice","message":"hello"'
		refute_line -n 1 --partial role
	done
	run talk alice "$(header "$(mint alice)")" \
		--send '{"type":"auth","token":5}' --expect 1
	assert_line -n 0 --partial '"code":"bad_message"'
	# and its end comes all the same
	run talk alice "$(header "$(mint alice --ttl 3s)")" \
		--send '{"type":"auth","token":"x"}' --expect-close 4001
	assert_success
}

@test "tokens over the socket are limited" {
	start_pipeline --jwt-key hs.key
	for i in {1..20}; do
		echo '{"type":"auth","token":"x"}'
	done >lines
	run talk alice "$(header "$(mint alice)")" --send-lines lines --expect 20
	assert_success
	assert_output --partial '"code":"rate_limited"'
	assert_equal "$(jq -c 'select(.code == "rate_limited") |
		.retry_after | . >= 1 and . <= 10' <<<"$output" | sort -u)" true
}

@test "without a key tokens mean nothing" {
	start_pipeline
	run talk alice "$(header x)" --send '{"type":"auth","token":"x"}' \
		--expect 1 --send "$(say hello)" --expect 1
	assert_success
	assert_line -n 0 --partial '"code":"forbidden"'
	run client "$WS_URL/alice?token=$(mint bob --role admin)" \
		--subprotocol bearer --subprotocol x --send "$(say hello)" \
		--expect 1
	assert_success
	refute_output --partial role
}

@test "keys in a folder are chosen by kid, and read again on HUP" {
	mkdir keys
	ss-token keygen keys/one.key
	ss-token keygen --alg eddsa ed.pem
	cp ed.pub keys/two.pub
	echo 'a text that is long enough to be a secret' >keys/README
	start_pipeline --jwt-key keys
	one=$(ss-token mint --key keys/one.key --kid one --sub alice)
	two=$(ss-token mint --key ed.pem --kid two --sub alice)
	for t in "$one" "$two"; do
		run gift "$t" alice
		assert_output 200
	done
	run gift "$(ss-token mint --key ed.pem --kid one --sub alice)" alice
	assert_output 401
	mv keys/one.key .
	cp hs.key keys/three.key
	kill -HUP "$(pid gw)"
	three=$(mint alice --kid three)
	accepted() { [ "$(gift "$three" alice)" = 200 ]; }
	wait_for 5 accepted
	run gift "$one" alice
	assert_output 401
	# a bad key leaves those that were
	echo short >keys/four.key
	kill -HUP "$(pid gw)"
	wait_for 5 grep -q 'keys/four.key: a secret must have 32 bytes' gw.err
	run gift "$three" alice
	assert_output 200
}

@test "keys that are none stop the start" {
	for f in /nonexistent es.pem .; do
		run ss-gateway --port 0 --jwt-key $f
		assert_failure 1
		assert_output --regexp '^ss-gateway: jwt-key: '
	done
	run ss-gateway --audience chat
	assert_failure 2
}

# Whoever has the key could sign with it else.
@test "a public key in whatever form is no secret" {
	openssl genrsa -out rs.pem 2048 2>/dev/null
	openssl pkey -in rs.pem -pubout -out pub.pem
	openssl rsa -in rs.pem -RSAPublicKey_out -outform DER \
		-out pkcs1.der 2>/dev/null
	openssl pkey -in rs.pem -pubout -outform DER -out spki.der
	openssl req -x509 -key rs.pem -subj /CN=x -outform DER -out cert.der
	grep -v -- --- pub.pem >bare
	tr -d '\n' <bare >line
	base64 <pub.pem >twice
	od -An -v -tx1 spki.der >hex
	iconv -f ascii -t utf-16 pub.pem >utf16
	openssl pkey -in rs.pem -pubout -text -noout >text
	for f in pkcs1.der spki.der cert.der bare line twice hex utf16 text; do
		run ss-gateway --port 0 --jwt-key $f
		assert_failure 1
		assert_output "ss-gateway: jwt-key: $f: a key, but not in PEM"
	done
}

@test "workers demand tokens too, and read new keys" {
	cp hs.key key
	start_pipeline --workers 2 --jwt-key key
	t=$(mint alice)
	for i in {1..6}; do
		run talk alice
		assert_line --regexp '^#status 401 '
		run gift "$t" alice
		assert_output 200
	done
	run talk alice "$(header "$(mint alice --ttl 3s)")" --expect-close 4001
	assert_success
	ss-token keygen new.key
	cp new.key key
	kill -HUP "$(pid gw)"
	t2=$(ss-token mint --key new.key --sub alice)
	all_new() {
		local i

		for i in {1..10}; do
			[ "$(gift "$t2" alice)" = 200 ] || return 1
			[ "$(gift "$t" alice)" = 401 ] || return 1
		done
	}
	wait_for 10 all_new
}

@test "an open address earns a warning, unless tokens are demanded" {
	start_gateway --addr 0.0.0.0
	run cat gw.err
	assert_output --partial 'is not a loopback address'
	stop gw
	start_gateway --addr 0.0.0.0 --jwt-key hs.key
	run cat gw.err
	refute_output --partial 'is not a loopback address'
}

@test "a moderator of some rooms decides and deletes in these alone" {
	MODERATE_OPTS=(--hold 2)
	start_pipeline --jwt-key hs.key --repeat-after 0
	lim=$(mint lim --role moderator --room a)
	run client "$WS_URL/bob?room=b&token=$(mint bob)" \
		--send "$(say hello)" --send "$(say 'you are an idiot')" --expect 2
	assert_success
	said=$(jq -r 'select(.held | not).id' <<<"$output")
	held=$(jq -r 'select(.held).id' <<<"$output")
	for what in approve deny; do
		SS_TOKEN=$lim run ss-ctl --url "$SS_URL" --room a $what "$held"
		assert_failure 1
		assert_output --partial '409 conflict'
	done
	SS_TOKEN=$lim run ss-ctl --url "$SS_URL" --room a delete "$said" --wait
	# from the control socket: in its place, and not in force all the same
	ss-ctl --room a --wait delete "$held"
	ss-ctl --room a approve "$held" || true
	run curl -fsS "$SS_URL/api/recent?room=b"
	assert_equal "$(jq -r '.events[].message' <<<"$output")" hello
	SS_TOKEN=$(mint mod --role moderator --room b) run ss-ctl \
		--url "$SS_URL" --room b approve "$held"
	assert_success
	# a new gateway hears the same from the bus
	BG_OUT=/dev/null start_bg gw2 ss-gateway --port 0 --jwt-key hs.key
	wait_for 10 port_known gw2
	approved() {
		curl -fsS "http://127.0.0.1:$SS_PORT/api/recent?room=b" |
			jq -r '.events[] | select(.type == "chat").message' |
			xargs | grep -x 'hello you are an idiot'
	}
	wait_for 10 approved
}

@test "nobody can look like a moderator who only acts" {
	start_pipeline --jwt-key hs.key
	SS_TOKEN=$(mint carol --role moderator) run ss-ctl --url "$SS_URL" \
		mute bob --wait
	assert_success
	refuses 403 "$(mint car0l)" car0l
	restart_gateway
	refuses 403 "$(mint car0l)" car0l
	run talk carola "$(header "$(mint carola)")"
	assert_success
}

@test "nobody below can look like a moderator" {
	start_pipeline --jwt-key hs.key
	run talk carol "$(header "$(mint carol --role moderator)")" \
		--send "$(say hello)" --expect 1
	assert_success
	for name in Carol CAROL caroI car0l CAROl; do
		refuses 403 "$(mint $name)" $name
	done
	run cat answer
	assert_output --partial 'looks like a moderator'
	# his own name, with a lower role, another one, and a higher role
	for args in carol carola 'car0l --role streamer'; do
		# shellcheck disable=SC2086
		run talk ${args%% *} "$(header "$(mint $args)")" \
			--send "$(say hello)" --expect 1
		assert_success
	done
	# a gift in somebody's name by an admin makes nobody one
	run gift "$(mint root --role admin)" dave
	assert_output 200
	run gift "$(mint Dave)" Dave
	assert_output 200
}

@test "moderators' names are known again after a restart" {
	start_pipeline --jwt-key hs.key
	run talk carol "$(header "$(mint carol --role moderator)")" \
		--send "$(say hello)" --expect 1
	assert_success
	restart_gateway
	refuses 403 "$(mint caroI)" caroI
	run talk carola "$(header "$(mint carola)")"
	assert_success
}

@test "--protect: names that no guest can have, with several workers too" {
	printf 'streamer\n\nthe.mod\n' >names
	start_pipeline --workers 2 --protect ./names
	for name in streamer Streamer strearner the_mod the-rnod; do
		for i in 1 2 3; do
			run curl "${UPGRADE[@]}" "$SS_URL/ws/$name"
			assert_output '403 '
		done
	done
	run talk stream --send "$(say hello)" --expect 1
	assert_success
	run gift x streamer
	assert_output 403
	run gift x bob
	assert_output 200
	for names in a/b ./nothing 'a,b c,d!'; do
		run ss-gateway --port 0 --protect "$names"
		assert_failure 1
		assert_output --partial 'ss-gateway: protect: '
	done
}
