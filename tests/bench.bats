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
