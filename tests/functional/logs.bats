# logs: byte-exact, whatever the driver, across rotation, however it is asked.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# Lines of every length, empty ones, bytes that are no text, no newline at the end.
BYTES='i=0; while [ $i -lt 300 ]; do echo "line $i $(printf %${i}s | tr " " x)"; i=$((i+1)); done; echo; echo; printf "\\377\\376\\001 tab\\t \\r\\n"; printf "no newline at the end"'

exact() {  # exact RUN-ARGUMENTS...: what was written is what logs give
  engine run --name l "$@" $BUSYBOX sh -c "$BYTES" >"$BATS_TEST_TMPDIR/written"
  engine logs l >"$BATS_TEST_TMPDIR/logged"
  cmp "$BATS_TEST_TMPDIR/written" "$BATS_TEST_TMPDIR/logged"
  engine rm l >/dev/null
}

@test "logs: byte for byte, k8s-file" {
  # The reference's reader ends the last line with a newline of its own, so it is compared without.
  if is_podman; then BYTES="$BYTES; echo"; fi
  exact --log-driver k8s-file
}

@test "logs: byte for byte, json-file" {
  if is_podman; then BYTES="$BYTES; echo"; fi
  exact --log-driver json-file
}

@test "logs: one very long line; many bytes" {
  engine run --name big $BUSYBOX sh -c 'head -c 300000 /dev/zero | tr "\0" a; echo; head -c 2000000 /dev/urandom | base64' >"$BATS_TEST_TMPDIR/written"
  engine logs big >"$BATS_TEST_TMPDIR/logged"
  cmp "$BATS_TEST_TMPDIR/written" "$BATS_TEST_TMPDIR/logged"
}

@test "logs: stdout and stderr come back where they went" {
  expect 0 run -d --name two $BUSYBOX sh -c 'echo out; echo err >&2'
  expect 0 wait two
  expect 0 logs two
  assert_output out
  assert_equal "$stderr" err
}

@test "logs --tail, -t, --since, --until" {
  expect 0 run -d --name n $BUSYBOX sh -c 'for i in 1 2 3 4 5; do echo line $i; done'
  expect 0 wait n
  expect 0 logs --tail 2 n
  assert_output $'line 4\nline 5'
  expect 0 logs --tail 0 n
  assert_output ""
  expect 0 logs --tail 100 n
  assert_equal "${#lines[@]}" 5
  expect 0 logs -t --tail 1 n
  assert_matches "$output" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+.* line 5$'
  expect 0 logs --since 1h n
  assert_equal "${#lines[@]}" 5
  expect 0 logs --until 2020-01-01T00:00:00Z n
  assert_output ""
}

@test "logs -f: from before to after the end, then it ends" {
  expect 0 run -d --name f $BUSYBOX sh -c 'echo first; while [ ! -e /go ]; do sleep 0.05; done; seq 1 1000; printf last'
  engine logs -f f >"$BATS_TEST_TMPDIR/followed" 3>&- &
  pid=$!
  wait_until 10 grep -q first "$BATS_TEST_TMPDIR/followed"
  expect 0 exec f touch /go
  wait $pid || fail "logs -f failed"
  { echo first; seq 1 1000; printf last; } >"$BATS_TEST_TMPDIR/expected"
  cmp "$BATS_TEST_TMPDIR/followed" "$BATS_TEST_TMPDIR/expected"
}

@test "logs -f: of one that is over, ends at once" {
  expect 0 run --name o $BUSYBOX echo over
  run -0 timeout 20 $(engine_command) logs -f o
  assert_output over
}

@test "logs -f --tail 0: only what is new" {
  expect 0 run -d --name new $BUSYBOX sh -c 'echo old; while [ ! -e /go ]; do sleep 0.05; done; echo new'
  wait_for_log new old
  engine logs -f --tail 0 new >"$BATS_TEST_TMPDIR/new" 3>&- &
  pid=$!
  sleep 0.5   # nothing tells that a follower of nothing follows
  expect 0 exec new touch /go
  wait $pid || fail "logs -f failed"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/new")" new
}

@test "log rotation: nothing in the middle is lost, the size is bounded" {
  creel_only "Podman keeps one file"
  expect 0 run --name rot --log-opt max-size=100k --log-opt max-file=3 $BUSYBOX seq 1 100000
  engine logs rot >"$BATS_TEST_TMPDIR/logged"
  [ -s "$BATS_TEST_TMPDIR/logged" ]
  # The end of the sequence, whole.
  first=$(head -n 1 "$BATS_TEST_TMPDIR/logged")
  seq "$first" 100000 | cmp - "$BATS_TEST_TMPDIR/logged"
  total=$(du -bc "$HOME"/.local/share/creel/containers/*/log* | tail -n 1 | cut -f1)
  [ "$total" -lt 400000 ] || fail "$total bytes"
}

@test "--log-driver none: no log, and logs says so" {
  expect 0 run --name none --log-driver none $BUSYBOX echo seen
  assert_output seen
  expect 125 logs none
  assert_contains "$stderr" "none"
}

@test "--log-driver: an unknown one, an unknown option" {
  expect 125 run --log-driver nosuch $BUSYBOX true
  expect 125 run --log-opt max-size=nonsense $BUSYBOX true
}

@test "logs: of an absent container; of one that never ran" {
  expect_error 125 "absent" logs absent
  expect 0 create --name never $BUSYBOX true
  expect 0 logs never
  assert_output ""
}

@test "a tty's output is logged too" {
  expect 0 run -dt --name t $BUSYBOX echo on a terminal
  expect 0 wait t
  expect 0 logs t
  assert_output_contains "on a terminal"
}

@test "the log file has the driver's format" {
  expect 0 run --name k --log-driver k8s-file $BUSYBOX sh -c 'echo whole; printf part'
  path=$(engine inspect -f '{{.HostConfig.LogConfig.Path}}' k)
  run -0 cat "$path"
  assert_matches "${lines[0]}" '^20[0-9-]+T[0-9:.]+[+Z][0-9:]* stdout F whole$'
  assert_matches "${lines[1]}" '^20[0-9-]+T[0-9:.]+[+Z][0-9:]* stdout P part$'
}
