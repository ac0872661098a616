# Health checks: the container's own monitor runs them.
load lib

setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

# health FIELD CONTAINER
health() { engine inspect -f "{{.State.Health.$1}}" "$2"; }
has_health() { [ "$(health Status "$2")" = "$1" ]; }
# checked NAME FLAGS…: one that is well as long as /good is there, checked when that is asked for.
checked() {
  local name=$1
  shift
  expect 0 run -d --name "$name" --network none --health-interval disable \
    --health-cmd 'echo seen; echo said >&2; test -e /good' "$@" $BUSYBOX sleep 1000
}

@test "healthcheck run: the exit code, and what is known afterwards" {
  checked web --health-retries 2
  assert_equal "$(health Status web)" starting
  expect 1 healthcheck run web
  assert_output unhealthy
  assert_equal "$(health Status web) $(health FailingStreak web)" "starting 1"
  expect 1 healthcheck run web
  assert_equal "$(health Status web) $(health FailingStreak web)" "unhealthy 2"
  expect 0 exec web touch /good
  expect 0 healthcheck run web
  assert_output ""
  assert_equal "$(health Status web) $(health FailingStreak web)" "healthy 0"
  expect 0 inspect -f '{{range .State.Health.Log}}{{.ExitCode}} {{printf "%q" .Output}} {{end}}' web
  assert_output '1 "seen\nsaid" 1 "seen\nsaid" 0 "seen\nsaid" '
}

@test "ps tells of health, and finds by it" {
  checked well
  checked ill --health-retries 1
  expect 0 run -d --name plain --network none $BUSYBOX sleep 1000
  expect 0 exec well touch /good
  expect 0 healthcheck run well
  expect 1 healthcheck run ill
  expect 0 ps --filter name=well --format '{{.Status}}'
  assert_matches "$output" '^Up .* \(healthy\)$'
  expect 0 ps --filter name=ill --format '{{.Status}}'
  assert_matches "$output" '\(unhealthy\)$'
  expect 0 ps --filter name=plain --format '{{.Status}}'
  refute_output_contains "("
  expect 0 ps --filter health=healthy --format '{{.Names}}'
  assert_output well
  expect 0 ps --filter health=unhealthy --format '{{.Names}}'
  assert_output ill
}

@test "a health check is kept as it was asked for" {
  expect 0 create --name kept --health-cmd 'true x' --health-interval 3s --health-timeout 2s --health-retries 4 \
    --health-start-period 5s --health-on-failure kill $BUSYBOX true
  expect 0 inspect -f '{{json .Config.Healthcheck.Test}} {{.Config.Healthcheck.Retries}} {{.Config.HealthcheckOnFailureAction}}' kept
  assert_output '["CMD-SHELL","true x"] 4 kill'
  expect 0 inspect -f '{{json .Config.Healthcheck.Interval}} {{json .Config.Healthcheck.Timeout}} {{json .Config.Healthcheck.StartPeriod}}' kept
  assert_output '3000000000 2000000000 5000000000'
  expect 0 create --name words --health-cmd '["test","-e","/x"]' $BUSYBOX true
  expect 0 inspect -f '{{json .Config.Healthcheck.Test}}' words
  assert_output '["CMD","test","-e","/x"]'
  expect 0 create --name never --no-healthcheck $BUSYBOX true
  expect 0 inspect -f '{{json .Config.Healthcheck.Test}}' never
  assert_output '["NONE"]'
}

@test "mistakes are named" {
  expect_error 125 "invalid healthcheck-interval" create --health-cmd true --health-interval often $BUSYBOX true
  expect_error 125 "healthcheck-retries must be greater than 0" create --health-cmd true --health-retries 0 $BUSYBOX true
  expect_error 125 "supported actions are none,kill,restart,stop" create --health-cmd true --health-on-failure pray $BUSYBOX true
  expect_error 125 "without a health check" create --health-on-failure kill $BUSYBOX true
  expect_error 125 "cannot specify both --no-healthcheck and --health-cmd" create --no-healthcheck --health-cmd true $BUSYBOX true
  is_podman || expect_error 125 "is not a directory" create --health-cmd true --health-log-destination /no/such $BUSYBOX true
  expect_error 125 "no such container" healthcheck run nobody
  expect 0 create --name resting --health-cmd true $BUSYBOX true
  expect_error 125 "is not running" healthcheck run resting
  expect 0 run -d --name simple --network none $BUSYBOX sleep 1000
  expect_error 125 "has no defined healthcheck" healthcheck run simple
}

@test "an unhealthy container is killed, or stopped, where that is wanted" {
  checked killed --health-retries 1 --health-on-failure kill
  expect 1 healthcheck run killed
  expect 0 wait killed
  assert_output 137
  checked stopped --health-retries 1 --health-on-failure stop --stop-timeout 0
  engine healthcheck run stopped || true
  expect 0 wait stopped
  assert_output 137
}

@test "a start after a stop begins with no verdict, and keeps the log" {
  checked again --health-retries 1
  expect 1 healthcheck run again
  expect 0 stop -t 0 again
  expect 0 start again
  assert_equal "$(health Status again)" starting
  # Podman 4 goes on counting.
  is_podman || assert_equal "$(health FailingStreak again)" 0
  expect 0 inspect -f '{{len .State.Health.Log}}' again
  assert_output 1
}

@test "health changes are events" {
  creel_only "Podman 4 tells what it was before"
  checked told
  expect 0 exec told touch /good
  expect 0 healthcheck run told
  expect 0 events --since 1m --stream=false --filter container=told --filter event=health_status
  assert_contains "$output" "health_status=healthy"
}

@test "the monitor checks by itself, and wait sees it" {
  creel_only "Podman wants systemd for that"
  expect 0 run -d --name clock --network none --health-interval 100ms --health-retries 2 --health-cmd 'test -e /good' $BUSYBOX sleep 1000
  expect 0 wait --condition unhealthy clock
  expect 0 exec clock touch /good
  expect 0 wait --condition healthy clock
  expect 0 ps --format '{{.Status}}'
  assert_matches "$output" '\(healthy\)$'
  expect 0 stop -t 0 clock
}

@test "a check that takes too long is ended, with all that it has started" {
  creel_only "Podman 4 lets it run"
  expect 0 run -d --init --name slow --network none --health-interval disable --health-timeout 200ms --health-retries 1 \
    --health-cmd 'echo begun; sleep 987 & sleep 987' $BUSYBOX sleep 1000
  expect 1 healthcheck run slow
  expect 0 inspect -f '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}' slow
  assert_contains "$output" "-1 begun"
  assert_output_contains "exceeded timeout of 0.2s"
  _no_sleeper() { ! engine top slow args | grep -q 'sleep 987'; }
  wait_until 5 _no_sleeper
}

@test "nothing of a check is left: no process, no zombie, and a stop is not held up" {
  creel_only "Podman wants systemd for that"
  expect 0 run -d --name busy --network none --health-interval 1ms --health-cmd 'sleep 986' $BUSYBOX sleep 1000
  local monitor
  monitor=$(engine inspect -f '{{.State.ConmonPid}}' busy)
  _checking() { engine top busy args | grep -q 'sleep 986'; }
  wait_until 10 _checking
  expect 0 stop -t 0 busy
  pid_gone "$monitor"
  run pgrep -f 'sleep 986'
  assert_equal "$status" 1
}

@test "a check that leaves somebody behind who writes without end has ended all the same" {
  expect 0 run -d --name web --network none --health-interval disable \
    --health-cmd 'yes & echo $! >/yes; exit 0' $BUSYBOX sleep 1000
  expect 0 healthcheck run web
  assert_equal "$(health Status web)" healthy
  expect 0 exec web sh -c 'kill $(cat /yes)'
}

@test "failures in the start period do not count; the first success ends the wait" {
  creel_only "Podman wants systemd for that"
  expect 0 run -d --name slowly --network none --health-interval 1h --health-start-interval 50ms --health-start-period 1h --health-retries 1 \
    --health-cmd 'echo once >>/tries; test "$(wc -l </tries)" -gt 3' $BUSYBOX sleep 1000
  expect 0 wait --condition healthy slowly
  assert_equal "$(health FailingStreak slowly)" 0
  expect 0 inspect -f '{{len .State.Health.Log}}' slowly
  assert_output 4
}

@test "a start-up check goes before the other" {
  creel_only "Podman has it from version 4.4 on, and by systemd"
  expect 0 run -d --name phases --network none --health-interval 50ms --health-startup-interval 50ms --health-startup-success 2 \
    --health-startup-cmd 'echo startup; test -e /up' --health-cmd 'echo regular' $BUSYBOX sleep 1000
  _tried() { engine inspect -f '{{range .State.Health.Log}}{{.Output}} {{end}}' phases | grep -q "startup startup"; }
  wait_until 10 _tried
  assert_equal "$(health Status phases)" starting
  expect 0 exec phases touch /up
  expect 0 wait --condition healthy phases
  expect 0 inspect -f '{{json .Config.StartupHealthCheck.Successes}}' phases
  assert_output 2
}

@test "an unhealthy container is restarted, and a start-up check that never succeeds restarts too" {
  creel_only "Podman wants systemd for that"
  expect 0 run -d --name phoenix --network none --health-interval 50ms --health-retries 1 --health-on-failure restart --stop-timeout 0 \
    --health-cmd 'test ! -e /dev/shm/ill' $BUSYBOX sleep 1000
  local before
  before=$(engine inspect -f '{{.State.Pid}}' phoenix)
  expect 0 wait --condition healthy phoenix
  expect 0 exec phoenix touch /dev/shm/ill
  _other() { local now; now=$(engine inspect -f '{{.State.Pid}}' phoenix); [ "$now" != 0 ] && [ "$now" != "$before" ]; }
  wait_until 10 _other
  expect 0 wait --condition healthy phoenix
  expect 0 inspect -f '{{.RestartCount}}' phoenix
  assert_output 0
  expect 0 run -d --name stillborn --network none --health-interval 50ms --stop-timeout 0 --health-startup-interval 50ms \
    --health-startup-retries 2 --health-startup-cmd false --health-cmd true $BUSYBOX sleep 1000
  before=$(engine inspect -f '{{.State.Pid}}' stillborn)
  _reborn() { local now; now=$(engine inspect -f '{{.State.Pid}}' stillborn); [ "$now" != 0 ] && [ "$now" != "$before" ]; }
  wait_until 10 _reborn
}

@test "what is kept of checks is bounded, and goes where it is wanted" {
  creel_only "Podman has these from version 5 on"
  mkdir -p "$WORK/logs"
  checked bounded --health-max-log-count 2 --health-max-log-size 3 --health-log-destination "$WORK/logs"
  for _ in 1 2 3; do expect 1 healthcheck run bounded; done
  expect 0 inspect -f '{{range .State.Health.Log}}{{.Output}} {{end}}' bounded
  assert_output "see see "
  local id
  id=$(engine inspect -f '{{.Id}}' bounded)
  run python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d["Status"], d["FailingStreak"], len(d["Log"]))' "$WORK/logs/$id-healthcheck.log"
  assert_output "unhealthy 3 2"
}

@test "a command that is not there is a failure that says so" {
  expect 0 run -d --name lost --network none --health-interval disable --health-cmd '["/no/such/program","x"]' $BUSYBOX sleep 1000
  creel_only "Podman tells it by an exit code of its own"
  expect 1 healthcheck run lost
  expect 0 inspect -f '{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}' lost
  assert_matches "$output" '^127 .*/no/such/program'
}

@test "the image's own check is used" {
  creel_only "Podman's commit takes no HEALTHCHECK in the OCI format"
  expect 0 create --name source $BUSYBOX true
  expect 0 export -o "$WORK/layer.tar" source
  "$SESSION/scripts/oci-archive" "$WORK/checked.tar" localhost/checked:1 \
    '{"Healthcheck":{"Test":["CMD-SHELL","test -e /good"],"Interval":7000000000,"Retries":2}}' "$WORK/layer.tar"
  expect 0 load -q -i "$WORK/checked.tar"
  expect 0 run -d --name imaged --network none --health-interval disable localhost/checked:1 sleep 1000
  expect 0 inspect -f '{{json .Config.Healthcheck.Test}} {{.Config.Healthcheck.Retries}}' imaged
  assert_output '["CMD-SHELL","test -e /good"] 2'
  expect 1 healthcheck run imaged
  expect 0 run -d --name unchecked --network none --no-healthcheck localhost/checked:1 sleep 1000
  expect_error 125 "has no defined healthcheck" healthcheck run unchecked
  expect 0 rm -f -t 0 -a
  expect 0 rmi localhost/checked:1
}

@test "a container that stands still is not checked" {
  creel_only "Podman wants systemd for that"
  expect 0 run -d --name frozen --network none --health-interval 20ms --health-cmd true $BUSYBOX sleep 1000
  expect 0 wait --condition healthy frozen
  run engine pause frozen
  [ "$status" -eq 0 ] || skip "pausing needs cgroup v2"
  expect_error 125 "is not running" healthcheck run frozen
  expect 0 unpause frozen
  expect 0 healthcheck run frozen
}
