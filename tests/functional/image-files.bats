# What is in containers and images: diff, mount, unshare.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

sorted() { sort <<<"$output"; }

@test "diff: what a container added, changed and deleted; json" {
  expect 0 run --network none --name c $BUSYBOX sh -c '
    echo x >/new; mkdir -p /d/e; echo y >/d/e/f; rm /etc/group; echo z >>/etc/passwd; ln -s a /link
    rm -r /var/www; mkdir /var/www; touch /var/www/n; rm -r /home; touch /home'
  expect 0 diff c
  assert_equal "$(sorted)" "A /d
A /d/e
A /d/e/f
A /link
A /new
A /var/www/n
C /etc
C /etc/passwd
C /home
C /var
C /var/www
D /etc/group"
  expect 0 container diff --format json c
  assert_equal "$(jq -r '[.deleted[0], (.added | length), (.changed | length)] | map(tostring) | join(" ")' <<<"$output")" "/etc/group 6 5"
  expect_error 125 "only supported value for '--format' is 'json'" diff --format '{{.}}' c
  expect_error 125 "nosuch not found" diff nosuch
  expect_error 125 "nosuch not found: container not known" container diff nosuch
  expect_error 125 "nosuch not found" image diff nosuch
}

@test "diff: of a running container; a container that changed nothing says nothing; -l" {
  expect 0 run -d --network none --name still $BUSYBOX sleep 100
  expect 0 diff still
  refute_output_contains "A /"
  expect 0 exec still touch /there
  expect 0 diff -l
  assert_output_contains "A /there"
}

@test "diff: of an image, its last layer; against another image, either way" {
  mkdir -p "$BATS_TEST_TMPDIR/root/etc"
  echo 1 >"$BATS_TEST_TMPDIR/root/etc/one"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/a.tar" .
  echo 2 >"$BATS_TEST_TMPDIR/root/etc/two"
  echo longer >"$BATS_TEST_TMPDIR/root/etc/one"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/b.tar" .
  engine import -q "$BATS_TEST_TMPDIR/a.tar" localhost/a:1
  engine import -q "$BATS_TEST_TMPDIR/b.tar" localhost/b:1
  expect 0 image diff localhost/a:1
  assert_equal "$(sorted)" "A /etc
A /etc/one"
  expect 0 diff localhost/b:1 localhost/a:1
  assert_equal "$(sorted)" "A /etc/two
C /etc
C /etc/one"
  expect 0 image diff localhost/a:1 localhost/b:1
  assert_equal "$(sorted)" "C /etc
C /etc/one
D /etc/two"
  engine rmi localhost/a:1 localhost/b:1
}

@test "diff: reads what the container changed, not the image" {
  creel_only "Podman promises no such bound"
  command -v strace >/dev/null || skip "strace is not installed"
  engine create --name c $BUSYBOX true
  run -0 bash -c "strace -f -e trace=openat2 -o '$BATS_TEST_TMPDIR/trace' $(engine_command) diff c"
  [ "$(grep -c busybox "$BATS_TEST_TMPDIR/trace")" -eq 0 ]
  [ "$(wc -l <"$BATS_TEST_TMPDIR/trace")" -lt 60 ]
}

@test "unshare: root in the engine's user namespace; exit codes; the same store" {
  as_root && skip "for ordinary users"
  expect 0 unshare id -u
  assert_output 0
  expect 0 unshare sh -c 'wc -l </proc/self/uid_map'
  assert_equal "$(tr -d ' ' <<<"$output")" 2
  expect 7 unshare sh -c 'exit 7'
  expect 127 unshare nosuchcommand
  assert_contains "$stderr" "nosuchcommand"
  expect 126 unshare /etc
  expect 0 unshare sh -c "$(engine_command) images -q"
  inside=$output
  expect 0 images -q
  assert_output "$inside"
  is_podman || expect 125 unshare --rootless-netns true
}

@test "unshare: containers run in it" {
  as_root && skip "for ordinary users"
  expect 0 unshare sh -c "$(engine_command) run --rm --network none $BUSYBOX echo inside"
  assert_output inside
}

@test "image mount: in unshare alone; lists, json, unmount" {
  as_root && skip "for ordinary users"
  id=$(engine image inspect -f '{{.Id}}' $BUSYBOX)
  expect_error 125 "unshare" image mount
  expect_error 125 "unshare" image mount $BUSYBOX
  expect 0 unshare sh -c "set -e
    dir=\$($(engine_command) image mount $BUSYBOX)
    head -n 1 \$dir/etc/passwd
    $(engine_command) image mount
    $(engine_command) image mount --format json
    [ \$($(engine_command) image mount $BUSYBOX) = \$dir ]
    $(engine_command) image unmount $BUSYBOX
    $(engine_command) image mount
    $(engine_command) image unmount -a
    ! $(engine_command) image mount nosuch"
  assert_matches "${lines[0]}" '^root:'
  assert_matches "${lines[1]}" "^$BUSYBOX +/"
  assert_output_contains "\"id\": \"$id\""
  assert_output_contains "\"mountpoint\": \"/"
  assert_contains "$stderr" "nosuch: image not known"
}

@test "image mount: read-only, and gone with the session" {
  creel_only "Podman keeps a mount until it is taken away"
  as_root && skip "for ordinary users"
  expect 0 unshare sh -c "dir=\$($(engine_command) image mount $BUSYBOX); touch \$dir/x 2>&1 || echo refused"
  assert_output_contains refused
  expect 0 unshare "$ENGINE" image mount
  assert_output ""
}

@test "image mount, mount: to be unmounted as often as it is mounted; --force at once; what is not mounted" {
  as_root && skip "for ordinary users"
  id=$(engine image inspect -f '{{.Id}}' $BUSYBOX)
  expect 0 unshare sh -c "set -e
    e='$(engine_command)'
    dir=\$(\$e image mount $BUSYBOX)
    \$e image mount $BUSYBOX >/dev/null
    \$e image unmount $BUSYBOX
    head -n 1 \$dir/etc/passwd | cut -d: -f1
    \$e image unmount $BUSYBOX
    \$e image unmount $BUSYBOX
    \$e image mount
    \$e image mount $BUSYBOX >/dev/null
    \$e image mount $BUSYBOX >/dev/null
    \$e image unmount --force --all
    \$e image mount"
  assert_output "$id"$'\nroot\n'"$id"$'\n'"$id"
  engine create --name mounted-twice $BUSYBOX true >/dev/null
  expect 0 unshare sh -c "set -e
    e='$(engine_command)'
    dir=\$(\$e mount mounted-twice)
    \$e mount mounted-twice >/dev/null
    \$e unmount mounted-twice
    head -n 1 \$dir/etc/passwd | cut -d: -f1
    \$e unmount mounted-twice
    \$e unmount mounted-twice
    \$e mount"
  assert_output $'mounted-twice\nroot\nmounted-twice\nmounted-twice'
  engine rm mounted-twice
}

@test "rmi, rm: what is mounted is unmounted" {
  as_root && skip "for ordinary users"
  echo one >"$BATS_TEST_TMPDIR/file"
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/root.tar" file
  engine import -q "$BATS_TEST_TMPDIR/root.tar" localhost/to-go:1 >/dev/null
  engine create --name mounted-gone $BUSYBOX true >/dev/null
  expect 0 unshare sh -c "set -e
    e='$(engine_command)'
    dir=\$(\$e image mount localhost/to-go:1)
    \$e image mount localhost/to-go:1 >/dev/null
    cat \$dir/file
    \$e rmi localhost/to-go:1 >/dev/null
    ! cat \$dir/file 2>/dev/null
    \$e image mount
    \$e mount mounted-gone >/dev/null
    \$e rm mounted-gone >/dev/null
    \$e mount"
  assert_output one
  if ! is_podman; then expect 0 system check; fi
}

@test "rmi: what another session has mounted goes there, too" {
  creel_only "of Creel's design: each session has its own mounts"
  as_root && skip "for ordinary users"
  echo one >"$BATS_TEST_TMPDIR/file"
  tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/root.tar" file
  engine import -q "$BATS_TEST_TMPDIR/root.tar" localhost/to-go:1 >/dev/null
  cd "$BATS_TEST_TMPDIR"
  mkfifo ready go
  engine unshare sh -c "dir=\$($(engine_command) image mount localhost/to-go:1)
    echo >ready; read -r _ <go
    cat \$dir/file || echo lost
    echo >ready; read -r _ <go
    cat \$dir/file || echo gone
    $(engine_command) image mount" >out 2>/dev/null 3>&- &
  session=$!
  read -r _ <ready
  # Unmounting in one session is not unmounting in another.
  engine unshare sh -c "$(engine_command) image mount localhost/to-go:1; $(engine_command) image unmount localhost/to-go:1" >/dev/null
  echo >go
  read -r _ <ready
  engine rmi localhost/to-go:1 >/dev/null
  echo >go
  wait "$session"
  assert_equal "$(cat out)" $'one\ngone'
}

@test "mount: a container's files, written where it finds them; unmount" {
  as_root && skip "for ordinary users"
  engine create --name c $BUSYBOX cat /note >/dev/null
  id=$(engine inspect -f '{{.Id}}' c)
  expect_error 125 "unshare" mount
  expect_error 125 "unshare" mount c
  expect_error 125 "nosuch" unmount nosuch
  expect 0 unshare sh -c "set -e
    dir=\$($(engine_command) mount c)
    echo from outside >\$dir/note
    $(engine_command) mount
    $(engine_command) mount --no-trunc
    $(engine_command) unmount c
    $(engine_command) unmount c
    ! $(engine_command) mount c nosuch >/dev/null
    $(engine_command) umount -a"
  assert_matches "${lines[0]}" "^${id:0:12}  /"
  assert_matches "${lines[1]}" "^$id  /"
  assert_equal "${lines[2]}" c
  assert_contains "$stderr" "nosuch"
  expect 0 start -a c
  assert_output "from outside"
}

@test "mount: of a running container, what it sees now" {
  creel_only "Podman's mount is the first one's"
  as_root && skip "for ordinary users"
  expect 0 run -d --network none --name c $BUSYBOX sh -c 'echo live >/note; sleep 100'
  wait_until 20 engine exec c test -s /note
  expect 0 unshare sh -c "cat \$($(engine_command) mount c)/note"
  assert_output live
}
