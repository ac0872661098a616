# creel doctor: what this host gives, and the cure for what it does not. All of it is Creel's own.
load lib
creel_only_file "Podman has no such command"
setup_file() { own_store; }
teardown_file() { close_store; }

# check NAME FIELD: of the last doctor --json.
check() { jq -r --arg name "$1" --arg field "$2" '.checks[] | select(.name == $name) | .[$field]' <<<"$output"; }
# All that the user's directories hold.
everything() { find "$HOME" "$XDG_RUNTIME_DIR" ! -name userns.lock | sort; }

@test "a host on which containers run: exit code 0, and every check is told" {
  expect 0 doctor
  for name in "runtime directory" store "store file system" "user namespaces" "subordinate IDs" newuidmap overlay \
    fuse-overlayfs /dev/net/tun slirp4netns pasta nft "control groups" "a container" "kernel restrictions"; do
    assert_matches "$output" $'\n'"$name"
  done
  assert_output_contains "creel run works on this host"
  assert_matches "$output" "a container +ok +it started and ended in [0-9]+ ms"
}

@test "--json: the same for programs" {
  expect 0 doctor --json
  assert_equal "$(jq .runs <<<"$output")" true
  for name in "user namespaces" "subordinate IDs" "newuidmap, newgidmap" overlay slirp4netns "a container" "a container's network"; do
    assert_equal "$name $(check "$name" status)" "$name ok"
  done
  assert_equal "$(jq -r '[.checks[] | keys_unsorted | sort | join(",")] | unique[]' <<<"$output")" "cure,found,lost,name,status"
}

@test "nothing stays behind, with a store and without one" {
  engine doctor >/dev/null
  local before=$(everything)
  expect 0 doctor
  assert_equal "$(everything)" "$before"
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  before=$(everything)
  expect 0 doctor
  assert_equal "$(everything)" "$before"
  expect 0 ps -aq
  assert_output ""
}

# broken PROGRAM...: a PATH on which these fail.
broken() {
  local dir=$BATS_TEST_TMPDIR/broken program
  mkdir "$dir"
  for program in "$@"; do
    printf '#!/bin/sh\nexit 1\n' >"$dir/$program"
    chmod +x "$dir/$program"
  done
  printf '%s' "$dir:$PATH"
}

@test "newuidmap that does not map: exit code 1, what is lost and the cure" {
  ! as_root || skip "root does not need it"
  run --separate-stderr env PATH="$(broken newuidmap)" "$ENGINE" doctor
  assert_equal "$status" 1
  assert_matches "$output" "newuidmap, newgidmap +fails"
  assert_output_contains "lost: an ordinary user runs no container"
  assert_output_contains "cure: sudo chmod u+s /usr/bin/newuidmap /usr/bin/newgidmap"
  assert_matches "$output" "a container +not tried"
  assert_output_contains "creel run does not work on this host"
}

@test "slirp4netns that does not start: containers run, their network does not" {
  run --separate-stderr env PATH="$(broken slirp4netns)" "$ENGINE" doctor --json
  assert_equal "$status" 1
  assert_equal "$(jq .runs <<<"$output")" false
  assert_equal "$(check "a container" status)" ok
  assert_equal "$(check slirp4netns status)" fails
  assert_contains "$(check slirp4netns lost)" "--network none"
  assert_equal "$(check "a container's network" status)" fails
}

@test "fuse-overlayfs that does not start: only what needs it is lost" {
  run --separate-stderr env PATH="$(broken fuse-overlayfs)" "$ENGINE" doctor --json
  assert_equal "$status" 0
  assert_equal "$(check fuse-overlayfs status)" limited
  assert_contains "$(check fuse-overlayfs lost)" "keep-id"
  assert_contains "$(check fuse-overlayfs cure)" "fuse-overlayfs"
}

@test "without XDG_RUNTIME_DIR" {
  ! as_root || skip "root does not use it"
  run --separate-stderr env -u XDG_RUNTIME_DIR "$ENGINE" doctor --json
  assert_equal "$status" 0
  assert_contains "$(check "runtime directory" found)" "XDG_RUNTIME_DIR is not set"
}

@test "a runtime directory that others can write is refused, and the rest is told all the same" {
  mkdir -m 0777 "$WORK/open"
  mkdir "$WORK/open/creel"
  chmod 0777 "$WORK/open/creel"
  run --separate-stderr env XDG_RUNTIME_DIR="$WORK/open" "$ENGINE" doctor --json
  assert_equal "$status" 1
  assert_equal "$(check "runtime directory" status)" fails
  assert_contains "$(check "runtime directory" cure)" "chmod 700"
  assert_equal "$(check "user namespaces" status)" ok
}

@test "a home that cannot be written: the store fails, with the cure" {
  ! as_root || skip "root writes everywhere"
  mkdir -m 0500 "$WORK/sealed"
  run --separate-stderr env HOME="$WORK/sealed" "$ENGINE" doctor --json
  assert_equal "$status" 1
  assert_equal "$(check store status)" fails
  assert_contains "$(check store found)" "Permission denied"
  assert_contains "$(check store cure)" "creel --root DIRECTORY"
  # The cure helps.
  run --separate-stderr env HOME="$WORK/sealed" "$ENGINE" --root "$WORK/elsewhere" doctor
  assert_equal "$status" 0
}

@test "it takes no arguments" {
  expect 125 doctor now
  assert_contains "$stderr" "takes no arguments"
}
