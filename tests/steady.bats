#!/usr/bin/env bats
# run --separate-stderr sets stderr; $ in single quotes is jq's
# shellcheck disable=SC2154,SC2016,SC2030,SC2031
# Steady state: what a stage needs per event it has from the start.

load helper

# lines N: chat, gifts and others; the later ones are like the earlier ones
lines() {
	awk -v n="$1" 'BEGIN {
		for (i = 1; i <= n; i++) {
			id = sprintf("\"id\":\"01M84WEPAHYVXEBG%010d\"", i)
			if (i % 5 == 0)
				printf "{\"type\":\"gift\",%s,\"from\":\"g\",\"gift_id\":1,\"amount\":%d}\n", id, i % 9 + 1
			else if (i % 7 == 0)
				printf "{\"type\":\"poll\",%s,\"x\":[1,{\"y\":%d}]}\n", id, i
			else
				printf "{\"type\":\"chat\",%s,\"user\":\"u\",\"message\":\"you idiot %d, f.u.c.k th\xc3\xa4t\",\"ts\":\"t\"}\n", id, i
		}
	}'
}

# asked N PROGRAM...: prints how often it asked for memory with N lines
asked() {
	local n=$1

	shift
	rm -rf logs
	lines "$n" | MALLOCS=$PWD/asked LD_PRELOAD=$MALLOCS_SO "$@" >out
	[ -s asked ]
	cat asked
}

# steady PROGRAM...: of 30,000 lines more, not one in a hundred costs any
steady() {
	local few many

	MALLOCS_SO=${UNITDIR:-$ROOT/build/tests}/mallocs.so
	[ -e "$MALLOCS_SO" ] || skip 'not built (make check builds it)'
	[ -z "${SAN-}" ] || skip 'a sanitizer has an allocator of its own'
	few=$(asked 10000 "$@")
	many=$(asked 40000 "$@")
	echo "# $1: $few, $many" >&2
	[ "$few" -gt 0 ]
	[ $((many - few)) -lt 300 ]
}

@test "ss-moderate asks for no memory per event" {
	steady ss-moderate --labels --policy mask
}

@test "ss-moderate --jobs asks for no memory per event" {
	steady ss-moderate --jobs 3
}

@test "ss-log asks for no memory per event" {
	steady ss-log --dir logs --sync=none
}

@test "ss-broadcast asks for no memory per event" {
	steady ss-broadcast -q -o listen:bus --history 100 --drain-timeout 0
}
