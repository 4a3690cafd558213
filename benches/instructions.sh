#!/usr/bin/env bash
# Counts the instructions of one accepted RFC 9068 token (HS256) besides its signature check, by
# callgrind: the difference of two runs of different length, so that start-up does not count.
# Prints the count, and fails if it exceeds the bound of 7 500.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 2; }
binary=$(cargo bench --locked --no-run --bench instructions --message-format=json 2>/dev/null |
  sed -n 's/.*"executable":"\([^"]*\/instructions-[^"]*\)".*/\1/p' | tail -n 1)
[ -n "$binary" ] || { echo "instructions.sh: the bench did not build" >&2; exit 2; }
total() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$1" "$2" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
each() { echo $((($(total "$1" 3000) - $(total "$1" 1000)) / 2000)); }
validate=$(each validate)
raw=$(each raw)
echo "validate: $validate, raw signature check: $raw, besides it: $((validate - raw)) instructions"
[ $((validate - raw)) -le 7500 ]
