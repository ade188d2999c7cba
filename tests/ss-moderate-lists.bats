#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154,SC2016
# ss-moderate --blocklist and --allowlist: what they make of a chat.

load helper

# chat TEXT...: an event a text
chat() {
	printf '{"type":"chat","user":"u","message":"%s"}\n' "$@"
}

# verdict OPTION... <events: one array a line
verdict() {
	ss-moderate "$@" |
		jq -c '[.message, .toxic, .reason, .masked, .blocked]'
}

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

@test "what the blocklist has is toxic, whatever the score, and says why" {
	printf '%s\n' '# mine' '' zork 'frob* => no frobbing' '/qu+x/i' >block
	run ss-moderate --blocklist block < <(chat 'a zork' hello)
	assert_success
	assert_line --index 0 --regexp \
		'"toxic":true,"score":0\.[0-9]+,"reason":"blocklist"\}$'
	assert_line --index 1 --regexp '"toxic":false,"score":0\.[0-9]+\}$'
	assert [ "$(jq '.score < 0.6' <<<"${lines[0]}")" = true ]
	run verdict --blocklist block < <(chat ZORK zorks frobnicate QUUUX)
	assert_output - <<-'END'
		["ZORK",true,"blocklist",null,null]
		["zorks",false,null,null,null]
		["frobnicate",true,"no frobbing",null,null]
		["QUUUX",true,"blocklist",null,null]
	END
}

@test "policy mask hides what is listed and no more" {
	printf '%s\n' 'zork' '*cod*' '/x+y/' 'two words' >block
	chat 'a zork, ok' 'decoding it' 'axxxyb' 'my two  words' 'z.o.r.k!' \
		'zörk 你' hello >in
	run verdict --policy mask --blocklist block <in
	assert_output - <<-'END'
		["a ****, ok",true,"blocklist",true,null]
		["******** it",true,"blocklist",true,null]
		["a****b",true,"blocklist",true,null]
		["my ***  *****",true,"blocklist",true,null]
		["*******!",true,"blocklist",true,null]
		["**** 你",true,"blocklist",true,null]
		["hello",false,null,null,null]
	END
}

@test "with mask, mild words are left alone unless the score is reached" {
	echo zork >block
	run verdict --policy mask --blocklist block \
		< <(chat 'damn zork' 'you idiot zork')
	assert_output - <<-'END'
		["damn ****",true,"blocklist",true,null]
		["you ***** ****",true,"blocklist",true,null]
	END
}

@test "policy block blocks what is listed" {
	echo 'zork => house rule' >block
	run verdict --policy block --blocklist block < <(chat zork idiot)
	assert_output - <<-'END'
		["zork",true,"house rule",null,true]
		["idiot",true,"insult",null,true]
	END
}

@test "disguises, capitals, accents and widths are seen through" {
	echo badword >block
	for text in BADWORD b4dw0rd b.a.d.w.o.r.d 'b a d w o r d' bádwörd \
		baaadword 'ｂａｄｗｏｒｄ' 'b*dword' 'bаdword' 'bad\u200bword'; do
		run ss-moderate --blocklist block < <(chat "$text")
		assert_output --partial '"reason":"blocklist"'
	done
	for text in badwords 'bad word' 'b.a.d' 'sbadword'; do
		run ss-moderate --blocklist block < <(chat "$text")
		refute_output --partial '"reason":"blocklist"'
	done
}

@test "what is allowed is not scored, the rest of the line is" {
	printf '%s\n' 'kys => kiss your smile' 'dick grayson' '/f+uu+/' >allow
	chat kys 'KYS friends' 'Dick Grayson' 'fuuuu' 'kys you idiot' \
		'you k.y.s dick grayson' >in
	run verdict --allowlist allow --policy block <in
	assert_output - <<-'END'
		["kys",false,null,null,null]
		["KYS friends",false,null,null,null]
		["Dick Grayson",false,null,null,null]
		["fuuuu",false,null,null,null]
		["kys you idiot",true,"insult",null,true]
		["you k.y.s dick grayson",true,"threat",null,true]
	END
}

@test "allowed text saves what is blocked within it, and nothing beyond" {
	printf '%s\n' zork 'foo bar baz' >block
	printf '%s\n' 'the zork saga' bar >allow
	run verdict --blocklist block --allowlist allow \
		< <(chat 'The Zork Saga' 'the zork saga, zork' 'foo bar baz')
	assert_output - <<-'END'
		["The Zork Saga",false,null,null,null]
		["the zork saga, zork",true,"blocklist",null,null]
		["foo bar baz",true,"blocklist",null,null]
	END
}

@test "an allowed word is not masked with the rest" {
	echo kys >allow
	run jq -r .message < <(ss-moderate --allowlist allow --policy mask \
		< <(chat 'kys idiot'))
	assert_output 'kys *****'
}

@test "lists may be repeated, and come from the environment" {
	echo one >a
	echo two >b
	echo three >c
	chat one two three >in
	run jq .toxic < <(ss-moderate --blocklist a --blocklist b <in)
	assert_output $'true\ntrue\nfalse'
	run jq .toxic < <(SS_BLOCKLIST=c ss-moderate <in)
	assert_output $'false\nfalse\ntrue'
	run jq .toxic < <(SS_BLOCKLIST=c ss-moderate --blocklist a <in)
	assert_output $'true\nfalse\nfalse'
	local many=()
	for _ in {1..65}; do
		many+=(--blocklist a)
	done
	run ss-moderate "${many[@]}" <in
	assert_failure 2
	assert_output --partial 'given too often'
}

@test "rules see what the list said and have the last word" {
	echo 'zork => no zork' >block
	cat >rules.jq <<-'END'
		if .user == "vip" then .toxic = false else . end
		if .user == "x" then .reason += "!" else . end
	END
	for u in a vip x; do
		printf '{"type":"chat","user":"%s","message":"zork"}\n' $u
	done >in
	run jq -c '[.toxic, .reason, .blocked]' < <(ss-moderate \
		--policy block --blocklist block --rules rules.jq <in)
	assert_output - <<-'END'
		[true,"no zork",true]
		[false,null,null]
		[true,"no zork!",true]
	END
}

@test "a bad list ends it at once, with file and line" {
	printf 'fine\n/(oops/\n' >block
	run --separate-stderr ss-moderate --blocklist block < <(chat a)
	assert_failure 1
	assert_output ''
	assert_regex "$stderr" '^ss-moderate: block:2: missing closing paren'
	printf 'fine\nbad\xff\n' >allow
	run ss-moderate --allowlist allow < <(chat a)
	assert_failure 1
	assert_output 'ss-moderate: allow:2: not UTF-8'
	run ss-moderate --blocklist nosuch < <(chat a)
	assert_failure 1
	assert_output 'ss-moderate: nosuch: No such file or directory'
	run ss-moderate --blocklist . < <(chat a)
	assert_failure 1
	assert_output 'ss-moderate: .: Is a directory'
}

@test "an empty list is one" {
	: >empty
	printf '\xef\xbb\xbf# only this\r\n\r\n' >comments
	run jq .toxic < <(ss-moderate --blocklist empty --allowlist comments \
		< <(chat hello idiot))
	assert_output $'false\ntrue'
}

@test "SIGHUP reads the lists again; a bad one changes nothing" {
	echo zork >block
	echo kys >allow
	start_moderate -v --blocklist block --allowlist allow
	chat zork >&5
	wait_for 5 out_has 1
	printf '%s\n' frob 'glark' >block
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'allowlist read again: 1 entries'
	assert err_has 'blocklist read again: 2 entries'
	chat zork glark kys >&5
	wait_for 5 out_has 4
	printf 'new\n/*/\n' >block
	echo '# nothing' >allow
	kill -HUP "$(pid mod)"
	wait_for 5 err_has 'allowlist read again: 0 entries'
	assert err_has 'block:2: quantifier does not follow'
	assert err_has 'the blocklist in force stays'
	chat glark new kys >&5
	wait_for 5 out_has 7
	exec 5>&-
	wait_exit mod
	assert_equal "$status" 0
	assert_equal "$(jq -r .toxic mod.out | xargs)" \
		'true false true false true false true'
}

@test "a catastrophic expression and its text don't stall the chat" {
	printf '%s\n' '/(a+)+$/' '/^(([a-z])+.)+[A-Z]([a-z])+$/' '*a*a*a*b' >block
	text=$(printf 'a%.0s' {1..400})
	for _ in {1..50}; do
		chat "$text!"
	done >in
	run timeout "$(slow 30)" ss-moderate --blocklist block <in
	assert_success
	# what could not be decided is held against it
	assert_equal "$(grep -c '"reason":"blocklist"' <<<"$output")" 50
}

@test "ten thousand entries of each kind find theirs" {
	seq -f 'word%gx' 10000 >block
	seq -f '*wild%gx*' 10000 >>block
	seq -f '/re+%gx/i' 10000 >>block
	chat 'a word7777x' 'awild1234xy' 'REEE9999x' 'word10001x' 're0x' >in
	run jq .toxic < <(ss-moderate --blocklist block <in)
	assert_output $'true\ntrue\ntrue\nfalse\nfalse'
}
