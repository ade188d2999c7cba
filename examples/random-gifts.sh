#!/usr/bin/env bash
# random-gifts.sh [COUNT [INTERVAL]]: random gifts from "bot" (10, one every
# half second or so), as a load that looks like life.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v ss-gift >/dev/null || PATH=$here/../build/bin:$PATH

ss-gift --random --count "${1:-10}" --interval "${2:-0.5}" --jitter \
	--url "${SS_URL:-http://127.0.0.1:${SS_PORT:-8000}}"
