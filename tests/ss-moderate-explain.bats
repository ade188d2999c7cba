#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154,SC2016
# ss-moderate --explain and --profile.

load helper

# chat TEXT...: an event a text
chat() {
	printf '{"type":"chat","user":"u","message":"%s"}\n' "$@"
}

# why OPTION... <events
why() {
	ss-moderate --explain "$@" | jq -c .why
}

# ids OPTION...: model and policy of a verdict
ids() {
	why "$@" < <(chat hello) | jq -r '.model + " " + .policy'
}

@test "why names the words that carried the score, by code points" {
	run jq -c '.spans[0] | [.start, .length, .text, .label]' \
		< <(why < <(chat 'grüße 你好, you are an idiot'))
	assert_output '[21,5,"idiot","insult"]'
	# every part is what the message has there, the weightiest first
	chat 'hello you fucking moron, go away' 'ü i will kill you ok' \
		'nice game all' '  ' '' 'f u c k this' >in
	run jq -se 'all(.[]; .message as $m | .why.spans |
		all(.[]; .text == $m[.start:.start + .length] and .weight > 0)
		and ([.[].weight] | . == (sort | reverse)) and length <= 5)' \
		< <(ss-moderate --explain <in)
	assert_success
}

@test "a phrase is told by its line" {
	line=$(why < <(chat 'just kill yourself') |
		jq -r '.spans[0].phrase' | sed 's/phrases.txt:\([0-9]*\)$/\1/')
	assert sed -n "${line}p" "$ROOT/lib/toxic/phrases.txt"
	run sed -n "${line}p" "$ROOT/lib/toxic/phrases.txt"
	assert_output --regexp '^selfharm .*kill.*yourself'
}

@test "why says who decided" {
	printf '%s\n' '# c' 'zork' >block
	echo 'if .user == "u" and .message == "bye" then .toxic = true else . end' \
		>rules.jq
	run jq -r .by < <(why --blocklist block --rules rules.jq \
		< <(chat idiot 'a zork' bye hello))
	assert_output $'score\nblocklist\nrule\nscore'
	run jq -c '[.at, .entry, .hit]' < <(why --blocklist block \
		< <(chat 'ä ZORK'))
	assert_output '["block:2","zork",{"start":2,"length":4,"text":"ZORK"}]'
}

@test "a masked event gives nothing away" {
	echo zork >block
	run ss-moderate --explain --policy mask --blocklist block \
		< <(chat 'zork you idiot')
	assert_output --partial '"masked":true'
	assert_output --partial '"why"'
	refute_output --partial zork
	refute_output --partial idiot
}

@test "why is there once, whoever put one in before" {
	printf '%s\n' '{"type":"chat","why":"x","message":"idiot","why":{}}' >in
	run ss-moderate --explain <in
	assert_equal "$(grep -o '"why"' <<<"$output" | wc -l)" 1
	ss-moderate --explain <in >once
	ss-moderate --explain <once | cmp - once
	run ss-moderate <once
	refute_output --partial '"why"'
}

@test "whatever changes the verdict changes an id, and nothing else does" {
	echo '.' >rules.jq
	echo zork >a
	printf '# here\n\nzork\n' >b
	echo 'zork => other reason' >c
	plain=$(ids)
	assert_equal "$(ids)" "$plain"
	assert_equal "$(ids --labels --stats 2>/dev/null)" "$plain"
	assert_equal "$(ids --threshold 0.6)" "$plain"
	assert_equal "$(ids --blocklist a)" "$(ids --blocklist b)"
	for o in '--threshold 0.61' '--policy mask' '--profile strict' \
		'--rules rules.jq' '--blocklist a' '--blocklist c' \
		'--allowlist a' '--ask http://127.0.0.1:9/ --band 1:1'; do
		# shellcheck disable=SC2086
		ids $o >>all
	done
	echo "$plain" >>all
	assert_equal "$(sort -u all | wc -l)" 9
	assert_equal "$(cut -d ' ' -f 1 all | sort -u | wc -l)" 1
	old=$(ids --rules rules.jq)
	echo '. # other' >rules.jq
	assert [ "$(ids --rules rules.jq)" != "$old" ]
}

@test "a model of one's own has an id of its own" {
	printf '%s\t%s\tx\tx\ten\t%s\n' 1 1----- 'you bad thing' \
		0 0----- 'hello there' >train.tsv
	ss-train -o own.ssm train.tsv
	own=$(ids --model own.ssm)
	plain=$(ids)
	assert [ "${own% *}" != "${plain% *}" ]
	assert_equal "${own#* }" "${plain#* }"
}

@test "the ids change with what SIGHUP reads" {
	echo zork >block
	mkfifo in
	BG_IN=in start_bg mod ss-moderate -v --explain --blocklist block
	exec 5>in
	chat a >&5
	wait_for 5 test -s mod.out
	echo frob >block
	kill -HUP "$(pid mod)"
	wait_for 5 grep -q 'blocklist read again' mod.err
	chat a >&5
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
	assert_equal "$(jq -r .why.policy mod.out | sort -u | wc -l)" 2
	assert_equal "$(tail -n 1 mod.out | jq -r .why.policy)" \
		"$(why --blocklist block < <(chat a) | jq -r .policy)"
}

@test "a long message is explained by the lexicon, and in time" {
	pad=$(head -c 900000 /dev/zero | tr '\0' 'x')
	printf '{"type":"chat","message":"%s idiot"}\n' "$pad" >in
	run jq -c '[.start, .text]' < <(why <in | jq -c '.spans[0]')
	assert_output '[900001,"idiot"]'
}

# --- profiles -----------------------------------------------------------------

@test "the profiles have their thresholds, and --threshold wins" {
	cat "$FIXTURES"/moderate-{benign,toxic}.ndjson >in
	run jq -se 'all(.[]; .toxic == (.score >= 0.6))' < <(ss-moderate <in)
	assert_success
	run jq -se 'all(.[]; .toxic or .score < 0.4)' \
		< <(ss-moderate --profile strict <in)
	assert_success
	run jq -se 'any(.[]; .score >= 0.6 and (.toxic | not)) and
		all(.[]; .score >= 0.6 or (.toxic | not))' \
		< <(ss-moderate --profile lenient <in)
	assert_success
	run jq .toxic < <(ss-moderate --profile strict --threshold 1 \
		< <(chat idiot))
	assert_output false
	run ss-moderate --profile harsh </dev/null
	assert_failure 2
}

@test "strict flags what the others leave to the score" {
	run jq .toxic < <(ss-moderate --profile strict \
		< <(chat 'damn' 'what the hell' 'hello'))
	assert_output $'true\ntrue\nfalse'
	run jq .toxic < <(ss-moderate < <(chat 'damn' 'what the hell'))
	assert_output $'false\nfalse'
}

@test "lenient lets swearing at nobody go, and nothing that is meant" {
	run jq -c '[.message, .toxic]' < <(ss-moderate --profile lenient \
		< <(chat fuck 'holy shit' 'what the fuck' \
			'fuck you' 'you idiot' kys 'i will find you' \
			'i know where you live' 'go back to africa' nigger))
	assert_output - <<-'END'
		["fuck",false]
		["holy shit",false]
		["what the fuck",false]
		["fuck you",true]
		["you idiot",true]
		["kys",true]
		["i will find you",true]
		["i know where you live",true]
		["go back to africa",true]
		["nigger",true]
	END
}
