# What a container may not do, and the flags that change it.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

caps() { engine run --rm "$@" $BUSYBOX grep CapEff /proc/self/status | tr -d '\t' | cut -d: -f2; }

@test "capabilities: the default set, cap-add, cap-drop, ALL" {
  # chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot setfcap
  # Debian's Podman 4.3 has a larger set of its own.
  is_podman || assert_equal "$(caps)" 00000000800405fb
  assert_equal "$(caps --cap-drop ALL)" 0000000000000000
  assert_equal "$(caps --cap-drop all --cap-add CHOWN)" 0000000000000001
  assert_equal "$(caps --cap-drop ALL --cap-add cap_net_raw)" 0000000000002000
  is_podman || assert_equal "$(caps --cap-add SYS_PTRACE)" 00000000800c05fb
  is_podman || assert_equal "$(caps --cap-drop chown --cap-drop kill)" 00000000800405da
  expect_error 125 "" run --rm --cap-add NO_SUCH_CAP $BUSYBOX true
}

@test "seccomp: a filter is loaded; unconfined has none; a profile of one's own works" {
  expect 0 run --rm $BUSYBOX grep Seccomp: /proc/self/status
  assert_matches "$output" '2$'
  expect 0 run --rm --security-opt seccomp=unconfined $BUSYBOX grep Seccomp: /proc/self/status
  assert_matches "$output" '0$'
  cat >"$BATS_TEST_TMPDIR/profile.json" <<'END'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}
END
  expect 1 run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/profile.json" $BUSYBOX mkdir /new
  assert_contains "$stderr" "not implemented"
  expect '12[56]' run --rm --security-opt seccomp=/no/such/profile $BUSYBOX true
  echo '{"defaultAction": 5' >"$BATS_TEST_TMPDIR/bad.json"
  expect '12[56]' run --rm --security-opt "seccomp=$BATS_TEST_TMPDIR/bad.json" $BUSYBOX true
}

@test "without capabilities the kernel refuses what needs them" {
  expect 0 run --rm $BUSYBOX sh -c 'mount -t tmpfs none /mnt 2>/dev/null || echo no mount; hostname x 2>/dev/null || echo no hostname; dmesg >/dev/null 2>&1 || echo no dmesg'
  assert_output $'no mount\nno hostname\nno dmesg'
}

@test "no-new-privileges" {
  expect 0 run --rm --security-opt no-new-privileges $BUSYBOX grep NoNewPrivs /proc/self/status
  assert_matches "$output" '1$'
  expect 0 run --rm $BUSYBOX grep NoNewPrivs /proc/self/status
  assert_matches "$output" '0$'
  expect 125 run --rm --security-opt no-such-option $BUSYBOX true
}

@test "--userns=keep-id: the caller's own IDs inside" {
  as_root && skip "an ordinary user's"
  expect 0 run --rm --userns keep-id $BUSYBOX sh -c 'id -u; id -g'
  assert_output "$(id -u)"$'\n'"$(id -g)"
  mkdir "$BATS_TEST_TMPDIR/d"
  expect 0 run --rm --userns keep-id -v "$BATS_TEST_TMPDIR/d:/d" $BUSYBOX sh -c 'touch /d/mine; stat -c %u /d/mine'
  assert_output "$(id -u)"
  [ -O "$BATS_TEST_TMPDIR/d/mine" ]
  # The image's files still belong to root.
  expect 0 run --rm --userns keep-id $BUSYBOX stat -c %u /bin/busybox
  assert_output 0
}

@test "--userns=host is the default of an ordinary user: root inside is the caller" {
  as_root && skip "an ordinary user's"
  for arguments in "" "--userns host"; do
    expect 0 run --rm $arguments $BUSYBOX head -n 1 /proc/self/uid_map
    assert_matches "$output" "^ *0 +$(id -u) +1$"
  done
}

@test "--userns=nomap: the caller is not mapped" {
  as_root && skip "an ordinary user's"
  expect 0 run --rm --userns nomap $BUSYBOX sh -c 'id -u; cat /proc/self/uid_map'
  assert_equal "${lines[0]}" 0
  ! grep -E -q " $(id -u) +1$" <<<"$output"
}

@test "--userns: nonsense is refused" {
  expect 125 run --rm --userns nosuchmode $BUSYBOX true
}

@test "masked and read-only paths of /proc and /sys" {
  expect 0 run --rm $BUSYBOX sh -c '
    for f in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do [ ! -e $f ] || [ $(head -c 10 $f 2>/dev/null | wc -c) -eq 0 ] || echo "$f is readable"; done
    for d in /proc/acpi /proc/scsi /sys/firmware; do [ ! -e $d ] || [ $(ls $d | wc -l) -eq 0 ] || echo "$d is visible"; done
    for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity; do (echo x >$f) 2>/dev/null && echo "$f is writable"; done
    touch /sys/x 2>/dev/null && echo "/sys is writable"; true'
  assert_output ""
}

@test "the container sees no descriptor of the engine" {
  exec 7</dev/null
  expect 0 run --rm $BUSYBOX sh -c 'ls /proc/self/fd | wc -l'
  # 0, 1, 2 and the directory that ls reads.
  assert_output 4
  exec 7<&-
}

@test "the host's file system is out of reach" {
  expect 0 run --rm $BUSYBOX sh -c "[ ! -e $HOME ] && [ ! -e /proc/1/root$HOME ] && awk '\$5 == \"/\"' /proc/self/mountinfo | wc -l"
  assert_output 1
  expect 0 run --rm $BUSYBOX sh -c 'cat /proc/self/mountinfo | grep -c -e "/oldroot" -e "/put_old" || true'
  assert_output 0
}

@test "devices: a node cannot be made, nor a block device opened" {
  expect 0 run --rm $BUSYBOX sh -c 'mknod /sda b 8 0 2>/dev/null && cat /sda >/dev/null 2>&1 && echo reached; ls /dev'
  refute_output_contains reached
  refute_output_contains vda
}

@test "a secret in the environment is in no process's arguments" {
  expect 0 run -d --name s -e SECRET=hush-hush-42 $BUSYBOX sleep 100
  run -0 bash -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " " | grep -c "hush-hush-4[2]" || true'
  assert_output 0
}

@test "an image whose /proc, /sys or /dev is a link is refused; one whose files are links reaches nothing" {
  creel_only "mounts on what the link leads to"
  echo of-the-host >"$BATS_TEST_TMPDIR/secret"
  for n in proc sys dev; do
    rm -rf "$BATS_TEST_TMPDIR/root"
    mkdir -p "$BATS_TEST_TMPDIR/root/bin"
    ln -s /bin "$BATS_TEST_TMPDIR/root/$n"
    tar -C "$BATS_TEST_TMPDIR/root" -c . | engine import - "moved:$n" >/dev/null
    expect_error 125 "/$n is not a directory" run --rm --network none "moved:$n" true
  done
  rm -rf "$BATS_TEST_TMPDIR/root"
  mkdir -p "$BATS_TEST_TMPDIR/root/etc"
  ln -s "$BATS_TEST_TMPDIR/secret" "$BATS_TEST_TMPDIR/root/etc/hosts"
  ln -s "../../../../../../..$BATS_TEST_TMPDIR/made" "$BATS_TEST_TMPDIR/root/etc/resolv.conf"
  mkfifo "$BATS_TEST_TMPDIR/root/etc/passwd"
  tar -C "$BATS_TEST_TMPDIR/root" -c . | engine import - moved:files >/dev/null
  expect 125 run --rm --network none moved:files true
  assert_equal "$(cat "$BATS_TEST_TMPDIR/secret")" of-the-host
  [ ! -e "$BATS_TEST_TMPDIR/made" ]
  engine rmi moved:proc moved:sys moved:dev moved:files >/dev/null
}

@test "the engine's own program is out of a container's reach" {
  creel_only "crun puts a copy of itself in its program's place"
  expect 0 run -d --name own --network none $BUSYBOX sh -c "ln -s /proc/self/exe /evil; printf '#!/evil\\n' >/script; chmod +x /script; sleep 100"
  wait_until 10 engine exec own test -x /script
  expect_error 126 "refused" exec own /evil
  expect_error 126 "refused" exec own /script
  expect 0 rm -f -t 0 own
}
