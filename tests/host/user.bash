# As a user in a scope that is delegated: limits hold, are reported and can be changed.
. "$(dirname "$0")/lib.bash"

memory_limit() {
  local code=0
  creel run --name eater -m 16m $BUSYBOX sh -c 'x=a; while :; do x=$x$x; done' || code=$?
  equal $code 137
  equal "$(shown eater State.OOMKilled)" true
  equal "$(shown eater State.ExitCode)" 137
  equal "$(creel wait eater)" 137
  contains "$(creel ps -a --format '{{.Status}}')" "Exited (137)"
  # One that is killed by somebody is not.
  creel run -d --name killed -m 16m $BUSYBOX sleep 1000
  creel kill killed
  equal "$(shown killed State.OOMKilled)" false
  # As much swap again as memory, as Podman has it.
  creel run -d --name limits -m 64m --memory-reservation 32m $BUSYBOX sleep 1000
  equal "$(cat "$(group_of limits)/memory.max")" 67108864
  equal "$(cat "$(group_of limits)/memory.swap.max")" 67108864
  equal "$(cat "$(group_of limits)/memory.low")" 33554432
  equal "$(shown limits HostConfig.Memory) $(shown limits HostConfig.MemorySwap)" "67108864 134217728"
}

cpu_limit() {
  local group before after start end
  creel run -d --name busy --cpus 0.5 $BUSYBOX sh -c 'while :; do :; done'
  group=$(group_of busy)
  equal "$(cat "$group/cpu.max")" "50000 100000"
  equal "$(shown busy HostConfig.NanoCpus)" 500000000
  # Longer than a few of the kernel's periods of 0.1 s.
  before=$(key "$group/cpu.stat" usage_usec) start=${EPOCHREALTIME/./}
  sleep 1.5
  after=$(key "$group/cpu.stat" usage_usec) end=${EPOCHREALTIME/./}
  between $(((after - before) * 100 / (end - start))) 40 60
}

pids_limit() {
  local output
  creel run -d --name few --pids-limit 10 $BUSYBOX sleep 1000
  equal "$(cat "$(group_of few)/pids.max")" 10
  output=$(creel run --rm --pids-limit 10 $BUSYBOX sh -c 'for i in $(seq 1 20); do sleep 1000 & done; wait' 2>&1) || true
  contains "$output" "can't fork"
  creel run -d --name usual $BUSYBOX sleep 1000
  equal "$(cat "$(group_of usual)/pids.max")" 2048
  equal "$(shown usual HostConfig.PidsLimit)" 2048
  creel run -d --name unlimited --pids-limit=-1 $BUSYBOX sleep 1000
  equal "$(cat "$(group_of unlimited)/pids.max")" max
}

other_limits() {
  creel run -d --name a --cpu-shares 512 --cpuset-cpus 0 --cgroup-conf memory.high=50000000 $BUSYBOX sleep 1000
  equal "$(cat "$(group_of a)/cpuset.cpus")" 0
  between "$(cat "$(group_of a)/memory.high")" 49990000 50000000
  between "$(cat "$(group_of a)/cpu.weight")" 15 25
  creel run -d --name b --cpu-quota 20000 --cpu-period 50000 $BUSYBOX sleep 1000
  equal "$(cat "$(group_of b)/cpu.max")" "20000 50000"
  refused "not a block device" run --device-read-bps /dev/null:1mb $BUSYBOX true
}

pausing() {
  local before code=0
  creel run -d --name still $BUSYBOX sh -c 'while :; do :; done'
  refused "is not paused, can't unpause: container state improper" unpause still
  equal "$(creel pause still)" still
  equal "$(shown still State.Status) $(shown still State.Paused)" "paused true"
  equal "$(creel ps -a --filter status=paused --format '{{.Names}} {{.Status}}')" "still Paused"
  before=$(key "$(group_of still)/cpu.stat" usage_usec)
  refused "is already paused: container state improper" pause still
  refused "container state improper" exec still true
  refused "is in state paused: container state improper" stop still
  refused "must be in Created or Stopped state" start still
  creel rm still 2>/dev/null || code=$?
  equal $code 2
  equal "$(key "$(group_of still)/cpu.stat" usage_usec)" "$before"
  creel unpause --all
  equal "$(shown still State.Status)" running
  wait_until test "$(key "$(group_of still)/cpu.stat" usage_usec)" -gt "$before"
  # SIGKILL reaches the paused too.
  creel pause --all
  creel kill still
  equal "$(shown still State.Status) $(shown still State.ExitCode)" "exited 137"
  creel start still
  creel pause still
  creel rm -f still
  equal "$(creel ps -aq)" ""
}

statistics() {
  local line
  creel run -d --name used -m 64m --network none $BUSYBOX sh -c 'while :; do :; done'
  creel create --name unused $BUSYBOX true
  wait_until test "$(creel stats --no-stream --format '{{.PIDS}}' used)" = 1
  line=$(creel stats --no-stream --format '{{.Name}} {{.MemLimit}} {{.NetIO}} {{.PIDs}}')
  equal "$line" "used 67108864 0B / 0B 1"
  between "$(creel stats --no-stream --format '{{.CPU}}' used | cut -d. -f1)" 20 130
  contains "$(creel stats --no-stream | head -1)" "MEM USAGE / LIMIT"
  contains "$(creel stats --no-stream --format json used)" '"cpu_percent": "'
  equal "$(creel stats --no-stream -a --format '{{.Name}}' | sort | tr '\n' ' ')" "unused used "
  # The second report counts from the first.
  line=$({ timeout 5 creel stats --interval 1 --format '{{.CPUPerc}}' used || true; } | sed -n 2p)
  contains "$line" "%"
}

# At a terminal each report is drawn over the last; Ctrl-C ends it, and the terminal is as it was.
watching() {
  creel run -d --name watched --network none $BUSYBOX sleep 1000
  : >"$work/screen"
  drawn() { [ "$(grep -c -F $'\e[H\e[J' "$work/screen")" -ge 3 ]; }
  # In front: what runs in the background of a script has SIGINT ignored.
  { wait_until drawn || true; printf '\003'; } | script -q -f -c 'stty cols 120 rows 10; before=$(stty -g); trap : INT
    creel stats --interval 1 watched; echo "left with $?"; [ "$(stty -g)" = "$before" ] && echo "as it was"' "$work/screen" >/dev/null
  drawn
  contains "$(cat "$work/screen")" "left with 130"
  contains "$(cat "$work/screen")" "as it was"
  contains "$(grep -F watched "$work/screen" | tail -n 1)" "%"
}

updating() {
  creel run -d --name changed -m 32m $BUSYBOX sleep 1000
  equal "$(creel update -m 64m --cpus 0.3 --pids-limit 7 changed)" "$(creel inspect -f '{{.Id}}' changed)"
  equal "$(cat "$(group_of changed)/memory.max")" 67108864
  equal "$(cat "$(group_of changed)/memory.swap.max")" 67108864
  equal "$(cat "$(group_of changed)/cpu.max")" "30000 100000"
  equal "$(cat "$(group_of changed)/pids.max")" 7
  equal "$(shown changed HostConfig.Memory) $(shown changed HostConfig.NanoCpus)" "67108864 300000000"
  refused "invalid size" update -m x changed
  equal "$(shown changed HostConfig.Memory)" 67108864
  # The only limit, taken away while it runs.
  creel run -d --name loosened --cpus 0.5 $BUSYBOX sleep 1000
  equal "$(cat "$(group_of loosened)/cpu.max")" "50000 100000"
  creel update --cpus 0 loosened
  contains "$(cat "$(group_of loosened)/cpu.max")" "max "
  creel run -d --name roomier -m 32m $BUSYBOX sleep 1000
  creel update -m 0 roomier
  equal "$(cat "$(group_of roomier)/memory.max")" max
  # It holds when it is started again.
  creel stop -t 0 changed
  creel update --cpus 0 changed
  creel start changed
  equal "$(cat "$(group_of changed)/memory.max")" 67108864
  contains "$(cat "$(group_of changed)/cpu.max")" "max "
}

scopes() {
  local id
  id=$(creel run -d --name scoped $BUSYBOX sleep 1000)
  contains "$(systemctl --user list-units --type scope --no-legend)" "creel-$id.scope"
  contains "$(systemctl --user show -p Description "creel-$id.scope")" "scoped"
  contains "$(group_of scoped)" "/user.slice/creel-$id.scope"
  equal "$(shown scoped HostConfig.CgroupManager)" systemd
  # What exec starts is limited as the container is.
  creel exec scoped sleep 1000 &
  wait_until test "$(wc -l <"$(group_of scoped)/cgroup.procs")" -ge 1
  wait_until eval 'test "$(wc -l <"$(group_of scoped)/cgroup.procs")" = 2'
  equal "$(creel exec scoped cat /proc/self/cgroup)" "0::/"
  creel rm -f -t 0 scoped
  wait
  wait_until eval "! systemctl --user list-units --type scope --no-legend | grep -q creel-$id"
}

parents() {
  creel run -d --name child --cgroup-parent test-host.slice $BUSYBOX sleep 1000
  contains "$(group_of child)" "/test.slice/test-host.slice/creel-"
  equal "$(shown child HostConfig.CgroupParent)" test-host.slice
  refused "did not receive systemd slice as cgroup parent" run --cgroup-parent foo $BUSYBOX true
  refused "systemd slice received as cgroup parent" --cgroup-manager cgroupfs run --cgroup-parent foo.slice $BUSYBOX true
  creel --cgroup-manager cgroupfs run -d --name beneath --cgroup-parent foo $BUSYBOX sleep 1000
  contains "$(group_of beneath)" "/foo/creel-"
}

by_files() {
  local group
  creel --cgroup-manager cgroupfs run -d --name plain -m 64m $BUSYBOX sleep 1000
  group=$(group_of plain)
  equal "$(cat "$group/memory.max")" 67108864
  creel stop -t 0 plain
  [ ! -e "$group" ] || fail "$group is still there"
  creel --cgroup-manager cgroupfs start plain
  group=$(group_of plain)
  # What a monitor that was killed leaves is removed with the container.
  kill -9 "$(shown plain State.ConmonPid)"
  wait_until eval 'test "$(shown plain State.Status)" = exited'
  [ -e "$group" ]
  creel rm plain
  [ ! -e "$group" ] || fail "$group is still there"
}

modes() {
  local own
  own=$(cut -d: -f3 /proc/self/cgroup)
  creel run -d --name disabled --cgroups disabled $BUSYBOX sleep 1000
  equal "$(cut -d: -f3 "/proc/$(shown disabled State.Pid)/cgroup")" "$own"
  equal "$(shown disabled HostConfig.Cgroups)" disabled
  refused "needs a control group" pause disabled
  # The monitor stays where its caller is.
  creel run -d --name usual $BUSYBOX sleep 1000
  equal "$(cut -d: -f3 "/proc/$(shown usual State.ConmonPid)/cgroup")" "$own"
}

whole_group() {
  # Without a PID namespace of its own the first process's end is not that of the others.
  creel run -d --name host --pid host $BUSYBOX sh -c 'sleep 1234 & exec sleep 1234'
  wait_until eval 'test "$(wc -l <"$(group_of host)/cgroup.procs")" = 2'
  creel stop -t 0 host
  wait_until eval '! pgrep -f "sleep 1234"'
}

information() {
  equal "$(creel info --format '{{.Host.CgroupVersion}} {{.Host.CgroupManager}}')" "v2 systemd"
  contains "$(creel info --format '{{.Host.CgroupControllers}}')" memory
}

# Last: it moves all of this machine's job.
splitting() {
  local own
  own=$(cut -d: -f3 /proc/self/cgroup)
  creel run -d --name split --cgroups split -m 64m $BUSYBOX sleep 1000
  contains "$(group_of split)" "$own/creel-payload-"
  equal "$(cat "$(group_of split)/memory.max")" 67108864
  equal "$(cut -d: -f3 "/proc/$(shown split State.ConmonPid)/cgroup")" "$own/runtime"
}

test_case "a memory limit kills, and the end says so" memory_limit
test_case "a CPU limit holds" cpu_limit
test_case "a limit of processes holds; 2048 where none is asked for" pids_limit
test_case "shares, CPU sets, periods and single files" other_limits
test_case "paused containers stand still, and say so" pausing
test_case "statistics are plausible" statistics
test_case "statistics at a terminal" watching
test_case "limits can be changed while the container runs, and stay" updating
test_case "a container is a scope of systemd's, which is gone with it; exec goes there" scopes
test_case "the parent can be chosen" parents
test_case "cgroupfs: the group is gone with the container, also after the monitor was killed" by_files
test_case "without a group; the monitor is no part of it" modes
test_case "without a PID namespace the whole group ends" whole_group
test_case "info says what there is" information
. "$(dirname "$0")/units.bash"
test_case "split: beneath the caller's own group" splitting
finish
