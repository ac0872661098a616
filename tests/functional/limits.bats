# Limits as they are asked for, and where none can be enforced. That they hold is tested where systemd and cgroup v2 are
# (tests/host).
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# refused TEXT FLAG...: run and create with these flags end with 125 and TEXT, and nothing is made.
refused() {
  local text=$1 command
  shift
  for command in run create; do
    expect 125 $command "$@" $BUSYBOX true
    assert_contains "$stderr" "$text"
  done
  expect 0 ps -aq
  assert_output ""
}
has_control_groups() { [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; }

@test "limits that are malformed are refused as Podman refuses them" {
  refused "invalid value for memory: invalid size: 'abc'" --memory abc
  refused "invalid size: '-1'" --memory=-1
  refused "--cpu-quota and --cpus cannot be set together" --cpus 1 --cpu-quota 1000
  refused "--cpu-period and --cpus cannot be set together" --cpus 1 --cpu-period 1000
  refused '"--cpus" flag' --cpus x
  refused '"--pids-limit" flag' --pids-limit abc
  refused "invalid value for blkio-weight" --blkio-weight x
  refused "bad format: x" --device-read-bps x
  refused "bad format for device path: /nodev:1mb" --device-write-bps /nodev:1mb
  refused "invalid rate for device: /dev/null:1mb. The correct format is" --device-read-iops /dev/null:1mb
  refused "--cgroup-conf must be formatted KEY=VALUE" --cgroup-conf x
  refused 'invalid cgroup mode "bad": invalid argument' --cgroups bad
  refused "cannot set cgroup parent if not creating cgroups: invalid argument" --cgroups disabled --cgroup-parent /x
}

@test "limits that could not hold are refused when they are asked for" {
  creel_only "Podman finds out when the container starts, or never"
  refused "is less than --memory" --memory 20m --memory-swap 10m
  refused "--memory-swap needs --memory" --memory-swap 10m
  refused "--memory-swappiness: cgroup v2 has no" --memory-swappiness 50
  refused "--oom-kill-disable: cgroup v2 has no" --oom-kill-disable
  refused "--cpu-rt-runtime: cgroup v2 has no" --cpu-rt-runtime 1000
  refused "cpuset-cpus" --cpuset-cpus 3-1
  refused "cannot set limits if not creating cgroups" --cgroups disabled --memory 20m
  refused "it is the engine's to write" --cgroup-conf cgroup.procs=1
}

@test "where limits cannot be enforced, one that is asked for names the controller; none is asked for: containers run" {
  creel_only "Podman runs the container without the limit"
  ! has_control_groups || skip 'this host has cgroup v2'
  refused '--memory needs cgroup v2 controller "memory"' --memory 64m
  refused "boot the host with the kernel parameter" --memory 64m
  refused '--cpus (a CPU quota) needs cgroup v2 controller "cpu"' --cpus 0.5
  refused '--pids-limit needs cgroup v2 controller "pids"' --pids-limit 100
  refused '--cpuset-cpus needs cgroup v2 controller "cpuset"' --cpuset-cpus 0
  refused '--blkio-weight needs cgroup v2 controller "io"' --blkio-weight 100
  refused '--cgroup-conf memory.high needs cgroup v2 controller "memory"' --cgroup-conf memory.high=1000000
  refused "--cgroup-parent /x needs cgroup v2" --cgroup-parent /x
  for mode in enabled no-conmon disabled; do
    expect 0 run --rm --cgroups $mode $BUSYBOX echo $mode
    assert_output $mode
  done
  expect 0 run --rm --pids-limit=-1 $BUSYBOX echo unlimited
  assert_output unlimited
  expect 0 create --name plain $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.CgroupManager}} {{.HostConfig.PidsLimit}} {{.HostConfig.Memory}}' plain
  assert_output "none 0 0"
}
