# creel doctor where only root can take away what it looks for: programs, devices, subordinate IDs. And as root.
load lib
creel_only_file "Podman has no such command"
setup_file() {
  own_store
  chmod a+rx "$WORK"
}
teardown_file() { close_store; }

check() { jq -r --arg name "$1" --arg field "$2" '.checks[] | select(.name == $name) | .[$field]' <<<"$output"; }
# hiding PATH... -- COMMAND...: in a mount namespace where these are an empty file, or an empty directory.
hiding() {
  local paths=()
  while [ "$1" != -- ]; do paths+=("$1"); shift; done
  shift
  : >"$BATS_TEST_TMPDIR/file"
  mkdir -p "$BATS_TEST_TMPDIR/directory"
  chmod a+rx "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/directory"
  unshare -m bash -c 'with=$1; shift
    while [ "$1" != -- ]; do
      if [ -d "$1" ]; then mount --bind "$with/directory" "$1"; else mount --bind "$with/file" "$1"; fi
      shift
    done
    shift; exec "$@"' bash "$BATS_TEST_TMPDIR" "${paths[@]}" -- "$@"
}
# as_user NAME: the words before a command.
as_user() {
  mkdir -p "$WORK/home-$1" "$WORK/run-$1"
  chmod 0700 "$WORK/run-$1"
  chown -R "$1" "$WORK/home-$1" "$WORK/run-$1"
  user=(runuser -u "$1" -- env -i HOME="$WORK/home-$1" XDG_RUNTIME_DIR="$WORK/run-$1" PATH="$PATH")
}

@test "root: no user namespace is needed" {
  expect 0 doctor --json
  assert_contains "$(check "user namespaces" found)" "root needs none"
  assert_equal "$(check "subordinate IDs" status)" ""
  assert_equal "$(check overlay status)" ok
  assert_equal "$(check "a container" status)" ok
}

@test "nothing is left mounted" {
  local before=$(cat /proc/self/mountinfo)
  expect 0 doctor
  assert_equal "$(cat /proc/self/mountinfo)" "$before"
}

@test "without newuidmap and slirp4netns: exit code 1, the packages are named" {
  as_user "$TEST_USER"
  run --separate-stderr hiding "$(command -v newuidmap)" "$(command -v newgidmap)" "$(command -v slirp4netns)" -- \
    "${user[@]}" "$ENGINE" doctor
  assert_equal "$status" 1
  assert_matches "$output" "newuidmap, newgidmap +fails"
  assert_matches "$output" "cure: [^"$'\n'"]*(uidmap|shadow)"
  assert_matches "$output" "slirp4netns +fails +it is not installed"
  assert_matches "$output" "cure: [^"$'\n'"]*slirp4netns"
  assert_output_contains "creel run does not work on this host"
}

@test "without /dev/net/tun and /dev/fuse" {
  as_user "$TEST_USER"
  run --separate-stderr hiding /dev/net /dev/fuse -- "${user[@]}" "$ENGINE" doctor --json
  assert_equal "$status" 1
  assert_equal "$(check /dev/net/tun status)" fails
  assert_equal "$(check /dev/net/tun cure)" "sudo modprobe tun"
  assert_equal "$(check fuse-overlayfs status)" limited
  assert_equal "$(check "a container" status)" ok
  assert_contains "$(check "a container's network" found)" "/dev/net/tun"
}

@test "a user without subordinate IDs: the cure is a command" {
  as_user nobody
  run --separate-stderr "${user[@]}" "$ENGINE" doctor --json
  assert_equal "$status" 1
  assert_equal "$(check "subordinate IDs" status)" fails
  assert_contains "$(check "subordinate IDs" cure)" "sudo usermod --add-subuids "
  assert_equal "$(check "user namespaces" status)" ok
}
