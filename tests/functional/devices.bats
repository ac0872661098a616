# Devices of the host in a container.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

numbers() { stat -c '%t:%T' "$1"; }

@test "--device: a device, under its own name or another" {
  expect 0 run --rm --device /dev/fuse $BUSYBOX stat -c '%F %t:%T' /dev/fuse
  assert_output "character special file $(numbers /dev/fuse)"
  expect 0 run --rm --device /dev/fuse:/dev/deep/other $BUSYBOX stat -c '%F %t:%T' /dev/deep/other
  assert_output "character special file $(numbers /dev/fuse)"
  expect 0 run --rm --device /dev/zero:/dev/nothing:rw $BUSYBOX sh -c 'head -c 3 /dev/nothing | od -An -tx1'
  assert_output " 00 00 00"
  expect 0 run --rm $BUSYBOX sh -c '[ ! -e /dev/fuse ] && echo absent'
  assert_output absent
}

@test "--device: a directory brings all devices beneath it" {
  [ -d /dev/net ] && [ -c /dev/net/tun ] || skip "no /dev/net here"
  expect 0 run --rm --device /dev/net:/dev/nets $BUSYBOX stat -c %F /dev/nets/tun
  assert_output "character special file"
}

@test "--device: a link is followed" {
  ln -s /dev/zero "$BATS_TEST_TMPDIR/link"
  expect 0 run --rm --device "$BATS_TEST_TMPDIR/link:/dev/linked" $BUSYBOX stat -c '%F %t:%T' /dev/linked
  assert_output "character special file 1:5"
}

@test "--device: missing, no device, and nonsense are errors" {
  expect_error 125 "/no/such/device" run --rm --device /no/such/device $BUSYBOX true
  expect 125 run --rm --device /etc/passwd $BUSYBOX true
  expect_error 125 "invalid device mode: rz" create --device /dev/null:/dev/x:rz $BUSYBOX true
  expect 125 create --device /dev/null:/dev/x:r:w $BUSYBOX true
}

@test "--device is shown by inspect, and gone when the device is" {
  expect 0 create --name d --device /dev/zero:/dev/a:rw --device /dev/fuse $BUSYBOX ls /dev/a
  expect 0 inspect -f '{{range .HostConfig.Devices}}{{.PathOnHost}} {{.PathInContainer}} {{.CgroupPermissions}};{{end}}' d
  # Podman shows none of an ordinary user's.
  is_podman || assert_output "/dev/zero /dev/a rw;/dev/fuse /dev/fuse rwm;"
  expect 0 start -a d
  assert_output /dev/a
}

@test "--device-cgroup-rule: an ordinary user's engine cannot keep it, and says so" {
  creel_only "Podman ignores it there"
  as_root && skip "an ordinary user's"
  expect_error 125 "rootless" create --device-cgroup-rule 'c 1:3 rwm' $BUSYBOX true
  expect_error 125 "invalid device type" create --device-cgroup-rule 'q 1:3 rwm' $BUSYBOX true
  expect_error 125 "invalid device" create --device-cgroup-rule 'c 1:x rwm' $BUSYBOX true
}

@test "--privileged: the host's devices that this user may open" {
  expect 0 run --rm --privileged $BUSYBOX sh -c 'ls /dev'
  names=" ${lines[*]} "
  assert_contains "$names" " null "
  if [ -r /dev/fuse ]; then assert_contains "$names" " fuse "; fi
  # Terminals are the container's own.
  [[ $names != *" tty1 "* ]]
}
