# start, stop, kill, rm, wait, ps, port, inspect: a container's life, and what is told of it.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

trapping() { engine run -d --name "$1" $BUSYBOX sh -c 'trap "exit 0" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null && wait_for_log "$1" ready; }

@test "stop: SIGTERM, then SIGKILL after the timeout; the name is echoed" {
  trapping polite
  expect 0 stop polite
  assert_output polite
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' polite)" 0
  expect 0 run -d --name deaf $BUSYBOX sh -c 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
  wait_for_log deaf ready
  expect 0 stop -t 1 deaf
  assert_equal "$(engine inspect -f '{{.State.ExitCode}} {{.State.Status}}' deaf)" "137 exited"
}

@test "stop: says at once that the first process does not hear the signal" {
  creel_only "Podman is silent until the time is over"
  expect 0 run -d --name deaf $BUSYBOX sleep 1000
  engine stop -t 100 deaf 2>"$BATS_TEST_TMPDIR/said" >/dev/null 3>&- &
  wait_until 10 grep -q "process 1 of container deaf has no handler for SIGTERM" "$BATS_TEST_TMPDIR/said" || fail "silent"
  expect 0 kill deaf
  wait $!
  # A second one, that ends by the signal, is not complained of; nor is a --init, which hears it.
  trapping polite
  expect 0 run -d --name tended --init $BUSYBOX sleep 1000
  expect 0 stop polite tended
  assert_equal "$stderr" ""
}

@test "stop: of what does not run is no error; of what is absent is" {
  expect 0 create --name idle $BUSYBOX true
  expect 0 stop idle
  expect_error 125 "absent" stop absent
  expect 0 stop --ignore absent
  expect 0 run --name over $BUSYBOX true
  expect 0 stop over
}

@test "stop: several at once, -a" {
  trapping a1
  trapping a2
  expect 0 stop a1 a2
  assert_equal "$(sort <<<"$output" | tr '\n' ' ')" "a1 a2 "
  expect 0 start a1 a2
  expect 0 stop -a -t 5
  assert_equal "$(state_of a1) $(state_of a2)" "exited exited"
}

@test "kill: a signal by name or number; of what does not run is an error" {
  expect 0 run -d --name k $BUSYBOX sh -c 'trap "echo got-usr1" USR1; trap "exit 3" HUP; echo ready; while :; do sleep 0.05; done'
  wait_for_log k ready
  expect 0 kill -s USR1 k
  assert_output k
  wait_for_log k got-usr1
  expect 0 kill --signal 1 k
  expect 0 wait k
  assert_output 3
  expect_error 125 "" kill k
  expect 125 kill -s NOSUCH k
}

@test "wait: the exit code, of several, of one that is over, of an absent one" {
  expect 0 run -d --name w1 $BUSYBOX sh -c 'exit 5'
  expect 0 run -d --name w2 $BUSYBOX sh -c 'exit 6'
  expect 0 wait w1 w2
  assert_output $'5\n6'
  expect 0 wait w1
  assert_output 5
  expect_error 125 "absent" wait absent
}

@test "rm: 1 when absent, 2 when running; -f, --ignore, -a" {
  expect_error 1 "absent" rm absent
  expect 0 rm --ignore absent
  expect 0 run -d --name r $BUSYBOX sleep 100
  expect_error 2 "r" rm r
  assert_equal "$(state_of r)" running
  expect 0 rm -f -t 0 r
  assert_output r
  expect 0 run --name r2 $BUSYBOX true
  expect 0 rm r2
  assert_output r2
  expect 0 create --name r3 $BUSYBOX true
  expect 0 create --name r4 $BUSYBOX true
  expect 0 rm -a
  expect 0 ps -aq
  assert_output ""
}

@test "a container is found by name, ID, or the beginning of its ID" {
  expect 0 create --name found $BUSYBOX true
  id=$output
  for word in found "$id" "${id:0:12}" "${id:0:20}"; do
    assert_equal "$(engine inspect -f '{{.Id}}' "$word")" "$id"
  done
  expect 125 inspect "${id:0:12}x"
}

@test "start: an ended one runs again; a running one stays as it is" {
  expect 0 run --name again $BUSYBOX sh -c 'echo run'
  expect 0 start again
  expect 0 wait again
  expect 0 logs again
  assert_output $'run\nrun'
  trapping runs
  pid=$(engine inspect -f '{{.State.Pid}}' runs)
  expect 0 start runs
  assert_equal "$(engine inspect -f '{{.State.Pid}}' runs)" "$pid"
  expect_error 125 "absent" start absent
}

@test "start -a -i: attached, with stdin; exit code" {
  expect 0 create -i --name in $BUSYBOX sh -c 'read x; echo got $x; exit 4'
  run -4 bash -c "echo word | $(engine_command) start -a -i in"
  assert_output "got word"
}

@test "ps: the table, -q, --no-trunc, -a" {
  expect 0 run -d --name shown $BUSYBOX sleep 1000
  id=$output
  expect 0 create --name hidden $BUSYBOX true
  expect 0 ps
  assert_matches "${lines[0]}" '^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$'
  assert_matches "${lines[1]}" "^${id:0:12} +localhost/busybox:latest +sleep 1000 +.* ago +Up .* +shown *$"
  assert_equal "${#lines[@]}" 2
  expect 0 ps -q
  assert_output "${id:0:12}"
  expect 0 ps -q --no-trunc
  assert_output "$id"
  expect 0 ps -a --format '{{.Names}}' --sort names
  assert_output $'hidden\nshown'
  expect 0 ps -a --noheading
  assert_equal "${#lines[@]}" 2
}

@test "ps --filter: name, status, label, ancestor, id, exited; an unknown one is an error" {
  expect 0 run -d --name f1 --label color=red --label x $BUSYBOX sleep 1000
  id=$output
  expect 3 run --name f2 --label color=blue $BUSYBOX sh -c 'exit 3'
  names() { engine ps -a --format '{{.Names}}' --sort names "$@" | tr '\n' ' '; }
  assert_equal "$(names --filter name=f1)" "f1 "
  assert_equal "$(names --filter name=f)" "f1 f2 "
  assert_equal "$(names --filter status=running)" "f1 "
  assert_equal "$(names --filter status=exited)" "f2 "
  assert_equal "$(names --filter label=color=red)" "f1 "
  assert_equal "$(names --filter label=color)" "f1 f2 "
  assert_equal "$(names --filter label=color --filter status=exited)" "f2 "
  assert_equal "$(names --filter status=exited --filter status=running)" "f1 f2 "
  assert_equal "$(names --filter "id=${id:0:10}")" "f1 "
  assert_equal "$(names --filter exited=3)" "f2 "
  assert_equal "$(names --filter ancestor=$BUSYBOX)" "f1 f2 "
  expect 125 ps --filter nosuch=1
}

@test "ps --format: templates, table, json; an unknown field is an error" {
  expect 0 run -d --name t --label a=1 $BUSYBOX sleep 1000
  id=$output
  expect 0 ps --format '{{.ID}} {{.Image}} {{.Names}} {{.Command}}'
  assert_output "${id:0:12} localhost/busybox:latest t sleep 1000"
  is_podman || assert_equal "$(engine ps --format '{{.State}}')" running
  expect 0 ps --format 'table {{.Names}} {{.ID}}'
  assert_matches "${lines[0]}" '^NAMES +CONTAINER ID *$'
  expect 0 ps --format json
  assert_equal "$(jq -r '.[0].Names[0] + " " + .[0].State + " " + .[0].Id + " " + .[0].Labels.a' <<<"$output")" "t running $id 1"
  expect 0 ps -a --filter name=nothing-has-this-name --format json
  assert_equal "$(jq -c . <<<"$output")" "[]"
  expect 125 ps --format '{{.NoSuchField}}'
  expect 125 ps --format '{{.ID'
}

@test "inspect: JSON with what scripts read; formats; several; absent" {
  expect 0 run -d --name i -e KEY=value -p 127.0.0.1::80 -w /tmp --label l=1 -v vol:/data $BUSYBOX sleep 1000
  id=$output
  expect 0 inspect i
  assert_equal "$(jq -r '.[0] | [.Id, .Name, .State.Status, (.State.Running|tostring), .Config.WorkingDir, .Config.Labels.l, .ImageName] | join(" ")' <<<"$output")" \
    "$id i running true /tmp 1 localhost/busybox:latest"
  assert_equal "$(jq -r '.[0].Config.Env | index("KEY=value") != null' <<<"$output")" true
  assert_equal "$(jq -r '.[0].Config.Cmd | join(" ")' <<<"$output")" "sleep 1000"
  assert_equal "$(jq -r '.[0].Mounts[0] | .Type + " " + .Name + " " + .Destination' <<<"$output")" "volume vol /data"
  assert_equal "$(jq -r '.[0].State.Pid > 0' <<<"$output")" true
  assert_matches "$(jq -r '.[0].Created' <<<"$output")" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T'
  assert_equal "$(jq -r '.[0].NetworkSettings.Ports["80/tcp"][0].HostIp' <<<"$output")" 127.0.0.1
  expect 0 inspect -f '{{.Name}} {{json .Config.Cmd}} {{index .Config.Labels "l"}} {{range .Config.Cmd}}<{{.}}>{{end}} {{.State.Running}}' i
  assert_output 'i ["sleep","1000"] 1 <sleep><1000> true'
  expect 0 inspect --format '{{.HostConfig.NetworkMode}} {{len .Mounts}}' i
  assert_matches "$output" ' 1$'
  expect 125 inspect absent
  assert_contains "$stderr" "absent"
  expect 125 inspect -f '{{.NoSuch}}' i
  # Of an image too.
  expect 0 inspect -f '{{index .Config.Cmd 0}} {{.Os}}' $BUSYBOX
  assert_output "sh linux"
}

@test "port: what is published" {
  expect 0 run -d --name p -p 127.0.0.1::80 -p 127.0.0.1::53/udp $BUSYBOX sleep 1000
  expect 0 port p
  assert_equal "${#lines[@]}" 2
  expect 0 port p 80
  assert_matches "$output" '^127\.0\.0\.1:[0-9]+$'
  expect 0 port p 53/udp
  assert_matches "$output" '^127\.0\.0\.1:[0-9]+$'
  expect 125 port p 81
  expect 125 port absent
}

@test "version and info: templates and JSON" {
  expect 0 version --format '{{.Client.Version}}'
  assert_matches "$output" '^[0-9]+\.[0-9]+'
  expect 0 --version
  assert_matches "$output" 'version [0-9]+\.[0-9]+'
  expect 0 info --format '{{.Host.Arch}}'
  [ -n "$output" ]
  expect 0 info --format json
  jq -e .host <<<"$output" >/dev/null || fail "no .host"
}

@test "twenty at once: all run, all have a name and an end of their own" {
  for i in $(seq 20); do engine run --rm --network none $BUSYBOX echo "number $i" >"$BATS_TEST_TMPDIR/$i" 3>&- & pids+=($!); done
  wait "${pids[@]}"
  for i in $(seq 20); do assert_equal "$(cat "$BATS_TEST_TMPDIR/$i")" "number $i"; done
  expect 0 ps -aq
  assert_output ""
}

@test "one name wanted by ten at once goes to one" {
  for i in $(seq 10); do (engine create --name wanted $BUSYBOX true >"$BATS_TEST_TMPDIR/$i" 2>/dev/null || :) 3>&- & pids+=($!); done
  wait "${pids[@]}"
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/* | wc -l)" 1
  expect 0 ps -aq
  assert_equal "${#lines[@]}" 1
}

@test "restart: a running one anew, one that is over again, --running" {
  trapping r1
  before=$(engine inspect -f '{{.State.StartedAt}} {{.State.Pid}}' r1)
  expect 0 restart r1
  assert_output r1
  [ "$(engine inspect -f '{{.State.StartedAt}} {{.State.Pid}}' r1)" != "$before" ]
  assert_equal "$(state_of r1)" running
  expect 0 create --name r2 $BUSYBOX sleep 100
  pid=$(engine inspect -f '{{.State.Pid}}' r1)
  expect 0 restart --running --all -t 1
  assert_equal "$(state_of r2)" created
  [ "$(engine inspect -f '{{.State.Pid}}' r1)" != "$pid" ]
  expect 0 restart -t 0 --all
  assert_equal "$(state_of r1) $(state_of r2)" "running running"
  expect 125 restart absent
  expect_error 125 "must provide at least one" restart
}

@test "restart: one of --rm lives on; several, the good ones all the same" {
  expect 0 run -d --rm --name passing $BUSYBOX sleep 100
  local before
  before=$(engine inspect -f '{{.State.Pid}}' passing)
  expect 0 restart -t 0 passing
  assert_equal "$(state_of passing)" running
  [ "$(engine inspect -f '{{.State.Pid}}' passing)" != "$before" ]
  expect 0 stop -t 0 passing
  wait_until 10 is_gone passing
  creel_only "Podman 4.3 restarts none where one is not there"
  trapping r1
  expect 125 restart absent r1
  assert_output r1
}

@test "rename: by the new name only; a taken or bad one changes nothing" {
  expect 0 create --name old $BUSYBOX true
  expect 0 create --name other $BUSYBOX true
  id=$(engine inspect -f '{{.Id}}' old)
  expect 0 rename old new
  assert_output ""
  assert_equal "$(engine inspect -f '{{.Id}} {{.Name}}' new)" "$id new"
  expect 1 container exists old
  expect_error 125 "in use" rename new other
  expect_error 125 "names must match" rename new 'a b'
  expect_error 125 "absent" rename absent x
  assert_equal "$(engine inspect -f '{{.Name}}' "$id")" new
}

@test "wait --condition: created, running, paused, several; --exit-first-match" {
  creel_only "Podman 4.3 has fewer conditions, and no such flag"
  expect 0 create --name w1 $BUSYBOX sleep 1000
  expect 0 wait --condition created w1
  assert_output -1
  engine wait --condition running,exited -i 20ms w1 >"$BATS_TEST_TMPDIR/out" &
  waiting=$!
  expect 0 start w1
  wait $waiting
  assert_equal "$(cat "$BATS_TEST_TMPDIR/out")" -1
  expect 0 create --name w2 $BUSYBOX sh -c 'exit 7'
  expect 0 start w2
  expect 0 wait --exit-first-match -i 20ms --condition exited w1 w2
  assert_output 7
  expect_error 125 "unknown container state: nosuch" wait --condition nosuch w1
}

@test "ps --ns, --pod, --sync, --external" {
  expect 0 run -d --name n1 $BUSYBOX sleep 1000
  expect 0 ps --ns
  pid=$(engine inspect -f '{{.State.Pid}}' n1)
  assert_matches "$output" $'^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS\n[0-9a-f]{12} +n1 +'"$pid"' +[0-9]+ '
  expect 0 ps --pod --sync --external --noheading
  assert_contains "$output" n1
  creel_only "Podman's JSON has no numbers of namespaces"
  expect 0 ps --ns --format json
  assert_contains "$output" "$(readlink "/proc/$pid/ns/mnt" | tr -dc 0-9)"
}

@test "start and rm -f of one container at the same time: one or the other, nothing between" {
  creel_only "Podman takes a second for each of these commands"
  for round in $(seq 25); do
    expect 0 create --name contested $BUSYBOX sleep 1000
    id=$output
    $(engine_command) start contested >"$BATS_TEST_TMPDIR/started" 2>&1 &
    starter=$!
    sleep "0.0$((RANDOM % 4))"
    expect 0 rm -f -t 0 contested
    wait $starter || grep -q -E 'no such container|was removed|no container with' "$BATS_TEST_TMPDIR/started" || fail "$(cat "$BATS_TEST_TMPDIR/started")"
    # Where the start came second there was nothing left to start.
    expect 0 ps -aq
    assert_output ""
    wait_until 10 test ! -e "$XDG_RUNTIME_DIR/creel/containers/$id"
  done
}
