# Containers that another OCI runtime runs: --runtime NAME, --runtime /PATH, [engine] runtime and [engine.runtimes] of
# containers.conf. What a runtime does is its own affair; that the engine's part is right is tested with all that are there.
load lib
setup_file() {
  busybox_store
  RUNTIMES=
  for runtime in creel-runtime crun runc; do
    if is_podman && [ $runtime = creel-runtime ]; then continue; fi
    if PATH=$PATH:/usr/sbin:/sbin command -v $runtime >/dev/null; then RUNTIMES+=" $runtime"; fi
  done
  [ -n "$RUNTIMES" ] || fail "none of creel-runtime, crun, runc is installed"
  export RUNTIMES
}
teardown_file() { close_store; }
teardown() { clean_up; }

# each COMMAND...: with $runtime set to every one of them.
each() {
  for runtime in $RUNTIMES; do
    "$@" || fail "with $runtime"
    clean_up
  done
}
# The engine's arguments for it.
with() { expect "$1" --runtime "$runtime" "${@:2}"; }
with_error() { expect_error "$1" "$2" --runtime "$runtime" "${@:3}"; }

streams_and_codes() {
  with 3 run --rm $BUSYBOX sh -c 'echo out; echo err >&2; exit 3'
  assert_output out
  assert_equal "$stderr" err
  run --separate-stderr bash -c "printf 'over\n' | $(engine_command) --runtime $runtime run --rm -i $BUSYBOX cat"
  assert_output over
}
@test "run: streams and exit codes" { each streams_and_codes; }

root_directory() {
  mkdir -p "$BATS_TEST_TMPDIR/root/bin"
  cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/bin/"
  with 0 run --rm --network none --rootfs "$BATS_TEST_TMPDIR/root" /bin/busybox echo from a directory
  assert_output 'from a directory'
}
@test "run --rootfs" { each root_directory; }

absent_commands() {
  with 127 run --rm $BUSYBOX no-such-command
  assert_contains "$stderr" "no-such-command"
  with 126 run --rm $BUSYBOX /etc/passwd
  expect 0 ps -aq
  assert_output ""
}
@test "run: 127 and 126, and nothing is left" { each absent_commands; }

who_and_where() {
  with 0 run --rm -u www-data -w /made/here -e KEY=value -h box --add-host peer:10.1.2.3 $BUSYBOX \
    sh -c 'id -u; id -g; pwd; echo $KEY; hostname; grep peer /etc/hosts | cut -f 1; umask'
  assert_output $'33\n33\n/made/here\nvalue\nbox\n10.1.2.3\n0022'
  with 125 run --rm -u nobody-of-that-name $BUSYBOX true
  assert_contains "$stderr" "nobody-of-that-name"
}
@test "run: user by name, directory, environment, host name, hosts" { each who_and_where; }

confined() {
  with 0 run --rm $BUSYBOX grep -E '^(CapBnd|Seccomp):' /proc/self/status
  here=$output
  expect 0 run --rm $BUSYBOX grep -E '^(CapBnd|Seccomp):' /proc/self/status
  assert_equal "$here" "$output"
  with 0 run --rm --cap-drop ALL --security-opt seccomp=unconfined $BUSYBOX grep -E '^(CapBnd|Seccomp):' /proc/self/status
  assert_matches "$output" $'CapBnd:\t0+\nSeccomp:\t0'
}
@test "run: capabilities and the default seccomp policy are the engine's" { each confined; }

read_only_root() {
  with 0 run --rm --read-only --tmpfs /scratch:size=1m $BUSYBOX sh -c 'touch /scratch/x && ! touch /x'
  with 0 run --rm $BUSYBOX sh -c 'for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo $d; done; [ -d /dev/pts ] && [ -d /dev/shm ]'
  assert_output ""
}
@test "run: read-only root, tmpfs, default devices" { each read_only_root; }

volumes() {
  mkdir -p "$BATS_TEST_TMPDIR/$runtime"
  echo host >"$BATS_TEST_TMPDIR/$runtime/file"
  with 0 run --rm -v "$BATS_TEST_TMPDIR/$runtime:/data" $BUSYBOX sh -c 'cat /data/file; echo container >/data/new'
  assert_output host
  assert_equal "$(cat "$BATS_TEST_TMPDIR/$runtime/new")" container
  with 0 run --rm -v "$BATS_TEST_TMPDIR/$runtime:/data:ro" $BUSYBOX sh -c '! touch /data/x'
  # A new named volume begins with what the image has there.
  with 0 run --rm -v "vol-$runtime:/etc" $BUSYBOX test -s /etc/passwd
  with 0 run --rm -v "own-$runtime:/mine:U" -u 12:34 $BUSYBOX sh -c 'touch /mine/x && stat -c %u:%g /mine'
  assert_output 12:34
}
@test "run: bind mounts, volumes filled from the image, :U" { each volumes; }

init_reaps() {
  needs_init
  with 0 run --rm --init $BUSYBOX sh -c 'echo $$; cat /proc/1/comm'
  [ "${lines[0]}" != 1 ]
  assert_matches "${lines[1]}" 'init|catatonit'
}
@test "run --init" { each init_reaps; }

keep_id() {
  # The reference's storage of Debian 12 wants idmapped mounts for this, or copies.
  with 0 run --rm --userns keep-id $BUSYBOX sh -c 'id -u; touch /tmp/x; stat -c %u /tmp/x /etc/passwd'
  assert_output "$(id -u)"$'\n'"$(id -u)"$'\n0'
  mkdir -p "$BATS_TEST_TMPDIR/$runtime"
  with 0 run --rm --userns keep-id -v "$BATS_TEST_TMPDIR/$runtime:/data" $BUSYBOX touch /data/mine
  assert_equal "$(stat -c %u "$BATS_TEST_TMPDIR/$runtime/mine")" "$(id -u)"
}
@test "run --userns keep-id: the files are the user's own, inside and outside" {
  each keep_id
}

its_life() {
  with 0 run -d --name c $BUSYBOX sh -c 'echo begun; trap "echo bye; exit 7" TERM; while :; do sleep 0.05; done'
  wait_for_log c begun
  assert_equal "$(state_of c)" running
  expect 0 stop -t 20 c
  assert_equal "$(engine inspect -f '{{.State.Status}} {{.State.ExitCode}}' c)" "exited 7"
  expect 0 logs c
  assert_output $'begun\nbye'
  # The choice is the container's: nobody says it again.
  expect 0 start c
  assert_equal "$(engine inspect -f '{{.OCIRuntime}}' c)" "$runtime"
  expect 0 kill c
  expect 137 wait c || expect 0 wait c
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' c)" 137
  expect 0 rm c
}
@test "run -d, logs, stop, start, kill, rm" { each its_life; }

nothing_left() {
  with 0 run -d --name c $BUSYBOX sleep 1000
  pid=$(engine inspect -f '{{.State.Pid}}' c)
  with 0 rm -f -t 0 c
  pid_gone "$pid" || fail "process $pid is left"
  with 0 run --rm $BUSYBOX true
  # crun from 1.10 on keeps compiled seccomp profiles for the next container.
  left() { find "$XDG_RUNTIME_DIR/creel/containers" "$XDG_RUNTIME_DIR/creel/oci" -mindepth 1 ! -path '*/oci/.cache*'; }
  gone() { [ -z "$(left)" ]; }
  wait_until 10 gone || fail "left: $(left)"
}
@test "rm: nothing is left of it, not in the runtime's own records either" {
  each nothing_left
}

executes() {
  with 0 run -d --name c -e FROM_RUN=1 -w /var $BUSYBOX sleep 1000
  expect 4 exec -e A=b c sh -c 'echo $FROM_RUN $A; pwd; echo err >&2; exit 4'
  assert_output $'1 b\n/var'
  assert_equal "$stderr" err
  expect 0 exec -u www-data c id -u
  assert_output 33
  run -0 bash -c "printf 'over\n' | $(engine_command) exec -i c cat"
  assert_output over
  expect 127 exec c no-such-command
  expect 126 exec c /etc/passwd
  expect 0 exec -d c sh -c 'touch /tmp/done'
  wait_until 10 engine exec c test -e /tmp/done
  expect 137 exec c sh -c 'kill -9 $$'
}
@test "exec: streams, environment, user, exit codes, -d" { each executes; }

terminals() {
  ./terminal.py --size 33x101 'expect:# ' 'send:stty size\r' 'expect:33 101' 'send:[ -t 0 ] && tty && ls /dev/console\r' \
    'expect:/dev/pts/0.*/dev/console' 'send:exit 3\r' 'exit:3' sane -- \
    $(engine_command) --runtime "$runtime" run --rm -it $BUSYBOX
  with 0 run -d --name c $BUSYBOX sleep 1000
  ./terminal.py 'expect:# ' 'send:[ -t 0 ] && echo on-"a"-terminal\r' 'expect:on-a-terminal' 'send:exit 5\r' 'exit:5' sane -- \
    $(engine_command) exec -it c sh
  ./terminal.py 'expect:# ' 'type:\x10\x11' 'exit:0' sane -- $(engine_command) --runtime "$runtime" run -it --name det $BUSYBOX
  assert_equal "$(state_of det)" running
}
@test "run -it, exec -it, detach: the terminal is the container's own" { each terminals; }

publishes() {
  port=$(free_port)
  with 0 run -d --name web -p "127.0.0.1:$port:80" $BUSYBOX sh -c 'echo served >/index.html; httpd -f -p 80 -h /'
  served() { [ "$(curl -s "127.0.0.1:$port/index.html")" = served ]; }
  wait_until 20 served
  with 0 run --rm --network container:web $BUSYBOX wget -q -O - 127.0.0.1/index.html
  assert_output served
}
@test "run -p, --network container:" { each publishes; }

killed_monitor() {
  with 0 run -d --name c $BUSYBOX sleep 1000
  pid=$(engine inspect -f '{{.State.Pid}}' c)
  monitor=$(ps -o ppid= -p "$pid" | tr -d ' ')
  assert_equal "$(ps -o comm= -p "$monitor")" creel-monitor
  kill -9 "$monitor"
  expect 0 stop -t 0 c
  wait_until 10 pid_gone "$pid"
  expect 0 start c
  expect 0 exec c true
  expect 0 rm -f -t 0 c
}
@test "kill -9 of the monitor: the container can be stopped, and starts again" {
  each killed_monitor
}

@test "by path; from containers.conf; from the environment" {
  for runtime in $RUNTIMES; do
    path=$(PATH=$PATH:/usr/sbin:/sbin command -v "$runtime")
    break
  done
  expect 0 --runtime "$path" run -d --name by-path $BUSYBOX sleep 1000
  assert_equal "$(engine inspect -f '{{.OCIRuntime}}' by-path)" "$path"
  cat >"$BATS_TEST_TMPDIR/conf" <<END
[engine]
runtime = "mine"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
mine = ["/no/such/program", "$path"]
END
  export CONTAINERS_CONF=$BATS_TEST_TMPDIR/conf
  expect 0 run -d --name by-name $BUSYBOX sleep 1000
  assert_equal "$(engine inspect -f '{{.OCIRuntime}}' by-name)" mine
  expect 0 info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
  assert_output "mine $path"
}

@test "containers.conf: the user's file, drop-ins, and what a flag overrides" {
  creel_only "Podman here has a file of its own"
  mkdir -p "$HOME/.config/containers/containers.conf.d"
  echo '[engine]
runtime = "no-such-runtime"' >"$HOME/.config/containers/containers.conf"
  expect_error 125 no-such-runtime run --rm $BUSYBOX true
  echo '[engine]
runtime = "creel"
[containers]
log_driver = "json-file"
default_ulimits = ["nofile=300:400"]' >"$HOME/.config/containers/containers.conf.d/10.conf"
  expect 0 run --name c $BUSYBOX sh -c 'ulimit -Sn; ulimit -Hn'
  assert_output $'300\n400'
  assert_equal "$(engine inspect -f '{{.OCIRuntime}} {{.HostConfig.LogConfig.Type}}' c)" "creel json-file"
  expect 0 run --rm --ulimit nofile=500 $BUSYBOX sh -c 'ulimit -Sn'
  assert_output 500
  echo 'runtime = ' >"$HOME/.config/containers/containers.conf.d/20.conf"
  expect_error 125 "20.conf: line 1" run --rm $BUSYBOX true
  rm -r "$HOME/.config/containers"
}

@test "a runtime that is not there: the error says where it was looked for, and nothing is left" {
  expect_error 125 'no-such-runtime' --runtime no-such-runtime run --rm $BUSYBOX true
  creel_only "Podman's error does not say where it has looked"
  assert_contains "$stderr" '$PATH'
  expect_error 125 '/no/such/runtime' --runtime /no/such/runtime run --rm $BUSYBOX true
  expect_error 125 '/etc/passwd' --runtime /etc/passwd run --rm $BUSYBOX true
  expect 0 ps -aq
  assert_output ""
}

@test "a runtime that fails, or ends without having made anything: its words are the error" {
  creel_only "Podman gives its runtime no log to write to"
  cat >"$BATS_TEST_TMPDIR/broken" <<'END'
#!/bin/sh
while [ $# -gt 0 ]; do
  if [ "$1" = --log ]; then log=$2; fi
  shift
done
echo '{"level":"error","msg":"the reason of this runtime"}' >"$log"
exit 1
END
  printf '#!/bin/sh\nexit 0\n' >"$BATS_TEST_TMPDIR/idle"
  chmod +x "$BATS_TEST_TMPDIR/broken" "$BATS_TEST_TMPDIR/idle"
  expect_error 125 "broken: the reason of this runtime" --runtime "$BATS_TEST_TMPDIR/broken" run --rm $BUSYBOX true
  expect_error 125 "" --runtime "$BATS_TEST_TMPDIR/idle" run --rm $BUSYBOX true
  expect 0 ps -aq
  assert_output ""
}

# What is in a virtual machine cannot be reached but by its runtime.
@test "stop and kill go through the runtime; --runtime-flag is passed on" {
  for runtime in $RUNTIMES; do real=$(PATH=$PATH:/usr/sbin:/sbin command -v "$runtime"); done
  cat >"$BATS_TEST_TMPDIR/noted" <<END
#!/bin/sh
echo "\$*" >>$BATS_TEST_TMPDIR/calls
case \$1 in --noted) shift ;; esac
exec $real "\$@"
END
  chmod +x "$BATS_TEST_TMPDIR/noted"
  expect 0 --runtime "$BATS_TEST_TMPDIR/noted" --runtime-flag noted run -d --name c $BUSYBOX \
    sh -c 'trap "exit 0" TERM; touch /ready; while :; do sleep 0.05; done'
  wait_until 10 engine exec c test -e /ready
  expect 0 stop -t 20 c
  calls=$(cat "$BATS_TEST_TMPDIR/calls")
  assert_matches "$calls" '^--noted (.* )?create '
  assert_matches "$calls" 'kill [0-9a-f]{64} 15'
  assert_matches "$calls" 'delete --force [0-9a-f]{64}'
}

exec_error_once() {
  with 0 run -d --name c --network none $BUSYBOX sleep 1000
  with_error 127 "no-such-program" exec c no-such-program
  assert_equal "$(grep -c no-such-program <<<"$stderr")" 1
  # What the command itself says comes through.
  with 0 exec c sh -c 'echo out; echo err >&2'
  assert_equal "$output $stderr" "out err"
}
@test "exec: an error is shown once" {
  each exec_error_once
}

passes_descriptors() {
  run -0 --separate-stderr bash -c "exec 3<<<three 4<<<four 5<&4
    $(engine_command) --runtime $runtime run --rm --network none --preserve-fds 2 $BUSYBOX sh -c 'cat <&3; cat <&4; cat <&5 2>/dev/null || echo closed'"
  assert_output $'three\nfour\nclosed'
  with 0 run -d --name c --network none $BUSYBOX sleep 1000
  run -0 --separate-stderr bash -c "exec 3<<<three 4<<<four; $(engine_command) exec --preserve-fds 2 c sh -c 'cat <&3; cat <&4'"
  assert_output $'three\nfour'
}
@test "run and exec --preserve-fds" { each passes_descriptors; }

checked_and_restarted() {
  with 0 run -d --name checked --network none --health-interval disable --health-retries 1 --health-cmd 'echo seen; test -e /good' $BUSYBOX sleep 1000
  expect 1 healthcheck run checked
  expect 0 exec checked touch /good
  expect 0 healthcheck run checked
  expect 0 inspect -f '{{.State.Health.Status}} {{range .State.Health.Log}}{{.ExitCode}} {{.Output}} {{end}}' checked
  assert_output "healthy 1 seen 0 seen "
  with 0 run -d --name tried --network none --restart on-failure:1 $BUSYBOX sh -c 'echo once; exit 3'
  expect 0 wait tried
  assert_output 3
  expect 0 logs tried
  assert_output $'once\nonce'
}
@test "health checks, restart policies" { each checked_and_restarted; }
