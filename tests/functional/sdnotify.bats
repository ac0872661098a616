# What a service manager is told, and what it has opened for its service: sd_notify(3), sd_listen_fds(3). The test stands for
# the manager; with systemd itself: tests/host.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() {
  clean_up
  rm -f "$BATS_TEST_TMPDIR/manager"
}

# notified ARGS...: the engine with a manager that listens; what is said goes to $said.
notified() {
  said=$BATS_TEST_TMPDIR/said
  run --separate-stderr python3 "$BATS_TEST_DIRNAME/notified.py" "$BATS_TEST_TMPDIR/manager" "$said" $(engine_command) "$@"
}
was_said() { grep -q -E -e "(^|\|)$1($|\|)" "$said"; }
# One who can send a datagram: the host's python, brought along.
PYTHON=(-v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro)
SEND='import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for message in sys.argv[1:]: s.sendto(message.encode(), os.environ["NOTIFY_SOCKET"])'

@test "conmon: ready when it runs; the main process is the monitor" {
  notified run -d --name svc --sdnotify conmon --network none $BUSYBOX sleep 1000
  assert_equal "$status" 0
  wait_until 20 was_said READY=1
  was_said "MAINPID=$(engine inspect -f '{{.State.ConmonPid}}' svc)"
  assert_equal "$(engine inspect -f '{{.Config.SdNotifyMode}}' svc)" conmon
  expect 0 exec svc sh -c 'echo ${NOTIFY_SOCKET-none}; cat /proc/1/environ | tr "\0" "\n" | grep -c NOTIFY_SOCKET || true'
  assert_equal "$output" $'none\n0'
}

@test "conmon: not before it runs" {
  notified run -d --sdnotify conmon --network none $BUSYBOX /no/such/command
  assert_matches "$status" "12[57]"
  ! was_said READY=1 || fail "said to be ready: $(cat "$said")"
}

@test "container, the default: it speaks for itself" {
  notified run -d --name svc --network none "${PYTHON[@]}" $BUSYBOX /usr/bin/python3 -c "$SEND
import time
time.sleep(1000)" READY=1
  assert_equal "$status $stderr" "0 "
  wait_until 20 was_said READY=1
  was_said "MAINPID=$(engine inspect -f '{{.State.ConmonPid}}' svc)"
  assert_equal "$(engine inspect -f '{{.Config.SdNotifyMode}}' svc)" container
}

@test "container: silence is not readiness" {
  notified run -d --name svc --network none $BUSYBOX sh -c 'echo started; sleep 1000'
  wait_for_log svc started
  ! was_said READY=1 || fail "said to be ready: $(cat "$said")"
}

@test "container: what it may not say is not passed on" {
  creel_only "Podman passes on READY=1 alone"
  notified run --name svc --network none "${PYTHON[@]}" $BUSYBOX /usr/bin/python3 -c "$SEND" \
    $'MAINPID=1\nSTATUS=one' $'FDSTORE=1\nFDNAME=x' $'STATUS=two\nNOTIFYACCESS=all\nWATCHDOG=1' STATUS=last
  assert_equal "$status $stderr" "0 "
  wait_until 20 was_said STATUS=last
  was_said STATUS=one
  was_said 'STATUS=two|WATCHDOG=1' || grep -q -x -F 'STATUS=two|WATCHDOG=1' "$said"
  ! was_said MAINPID=1
  ! grep -q -e FD -e NOTIFYACCESS "$said" || fail "passed on: $(cat "$said")"
}

@test "container: whoever it runs as" {
  notified run --network none --user 1234:5678 "${PYTHON[@]}" $BUSYBOX /usr/bin/python3 -c "$SEND" READY=1
  assert_equal "$status $stderr" "0 "
  wait_until 20 was_said READY=1
}

@test "healthy: ready when the health check says so, and not before" {
  creel_only "Podman 4.3 does not have it"
  notified run -d --name svc --sdnotify healthy --network none --health-cmd 'test -e /tmp/well' --health-interval 200ms \
    $BUSYBOX sleep 1000
  assert_equal "$status" 0
  run engine healthcheck run svc
  assert_equal "$status" 1
  ! was_said READY=1 || fail "said to be ready: $(cat "$said")"
  engine exec svc touch /tmp/well
  wait_until 20 was_said READY=1
  expect_error 125 "requires a healthcheck" create --sdnotify healthy $BUSYBOX true
}

@test "healthy: not while the start-up check is all that has succeeded" {
  creel_only "Podman 4.3 does not have it"
  notified run -d --name svc --sdnotify healthy --network none --health-cmd 'test -e /tmp/well' --health-interval 200ms \
    --health-startup-cmd true --health-startup-interval 100ms --health-startup-success 1 $BUSYBOX sleep 1000
  wait_until 20 bash -c "! $(engine_command) healthcheck run svc"
  ! was_said READY=1 || fail "said to be ready: $(cat "$said")"
  engine exec svc touch /tmp/well
  wait_until 20 was_said READY=1
}

@test "container: started anew, it speaks again" {
  creel_only "Podman 4.3 does not start it a second time"
  engine create --name svc --network none "${PYTHON[@]}" $BUSYBOX /usr/bin/python3 -c "$SEND" READY=1
  for _ in 1 2; do
    rm -f "$BATS_TEST_TMPDIR/manager"
    notified start -a svc
    assert_equal "$status" 0
    wait_until 20 was_said READY=1
  done
}

@test "ignore: nothing is said, and the container has no socket" {
  notified run --sdnotify ignore --network none $BUSYBOX sh -c 'echo ${NOTIFY_SOCKET-none}; ls -d /run/notify 2>/dev/null'
  assert_output none
  assert_equal "$(cat "$said")" ""
}

@test "without a manager nothing is different, and a mode that is none is refused" {
  expect 0 run --rm --sdnotify container --network none $BUSYBOX sh -c 'echo ${NOTIFY_SOCKET-none}'
  assert_output none
  expect 125 run --rm --sdnotify sometimes --network none $BUSYBOX true
  assert_contains "$stderr" "sometimes"
}

@test "a socket that a manager has opened is the container's" {
  command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
  local port=$(free_port)
  systemd-socket-activate -l "127.0.0.1:$port" $(engine_command) run --rm --network none "${PYTHON[@]}" $BUSYBOX \
    /usr/bin/python3 -c 'import os, socket
assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid()), os.environ
connection, _ = socket.socket(fileno=3).accept()
connection.sendall(b"hello from inside\n")' >"$BATS_TEST_TMPDIR/activated" 2>&1 3>&- &
  local pid=$!
  client() { python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
s.settimeout(60)
print(s.makefile().readline().strip())' "$port"; }
  wait_until 20 eval "ss -tln 2>/dev/null | grep -q ':$port ' || grep -q ':$(printf %04X "$port") ' /proc/net/tcp"
  run client
  assert_output "hello from inside"
  wait $pid
}
