# creel --timing: what a command spent its time on. Of Creel alone.
load lib
creel_only_file "Podman has no --timing"
setup_file() {
  busybox_store
}
teardown_file() { close_store; }
teardown() { clean_up; }

@test "run: the phases, the monitor's among them, in the order of time; stdout is the container's alone" {
  run --separate-stderr engine --timing run --rm --network none $BUSYBOX echo hello
  assert_equal "$status" 0
  assert_output hello
  for phase in "command line read" "user namespace and monitor begun" "store opened" "image found" "container recorded" \
    "plan made" "job given" "monitor: first process cloned" "monitor: mounts made" "monitor: command started" \
    "command ended" "record removed" "done"; do
    assert_contains "$stderr" "$phase"
  done
  # The second column never falls.
  awk 'NR > 1 { if ($2 + 0 < last) exit 1; last = $2 + 0 }' <<<"$stderr" || fail "not in order: $stderr"
}

@test "exec: the phases" {
  engine run -d --name timed --network none $BUSYBOX sleep 1000
  run --separate-stderr engine --timing exec timed echo hello
  assert_output hello
  for phase in "container found" "process planned" "command started" "command ended" "done"; do
    assert_contains "$stderr" "$phase"
  done
}

@test "what fails tells its time, too" {
  run --separate-stderr engine --timing run --rm --network none $BUSYBOX nosuchprogram
  assert_equal "$status" 127
  assert_contains "$stderr" "plan made"
  assert_contains "$stderr" "failed"
}

@test "without it nothing is said; the container's own --timing is the container's" {
  run --separate-stderr engine run --rm --network none $BUSYBOX echo --timing
  assert_output --timing
  assert_equal "$stderr" ""
}
