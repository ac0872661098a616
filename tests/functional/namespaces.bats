# Namespaces: the container's own, the host's, another container's, one by path.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

ns_of() { engine exec "$1" readlink "/proc/self/ns/$2"; }
# run_ns KIND ARGS...: the namespace that a container with ARGS has.
run_ns() { engine run --rm "${@:2}" $BUSYBOX readlink "/proc/self/ns/$1"; }

@test "every namespace is the container's own, unless said otherwise" {
  for kind in pid ipc uts mnt net cgroup; do
    [ "$(run_ns $kind)" != "$(readlink /proc/self/ns/$kind)" ] || fail "$kind is the host's"
  done
}

@test "host: --pid, --uts, --cgroupns, --network" {
  for pair in pid:--pid uts:--uts cgroup:--cgroupns net:--network; do
    assert_equal "$(run_ns "${pair%%:*}" "${pair#*:}" host)" "$(readlink "/proc/self/ns/${pair%%:*}")"
  done
  expect 0 run --rm --uts host $BUSYBOX hostname
  assert_output "$(hostname)"
  expect 0 run --rm --pid host $BUSYBOX sh -c "[ -d /proc/$$ ] && echo seen"
  assert_output seen
}

@test "--ipc host: the host's System V memory and /dev/shm" {
  [ -e /dev/mqueue ] || creel_only "Podman wants the host's /dev/mqueue"
  assert_equal "$(run_ns ipc --ipc host)" "$(readlink /proc/self/ns/ipc)"
  echo here >"/dev/shm/creel-test-$$"
  run -0 engine run --rm --ipc host $BUSYBOX cat "/dev/shm/creel-test-$$"
  rm "/dev/shm/creel-test-$$"
  assert_output here
}

@test "--ipc none: no /dev/shm; private and shareable have one" {
  expect 1 run --rm --ipc none $BUSYBOX ls -d /dev/shm
  for mode in private shareable; do
    expect 0 run --rm --ipc $mode $BUSYBOX sh -c 'echo x >/dev/shm/x && cat /dev/shm/x'
    assert_output x
  done
}

@test "exec enters the namespaces that the container has, the host's too" {
  expect 0 run -d --name h --network host --pid host --uts host --ipc private $BUSYBOX sleep 100
  for kind in net pid uts; do assert_equal "$(ns_of h $kind)" "$(readlink /proc/self/ns/$kind)"; done
  [ "$(ns_of h ipc)" != "$(readlink /proc/self/ns/ipc)" ]
}

@test "container: --uts, --ipc, --network, --cgroupns share another's" {
  expect 0 run -d --name one --hostname of-one --network none --ipc shareable $BUSYBOX sleep 100
  for pair in uts:--uts ipc:--ipc net:--network cgroup:--cgroupns; do
    assert_equal "$(run_ns "${pair%%:*}" "${pair#*:}" container:one)" "$(ns_of one "${pair%%:*}")"
  done
  expect 0 run --rm --uts container:one $BUSYBOX hostname
  assert_output of-one
  expect 0 create --name two --uts container:one --ipc container:one $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.UTSMode}} {{.HostConfig.IpcMode}}' two
  id=$(engine inspect -f '{{.Id}}' one)
  assert_output "container:$id container:$id"
}

@test "--pid container: both see each other's processes; the lender's first one stays the first" {
  expect 0 run -d --name one --network none $BUSYBOX sleep 1234
  assert_equal "$(run_ns pid --pid container:one)" "$(ns_of one pid)"
  expect 0 run --rm --pid container:one --network none $BUSYBOX ps -o pid,args
  assert_matches "$output" "1 sleep 1234"
  expect 0 run -d --name two --network none --pid container:one $BUSYBOX sleep 4321
  expect 0 exec one ps -o args
  assert_output_contains "sleep 4321"
  expect 0 stop -t 0 two
  expect 0 exec one ps -o args
  refute_output_contains "sleep 4321"
}

@test "--ipc container: /dev/shm is shared" {
  expect 0 run -d --name one --network none --ipc shareable $BUSYBOX sh -c 'echo of-one >/dev/shm/first; sleep 100'
  wait_until 10 engine exec one test -e /dev/shm/first
  expect 0 run --rm --network none --ipc container:one $BUSYBOX sh -c 'cat /dev/shm/first; echo of-two >/dev/shm/second'
  assert_output of-one
  expect 0 exec one cat /dev/shm/second
  assert_output of-two
}

@test "--userns container: and ns: the IDs of another's user namespace, alone and with its others" {
  creel_only "Podman 4.3 cannot share one where its storage maps IDs"
  as_root && skip "an ordinary user's"
  expect 0 run -d --name one --userns keep-id --ipc shareable --network none $BUSYBOX sh -c 'echo of-one >/dev/shm/first; sleep 100'
  wait_until 10 engine exec one test -e /dev/shm/first
  map=$(engine exec one cat /proc/self/uid_map)
  expect 0 run --rm --network none --userns container:one $BUSYBOX cat /proc/self/uid_map
  assert_output "$map"
  expect 0 run --rm --userns container:one --network container:one --pid container:one --ipc container:one $BUSYBOX \
    sh -c 'cat /dev/shm/first; touch /mine; stat -c %u /mine; ps | grep -c "sleep 10[0]"'
  assert_output $'of-one\n0\n1'
  pid=$(engine inspect -f '{{.State.Pid}}' one)
  expect 0 run --rm --userns "ns:/proc/$pid/ns/user" --network "ns:/proc/$pid/ns/net" $BUSYBOX cat /proc/self/uid_map
  assert_output "$map"
  # exec finds its way in.
  expect 0 run -d --name two --userns container:one --network container:one --pid container:one $BUSYBOX sleep 100
  expect 0 exec two sh -c 'touch /x && stat -c %u /x'
  assert_output 0
}

@test "a user namespace of its own, and namespaces of a container that has none" {
  creel_only "crun mounts what it has no rights over"
  as_root && skip "an ordinary user's"
  expect 0 run -d --name one --network none --ipc shareable $BUSYBOX sleep 1234
  expect 0 run --rm --userns keep-id --network container:one --pid container:one --ipc container:one $BUSYBOX sh -c 'id -u; ps -o args; ls /sys >/dev/null && touch /dev/shm/x'
  assert_equal "${lines[0]}" "$(id -u)"
  assert_output_contains "sleep 1234"
  expect 0 exec one ls /dev/shm
  assert_output x
}

@test "--network ns:PATH: a network namespace by its path" {
  expect 0 run -d --name one --network none $BUSYBOX sleep 100
  pid=$(engine inspect -f '{{.State.Pid}}' one)
  expect 0 run --rm --network "ns:/proc/$pid/ns/net" $BUSYBOX readlink /proc/self/ns/net
  assert_output "$(ns_of one net)"
  expect_error 125 "/no/such/ns" run --rm --network ns:/no/such/ns $BUSYBOX true
}

@test "volumes of a container that has not the caller's ID: a new one is its own, :U gives it to the user" {
  creel_only "Podman's storage maps no volume of such a container"
  as_root && skip "an ordinary user's"
  expect 0 run --rm --network none --userns auto:size=1000 -v fresh:/data $BUSYBOX sh -c 'touch /data/x && stat -c %u /data /data/x'
  assert_output $'0\n0'
  expect 0 run --rm --network none --userns auto:size=1000 -v copied:/etc $BUSYBOX stat -c %u /etc/passwd
  assert_output 0
  mkdir "$BATS_TEST_TMPDIR/d"
  touch "$BATS_TEST_TMPDIR/d/before"
  expect 0 run --rm --network none --userns nomap --user 33 -v "$BATS_TEST_TMPDIR/d:/d:U" $BUSYBOX sh -c 'touch /d/x && stat -c %u /d /d/before /d/x'
  assert_output $'33\n33\n33'
  unshare --map-auto --map-root-user rm -rf "$BATS_TEST_TMPDIR/d"
}

@test "container: one that is absent, or does not run, is an error" {
  for flag in --pid --ipc --uts --network --userns; do
    expect_error 125 "no-such-container" run --rm $flag container:no-such-container $BUSYBOX true
  done
  expect 0 create --name still $BUSYBOX true
  is_podman || expect_error 125 "is stopped" run --rm --uts container:still $BUSYBOX true
}

@test "nonsense modes are refused, and a host name that cannot be set" {
  for flag in --pid --ipc --uts --cgroupns --userns; do
    expect_error 125 "unrecognized namespace mode" create $flag nonsense $BUSYBOX true
  done
  expect_error 125 "/no/such/ns" create --pid ns:/no/such/ns $BUSYBOX true
  expect_error 125 "cannot set hostname" create --uts host --hostname x $BUSYBOX true
}

@test "inspect shows the modes" {
  expect 0 create --name m --pid host --uts host --cgroupns host $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.PidMode}} {{.HostConfig.UTSMode}} {{.HostConfig.CgroupMode}}' m
  assert_output "host host host"
  expect 0 create --name n $BUSYBOX true
  expect 0 inspect -f '{{.HostConfig.PidMode}} {{.HostConfig.UTSMode}} {{.HostConfig.CgroupMode}}' n
  assert_output "private private private"
}

@test "--sysctl: parameters of the container's own namespaces, and no others" {
  expect 0 run --rm --sysctl net.ipv4.ip_forward=1 --sysctl kernel.msgmax=1234 $BUSYBOX cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax
  assert_output $'1\n1234'
  expect_error 125 "kernel.panic" create --sysctl kernel.panic=1 $BUSYBOX true
  expect_error 125 "net.ipv4.ip_forward" create --network host --sysctl net.ipv4.ip_forward=1 $BUSYBOX true
  expect_error 125 "KEY=VALUE" create --sysctl nonsense $BUSYBOX true
}

@test "--uidmap, --gidmap: a user namespace of the container's own" {
  as_root && skip "an ordinary user's"
  expect 0 run --rm --uidmap 0:1:1000 --gidmap 0:1:500 $BUSYBOX sh -c 'cat /proc/self/uid_map /proc/self/gid_map'
  assert_matches "${lines[0]}" '^ +0 +1 +1000$'
  assert_matches "${lines[1]}" '^ +0 +1 +500$'
  # One list means both.
  expect 0 run --rm --uidmap 0:1:1000 $BUSYBOX cat /proc/self/gid_map
  assert_matches "$output" '^ +0 +1 +1000$'
  # The image's files are root's as ever.
  expect 0 run --rm --uidmap 0:1:1000 $BUSYBOX sh -c 'touch /x && stat -c %u /x /bin/busybox'
  assert_output $'0\n0'
  expect 0 create --name i --uidmap 0:1:1000 $BUSYBOX true
  expect 0 inspect -f '{{json .HostConfig.IDMappings}}' i
  assert_output_contains '"UidMap":["0:1:1000"]'
  assert_output_contains '"GidMap":["0:1:1000"]'
  expect_error 125 "mutually exclusive" create --userns keep-id --uidmap 0:0:1 $BUSYBOX true
  expect 125 create --uidmap 0:x:1 $BUSYBOX true
  expect 125 create --userns private $BUSYBOX true
}

@test "--uidmap: IDs of the host, IDs over the identity, and what cannot be" {
  creel_only "Podman 4.3 has no @ and no + in mappings"
  as_root && skip "an ordinary user's"
  first=$(awk -F: -v u="$(id -un)" '$1 == u {print $2; exit}' /etc/subuid)
  expect 0 run --rm --uidmap "0:@$first:100" $BUSYBOX cat /proc/self/uid_map
  assert_matches "$output" '^ +0 +1 +100$'
  expect 0 run --rm --uidmap "+70000:@$first" $BUSYBOX cat /proc/self/uid_map
  assert_matches "${lines[0]}" '^ +0 +0 +1$'
  assert_matches "${lines[1]}" '^ +2 +2 +'
  assert_matches "${lines[2]}" '^ +70000 +1 +1$'
  expect_error 125 "ID 0 of the container" create --uidmap 1:1:10 $BUSYBOX true
  expect_error 125 "overlap" create --uidmap 0:1:10 --uidmap 5:100:10 $BUSYBOX true
  expect_error 125 "there are only" create --uidmap 0:0:99999999 $BUSYBOX true
  expect_error 125 "no such IDs on the host" create --uidmap 0:@0:1 $BUSYBOX true
}

@test "--subuidname: the IDs of a name" {
  creel_only "Podman takes them for IDs of its own namespace"
  as_root && skip "an ordinary user's"
  count=$(awk -F: -v u="$(id -un)" '$1 == u {print $3; exit}' /etc/subuid)
  expect 0 run --rm --subuidname "$(id -un)" $BUSYBOX cat /proc/self/uid_map
  assert_matches "$output" "^ +0 +1 +$count\$"
  expect_error 125 "no-such-name" create --subuidname no-such-name $BUSYBOX true
}

@test "--userns=auto: disjoint IDs, without the caller's own; free again when the container is removed" {
  creel_only "Podman wants the user containers in /etc/subuid for it"
  as_root && skip "an ordinary user's"
  local made=()
  for n in 1 2 3; do
    engine create --name "auto$n" --userns auto:size=1000 $BUSYBOX true >/dev/null &
    made+=($!)
  done
  wait "${made[@]}"
  for n in 1 2 3; do engine inspect -f '{{.HostConfig.IDMappings.UidMap}}' "auto$n"; done | sort >"$BATS_TEST_TMPDIR/maps"
  assert_equal "$(cat "$BATS_TEST_TMPDIR/maps")" $'[0:1001:1000]\n[0:1:1000]\n[0:2001:1000]'
  expect 0 run --rm --userns auto:size=1000 $BUSYBOX sh -c 'touch /mine; stat -c %u /mine; cat /proc/self/uid_map'
  assert_equal "${lines[0]}" 0
  assert_matches "${lines[1]}" '^ +0 +3001 +1000$'
  gone=$(for n in 1 2 3; do [ "$(engine inspect -f '{{.HostConfig.IDMappings.UidMap}}' auto$n)" != "[0:1:1000]" ] || echo auto$n; done)
  expect 0 rm "$gone"
  expect 0 run --rm --userns auto:size=1000 $BUSYBOX cat /proc/self/uid_map
  assert_matches "$output" '^ +0 +1 +1000$'
  expect_error 125 "enough available IDs" create --userns auto:size=1000000 $BUSYBOX true
  expect_error 125 "unknown option" create --userns auto:nonsense=1 $BUSYBOX true
}

@test "--userns=auto: as many IDs as the image needs; forced mappings" {
  creel_only "Podman wants the user containers in /etc/subuid for it"
  as_root && skip "an ordinary user's"
  expect 0 run --rm --userns auto $BUSYBOX cat /proc/self/uid_map
  assert_matches "$output" '^ +0 +1 +1024$'
  expect 0 run --rm --userns auto --user 5000 $BUSYBOX sh -c 'id -u; cat /proc/self/uid_map'
  assert_equal "${lines[0]}" 5000
  assert_matches "${lines[1]}" ' 5001$'
  expect 0 run --rm --userns auto:size=10,uidmapping=3:0:1 $BUSYBOX sh -c 'cat /proc/self/uid_map'
  assert_matches "${lines[1]}" '^ +3 +0 +1$'
}

@test "the engine's user namespace outlives the container that it was made for" {
  creel_only "Podman keeps a process of its own for that"
  as_root && skip "root needs no user namespace"
  expect 0 run -d --name founder --network none $BUSYBOX sleep 1000
  expect 0 run -d --name follower --network none $BUSYBOX sh -c 'echo inside >/note; exec sleep 1000'
  wait_until 20 engine exec follower test -s /note
  local monitor
  monitor=$(engine inspect -f '{{.State.ConmonPid}}' founder)
  expect 0 rm -f -t 0 founder
  # Until somebody has waited for it, it is a process still, and in its namespaces.
  wait_until 60 [ ! -e "/proc/$monitor" ]
  # Who enters now is where the container is: else its files would be somebody else's.
  expect 0 unshare sh -c "cat \$($(engine_command) mount follower)/note"
  assert_output inside
  expect 0 run -d --name third --network none $BUSYBOX sleep 1000
  local theirs
  theirs=$(engine inspect -f '{{.State.Pid}}' follower)
  assert_equal "$(readlink "/proc/$(engine inspect -f '{{.State.Pid}}' third)/ns/user")" "$(readlink "/proc/$theirs/ns/user")"
  # Nor does one who lives elsewhere stand for it.
  expect 0 run -d --name apart --userns keep-id --network none $BUSYBOX sleep 1000
  expect 0 rm -f -t 0 follower third
  expect 0 run --rm --network none $BUSYBOX id -u
  assert_output 0
}
