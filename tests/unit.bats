#!/usr/bin/env bats
# unit.bats: the unit tests of lib/, one program a module in build/tests/; a
# failure shows what the program printed.

load helper

unit() {
	local bin=${UNITDIR:-$ROOT/build/tests}/$1

	[ -x "$bin" ] || {
		echo "$bin: not built (make unit)"
		return 1
	}
	run timeout "$(slow 60)" "$bin"
	if [ "$status" -ne 0 ] || ! grep -q '^1\.\.[1-9]' <<<"$output"; then
		echo "$1: exit status $status"
		grep -v '^ok' <<<"$output" | tail -n 80
		return 1
	fi
}

@test "buf" {
	unit buf
}

@test "bucket" {
	unit bucket
}

@test "cidr" {
	unit cidr
}

@test "burst" {
	unit burst
}

@test "msg" {
	unit msg
}

@test "utf8" {
	unit utf8
}

@test "json" {
	unit json
}

@test "json without SSE2" {
	unit json-portable
}

@test "clock" {
	unit clock
}

@test "action" {
	unit action
}

@test "ulid" {
	unit ulid
}

@test "httpd" {
	unit httpd
}

@test "head" {
	unit head
}

@test "frames" {
	unit frames
}

@test "event" {
	unit event
}

@test "role" {
	unit role
}

@test "base64" {
	unit base64
}

@test "jwt" {
	unit jwt
}

@test "skeleton" {
	unit skeleton
}

@test "addr" {
	unit addr
}

@test "linein" {
	unit linein
}

@test "loop" {
	unit loop
}

@test "ring" {
	unit ring
}

@test "hub" {
	unit hub
}

@test "sink" {
	unit sink
}

@test "source" {
	unit source
}

@test "sock" {
	unit sock
}

@test "opt" {
	unit opt
}

@test "every other unit test passes, too" {
	local known src name bad=0

	known=$(sed -n 's/^	unit \([a-z0-9_]*\)$/\1/p' "$TESTS/unit.bats")
	[ "$(wc -w <<<"$known")" -ge 15 ]
	for src in "$TESTS"/unit/*.c; do
		name=$(basename "$src" .c)
		grep -qx "$name" <<<"$known" || unit "$name" || bad=1
	done
	[ "$bad" -eq 0 ]
}

@test "breaker" {
	unit breaker
}

@test "opinion" {
	unit opinion
}
