# update: health check, restart policy, environment and ulimits of a container that is there already. (Limits: limits.bats.)
load lib
creel_only_file "Podman has these flags of update from version 5 on"
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

health_of() { engine inspect -f '{{with .State.Health}}{{.Status}}{{end}}' "$1"; }
has_health() { [ "$(health_of "$2")" = "$1" ]; }
has_state() { [ "$(state_of "$2")" = "$1" ]; }
has_restarts() { [ "$(engine inspect -f '{{.RestartCount}}' "$2")" -ge "$1" ]; }

@test "update --restart: a running container's policy is the new one at its next end" {
  expect 0 run -d --name pliant --network none $BUSYBOX sh -c 'trap "exit 4" USR1; echo ready; while :; do sleep 0.05; done'
  wait_for_log pliant ready
  expect 0 update --restart on-failure:5 pliant
  assert_equal "$(engine inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' pliant)" "on-failure 5"
  engine kill -s USR1 pliant >/dev/null
  wait_until 20 has_restarts 1 pliant
  wait_until 20 has_state running pliant
  expect 0 update --restart no pliant
  wait_until 20 bash -c "[ \"\$($(engine_command) logs pliant | grep -c ready)\" -ge 2 ]"
  engine kill -s USR1 pliant >/dev/null
  expect 0 wait pliant
  assert_output 4
  assert_equal "$(state_of pliant)" exited
}

@test "update --restart: one that waits for its next start is left alone" {
  expect 0 run -d --name failing --network none --restart always $BUSYBOX false
  wait_until 30 has_restarts 3 failing
  expect 0 update --restart no failing
  wait_until 30 has_state exited failing
}

@test "update --health-*: a check, another check, none" {
  expect 0 run -d --name checked --network none $BUSYBOX sleep 1000
  assert_equal "$(health_of checked)" ""
  expect 0 update --health-cmd 'test -e /tmp/well' --health-interval 100ms --health-retries 2 checked
  wait_until 20 has_health unhealthy checked
  expect 0 update --health-cmd true checked
  wait_until 20 has_health healthy checked
  assert_equal "$(engine inspect -f '{{json .Config.Healthcheck.Interval}}' checked)" 100000000
  expect 0 ps --filter health=healthy --format '{{.Names}} {{.Status}}'
  assert_contains "$output" "(healthy)"
  expect 0 update --no-healthcheck checked
  assert_equal "$(health_of checked)" ""
  expect 0 ps --format '{{.Status}}'
  ! [[ $output == *health* ]] || fail "$output"
  # And at the next start.
  expect 0 update --health-cmd true --health-interval 100ms checked
  expect 0 restart -t 0 checked
  wait_until 20 has_health healthy checked
}

@test "update --env, --unsetenv, --ulimit: of later processes" {
  expect 0 run -d --name dressed --network none -e GONE=1 -e KEPT=1 $BUSYBOX sleep 1000
  expect 0 update --env NEW=new --env KEPT=2 --unsetenv GONE --ulimit nofile=77:88 dressed
  expect 0 exec dressed sh -c 'echo "$NEW $KEPT ${GONE-none}"'
  assert_output "new 2 none"
  expect 0 restart -t 0 dressed
  expect 0 exec dressed sh -c 'tr "\0" "\n" </proc/1/environ | grep -E "^(NEW|KEPT|GONE)=" | sort; ulimit -n'
  assert_output $'KEPT=2\nNEW=new\n77'
}

@test "update: what is refused changes nothing" {
  expect 0 create --name same --restart always --health-cmd true $BUSYBOX true
  local before
  before=$(engine inspect same)
  expect_error 125 "is not a valid restart policy" update --restart sometimes --env A=b same
  expect_error 125 "healthcheck-interval" update --health-interval soon --restart no same
  expect_error 125 "invalid ulimit type" update --ulimit nothing=1 --env A=b same
  expect_error 125 "invalid environment variable" update --env =b --restart no same
  assert_equal "$(engine inspect same)" "$before"
  expect 0 run -d --rm --name fleeting --network none $BUSYBOX sleep 1000
  expect_error 125 "is removed when it ends" update --restart always fleeting
  expect_error 125 "no container with name or ID \"nosuch\" found" update --restart no nosuch
}
