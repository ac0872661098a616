# What concerns root: the engine as root, and what only root can set up for a user: a full disk, no subordinate IDs, no
# /dev/net/tun.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# as_user NAME COMMAND...: with a clean environment, a home and a runtime directory of its own.
as_user() {
  local name=$1
  shift
  runuser -u "$name" -- env -i HOME="$WORK/home-$name" XDG_RUNTIME_DIR="$WORK/run-$name" PATH="$PATH" "$@"
}
directories_of() {
  mkdir -p "$WORK/home-$1" "$WORK/run-$1"
  chmod 0700 "$WORK/run-$1"
  chown -R "$1" "$WORK/home-$1" "$WORK/run-$1"
  chmod a+rx "$WORK"
}

@test "root: run, exec, stop, rm, with no user namespace" {
  expect 0 run --rm --network none $BUSYBOX sh -c 'id -u; cat /proc/self/uid_map'
  assert_equal "${lines[0]}" 0
  assert_matches "${lines[1]}" '^ *0 +0 +[0-9]+$'
  expect 0 run -d --name r --network none $BUSYBOX sleep 100
  expect 3 exec r sh -c 'exit 3'
  expect 0 stop -t 1 r
  expect 0 rm r
}

@test "root: capabilities and seccomp hold" {
  expect 0 run --rm --network none $BUSYBOX sh -c 'grep -E "^(CapEff|Seccomp):" /proc/self/status; mknod /x b 8 0 && cat /x >/dev/null && echo reached; mount -t tmpfs none /mnt && echo mounted; true'
  assert_output_contains 00000000800405fb
  assert_matches "$output" 'Seccomp:[[:space:]]2'
  refute_output_contains reached
  refute_output_contains mounted
}

@test "root: volumes and file owners" {
  mkdir "$BATS_TEST_TMPDIR/d"
  expect 0 run --rm --network none -v "$BATS_TEST_TMPDIR/d:/d" $BUSYBOX sh -c 'touch /d/f && chown 12:34 /d/f'
  assert_equal "$(stat -c %u:%g "$BATS_TEST_TMPDIR/d/f")" 12:34
}

@test "root: the default network and a published port" {
  creel_only "Podman as root needs bridges"
  port=$(free_port)
  expect 0 run -d --name w -p "127.0.0.1:$port:80" $BUSYBOX sh -c 'echo root >/var/www/index.html; exec httpd -f -p 80 -h /var/www'
  answers() { [ "$(curl -s --max-time 5 "http://127.0.0.1:$port/")" = root ]; }
  wait_until 10 answers
}

@test "root: commit: owners, what is deleted, what is renamed" {
  expect 0 run --name changed $BUSYBOX sh -c 'echo x >/x; chown 5:6 /x; rm /bin/vi; mv /var/www /var/moved; mkdir /var/www; echo y >/var/www/new; echo z >/var/moved/other'
  expect 0 commit -q changed localhost/changed
  expect 0 run --rm localhost/changed sh -c 'stat -c "%u %g" /x; ls /bin/vi 2>/dev/null; ls /var/www /var/moved | tr "\n" " "'
  assert_output $'5 6\n/var/moved: other  /var/www: new '
  expect 0 rm changed
  expect 0 rmi localhost/changed
}

@test "root: cp brings no device, and nothing with capabilities, out of a container" {
  expect 0 run -d --name c --network none --cap-add MKNOD $BUSYBOX sh -c \
    'mkdir /d; mknod -m 666 /d/memory c 1 1; cp /bin/busybox /d/able; chmod 4755 /d/able; echo ready; exec sleep 1000'
  wait_for_log c ready
  python3 -c 'import os, sys
os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))' \
    "/proc/$(engine inspect -f '{{.State.Pid}}' c)/root/d/able"
  expect 0 cp c:/d "$BATS_TEST_TMPDIR/d"
  assert_equal "$(ls "$BATS_TEST_TMPDIR/d")" able
  assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/d/able")" 755
  run -1 python3 -c 'import os, sys; os.getxattr(sys.argv[1], "security.capability")' "$BATS_TEST_TMPDIR/d/able"
}

@test "root: nothing is left mounted in the host's namespace" {
  before=$(wc -l </proc/self/mountinfo)
  expect 0 run --rm --network none $BUSYBOX true
  expect 0 run -d --name m --network none $BUSYBOX sleep 100
  is_podman || assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
  expect 0 rm -f -t 0 m
  assert_equal "$(wc -l </proc/self/mountinfo)" "$before"
}

@test "a user without subordinate IDs: the error says what to add" {
  creel_only "Podman runs it with one ID"
  directories_of nobody
  run as_user nobody "$ENGINE" load -q -i "$SESSION/busybox.tar"
  run -125 as_user nobody "$ENGINE" run --rm "$BUSYBOX" true
  assert_output_contains "/etc/subuid"
}

@test "no /dev/net/tun: the error names it; --network none and host still work" {
  creel_only "Podman keeps the mounts of its first command, the device among them"
  directories_of "$TEST_USER"
  run -0 as_user "$TEST_USER" "$ENGINE" load -q -i "$SESSION/busybox.tar"
  # Hidden in a mount namespace of its own; the machine keeps its device.
  hidden() {
    unshare -m sh -c 'mount --bind "$1" /dev/net && shift && exec "$@"' sh "$BATS_TEST_TMPDIR/empty" \
      runuser -u "$TEST_USER" -- env -i HOME="$WORK/home-$TEST_USER" XDG_RUNTIME_DIR="$WORK/run-$TEST_USER" PATH="$PATH" "$@"
  }
  mkdir "$BATS_TEST_TMPDIR/empty"
  chmod a+rx "$BATS_TEST_TMPDIR/empty"
  run hidden "$ENGINE" run --rm $BUSYBOX true
  [[ $status == 12[56] ]] || fail "exit code $status: $output"
  assert_output_contains "/dev/net/tun"
  run -0 hidden "$ENGINE" run --rm --network none $BUSYBOX echo without
  assert_output without
  run -0 hidden "$ENGINE" run --rm --network host $BUSYBOX echo host
  assert_output host
}

@test "no newuidmap: the error says which package" {
  creel_only "Podman joins the namespace of its first command"
  directories_of "$TEST_USER"
  run -0 as_user "$TEST_USER" "$ENGINE" load -q -i "$SESSION/busybox.tar"
  # A runtime directory of its own: no namespace of an earlier container to join.
  install -d -m 0700 -o "$TEST_USER" "$WORK/run-unmapped"
  : >"$BATS_TEST_TMPDIR/no"
  run unshare -m sh -c 'for p in newuidmap newgidmap; do mount --bind "$1" "$(command -v $p)"; done; shift; exec "$@"' sh "$BATS_TEST_TMPDIR/no" \
    runuser -u "$TEST_USER" -- env -i HOME="$WORK/home-$TEST_USER" XDG_RUNTIME_DIR="$WORK/run-unmapped" PATH="$PATH" \
    "$ENGINE" run --rm --network none $BUSYBOX true
  [ "$status" -eq 125 ] || fail "exit code $status: $output"
  assert_output_contains "newuidmap"
}

@test "a full disk: one clear error, and a store that works when there is room again" {
  creel_only "looks into Creel's store"
  mkdir "$BATS_TEST_TMPDIR/small"
  mount -t tmpfs -o size=60m,mode=0755 none "$BATS_TEST_TMPDIR/small"
  small() { command "$ENGINE" --root "$BATS_TEST_TMPDIR/small/store" --runroot "$WORK/small-run" "$@"; }
  run -0 small load -q -i "$SESSION/busybox.tar"
  before=$(small images -q --no-trunc)
  run small pull -q --tls-verify=false "$PLAIN_REGISTRY/debian"
  code=$status text=$output
  after=$(small images -q --no-trunc)
  run small run --rm --network none $BUSYBOX echo works
  works=$output
  leftover=$(find "$BATS_TEST_TMPDIR/small/store/staging" -mindepth 1 -maxdepth 1 -type d 2>/dev/null)
  small rm -fa >/dev/null 2>&1 || true
  # The monitor of a --rm container removes its files when the command has ended.
  wait_until 10 umount "$BATS_TEST_TMPDIR/small"
  assert_equal "$code" 125
  assert_contains "$text" "o space left"
  assert_equal "$after" "$before"
  assert_equal "$works" works
  assert_equal "$leftover" ""
}

@test "a disk that fills up under a container: the container sees ENOSPC, the engine goes on" {
  creel_only "looks into Creel's store"
  mkdir "$BATS_TEST_TMPDIR/small"
  mount -t tmpfs -o size=20m,mode=0755 none "$BATS_TEST_TMPDIR/small"
  small() { command "$ENGINE" --root "$BATS_TEST_TMPDIR/small/store" --runroot "$WORK/small-run2" "$@"; }
  run -0 small load -q -i "$SESSION/busybox.tar"
  run small run --name filler --network none $BUSYBOX sh -c 'dd if=/dev/zero of=/file bs=1M count=30; echo code $?'
  first=$output
  run small ps -a --format '{{.Names}}'
  second=$output
  run small rm -f filler
  third=$status
  wait_until 10 umount "$BATS_TEST_TMPDIR/small"
  assert_contains "$first" "o space left"
  assert_contains "$first" "code 1"
  assert_equal "$second" filler
  assert_equal "$third" 0
}
