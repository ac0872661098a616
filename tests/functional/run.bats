# run: exit codes, streams, the process's surroundings.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "run: the command's output and exit code are the container's" {
  expect 0 run --rm $BUSYBOX echo hello world
  assert_output "hello world"
  expect 7 run --rm $BUSYBOX sh -c 'exit 7'
  expect 0 run --rm $BUSYBOX true
  expect 1 run --rm $BUSYBOX false
}

@test "run: 125 for an engine error, 126 for what cannot run, 127 for what is not there" {
  expect 125 run --no-such-flag $BUSYBOX true
  expect_error 126 "" run --rm $BUSYBOX /etc/passwd
  expect_error 126 "" run --rm $BUSYBOX /etc
  expect_error 127 "no-such-command" run --rm $BUSYBOX no-such-command
  expect_error 127 "/no/such/path" run --rm $BUSYBOX /no/such/path
  # Nothing is left of a --rm container that never ran.
  expect 0 ps -aq
  assert_output ""
}

@test "run: a command killed by a signal gives 128 + its number" {
  needs_init
  for pair in KILL:137 TERM:143 HUP:129; do
    "$ENGINE" $ENGINE_ARGS run --init --rm --name "k-${pair%:*}" $BUSYBOX sh -c 'echo ready; exec sleep 100' 3>&- >/dev/null &
    pid=$!
    wait_for_log "k-${pair%:*}" ready
    expect 0 kill -s "${pair%:*}" "k-${pair%:*}"
    code=0
    wait $pid || code=$?
    assert_equal "$pair $code" "$pair ${pair#*:}"
  done
}

@test "run: stdout and stderr stay apart" {
  expect 0 run --rm $BUSYBOX sh -c 'echo out; echo err >&2'
  assert_output out
  assert_equal "$stderr" err
}

@test "run -i: stdin goes in byte for byte, and ends" {
  head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
  engine run --rm -i $BUSYBOX cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
  cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
  run -0 bash -c "echo text | $(engine_command) run --rm -i $BUSYBOX wc -c"
  assert_output 5
}

@test "run without -i: stdin is empty, and is not read" {
  run -0 bash -c "(echo first; echo second) | ( $(engine_command) run --rm $BUSYBOX cat; head -n 1 )"
  assert_output first
}

@test "run -d: prints the full ID; the container runs; its exit code is kept" {
  expect 0 run -d --name d1 $BUSYBOX sh -c 'exec sleep 100'
  assert_matches "$output" '^[0-9a-f]{64}$'
  assert_equal "$(state_of d1)" running
  expect 0 rm -f -t 0 d1
  expect 0 run -d --name d2 $BUSYBOX sh -c 'exit 9'
  expect 0 wait d2
  assert_output 9
  assert_equal "$(engine inspect -f '{{.State.ExitCode}} {{.State.Status}}' d2)" "9 exited"
}

@test "run -d: a command that cannot start is an error, at once" {
  expect_error 127 "no-such-command" run -d --name bad $BUSYBOX no-such-command
}

@test "run --rm -d: the container removes itself" {
  expect 0 run --rm -d --name gone $BUSYBOX true
  wait_until 10 is_gone gone
  expect 0 ps -aq
  assert_output ""
}

@test "run -e and --env-file: later wins, the image's PATH stays, a bare name is inherited" {
  printf '# a comment\nFROM_FILE=file value\nBOTH=file\nINHERITED\n\n' >"$BATS_TEST_TMPDIR/env"
  export INHERITED=from-outside OTHER=other
  expect 0 run --rm --env-file "$BATS_TEST_TMPDIR/env" -e BOTH=flag -e OTHER -e EMPTY= $BUSYBOX env
  for line in 'FROM_FILE=file value' BOTH=flag INHERITED=from-outside OTHER=other EMPTY= \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root container="$(basename "$ENGINE")"; do
    [ "${line%%=*}" != container ] || continue
    grep -q -x -F -e "$line" <<<"$output" || fail "no $line in: $output"
  done
  expect_error 125 "no-such-file" run --rm --env-file "$BATS_TEST_TMPDIR/no-such-file" $BUSYBOX env
}

@test "run -w: the working directory, made when absent" {
  expect 0 run --rm -w /var/www $BUSYBOX pwd
  assert_output /var/www
  expect '12[56]' run --rm -w relative $BUSYBOX pwd
}

@test "run -u: names, numbers, groups" {
  expect 0 run --rm $BUSYBOX id -u
  assert_output 0
  expect 0 run --rm -u www-data $BUSYBOX sh -c 'id -u; id -g; id -un'
  assert_output $'33\n33\nwww-data'
  expect 0 run --rm -u 1234:5678 $BUSYBOX sh -c 'id -u; id -g'
  assert_output $'1234\n5678'
  expect 0 run --rm -u nobody:daemon $BUSYBOX sh -c 'id -u; id -g'
  assert_output $'65534\n1'
  expect_error '12[56]' "no-such-user" run --rm -u no-such-user $BUSYBOX true
  # Nobody but root keeps capabilities.
  expect 0 run --rm -u 1234 $BUSYBOX grep CapEff /proc/self/status
  assert_matches "$output" '0000000000000000$'
}

@test "run --entrypoint: replaces the image's, arguments follow, the image's command is dropped" {
  expect 0 run --rm --entrypoint /bin/echo $BUSYBOX one two
  assert_output "one two"
  expect 0 run --rm --entrypoint '["/bin/echo","-n","json"]' $BUSYBOX
  assert_output json
}

@test "run -h: hostname, in /etc/hosts too" {
  expect 0 run --rm -h some-host $BUSYBOX sh -c 'hostname; grep -c some-host /etc/hosts; cat /etc/hostname'
  assert_output $'some-host\n1\nsome-host'
  # Without it: the first 12 digits of the ID.
  expect 0 run --rm --cidfile "$BATS_TEST_TMPDIR/cid" --name h $BUSYBOX hostname
  assert_matches "$output" '^[0-9a-f]{12}$'
}

@test "run --read-only: the root file system is, /tmp and /run are not" {
  expect 0 run --rm --read-only $BUSYBOX sh -c 'touch /file 2>/dev/null || echo refused; touch /tmp/file /run/file && echo done'
  assert_output $'refused\ndone'
}

@test "run --cidfile and --pidfile" {
  expect 0 run -d --name c --cidfile "$BATS_TEST_TMPDIR/cid" --pidfile "$BATS_TEST_TMPDIR/pid" $BUSYBOX sleep 100
  assert_equal "$(cat "$BATS_TEST_TMPDIR/cid")" "$output"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/pid")" "$(engine inspect -f '{{.State.Pid}}' c)"
  expect 125 run --cidfile "$BATS_TEST_TMPDIR/cid" $BUSYBOX true
}

@test "run --cidfile --rm: the file goes with the container" {
  creel_only "Podman 4.3 leaves it behind"
  expect 0 run --rm --cidfile "$BATS_TEST_TMPDIR/cid" $BUSYBOX true
  [ ! -e "$BATS_TEST_TMPDIR/cid" ]
}

@test "run --replace: takes the name of a container, running or not" {
  expect 0 run -d --name same $BUSYBOX sleep 100
  first=$output
  expect_error 125 "same" run -d --name same $BUSYBOX sleep 100
  expect 0 run -d --replace --name same $BUSYBOX sleep 100
  [ "$first" != "$output" ]
  expect 0 ps -aq
  assert_equal "${#lines[@]}" 1
}

@test "run --add-host, --dns" {
  expect 0 run --rm --add-host some.where:192.0.2.7 --dns 192.0.2.53 $BUSYBOX sh -c 'grep some.where /etc/hosts; cat /etc/resolv.conf'
  assert_matches "$output" '192\.0\.2\.7[[:space:]]+some\.where'
  assert_output_contains "nameserver 192.0.2.53"
}

@test "run --ulimit, --shm-size" {
  expect 0 run --rm --ulimit nofile=100:200 --ulimit core=0 $BUSYBOX sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
  assert_output $'100\n200\n0'
  expect 0 run --rm --shm-size 3m $BUSYBOX sh -c 'df -k /dev/shm | tail -n 1'
  assert_matches "$output" '[[:space:]]3072[[:space:]]'
}

@test "run --init: a reaper is PID 1, signals reach the command" {
  needs_init
  expect 0 run --rm --init $BUSYBOX sh -c 'echo $$'
  [ "$output" -ne 1 ]
  expect 0 run -d --init --name i $BUSYBOX sleep 100
  expect 0 stop -t 10 i
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' i)" 143
}

@test "run --label and --name are kept; names are checked" {
  expect 0 run --name named --label one=1 --label two $BUSYBOX true
  assert_equal "$(engine inspect -f '{{.Name}} {{index .Config.Labels "one"}}' named)" "named 1"
  expect_error 125 "" run --name 'bad/name' $BUSYBOX true
  expect_error 125 "" run --name '-x y' $BUSYBOX true
}

@test "run --stop-signal, --stop-timeout" {
  expect 0 run -d --name s --stop-signal USR1 --stop-timeout 20 $BUSYBOX sh -c 'trap "exit 5" USR1; echo ready; while :; do sleep 0.1; done'
  wait_for_log s ready
  expect 0 stop s
  assert_output s
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' s)" 5
}

@test "run: the CLI's signals go to the container" {
  "$ENGINE" $ENGINE_ARGS run --name sig $BUSYBOX sh -c 'trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done' 3>&- &
  pid=$!
  wait_for_log sig ready
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  assert_equal $code 42
}

@test "run: a bare image name means its default command" {
  run -0 bash -c "echo 'echo from the shell' | $(engine_command) run --rm -i $BUSYBOX"
  assert_output "from the shell"
}

@test "run: /proc, /sys and /dev are there and not dangerous" {
  expect 0 run --rm $BUSYBOX sh -c '
    ls /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty /dev/fd /dev/stdin /dev/ptmx >/dev/null && echo devices
    [ ! -e /dev/kmsg ] && [ ! -e /dev/mem ] && echo no-host-devices
    (echo 1 >/proc/sys/kernel/panic) 2>/dev/null || echo read-only
    cat /proc/kcore 2>/dev/null | head -c 1 | wc -c
    (echo b >/proc/sysrq-trigger) 2>/dev/null || echo masked
    echo $$; ls /proc | grep -c "^[0-9]*$" | { read n; [ $n -lt 10 ] && echo own-processes; }'
  assert_output $'devices\nno-host-devices\nread-only\n0\nmasked\n1\nown-processes'
}

@test "run --rootfs: a directory instead of an image" {
  mkdir -p "$BATS_TEST_TMPDIR/root/bin"
  cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/bin/busybox"
  expect 0 run --rm --network none --rootfs "$BATS_TEST_TMPDIR/root" /bin/busybox echo from a directory
  assert_output "from a directory"
}

@test "run --pull=never of an absent image is an error that names it" {
  expect_error 125 "localhost/absent" run --rm --pull=never localhost/absent true
}

@test "create and start: the same container, attached or not" {
  expect 0 create --name made $BUSYBOX echo started
  assert_matches "$output" '^[0-9a-f]{64}$'
  assert_matches "$(state_of made)" '^(created|configured)$'
  expect 0 start -a made
  assert_output started
  expect 0 start made
  assert_output made
  expect 0 wait made
  expect 0 logs made
  assert_output $'started\nstarted'
}

@test "changes to the file system survive a restart, and are the container's own" {
  expect 0 create --name keeps $BUSYBOX sh -c 'cat /kept 2>/dev/null; echo data >>/kept'
  expect 0 start -a keeps
  assert_output ""
  expect 0 start -a keeps
  assert_output data
  expect 1 run --rm $BUSYBOX test -e /kept
}

@test "the root file system through fuse-overlayfs: forced, the same to see" {
  creel_only "Podman's driver options are the whole store's"
  as_root && skip "an ordinary user's"
  command -v fuse-overlayfs || skip "fuse-overlayfs is not installed"
  fuse() { expect 0 --storage-opt "overlay.mount_program=$(command -v fuse-overlayfs)" "$@"; }
  fuse run --name f --network none $BUSYBOX sh -c 'grep -c "^[0-9 :]* / / .* - fuse" /proc/self/mountinfo; rm /etc/group; echo new >/kept; chown 7:8 /kept; stat -c %u:%g /kept /bin'
  assert_output $'1\n7:8\n0:0'
  expect 0 rm f
  # Nothing of it outlives the container.
  unserved() { ! pgrep -u "$(id -u)" -f "fuse-overlayfs.*$HOME"; }
  wait_until 10 unserved
  expect_error 125 "mount_program" --storage-opt overlay.mount_program=/no/such/program run --rm $BUSYBOX true
  expect_error 125 "not built" --storage-opt overlay.size=5 run --rm $BUSYBOX true
}

@test "run --preserve-fds: descriptors of the caller go along, attached and detached; those that are not open are an error" {
  echo of-three >"$BATS_TEST_TMPDIR/three"
  echo of-four >"$BATS_TEST_TMPDIR/four"
  run -0 --separate-stderr bash -c "exec 3<'$BATS_TEST_TMPDIR/three' 4<'$BATS_TEST_TMPDIR/four' 5<'$BATS_TEST_TMPDIR/four'
    $(engine_command) run --rm --network none --preserve-fds 2 $BUSYBOX sh -c 'cat <&3; cat <&4; cat <&5 2>/dev/null || echo closed'"
  assert_output $'of-three\nof-four\nclosed'
  run -0 bash -c "exec 3>>'$BATS_TEST_TMPDIR/three'
    $(engine_command) run -d --name writes --network none --preserve-fds 1 $BUSYBOX sh -c 'echo more >&3'"
  expect 0 wait writes
  run -0 cat "$BATS_TEST_TMPDIR/three"
  assert_output $'of-three\nmore'
  run bash -c "exec 3<&- 4<&-; $(engine_command) run --rm --preserve-fds 2 $BUSYBOX true"
  assert_equal "$status" 125
  assert_contains "$output" "is not available"
}

@test "run --preserve-fd: the ones that are listed, at their numbers, and no others" {
  creel_only "Podman 4.3 has no such flag"
  echo of-forty >"$BATS_TEST_TMPDIR/forty"
  run -0 bash -c "exec 9<'$BATS_TEST_TMPDIR/forty' 11<'$BATS_TEST_TMPDIR/forty' 40<'$BATS_TEST_TMPDIR/forty'
    $(engine_command) run --rm --network none --preserve-fd 9,40 $BUSYBOX sh -c 'cat <&40; cd /proc/self/fd; echo *'"
  assert_matches "$output" $'^of-forty\n0 1 2 (3 )?40 9$'
}

@test "run: sockets that a service manager has opened are the container's (LISTEN_FDS)" {
  echo of-the-manager >"$BATS_TEST_TMPDIR/socket"
  # exec: LISTEN_PID is who they are for.
  run -0 --separate-stderr bash -c "exec 3<'$BATS_TEST_TMPDIR/socket'; export LISTEN_FDS=1 LISTEN_PID=\$\$ LISTEN_FDNAMES=web
    exec $(engine_command) run --rm --network none $BUSYBOX sh -c 'cat <&3; echo \$LISTEN_FDS \$LISTEN_PID'"
  assert_output $'of-the-manager\n1 1'
  # Somebody else's.
  is_podman || run -0 --separate-stderr bash -c "exec 3<'$BATS_TEST_TMPDIR/socket'; export LISTEN_FDS=1 LISTEN_PID=1
    exec $(engine_command) run --rm --network none $BUSYBOX sh -c 'cat <&3 2>/dev/null || echo closed \$LISTEN_FDS'"
  is_podman || assert_output "closed"
}

@test "run --rm: what is thrown away at the end is not synced to the disk first; restart works all the same" {
  creel_only "its storage driver may be another"
  root_options() { engine exec "$1" sh -c 'grep " / overlay " /proc/mounts'; }
  expect 0 run -d --rm --name fleeting $BUSYBOX sleep 1000
  assert_contains "$(root_options fleeting)" volatile
  expect 0 exec fleeting sh -c 'echo kept >/file'
  expect 0 restart -t 0 fleeting
  assert_equal "$(engine exec fleeting cat /file)" kept
  expect 0 run -d --name lasting $BUSYBOX sleep 1000
  ! root_options lasting | grep -q volatile || fail "$(root_options lasting)"
}
