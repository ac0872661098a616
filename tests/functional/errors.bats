# What a wrong command gets: one clear error, the right exit code, nothing done.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "an unknown command is an error, with the near one suggested" {
  expect 125 rnu
  assert_contains "$stderr" "rnu"
  assert_matches "$stderr" '(^|[^a-z])run'
  expect 125 no-such-command-at-all
}

@test "an unknown flag is an error that names it" {
  expect 125 run --nmae x $BUSYBOX true
  assert_contains "$stderr" "unknown flag: --nmae"
  expect 125 ps -Z
  assert_contains "$stderr" "unknown shorthand flag: 'Z' in -Z"
}

@test "an unknown flag: the near one is suggested" {
  expect_error 125 "--nmae" run --nmae x $BUSYBOX true
  creel_only "Podman suggests commands alone"
  assert_contains "$stderr" "--name"
}

@test "a flag without its value, a value that is none, a missing argument" {
  expect 125 run --name
  assert_contains "$stderr" "--name"
  expect 125 stop -t soon x
  expect 125 run
  expect 125 rm
  expect 125 exec x
  expect 125 run --detach=perhaps $BUSYBOX true
}

@test "no command: help; --help of each command; help goes to stdout" {
  expect 0 --help
  assert_output_contains "run"
  for command in run create exec ps pull images logs; do
    expect 0 $command --help
    assert_matches "$output" '[Uu]sage'
    assert_equal "$stderr" ""
  done
}

@test "what is known but not built is refused by name" {
  creel_only "Podman has pods and build, and passes over --gpus"
  expect 125 run --gpus all $BUSYBOX true
  assert_contains "$stderr" "--gpus"
  expect 125 run --pod some $BUSYBOX true
  assert_contains "$stderr" "--pod"
  expect 125 build .
  assert_contains "$stderr" "build"
  expect 0 ps -aq
  assert_output ""
}

@test "missing images and containers" {
  expect_error 125 "absent" run --pull=never absent true
  expect 125 inspect absent
  expect_error 125 "absent" logs absent
  expect_error 125 "absent" start absent
  expect_error 125 "absent" exec absent true
}

@test "a name in use is an error that says by whom" {
  expect 0 create --name taken $BUSYBOX true
  expect_error 125 "taken" create --name taken $BUSYBOX true
  expect_error 125 "taken" run --name taken $BUSYBOX true
  expect 0 ps -aq
  assert_equal "${#lines[@]}" 1
}

@test "an unusable interpreter, a directory, a file that is no program" {
  mkdir "$BATS_TEST_TMPDIR/d"
  printf '#!/no/such/interpreter\n' >"$BATS_TEST_TMPDIR/d/script"
  printf 'not a program\0\1\2' >"$BATS_TEST_TMPDIR/d/data"
  chmod +x "$BATS_TEST_TMPDIR/d"/*
  # crun finds out too late, and says 1.
  expect '@(1|126|127)' run --rm -v "$BATS_TEST_TMPDIR/d:/d" $BUSYBOX /d/script
  expect '@(1|126|127)' run --rm -v "$BATS_TEST_TMPDIR/d:/d" $BUSYBOX /d/data
  expect 126 run --rm -v "$BATS_TEST_TMPDIR/d:/d" $BUSYBOX /d
}

@test "a closed stdout is no crash" {
  run bash -c "$(engine_command) ps -a >&-"
  [ "$status" -lt 126 ]
  run bash -c "$(engine_command) images --format json >/dev/full"
  [ "$status" -ne 0 ] && [ "$status" -lt 126 ] || is_podman
}

@test "env -i with HOME and PATH alone: no XDG_RUNTIME_DIR, no session" {
  as_root && skip "an ordinary user's"
  run -0 env -i HOME="$HOME" PATH="$PATH" "$ENGINE" run --rm --network none $BUSYBOX echo bare
  assert_output bare
}

@test "a runtime directory with a long path" {
  long=$WORK/$(printf 'd%.0s' $(seq 80))
  mkdir -p "$long"
  chmod 0700 "$long"
  run -0 env XDG_RUNTIME_DIR="$long" "$ENGINE" run --rm --network none $BUSYBOX echo far
  assert_output far
  run -0 env XDG_RUNTIME_DIR="$long" "$ENGINE" run -d -i --rm --name far --network none $BUSYBOX sh -c 'read word; echo "so $word"'
  run -0 env XDG_RUNTIME_DIR="$long" "$ENGINE" attach far <<<late
  assert_output "so late"
}

@test "a store of a newer format is refused, and not written to" {
  creel_only "looks into Creel's store"
  mkdir -p "$WORK/newer/creel"
  printf 'creel store, format 999\n' >"$WORK/newer/creel/creel-store"
  run -125 env XDG_DATA_HOME="$WORK/newer" "$ENGINE" images
  assert_contains "$output" "999"
  assert_equal "$(ls "$WORK/newer/creel")" creel-store
}

@test "a store directory that is something else is not touched" {
  creel_only "looks into Creel's store"
  mkdir -p "$WORK/foreign/creel"
  echo precious >"$WORK/foreign/creel/file"
  run env XDG_DATA_HOME="$WORK/foreign" "$ENGINE" load -i "$SESSION/busybox.tar"
  assert_equal "$(cat "$WORK/foreign/creel/file")" precious
  rm -rf "$WORK/foreign" 2>/dev/null || true
}
