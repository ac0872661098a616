# As root: the system's own systemd.
. "$(dirname "$0")/lib.bash"

limits() {
  local code=0
  creel run -d --name a -m 64m $BUSYBOX sleep 1000
  contains "$(group_of a)" "/machine.slice/creel-"
  equal "$(cat "$(group_of a)/memory.max")" 67108864
  contains "$(systemctl list-units --type scope --no-legend)" "creel-$(creel inspect -f '{{.Id}}' a).scope"
  creel pause a
  creel unpause a
  equal "$(creel exec a cat /proc/self/cgroup)" "0::/"
  creel run --name eater -m 16m $BUSYBOX sh -c 'x=a; while :; do x=$x$x; done' || code=$?
  equal "$code $(shown eater State.OOMKilled)" "137 true"
}

by_files() {
  local group
  creel --cgroup-manager cgroupfs run -d --name b -m 64m --cgroup-parent /test-root $BUSYBOX sleep 1000
  group=$(group_of b)
  contains "$group" "/test-root/creel-"
  equal "$(cat "$group/memory.max")" 67108864
  creel rm -f -t 0 b
  [ ! -e "$group" ] || fail "$group is still there"
}

test_case "limits by the system's systemd" limits
test_case "limits by files" by_files
finish
