#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154
# gateway-http.bats: the gateway's HTTP routes: gifts, recent events, metrics,
# health.

load viewers

JSON='Content-Type: application/json'

# post BODY [CURL-OPTION...]: sets status (HTTP's) and body; the files body
# and headers. TYPE: the header that says what it is
post() {
	local text=$1

	shift
	rm -f body headers
	status=$(curl -s -D headers -o body -w '%{http_code}' --max-time 20 \
		-H "${TYPE-$JSON}" "$@" --data-binary "$text" \
		"$SS_URL/api/gift")
	body=$(cat body)
}

gift() {
	printf '{"from":"%s","gift_id":%s,"amount":%s}' "$1" "$2" "$3"
}

recent() {
	curl -fsS "$SS_URL/api/recent?limit=${1:-100}"
}

recent_has() {
	[ "$(recent | jq '.events | length')" -ge "$1" ]
}

header() {
	tr -d '\r' <headers | sed -n "s/^$1: //Ip"
}

@test "a gift is queued and reaches every viewer, byte-identical" {
	start_pipeline
	listen alice --expect 1
	listen bob --expect 1
	post "$(gift admin 1 5)"
	assert_equal "$status" 200
	assert_regex "$body" \
		'^\{"status":"queued","id":"[0-7][0-9A-HJKMNP-TV-Z]{25}"\}'
	wait_exit alice
	wait_exit bob
	assert cmp alice.out bob.out
	run cat bob.out
	assert_output --regexp '^\{"type":"gift","id":"[0-9A-Z]{26}","from":"admin","gift_id":1,"amount":5,"ts":"[0-9T:.-]+Z","seq":1\}$'
	assert_equal "$(jq -r .id bob.out)" "$(jq -r .id body)"
}

@test "the answer is JSON and says so" {
	start_pipeline
	post "$(gift admin 1 5)"
	assert_regex "$(header content-type)" '^application/json'
	assert_equal "$(header content-length)" "$(stat -c %s body)"
	jq -e . body
}

@test "valid gifts at the edges of what is valid are taken" {
	start_pipeline
	for text in '{"from":"a","gift_id":0,"amount":1}' \
		'{"from":"a","gift_id":9007199254740992,"amount":1}' \
		'{"from":"a","gift_id":1,"amount":9007199254740992}' \
		'{"amount":1,"gift_id":1,"from":"A.b_c-9"}' \
		' { "from" : "a" , "gift_id" : 1 , "amount" : 1 } ' \
		'{"from":"a","gift_id":1,"amount":1,"room":"den"}' \
		'{"from":"\u0061","gift_id":1,"amount":1}' \
		"$(gift "$(printf 'a%.0s' {1..50})" 1 1)"; do
		post "$text"
		echo "$text: $body"
		assert_equal "$status" 200
	done
}

@test "invalid gifts are 400 with the field in the detail, and emit nothing" {
	local field text

	start_pipeline
	while IFS=$'\t' read -r field text; do
		post "$text"
		echo "$text: $status $body"
		assert_equal "$status" 400
		assert_equal "$(jq -r .error body)" bad_request
		assert_regex "$(jq -r .detail body)" "$field"
		assert_regex "$(header content-type)" '^application/json'
	done <<-'ROWS'
		from	{"gift_id":1,"amount":1}
		from	{"from":"","gift_id":1,"amount":1}
		from	{"from":"a b","gift_id":1,"amount":1}
		from	{"from":"é","gift_id":1,"amount":1}
		from	{"from":5,"gift_id":1,"amount":1}
		from	{"from":null,"gift_id":1,"amount":1}
		from	{"from":"a\u0000","gift_id":1,"amount":1}
		from	{"from":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","gift_id":1,"amount":1}
		gift_id	{"from":"a","amount":1}
		gift_id	{"from":"a","gift_id":-1,"amount":1}
		gift_id	{"from":"a","gift_id":1.5,"amount":1}
		gift_id	{"from":"a","gift_id":1.0,"amount":1}
		gift_id	{"from":"a","gift_id":1e2,"amount":1}
		gift_id	{"from":"a","gift_id":"1","amount":1}
		gift_id	{"from":"a","gift_id":true,"amount":1}
		gift_id	{"from":"a","gift_id":null,"amount":1}
		gift_id	{"from":"a","gift_id":9007199254740993,"amount":1}
		gift_id	{"from":"a","gift_id":18446744073709551617,"amount":1}
		amount	{"from":"a","gift_id":1}
		amount	{"from":"a","gift_id":1,"amount":0}
		amount	{"from":"a","gift_id":1,"amount":-5}
		amount	{"from":"a","gift_id":1,"amount":5.0}
		amount	{"from":"a","gift_id":1,"amount":"5"}
		amount	{"from":"a","gift_id":1,"amount":[5]}
		amount	{"from":"a","gift_id":1,"amount":9007199254740993}
		amount	{"from":"a","gift_id":1,"amount":99999999999999999999999999999999}
		room	{"from":"a","gift_id":1,"amount":1,"room":""}
		room	{"from":"a","gift_id":1,"amount":1,"room":"a b"}
		room	{"from":"a","gift_id":1,"amount":1,"room":5}
		room	{"from":"a","gift_id":1,"amount":1,"room":null}
	ROWS
	post "$(gift after 1 1)"
	assert_equal "$status" 200
	wait_for 5 recent_has 1
	run bash -c "curl -fsS '$SS_URL/api/recent?limit=100' | jq -r '.events[].from'"
	assert_output after
}

@test "bodies that are no JSON object, or an ambiguous one, are 400" {
	local text

	start_pipeline
	while IFS= read -r text; do
		post "$text"
		echo "$text: $status $body"
		assert_equal "$status" 400
		assert_equal "$(jq -r .error body)" bad_request
	done <<-'ROWS'
		x
		[]
		[{"from":"a","gift_id":1,"amount":1}]
		"a"
		null
		{
		{"from":"a","gift_id":1,"amount":1
		{"from":"a","gift_id":1,"amount":1}x
		{"from":"a","gift_id":1,"amount":1}{"from":"a","gift_id":1,"amount":1}
		{"from":"a","gift_id":1,"amount":1},
		{"from":"a","gift_id":1,"amount":1,}
		{"from":"a","gift_id":1,"amount":NaN}
		{"from":"a","gift_id":1,"amount":Infinity}
		{"from":"a","gift_id":1,"amount":nan}
		{"from":"a","gift_id":1,"amount":01}
		{"from":"a","gift_id":1,"amount":+1}
		{"from":"a","gift_id":1,"amount":1,"amount":1}
		{"from":"a","from":"b","gift_id":1,"amount":1}
		{"from":"a","gift_id":1,"amount":1,"\u0061mount":2}
		{"from":"a","gift_id":1,"amount":1,"x":1,"x":1}
		{'from':'a','gift_id':1,'amount':1}
		{from:"a",gift_id:1,amount:1}
	ROWS
	printf '{"from":"\xff","gift_id":1,"amount":1}' >bad
	post @bad
	assert_equal "$status" 400
	printf '{"from":"a","gift_id":1,"amount":1}\0' >bad
	post @bad
	assert_equal "$status" 400
	printf '\xef\xbb\xbf%s' "$(gift a 1 1)" >bad
	post @bad
	assert_equal "$status" 400
	post ''
	assert_equal "$status" 400
	post "$(printf '[%.0s' {1..30000})"
	assert_equal "$status" 400
}

@test "what is not JSON by its own account is 415" {
	start_pipeline
	for type in text/plain application/x-www-form-urlencoded \
		application/jsonx multipart/form-data; do
		TYPE="Content-Type: $type" post "$(gift a 1 1)"
		echo "$type: $status"
		assert_equal "$status" 415
		jq -e .error body
	done
	for type in 'application/json; charset=utf-8' 'Application/JSON' \
		'application/json;charset="utf-8"'; do
		TYPE="Content-Type: $type" post "$(gift a 1 1)"
		echo "$type: $status"
		assert_equal "$status" 200
	done
	TYPE='Content-Type:' post "$(gift a 1 1)"
	assert_equal "$status" 415
}

@test "a body over 64 KiB is 413, one of 64 KiB is read" {
	start_pipeline
	printf '{"from":"a","gift_id":1,"amount":1}%065501d' 0 |
		tr 0 ' ' | sed 's/^{"from":"a","gift_id":1,"amount":1}//' >pad
	{
		printf '{"from":"a","gift_id":1,"amount":1}'
		head -c $((65536 - 35)) pad
	} >fits
	assert_equal "$(stat -c %s fits)" 65536
	post @fits
	assert_equal "$status" 200
	printf ' ' >>fits
	post @fits
	assert_equal "$status" 413
	jq -e .error body
	head -c 5000000 /dev/zero >huge
	post @huge
	assert_equal "$status" 413
	post @huge -H 'Transfer-Encoding: chunked' -H 'Expect:'
	assert_regex "$status" '^4(00|11|13)$'
	post "$(gift still 1 1)"
	assert_equal "$status" 200
}

@test "a chunked body is read or refused, never misread" {
	start_pipeline
	post "$(gift a 1 1)" -H 'Transfer-Encoding: chunked'
	assert_regex "$status" '^(200|400|411|501)$'
	wait_for 5 curl -fsS "$SS_URL/healthz"
}

@test "a body that comes in pieces is one body" {
	start_pipeline
	{
		printf 'POST /api/gift HTTP/1.1\r\nHost: x\r\n%s\r\n' "$JSON"
		printf 'Content-Length: 35\r\n\r\n{"from":"a",'
		wait_for 5 curl -fsS "$SS_URL/healthz" >&2
		printf '"gift_id":1,"amount":1}'
	} >pieces
	mkfifo slow
	client raw "$SS_PORT" <slow >answer &
	reader=$!
	{
		head -c 60 pieces
		wait_for 5 curl -fsS "$SS_URL/healthz" >&2
		tail -c +61 pieces
	} >slow
	wait "$reader"
	assert grep -q '^HTTP/1.1 200' answer
}

@test "the length that is announced is what counts" {
	start_pipeline
	printf 'POST /api/gift HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: 5\r\n\r\n%s' \
		"$JSON" "$(gift a 1 1)" | client raw "$SS_PORT" >answer
	assert grep -q '^HTTP/1.1 400' answer
	for length in -1 x 99999999999999999999 '5, 6' ''; do
		printf 'POST /api/gift HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %s\r\n\r\n%s' \
			"$JSON" "$length" "$(gift a 1 1)" |
			client raw "$SS_PORT" --timeout 2 --half-close >answer
		refute grep -q '^HTTP/1.1 200' answer
	done
	wait_for 5 curl -fsS "$SS_URL/healthz"
	assert_equal "$(recent | jq '.events | length')" 0
}

@test "what follows a gift that is waited for is not one more" {
	start_pipeline
	kill -STOP "$(pid log)"
	body=$(gift a 1 1)
	printf 'POST /api/gift?wait=1 HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %d\r\n\r\n%s\r\n' \
		"$JSON" "${#body}" "$body" | client raw "$SS_PORT" >answer &
	reader=$!
	wait_for 5 bash -c "curl -fsS '$SS_URL/metrics' |
		grep '^safestream_pending [1-9]'"
	kill -CONT "$(pid log)"
	wait "$reader"
	assert grep -q '"status":"queued"' answer
	run curl -fsS "$SS_URL/api/gift?wait=1" -H "$JSON" -d "$(gift b 1 1)"
	assert_output --partial '"status":"delivered"'
	assert_equal "$(recent | jq -r '.events[].from' | xargs)" 'a b'
}

@test "other methods are 405 and told which one is allowed" {
	start_pipeline
	for method in GET PUT DELETE PATCH; do
		run curl -s -o body -D headers -w '%{http_code}' -X "$method" \
			"$SS_URL/api/gift"
		assert_output 405
		assert_regex "$(header allow)" 'POST'
		jq -e .error body
	done
	for path in /healthz /metrics /api/recent; do
		run curl -s -o body -D headers -w '%{http_code}' -X POST \
			-H "$JSON" -d '{}' "$SS_URL$path"
		assert_output 405
		assert_regex "$(header allow)" 'GET'
	done
}

@test "what is not there is 404, as JSON" {
	start_pipeline
	for path in /nothing /api /api/ /api/gift/ /api/giftx /healthz/x \
		/ws/../metrics.. '/%2e%2e/etc/passwd' '/api/recent/1'; do
		run curl -s --path-as-is -o body -w '%{http_code}' "$SS_URL$path"
		assert_output 404
		jq -e .error body
	done
}

@test "the same Idempotency-Key answers the same id and emits nothing" {
	local id

	start_pipeline
	post "$(gift a 1 1)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	id=$(jq -r .id body)
	post "$(gift a 1 1)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	assert_equal "$(jq -r .id body)" "$id"
	post "$(gift a 1 1)" -H 'Idempotency-Key: k2'
	assert_equal "$status" 200
	refute [ "$(jq -r .id body)" = "$id" ]
	post "$(gift a 1 1)"
	post "$(gift a 1 1)"
	wait_for 5 recent_has 4
	assert_equal "$(recent | jq '.events | length')" 4
	assert_equal "$(recent | jq -c '[.events[].nonce]')" \
		'["k1","k2",null,null]'
}

@test "the same key with another gift is a conflict" {
	start_pipeline
	post "$(gift a 1 1)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	post "$(gift a 1 2)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 409
	wait_for 5 recent_has 1
	assert_equal "$(recent | jq '.events | length')" 1
}

@test "the same key from two givers is two gifts" {
	start_pipeline
	post "$(gift a 1 1)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	post "$(gift b 1 1)" -H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	wait_for 5 recent_has 2
}

@test "a key that is too long or not text is 400" {
	start_pipeline
	post "$(gift a 1 1)" -H "Idempotency-Key: $(printf 'k%.0s' {1..64})"
	assert_equal "$status" 200
	post "$(gift a 1 1)" -H "Idempotency-Key: $(printf 'k%.0s' {1..65})"
	assert_equal "$status" 400
	post "$(gift a 1 1)" -H "Idempotency-Key: $(printf '\xff')"
	assert_equal "$status" 400
}

@test "gifts go to their room" {
	start_pipeline
	start_bg den /usr/bin/python3 "$TESTS/client.py" \
		"$WS_URL/dweller?room=den" --touch den.up --expect 1
	wait_for 10 test -e den.up
	listen main --expect 1
	post '{"from":"a","gift_id":1,"amount":1,"room":"den"}'
	assert_equal "$status" 200
	post '{"from":"b","gift_id":2,"amount":1,"room":"main"}'
	assert_equal "$status" 200
	wait_exit den
	wait_exit main
	assert_equal "$(jq -c '[.from, .room]' den.out)" '["a","den"]'
	assert_equal "$(jq -c '[.from, .room]' main.out)" '["b",null]'
}

@test "several clients give at once: every gift arrives once" {
	local i jobs=()

	start_pipeline
	listen bob --expect 60
	for i in {1..6}; do
		for j in {1..10}; do
			printf 'next\nurl = "%s/api/gift"\nheader = "%s"\ndata = "%s"\noutput = "out.%d.%d"\n' \
				"$SS_URL" "$JSON" \
				"$(gift "c$i" "$j" 1 | sed 's/"/\\"/g')" "$i" "$j"
		done | sed 1d >"config.$i"
		curl -s -K "config.$i" &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	wait_exit bob
	assert_equal "$status" 0
	assert_equal "$(jq -r .id bob.out | sort -u | wc -l)" 60
	assert_equal "$(cat out.*.* | jq -r .id | sort)" \
		"$(jq -r .id bob.out | sort)"
	for i in {1..6}; do
		assert_equal "$(jq "select(.from == \"c$i\") | .gift_id" bob.out)" \
			"$(seq 10)"
	done
}

@test "gifts and chat mix in one order for all" {
	local i

	start_pipeline
	listen a --expect 40
	listen b --expect 40
	for i in {1..20}; do
		printf '{"type":"chat","message":"m%d"}\n' "$i"
	done >lines
	start_bg talker /usr/bin/python3 "$TESTS/client.py" "$WS_URL/talker" \
		--send-lines lines --until '"m20"' --timeout 30
	for i in {1..20}; do
		post "$(gift giver "$i" 1)"
		assert_equal "$status" 200
	done
	wait_exit a
	wait_exit b
	assert cmp a.out b.out
	assert_equal "$(jq 'select(.type == "gift") | .gift_id' a.out)" \
		"$(seq 20)"
	assert_equal "$(jq -r 'select(.type == "chat") | .message' a.out)" \
		"$(sed 's/.*"\(m[0-9]*\)".*/\1/' lines)"
}

@test "a giver who hangs up at once leaves it standing" {
	local i

	start_pipeline
	for i in {1..20}; do
		printf 'POST /api/gift HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: 60000\r\n\r\n{"from"' \
			"$JSON" | client raw "$SS_PORT" --reset
	done
	post "$(gift a 1 1)"
	assert_equal "$status" 200
}

# --- recent ---------------------------------------------------------------------

@test "recent has the newest events, oldest first" {
	local i

	start_pipeline
	assert_equal "$(recent)" '{"events":[]}'
	for i in 1 2 3 4 5; do
		post "$(gift a "$i" 1)"
	done
	wait_for 5 recent_has 5
	assert_equal "$(recent 3 | jq -c '[.events[].gift_id]')" '[3,4,5]'
	assert_equal "$(recent 1000 | jq -c '[.events[].gift_id]')" \
		'[1,2,3,4,5]'
	assert_equal "$(recent 0 | jq -c .events)" '[]'
}

@test "recent is a room's" {
	start_pipeline
	post '{"from":"a","gift_id":1,"amount":1,"room":"den"}'
	post '{"from":"b","gift_id":2,"amount":1}'
	wait_for 5 recent_has 1
	run bash -c "curl -fsS '$SS_URL/api/recent?limit=9&room=den' |
		jq -c '[.events[].from]'"
	assert_output '["a"]'
	run bash -c "curl -fsS '$SS_URL/api/recent?room=main' |
		jq -c '[.events[].from]'"
	assert_output '["b"]'
	run bash -c "curl -fsS '$SS_URL/api/recent?room=empty' | jq -c .events"
	assert_output '[]'
}

@test "recent refuses what is no number and no room" {
	start_pipeline
	for query in limit=x limit=-1 limit=1.5 limit= room= 'room=a%20b' \
		'limit=99999999999999999999'; do
		run curl -s -o body -w '%{http_code}' "$SS_URL/api/recent?$query"
		assert_output 400
		jq -e .error body
	done
}

# --- metrics and health -----------------------------------------------------------

@test "metrics as JSON count viewers, gifts and toxicity" {
	start_pipeline
	run curl -fsS -H 'Accept: application/json' "$SS_URL/metrics"
	assert_success
	assert_equal "$(jq -c 'map_values(type)' <<<"$output")" \
		'{"viewer_count":"number","gift_count":"number","toxic_pct":"number"}'
	assert_equal "$(jq -c 'map(. * 1)' <<<"$output")" '[0,0,0]'
	listen bob --expect 4
	post "$(gift a 1 1)"
	run client "$WS_URL/alice" \
		--send '{"type":"chat","message":"you fucking idiot, i will kill you"}' \
		--send '{"type":"chat","message":"good morning"}' \
		--send '{"type":"chat","message":"how are you"}' \
		--until 'how are you'
	assert_success
	wait_exit bob
	run curl -fsS -H 'Accept: application/json' "$SS_URL/metrics"
	assert_equal "$(jq .gift_count <<<"$output")" 1
	run jq -e '.toxic_pct > 33 and .toxic_pct < 34' <<<"$output"
	assert_success
}

@test "metrics as text are Prometheus's format" {
	start_pipeline
	run curl -fsS -D headers "$SS_URL/metrics"
	assert_success
	assert_regex "$(header content-type)" '^text/plain.*version=0\.0\.4'
	run /usr/bin/python3 "$TESTS/metrics_check.py" <<<"$output"
	assert_success
	assert_line 'safestream_bus_up 1'
}

@test "healthz says ok, and degraded while the bus is away" {
	mkfifo in
	BG_IN=in start_bg broadcast ss-broadcast
	exec 5>in
	start_gateway
	wait_for 10 curl -fsS "$SS_URL/healthz"
	run curl -s -w '%{http_code}' "$SS_URL/healthz"
	assert_output '{"status":"ok"}
200'
	stop broadcast KILL
	wait_for 10 degraded
	run curl -s -w '%{http_code}' "$SS_URL/healthz"
	assert_line -n 0 --partial '"status":"degraded"'
	assert_line -n 1 503
}

@test "POST gets 503 with Retry-After until there is a bus" {
	start_gateway
	post "$(gift a 1 1)"
	assert_equal "$status" 503
	assert_regex "$(header retry-after)" '^[0-9]+$'
	jq -e .error body
	assert_equal "$(stat -c %s gw.out)" 0
}

@test "a connection answers one request and is closed" {
	start_pipeline
	run curl -s -o /dev/null -o /dev/null -w '%{num_connects} ' \
		"$SS_URL/healthz" "$SS_URL/metrics"
	assert_output '1 1 '
	printf 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n' |
		client raw "$SS_PORT" --half-close >answer
	assert_equal "$(grep -c '^HTTP/1.1' answer)" 1
	assert grep -q '^HTTP/1.1 404' answer
	assert grep -q '^Connection: close' answer
}

@test "a gift may be one of a streak, and says how many there are by then" {
	start_pipeline
	listen bob --expect 2
	post '{"from":"a","gift_id":1,"amount":5,"streak":"s.1","count":1}' \
		-H 'Idempotency-Key: k1'
	assert_equal "$status" 200
	id=$(jq -r .id body)
	post '{"from":"a","gift_id":1,"amount":5,"streak":"s.1","count":4,"room":"main"}'
	assert_equal "$status" 200
	wait_exit bob
	assert_equal "$(jq -c '[.streak, .count]' bob.out | paste -sd ' ')" \
		'["s.1",1] ["s.1",4]'
	grep -q '"amount":5,"streak":"s.1","count":1,"ts"' bob.out
	# the same key is the same gift only with the same count
	post '{"from":"a","gift_id":1,"amount":5,"streak":"s.1","count":1}' \
		-H 'Idempotency-Key: k1'
	assert_equal "$(jq -r .id body)" "$id"
	post '{"from":"a","gift_id":1,"amount":5,"streak":"s.1","count":2}' \
		-H 'Idempotency-Key: k1'
	assert_equal "$status" 409
}

@test "a streak that can't be is 400, with what is wrong" {
	start_pipeline
	bad() {
		post "{\"from\":\"a\",\"gift_id\":1,\"amount\":5,$1}"
		assert_equal "$status" 400
		assert_regex "$(jq -r .detail body)" "^$2: "
	}
	bad '"streak":"a b","count":1' streak
	bad '"streak":"","count":1' streak
	bad '"streak":7,"count":1' streak
	bad '"count":1' streak
	bad '"streak":"s"' count
	bad '"streak":"s","count":0' count
	bad '"streak":"s","count":1.5' count
	bad '"streak":"s","count":"1"' count
	bad '"streak":"s","count":9007199254740993' count
	bad '"streak":"s","count":1801439850948199' count
	post '{"from":"a","gift_id":1,"amount":5,"streak":"s","count":1801439850948198}'
	assert_equal "$status" 200
}
