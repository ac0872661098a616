# init: all of a start but the command; what other commands make of such a container.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

@test "init: a process is there, and the command is not begun; start begins it" {
  expect 0 create --name prepared $BUSYBOX sh -c 'echo begun; exit 3'
  expect 0 init prepared
  assert_output prepared
  assert_equal "$(engine inspect -f '{{.State.Status}} {{.State.Running}}' prepared)" "initialized false"
  local pid
  pid=$(engine inspect -f '{{.State.Pid}}' prepared)
  [ "$pid" -gt 0 ] && [ -d "/proc/$pid" ]
  assert_equal "$(engine logs prepared)" ""
  expect 0 ps -a --format '{{.Names}} {{.Status}}'
  assert_output "prepared Initialized"
  expect 0 ps --filter status=initialized --format '{{.Names}}'
  assert_output prepared
  expect 0 ps -a --filter status=created --format '{{.Names}}'
  assert_output ""
  expect 0 start prepared
  assert_output prepared
  expect 0 wait prepared
  assert_output 3
  assert_equal "$(engine logs prepared)" begun
  # The one that was initialized, not another.
  expect 0 create --name same $BUSYBOX sleep 100
  expect 0 init same
  pid=$(engine inspect -f '{{.State.Pid}}' same)
  expect 0 start same
  assert_equal "$(engine inspect -f '{{.State.Status}} {{.State.Pid}}' same)" "running $pid"
}

@test "init: start -a gets every byte, the exit code, and input" {
  expect 0 create -i --name attached $BUSYBOX sh -c 'read line; echo "got $line"; exit 7'
  expect 0 init attached
  run --separate-stderr bash -c "echo word | $(engine_command) start -ai attached"
  assert_equal "$status" 7
  assert_output "got word"
}

@test "init: again once it has ended; never twice; absent ones and bad commands are errors" {
  expect 0 create --name twice $BUSYBOX true
  expect 0 init twice
  expect_error 125 "has already been created in runtime: container state improper" init twice
  expect 0 start -a twice
  expect 0 init twice
  expect 0 start -a twice
  expect_error 125 "no container with name or ID \"nosuch\" found" init nosuch
  expect 0 create --name absent $BUSYBOX nosuchprogram
  run engine init absent
  if [ "$status" -eq 0 ]; then run engine start absent; fi
  [ "$status" -ne 0 ] || fail "succeeded"
  [[ $output == *nosuchprogram* ]]
  expect 0 rm -f absent
  expect 0 create --name all-one $BUSYBOX true
  expect 0 create --name all-two $BUSYBOX true
  expect 0 init all-one
  expect 0 init --all
  assert_equal "$(engine inspect -f '{{.State.Status}}' all-one all-two | sort -u)" initialized
}

@test "init: what only a running container can do is refused" {
  expect 0 create --name idle $BUSYBOX sleep 100
  expect 0 init idle
  run engine exec idle true
  [ "$status" -ne 0 ] || fail "succeeded"
  [[ $output == *"can only create exec sessions on running containers"* ]]
  expect_error 125 "is in state initialized" kill idle
  expect_error 125 "can't pause" pause idle
  expect_error 125 "top can only be used on running containers" top idle
  expect_error 125 "you can only attach to running containers" attach idle
  expect 0 wait --condition initialized idle
  assert_output -1
}

@test "init: stop, rm, rm -f and restart of an initialized container" {
  expect 0 create --name stopped $BUSYBOX sleep 100
  expect 0 init stopped
  expect 0 stop -t 1 stopped
  assert_equal "$(engine inspect -f '{{.State.Status}} {{.State.ExitCode}}' stopped)" "exited 137"
  expect 0 init stopped
  local pid
  pid=$(engine inspect -f '{{.State.Pid}}' stopped)
  expect 0 rm stopped
  expect 1 container exists stopped
  wait_until 20 [ ! -d "/proc/$pid" ]
  expect 0 create --name forced $BUSYBOX sleep 100
  expect 0 init forced
  expect 0 rm -f -t 0 forced
  expect 1 container exists forced
  expect 0 create --name again $BUSYBOX sleep 100
  expect 0 init again
  expect 0 restart -t 0 again
  assert_equal "$(engine inspect -f '{{.State.Status}}' again)" running
}

@test "init: files can be put into what is about to run" {
  expect 0 create --name filled $BUSYBOX cat /etc/put
  expect 0 init filled
  echo content >"$BATS_TEST_TMPDIR/put"
  expect 0 cp "$BATS_TEST_TMPDIR/put" filled:/etc/put
  expect 0 start -a filled
  assert_output content
}

@test "init: events are init, then start" {
  expect 0 create --name told $BUSYBOX true
  expect 0 init told
  expect 0 start -a told
  run bash -c "$(engine_command) events --stream=false --filter container=told --format '{{.Status}}' | grep -E '^(init|start)$'"
  assert_output $'init\nstart'
}

@test "init: a monitor that is killed leaves nothing running" {
  creel_only "conmon is another program, and its container lives on"
  expect 0 create --name orphan $BUSYBOX sleep 100
  expect 0 init orphan
  local pid monitor
  pid=$(engine inspect -f '{{.State.Pid}}' orphan)
  monitor=$(engine inspect -f '{{.State.ConmonPid}}' orphan)
  kill -9 "$monitor"
  wait_until 20 [ ! -d "/proc/$pid" ]
  assert_equal "$(engine inspect -f '{{.State.Status}}' orphan)" created
  expect 0 start orphan
  assert_equal "$(engine inspect -f '{{.State.Status}}' orphan)" running
}
