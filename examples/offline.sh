#!/usr/bin/env bash
# offline.sh [FILE]: moderates a recorded chat, without any server: who was
# flagged how often, and for what. The default is the chat beside this script.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../build/bin:$PATH
file=${1:-$here/chat.jsonl}

echo 'flagged messages by user:'
ss-moderate <"$file" | jq -r 'select(.toxic) | .user' |
	sort | uniq -c | sort -rn

echo
echo 'the five worst:'
ss-moderate <"$file" |
	jq -r 'select(.toxic) | [.score, .user, .message] | @tsv' |
	sort -rn | sed 5q
