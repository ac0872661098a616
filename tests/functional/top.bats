# top: the processes of a running container.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

running() {
  expect 0 run -d --name t --network none "$@" $BUSYBOX sh -c 'sleep 1000 & sleep 2000; true'
  _both() { [ "$(engine top t comm | grep -c sleep)" = 2 ]; }
  wait_until 10 _both
}
# Runs of blanks become one: columns are as wide as what is in them.
columns() { sed -E 's/ +/ /g; s/ $//' <<<"$output"; }

@test "top: who, which, since when, what" {
  running
  expect 0 top t
  assert_equal "$(columns | head -n 1)" "USER PID PPID %CPU ELAPSED TTY TIME COMMAND"
  assert_matches "$(columns)" $'\nroot 1 0 [0-9.]+ [0-9hms.]+ \\? [0-9ms.]+ sh -c sleep 1000 & sleep 2000; true\n'
  assert_matches "$(columns)" $'\nroot [0-9]+ 1 [0-9.]+ [0-9hms.]+ \\? [0-9ms.]+ sleep 1000(\n|$)'
  assert_equal "$(wc -l <<<"$output")" 4
}

@test "top: columns by name, by ps's codes, with commas or as words" {
  running
  expect 0 top t pid,ppid comm
  assert_equal "$(columns)" $'PID PPID COMMAND\n1 0 sh\n2 1 sleep\n3 1 sleep'
  expect 0 top t %p %P %c %U %G
  assert_equal "$(columns | head -n 2)" $'PID PPID COMMAND USER GROUP\n1 0 sh root root'
  expect 0 top t state seccomp nice pgid tty label
  assert_equal "$(columns | head -n 2)" $'STATE SECCOMP NI PGID TTY LABEL\nS filter 0 1 ? ?'
  expect 0 top t vsz rss time etime stime
  assert_matches "$(columns | sed -n 2p)" '^[0-9]+ [0-9]+ [0-9.ms]+ [0-9.hms]+ [0-9]{4}-[0-9]{2}-[0-9]{2} '
  expect 0 container top t pid
  assert_equal "$(columns | head -n 2)" $'PID\n1'
}

@test "top: capabilities" {
  running --cap-drop all --cap-add chown --cap-add kill
  expect 0 top t capeff capprm capbnd capinh capamb
  assert_equal "$(columns | sed -n 2p)" "CHOWN,KILL CHOWN,KILL CHOWN,KILL none none"
}

@test "top: the host's view" {
  running
  expect 0 top t hpid huser hgroup pid
  assert_equal "$(columns | head -n 1)" "HPID HUSER HGROUP PID"
  read -r hpid huser hgroup pid <<<"$(columns | sed -n 2p)"
  assert_equal "$pid $hpid" "1 $(engine inspect -f '{{.State.Pid}}' t)"
  # Podman looks for the names where it may not find them.
  assert_matches "$huser $hgroup" "^($(id -un)|$(id -u)) ($(id -gn)|$(id -g))$"
  is_podman || assert_equal "$huser $hgroup" "$(id -un) $(id -gn)"
}

@test "top: users of the container by its own names, also with IDs of its own" {
  for options in "--user 1:1" "--user 1:1 --userns keep-id"; do
    running $options
    expect 0 top t user group ruser rgroup
    assert_equal "$(columns | sed -n 2p)" "daemon daemon daemon daemon"
    clean_up
  done
  running --user 12345
  expect 0 top t user
  assert_equal "$(columns | sed -n 2p)" "12345"
}

@test "top: a terminal is named" {
  expect 0 run -d -t --name t --network none $BUSYBOX sleep 1000
  expect 0 top t tty comm
  assert_equal "$(columns)" $'TTY COMMAND\npts/0 sleep'
}

@test "top: what ps would be asked is asked of ps in the container" {
  running
  expect 0 top t -o pid,args
  assert_matches "$output" $'^PID +COMMAND\n +1 sh -c'
  refute_output_contains "ps -o"
  expect 0 top t aux
  assert_output_contains "sleep 1000"
}

@test "top: a process that tries to look like several is one line" {
  creel_only "Podman prints what it finds"
  expect 0 run -d --name t --network none $BUSYBOX sh -c $'sleep 1000\nroot 77 0'
  expect 0 top t args
  assert_equal "$(wc -l <<<"$output")" 3
}

@test "top: a container that shares the host's processes shows its own alone" {
  creel_only "Podman 4.3 shows the whole host's"
  expect 0 run -d --name t --network none --pid host $BUSYBOX sh -c 'sleep 1000 & sleep 2000; true'
  _both() { [ "$(engine top t comm | grep -c sleep)" = 2 ]; }
  wait_until 10 _both
  expect 0 top t comm
  assert_equal "$(columns | sort | uniq -c | sed -E 's/ +/ /g')" $' 1 COMMAND\n 1 sh\n 2 sleep'
}

@test "top: --latest, --list-descriptors, errors" {
  running
  expect 0 top --latest pid
  assert_equal "$(columns | head -n 2)" $'PID\n1'
  expect 0 top --list-descriptors
  assert_output_contains capeff
  expect_error 125 "you must provide the name or id of a running container" top
  expect_error 125 "no such container" top nosuch
  expect 0 stop -t 0 t
  expect_error 125 "top can only be used on running containers" top t
  expect_error 125 "top can only be used on running containers" top t aux
}
