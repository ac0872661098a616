# Shared by the tests that need a host with systemd and cgroup v2. No bats: such a host may be a machine that has just
# what Creel itself needs. Each file is one run of that machine; it prints TAP and ends with 1 when a test has failed.
#
#   test_case NAME FUNCTION     in a subshell with set -e; what it prints is shown where it fails

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PATH=$here/../prefix/bin:$PATH
BUSYBOX=localhost/busybox:latest
number=0 failed=0

work=$(mktemp -d /tmp/creel-host.XXXXXX)
creel load -q -i "$here/../busybox.tar" >/dev/null || { echo "Bail out! the image does not load"; exit 1; }

test_case() {
  local name=$1
  number=$((number + 1))
  # Not in a condition, which would turn set -e off.
  (set -euo pipefail; "$2") >"$work/output" 2>&1
  if [ $? -eq 0 ]; then
    echo "ok $number $name"
  else
    failed=$((failed + 1))
    echo "not ok $number $name"
    sed 's/^/# /' "$work/output"
  fi
  creel rm -f -a -t 0 >/dev/null 2>&1
}
finish() {
  echo "1..$number"
  rm -rf "$work"
  [ $failed -eq 0 ]
  exit
}

fail() { printf '%s\n' "$*" >&2; return 1; }
equal() { [ "$1" = "$2" ] || fail "got:      $1"$'\n'"expected: $2"; }
contains() { case $1 in *"$2"*) ;; *) fail "this: $1"$'\n'"does not contain: $2" ;; esac; }
# between VALUE LEAST MOST
between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ] || fail "$1 is not between $2 and $3"; }
# refused TEXT ARGS...: creel ends with 125 and TEXT in its error.
refused() {
  local text=$1 code=0 error
  shift
  error=$(creel "$@" 2>&1 >/dev/null) || code=$?
  equal "$code" 125
  contains "$error" "$text"
}
# Until COMMAND succeeds, 10 seconds at most.
wait_until() {
  local tries
  for tries in {1..200}; do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  fail "this did not become true: $*"
}
shown() { creel inspect -f "{{.$2}}" "$1"; }
# The container's control group as a directory.
group_of() { echo "/sys/fs/cgroup$(shown "$1" State.CgroupPath)"; }
key() { awk -v key="$2" '$1 == key { print $2 }' "$1"; }
