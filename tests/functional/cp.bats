# cp: files between containers and the host; what a hostile container does meanwhile.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# Each kind of container by name: one that runs, one that was created, one that is over.
containers() {
  engine run -d --name running $BUSYBOX sh -c 'echo ready; exec sleep 1000' >/dev/null
  engine create --name created $BUSYBOX true >/dev/null
  engine run --name over $BUSYBOX true
  wait_for_log running ready
}

@test "cp: a file there and back, of a container that runs, never ran, has ended" {
  containers
  head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/f"
  chmod 0640 "$BATS_TEST_TMPDIR/f"
  for c in running created over; do
    expect 0 cp "$BATS_TEST_TMPDIR/f" $c:/tmp/
    assert_output ""
    expect 0 cp "$BATS_TEST_TMPDIR/f" $c:/tmp/other
    expect 0 cp $c:/tmp/f "$BATS_TEST_TMPDIR/back-$c"
    cmp "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/back-$c"
    assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/back-$c")" 640
    [ -O "$BATS_TEST_TMPDIR/back-$c" ]
    expect 0 cp $c:/tmp/other "$BATS_TEST_TMPDIR"
    cmp "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/other"
    rm "$BATS_TEST_TMPDIR/other"
  done
  expect 0 exec running stat -c '%a %u:%g %s' /tmp/f
  assert_output "640 0:0 300000"
}

@test "cp: what was copied to a created container is there when it runs" {
  echo content >"$BATS_TEST_TMPDIR/f"
  expect 0 create --name c $BUSYBOX cat /etc/placed
  expect 0 cp "$BATS_TEST_TMPDIR/f" c:/etc/placed
  expect 0 start -a c
  assert_output content
}

@test "cp: directories, by the rules of docker cp" {
  containers
  mkdir -p "$BATS_TEST_TMPDIR/d/sub" "$BATS_TEST_TMPDIR/existing"
  echo one >"$BATS_TEST_TMPDIR/d/1"
  echo two >"$BATS_TEST_TMPDIR/d/sub/2"
  ln -s 1 "$BATS_TEST_TMPDIR/d/link"
  for c in running created; do
    # To a directory: into it. To none: as it. DIR/.: its content.
    expect 0 cp "$BATS_TEST_TMPDIR/d" $c:/tmp
    expect 0 cp "$BATS_TEST_TMPDIR/d" $c:/tmp/as
    expect 0 cp "$BATS_TEST_TMPDIR/d/." $c:/home
    expect 0 cp $c:/tmp/d "$BATS_TEST_TMPDIR/existing"
    expect 0 cp $c:/tmp/as "$BATS_TEST_TMPDIR/as"
    expect 0 cp $c:/home/. "$BATS_TEST_TMPDIR/existing"
    for at in existing/d as existing; do
      assert_equal "$(cat "$BATS_TEST_TMPDIR/$at/1" "$BATS_TEST_TMPDIR/$at/sub/2"; readlink "$BATS_TEST_TMPDIR/$at/link")" $'one\ntwo\n1'
    done
    rm -r "$BATS_TEST_TMPDIR/as"
  done
}

@test "cp: what cannot be" {
  containers
  mkdir "$BATS_TEST_TMPDIR/d"
  echo x >"$BATS_TEST_TMPDIR/f"
  expect_error 125 "could not be found on the host" cp "$BATS_TEST_TMPDIR/absent" running:/tmp
  expect_error 125 "could not be found on container" cp running:/absent "$BATS_TEST_TMPDIR"
  expect_error 125 "could not be found on container" cp "$BATS_TEST_TMPDIR/f" running:/absent/dir/f
  expect_error 125 "destination must be a directory when copying a directory" cp "$BATS_TEST_TMPDIR/d" running:/etc/passwd
  expect_error 125 "absent" cp "$BATS_TEST_TMPDIR/f" absent:/tmp
  expect_error 125 "" cp "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/g"
  expect_error 125 "" cp running:/etc/passwd "$BATS_TEST_TMPDIR/absent/dir/f"
  expect 0 exec running cat /etc/passwd
  assert_output_contains root
}

@test "cp: a file onto a file, through a link to it; --overwrite" {
  containers
  echo new >"$BATS_TEST_TMPDIR/f"
  expect 0 exec running sh -c 'echo old >/tmp/real; ln -s real /tmp/link; mkdir /tmp/f; echo gone >/tmp/f/x'
  expect 0 cp "$BATS_TEST_TMPDIR/f" running:/tmp/link
  expect 0 exec running sh -c 'cat /tmp/real; readlink /tmp/link'
  assert_output $'new\nreal'
  expect 125 cp "$BATS_TEST_TMPDIR/f" running:/tmp
  expect 0 exec running cat /tmp/f/x
  assert_output gone
  expect 0 cp --overwrite "$BATS_TEST_TMPDIR/f" running:/tmp
  expect 0 exec running cat /tmp/f
  assert_output new
}

@test "cp: the container's user owns what is copied; -a=false keeps owners" {
  expect 0 run -d --name c -u 12:34 $BUSYBOX sleep 1000
  echo x >"$BATS_TEST_TMPDIR/f"
  expect 0 cp "$BATS_TEST_TMPDIR/f" c:/tmp/f
  expect 0 exec c stat -c %u:%g /tmp/f
  assert_output 12:34
  tar -C "$BATS_TEST_TMPDIR" --owner=7 --group=8 -cf "$BATS_TEST_TMPDIR/t.tar" f
  expect 0 cp -a=false - c:/tmp <"$BATS_TEST_TMPDIR/t.tar"
  expect 0 exec c stat -c %u:%g /tmp/f
  assert_output 7:8
}

@test "cp: what has rights of its own in a container has none on the host" {
  creel_only "Podman keeps set-user-ID bits, which are then of another user"
  expect 0 run -d --name c $BUSYBOX sh -c 'mkdir /d; cp /bin/busybox /d/suid; chmod 6755 /d/suid; echo ready; exec sleep 1000'
  wait_for_log c ready
  expect 0 cp c:/d "$BATS_TEST_TMPDIR/d"
  assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/d/suid")" 755
  # Into a container it keeps them: they are of its own user.
  chmod 4755 "$BATS_TEST_TMPDIR/d/suid"
  expect 0 cp "$BATS_TEST_TMPDIR/d/suid" c:/tmp/again
  expect 0 exec c stat -c %a /tmp/again
  assert_output 4755
}

@test "cp -: tar streams" {
  containers
  mkdir -p "$BATS_TEST_TMPDIR/d"
  echo streamed >"$BATS_TEST_TMPDIR/d/f"
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/t.tar" d
  for c in running created; do
    expect 0 cp - $c:/tmp <"$BATS_TEST_TMPDIR/t.tar"
    engine cp $c:/tmp/d - >"$BATS_TEST_TMPDIR/out.tar"
    assert_equal "$(tar -xOf "$BATS_TEST_TMPDIR/out.tar" d/f)" streamed
    engine cp $c:/tmp/d/f - >"$BATS_TEST_TMPDIR/out.tar"
    assert_equal "$(tar -tf "$BATS_TEST_TMPDIR/out.tar")" f
  done
  expect_error 125 "must be a directory" cp - running:/etc/passwd <"$BATS_TEST_TMPDIR/t.tar"
  echo "no archive at all, but long enough to be read as one" >"$BATS_TEST_TMPDIR/bad"
  expect_error 125 "" cp - running:/tmp <"$BATS_TEST_TMPDIR/bad"
}

@test "cp: between containers" {
  containers
  expect 0 exec running sh -c 'mkdir /tmp/d; echo moved >/tmp/d/f'
  expect 0 cp running:/tmp/d over:/root
  expect 0 cp over:/root/d/f created:/
  expect 0 cp created:/f "$BATS_TEST_TMPDIR/f"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/f")" moved
}

@test "cp: volumes and directories of the host that are mounted in it" {
  mkdir "$BATS_TEST_TMPDIR/bound"
  echo x >"$BATS_TEST_TMPDIR/f"
  expect 0 create --name c -v data:/data -v "$BATS_TEST_TMPDIR/bound:/bound" $BUSYBOX cat /data/f
  expect 0 cp "$BATS_TEST_TMPDIR/f" c:/data
  expect 0 cp "$BATS_TEST_TMPDIR/f" c:/bound/g
  [ -e "$BATS_TEST_TMPDIR/bound/g" ]
  expect 0 start -a c
  assert_output x
  expect 0 run --rm -v data:/other $BUSYBOX cat /other/f
  assert_output x
}

@test "cp: a hard link in an archive replaces what is there; one to itself, and to nothing, loses nothing" {
  creel_only "Podman fails, and the file is lost"
  containers
  python3 - "$BATS_TEST_TMPDIR" <<'EOF'
import sys, tarfile
def archive(name, *links):
    with tarfile.open(f"{sys.argv[1]}/{name}.tar", "w") as tar:
        for path, target in links:
            link = tarfile.TarInfo(path)
            link.type, link.linkname = tarfile.LNKTYPE, target
            tar.addfile(link)
archive("itself", ("kept", "kept"))
archive("nothing", ("kept", "nosuch"))
archive("other", ("kept", "other"), ("kept", "other"))
EOF
  expect 0 exec running sh -c 'mkdir /tmp/h; echo kept >/tmp/h/kept; echo other >/tmp/h/other'
  expect 0 cp - running:/tmp/h <"$BATS_TEST_TMPDIR/itself.tar"
  expect_error 125 "linking /tmp/h/kept to nosuch: No such file" cp - running:/tmp/h <"$BATS_TEST_TMPDIR/nothing.tar"
  expect 0 exec running cat /tmp/h/kept
  assert_output kept
  expect 0 cp - running:/tmp/h <"$BATS_TEST_TMPDIR/other.tar"
  expect 0 exec running sh -c 'cat /tmp/h/kept; stat -c %h /tmp/h/kept'
  assert_output $'other\n2'
}

@test "cp: links of the image lead nowhere but into the image" {
  echo secret >"$BATS_TEST_TMPDIR/secret"
  expect 0 run -d --name c $BUSYBOX sh -c "ln -s $BATS_TEST_TMPDIR/secret /tmp/steal; ln -s $BATS_TEST_TMPDIR /tmp/out; ln -s ../../../../../../..$BATS_TEST_TMPDIR /tmp/up; echo ready; exec sleep 1000"
  wait_for_log c ready
  expect 125 cp c:/tmp/steal "$BATS_TEST_TMPDIR/stolen"
  expect 125 cp c:/tmp/out/secret "$BATS_TEST_TMPDIR/stolen"
  expect 125 cp c:/tmp/up/secret "$BATS_TEST_TMPDIR/stolen"
  [ ! -e "$BATS_TEST_TMPDIR/stolen" ]
  echo x >"$BATS_TEST_TMPDIR/planted"
  expect 125 cp "$BATS_TEST_TMPDIR/planted" c:/tmp/out/escaped
  [ ! -e "$BATS_TEST_TMPDIR/escaped" ]
  # A directory with links in it comes as it is: links, not what they name on the host.
  expect 0 cp c:/tmp "$BATS_TEST_TMPDIR/copy"
  [ -L "$BATS_TEST_TMPDIR/copy/steal" ]
  # And is not written through.
  expect 125 cp --overwrite=false c:/tmp/. "$BATS_TEST_TMPDIR/secret"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/secret")" secret
}

@test "cp: a link that is swapped while it copies leads nowhere (CVE-2018-15664)" {
  mkdir "$BATS_TEST_TMPDIR/host" "$BATS_TEST_TMPDIR/src"
  echo untouched >"$BATS_TEST_TMPDIR/host/f"
  for i in $(seq 30); do echo attack >"$BATS_TEST_TMPDIR/src/f$i"; done
  echo attack >"$BATS_TEST_TMPDIR/src/f"
  # /w/x is now a directory, now a link to the host's.
  expect 0 run -d --name c $BUSYBOX sh -c "mkdir -p /w/a/x; ln -s $BATS_TEST_TMPDIR/host /w/l; echo ready; while :; do mv /w/a/x /w/x; mv /w/x /w/a/x; mv /w/l /w/x; mv /w/x /w/l; done"
  wait_for_log c ready
  # Two seconds for each of Podman's.
  for i in $(seq "$(is_podman && echo 5 || echo 40)"); do
    engine cp "$BATS_TEST_TMPDIR/src/." c:/w/x 2>/dev/null || true
    engine cp c:/w/x/f "$BATS_TEST_TMPDIR/got" 2>/dev/null || true
    [ ! -e "$BATS_TEST_TMPDIR/got" ] || assert_equal "$(cat "$BATS_TEST_TMPDIR/got")" attack
  done
  assert_equal "$(ls "$BATS_TEST_TMPDIR/host")" f
  assert_equal "$(cat "$BATS_TEST_TMPDIR/host/f")" untouched
}

@test "cp: no program and no library of the container is used (CVE-2019-14271)" {
  # All of them are broken; the files come all the same.
  expect 0 run -d --name c $BUSYBOX sh -c 'echo kept >/f; echo ready; exec sleep 1000'
  wait_for_log c ready
  expect 0 exec c sh -c 'for f in /etc/passwd /etc/group /etc/nsswitch.conf; do rm -f $f; ln -s /dev/zero $f; done; rm -rf /lib /lib64 /usr/lib; rm -f /bin/tar /bin/cp'
  expect 0 cp c:/f "$BATS_TEST_TMPDIR/f"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/f")" kept
}

@test "cp: with a user namespace of its own" {
  echo x >"$BATS_TEST_TMPDIR/f"
  expect 0 run -d --userns keep-id --name c $BUSYBOX sh -c 'echo ready; exec sleep 1000'
  wait_for_log c ready
  expect 0 cp "$BATS_TEST_TMPDIR/f" c:/tmp/f
  expect 0 exec c sh -c 'test "$(stat -c %u /tmp/f)" = "$(id -u)" && cat /tmp/f'
  assert_output x
  expect 0 cp c:/tmp/f "$BATS_TEST_TMPDIR/back"
  cmp "$BATS_TEST_TMPDIR/f" "$BATS_TEST_TMPDIR/back"
}

@test "volume export, import: a volume as a tar archive" {
  expect 0 run --rm -v from:/v $BUSYBOX sh -c 'mkdir /v/d; echo kept >/v/d/f; chown 5:6 /v/d/f; ln -s d/f /v/l'
  expect 0 volume export from -o "$BATS_TEST_TMPDIR/v.tar"
  assert_output ""
  assert_contains "$(tar --numeric-owner -tvf "$BATS_TEST_TMPDIR/v.tar")" "5/6"
  expect 0 volume create to
  expect 0 volume import to "$BATS_TEST_TMPDIR/v.tar"
  expect 0 run --rm -v to:/v $BUSYBOX sh -c 'cat /v/l; stat -c %u:%g /v/d/f'
  assert_output $'kept\n5:6'
  engine volume export from >"$BATS_TEST_TMPDIR/w.tar"
  expect 0 volume import to - <"$BATS_TEST_TMPDIR/w.tar"
  expect_error 125 "absent" volume export absent -o "$BATS_TEST_TMPDIR/x.tar"
  [ ! -e "$BATS_TEST_TMPDIR/x.tar" ]
  expect_error 125 "absent" volume import absent "$BATS_TEST_TMPDIR/v.tar"
}
