#!/usr/bin/env bats
# run --separate-stderr sets stderr; names in logs/ are ours
# shellcheck disable=SC2154,SC2016,SC2028,SC2031,SC2030
# ss-gift: one gift, batches, random ones; what a server's answers lead to.

load helper

# serve STEP...: the stand-in server with these answers; sets SS_URL
serve() {
	rm -f port
	start_bg server /usr/bin/python3 "$TESTS/gift_server.py" port log "$@"
	wait_for 10 test -s port
	SS_URL=http://127.0.0.1:$(cat port)
	export SS_URL
}

gift() {
	ss-gift --from admin --gift-id 1 --amount 5 "$@"
}

# at_least N: the server has had so many requests
at_least() {
	[ -f log ] && [ "$(wc -l <log)" -ge "$1" ]
}

requests() {
	if [ -f log ]; then wc -l <log; else echo 0; fi
}

# what JQ says about the requests, one line each
logged() {
	jq -rc "$1" log
}

without_ids() {
	jq -c 'del(.id, .ts)' "$@"
}

# --- one gift ---------------------------------------------------------------

@test "a gift is posted as JSON and nothing is said" {
	serve ok
	run --separate-stderr gift
	assert_success
	assert_output ''
	assert_equal "$stderr" ''
	assert_equal "$(logged '[.method, .path]')" '["POST","/api/gift"]'
	assert_equal "$(logged '.headers["content-type"]')" application/json
	assert_equal "$(logged .body)" '{"from":"admin","gift_id":1,"amount":5}'
	assert_equal "$(logged '.headers.authorization')" null
}

@test "-v tells the id and the status on stderr" {
	serve ok
	run --separate-stderr gift -v
	assert_success
	assert_output ''
	assert_equal "$stderr" 'ss-gift: 01ARZ3NDEKTSV4RRFFQ69G5FAV: queued'
}

@test "--room is sent, a slash behind the URL and a path in it are understood" {
	serve ok
	gift --room lobby --url "$SS_URL/"
	gift --url "$SS_URL/chat//"
	assert_equal "$(logged .path)" $'/api/gift\n/chat/api/gift'
	assert_equal "$(logged .body | head -1)" \
		'{"from":"admin","gift_id":1,"amount":5,"room":"lobby"}'
}

@test "every option can come from the environment, and arguments win" {
	serve ok
	SS_FROM=eve SS_GIFT_ID=7 SS_AMOUNT=8 ss-gift --amount 9
	assert_equal "$(logged .body)" '{"from":"eve","gift_id":7,"amount":9}'
}

@test "each gift has an Idempotency-Key of its own, --key gives one" {
	serve ok
	gift
	gift
	gift --key 'my key/1'
	run logged '.headers["idempotency-key"]'
	assert_line --index 2 'my key/1'
	refute [ "${lines[0]}" = "${lines[1]}" ]
	assert [ ${#lines[0]} -ge 16 ]
}

@test "the largest and the smallest numbers go through exactly" {
	serve ok
	ss-gift --from a --gift-id 0 --amount 9007199254740992
	assert_equal "$(logged .body)" \
		'{"from":"a","gift_id":0,"amount":9007199254740992}'
}

@test "a long answer is cut off, not kept" {
	serve big
	run --separate-stderr gift
	assert_success
}

@test "a token file's contents are sent as bearer token, trimmed" {
	serve ok
	printf '\n  abc.def-ghi \r\n' >token
	gift --token-file token
	SS_TOKEN_FILE=token gift
	assert_equal "$(logged .headers.authorization)" \
		$'Bearer abc.def-ghi\nBearer abc.def-ghi'
}

@test "without a token file SS_TOKEN is sent, if it is a token" {
	serve ok
	SS_TOKEN=abc.def-ghi gift
	echo from-file >token
	SS_TOKEN=abc.def-ghi gift --token-file token
	run --separate-stderr env SS_TOKEN='a b' ss-gift --from a --gift-id 1 \
		--amount 1
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: SS_TOKEN: not a token'
	assert_equal "$(logged .headers.authorization)" \
		$'Bearer abc.def-ghi\nBearer from-file'
}

@test "a token file that is missing, empty or no token is an error, not sent" {
	serve ok
	: >empty
	printf 'abc\nX-Evil: 1\n' >two
	head -c 20000 /dev/zero | tr '\0' a >long
	for f in missing empty two long .; do
		run --separate-stderr gift --token-file "$f"
		assert_failure 1
		[[ $stderr == "ss-gift: $f: "* ]]
		[[ $stderr != *X-Evil* && $stderr != *abc* ]]
	done
	assert_equal "$(requests)" 0
}

# --- refused ----------------------------------------------------------------

@test "an error shows the server's detail and is not tried again" {
	serve bad
	run --separate-stderr gift
	assert_failure 1
	assert_output ''
	assert_equal "$stderr" \
		'ss-gift: 400 bad_request: amount: must be an integer >= 1'
	assert_equal "$(requests)" 1
}

@test "no client error is tried again" {
	serve conflict
	run --separate-stderr gift
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: 409 conflict: another gift'
	assert_equal "$(requests)" 1
}

@test "an answer that is no JSON, or odd JSON, is told by its status" {
	serve plain odd
	run --separate-stderr gift
	assert_failure 1
	assert_equal "$stderr" "ss-gift: 500: $SS_URL/api/gift"
	run --separate-stderr gift
	assert_failure 1
	assert_equal "$stderr" "ss-gift: 400"
}

@test "a server can't write lines or escape sequences to the terminal" {
	serve evil
	run --separate-stderr gift
	assert_failure 1
	assert_equal "${#stderr_lines[@]}" 1
	[[ $stderr != *$'\x1b'* ]]
}

@test "a redirection is an error" {
	serve moved
	run --separate-stderr gift
	assert_failure 1
	[[ $stderr == 'ss-gift: 302'* ]]
	assert_equal "$(logged .path)" /api/gift
}

# --- tried again ------------------------------------------------------------

@test "503 is tried again after Retry-After, under the same key" {
	serve later ok
	start=$(date +%s%N)
	run --separate-stderr gift -v
	assert_success
	assert_equal "$(requests)" 2
	run logged '.headers["idempotency-key"]'
	assert_equal "${lines[0]}" "${lines[1]}"
	# never sooner than the server wants
	assert [ $((($(date +%s%N) - start) / 1000000)) -ge 1000 ]
	assert_line -n 0 --regexp '^[0-9A-Z]{26}$'
}

@test "429, 502, a closed and a reset connection are tried again" {
	for step in limit gateway close reset; do
		rm -f log
		serve "$step" ok
		run --separate-stderr gift
		assert_success
		assert_equal "$stderr" ''
		run logged '.headers["idempotency-key"]'
		assert_equal "${#lines[@]}" 2
		assert_equal "${lines[0]}" "${lines[1]}"
		stop server
	done
}

@test "a request that gets no answer is tried again after --timeout" {
	serve hang ok
	run --separate-stderr gift --timeout 0.2
	assert_success
	assert_equal "$(requests)" 2
}

@test "--retries limits the tries, then the reason is told" {
	serve limit
	run --separate-stderr gift --retries 1
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: 429 rate_limited: too many'
	assert_equal "$(requests)" 2
	run --separate-stderr gift --retries 0
	assert_failure 1
	assert_equal "$(requests)" 3
}

@test "a server that asks for a day's patience is given up at once" {
	serve never
	run --separate-stderr gift
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: 503 busy: gone'
	assert_equal "$(requests)" 1
}

@test "nobody listening is an error that names the address" {
	run --separate-stderr gift --url http://127.0.0.1:9 --retries 1
	assert_failure 1
	assert_equal "$stderr" \
		'ss-gift: http://127.0.0.1:9/api/gift: Connection refused'
}

@test "a server that comes up late is reached" {
	serve ok
	port=$(cat port)
	stop server
	start_bg late ss-gift --from a --gift-id 1 --amount 1 --retries 8
	wait_for 5 grep -q . /proc/"$(pid late)"/stat
	# the same port again
	sed "s/(\"127.0.0.1\", 0)/(\"127.0.0.1\", $port)/" \
		"$TESTS/gift_server.py" >server.py
	start_bg server2 /usr/bin/python3 server.py port log ok
	wait_exit late 20
	assert_equal "$status" 0
	assert_equal "$(requests)" 1
}

@test "TERM lets the gift in hand come to its end" {
	serve slow
	start_bg gift ss-gift --from a --gift-id 1 --amount 1
	wait_for 5 at_least 1
	kill -TERM "$(pid gift)"
	touch go
	wait_exit gift
	assert_equal "$status" 0
	assert_equal "$(cat gift.err)" ''
}

@test "TERM ends a request that gets no answer, exit 1; twice at once" {
	serve hang
	start_bg gift ss-gift --from a --gift-id 1 --amount 1 --timeout 1h
	wait_for 5 at_least 1
	stop gift TERM
	assert_equal "$status" 1
	assert_equal "$(cat gift.err)" \
		'ss-gift: interrupted: not known to be accepted'
	rm log
	start_bg gift ss-gift --from a --gift-id 1 --amount 1 --timeout 1h
	wait_for 5 at_least 1
	kill -TERM "$(pid gift)"
	stop gift INT
	assert_equal "$status" 1
	assert_equal "$(cat gift.err)" \
		'ss-gift: interrupted: not known to be accepted'
}

# --- misuse -----------------------------------------------------------------

misuse() {
	run --separate-stderr ss-gift "$@"
	assert_failure 2
	assert_output ''
	[[ ${stderr_lines[0]} == 'ss-gift: '* ]]
}

@test "missing and wrong arguments are misuse, and nothing is sent" {
	serve ok
	misuse
	misuse --from a --gift-id 1
	misuse --from a --amount 1
	misuse --gift-id 1 --amount 1
	misuse --from '' --gift-id 1 --amount 1
	misuse --from 'a b' --gift-id 1 --amount 1
	misuse --from é --gift-id 1 --amount 1
	misuse --from "$(printf 'a%.0s' {1..51})" --gift-id 1 --amount 1
	misuse --from a --gift-id -1 --amount 1
	misuse --from a --gift-id 1.0 --amount 1
	misuse --from a --gift-id 1x --amount 1
	misuse --from a --gift-id 1 --amount 0
	misuse --from a --gift-id 1 --amount 9007199254740994
	misuse --from a --gift-id 1 --amount 1 --room 'a/b'
	misuse --from a --gift-id 1 --amount 1 --key ''
	misuse --from a --gift-id 1 --amount 1 --key $'a\r\nX: y'
	misuse --from a --gift-id 1 --amount 1 --key "$(printf 'k%.0s' {1..65})"
	misuse --from a --gift-id 1 --amount 1 --url ftp://127.0.0.1
	misuse --from a --gift-id 1 --amount 1 --url 127.0.0.1:8000
	misuse --from a --gift-id 1 --amount 1 --url "$SS_URL/?x=1"
	misuse --from a --gift-id 1 --amount 1 --url ''
	misuse --from a --gift-id 1 --amount 1 --stdout -o unix:x
	misuse --from a --gift-id 1 --amount 1 -o tcp:x
	misuse --random -
	misuse --random --key k
	misuse --random file
	misuse - -
	misuse --interval -1 --random
	misuse --count x --random
	assert_equal "$(requests)" 0
}

# --- as lines ---------------------------------------------------------------

@test "--stdout prints the event's line in its order" {
	export SS_TEST_NOW=2026-11-23T09:30:00.456Z
	run --separate-stderr gift --stdout
	assert_success
	assert_output --regexp '^\{"type":"gift","id":"[0-9A-HJKMNP-TV-Z]{26}","from":"admin","gift_id":1,"amount":5,"ts":"2026-11-23T09:30:00.456Z"\}$'
	run --separate-stderr gift --stdout --room r --key k
	assert_success
	assert_equal "$(without_ids <<<"$output")" \
		'{"type":"gift","from":"admin","gift_id":1,"amount":5,"room":"r","nonce":"k"}'
}

@test "a closed stdout ends it quietly, a full one with an error" {
	run --separate-stderr bash -c \
		'ss-gift --random --interval 0 --stdout | head -n 3'
	assert_success
	assert_equal "${#lines[@]}" 3
	assert_equal "$stderr" ''
	run --separate-stderr bash -c 'ss-gift --random --interval 0 --stdout |
		:; echo "${PIPESTATUS[0]}"'
	assert_output 141
	assert_equal "$stderr" ''
	run --separate-stderr bash -c 'ss-gift --from a --gift-id 1 --amount 1 \
		--stdout >/dev/full'
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: stdout: No space left on device'
}

@test "-o unix: waits for the socket and writes the line to it" {
	start_bg gift ss-gift --from a --gift-id 1 --amount 2 \
		-o "unix:$PWD/in.sock" --timeout 10
	start_bg reader socat -u "UNIX-LISTEN:$PWD/in.sock" CREATE:got
	wait_exit gift
	assert_equal "$status" 0
	wait_exit reader
	assert_equal "$(without_ids got)" \
		'{"type":"gift","from":"a","gift_id":1,"amount":2}'
}

@test "-o unix: gives up after --timeout" {
	run --separate-stderr gift -o unix:nowhere.sock --timeout 0.1
	assert_failure 1
	assert_equal "$stderr" 'ss-gift: unix:nowhere.sock: Connection timed out'
}

# --- batches ----------------------------------------------------------------

@test "a batch is sent in its order, nonces as keys" {
	serve ok
	printf '%s\n' '{"from":"a","gift_id":1,"amount":1,"nonce":"n-1"}' '' \
		' {"amount":2,"gift_id":2,"from":"b","room":"r","x":[1]}' >in
	printf '{"from":"\\u0063","gift_id":3,"amount":3}\r' >>in
	run --separate-stderr ss-gift - <in
	assert_success
	assert_output ''
	assert_equal "$stderr" ''
	run logged .body
	assert_line -n 0 '{"from":"a","gift_id":1,"amount":1}'
	assert_line -n 1 '{"from":"b","gift_id":2,"amount":2,"room":"r"}'
	assert_line -n 2 '{"from":"c","gift_id":3,"amount":3}'
	assert_equal "$(logged '.headers["idempotency-key"]' | head -1)" n-1
}

@test "a bad line is told with its number and the rest goes on" {
	serve ok
	{
		echo 'nope'
		echo '[]'
		echo '{"gift_id":1,"amount":1}'
		echo '{"from":"a b","gift_id":1,"amount":1}'
		echo '{"from":"a","gift_id":-1,"amount":1}'
		echo '{"from":"a","gift_id":1.0,"amount":1}'
		echo '{"from":"a","amount":1}'
		echo '{"from":"a","gift_id":1,"amount":0}'
		echo '{"from":"a","gift_id":1,"amount":"1"}'
		echo '{"from":"a","gift_id":1,"amount":1,"room":""}'
		echo '{"from":"a","gift_id":1,"amount":1,"amount":2}'
		echo '{"from":"a","gift_id":1,"amount":1,"nonce":"x\r\nX-Evil: 1"}'
		echo '{"from":"a","gift_id":1,"amount":1,"nonce":""}'
		echo '{"from":"a","gift_id":1,"amount":1} x'
		printf '{"from":"a\0","gift_id":1,"amount":1}\n'
		printf '{"from":"\xff","gift_id":1,"amount":1}\n'
		head -c 1200000 /dev/zero | tr '\0' x
		echo
		echo '{"from":"good","gift_id":1,"amount":1}'
	} >in
	run --separate-stderr ss-gift - <in
	assert_failure 1
	assert_equal "${#stderr_lines[@]}" 17
	for i in {1..17}; do
		[[ ${stderr_lines[i - 1]} == "ss-gift: stdin:$i: "* ]]
	done
	[[ ${stderr_lines[7]} == *'amount: must be an integer >= 1' ]]
	assert_equal "$(logged .body)" '{"from":"good","gift_id":1,"amount":1}'
}

@test "a refused line does not stop the batch, and names its line" {
	serve ok bad ok
	printf '{"from":"a","gift_id":%d,"amount":1}\n' 1 2 3 >in
	run --separate-stderr ss-gift - <in
	assert_failure 1
	assert_equal "$stderr" \
		'ss-gift: stdin:2: 400 bad_request: amount: must be an integer >= 1'
	assert_equal "$(requests)" 3
}

@test "options fill in what a line leaves out" {
	run --separate-stderr ss-gift --from z --amount 7 --stdout - \
		<<<'{"gift_id":4}'
	assert_success
	assert_equal "$(without_ids <<<"$output")" \
		'{"type":"gift","from":"z","gift_id":4,"amount":7}'
}

@test "an empty batch sends nothing" {
	run --separate-stderr ss-gift - </dev/null
	assert_success
	assert_output ''
}

@test "a line typed is a gift sent at once" {
	serve ok
	mkfifo in
	BG_IN=in start_bg gift ss-gift -v -
	exec 5>in
	echo '{"from":"a","gift_id":1,"amount":1}' >&5
	wait_for 5 grep -q queued gift.err
	printf '{"from":"a","gift' >&5
	stop gift TERM # in mid-line, with nothing in hand
	assert_equal "$status" 0
	assert_equal "$(requests)" 1
}

@test "recorded gifts can be sent again from a log" {
	ss-gift --random --count 5 --interval 0 --seed 3 --stdout >log.jsonl
	run --separate-stderr ss-gift --stdout - <log.jsonl
	assert_success
	assert_equal "$(without_ids <<<"$output")" "$(without_ids log.jsonl)"
}

# --- random -----------------------------------------------------------------

@test "--random sends --count gifts from bot within the ranges" {
	ss-gift --random --count 2000 --interval 0 --stdout >got
	run jq -s '[length, ([.[].from] | unique), ([.[].gift_id] | min >= 1 and
		max <= 1000), ([.[].amount] | unique), ([.[].id] | unique | length)]
		' -c got
	assert_output '[2000,["bot"],true,[1,2,3,4,5],2000]'
}

@test "the same --seed gives the same gifts, another one others" {
	r() { ss-gift --random --count 20 --interval 0 --stdout "$@" | without_ids; }
	r --seed 7 >a
	r --seed 7 >b
	r --seed 8 >c
	r >d
	r >e
	cmp a b
	run ! cmp -s a c
	run ! cmp -s d e
	assert_equal "$(head -1 a)" \
		'{"type":"gift","from":"bot","gift_id":488,"amount":5}'
}

@test "what is given is not random, and leaves the rest as it was" {
	r() { ss-gift --random --count 20 --interval 0 --stdout --seed 7 "$@"; }
	r | jq -c .gift_id >a
	r --amount 3 --from z --room q >b
	jq -c .gift_id b | cmp - a
	assert_equal "$(jq -c '[.from, .room, .amount]' b | sort -u)" \
		'["z","q",3]'
	r --interval 0.001 --jitter | jq -c .gift_id | cmp - a
}

@test "TERM and INT end --random at once, exit 0" {
	serve ok
	for sig in TERM INT; do
		rm -f log
		start_bg gift ss-gift --random --interval 1h
		wait_for 5 at_least 1
		stop gift "$sig"
		assert_equal "$status" 0
		assert_equal "$(cat gift.err)" ''
	done
	stop server
	rm -f log
	serve hang
	start_bg gift ss-gift --random --timeout 1h
	wait_for 5 at_least 1
	stop gift TERM
	assert_equal "$status" 0
	assert_equal "$(cat gift.err)" ''
}

@test "--random goes on after a refused gift and fails in the end" {
	serve bad ok
	run --separate-stderr ss-gift --random --count 3 --interval 0
	assert_failure 1
	assert_equal "$(requests)" 3
	assert_equal "${#stderr_lines[@]}" 1
}

# --- with the others --------------------------------------------------------

@test "the gateway takes a gift and broadcasts it" {
	start_pipeline
	run --separate-stderr gift -v --key once
	assert_success
	id=${stderr#ss-gift: }
	id=${id%: queued}
	# the same key again is the same gift
	run --separate-stderr gift -v --key once
	assert_success
	assert_equal "$stderr" "ss-gift: $id: queued"
	wait_for 5 grep -q "$id" logs/chat_*.jsonl
	assert_equal "$(grep -c "$id" logs/chat_*.jsonl)" 1
	assert_equal "$(jq -c '[.from, .gift_id, .amount]' logs/chat_*.jsonl)" \
		'["admin",1,5]'
	# but not with another gift
	run --separate-stderr gift --amount 6 --key once
	assert_failure 1
	[[ $stderr == 'ss-gift: 409 '* ]]
}

@test "--streak sends a gift several times, each with the count so far" {
	run ss-gift --from a --gift-id 7 --amount 2 --streak 3 --interval 0 \
		--key k --stdout
	assert_success
	assert_equal "$(jq -c '[.gift_id, .amount, .count, .nonce]' <<<"$output" |
		paste -sd ' ')" '[7,2,1,"k-1"] [7,2,2,"k-2"] [7,2,3,"k-3"]'
	assert_equal "$(jq -r .streak <<<"$output" | sort -u | wc -l)" 1
	assert_equal "$(jq -r .id <<<"$output" | sort -u | wc -l)" 3
	run -2 ss-gift --random --streak 3 --stdout
	run -2 ss-gift --streak 3 --stdout -
	run -2 ss-gift --from a --gift-id 7 --amount 2 --streak 0 --stdout
	run -2 ss-gift --from a --gift-id 7 --amount 2 --streak 3 --stdout \
		--key "$(printf '%060d' 1)"
}

@test "a line of a batch may be one of a streak" {
	run ss-gift --stdout - <<<'{"from":"b","gift_id":2,"amount":1,"streak":"s1","count":4}'
	assert_success
	assert_output --partial '"amount":1,"streak":"s1","count":4,"ts"'
	run -1 ss-gift --stdout - <<<'{"from":"b","gift_id":2,"amount":1,"count":4}'
	assert_output 'ss-gift: stdin:1: streak: missing'
	run -1 ss-gift --stdout - <<<'{"from":"b","gift_id":2,"amount":1,"streak":"s","count":0}'
	assert_output 'ss-gift: stdin:1: count: must be an integer >= 1'
}

@test "a streak reaches the viewers through the gateway" {
	start_pipeline
	ss-gift --from a --gift-id 7 --amount 2 --streak 3 --interval 0
	has_three() {
		[ "$(curl -fsS "$SS_URL/api/recent" |
			jq -c '[.events[].count]')" = '[1,2,3]' ]
	}
	wait_for 5 has_three
}
