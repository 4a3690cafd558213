#!/usr/bin/env bash
# Counts the instructions of the validation of an RFC 9068 token (HS256) without its signature check,
# by callgrind: the difference of two runs of different length, so that start-up does not count.
# Counts those of one record of the audit trail, too, with a bound of 2 630, and those of one check of
# one limit by caller, with a bound of 1 350: what was measured and a tenth.
# Prints the count, and fails if it exceeds the bound of 7 000. Then counts those of a decision by 10
# and by 100 rules, and those of a plain Rust tree of the same rules; fails if a policy takes more
# than 1.5 times those of the tree, or 100 rules by action more than 1.5 times those of 10.
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
[ $((validate - raw)) -le 7000 ]
audit=$(each audit)
echo "audit record: $audit instructions"
[ "$audit" -le 2630 ]
limit=$(each limit)
echo "rate limit: $limit instructions"
[ "$limit" -le 1350 ]
for by in action scope; do
  for rules in 10 100; do
    ours=$(each "policy-$rules-$by")
    plain=$(each "plain-$rules-$by")
    echo "policy $rules by $by: $ours, plain rust: $plain instructions"
    [ $((ours * 2)) -le $((plain * 3)) ]
  done
done
[ $(($(each policy-100-action) * 2)) -le $(($(each policy-10-action) * 3)) ]
