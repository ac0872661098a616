#!/usr/bin/env bats
# One store, many processes at once: no error but those that others cause, no leak. Seconds here; TORTURE=300 for minutes
# with 32 processes (ctest -L fault).
load lib.bash
creel_only_file "looks into Creel's store"

setup_file() { own_store; }
teardown_file() { close_store; }

df_sum() { engine system df --format '{{.RawSize}}' | awk '{ sum += $1 } END { print sum + 0 }'; }

nobody_left() { ! pgrep -u "$(id -u)" -x creel-monitor && [ -z "$(ls "$XDG_RUNTIME_DIR/creel/containers")" ]; }

@test "processes that pull, run, exec, stop, kill, check, tag, remove and prune at random" {
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  local workers=8
  if [ -n "${TORTURE:-}" ]; then workers=32; fi
  run python3 torture.py "${TORTURE:-15}" $workers $(engine_command)
  echo "# ${lines[0]}" >&3
  [ "$status" -eq 0 ]
  engine rm -f -a -t 0 >/dev/null
  expect 0 system check
  expect 0 system prune -a -f --volumes
  assert_equal "$(df_sum)" 0
  expect 0 system check
  assert_output ''
  # Nobody is left behind, and nothing.
  wait_until 20 nobody_left || fail "left: $(find "$XDG_RUNTIME_DIR/creel/containers" -printf '%P %s %t\n'; ps -u "$(id -u)" -o pid,ppid,stat,wchan:20,etimes,args)"
}
