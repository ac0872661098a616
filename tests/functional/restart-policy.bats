# --restart: the container's own monitor starts it again.
load lib

setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

restarts_of() { engine inspect -f '{{.RestartCount}}' "$1"; }
has_restarts() { [ "$(restarts_of "$2")" -ge "$1" ]; }
has_state() { [ "$(state_of "$2")" = "$1" ]; }
status_of() { engine ps -a --filter "name=$1" --format '{{.Status}}'; }

@test "on-failure restarts as often as it says, with the same ID and one log" {
  expect 0 run -d --name tried --network none --restart on-failure:2 $BUSYBOX sh -c 'echo once; exit 3'
  local id=$output
  expect 0 wait tried
  assert_output 3
  expect 0 inspect -f '{{.Id}} {{.RestartCount}} {{.State.Status}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' tried
  assert_output "$id 2 exited 3 on-failure 2"
  expect 0 logs tried
  assert_output $'once\nonce\nonce'
}

is_exited() { [ "$(state_of "$1")" = exited ]; }

@test "on-failure leaves a success alone" {
  expect 0 run -d --name fine --network none --restart on-failure $BUSYBOX true
  expect 0 wait fine
  assert_output 0
  assert_equal "$(restarts_of fine) $(state_of fine)" "0 exited"
}

@test "always goes on until it is stopped, and then rests" {
  expect 0 run -d --name lasting --network none --restart always $BUSYBOX sh -c 'sleep 0.1'
  wait_until 20 has_restarts 2 lasting
  expect 0 stop -t 0 lasting
  # Of Podman this may say "stopped" until its cleaner has been.
  if is_podman; then wait_until 20 is_exited lasting; fi
  assert_equal "$(state_of lasting)" exited
  # Whoever would start it again would have to live.
  if ! is_podman; then
    assert_equal "$(engine inspect -f '{{.State.ConmonPid}}' lasting)" 0
  fi
  # The count is of one life.
  expect 0 start lasting
  assert_equal "$(($(restarts_of lasting) < 2))" 1
}

@test "an end by somebody else's hand is no end, kill is" {
  expect 0 run -d --name hit --network none --restart always $BUSYBOX sleep 1000
  kill -9 "$(engine inspect -f '{{.State.Pid}}' hit)"
  wait_until 20 has_restarts 1 hit
  wait_until 20 has_state running hit
  expect 0 kill hit
  wait_until 20 has_state exited hit
  assert_equal "$(restarts_of hit)" 1
}

@test "a signal that is no end leaves the policy in force" {
  expect 0 run -d --name signalled --network none --restart always $BUSYBOX sh -c 'trap "exit 5" HUP; echo ready; while :; do sleep 0.05; done'
  wait_for_log signalled ready
  expect 0 kill -s HUP signalled
  wait_until 20 has_restarts 1 signalled
}

@test "mistakes are named" {
  expect_error 125 'is not a valid restart policy' create --restart sometimes $BUSYBOX true
  expect_error 125 'restart policy retries can only be specified with on-failure restart policy' create --restart always:3 $BUSYBOX true
  expect_error 125 'greater than 0' create --restart on-failure:-1 $BUSYBOX true
  expect_error 125 'parsing restart policy retry count' create --restart on-failure:some $BUSYBOX true
  expect_error 125 'the --rm option conflicts with --restart' create --rm --restart always $BUSYBOX true
}

@test "with --rm a container that fails is restarted, and removed in the end" {
  creel_only "Podman 4 takes it without a number alone"
  expect 0 run -d --rm --name fleeting --network none --restart on-failure:1 $BUSYBOX sh -c 'exit 4'
  wait_until 20 is_gone fleeting
}

@test "ps and start find containers by policy" {
  expect 0 create --name keeps --restart always $BUSYBOX true
  expect 0 create --name until --restart unless-stopped $BUSYBOX true
  expect 0 create --name nothing $BUSYBOX true
  expect 0 ps -a --filter restart-policy=always --format '{{.Names}}'
  assert_output keeps
  expect 0 ps -a --filter restart-policy=unless-stopped --format '{{.Names}}'
  assert_output until
  # Podman 4 knows no name for having none.
  is_podman || { expect 0 ps -a --filter restart-policy=no --format '{{.Names}}'; assert_output nothing; }
}

@test "what is to run after a restart of the machine: always, and what was not stopped" {
  creel_only "Podman has this filter from version 5 on"
  expect 0 run -d --name keeps --network none --restart always $BUSYBOX sleep 1000
  expect 0 run -d --name going --network none --restart unless-stopped $BUSYBOX sleep 1000
  expect 0 run -d --name resting --network none --restart unless-stopped $BUSYBOX sleep 1000
  expect 0 run -d --name nothing --network none $BUSYBOX sleep 1000
  expect 0 stop -t 0 resting keeps
  expect 0 ps -a --filter should-start-on-boot=true --sort names --format '{{.Names}}'
  assert_output $'going\nkeeps'
  # As the machine leaves them.
  local name
  for name in going nothing; do kill -9 "$(engine inspect -f '{{.State.ConmonPid}}' $name)"; done
  wait_until 10 has_state exited going
  wait_until 10 has_state exited nothing
  expect 0 start --all --filter should-start-on-boot=true
  assert_equal "$(for name in keeps going resting nothing; do state_of $name; done | xargs)" "running running exited exited"
}

@test "between two runs: ps says so, and stop, rm -f, start and exec know what to do" {
  creel_only "Podman knows no pause"
  expect 0 run -d --name nervous --network none --restart always $BUSYBOX false
  _pausing() { [[ "$(status_of nervous)" =~ ^Restarting\ \(1\) ]]; }
  # The pause has doubled a few times by then.
  wait_until 30 has_restarts 4 nervous
  wait_until 30 _pausing
  expect 0 ps --filter name=nervous --format '{{.State}} {{.Names}}'
  assert_matches "$output" '^(restarting|running) nervous$'
  wait_until 30 has_restarts 5 nervous
  expect 0 stop nervous
  assert_equal "$(state_of nervous)" exited
  expect 0 start nervous
  wait_until 30 has_restarts 5 nervous
  wait_until 30 _pausing
  run engine rm nervous
  assert_equal "$status" 2
  expect 0 rm -f nervous
  is_gone nervous
}

@test "who is attached, waits or follows the log sees all of it" {
  creel_only "Podman shows the first run's output only"
  expect 3 run --name seen --network none --restart on-failure:2 $BUSYBOX sh -c 'echo out; exit 3'
  assert_output $'out\nout\nout'
  expect 0 run -d --name followed --network none --restart on-failure:2 $BUSYBOX sh -c 'echo line; exit 3'
  expect 0 logs -f followed
  assert_output $'line\nline\nline'
}

@test "a start that fails is tried again, and says why" {
  creel_only "Podman gives up"
  mkdir -p "$WORK/gone"
  expect 0 run -d --name missing --network none --restart on-failure:2 -v "$WORK/gone:/gone" $BUSYBOX sh -c 'sleep 0.3; exit 1'
  rmdir "$WORK/gone"
  expect 0 wait missing
  assert_output 125
  expect 0 inspect -f '{{.RestartCount}} {{.State.Error}}' missing
  assert_matches "$output" "^2 .*$WORK/gone"
}

@test "a monitor that is asked to end starts nothing again" {
  creel_only "of Creel's monitor, which restarts"
  expect 0 run -d --init --name ending --network none --restart always $BUSYBOX sleep 1000
  kill -TERM "$(engine inspect -f '{{.State.ConmonPid}}' ending)"
  wait_until 20 has_state exited ending
  assert_equal "$(restarts_of ending)" 0
  # Nobody has stopped it: after a restart of the machine it runs again.
  expect 0 ps -a --filter should-start-on-boot=true --format '{{.Names}}'
  assert_output ending
}

@test "kill -9 of a monitor leaves the truth, during a run and between two" {
  creel_only "of Creel's monitor, which restarts"
  expect 0 run -d --name lost --network none --restart always $BUSYBOX false
  wait_until 30 has_restarts 4 lost
  _kill_pausing() {
    local monitor
    monitor=$(engine inspect -f '{{.State.ConmonPid}}' lost)
    [ "$monitor" = 0 ] || kill -9 "$monitor"
    has_state exited lost
  }
  wait_until 30 _kill_pausing
  expect 0 start lost
  expect 0 rm -f lost
}

@test "a new name is told of in the next events" {
  expect 0 run -d --name before --network none $BUSYBOX sleep 1000
  expect 0 rename before after
  expect 0 stop -t 0 after
  expect 0 events --since 1m --stream=false --filter event=died --filter container=after --format '{{.Name}}'
  assert_output after
}

@test "the unit for a restart of the machine names this program, and systemd takes it" {
  creel_only "looks at Creel's installed units"
  local unit=$SESSION/prefix/share/systemd/user/creel-restart.service
  run grep -c "^ExecStart=$SESSION/prefix/bin/creel start --all --filter should-start-on-boot=true$" "$unit"
  assert_output 1
  cmp "$unit" "$SESSION/prefix/lib/systemd/system/creel-restart.service"
  command -v systemd-analyze >/dev/null || skip "systemd-analyze is not installed"
  run systemd-analyze --man=no verify "$unit"
  assert_equal "$status $output" "0 "
}

@test "who runs it in front of them ends it for good, also after a restart and between two" {
  creel_only "Podman passes signals on to the first process only"
  local client
  $(engine_command) run --name front --network none --restart always $BUSYBOX \
    sh -c 'trap "exit 9" TERM; if [ -e /dev/shm/x ] || [ -e /second ]; then echo ready; while :; do sleep 0.05; done; fi; touch /second; exit 1' \
    >"$BATS_TEST_TMPDIR/out" 3>&- &
  client=$!
  _ready() { grep -q ready "$BATS_TEST_TMPDIR/out"; }
  wait_until 20 _ready
  kill -TERM $client
  status=0
  wait $client || status=$?
  assert_equal "$status" 9
  assert_equal "$(state_of front) $(restarts_of front)" "exited 1"
  $(engine_command) run --name failing --network none --restart always $BUSYBOX false 3>&- &
  client=$!
  wait_until 30 has_restarts 5 failing
  kill -TERM $client
  status=0
  wait $client || status=$?
  assert_equal "$(state_of failing)" exited
}

# The monitor lives for as long as the container does; the program may be replaced meanwhile.
@test "after an upgrade of the engine a monitor of the old version makes room for a new one" {
  creel_only "it has no monitor that starts containers"
  local prefix=$BATS_TEST_TMPDIR/prefix monitor
  cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v "$ENGINE")")")")" "$prefix"
  ENGINE=$prefix/bin/creel expect 0 run -d --name old --network none --restart always $BUSYBOX sh -c 'trap "exit 1" USR1; echo ready; while :; do sleep 0.05; done'
  wait_for_log old ready
  monitor=$(engine inspect -f '{{.State.ConmonPid}}' old)
  # What the old monitor calls is another version now.
  mv "$prefix/bin/creel" "$prefix/bin/creel-new"
  cat >"$prefix/bin/creel" <<'END'
#!/bin/bash
arguments=("$@")
for ((i = 0; i < $#; ++i)); do
  if [ "${arguments[i]}" = __again ]; then arguments[i+2]=3; fi
done
exec "$(dirname "$0")/creel-new" "${arguments[@]}"
END
  chmod 755 "$prefix/bin/creel"
  engine kill -s USR1 old >/dev/null
  another_monitor() { local now; now=$(engine inspect -f '{{.State.Running}} {{.State.ConmonPid}}' old); [[ $now == true* && $now != *" $monitor" ]]; }
  wait_until 20 another_monitor
  [ ! -d "/proc/$monitor" ] || wait_until 20 [ ! -d "/proc/$monitor" ]
  # It is stopped for good, as ever.
  expect 0 stop -t 0 old
  assert_equal "$(state_of old)" exited
}

@test "what a container requires is started before its own restart" {
  creel_only "its monitor does not start containers"
  expect 0 create --name below --network none $BUSYBOX sleep 1000
  expect 0 run -d --name above --requires below --network none --restart always $BUSYBOX sh -c 'trap "exit 1" USR1; echo ready; while :; do sleep 0.05; done'
  wait_for_log above ready
  expect 0 stop -t 0 below
  engine kill -s USR1 above >/dev/null
  wait_until 20 has_restarts 1 above
  wait_until 20 has_state running above
  assert_equal "$(state_of below)" running
}
