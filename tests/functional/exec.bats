# exec: a further process in a running container.
load lib
setup_file() {
  busybox_store
  engine run -d --name c -e FROM_RUN=1 -w /var -h inside $BUSYBOX sleep 1000 >/dev/null
}
teardown_file() { close_store; }

@test "exec: output and exit code" {
  expect 0 exec c echo hello
  assert_output hello
  expect 3 exec c sh -c 'exit 3'
  expect 0 exec c sh -c 'echo out; echo err >&2'
  assert_output out
  assert_equal "$stderr" err
}

@test "exec: 126, 127, 125" {
  expect_error 126 "" exec c /etc/passwd
  expect_error 127 "no-such" exec c no-such
  expect_error 125 "absent" exec absent true
  expect 0 create --name stopped $BUSYBOX true
  # The reference gives 255 for a state error: an engine error all the same.
  expect '@(125|255)' exec stopped true
  assert_contains "$stderr" Error
}

@test "exec: it is in the container's namespaces, root, environment, directory" {
  expect 0 exec c sh -c 'hostname; pwd; echo $FROM_RUN; ls -d /proc/[0-9]* | wc -l; echo $HOME'
  assert_equal "${lines[0]} ${lines[1]} ${lines[2]} ${lines[4]}" "inside /var 1 /root"
  [ "${lines[3]}" -lt 10 ]
  for ns in mnt pid ipc uts net cgroup user; do
    expect 0 exec c readlink /proc/self/ns/$ns
    here=$output
    expect 0 exec c readlink /proc/1/ns/$ns
    assert_equal "$here" "$output"
  done
}

@test "exec: the same rights as the container: capabilities, seccomp, no more" {
  expect 0 exec c grep -E '^(CapEff|CapBnd|Seccomp):' /proc/self/status
  of_exec=$output
  expect 0 exec c grep -E '^(CapEff|CapBnd|Seccomp):' /proc/1/status
  assert_equal "$of_exec" "$output"
}

@test "exec -e -w -u" {
  expect 0 exec -e A=b -w /tmp -u www-data c sh -c 'echo $A; pwd; id -u; id -g'
  assert_output $'b\n/tmp\n33\n33'
  expect 0 exec -u 12:34 c id
  assert_output_contains "uid=12 gid=34"
  expect 0 exec -u nobody c grep CapEff /proc/self/status
  assert_matches "$output" '0000000000000000$'
  expect '12[567]' exec -w /no/such/dir c pwd
}

@test "exec -i: stdin, byte for byte" {
  head -c 2000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
  engine exec -i c cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
  cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "exec -d: returns at once, the process runs on" {
  expect 0 exec -d c sh -c 'touch /tmp/begun; while [ ! -e /tmp/go ]; do sleep 0.05; done; touch /tmp/done'
  wait_until 10 engine exec c test -e /tmp/begun
  expect 0 exec c touch /tmp/go
  wait_until 10 engine exec c test -e /tmp/done
}

@test "exec: killed by a signal gives 128 + its number" {
  expect 137 exec c sh -c 'kill -9 $$'
  expect 143 exec c sh -c 'kill -TERM $$'
}

@test "exec: exit codes of many at once are all right" {
  run -0 bash -c "for i in \$(seq 0 31); do ( $(engine_command) exec c sh -c \"exit \$i\"; [ \$? -eq \$i ] || echo \"wrong for \$i\" ) & done; wait"
  assert_output ""
}

@test "exec --privileged and other known flags work or are refused by name" {
  run --separate-stderr engine exec --privileged c true
  [ "$status" -eq 0 ] || assert_contains "$stderr" "--privileged"
}

@test "exec: when the container ends, so does what was exec'd in it" {
  expect 0 run -d --name short $BUSYBOX sh -c 'while [ ! -e /end ]; do sleep 0.05; done'
  "$ENGINE" $ENGINE_ARGS exec short sh -c 'touch /begun; sleep 100' 3>&- &
  pid=$!
  wait_until 10 engine exec short test -e /begun
  expect 0 exec short touch /end
  code=0
  wait $pid || code=$?
  [ $code -ne 0 ]
}

@test "exec --env-file, --detach-keys" {
  echo KEY=from-file >"$BATS_TEST_TMPDIR/env"
  expect 0 exec --env-file "$BATS_TEST_TMPDIR/env" c sh -c 'echo $KEY'
  assert_output from-file
}

@test "exec --preserve-fds: descriptors of the caller go along; those that are not open are an error" {
  expect 0 run -d --name fds --network none $BUSYBOX sleep 100
  echo of-three >"$BATS_TEST_TMPDIR/three"
  run -0 bash -c "exec 3<'$BATS_TEST_TMPDIR/three'; $(engine_command) exec --preserve-fds 1 fds sh -c 'cat <&3'"
  assert_output of-three
  run bash -c "exec 3<&- 4<&-; $(engine_command) exec --preserve-fds 2 fds true"
  assert_equal "$status" 125
  assert_contains "$output" "is not available"
}

@test "exec --preserve-fd: the ones that are listed, at their numbers, and no others" {
  creel_only "Podman 4.3 has no such flag"
  expect 0 run -d --name some --network none $BUSYBOX sleep 100
  echo of-forty >"$BATS_TEST_TMPDIR/forty"
  run -0 bash -c "exec 9<'$BATS_TEST_TMPDIR/forty' 11<'$BATS_TEST_TMPDIR/forty' 40<'$BATS_TEST_TMPDIR/forty'
    $(engine_command) exec --preserve-fd 9,40 some sh -c 'cat <&40; cd /proc/self/fd; echo *'"
  # What a shell opens by itself it puts at 10 and above, and at 3 its directory.
  assert_matches "$output" $'^of-forty\n0 1 2 (3 )?40 9$'
  expect_error 125 'file descriptor "77" is not available' exec --preserve-fd 77 some true
  expect_error 125 "a descriptor from 3 on" exec --preserve-fd 2 some true
}

@test "exec: a container that is killed meanwhile" {
  creel_only "Podman ends with other codes then, 255 and its runtime's"
  for _ in $(seq 15); do
    expect 0 run -d --name dies --network none $BUSYBOX sleep 1000
    engine kill dies >/dev/null 3>&- &
    killer=$!
    run --separate-stderr engine exec dies true
    case $status in
      0 | 137) ;;
      125) assert_matches "$stderr" "container has ended|only create exec sessions on running containers" ;;
      *) fail "exit code $status: $stderr" ;;
    esac
    wait $killer
    expect 0 rm -f -t 0 dies
  done
}

@test "exec: a client that is stopped does not keep the container from ending" {
  creel_only "Podman's exec has a process of its own that waits"
  for how in "stop -t 1" "rm -f -t 0" kill; do
    expect 0 run -d --name held --network none $BUSYBOX sleep 1000
    $(engine_command) exec held sleep 1001 3>&- &
    client=$!
    wait_until 20 bash -c "$(engine_command) top held | grep -q 'sleep 1001'"
    kill -STOP $client
    kill -KILL "$(engine inspect -f '{{.State.Pid}}' held)"
    # Its first process has ended, and waits for the other's parent to hear of that.
    expect_error 125 "container has ended" exec held true
    expect 0 $how held
    code=0
    wait $client || code=$?
    assert_equal $code 137
    expect 0 rm -f -t 0 -i held
  done
}
