#!/usr/bin/env bash
# shadow.sh [OPTION...]: a second moderator beside the one in force, compared
# live. It listens on the bus, judges again with other options, those of
# ss-moderate, and prints each verdict that differs; Ctrl-C ends it with the
# counts. What listens on the bus can't change or slow what goes over it: who
# falls behind is cut off, and what was missed is told where the events are
# numbered.
#
#	shadow.sh --model new.ssm
#
# With --tee it stands in a pipeline instead, behind the first moderator. Lines
# pass it byte for byte; a bus of its own stands between them and the shadow.
#
#	ss-gateway | ss-moderate | shadow.sh --tee --model new.ssm |
#		ss-log | ss-broadcast
#
# Masked messages can't be judged again: what was written isn't in the event.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../build/bin:$PATH

usage() {
	cat <<'END'
usage: shadow.sh [OPTION...]

A second moderator beside the one in force, compared live.

      --bus PATH     listen there (SS_BUS, or where ss-broadcast has it)
      --tee          pass standard input on as it is, and compare that; what
                     differs goes to standard error
      --report FILE  append what differs to FILE instead
  -h, --help         this

All other options are ss-moderate's: --model, --policy, --threshold, --rules ...
END
}

misuse() {
	echo "shadow.sh: $*" >&2
	echo 'usage: shadow.sh [OPTION...]' >&2
	exit 2
}

bus=${SS_BUS:-${XDG_RUNTIME_DIR:+$XDG_RUNTIME_DIR/safestream/bus.sock}}
bus=${bus:-/tmp/safestream-$(id -u)/bus.sock}
tee=0 report='' options=()
known=$(ss-moderate --help-options) || exit 1

# 1 where option $1 of ss-moderate takes a value, 0 where it takes none
takes() {
	awk -F '\t' -v o="$1" '$1 == o || ($2 == o && o != "-") {
		print $3 == "flag" ? 0 : 1 }' <<<"$known"
}

while [ $# -gt 0 ]; do
	case $1 in
	--bus=* | --report=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
	esac
	case $1 in
	--bus | --report) [ $# -ge 2 ] || misuse "$1 needs a value" ;;
	esac
	case $1 in
	--bus) bus=$2 && shift ;;
	--report) report=$2 && shift ;;
	--tee) tee=1 ;;
	-h | --help)
		usage
		exit
		;;
	-i | -o | --input* | --output* | --version | --help-options)
		misuse "$1: not here"
		;;
	-?*)
		case $(takes "${1%%=*}") in
		0) options+=("$1") ;;
		1)
			options+=("$1")
			if [[ $1 != *=* ]]; then
				[ $# -ge 2 ] || misuse "$1 needs a value"
				options+=("$2")
				shift
			fi
			;;
		*) misuse "$1: no such option" ;;
		esac
		;;
	*) misuse "$1: no operands are taken" ;;
	esac
	shift
done
# before anything stands in a pipeline: does the shadow start at all?
ss-moderate "${options[@]}" </dev/null || exit 1

tmp=$(mktemp -d)
job=
# shellcheck disable=SC2317
cleanup() {
	[ -z "$job" ] || kill -KILL -- "-$job" 2>/dev/null || :
	rm -rf "$tmp"
}
trap cleanup EXIT

# What can be judged again carries its old verdict as "was"; of the rest only
# what is missing in the count becomes a note, which passes ss-moderate as it is.
# shellcheck disable=SC2016
prepare='
	foreach (inputs | fromjson? | objects) as $e ({ seq: null };
		.gap = (if ($e.seq | type) == "number" and .seq != null
				and $e.seq > .seq + 1
			then $e.seq - .seq - 1 else 0 end)
		| .seq = (if ($e.seq | type) == "number"
			then $e.seq else .seq end);
		(if .gap > 0 then { type: "shadow", missed: .gap }
			else empty end),
		($e | if .type != "chat" or (.message | type) != "string"
			or (.approved | type) == "string" then empty
		elif .masked == true then { type: "shadow", masked: 1 }
		elif (.toxic | type) != "boolean" then empty
		else .was = { toxic, score, blocked }
			| .was_message = .message end))'

# shellcheck disable=SC2016
compare='
	def verdict: if .blocked == true then "blocked"
		elif .masked == true then "masked"
		elif .toxic == true then "toxic" else "clean" end;
	def plain: tostring
		| gsub("[\\p{Cc}\\p{Cf}\\x{2028}\\x{2029}]"; "?")
		| if length > 120 then .[0:119] + "…" else . end;
	foreach (inputs, null) as $e ({ n: 0, masked: 0, missed: 0, kinds: {} };
		.say = null
		| if $e == null then .say = ([
				"\(.n) messages compared, " +
				"\([.kinds[]] | add // 0) differ"
				+ ([.kinds | to_entries[]
					| "; \(.key): \(.value)"] | join(""))
				+ (if .masked > 0 then
					"; masked, not compared: \(.masked)"
					else "" end)
				+ (if .missed > 0 then
					"; missed: \(.missed)" else "" end)
			] | .[0])
		elif $e.type == "shadow" then
			.masked += ($e.masked // 0)
			| .missed += ($e.missed // 0)
			| if $e.missed then .say = "missed \($e.missed) events"
				else . end
		else .n += 1
			| ($e.was | verdict) as $old | ($e | verdict) as $new
			| if $old == $new then . else
				.kinds["\($old) -> \($new)"] += 1
				| .say = "\($old) -> \($new)  " +
				"\($e.was.score // "none") -> \($e.score)  " +
				"\($e.user // "-" | plain): " +
				"\($e.was_message | plain)" end
		end;
		.say // empty)'

# listen PATH: the lines of a bus, again when it comes back. With --tee the
# past is asked for once, and the hello in front of it shows that the shadow is
# connected.
listen() {
	local ask=$tee

	while [ ! -e "$tmp/stop" ]; do
		if [ "$ask" = 1 ]; then
			printf '{"history":1000}\n' |
				socat STDIN,ignoreeof\!\!STDOUT \
					UNIX-CONNECT:"$1" 2>/dev/null &
		else
			socat -u UNIX-CONNECT:"$1" STDOUT 2>/dev/null &
		fi
		echo $! >"$tmp/reader"
		wait $! && ask=0
		[ -e "$tmp/stop" ] || sleep 0.1
	done
}

# The end of what it reads passes down the shadow's pipe, and the counts come.
# shellcheck disable=SC2317
stop() {
	: >"$tmp/stop"
	kill -TERM "$(cat "$tmp/reader" 2>/dev/null)" 2>/dev/null || :
}

shadow() {
	set +e
	listen "$1" | {
		IFS= read -r line && : >"$tmp/on" && printf '%s\n' "$line"
		exec cat
	} | jq -nRc --unbuffered "$prepare" |
		{
			ss-moderate "${options[@]}"
			stop
		} | jq -nr --unbuffered "$compare"
}

# A process group of its own, so that Ctrl-C reaches this script alone.
[ "$tee" = 0 ] || bus=$tmp/bus.sock
set -m
if [ -n "$report" ]; then
	shadow "$bus" >>"$report" </dev/null &
elif [ "$tee" = 1 ]; then
	shadow "$bus" >&2 </dev/null &
else
	shadow "$bus" </dev/null &
fi
job=$!
set +m

# ready: the shadow is connected; not waited for any longer than 3 s
ready() {
	local i

	for ((i = 0; i < 60; i++)); do
		[ ! -e "$tmp/on" ] || return 0
		sleep 0.05
	done
	echo 'shadow.sh: the shadow is late' >&2
}

status=0
if [ "$tee" = 1 ]; then
	trap : INT TERM HUP
	{
		trap '' INT
		ready
		exec cat
	} | ss-broadcast -q --print -o "listen:$bus" || status=$?
	: >"$tmp/stop"
else
	trap stop INT TERM HUP
fi
# Until all of it is gone; once it is told to stop, for 5 seconds at most.
patience=50
while kill -0 -- "-$job" 2>/dev/null; do
	if [ ! -e "$tmp/stop" ]; then
		wait "$job" || :
		continue
	fi
	if [ $((patience -= 1)) -lt 0 ]; then
		echo 'shadow.sh: the shadow does not end, killed' >&2
		status=1
		break
	fi
	sleep 0.1 || :
done
[ "$status" != 0 ] || job=
exit "$status"
