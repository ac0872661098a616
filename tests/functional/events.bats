# events
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# What happened to NAME, in one line. No name here is a prefix that an ID could have: the filter takes those as well.
told() { engine events --stream=false --since 1h --filter container="$1" --format '{{.Status}}' | tr '\n' ' '; }

@test "events: the life of a container, in order" {
  expect 0 create --name one --label k=v $BUSYBOX sh -c 'exit 3'
  id=$output
  expect 3 start -a one
  expect 0 rm one
  assert_matches "$(told one)" 'create .*init .*start .*died .*remove '
  expect 0 events --stream=false --since 1h --filter container=one --filter event=create
  assert_matches "$output" "^[0-9-]+ [0-9:.]+ [^ ]+ [^ ]+ container create $id \\(image=$BUSYBOX, name=one,.* k=v.*\\)\$"
  expect 0 events --stream=false --since 1h --filter container=one --filter event=died --format '{{.ContainerExitCode}} {{.Type}} {{.Name}}'
  assert_output "3 container one"
}

@test "events: filters" {
  expect 0 run --rm --name first --label one=1 $BUSYBOX true
  expect 0 run --rm --name last $BUSYBOX true
  expect 0 volume create evented
  n() { engine events --stream=false --since 1h --filter event=create --format '{{.Name}}' "$@" | sort | tr '\n' ' '; }
  assert_equal "$(n --filter container=first --filter container=last)" "first last "
  assert_equal "$(n --filter label=one=1)" "first "
  assert_equal "$(n --filter type=volume)" "evented "
  assert_equal "$(n --until 2000-01-01)" ""
  creel_only "Podman 4.3 finds no volume by its name, and refuses no unknown filter"
  assert_equal "$(n --filter volume=evented)" "evented "
  expect_error 125 "nosuch is an invalid filter" events --stream=false --filter nosuch=1
}

@test "events: what else is done to a container" {
  creel_only "Podman tells of cleanup, too, and of no stop by restart"
  expect 0 run -d --name life $BUSYBOX sleep 1000
  expect 0 exec life true
  expect 0 kill -s WINCH life
  expect 0 restart -t 0 life
  expect 0 rename life moved
  expect 0 stop -t 0 moved
  expect 0 rm moved
  # From the renaming on, the monitor tells of it by its new name.
  assert_equal "$(told life)" "create init start exec exec_died kill died stop init start restart "
  assert_equal "$(told moved)" "rename died stop remove "
  expect 0 run -d --name coded $BUSYBOX sleep 1000
  expect 7 exec coded sh -c 'exit 7'
  expect 0 events --stream=false --since 1h --filter container=coded --filter event=exec_died --format '{{.ContainerExitCode}}'
  assert_output 7
}

@test "events: a stream, from now on" {
  expect 0 run --rm --name before $BUSYBOX true
  $(engine_command) events --filter event=create --format "{{.Name}}" >"$BATS_TEST_TMPDIR/out" &
  follower=$!
  # It follows as soon as anything that happens is seen.
  seen() { engine create --rm --name "probe$RANDOM$RANDOM" $BUSYBOX true >/dev/null; grep -q probe "$BATS_TEST_TMPDIR/out"; }
  wait_until 20 seen
  expect 0 create --name after $BUSYBOX true
  wait_until 20 grep -q '^after$' "$BATS_TEST_TMPDIR/out"
  kill $follower
  run ! grep -q before "$BATS_TEST_TMPDIR/out"
}

@test "events --until: in the future, it ends by itself" {
  run -0 timeout 20 $(engine_command) events --since 1h --until "$(date -d '+1 second' +%Y-%m-%dT%H:%M:%S%:z)"
}

@test "events --format json: an object per line" {
  expect 5 run --name j --label k=v $BUSYBOX sh -c 'exit 5'
  expect 0 events --stream=false --since 1h --filter container=j --filter event=died --format json
  assert_equal "$(python3 -c '
import json, sys
e = json.loads(sys.stdin.read())
print(e["Name"], e["Status"], e["Type"], e["ContainerExitCode"], e["Attributes"]["k"])' <<<"$output")" "j died container 5 v"
  creel_only "Podman has timeNano from version 5 on"
  assert_contains "$output" '"timeNano":'
}

@test "events: the log is bounded" {
  creel_only "looks into Creel's log of events"
  log=$XDG_RUNTIME_DIR/creel/events/log
  expect 0 run --rm $BUSYBOX true
  head -c 1100000 /dev/zero | tr '\0' '\n' >>"$log"
  expect 0 run --rm --name over $BUSYBOX true
  [ -e "$log.1" ]
  [ "$(stat -c %s "$log")" -lt 100000 ]
  # What came before is still told.
  expect 0 events --stream=false --since 1h --filter container=over --filter event=create --format '{{.Name}}'
  assert_output over
  assert_equal "$(stat -c %a "$log")" 600
}
