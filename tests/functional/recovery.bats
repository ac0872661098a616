# kill -9 of the CLI, of the monitor, of the container: the truth is told, and everything can be removed.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

monitors() { pgrep -u "$(id -u)" -f 'creel-monitor|conmon' | sort; }
# The process that watches container $1: its parent-most engine process.
monitor_of() {
  local pid
  pid=$(engine inspect -f '{{.State.Pid}}' "$1")
  ps -o ppid= -p "$pid" | tr -d ' '
}
# Nothing of this store is mounted anywhere, no process of it lives.
assert_clean() {
  expect 0 ps -aq
  assert_output ""
  ! grep -F "$WORK" /proc/self/mountinfo
}

@test "kill -9 of the container's process: exited, 137" {
  expect 0 run -d --name c $BUSYBOX sleep 1000
  kill -9 "$(engine inspect -f '{{.State.Pid}}' c)"
  expect 0 wait c
  assert_output 137
  assert_equal "$(state_of c)" exited
  expect 0 rm c
  assert_clean
}

@test "kill -9 of the monitor: ps does not say that it runs; rm -f works; the process is gone" {
  expect 0 run -d --name m $BUSYBOX sleep 1000
  pid=$(engine inspect -f '{{.State.Pid}}' m)
  kill -9 "$(monitor_of m)"
  # Either the container went with its monitor, or it still runs and is shown as running.
  consistent() {
    if pid_gone "$pid"; then [ "$(state_of m)" != running ]; else [ "$(state_of m)" = running ]; fi
  }
  wait_until 10 consistent
  expect 0 rm -f -t 0 m
  wait_until 10 pid_gone "$pid"
  assert_clean
}

@test "kill -9 of the CLI: the container lives on, its output is logged, its end is known" {
  "$ENGINE" $ENGINE_ARGS run --name cli $BUSYBOX sh -c 'echo before; while [ ! -e /go ]; do sleep 0.05; done; echo after; exit 4' 3>&- >/dev/null &
  pid=$!
  wait_for_log cli before
  kill -9 $pid
  wait $pid || true
  assert_equal "$(state_of cli)" running
  expect 0 exec cli touch /go
  expect 0 wait cli
  assert_output 4
  expect 0 logs cli
  assert_output $'before\nafter'
}

@test "kill -9 of the CLI of a --rm container: removed at its end all the same" {
  "$ENGINE" $ENGINE_ARGS run --rm --name rmcli $BUSYBOX sh -c 'echo up; while [ ! -e /go ]; do sleep 0.05; done' 3>&- >/dev/null &
  pid=$!
  wait_for_log rmcli up
  kill -9 $pid
  wait $pid || true
  expect 0 exec rmcli touch /go
  wait_until 10 is_gone rmcli
  assert_clean
}

@test "kill -9 of the CLI while it starts, fifty times: nothing is stuck" {
  is_podman && count=5 || count=50
  for n in $(seq $count); do
    timeout -s KILL "0.0$((n % 50 + 10))" $(engine_command) run --rm --network none --name "s$n" $BUSYBOX sleep 1000 3>&- >/dev/null 2>&1 || true
  done
  expect 0 ps -aq
  for id in $output; do
    run -0 timeout 20 $(engine_command) rm -f -t 0 "$id"
  done
  assert_clean
  expect 0 run --rm $BUSYBOX echo fine
  assert_output fine
}

@test "kill -9 of monitor and container together" {
  creel_only "Podman takes the container to be running still"
  for n in 1 2 3 4 5; do
    expect 0 run -d --name "b$n" --network none $BUSYBOX sleep 1000
    monitor=$(monitor_of "b$n") pid=$(engine inspect -f '{{.State.Pid}}' "b$n")
    kill -9 "$monitor" "$pid" 2>/dev/null
    not_running() { [ "$(state_of "b$n")" != running ]; }
    wait_until 10 not_running
    expect 0 rm -f "b$n"
  done
  assert_clean
}

@test "a killed container starts again" {
  creel_only "Podman takes the container to be running still"
  expect 0 run -d --name again --network none $BUSYBOX sleep 1000
  pid=$(engine inspect -f '{{.State.Pid}}' again)
  kill -9 "$(monitor_of again)"
  expect 0 stop -t 0 again
  wait_until 10 pid_gone "$pid"
  expect 0 start again
  assert_equal "$(state_of again)" running
}

@test "after a reboot (another boot ID, an empty runtime directory) containers are exited and start" {
  expect 0 run -d --name boot --network none $BUSYBOX sleep 1000
  pid=$(engine inspect -f '{{.State.Pid}}' boot)
  monitor=$(monitor_of boot)
  kill -9 "$monitor" "$pid" 2>/dev/null || true
  wait_until 10 pid_gone "$pid"
  rm -rf "$XDG_RUNTIME_DIR"/*
  [ "$(state_of boot)" != running ]
  expect 0 start boot
  assert_equal "$(state_of boot)" running
}

@test "no process stays when no container runs" {
  expect 0 run -d --name p $BUSYBOX sleep 1000
  expect 0 rm -f -t 0 p
  none() { ! pgrep -u "$(id -u)" -f "$SESSION/prefix/libexec/creel/creel-monitor.*$WORK"; }
  wait_until 10 none
}
