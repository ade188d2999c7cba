#!/usr/bin/env bash
# stage-jq.sh [FILE]: a stage of one's own in jq. It turns shouting down and
# adds a field; everything that isn't a chat message passes. With FILE it
# works on a recorded chat, otherwise in a live pipeline.
#
# --unbuffered: a stage hands each line on at once. jq 1.6 holds numbers as
# doubles, so integers beyond 2^53 would come out changed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../build/bin:$PATH

calm() {
	jq --unbuffered -c '
		if .type == "chat" and (.message | test("^[^a-z]*[A-Z]{4}")) then
			.message |= ascii_downcase | .calmed = true
		else . end'
}

stages() {
	ss-moderate | calm | ss-log
}

if [ $# -gt 0 ]; then
	stages <"$1"
else
	ss-gateway | stages | ss-broadcast
fi
