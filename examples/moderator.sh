#!/usr/bin/env bash
# moderator.sh QUESTION [ARG...]: asks the database of ss-log --db (chat.db,
# or the file in SS_CHAT_DB) what a moderator wants to know. Questions:
#
#	gifters [N]         who gave most, the first N (10); sums are exact
#	toxicity [ROOM]     messages and toxic ones, hour by hour
#	history USER [N]    the newest N (50) messages, gifts and actions of one
#	worst [N]           the N (10) worst messages
#
# It only reads, so it never disturbs ss-log.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
db=${SS_CHAT_DB:-chat.db}

usage() {
	sed -n '2,/^set/s/^#[ \t]\{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}

# number TEXT: a positive one, as it will stand in SQL
number() {
	[[ $1 =~ ^[1-9][0-9]{0,8}$ ]] || usage
}

# ask FILE: values reach the SQL as parameters alone, never as text
ask() {
	[ -r "$db" ] || {
		echo "moderator.sh: $db: no such database" >&2
		exit 1
	}
	printf '%s\n' '.timeout 5000' "${params[@]}" ".read '$here/$1.sql'" |
		sqlite3 -readonly -batch -bail -header -separator $'\t' "$db"
}

# param NAME TEXT: text as a parameter, in hexadecimal past all quoting
params=()
param() {
	params+=(".parameter set $1 \"CAST(x'$(printf '%s' "$2" |
		od -An -tx1 | tr -d ' \n')' AS TEXT)\"")
}

case ${1:-} in
gifters)
	[ $# -le 2 ] || usage
	number "${2:-10}"
	param :n "${2:-10}"
	ask gifters
	;;
toxicity)
	[ $# -le 2 ] || usage
	param :room "${2:-}"
	ask toxicity
	;;
history)
	if [ $# -lt 2 ] || [ $# -gt 3 ]; then
		usage
	fi
	number "${3:-50}"
	param :user "$2"
	param :n "${3:-50}"
	ask history
	;;
worst)
	[ $# -le 2 ] || usage
	number "${2:-10}"
	param :n "${2:-10}"
	ask worst
	;;
*)
	usage
	;;
esac
