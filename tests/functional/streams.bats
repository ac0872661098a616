# What a container writes, and how what runs in it ends: nothing is lost, however much, however many at once. Small here;
# STREAMS=full for a gibibyte and ten thousand (ctest -L fault).
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# Bytes to write, processes to run, at once.
if [ "${STREAMS:-}" = full ]; then MIB=1024 PROCESSES=10000 AT_ONCE=32; else MIB=16 PROCESSES=200 AT_ONCE=8; fi

# writer MEBIBYTES: what the process in the container does: lines of all lengths that no two parts have alike, and no
# newline at the end.
writer() {
  cat <<END
i=0
while [ \$i -lt $1 ]; do seq \$((i * 100000)) \$((i * 100000 + 149796)); i=\$((i + 1)); done
printf 'the end, without a newline'
END
}
sum_of() { sha256sum | cut -d ' ' -f 1; }

@test "logs: the sum of what was written, after the end and followed from before it" {
  expected=$(sh -c "$(writer "$MIB")" | sum_of)
  # What a line costs in the file is more than the line: of a gibibyte of short ones the usual bound drops the first.
  expect 0 create --name writer $(is_podman || echo --log-opt max-size=-1) $BUSYBOX sh -c "$(writer "$MIB")"
  expect 0 start writer
  engine logs -f writer | sum_of >"$BATS_TEST_TMPDIR/followed" &
  follower=$!
  expect 0 wait writer
  assert_output 0
  wait $follower
  assert_equal "$(engine logs writer | sum_of)" "$expected"
  # Podman's follower ends with the container, whatever it has not read by then; its --tail joins what was written in parts.
  if ! is_podman; then
    assert_equal "$(cat "$BATS_TEST_TMPDIR/followed")" "$expected"
    assert_equal "$(engine logs --tail 1 writer)" 'the end, without a newline'
    # Begun when all is over.
    assert_equal "$(engine logs -f writer | sum_of)" "$expected"
  fi
}

@test "logs: across many rotations, and followed across them" {
  creel_only "Podman keeps one file"
  expected=$(sh -c "$(writer "$MIB")" | sum_of)
  expect 0 create --name writer --log-opt max-size=$((MIB / 8))m --log-opt max-file=100 $BUSYBOX sh -c "$(writer "$MIB")"
  expect 0 start writer
  engine logs -f writer | sum_of >"$BATS_TEST_TMPDIR/followed" &
  follower=$!
  expect 0 wait writer
  wait $follower
  assert_equal "$(engine logs writer | sum_of)" "$expected"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/followed")" "$expected"
  path=$(engine inspect -f '{{.HostConfig.LogConfig.Path}}' writer)
  [ "$(ls "$path"* | wc -l)" -gt 4 ]
}

@test "run: the sum of what an attached client gets" {
  expected=$(sh -c "$(writer "$MIB")" | sum_of)
  assert_equal "$(engine run --rm --log-driver none $BUSYBOX sh -c "$(writer "$MIB")" | sum_of)" "$expected"
}

@test "run -i: as much in, and out again" {
  expected=$(sh -c "$(writer "$MIB")" | sum_of)
  assert_equal "$(sh -c "$(writer "$MIB")" | engine run --rm -i --log-driver none $BUSYBOX cat | sum_of)" "$expected"
}

@test "exec: many at once, each with its own exit code, while clients are killed" {
  expect 0 run -d --name many $BUSYBOX sleep 100000
  run -0 python3 exec_torture.py "$PROCESSES" "$AT_ONCE" $(engine_command) exec many
  echo "# ${lines[-1]}" >&3
  expect 0 rm -f -t 0 many
}
