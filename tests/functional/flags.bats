# Flags of everyday commands that no other file is about.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "run --attach: only the streams that are named" {
  expect 0 run --rm -a stdout $BUSYBOX sh -c 'echo out; echo err >&2'
  assert_output out
  out=$(engine run --rm -a stderr $BUSYBOX sh -c 'echo out; echo err >&2' 2>/dev/null)
  assert_equal "$out" ""
  out=$(echo in | engine run --rm -i -a stdin -a stdout $BUSYBOX cat)
  assert_equal "$out" in
  expect_error 125 "invalid stream \"nowhere\" for --attach" run --rm -a nowhere $BUSYBOX true
}

@test "run --rmi: the image goes with the container, unless another uses it" {
  creel_only "Podman has it from version 5 on"
  expect 0 tag $BUSYBOX localhost/going
  expect 3 run --rmi localhost/going sh -c 'exit 3'
  expect 1 image exists localhost/going
  expect 0 image exists $BUSYBOX
  expect 0 tag $BUSYBOX localhost/staying
  expect 0 create --name user localhost/staying true
  expect 0 run --rmi localhost/staying true
  expect 0 ps -aq
  [ "${#lines[@]}" = 1 ]
}

@test "run --conmon-pidfile: the monitor's process" {
  expect 0 run -d --name watched --conmon-pidfile "$BATS_TEST_TMPDIR/pid" $BUSYBOX sleep 1000
  pid=$(cat "$BATS_TEST_TMPDIR/pid")
  [ -e "/proc/$pid" ]
  expect 0 inspect -f '{{.ConmonPidFile}}' watched
  assert_output "$BATS_TEST_TMPDIR/pid"
}

@test "run --domainname, --no-hostname, --hosts-file, --env-merge" {
  creel_only "Podman 4.3 has none of these flags"
  expect 0 run --rm --domainname example.org $BUSYBOX cat /proc/sys/kernel/domainname
  assert_output example.org
  expect 0 run --rm --no-hostname $BUSYBOX sh -c 'test ! -e /etc/hostname && hostname | wc -c'
  assert_output 13
  echo "192.0.2.7 base.example" >"$BATS_TEST_TMPDIR/hosts"
  expect 0 run --rm --hosts-file "$BATS_TEST_TMPDIR/hosts" $BUSYBOX grep base /etc/hosts
  assert_contains "$output" "192.0.2.7"
  expect 0 run --rm --hosts-file none --hostname lonely $BUSYBOX cat /etc/hosts
  assert_contains "$output" lonely
  expect_error 125 "--no-hosts and --hosts-file cannot be set together" run --rm --no-hosts --hosts-file none $BUSYBOX true
  expect_error 125 "--hosts-file" run --rm --hosts-file /nonexistent $BUSYBOX true
  expect 0 run --rm --env-merge 'PATH=$PATH:/opt/bin' --env-merge 'NEW=${PATH}!' $BUSYBOX sh -c 'echo $PATH $NEW'
  assert_matches "$output" '^(/.*):/opt/bin \1!$'
}

@test "run --requires: the others first; rm --depend" {
  expect 0 create --name base $BUSYBOX sleep 1000
  expect 0 create --name above --requires base $BUSYBOX sleep 1000
  expect 0 start above
  expect 0 inspect -f '{{.State.Running}}' base
  assert_output true
  expect_error 125 "dependency" create --requires nosuch $BUSYBOX true
  expect_error 125 "has dependent containers which must be removed before it" rm -f -t 0 base
  expect 0 rm -f -t 0 --depend base
  expect 0 ps -aq
  assert_output ""
  expect_error 1 "no such container" rm --depend nosuch
}

@test "rm: a container whose namespaces another uses" {
  expect 0 run -d --name lender $BUSYBOX sleep 1000
  expect 0 run -d --name borrower --network container:lender $BUSYBOX sleep 1000
  run engine rm -f -t 0 lender
  [ "$status" != 0 ]
  assert_contains "$output" "has dependent containers"
  creel_only "Podman 4 does not put them in order"
  # All of them, in whichever order.
  expect 0 rm -f -t 0 --all
  expect 0 ps -aq
  assert_output ""
}

@test "ps --size, inspect --size: what was written, and all" {
  expect 0 run --name writer $BUSYBOX sh -c 'head -c 1000000 /dev/zero >/zeros'
  expect 0 ps -a --size --format '{{.Size}}'
  assert_matches "$output" '^1(\.00)?MB \(virtual [0-9.]+MB\)$'
  expect 0 ps -as
  assert_matches "${lines[0]}" 'SIZE$'
  assert_matches "${lines[1]}" '\(virtual .*\)$'
  expect 0 inspect --size -f '{{.SizeRw}} {{.SizeRootFs}}' writer
  written=${output% *} whole=${output#* }
  [ "$written" -ge 1000000 ] && [ "$written" -lt 1100000 ]
  [ "$whole" -gt $((written + 500000)) ]
  expect 0 run --name small $BUSYBOX true
  expect 0 ps -a --size --sort size --format '{{.Names}}'
  # Podman 4.3 compares the images alone.
  is_podman || assert_equal "${lines[*]}" "small writer"
}

@test "attach, exec, inspect: --latest; exec --cidfile" {
  expect 0 run -d --name old $BUSYBOX sleep 1000
  expect 0 run -d --name new --cidfile "$BATS_TEST_TMPDIR/cid" $BUSYBOX sleep 1000
  expect 0 inspect -l -f '{{.Name}}'
  assert_output new
  expect 0 exec -l hostname
  assert_equal "$output" "$(head -c 12 "$BATS_TEST_TMPDIR/cid")"
  creel_only "Podman has exec --cidfile from version 5 on"
  expect 0 exec --cidfile "$BATS_TEST_TMPDIR/cid" hostname
  assert_equal "$output" "$(head -c 12 "$BATS_TEST_TMPDIR/cid")"
  expect_error 125 "must provide a non-empty command" exec old
}

@test "exec --wait: until the container runs" {
  creel_only "Podman has it from version 5 on"
  expect 0 create --name later $BUSYBOX sleep 1000
  expect_error 125 "can only create exec sessions on running containers" exec later true
  engine exec --wait 20 later echo ran >"$BATS_TEST_TMPDIR/out" &
  waiting=$!
  expect 0 start later
  wait $waiting
  assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" ran
}

@test "stop --signal: another than the container's own" {
  creel_only "Podman has no such flag; Docker has"
  expect 0 run -d --name stubborn $BUSYBOX sh -c 'trap "exit 7" USR1; trap "" TERM; echo ready; while :; do sleep 0.1; done'
  wait_until 20 sh -c "$(engine_command) logs stubborn | grep -q ready"
  expect 0 stop --signal USR1 stubborn
  expect 0 inspect -f '{{.State.ExitCode}}' stubborn
  assert_output 7
}

@test "logs --color: each container's lines in a colour of its own" {
  expect 0 run --name red $BUSYBOX echo one
  expect 0 run --name green $BUSYBOX echo two
  expect 0 logs --color --names red green
  assert_matches "$output" $'\033\\[[0-9;]*m.*red.*one'
  expect 0 logs --names red green
  [[ $output != *$'\033'* ]]
}

@test "container clone: another one like it" {
  expect 0 run --name original --label kind=test -e A=b -v shared:/data $BUSYBOX sh -c 'echo $A; echo x >>/data/x; touch /own'
  expect 0 container clone original
  expect 0 start -a original-clone
  assert_output b
  expect 0 inspect -f '{{index .Config.Labels "kind"}} {{.Name}}' original-clone
  assert_output "test original-clone"
  # Volumes are shared, what was written is not.
  expect 0 run --rm -v shared:/data $BUSYBOX wc -l /data/x
  assert_contains "$output" 2
  expect 0 container clone original copy
  expect 0 container clone --destroy copy moved
  expect 1 container exists copy
  expect 0 rm original original-clone moved
  expect 0 volume rm shared
}

@test "what is refused says why" {
  creel_only "the texts of Creel's refusals"
  expect_error 125 "--gpus is not supported: give the container the files of the GPU with --device" run --gpus all $BUSYBOX true
  expect_error 125 "--storage-opt is not supported: to limit a layer's size needs quotas" run --storage-opt size=1G $BUSYBOX true
  expect_error 125 "creel machine init is not supported: containers run on this host" machine init
  expect_error 125 "creel swarm init is not supported" swarm init
  expect_error 125 "--isolation hyperv: default is the only one" run --isolation hyperv $BUSYBOX true
  expect 0 run --rm --isolation default --disable-content-trust $BUSYBOX true
}

@test "volume create --name, as Docker takes it" {
  creel_only "Podman has no such flag; Docker has"
  expect 0 volume create --name docked
  assert_output docked
  expect_error 125 "cannot specify a volume name through both" volume create --name docked other
  expect 0 volume rm docked
}

@test "run --timeout: killed when its time is over" {
  # Podman's conmon says -1, which run makes 255.
  code=137 recorded=137
  if is_podman; then code=255 recorded=-1; fi
  expect $code run --name brief --timeout 1 $BUSYBOX sleep 1000
  expect 0 inspect -f '{{.Config.Timeout}} {{.State.ExitCode}}' brief
  assert_output "1 $recorded"
  expect 0 run --rm --timeout 1000 $BUSYBOX true
}
