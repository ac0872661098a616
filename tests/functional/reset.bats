# system reset: nothing is left, and everything works afterwards.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

fill() {
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  engine run -d --name sleeper --network none -v data:/data $BUSYBOX sh -c 'chown 5:6 /data; sleep 1000' >/dev/null
  engine create --name waiting --network none $BUSYBOX true >/dev/null
  engine volume create spare >/dev/null
}

@test "system reset --force: containers end; images, volumes and the store go; the next command makes another" {
  fill
  pid=$(engine inspect -f '{{.State.Pid}}' sleeper)
  expect 0 system reset --force
  wait_until 10 pid_gone "$pid"
  expect 0 images -aq
  assert_output ""
  expect 0 ps -aq
  assert_output ""
  expect 0 volume ls -q
  assert_output ""
  fill
  expect 0 exec sleeper echo well
  assert_output well
  expect 0 system reset -f
}

@test "system reset: it asks, and does nothing without a yes" {
  fill
  for answer in n ""; do
    run engine system reset <<<"$answer"
    assert_contains "$output" "WARNING! This will remove"
    expect 0 ps -q
    [ -n "$output" ]
  done
  run engine system reset <<<y
  assert_equal "$status" 0
  expect 0 images -aq
  assert_output ""
}

@test "system reset: secrets go; what is not the store's own stays" {
  creel_only "looks into Creel's store"
  fill
  echo secret | engine secret create mine - >/dev/null
  store=$(engine info --format '{{.Store.GraphRoot}}')
  echo keep >"$store/stranger"
  expect 0 system reset -f
  assert_equal "$(ls -A "$store")" stranger
  rm -r "$store"
  fill
  expect 0 system reset -f
  [ ! -e "$store" ]
  # A directory that is no store is never touched.
  mkdir "$BATS_TEST_TMPDIR/other"
  echo keep >"$BATS_TEST_TMPDIR/other/file"
  mkdir "$BATS_TEST_TMPDIR/other/blobs"
  expect 0 --root "$BATS_TEST_TMPDIR/other" system reset -f
  assert_equal "$(ls "$BATS_TEST_TMPDIR/other")" $'blobs\nfile'
}
