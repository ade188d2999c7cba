#!/usr/bin/env bash
# stage-shell.sh [FILE]: a stage of one's own in plain shell. It drops chat
# messages with a link in them and says so on stderr; everything else passes
# byte for byte. With FILE it works on a recorded chat, otherwise in a live
# pipeline. A stage that drops lines stands before ss-log, never after it:
# what is in the log has been shown.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../build/bin:$PATH

no_links() {
	local line

	while IFS= read -r line; do
		case $line in
		*'"type":"chat"'*http://* | *'"type":"chat"'*https://*)
			echo "no_links: dropped one" >&2
			;;
		*)
			printf '%s\n' "$line"
			;;
		esac
	done
}

stages() {
	no_links | ss-moderate | ss-log
}

if [ $# -gt 0 ]; then
	stages <"$1"
else
	ss-gateway | stages | ss-broadcast
fi
