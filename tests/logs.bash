# shellcheck shell=bash disable=SC2034,SC2119,SC2120
# logs.bash: words for tests of ss-log and its files, on top of helper.bash.

load helper

DAY=2026-11-23
LOG=logs/chat_2026-11-23.jsonl
TS=',"ts":"2026-11-23T09:30:00.123Z"'

# lines N [TEXT]: numbered chat events of that day
lines() {
	seq -f '{"type":"chat","user":"u","message":"%g'"${2:-}"'"'"$TS}" "$1"
}

# bare: events as they came, without what ss-log has put in
bare() {
	grep -v '^{"type":"epoch",' | sed -E 's/,?"seq":[0-9]+}$/}/'
}

# passed: what ss-log has passed on of events, as it keeps them
passed() {
	grep -v '^{"type":"epoch",' out
}

# files DIR: the event files' names
files() {
	find "$1" -name 'chat_*.jsonl*' ! -name '*.torn' -printf '%f\n' | sort
}

all_kept() {
	cat "$LOG" "$LOG".[0-9]* 2>/dev/null
}

kept_at_least() {
	[ "$(grep -c '' "$LOG" 2>/dev/null)" -ge "$1" ]
}

# start_log [OPTION]...: ss-log with the test holding its stdin as fd 5
start_log() {
	[ -p in ] || mkfifo in
	BG_IN=in BG_OUT=out start_bg log ss-log "$@"
	exec 5>in
}
