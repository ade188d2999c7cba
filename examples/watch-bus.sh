#!/usr/bin/env bash
# watch-bus.sh [N]: what goes over the bus, readable, N events of the past
# first (20). Anything that can read a Unix socket can do this; the request
# line is optional, without it only new events come.
set -euo pipefail

bus=${SS_BUS:-${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/safestream/bus.sock}}
bus=${bus:-/tmp/safestream-$(id -u)/bus.sock}

# ignoreeof: socat stays when the request is through
printf '{"history":%d}\n' "${1:-20}" |
	socat STDIN,ignoreeof\!\!STDOUT UNIX-CONNECT:"$bus" |
	jq --unbuffered -r '
		def room: if .room then "#\(.room) " else "" end;
		def time: (.ts // "")[11:19];
		if .type == "chat" then
			"\(time) \(room)<\(.user)> \(.message)"
			+ (if .blocked then "  [blocked]"
			   elif .toxic then "  [toxic \(.score)]"
			   else "" end)
		elif .type == "gift" then
			"\(time) \(room)* \(.from) gives \(.amount) of gift"
			+ " \(.gift_id)"
			+ (if .streak then ", \(.count) in a row" else "" end)
		elif .type == "hello" then empty
		else "\(time) \(tojson)"
		end'
