# As a user who has logged in: the session's own group is not delegated, systemd has to be asked for everything.
. "$(dirname "$0")/lib.bash"

limits() {
  creel run -d --name a -m 64m --cpus 0.5 $BUSYBOX sleep 1000
  contains "$(group_of a)" "/user@$(id -u).service/user.slice/creel-"
  equal "$(cat "$(group_of a)/memory.max")" 67108864
  creel update -m 32m a
  equal "$(cat "$(group_of a)/memory.max")" 33554432
  creel pause a
  equal "$(shown a State.Status)" paused
  creel unpause a
  creel exec -d a sleep 1000
  wait_until eval 'test "$(wc -l <"$(group_of a)/cgroup.procs")" = 2'
}

killed() {
  local code=0
  creel run --name eater -m 16m $BUSYBOX sh -c 'x=a; while :; do x=$x$x; done' || code=$?
  equal "$code $(shown eater State.OOMKilled)" "137 true"
}

not_delegated() {
  refused '--memory needs cgroup v2 controller "memory": control group ' --cgroup-manager cgroupfs run -m 64m $BUSYBOX true
  refused "is not delegated to this user" --cgroup-manager cgroupfs run -m 64m $BUSYBOX true
  equal "$(creel --cgroup-manager cgroupfs run --rm $BUSYBOX echo runs)" runs
}

test_case "limits of a container that is started in a login session" limits
test_case "its memory limit kills" killed
test_case "without systemd's help nothing can be limited, and that is said" not_delegated
finish
