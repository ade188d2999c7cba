#!/usr/bin/env bats
# run --separate-stderr sets stderr; $ in single quotes is jq's
# shellcheck disable=SC2154,SC2016,SC2030,SC2031
# ss-moderate: what is scored, what is said about it, and faults of the input.

load helper

# chat TEXT...: an event a text
chat() {
	printf '{"type":"chat","user":"u","message":"%s"}\n' "$@"
}

# start_moderate [OPTION]...: with the test holding its stdin as fd 5
start_moderate() {
	mkfifo in
	BG_IN=in start_bg mod ss-moderate "$@"
	exec 5>in
}

out_has() {
	[ "$(grep -c '' mod.out)" -ge "$1" ]
}

err_has() {
	grep -q -e "$1" mod.err
}

# --- verdicts -----------------------------------------------------------------

@test "each policy does to a mixed chat exactly what it says" {
	for policy in annotate mask block; do
		run --separate-stderr ss-moderate --policy "$policy" \
			<"$FIXTURES/moderate-mixed.ndjson"
		assert_success
		assert_equal "$stderr" ''
		# scores are the model's affair
		printf '%s\n' "$output" | sed -E 's/("score":)[0-9.]+/\1S/' |
			diff - "$FIXTURES/moderate-mixed.$policy.expected"
	done
}

@test "at least nine in ten plain insults, threats and curses are flagged" {
	ss-moderate <"$FIXTURES/moderate-toxic.ndjson" >out
	n=$(grep -c '' out)
	assert_equal "$n" "$(grep -c '' "$FIXTURES/moderate-toxic.ndjson")"
	flagged=$(grep -c '"toxic":true' out)
	jq -r 'select(.toxic | not) | .message' out
	assert [ $((flagged * 10)) -ge $((n * 9)) ]
}

@test "at most two in a hundred everyday sentences and look-alikes is flagged" {
	ss-moderate <"$FIXTURES/moderate-benign.ndjson" >out
	n=$(grep -c '' out)
	assert_equal "$n" "$(grep -c '' "$FIXTURES/moderate-benign.ndjson")"
	jq -r 'select(.toxic) | .message' out
	assert [ $(($(grep -c '"toxic":true' out) * 50)) -le "$n" ]
}

@test "words that only look bad are not toxic" {
	for text in "Scunthorpe" "assassin's creed" "kill the boss" \
		"this is sick" "you killed it" "cockpit" "Essex" "classic" \
		"bass" "grape" "k.i.s.s" "g r a p e" "Dick Van Dyke" "hello" \
		"gg wp" "i hate mondays" "I am a gay man" "proud muslim woman"
	do
		run ss-moderate < <(chat "$text")
		assert_output --partial '"toxic":false'
	done
}

@test "disguised words are found" {
	for text in "f u c k" "f.u.c.k" "f*ck" "sh1t" "fuuuuck" "b!tch" \
		"ｆｕｃｋ" "fսck" "f\\u200bu\\u200bck" "k1ll y0urself" "FUCK"
	do
		run ss-moderate < <(chat "$text")
		assert_output --partial '"toxic":true'
	done
}

@test "scores are numbers from 0 to 1 with at most four decimals" {
	cat "$FIXTURES"/moderate-{toxic,benign}.ndjson |
		ss-moderate --labels >out
	run jq -se 'all(.[]; [.score, .labels[]] | all(. >= 0 and . <= 1))' out
	assert_success
	run grep -cE '"score":(0|1|0\.[0-9]{0,3}[1-9])[,}]' out
	assert_output "$(grep -c '' out)"
}

@test "--labels adds the six scores in their order" {
	run ss-moderate --labels < <(chat 'i will kill you')
	assert_success
	run jq -c '[(keys_unsorted | index("labels")),
		(.labels | keys_unsorted)]' <<<"$output"
	assert_output "[5,$(jq -nc '["toxicity", "severe_toxicity", "obscene",
		"threat", "insult", "identity_attack"]')]"
}

@test "the reason names the strongest label" {
	chat 'you are an idiot' 'fuck' 'i will kill you' 'i hate all jews' >in
	run jq -r .reason < <(ss-moderate --policy block <in)
	assert_output $'insult\nobscene\nthreat\nidentity_attack'
}

@test "--threshold decides, the option wins over SS_THRESHOLD" {
	score=$(ss-moderate < <(chat 'you idiot') | jq .score)
	run jq .toxic < <(ss-moderate --threshold "$score" < <(chat 'you idiot'))
	assert_output true
	run jq .toxic < <(SS_THRESHOLD=1 ss-moderate < <(chat 'you idiot'))
	assert_output false
	run jq .toxic < <(SS_THRESHOLD=1 ss-moderate --threshold 0 \
		< <(chat 'hello'))
	assert_output true
}

@test "what can't be masked is blocked" {
	run jq -c '[.message, .masked, .blocked, .reason]' \
		< <(ss-moderate --threshold 0 --policy mask < <(chat hello))
	assert_output '["hello",null,true,"obscene"]'
}

@test "more hits than the scorer tells of are all masked" {
	text=$(printf 'fuck a %.0s' {1..60})
	run ss-moderate --policy mask < <(chat "$text")
	assert_success
	refute_output --partial fuck
}

@test "a word behind a megabyte of padding is found and masked" {
	pad=$(head -c 900000 /dev/zero | tr '\0' 'x')
	printf '{"type":"chat","message":"%s idiot"}\n' "$pad" >in
	run jq -c '[.toxic, .message[-6:]]' < <(ss-moderate --policy mask <in)
	assert_output '[true," *****"]'
}

@test "chat without a text is rejected, whatever the text is instead" {
	cat >in <<-'END'
		{"type":"chat","user":"u"}
		{"type":"chat","message":null}
		{"type":"chat","message":["idiot"]}
		{"type":"chat","message":"a","message":5}
	END
	run --separate-stderr ss-moderate --reject bad <in
	assert_failure 1
	assert_output ''
	cmp bad in
	assert_equal "$(grep -c 'chat without a message' <<<"$stderr")" 4
	assert_regex "$stderr" '^ss-moderate: stdin:1: '
}

@test "scored again the verdict is the same, once" {
	ss-moderate --policy block --labels \
		<"$FIXTURES/moderate-mixed.ndjson" >once
	ss-moderate --policy block --labels <once >twice
	cmp once twice
}

# --- rules --------------------------------------------------------------------

@test "rules set toxic, blocked and reason or drop, one after the other" {
	cat >rules.jq <<-'END'
		# skipped
		select(.message != "drop") # and this

		if .message == "bad" then .toxic = true else . end
		if .toxic and .score < 0.6 then .reason = "by hand" else . end
		if .message == "block" then .blocked = true else . end
		if .message == "idiot" then .blocked = false else . end
	END
	chat hello drop bad block idiot moron >in
	run jq -c '[.message, .toxic, .blocked, .reason]' \
		< <(ss-moderate --policy block --rules rules.jq <in)
	assert_output - <<-'END'
		["hello",false,null,null]
		["bad",true,true,"by hand"]
		["block",false,true,"rule"]
		["idiot",true,null,null]
		["moron",true,true,"insult"]
	END
}

@test "rules see the score and can't change the event's own bytes" {
	echo '.score = 9 | .n = 0 | .message = "x" | .new = 1' >rules.jq
	echo '{"type":"chat","n":12345678901234567890,"message":"hi"}' >in
	run ss-moderate --rules rules.jq <in
	assert_output --regexp '^\{"type":"chat","n":12345678901234567890,"message":"hi","toxic":false,"score":[0-9.]+\}$'
}

@test "an event that a rule fails on is rejected, the next one is not" {
	echo 'if .message == "b" then error("oh no") else . end' >rules.jq
	chat a b c >in
	run --separate-stderr ss-moderate --reject bad --rules rules.jq <in
	assert_failure 1
	assert_equal "$(jq -r .message <<<"$output")" $'a\nc'
	assert_equal "$stderr" 'ss-moderate: stdin:2: oh no'
	assert_equal "$(cat bad)" "$(chat b)"
}

@test "a result that is no object rejects the event" {
	for rule in 1 '[.]' null '.message' '"x"' input halt; do
		echo "$rule" >rules.jq
		run --separate-stderr ss-moderate --rules rules.jq < <(chat a)
		assert_failure 1
		assert_output ''
	done
}

@test "rules that don't compile end it at once, with the line's number" {
	printf '# fine\n.toxic = true\n.x = = 1\n' >rules.jq
	run --separate-stderr ss-moderate --rules rules.jq < <(chat a)
	assert_failure 1
	assert_output ''
	assert_regex "$stderr" '^ss-moderate: rules.jq: .*line 3$'
	run ss-moderate --rules nosuch.jq < <(chat a)
	assert_failure 1
	assert_output 'ss-moderate: nosuch.jq: No such file or directory'
}

@test "a program over several lines is taken as a whole" {
	printf 'def f:\n  .toxic = true; # so\nif .user == "u"\nthen f\nelse . end\n' \
		>rules.jq
	run jq .toxic < <(ss-moderate --rules rules.jq < <(chat a))
	assert_output true
}

@test "rules are not asked about events that are not scored" {
	echo empty >rules.jq
	printf '%s\n' '{"type":"gift"}' '{"type":"mark"}' \
		'{"type":"chat","message":"x","approved":"y"}' >in
	run ss-moderate --rules rules.jq <in
	assert_output "$(cat in)"
}

@test "the example's rules compile and pass the recorded chat" {
	run ss-moderate --rules "$ROOT/examples/rules.jq" \
		<"$ROOT/examples/chat.jsonl"
	assert_success
}

@test "SIGHUP reads the rules again; bad ones change nothing" {
	echo '.reason = "one"' >rules.jq
	start_moderate -v --rules rules.jq
	chat a >&5
	wait_for 5 out_has 1
	echo '.reason = "two"' >rules.jq
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'rules read again'
	chat b >&5
	wait_for 5 out_has 2
	echo '.reason = = "three"' >rules.jq
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'rules in force stay'
	assert err_has 'rules.jq: .*line 1'
	chat c >&5
	wait_for 5 out_has 3
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
	assert_equal "$(jq -r .reason mod.out | xargs)" 'one two two'
}

# --- counters -----------------------------------------------------------------

@test "--stats prints the counters at the end" {
	{
		chat hello idiot moron
		echo '{"type":"gift"}'
		echo nonsense
	} >in
	run --separate-stderr ss-moderate --stats --policy mask <in
	assert_failure 1
	assert_equal "${stderr##*$'\n'}" "ss-moderate: 5 lines, 3 chat, 2 toxic, \
2 masked, 0 blocked, 0 held, 0 dropped, 1 rejected"
}

@test "SIGUSR1 prints the counters at any time, without --stats" {
	start_moderate
	chat hello idiot >&5
	wait_for 5 out_has 2
	kill -USR1 "$(pid mod)"
	wait_for 5 err_has '2 lines, 2 chat, 1 toxic'
	chat more >&5
	wait_for 5 out_has 3
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
	assert_equal "$(grep -c chat mod.err)" 1
}

# --- the line -----------------------------------------------------------------

@test "one line typed is one line out at once" {
	start_moderate
	for i in 1 2 3; do
		chat "hello $i" >&5
		wait_for 5 out_has "$i"
	done
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
}

@test "order is kept over many lines" {
	seq -f '{"type":"chat","message":"%g idiot"}' 20000 >in
	ss-moderate <in >out
	seq 20000 | cmp - <(sed 's/.*message":"\([0-9]*\) .*/\1/' out)
}

@test "lines that aren't events are rejected verbatim, the others pass" {
	{
		chat one
		printf 'nonsense\n[1]\n"x"\n{"type":"chat"\n'
		printf '{"type":"chat","message":"\xff"}\n'
		printf '{"type":"chat","message":"\xed\xa0\x80"}\n'
		printf '{"type":"chat","mess\0age":"x"}\n'
		printf '{"type":"chat","message":"tab\there"}\n'
		chat two
	} >in
	run --separate-stderr ss-moderate --reject bad <in
	assert_failure 1
	assert_equal "$(jq -r .message <<<"$output" | xargs)" 'one two'
	sed '1d;$d' in | cmp - bad
	assert_equal "$(grep -c '^ss-moderate: stdin:[2-9]: ' <<<"$stderr")" 8
}

@test "empty input, empty lines, CRLF and a missing last newline are fine" {
	run ss-moderate </dev/null
	assert_success
	assert_output ''
	run ss-moderate < <(printf '\n\r\n{"type":"x"}\r\n\n{"type":"y"}')
	assert_success
	assert_output $'{"type":"x"}\n{"type":"y"}'
}

@test "a line over 1 MiB is rejected and the next one is unharmed" {
	{
		printf '{"type":"chat","message":"'
		head -c 1100000 /dev/zero | tr '\0' 'x'
		printf '"}\n'
		chat next
	} >in
	run --separate-stderr ss-moderate --reject bad <in
	assert_failure 1
	assert_output --partial '"message":"next"'
	assert_equal "$stderr" 'ss-moderate: stdin:1: line too long'
	head -n 1 in | cmp - bad
}

@test "a line that would be too long with its verdict is rejected" {
	head='{"type":"chat","message":"'
	{
		printf '%s' "$head"
		head -c $((1048576 - ${#head} - 2)) /dev/zero | tr '\0' 'x'
		printf '"}\n'
		chat next
	} >in
	run --separate-stderr ss-moderate --reject bad <in
	assert_failure 1
	assert_equal "$(grep -c '' <<<"$output")" 1
	assert_equal "$stderr" 'ss-moderate: stdin:1: line too long'
	head -n 1 in | cmp - bad
}

@test "a reader that goes ends it quietly" {
	run bash -o pipefail -c '
		yes "{\"type\":\"chat\",\"message\":\"hi\"}" 2>/dev/null |
		{ ss-moderate; echo "$?" >st; } | head -n 1'
	assert_output --regexp '^\{"type":"chat","message":"hi","toxic":false,"score":[0-9.]+\}$'
	assert_equal "$(cat st)" 141 # killed by SIGPIPE, as cat would be
}

@test "a slow reader gets every line" {
	seq -f '{"type":"chat","message":"%g"}' 5000 >lines
	mkfifo slow
	BG_IN=lines BG_OUT=slow start_bg mod ss-moderate
	exec 6<slow
	read -r first <&6
	assert_regex "$first" '^\{"type":"chat","message":"1","toxic":false,"score":[0-9.]+\}$'
	assert_equal "$(tail -n 1 <&6 | jq -r .message)" 5000
	wait_exit mod
	assert_equal "$status" 0
}

@test "a full disk is an error" {
	run bash -c 'ss-moderate >/dev/full' < <(chat hello)
	assert_failure 1
	assert_output --partial 'No space left on device'
}

@test "SIGTERM in the midst of a line ends it with what was whole" {
	start_moderate
	chat whole >&5
	printf '{"type":"chat","mess' >&5
	wait_for 5 out_has 1
	stop mod
	assert_equal "$status" 0
	assert_equal "$(jq -r .message mod.out)" whole
}

@test "few descriptors are enough" {
	run bash -c 'ulimit -n 12; ss-moderate' < <(chat hello)
	assert_success
	assert_output --partial '"toxic":false'
}

@test "many writers at listen: are merged by whole lines" {
	start_bg mod ss-moderate -i listen:in.sock
	wait_for 5 test -S in.sock
	for w in a b c; do
		seq -f '{"type":"chat","message":"'"$w"' %g"}' 200 |
			socat -u - UNIX-CONNECT:in.sock &
	done
	wait_for 10 out_has 600
	for w in a b c; do
		seq 200 | cmp - <(jq -r .message mod.out | sed -n "s/^$w //p")
	done
	stop mod
	assert_equal "$status" 0
	assert [ ! -e in.sock ]
}

@test "unix: output waits for its peer" {
	chat hello >in
	BG_IN=in start_bg mod ss-moderate -o unix:out.sock
	start_bg peer socat -u UNIX-LISTEN:out.sock -
	wait_exit mod
	assert_equal "$status" 0
	wait_for 5 grep -q '"toxic":false' peer.out
}

# --- usage --------------------------------------------------------------------

@test "wrong usage exits 2 and says how" {
	for args in '--threshold 2' '--threshold x' '--policy maybe' '--nosuch' \
		'operand' '--threshold nan' '-i foo:bar'; do
		# shellcheck disable=SC2086
		run --separate-stderr ss-moderate $args </dev/null
		assert_failure 2
		assert_output ''
		assert_regex "$stderr" '^ss-moderate: '
	done
}
