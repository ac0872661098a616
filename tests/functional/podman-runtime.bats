# Podman with --runtime creel-runtime: its conmon drives our command line, reads our log and our exit codes.
load lib
setup_file() {
  command -v podman >/dev/null || skip "podman is not installed"
  export ENGINE=podman
  own_store
  export ENGINE_ARGS="$ENGINE_ARGS --runtime $SESSION/prefix/bin/creel-runtime"
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
}
teardown_file() { close_store; }
teardown() { clean_up; }

@test "podman --runtime: run; exit codes of its own, of what is absent, of what cannot be executed" {
  expect 3 run --rm --network none $BUSYBOX sh -c 'id -u; exit 3'
  assert_output 0
  expect 127 run --rm --network none $BUSYBOX nope
  expect 126 run --rm --network none $BUSYBOX /etc/passwd
  assert_contains "$stderr" ermission
}

@test "podman --runtime: a container's life: logs, exec, stop, start, kill" {
  expect 0 run -d --name life --network none $BUSYBOX sh -c 'echo logged; trap "exit 5" TERM; while :; do sleep 0.1; done'
  wait_for_log life logged
  expect 0 inspect -f '{{.OCIRuntime}} {{.State.Status}}' life
  assert_output_contains "creel-runtime running"
  expect 4 exec -e WORD=here life sh -c 'echo $WORD; exit 4'
  assert_output here
  expect 127 exec life nope
  expect 0 exec -t life tty
  assert_output_contains /dev/pts/
  expect 0 stop -t 10 life
  expect 0 inspect -f '{{.State.Status}} {{.State.ExitCode}}' life
  assert_output "exited 5"
  expect 0 start life
  expect 0 kill life
  expect 0 wait life
  assert_output 137
  expect 0 rm life
}

@test "podman --runtime: a health check" {
  expect 0 run -d --name health --network none --health-cmd 'test -e /tmp/good' --health-interval disable $BUSYBOX sleep 1000
  expect 1 healthcheck run health
  expect 0 exec health touch /tmp/good
  expect 0 healthcheck run health
}

@test "podman --runtime: rights, mounts, a terminal" {
  mkdir -p "$WORK/shared"
  echo "from the host" >"$WORK/shared/file"
  expect 0 run --rm --network none --read-only --tmpfs /tmp --cap-drop all --user 1000:1000 -v "$WORK/shared:/shared:ro" $BUSYBOX \
    sh -c 'cat /shared/file; touch /tmp/x; touch /y 2>/dev/null || echo refused; grep CapEff /proc/self/status; id -u'
  assert_equal "${lines[0]}" "from the host"
  assert_equal "${lines[1]}" refused
  assert_matches "${lines[2]}" '0000000000000000$'
  assert_equal "${lines[3]}" 1000
  expect 0 run --rm -t --network none $BUSYBOX tty
  assert_output_contains /dev/pts/0
}

@test "podman --runtime: build" {
  mkdir -p "$WORK/context"
  printf 'FROM %s\nRUN echo built >/made\nCMD cat /made\n' $BUSYBOX >"$WORK/context/Containerfile"
  expect 0 build -q --network none -t localhost/built "$WORK/context"
  expect 0 run --rm --network none localhost/built
  assert_output built
  expect 0 rmi localhost/built
}
