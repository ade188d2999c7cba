#!/usr/bin/env bats
# ss-moderate and the phrases: plain threats, calls to self-harm and insults
# are caught, banter is not. The phrases were written with the first lists in
# view, and the second ones in mind: a third of phrases-abuse-second.txt stands
# beside the phrases as their tests. So these two keep what works from breaking
# and measure nothing. The -fresh lists came after the phrases, which were not
# changed for them: 32 of its 60 elaborate threats and insults were flagged
# then, and 4 of its 80 lines of banter.

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
	for list in abuse abuse-second; do
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
	share=$(flagged banter-second)
	jq -r 'select(.toxic) | .message' banter-second.out
	echo "banter-second: $share"
	assert [ "$share" -le 60 ]
}

@test "what the phrases were not written for is no worse than it was" {
	share=$(flagged abuse-fresh)
	echo "abuse-fresh: $share"
	assert [ "$share" -ge 500 ]
	share=$(flagged banter-fresh)
	echo "banter-fresh: $share"
	assert [ "$share" -le 63 ]
}

@test "who speaks of himself abuses nobody" {
	for text in "i'm an idiot" "i am so dumb" "i want to die lol" \
		"i want to kill myself" "kill me now lol"; do
		run ss-moderate < <(jq -nc --arg t "$text" \
			'{type: "chat", message: $t}')
		assert_output --partial '"toxic":false'
	done
}
