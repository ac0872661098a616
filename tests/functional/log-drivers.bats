# Log drivers that keep no file: passthrough, and journald where there is no journal (with one: tests/host).
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "passthrough: what the container writes goes where the command's own output goes" {
  engine run --log-driver passthrough --name p --network none $BUSYBOX sh -c 'echo out; echo err >&2; exit 3' \
    </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || code=$?
  assert_equal "$code" 3
  assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" out
  assert_equal "$(cat "$BATS_TEST_TMPDIR/err")" err
  assert_equal "$(engine inspect -f '{{.HostConfig.LogConfig.Type}}' p)" passthrough
}

@test "passthrough: it is the very file, in the background too" {
  engine run -d --log-driver passthrough --name p --network none $BUSYBOX \
    sh -c 'readlink /proc/self/fd/1 >/dev/null; echo later; exec sleep 1000' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
  wait_until 20 grep -q -x later "$BATS_TEST_TMPDIR/out"
}

@test "passthrough: there is nothing to read afterwards, and nothing to attach to" {
  engine run -d --log-driver passthrough --name p --network none $BUSYBOX sleep 1000 </dev/null >/dev/null 2>&1
  expect 125 logs p
  assert_contains "$stderr" "'passthrough' log driver, cannot read logs"
  expect 125 attach p
}

@test "passthrough: after a restart by its policy, too" {
  creel_only "Podman starts it anew without anybody's descriptors"
  engine run -d --log-driver passthrough --restart on-failure:2 --name p --network none $BUSYBOX \
    sh -c 'echo again; exit 1' </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
  expect 0 wait p
  assert_equal "$(grep -c -x again "$BATS_TEST_TMPDIR/out")" 3
}

@test "passthrough: not a terminal's" {
  creel_only "Podman refuses it where its own output is a terminal, not the container's"
  expect 125 run --rm -t --log-driver passthrough --network none $BUSYBOX true
  assert_contains "$stderr" "passthrough"
}

@test "journald without a journal: a clear error, and nothing is made" {
  [ ! -S /run/systemd/journal/socket ] || skip "this machine has a journal"
  expect_error 125 "/run/systemd/journal/socket" create --log-driver journald --name j $BUSYBOX true
  is_podman || assert_contains "$stderr" "k8s-file"
  expect 0 ps -aq
  assert_output ""
}

@test "journald in containers.conf without a journal: a warning, and the container runs" {
  creel_only "Podman runs no container then"
  [ ! -S /run/systemd/journal/socket ] || skip "this machine has a journal"
  printf '[containers]\nlog_driver = "journald"\n' >"$BATS_TEST_TMPDIR/containers.conf"
  CONTAINERS_CONF=$BATS_TEST_TMPDIR/containers.conf expect 0 run --name j --network none $BUSYBOX echo logged
  assert_output logged
  assert_contains "$stderr" "Warning: "
  expect 0 logs j
  assert_output logged
}

@test "a driver that is none, a tag that is none" {
  expect 125 create --log-driver carrier-pigeon $BUSYBOX true
  creel_only "Podman names neither"
  assert_contains "$stderr" "carrier-pigeon"
  expect_error 125 "{{.Nonsense}}" create --log-opt 'tag={{.Nonsense}}' $BUSYBOX true
  expect 0 create --name tagged --log-opt 'tag={{.Name}}/{{.ID}}' $BUSYBOX true
}
