#!/usr/bin/env bash
# stages.sh: each stage against the plain tool that does the least of the same
# job; see stages.py.
#
#	LINES=1000000 ROUNDS=5 make bench
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-moderate >/dev/null || PATH=$here/../../build/bin:$PATH
exec python3 "$here/stages.py"
