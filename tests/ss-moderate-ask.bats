#!/usr/bin/env bats
# run --separate-stderr sets stderr; $ in single quotes is jq's
# shellcheck disable=SC2154,SC2016,SC2030,SC2031
# ss-moderate --ask: a second opinion, from a stand-in that answers in the
# services' documented formats, slowly, wrongly, and not at all.

load helper

# chat TEXT...: an event a text
chat() {
	printf '{"type":"chat","user":"u","message":"%s"}\n' "$@"
}

# start_service STEP...: sets URL; ask.log has the requests
start_service() {
	rm -f port
	start_bg service /usr/bin/python3 "$TESTS/ask_server.py" port ask.log "$@"
	wait_for 10 test -s port
	URL=http://127.0.0.1:$(cat port)
	: >>ask.log
}

# ask OPTION...: everything is in the band; a machine that is busy gets time
ask() {
	ss-moderate --ask "$URL" --band 0:1 --ask-timeout "$(slow 5)s" "$@"
}

# start_ask OPTION...: the same, with the test holding its stdin as fd 5
start_ask() {
	mkfifo in
	BG_IN=in start_bg mod ss-moderate --ask "$URL" --band 0:1 \
		--ask-timeout "$(slow 5)s" "$@"
	exec 5>in
}

# requests N: so many came, and no more
requests() {
	[ "$(grep -c '' ask.log)" -eq "$1" ]
}

out_has() {
	[ "$(grep -c '' mod.out)" -ge "$1" ]
}

err_has() {
	grep -q -e "$1" mod.err
}

# own OPTION...: without it
own() {
	ss-moderate "$@"
}

# --- what is asked, what is answered ------------------------------------------

@test "detoxify: one text a request, six scores" {
	start_service detoxify
	run jq -c '[.toxic, .score, .labels.insult, .labels.identity_attack]' \
		< <(chat 'so bad' 'fine \"day\"\n' | ask --labels)
	assert_output $'[true,0.91,0.455,0.3033]\n[false,0.05,0.025,0.0167]'
	run jq -sc 'map(.path, .body) | unique' ask.log
	assert_output "$(jq -nc '["/",
		{text: "fine \"day\"\n", inputs: "fine \"day\"\n"},
		{text: "so bad", inputs: "so bad"}]')"
	run jq -r '.headers["content-type"], .headers["user-agent"]' ask.log
	assert_line --index 0 application/json
	assert_line --index 1 --regexp '^ss-moderate/[0-9.]+$'
}

@test "detoxify: what servers put around the scores" {
	for step in batch wrapped labels; do
		start_service "$step"
		run jq -c '[.score, (.labels | length)]' \
			< <(chat '0.7bad' | ask --labels)
		assert_output '[0.7,6]'
		stop service
	done
}

@test "openai: the largest category against somebody is the score" {
	start_service openai
	run jq -c '.score, .reason, .labels' \
		< <(chat 'so 0.8bad' |
			ask --ask-format openai --labels --policy block)
	assert_line --index 0 0.8
	assert_line --index 1 '"insult"'
	assert_line --index 2 "$(jq -nc '{toxicity: 0.8, severe_toxicity: 0.4,
		obscene: 0.1, threat: 0.4, insult: 0.8,
		identity_attack: 0.2}')"
	run jq -c '.path, .body' ask.log
	assert_line --index 0 '"/v1/moderations"'
	assert_line --index 1 \
		'{"model":"omni-moderation-latest","input":"so 0.8bad"}'
}

@test "openai: --ask-model and a path of one's own" {
	start_service openai
	run jq .score < <(chat '0.8bad' |
		ask --ask "$URL/mod/?v=1" --ask-format openai --ask-model "m\"1")
	assert_output 0.8
	run jq -c '.path, .body.model' ask.log
	assert_output $'"/mod/?v=1"\n"m\\"1"'
}

@test "perspective: six attributes, nothing stored" {
	start_service perspective
	run jq -c '.score, .reason, .labels' < <(chat '0.6bad' |
		ask --ask-format perspective --labels --policy block)
	assert_line --index 0 0.6
	assert_line --index 1 '"obscene"'
	assert_line --index 2 "$(jq -nc '{toxicity: 0.6, severe_toxicity: 0.1,
		obscene: 0.3, threat: 0.2, insult: 0.15,
		identity_attack: 0.12}')"
	run jq -c '.path, .body.comment, .body.doNotStore,
		(.body.requestedAttributes | keys | length)' ask.log
	assert_output "$(printf '%s\n' '"/v1alpha1/comments:analyze"' \
		'{"text":"0.6bad"}' true 6)"
}

@test "both ends of the band belong to it" {
	start_service detoxify
	score=$(chat 'you are so stupid' | own | jq .score)
	more=$(jq -n "$score + 0.0001") less=$(jq -n "$score - 0.0001")
	for band in "$more:1" "0:$less" 0:0 1:1; do
		chat 'you are so stupid' | ask --band "$band" >out
		assert_equal "$(jq .score out)" "$score"
	done
	assert requests 0
	for band in "$score:1" "0:$score" "$score:$score"; do
		chat 'you are so stupid' | ask --band "$band" >out
		assert_equal "$(jq .score out)" 0.05
	done
	assert requests 3
}

@test "what is not in the band passes as without --ask" {
	start_service fail
	cp "$FIXTURES/moderate-mixed.ndjson" in
	for policy in annotate mask block; do
		own --policy "$policy" <in >expected
		ask --policy "$policy" --band 0.9999:1 <in | diff expected -
	done
	assert requests 0
}

@test "the threshold, the policy and the rules follow the answer" {
	start_service detoxify
	run jq -c '[.toxic, .blocked, .reason]' \
		< <(chat 'so 0.7bad' | ask --policy block)
	assert_output '[true,true,"insult"]'
	run jq -c '[.toxic, .blocked]' \
		< <(chat 'so 0.7bad' | ask --policy block --threshold 0.71)
	assert_output '[false,null]'
	# toxic by the answer alone: there is nothing to mask
	run jq -c '[.message, .masked, .blocked]' \
		< <(chat 'so 0.7bad' | ask --policy mask)
	assert_output '["so 0.7bad",null,true]'
	run jq -c '[.message, .masked]' \
		< <(chat 'bad idiot' | ask --policy mask)
	assert_output '["bad *****",true]'
	echo 'if .score == 0.7 then .reason = "seen" | .blocked = true
		else empty end' >rules
	run jq -c '[.message, .reason]' \
		< <(chat hello 'so 0.7bad' | ask --rules rules)
	assert_output '["so 0.7bad","seen"]'
}

# --- order, and many at a time ------------------------------------------------

@test "a threshold is that of where the message stood, not of the answer" {
	start_service detoxify
	run jq -c 'select(.type == "chat") | [.score, .toxic]' < <({
		chat '0.5bad'
		echo '{"type":"threshold","value":0.4}'
		chat '0.5bad'
		echo '{"type":"threshold","value":0.9}'
		chat '0.7bad'
	} | ask)
	assert_output $'[0.5,false]\n[0.5,true]\n[0.7,false]'
}

@test "every line leaves in the order it came, whatever is asked" {
	jq -nc 'range(4000) | . as $n | (. * 7919 % 10) as $r |
		if $r < 2 then {type: "gift", $n, from: "bot", gift_id: 1}
		elif $r < 3 then {type: "mark", by: "g", $n}
		elif $r < 4 then {type: "chat", $n, message: "x",
			approved: "01ARZ3NDEKTSV4RRFFQ69G5FAV"}
		else {type: "chat", $n, message: "0.\($r)bad one"} end' >in
	start_service random
	ask --stats <in >out 2>err
	run jq -nc '[inputs.n] == [range(4000)]' out
	assert_output true
	diff <(grep -v '"chat"' in) <(grep -v '"chat"' out)
	run jq -sc 'map(select(.toxic != null)) | length, all(.[];
		.score == (.message[0:3] | tonumber))' out
	assert_output $'2400\ntrue'
	assert grep -q '2400 asked about, 0 without an answer' err
	run jq -s 'map(.flight) | max | . > 4 and . <= 32' ask.log
	assert_output true
	run jq -s 'map(.conn) | max <= 32' ask.log
	assert_output true
}

@test "--ask-max bounds the requests, and connections are kept" {
	start_service random
	jq -nc 'range(60) | {type: "chat", message: "line \(.)"}' >in
	ask --ask-max 3 <in >out
	run jq -sc '[length, (map(.flight) | max), (map(.conn) | max)]' ask.log
	assert_output '[60,3,3]'
}

@test "a line behind one that waits is held, and goes with it" {
	start_service never
	start_ask --ask-timeout 60s --ask-max 8 -v
	{
		chat hello
		echo '{"type":"gift","n":1}'
	} >&5
	wait_for 10 requests 1
	echo '{"type":"gift","n":2}' >&5
	assert [ ! -s mod.out ]
	# the end of input waits for the answer as well
	kill -USR1 "$(pid mod)"
	wait_for 10 err_has '3 lines, 1 chat'
	stop service # its connections end: that is an answer, too
	wait_for 10 out_has 3
	assert_equal "$(jq -c .n mod.out)" $'null\n1\n2'
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
}

@test "input is held while too much waits" {
	start_service never
	start_ask --ask-timeout 600s
	chat hello >&5
	wait_for 10 requests 1
	# 40 MB behind it: the writer must get stuck
	BG_OUT=in start_bg writer head -c 40000000 \
		<(yes '{"type":"gift","from":"bot","gift_id":1,"amount":1}')
	# what is read is bounded, and the loop does not spin
	wait_for 20 held
	stop service
	wait_exit writer 30
	assert_equal "$status" 0
	exec 5>&-
	wait_exit mod 30
	assert [ "$(head -n -1 mod.out | grep -c '"gift"')" -ge 700000 ]
}

# the stage has read some megabytes and sleeps
held() {
	local read again

	read=$(awk '/^rchar/ { print $2 }' "/proc/$(pid mod)/io")
	[ "$read" -gt 1000000 ] && [ "$read" -lt 20000000 ] || return 1
	sleep 0.2
	again=$(awk '/^rchar/ { print $2 }' "/proc/$(pid mod)/io")
	[ "$read" = "$again" ]
}

# --- no answer ----------------------------------------------------------------

@test "whatever is wrong with an answer, our own score decides" {
	chat 'you are so stupid' >in
	own <in >expected
	for step in limit busy fail refuse moved empty text array nan range \
		string missing big deep endless bomb badzip head garbage \
		close reset half; do
		start_service "$step"
		run --separate-stderr ask -v <in
		assert_success
		assert_output "$(cat expected)"
		assert_regex "$stderr" 'line 1: no second opinion: '
		stop service
	done
	# redirects are not followed
	run jq -r .path ask.log
	refute_line /elsewhere
}

@test "an answer that takes too long is none" {
	chat 'you are so stupid' >in
	own <in >expected
	for step in stuck never; do
		start_service "$step"
		run --separate-stderr ask -v --ask-timeout 200ms <in
		assert_success
		assert_output "$(cat expected)"
		assert_regex "$stderr" 'no second opinion: .*timed out'
		stop service
	done
}

@test "an answer may be compressed" {
	start_service gzip
	run jq .score < <(chat 0.7bad | ask)
	assert_output 0.7
}

@test "--ask-fail closed: unanswered is toxic, and says why" {
	start_service fail
	run jq -c '[.toxic, .blocked, .reason]' \
		< <(chat hello | ask --ask-fail closed)
	assert_output '[true,null,"unavailable"]'
	run jq -c '[.toxic, .blocked, .reason]' \
		< <(chat hello | ask --ask-fail closed --policy block)
	assert_output '[true,true,"unavailable"]'
	# outside of the band nothing needs an answer
	run jq -c '[.toxic, .reason]' \
		< <(chat hello | ask --ask-fail closed --band 0.9:1)
	assert_output '[false,null]'
	# a rule still has the last word
	echo '.toxic = false' >rules
	run jq -c '.toxic' \
		< <(chat hello | ask --ask-fail closed --rules rules)
	assert_output false
}

@test "nobody there: said once, and no line lost" {
	URL=http://127.0.0.1:1
	jq -nc 'range(500) | {type: "chat", n: ., message: "hello"}' >in
	run --separate-stderr ask <in
	assert_success
	assert_equal "$(jq -nc '[inputs.n] == [range(500)]' <<<"$output")" true
	assert_equal "$(grep -c '' <<<"$stderr")" 1
	assert_regex "$stderr" \
		'http://127.0.0.1:1/.*: .*refused: not asked for now, our own'
	run --separate-stderr ask -q <in
	assert_equal "$stderr" ''
}

# feed N: a line, and its way through
feed() {
	chat hello >&5
	wait_for 10 out_has "$1"
}

try_again() {
	chat hello >&5
	err_has 'answers again'
}

@test "the breaker opens after five failures and closes when it answers" {
	start_service detoxify
	echo fail >step
	start_ask
	for n in 1 2 3 4 5; do
		feed "$n"
	done
	wait_for 10 err_has 'status 500: not asked for now'
	requests 5
	feed 6
	requests 5
	rm step
	wait_for 20 try_again
	run grep -c 'asked' mod.err
	assert_output 2 # it opened, it closed
	assert err_has 'messages were not asked about in [0-9.]* s'
	: >ask.log
	feed "$(($(grep -c '' mod.out) + 1))"
	wait_for 10 requests 1
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
}

@test "Retry-After is heeded at once" {
	start_service limit detoxify
	start_ask
	feed 1
	wait_for 10 err_has 'status 429: not asked for now'
	feed 2
	requests 1
	wait_for 20 try_again
}

@test "a text that the service refuses does not keep others from it" {
	start_service refuse refuse refuse refuse refuse refuse refuse detoxify
	jq -nc 'range(8) | {type: "chat", message: "0.7bad \(.)"}' >in
	run --separate-stderr ask --ask-max 1 <in
	assert_success
	assert_equal "$(tail -n 1 <<<"$output" | jq .score)" 0.7
	assert_equal "$(grep -c '' <<<"$stderr")" 1
	assert_regex "$stderr" 'line 1 was refused: status 400'
}

@test "a service that comes later is found" {
	start_service detoxify
	stop service
	start_ask
	for n in 1 2 3 4 5; do
		feed "$n"
	done
	wait_for 10 err_has 'refused: not asked for now'
	ASK_PORT=$(cat port) start_service detoxify
	wait_for 30 try_again
}

# --- keys ---------------------------------------------------------------------

@test "the key goes where the service wants it, and nowhere else" {
	start_service key
	export SS_ASK_KEY='s3cret+/='
	for format in detoxify openai perspective; do
		run --separate-stderr ask --ask-format "$format" -v --stats \
			< <(chat 0.7bad)
		assert_success
		assert_equal "$(jq .score <<<"$output")" 0.7
		refute_regex "$output$stderr" 's3cret'
	done
	# how its escapes are written is libcurl's affair
	run jq -r '(.path | ascii_downcase), .headers.authorization' ask.log
	assert_output "$(printf '%s\n' / 'Bearer s3cret+/=' /v1/moderations \
		'Bearer s3cret+/=' \
		'/v1alpha1/comments:analyze?key=s3cret%2b%2f%3d' null)"
}

@test "the key's file wins, and what is wrong with it is told" {
	start_service key
	printf '  s3cret+/=\n' >key
	run jq .score < <(chat 0.7bad |
		SS_ASK_KEY=no ask --ask-key-file key)
	assert_output 0.7
	printf 'two words\n' >bad
	: >empty
	for file in bad empty none; do
		run --separate-stderr ask --ask-key-file "$file" < <(chat a)
		assert_failure 1
		assert_equal "$output" ''
		assert_regex "$stderr" "^ss-moderate: $file: "
		refute_regex "$stderr" words
	done
	SS_ASK_KEY='two words' run ask < <(chat a)
	assert_failure 1
	assert_output 'ss-moderate: SS_ASK_KEY: not a token'
}

@test "a key is not told when it is refused or nobody answers" {
	start_service fail
	export SS_ASK_KEY=hush1234
	for format in detoxify openai perspective; do
		run ask --ask-format "$format" -v < <(chat a b c d e f)
		assert_success
		refute_output --partial hush1234
		URL=http://127.0.0.1:1 run ask --ask-format "$format" -v \
			< <(chat a b c d e f)
		refute_output --partial hush1234
	done
}

@test "URLs and bands that make no sense are misuse" {
	for url in '' nonsense ftp://a/ localhost:80 'http://' 'http://a b/' \
		file:///etc/passwd //host/ "http://u:hush1234@localhost/" \
		"http://hush1234@localhost/" "http://localhost/?key=hush1234" \
		"http://localhost/?a=1&key=hush1234"; do
		run --separate-stderr ss-moderate --ask "$url" <<<''
		assert_failure 2
		assert_regex "$stderr" '^ss-moderate: --ask: must '
		refute_regex "$stderr" hush1234
	done
	for band in '' 1 a:b 0.5 0.8:0.3 -0.1:1 0:1.1 nan:1 0:inf ' 0:1' 0:1: \
		0,3:0,8 '0: 1' 0:-0; do
		run --separate-stderr ss-moderate --ask http://localhost/ \
			--band "$band" <<<''
		assert_failure 2
		assert_regex "$stderr" '^ss-moderate: --band: '
	done
	for opt in '--ask-timeout 0' '--ask-max 0' '--ask-fail maybe' \
		'--ask-format xml'; do
		# shellcheck disable=SC2086
		run ss-moderate --ask http://localhost/ $opt <<<''
		assert_failure 2
	done
}

@test "unencrypted to elsewhere earns a warning" {
	SS_ASK_KEY=k run ss-moderate --ask http://192.0.2.1/ </dev/null
	assert_success
	assert_output \
		'ss-moderate: --ask: messages and the key are sent unencrypted'
	run ss-moderate --ask https://192.0.2.1/ </dev/null
	assert_output ''
}

@test "a certificate that nobody vouches for is refused" {
	command -v openssl >/dev/null || skip 'no openssl'
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2 \
		-keyout tls.key -out tls.crt 2>/dev/null
	ASK_TLS=1 start_service detoxify
	URL=https://localhost:$(cat port)
	run --separate-stderr ask -v < <(chat 0.7bad)
	assert_success
	assert_regex "$stderr" 'no second opinion: .*certificate'
	assert requests 0
}

@test "a proxy from the environment is not asked for loopback addresses" {
	start_service detoxify
	http_proxy=http://127.0.0.1:1 run jq .score < <(chat 0.7bad |
		http_proxy=http://127.0.0.1:1 ask)
	assert_output 0.7
}

# --- the end ------------------------------------------------------------------

@test "the end of input waits for the answers" {
	start_service late
	jq -nc 'range(100) | {type: "chat", message: "0.7bad"}' >in
	ask <in >out
	assert_equal "$(jq -c .score out | sort | uniq -c | awk '{ print $1, $2 }')" \
		'100 0.7'
}

@test "SIGTERM waits for what was asked" {
	start_service late
	start_ask
	chat 0.7bad 0.6bad >&5
	wait_for 10 requests 2
	stop mod
	assert_equal "$status" 0
	assert_equal "$(jq -c .score mod.out)" $'0.7\n0.6'
}

@test "SIGTERM does not wait for ever, and loses nothing" {
	start_service never
	jq -nc 'range(300) | if . % 3 == 0 then {type: "gift", n: .}
		else {type: "chat", n: ., message: "hello"} end' >lines
	for drain in 0 500ms 2s; do
		rm -f in
		: >ask.log
		start_ask --ask-timeout 600s --drain-timeout "$drain" \
			--ask-fail closed --policy block
		cat lines >&5
		wait_for 10 requests 32
		stop mod
		assert_equal "$status" 0
		assert_equal "$(jq -nc '[inputs.n] == [range(300)]' mod.out)" true
		assert_equal "$(grep -c '"reason":"unavailable"' mod.out)" 200
		assert_equal "$(cat mod.err)" ''
	done
}

@test "a reader who goes while answers are out ends it quietly" {
	start_service random
	jq -nc 'range(20000) | {type: "chat", message: "hello"}' >in
	run bash -c "set -o pipefail; ss-moderate --ask $URL --band 0:1 \
		--ask-timeout 9s <in | head -n 5"
	assert_equal "$(grep -c hello <<<"$output")" 5
	assert_equal "${#lines[@]}" 5
	assert_equal "$status" 141
}

@test "a slow reader gets everything" {
	start_service detoxify
	jq -nc 'range(3000) | {type: "chat", n: ., message: "hello"}' >in
	ask <in | while read -r line; do
		echo "$line"
	done >out
	assert_equal "$(jq -nc '[inputs.n] == [range(3000)]' out)" true
}

@test "a late line that is bad is told by its own number" {
	start_service late
	echo '.score | error' >rules
	{
		echo '{"type":"gift"}'
		chat hello
		echo '{"type":"gift"}'
		echo nonsense
	} >in
	run --separate-stderr ask --rules rules --reject bad <in
	assert_failure 1
	assert_equal "$output" $'{"type":"gift"}\n{"type":"gift"}'
	assert_regex "$stderr" 'stdin:2: '
	assert_regex "$stderr" 'stdin:4: '
	assert_equal "$(sort bad)" \
		"$(printf '%s\n' nonsense "$(chat hello)" | sort)"
}
