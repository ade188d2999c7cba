#!/usr/bin/env bats
# The bench in small: whether its servers start and every frame is right. It
# looks at no time. A peer that is not installed is not asked for.

load helper

@test "bench: the bare loop and the pipeline deliver every frame" {
	run timeout 100 env \
		PATH="$BATS_TEST_DIRNAME/../build/bin:$BATS_TEST_DIRNAME/../build/bench:$PATH" \
		python3 "$BATS_TEST_DIRNAME/bench/fanout.py" --small
	assert_success
	assert_line --regexp '^20 one +ss-gateway '
	refute_line --regexp '^wrong:'
}
