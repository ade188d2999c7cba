#!/usr/bin/env bats
# The bench in small: whether its servers start and every frame is right. It
# looks at no time, and leaves the peers to `make bench`.

load helper

@test "bench: the bare loops and the pipeline deliver every frame" {
	run timeout 100 env \
		PATH="$BINDIR:$BINDIR/../bench:$PATH" \
		python3 "$BATS_TEST_DIRNAME/bench/fanout.py" --small
	assert_success
	assert_line --regexp '^20 one +ss-gateway '
	assert_line --regexp '^20 one +no io_uring '
	refute_line --regexp '^wrong:'
}

@test "bench: every stage passes every line on" {
	run timeout 100 env LINES=3000 ROUNDS=1 \
		bash "$BATS_TEST_DIRNAME/bench/stages.sh"
	assert_success
	assert_line --regexp '^ss-moderate : jq -c ., chat '
	assert_line --regexp '^ss-broadcast : cat, chat, into eight '
	assert_line --regexp '^(met|not met) +ss-log >= 0.7 x tee -a: '
}
