#!/usr/bin/env bats
# run --separate-stderr sets stderr
# shellcheck disable=SC2154
# ss-moderate-hold.bats: what is held for a moderator, and how levels change it.

load helper

# chat TEXT [JSON]: with more members
chat() {
	jq -nc --arg m "$1" --argjson more "${2:-{\}}" \
		'{type: "chat", user: "u", message: $m} + $more'
}

# level N [LABEL [ROOM]], hold N: events
level() {
	jq -nc '$ARGS.positional as [$n, $name, $room] |
		{type: "level", level: ($n | tonumber)} +
		if ($name // "") == "" then {} else {label: $name} end +
		if $room then {room: $room} else {} end' --args "$@"
}

hold() {
	echo '{"type":"hold","level":'"$1"'}'
}

# held: one word a chat line
held() {
	jq -r 'select(.type == "chat") | if .held then "held" else "-" end' |
		xargs
}

INSULT='you are an idiot'
THREAT='i will kill you'
GOOD='good morning'

@test "nothing is held unless it is asked for" {
	run ss-moderate < <(chat "$INSULT")
	refute_output --partial held
	run ss-moderate --hold 0 < <(chat "$INSULT")
	refute_output --partial held
}

@test "what is held is counted apart from what is blocked" {
	{
		chat "$INSULT"
		chat "$THREAT"
		chat "$GOOD"
	} >in
	run --separate-stderr ss-moderate --stats --hold 4 <in
	assert_success
	assert_equal "$stderr" "ss-moderate: 3 lines, 3 chat, 2 toxic, \
0 masked, 0 blocked, 2 held, 0 dropped, 0 rejected"
}

@test "a higher level holds more, and what it held before" {
	{
		chat "$INSULT"
		chat "$THREAT"
		chat "$GOOD"
	} >in
	for n in 1 2 3 4; do
		run ss-moderate --hold "$n" <in
		assert_equal "$(held <<<"$output")" 'held held -'
		assert_equal "$(ss-moderate --level "$n" <in)" "$output"
	done
	jq -c '{type, user, message}' "$FIXTURES"/../../examples/chat.jsonl \
		>many
	for n in 1 2 3 4; do
		ss-moderate --hold "$n" <many | jq -r 'select(.held).message' \
			>"held$n"
		[ "$n" = 1 ] || assert_equal "$(grep -cxFf "held$n" \
			"held$((n - 1))")" "$(wc -l <"held$((n - 1))")"
	done
	assert [ "$(wc -l <held4)" -gt "$(wc -l <held1)" ]
}

@test "held stands in front of reason, which says why" {
	run ss-moderate --hold 1 < <(chat "$THREAT" '{"held":1,"ts":"x"}')
	assert_regex "$output" \
		'"toxic":true,"score":0[.0-9]*,"held":true,"reason":"threat","ts":"x"}$'
}

@test "one label has a level of its own" {
	{
		chat "$INSULT"
		chat "$THREAT"
	} >in
	run ss-moderate --hold 4 --level insult=0 <in
	assert_equal "$(held <<<"$output")" '- held'
	run ss-moderate --level insult=2 <in
	assert_equal "$(held <<<"$output")" 'held -'
	run ss-moderate --level insult=2 --level threat=1 <in
	assert_equal "$(held <<<"$output")" 'held held'
	run ss-moderate --level 4,insult=0,threat=0 <in
	assert_equal "$(held <<<"$output")" '- -'
	run ss-moderate --level toxicity=1 <in
	assert_equal "$(held <<<"$output")" 'held -'
	for bad in 5 -1 x insult insult=5 rude=1 'insult=1,' '' 1=1; do
		run ss-moderate --level "$bad" </dev/null
		assert_failure 2
	done
	run ss-moderate --hold 5 </dev/null
	assert_failure 2
}

@test "what is blocked isn't held, what is held isn't masked" {
	run ss-moderate --hold 2 --policy block < <(chat "$INSULT")
	assert_equal "$(jq -c '[.blocked, .held]' <<<"$output")" '[true,null]'
	run ss-moderate --hold 2 --policy block --threshold 1 < <(chat "$INSULT")
	assert_equal "$(jq -c '[.blocked, .held]' <<<"$output")" '[null,true]'
	run ss-moderate --hold 2 --policy mask < <(chat "$INSULT")
	assert_equal "$(jq -c '[.masked, .held, .message]' <<<"$output")" \
		'[null,true,"'"$INSULT"'"]'
}

@test "a rule that lets a message pass keeps it from being held" {
	for rule in '{"toxic":false}' '{"blocked":false}'; do
		echo ". + $rule" >rules
		run ss-moderate --hold 2 --rules rules < <(chat "$INSULT")
		assert_equal "$(held <<<"$output")" -
	done
}

@test "staff are exempt, and what was approved passes as it is" {
	for role in moderator streamer admin; do
		run ss-moderate --hold 4 \
			< <(chat "$INSULT" '{"role":"'$role'"}')
		assert_equal "$(held <<<"$output")" -
	done
	run ss-moderate --hold 4 < <(chat "$INSULT" '{"role":"subscriber"}')
	assert_equal "$(held <<<"$output")" held
	line=$(chat "$INSULT" '{"approved":"X"}')
	run ss-moderate --hold 4 <<<"$line"
	assert_output "$line"
}

@test "events set levels from their place on, by room and label" {
	{
		chat "$INSULT"
		hold 2
		chat "$INSULT"
		level 0 insult
		chat "$INSULT"
		chat "$THREAT"
		level 2 '' den
		chat "$INSULT" '{"room":"den"}'
		chat "$INSULT"
		level 0 insult
		chat "$INSULT" '{"room":"den"}'
		level 3
		chat "$INSULT"
		level 0 '' main
		chat "$INSULT"
		chat "$INSULT" '{"room":"main"}'
		chat "$INSULT" '{"room":"den"}'
		hold 0
		chat "$INSULT" '{"room":"den"}'
	} >in
	for jobs in 1 3; do
		run --separate-stderr ss-moderate --jobs "$jobs" <in
		assert_success
		assert_equal "$stderr" ''
		assert_equal "$(held <<<"$output")" \
			'- held - held held - - held - - held -'
	done
	assert_equal "$(grep -v chat <<<"$output")" "$(grep -v chat in)"
}

@test "what is no level changes nothing and is told" {
	for bad in '"level":5' '"level":"2"' '"level":1.5' '"x":1' \
		'"level":0,"label":"rude"' '"level":0,"label":7' \
		'"level":0,"room":""' '"level":0,"room":7'; do
		run --separate-stderr ss-moderate --hold 2 \
			< <(echo '{"type":"level",'"$bad"'}'; chat "$INSULT")
		assert_success
		assert_equal "$(held <<<"$output")" held
		assert_equal "$stderr" \
			'ss-moderate: level: not one, so the old one stays'
	done
}

@test "levels survive the kill of the moderator, from the bus" {
	printf '%s\n' "$(level 2)" "$(level 0 insult)" | ss-log --no-tee
	BG_IN=/dev/null start_bg hub ss-broadcast -i "listen:$PWD/out.sock"
	run ss-moderate --state "unix:$SS_BUS" \
		< <(chat "$INSULT"; chat "$THREAT")
	assert_equal "$(held <<<"$output")" '- held'
}
