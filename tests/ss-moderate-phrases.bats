#!/usr/bin/env bats
# ss-moderate and the phrases: plain threats, calls to self-harm and insults
# are caught, banter is not. The lists named -held were never looked at while
# the phrases were written: they measure, and nothing may be added to the
# phrases because of them.

load helper

# flagged LIST: in tenths of a percent
flagged() {
	jq -Rc '{type: "chat", message: .}' "$FIXTURES/phrases-$1.txt" |
		ss-moderate >"$1.out"
	assert_equal "$(grep -c '' "$1.out")" \
		"$(grep -c '' "$FIXTURES/phrases-$1.txt")"
	echo $((1000 * $(grep -c '"toxic":true' "$1.out") /
		$(grep -c '' "$1.out")))
}

@test "at least nine in ten plain threats and insults are flagged" {
	for list in abuse abuse-held; do
		share=$(flagged "$list")
		jq -r 'select(.toxic | not) | .message' "$list.out"
		echo "$list: $share"
		assert [ "$share" -ge 900 ]
	done
}

@test "hardly any banter is flagged" {
	share=$(flagged banter)
	jq -r 'select(.toxic) | .message' banter.out
	assert [ "$share" -le 20 ]
	share=$(flagged banter-held)
	jq -r 'select(.toxic) | .message' banter-held.out
	echo "banter-held: $share"
	assert [ "$share" -le 60 ]
}

@test "who speaks of himself abuses nobody" {
	for text in "i'm an idiot" "i am so dumb" "i want to die lol" \
		"i want to kill myself" "kill me now lol"; do
		run ss-moderate < <(jq -nc --arg t "$text" \
			'{type: "chat", message: $t}')
		assert_output --partial '"toxic":false'
	done
}
