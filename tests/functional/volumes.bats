# -v, --mount, --tmpfs.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "-v: a directory of the host, read and written, ownership as seen from outside" {
  mkdir "$BATS_TEST_TMPDIR/d"
  echo outside >"$BATS_TEST_TMPDIR/d/in"
  expect 0 run --rm -v "$BATS_TEST_TMPDIR/d:/mnt" $BUSYBOX sh -c 'cat /mnt/in; echo inside >/mnt/out; stat -c %u /mnt/in'
  assert_output $'outside\n0'
  assert_equal "$(cat "$BATS_TEST_TMPDIR/d/out")" inside
  [ -O "$BATS_TEST_TMPDIR/d/out" ]
}

@test "-v: a file; ro; a relative path; an absent source is an error" {
  echo content >"$BATS_TEST_TMPDIR/f"
  expect 0 run --rm -v "$BATS_TEST_TMPDIR/f:/etc/some/file:ro" $BUSYBOX sh -c 'cat /etc/some/file; (echo x >/etc/some/file) 2>/dev/null || echo refused'
  assert_output $'content\nrefused'
  cd "$BATS_TEST_TMPDIR"
  expect 0 run --rm -v ./f:/f $BUSYBOX cat /f
  assert_output content
  expect_error 125 "no-such" run --rm -v "$BATS_TEST_TMPDIR/no-such:/mnt" $BUSYBOX true
  expect 125 run --rm -v relative/without/dot:/mnt $BUSYBOX true
  expect 125 run --rm -v "$BATS_TEST_TMPDIR/f:relative" $BUSYBOX true
  expect 125 run --rm -v "$BATS_TEST_TMPDIR/f:/f:nosuchoption" $BUSYBOX true
}

@test "-v NAME: a named volume is made, kept, shared, and filled from the image" {
  expect 0 run --rm -v named:/etc $BUSYBOX sh -c 'grep -c root /etc/passwd; echo kept >/etc/kept'
  assert_output 1
  expect 0 run --rm -v named:/data $BUSYBOX cat /data/kept
  assert_output kept
  expect 0 run --rm -v named:/data:ro $BUSYBOX sh -c 'touch /data/x 2>/dev/null || echo read-only'
  assert_output read-only
}

@test "-v NAME: filled once, when empty, with owners and modes" {
  expect 0 run --rm -v filled:/tmp $BUSYBOX stat -c '%a' /tmp
  assert_output 1777
  expect 0 run --rm -v other:/root $BUSYBOX stat -c '%a %u' /root
  assert_output "700 0"
  expect 0 run --rm -v fresh:/new/dir $BUSYBOX sh -c 'touch /new/dir/x; ls /new/dir'
  assert_output x
}

@test "an anonymous volume goes with its --rm container" {
  expect 0 run --rm --name anon -v /cache $BUSYBOX sh -c 'touch /cache/x && grep -c " /cache " /proc/self/mountinfo'
  assert_output 1
  expect 0 run -d --name anon2 -v /cache $BUSYBOX sleep 100
  volume=$(engine inspect -f '{{(index .Mounts 0).Name}}' anon2)
  assert_matches "$volume" '^[0-9a-f]{64}$'
  path=$(engine inspect -f '{{(index .Mounts 0).Source}}' anon2)
  [ -d "$path" ]
  expect 0 rm -f -t 0 -v anon2
  [ ! -e "$path" ]
}

@test "a volume name is checked" {
  expect 125 run --rm -v 'bad*name:/x' $BUSYBOX true
}

@test "--mount type=bind, volume, tmpfs" {
  mkdir "$BATS_TEST_TMPDIR/d"
  expect 0 run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/d,target=/b,readonly" \
    --mount type=volume,src=mv,dst=/v --mount type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=0700 $BUSYBOX \
    sh -c 'touch /b/x 2>/dev/null || echo ro; touch /v/x && echo rw; stat -c %a /t; df -k /t | tail -n 1 | { read a b c; echo $b; }'
  assert_output $'ro\nrw\n700\n1024'
  expect 125 run --rm --mount type=nosuch,target=/x $BUSYBOX true
  expect 125 run --rm --mount type=bind,target=/x,nosuch=1 $BUSYBOX true
  expect 125 run --rm --mount type=bind,source=/tmp $BUSYBOX true
}

@test "--tmpfs: empty, with options" {
  expect 0 run --rm --tmpfs /etc/empty:size=2m,mode=0755 --tmpfs /t2 $BUSYBOX sh -c 'df -k /etc/empty | tail -n 1 | { read a b c; echo $b; }; stat -f -c %T /t2; ls /t2 | wc -l'
  assert_output $'2048\ntmpfs\n0'
}

@test "a mount point is made inside the image, never through a link out of it" {
  mkdir -p "$BATS_TEST_TMPDIR/root/bin" "$BATS_TEST_TMPDIR/outside" "$BATS_TEST_TMPDIR/src"
  cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/bin/sh"
  # The rootfs has a link that names a directory of the host: resolved beneath the root, it is another.
  ln -s "$BATS_TEST_TMPDIR/outside" "$BATS_TEST_TMPDIR/root/link"
  ln -s ../../../../../../../../../tmp "$BATS_TEST_TMPDIR/root/up"
  run --separate-stderr engine run --rm --network none -v "$BATS_TEST_TMPDIR/src:/link/made" --rootfs "$BATS_TEST_TMPDIR/root" /bin/sh -c 'echo ran'
  [ ! -e "$BATS_TEST_TMPDIR/outside/made" ]
  name=creel-test-$$-$RANDOM
  run --separate-stderr engine run --rm --network none -v "$BATS_TEST_TMPDIR/src:/up/$name" --rootfs "$BATS_TEST_TMPDIR/root" /bin/sh -c 'echo ran'
  [ ! -e "/tmp/$name" ]
}

@test "-v over a file of /proc that tells of the machine, as lxcfs has them" {
  echo faked >"$BATS_TEST_TMPDIR/f"
  for name in uptime meminfo cpuinfo; do
    expect 0 run --rm --network none -v "$BATS_TEST_TMPDIR/f:/proc/$name:ro" $BUSYBOX cat /proc/$name
    assert_output faked
  done
}

@test "-v over /proc is refused" {
  mkdir "$BATS_TEST_TMPDIR/d"
  creel_only "Podman lets anything be mounted there"
  expect '12[56]' run --rm -v "$BATS_TEST_TMPDIR/d:/proc/sys" $BUSYBOX true
}

@test "tmpfs: the mode asked for; read-only with the image's content" {
  expect 0 run --rm --mount type=tmpfs,dst=/etc,tmpfs-mode=0701 $BUSYBOX sh -c 'stat -c %a /etc; stat -f -c %T /etc'
  assert_output $'701\ntmpfs'
  expect 0 run --rm --tmpfs /bin:ro $BUSYBOX sh -c 'touch /bin/x 2>/dev/null || echo closed'
  assert_output closed
}
