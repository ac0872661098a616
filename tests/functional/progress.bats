# How pull, load, save and import show what they do. All of it on stderr.
load lib
creel_only_file "the texts of Creel's bars"
setup_file() { own_store; }
teardown_file() { close_store; }
setup() {
  mkdir -p "$BATS_TEST_TMPDIR/root"
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/root/file"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/root.tar" .
  mkfifo "$BATS_TEST_TMPDIR/pipe"
}
teardown() {
  exec 9>&- || true
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

terminal() { ./terminal.py "$@"; }
# import reads a pipe that stays open: it is under way until the test closes it.
start_import() {
  engine import "$@" "$BATS_TEST_TMPDIR/pipe" localhost/x:1 >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 9>&- &
  import=$!
  exec 9>"$BATS_TEST_TMPDIR/pipe"
  head -c 2000000 "$BATS_TEST_TMPDIR/root.tar" >&9
}
end_import() {
  tail -c +2000001 "$BATS_TEST_TMPDIR/root.tar" >&9
  exec 9>&-
  wait $import
}
shows() { grep -a -q -E -e "$1" "$BATS_TEST_TMPDIR/err"; }

@test "progress: json: one object per line, on stderr; stdout holds the result" {
  start_import --progress json
  wait_until 20 shows '"event":"blob",.*"done":[1-9]'
  end_import
  jq -e -s 'map(.event) | index("blob-done") != null' "$BATS_TEST_TMPDIR/err" >/dev/null
  jq -e -s 'any(.event == "blob-done" and .how != null)' "$BATS_TEST_TMPDIR/err" >/dev/null
  assert_matches "$(cat "$BATS_TEST_TMPDIR/out")" '^sha256:[0-9a-f]{64}$'
  expect 0 pull --progress json --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_matches "$output" '^[0-9a-f]{64}$'
  assert_equal "$(jq -r 'select(.event == "message") | .text' <<<"$stderr" | head -n 1)" "Trying to pull $PLAIN_REGISTRY/busybox:latest..."
  jq -e -s 'any(.event == "blob-done" and .digest != null)' <<<"$stderr" >/dev/null
  # Asked for, they come with -q too.
  expect 0 load -q --progress json -i "$SESSION/busybox.tar"
  assert_contains "$stderr" '"event":"blob-done"'
}

@test "progress: bars: as wide as the terminal at most, a total, drawn over in place" {
  start_import --progress tty
  wait_until 20 shows 'Total [0-9.]+ [kM]?B'
  end_import
  # Each is drawn over: as many lines up as there were.
  shows $'\x1b\\[2A'
  shows 'Copying blob .* done'
  ! tr '\r\n' '\n\n' <"$BATS_TEST_TMPDIR/err" | sed 's/\x1b\[[0-9]*[A-Z]//g' | grep -a -E '^.{80}'
}

@test "progress: bars: what does not move says so" {
  start_import --progress tty
  wait_until 20 shows 'Total 2[.0-9]* MB  stalled for [3-9] s'
  end_import
  shows 'Copying blob .* done'
}

@test "progress: a terminal has bars; Ctrl-C leaves it sane and nothing in the store" {
  exec 9<>"$BATS_TEST_TMPDIR/pipe"
  head -c 60000 "$BATS_TEST_TMPDIR/root.tar" >&9
  terminal 'expect:Total' 'send:\x03' 'exit:-2' sane -- \
    $(engine_command) import "$BATS_TEST_TMPDIR/pipe" localhost/x:1 9>&- || fail "Ctrl-C"
  expect 0 images -aq
  assert_output ""
  terminal 'expect:Trying to pull' 'expect:Copying blob [0-9a-f]{12} done' 'exit:0' sane -- \
    $(engine_command) pull --tls-verify=false "$PLAIN_REGISTRY/busybox" || fail "pull"
}

@test "progress: plain lines elsewhere; -q and quiet say nothing; another style is an error" {
  expect 0 pull --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_contains "$stderr" "Copying blob"
  [[ $stderr != *$'\x1b'* ]]
  engine rmi -a -f >/dev/null
  expect 0 pull --progress plain --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_contains "$stderr" "Copying blob"
  engine rmi -a -f >/dev/null
  expect 0 pull -q --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_equal "$stderr" ""
  engine rmi -a -f >/dev/null
  expect 0 pull --progress quiet --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_equal "$stderr" ""
  expect_error 125 "invalid --progress" pull --progress loud --tls-verify=false "$PLAIN_REGISTRY/busybox"
}
