# shellcheck shell=bash disable=SC2034
# helper.bash: what every .bats file loads. Programs from BINDIR come first on
# PATH; each test has an empty folder of its own, a bus of its own and no SS_*
# left over from the user; what a test starts in the background is ended with
# it, and a sanitizer's report fails it.
#
#   start_bg NAME CMD...   background; NAME.out, NAME.err; stdin BG_IN=FILE,
#                          stdout BG_OUT=FILE (fifos too); fds 3 to 9 closed,
#                          so a test may hold a fifo's other end on 5 to 9
#   pid NAME               its process id
#   stop NAME [SIGNAL]     signals it (TERM), waits for it; sets status
#   wait_exit NAME [SECS]  waits until it has ended by itself; sets status
#   wait_for SECS CMD...   polls until CMD succeeds; fails after SECS
#   start_pipeline [OPT..] the four stages, OPT for ss-gateway; sets SS_URL
#                          (exported), WS_URL, SS_PORT. MODERATE_OPTS,
#                          LOG_OPTS, BROADCAST_OPTS: arrays for the others
#   start_gateway [OPT..]  ss-gateway alone as "gw", its stdout in gw.out
#   client ARG...          tests/client.py
#   under_san, slow N      built with sanitizers? N seconds, more with them
#
# A file with a setup or teardown of its own calls helper_setup and
# helper_teardown in it.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

TESTS=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
ROOT=${TESTS%/*}
FIXTURES=$TESTS/fixtures
BINDIR=$(cd "${BINDIR:-$ROOT/build/bin}" 2>/dev/null && pwd) ||
	BINDIR=$ROOT/build/bin
export BINDIR

helper_setup() {
	local v

	for v in $(compgen -e SS_); do
		unset "$v"
	done
	export PATH=$BINDIR:$PATH LC_ALL=C.UTF-8 TZ=UTC
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
	WORK=$BATS_TEST_TMPDIR
	if [ ${#WORK} -gt 80 ]; then # sun_path has 108 bytes
		WORK=$(mktemp -d /tmp/ss.XXXXXX)
	fi
	cd "$WORK" || return 1
	export SS_BUS=$WORK/bus.sock SS_DASH_PORT=0
	BG_NAMES=()
	declare -gA BG_PID=()
	MODERATE_OPTS=() LOG_OPTS=() BROADCAST_OPTS=()
}

helper_teardown() {
	local name f failed=0

	for name in "${BG_NAMES[@]}"; do
		kill -CONT "${BG_PID[$name]}" 2>/dev/null || :
		kill -TERM "${BG_PID[$name]}" 2>/dev/null || :
	done
	# only now: a signal that comes while the leak sanitizer looks around,
	# as one ends because its input did, stops that for ever
	exec 5>&- 6>&- 7>&- 8>&- 9>&-
	for name in "${BG_NAMES[@]}"; do
		bg_await "${BG_PID[$name]}" 4 ||
			kill -KILL "${BG_PID[$name]}" 2>/dev/null || :
		wait "${BG_PID[$name]}" 2>/dev/null || :
	done
	for f in "$WORK"/*.err "$WORK"/*.san.*; do
		[ -f "$f" ] || continue
		if [ -z "${BATS_TEST_COMPLETED:-}" ] && [ -s "$f" ]; then
			echo "--- ${f##*/}:"
			tail -n 20 "$f"
		fi
		if grep -qE 'Sanitizer|runtime error:' "$f"; then
			echo "--- ${f##*/}: a sanitizer's report:"
			head -n 60 "$f"
			failed=1
		fi
	done
	cd / || return 1
	[ "$WORK" = "$BATS_TEST_TMPDIR" ] || rm -rf "$WORK"
	return "$failed"
}

setup() {
	helper_setup
}

teardown() {
	helper_teardown
}

under_san() {
	[ -n "${SAN:-}" ] || grep -q __asan_init "$BINDIR/ss-gateway" \
		2>/dev/null
}

slow() {
	if under_san; then
		echo $(($1 * 4))
	else
		echo "$1"
	fi
}

# A deadline, not a delay: the loop ends as soon as the command succeeds.
wait_for() {
	local limit end

	limit=$(slow "$1")
	end=$((SECONDS + limit + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "not within $limit s: $*" >&2
			return 1
		fi
		sleep 0.03
	done
}

start_bg() {
	local name=$1

	shift
	# a shell without job control has SIGINT ignored in the background
	env --default-signal=INT,QUIT,PIPE "$@" <"${BG_IN:-/dev/null}" \
		>"${BG_OUT:-$WORK/$name.out}" 2>"$WORK/$name.err" \
		3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	BG_PID[$name]=$!
	BG_NAMES+=("$name")
}

pid() {
	echo "${BG_PID[$1]}"
}

bg_gone() {
	! kill -0 "$1" 2>/dev/null
}

# the shell reaps its children by itself, and wait still knows their status
bg_await() {
	wait_for "$2" bg_gone "$1"
}

wait_exit() {
	local p=${BG_PID[$1]}

	bg_await "$p" "${2:-10}" || return 1
	status=0
	wait "$p" 2>/dev/null || status=$?
}

# one that has just ended by itself has its status all the same
stop() {
	kill "-${2:-TERM}" "${BG_PID[$1]}" 2>/dev/null || true
	wait_exit "$1"
}

port_known() {
	SS_PORT=$(sed -n 's/.*listening on http:.*:\([0-9]*\)$/\1/p' \
		"$WORK/$1.err" | head -n 1)
	[ -n "$SS_PORT" ]
}

# What stands in the pipes' place are fifos, so that each stage is a child of
# the test with a process id and an exit status of its own.
start_gateway() {
	# a test says in a moment what takes a chat's user minutes
	start_bg gw ss-gateway --port 0 --rate 0 --repeat-after 0 "$@"
	wait_for 10 port_known gw
	export SS_URL=http://127.0.0.1:$SS_PORT
	WS_URL=ws://127.0.0.1:$SS_PORT/ws
}

start_pipeline() {
	rm -f p1 p2 p3
	mkfifo p1 p2 p3
	BG_IN=p3 start_bg broadcast ss-broadcast "${BROADCAST_OPTS[@]}"
	BG_IN=p2 BG_OUT=p3 start_bg log ss-log "${LOG_OPTS[@]}"
	BG_IN=p1 BG_OUT=p2 start_bg moderate ss-moderate "${MODERATE_OPTS[@]}"
	BG_OUT=p1 start_gateway "$@"
	wait_for 10 curl -fsS "$SS_URL/healthz"
}

client() {
	/usr/bin/python3 "$TESTS/client.py" "$@"
}
