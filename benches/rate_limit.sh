#!/usr/bin/env bash
# Counts the instructions of one check of a rate limit by caller, by callgrind: the difference of two
# runs of different length, so that start-up does not count.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "rate_limit.sh: valgrind is not installed" >&2; exit 2; }
binary=$(cargo bench --locked --no-run --bench rate_limit --message-format=json 2>/dev/null |
  sed -n 's/.*"executable":"\([^"]*\/rate_limit-[^"]*\)".*/\1/p' | tail -n 1)
[ -n "$binary" ] || { echo "rate_limit.sh: the bench did not build" >&2; exit 2; }
total() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" instructions "$1" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
echo "rate limit: $((($(total 3000) - $(total 1000)) / 2000)) instructions a check"
