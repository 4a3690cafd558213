#!/usr/bin/env bash
# Loads the example `resource_server` over loopback with a cached RS256 token, in turn with the same
# server and response without a check, and compares requests per second. Prints each turn and the
# median of the ratios, and fails if the check costs more than 10 % of the throughput.
#
# A turn loads the open route, twice the checked route, and the open route again, so that other load
# of the machine affects both. Avoid other load nevertheless.
#
#     benches/throughput.sh [SECONDS [CONNECTIONS [TURNS]]]
set -euo pipefail
cd "$(dirname "$0")/.."
command -v wrk >/dev/null || { echo "throughput.sh: wrk is not installed" >&2; exit 2; }
seconds=${1:-2}
connections=${2:-64}
turns=${3:-5}
binary=$(cargo bench --locked --no-run --features full --bench throughput \
  --message-format=json 2>/dev/null |
  sed -n 's/.*"executable":"\([^"]*\/throughput-[^"]*\)".*/\1/p' | tail -n 1)
[ -n "$binary" ] || { echo "throughput.sh: the bench did not build" >&2; exit 2; }
exec {server}< <(exec "$binary" --serve)
pid=$!
trap 'kill "$pid"' EXIT
read -r -t 30 -u "$server" _ address token
load() {
  local said
  said=$(wrk -t1 -c"$connections" -d"${2}s" -H "Authorization: Bearer $token" \
    "http://$address/$1")
  if grep -q 'Non-2xx\|Socket errors' <<<"$said"; then
    echo "throughput.sh: /$1 did not serve: $said" >&2
    exit 1
  fi
  sed -n 's|^Requests/sec: *||p' <<<"$said"
}
load open 2 >/dev/null
load whoami 2 >/dev/null
ratios=()
for turn in $(seq "$turns"); do
  open=$(load open "$seconds")
  checked=$(load whoami "$seconds")
  checked="$checked + $(load whoami "$seconds")"
  open="$open + $(load open "$seconds")"
  ratio=$(awk "BEGIN { printf \"%.3f\", ($checked) / ($open) }")
  ratios+=("$ratio")
  echo "turn $turn: open $open, checked $checked requests/s, $ratio"
done
median=$(printf '%s\n' "${ratios[@]}" | sort -n | sed -n "$(((turns + 1) / 2))p")
echo "median ratio: $median"
awk "BEGIN { exit !($median >= 0.9) }"
