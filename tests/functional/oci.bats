# The runtime's command line (creel-runtime), from bundles: what Podman, containerd and CRI-O do with it. Runs as an ordinary
# user and, as oci-as-root.bats, as root. RUNTIME=crun or runc runs them with those.
load lib
load bundle
teardown() { remove_containers; }

creel_runtime_only() { is_creel_runtime || skip "${1:-of creel-runtime alone}"; }

@test "runtime run: the command's output, its stdin and its exit code" {
  dir=$(command_bundle hello 'read word; echo "got $word"; id -u; hostname; exit 7' '.hostname = "inside"')
  run -7 --separate-stderr runtime run --bundle "$dir" hello <<<"a word"
  assert_output $'got a word\n0\ninside'
  assert_equal "$stderr" ""
  # Nothing of it is left.
  expect_runtime 0 list -q
  assert_output ""
}

@test "runtime run: a signal ends it with 128 and its number, and reaches it through the runtime" {
  dir=$(command_bundle waiting 'trap "echo caught; exit 3" TERM; echo ready; while :; do sleep 0.1; done')
  command "$RUNTIME" --root "$STATE" run --bundle "$dir" waiting >"$WORK/waiting.out" 2>&1 3>&- &
  pid=$!
  wait_until 20 grep -q ready "$WORK/waiting.out"
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  assert_equal $code 3
  assert_contains "$(cat "$WORK/waiting.out")" caught
  dir=$(command_bundle killed 'kill -9 $$; sleep 10' 'del(.linux.namespaces[] | select(.type == "pid")) | del(.mounts[] | select(.type == "proc"))')
  creel_runtime_only "crun and runc want /proc"
  expect_runtime 137 run --bundle "$dir" killed
}

@test "runtime create, state, start, delete: each in a process of its own" {
  dir=$(command_bundle life 'echo began >/mark; sleep 1000' '.annotations = {"org.example.key": "value"}')
  expect_runtime 0 create --bundle "$dir" --pid-file "$WORK/life.pid" life
  assert_output ""
  expect_runtime 0 state life
  assert_equal "$(jq -r '.status, .id, .bundle, .annotations["org.example.key"]' <<<"$output")" $'created\nlife\n'"$dir"$'\nvalue'
  assert_equal "$(jq -r .pid <<<"$output")" "$(cat "$WORK/life.pid")"
  [ ! -e "$dir/rootfs/mark" ] || fail "the command ran before start"
  expect_runtime 0 start life
  wait_until 20 test -e "$dir/rootfs/mark"
  has_status life running || fail "not running"
  # Not twice.
  expect_runtime '[1-9]*' start life
  # Nor deleted while it runs.
  expect_runtime '[1-9]*' delete life
  has_status life running || fail "no longer running"
  expect_runtime 0 kill life KILL
  wait_until 20 has_status life stopped
  expect_runtime 0 delete life
  expect_runtime 1 state life
  assert_contains "$stderr" "does not exist"
}

@test "runtime: nothing of it stays while a container runs" {
  creel_runtime_only
  dir=$(bundle small '.process.args = ["sleep", "1000"]')
  expect_runtime 0 create --bundle "$dir" small
  expect_runtime 0 start small
  pid=$(runtime state small | jq .pid)
  wait_until 20 grep -q -F sleep "/proc/$pid/cmdline"
  run ! pgrep -f -- "--root $STATE"
  assert_output ""
}

@test "runtime kill: signals by name and number; what has ended is told so" {
  dir=$(command_bundle signals 'trap "echo usr1 >>/got" USR1; trap "echo hup >>/got" HUP; touch /ready; while :; do sleep 0.1; done')
  expect_runtime 0 run --detach --bundle "$dir" signals
  wait_until 20 test -e "$dir/rootfs/ready"
  expect_runtime 0 kill signals SIGUSR1
  wait_until 20 grep -q usr1 "$dir/rootfs/got"
  expect_runtime 0 kill signals 1
  wait_until 20 grep -q hup "$dir/rootfs/got"
  expect_runtime '[1-9]*' kill signals NOSUCH
  expect_runtime 0 kill signals 9
  wait_until 20 has_status signals stopped
  expect_runtime '[1-9]*' kill signals TERM
  # The words that containerd and Podman look for.
  creel_runtime_only
  assert_contains "$stderr" "container not running"
  expect_runtime 0 delete signals
  expect_runtime 1 kill signals TERM
  assert_contains "$stderr" 'container "signals" does not exist'
}

@test "runtime kill --all: every process of the container" {
  dir=$(command_bundle many 'sleep 1000 & sleep 1000 & touch /ready; trap "" TERM; wait; wait; touch /waited; sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" many
  wait_until 20 test -e "$dir/rootfs/ready"
  expect_runtime 0 ps --format json many
  assert_equal "$(jq length <<<"$output")" 3
  expect_runtime 0 kill --all many TERM
  # The shell ignores it; its children are gone.
  wait_until 20 test -e "$dir/rootfs/waited"
  has_status many running || fail "the first process is gone"
}

@test "runtime delete --force: a running container, a created one, an absent one" {
  dir=$(command_bundle forced 'sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" forced
  pid=$(runtime state forced | jq .pid)
  expect_runtime 0 delete --force forced
  pid_gone "$pid" || fail "process $pid lives"
  expect_runtime 0 create --bundle "$dir" forced
  pid=$(runtime state forced | jq .pid)
  expect_runtime 0 delete --force forced
  pid_gone "$pid" || fail "process $pid lives"
  expect_runtime 0 delete --force forced
  expect_runtime 1 delete forced
  assert_contains "$stderr" "does not exist"
}

@test "runtime: an ID is taken once, and only where it is one" {
  dir=$(command_bundle taken 'sleep 1000')
  expect_runtime 0 create --bundle "$dir" taken
  expect_runtime '[1-9]*' create --bundle "$dir" taken
  has_status taken created || fail "the first one is gone"
  for id in ../x a/b . .. 'a b' ''; do
    expect_runtime '[1-9]*' create --bundle "$dir" "$id"
  done
  expect_runtime 0 list -q
  assert_output taken
}

@test "runtime create: who is killed in the middle leaves the ID free and no process" {
  creel_runtime_only
  # The hook waits; the runtime waits for the hook.
  mkfifo "$WORK/gate"
  dir=$(bundle torn ".hooks.createRuntime = [{path: \"/bin/sh\", args: [\"sh\", \"-c\", \"echo in >$WORK/gate; sleep 1000\"]}]")
  command "$RUNTIME" --root "$STATE" create --bundle "$dir" torn </dev/null >"$WORK/torn.out" 2>&1 3>&- &
  pid=$!
  read -r _ <"$WORK/gate"
  container=$(jq .pid "$STATE/torn/state.json.new")
  kill -KILL $pid
  wait_until 20 pid_gone "$container"
  expect_runtime 1 state torn
  dir=$(bundle torn)
  expect_runtime 0 run --bundle "$dir" torn
}

@test "runtime create: an absent command fails at once, and the log says so in JSON" {
  dir=$(bundle absent '.process.args = ["/nope"]')
  expect_runtime '[1-9]*' --log "$WORK/absent.log" --log-format json create --bundle "$dir" absent
  last=$(tail -n 1 "$WORK/absent.log")
  assert_equal "$(jq -r .level <<<"$last")" error
  # What Podman looks for to answer with 127.
  assert_matches "$(jq -r .msg <<<"$last")" 'executable file .*not found in|[Nn]o such file or directory'
  assert_matches "$(jq -r .time <<<"$last")" '^20[0-9-]+T[0-9:.]+Z?'
  expect_runtime 1 state absent
}

@test "runtime: what cannot be executed is 126, what is absent 127" {
  creel_runtime_only
  dir=$(bundle codes '.process.args = ["/etc/passwd"]')
  expect_runtime 126 run --bundle "$dir" codes
  dir=$(bundle codes '.process.args = ["nope"]')
  expect_runtime 127 run --bundle "$dir" codes
  assert_matches "$stderr" 'executable file .*not found in'
  dir=$(bundle codes '.process.args = ["sleep", "1000"]')
  expect_runtime 0 run --detach --bundle "$dir" codes
  expect_runtime 127 exec codes nope
  expect_runtime 126 exec codes /etc/passwd
}

@test "runtime: a bad config.json is refused by the name of its field, and leaves nothing" {
  creel_runtime_only
  dir=$(bundle bad '.linux.namespaces[0].type = "foo"')
  expect_runtime 1 create --bundle "$dir" bad
  assert_contains "$stderr" 'linux.namespaces[0].type'
  assert_equal "$(wc -l <<<"$stderr")" 1
  expect_runtime 1 run --bundle "$WORK/nowhere" bad
  assert_contains "$stderr" "No such file or directory"
  expect_runtime 0 list -q
  assert_output ""
}

@test "runtime create --console-socket: the terminal goes to who listens" {
  dir=$(command_bundle console 'tty; stty size; read word; echo "got $word"' '.process.terminal = true | .process.consoleSize = {height: 33, width: 111}')
  # Without one, nobody would hold it.
  expect_runtime '[1-9]*' run --detach --bundle "$dir" console
  python3 console.py "$WORK/console.sock" hello >"$WORK/console.out" 3>&- &
  wait_until 20 grep -q listening "$WORK/console.out"
  expect_runtime 0 create --bundle "$dir" --console-socket "$WORK/console.sock" console
  expect_runtime 0 start console
  wait_until 20 grep -q 'got hello' "$WORK/console.out"
  assert_contains "$(cat "$WORK/console.out")" /dev/pts/0
  assert_contains "$(cat "$WORK/console.out")" '33 111'
}

@test "runtime run: our own terminal, with its size" {
  dir=$(command_bundle own 'tty; stty size; read word; echo "got $word"; exit 5' '.process.terminal = true')
  python3 terminal.py --size 30x90 expect:/dev/pts/0 'expect:30 90' 'send:word\r' 'expect:got word' exit:5 sane -- \
    "$RUNTIME" --root "$STATE" run --bundle "$dir" own || fail "the terminal showed something else"
}

@test "runtime exec: environment, directory, user, exit code; signals too" {
  dir=$(command_bundle target 'sleep 1000' '.process.env += ["FROM=config"]')
  mkdir -p "$dir/rootfs/work"
  expect_runtime 0 run --detach --bundle "$dir" target
  expect_runtime 4 exec --env ADDED=flag --cwd /work target sh -c 'echo $FROM $ADDED; pwd; hostname; exit 4'
  assert_equal "${lines[0]}" "config flag"
  assert_equal "${lines[1]}" /work
  run -0 runtime exec target cat <<<"through stdin"
  assert_output "through stdin"
  # In its PID namespace.
  expect_runtime 0 exec target sh -c 'grep -a -c sleep /proc/1/cmdline'
  assert_output 1
  expect_runtime '[1-9]*' exec nobody true
  assert_contains "$stderr" "does not exist"
  expect_runtime 0 kill target KILL
  wait_until 20 has_status target stopped
  expect_runtime '[1-9]*' exec target true
}

@test "runtime exec --process: what Podman and containerd write; detached with a PID file" {
  dir=$(command_bundle target 'sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" target
  jq '.process | .args = ["sh", "-c", "echo $NAME >/made; exec sleep 999"] | .env += ["NAME=process"]' "$dir/config.json" >"$WORK/process.json"
  expect_runtime 0 exec --process "$WORK/process.json" --detach --pid-file "$WORK/exec.pid" target
  wait_until 20 grep -q process "$dir/rootfs/made"
  grep -q -a sleep "/proc/$(cat "$WORK/exec.pid")/cmdline" || fail "the PID file names another process"
  expect_runtime 0 ps --format json target
  assert_contains "$(jq -c . <<<"$output")" "$(cat "$WORK/exec.pid")"
}

@test "runtime exec --tty: through a console socket and on our own terminal" {
  dir=$(command_bundle target 'sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" target
  python3 console.py "$WORK/exec.sock" >"$WORK/exec.out" 3>&- &
  wait_until 20 grep -q listening "$WORK/exec.out"
  expect_runtime 0 exec --tty --detach --console-socket "$WORK/exec.sock" target sh -c 'tty; echo done'
  wait_until 20 grep -q '^done' "$WORK/exec.out"
  assert_contains "$(cat "$WORK/exec.out")" /dev/pts/
  python3 terminal.py --size 31x91 'expect:31 91' exit:6 sane -- \
    "$RUNTIME" --root "$STATE" exec --tty target sh -c 'stty size; exit 6' || fail "the terminal showed something else"
}

@test "runtime exec: the container's capabilities and filter hold; more only on demand" {
  creel_runtime_only
  dir=$(command_bundle target 'sleep 1000' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO"}]}')
  expect_runtime 0 run --detach --bundle "$dir" target
  expect_runtime 1 exec target chmod 0700 /tmp
  expect_runtime 0 exec target grep CapEff /proc/self/status
  before=$output
  expect_runtime 0 exec target grep Seccomp: /proc/self/status
  assert_matches "$output" '2$'
  expect_runtime 0 exec --cap CAP_SYS_ADMIN target grep CapEff /proc/self/status
  [ "$output" != "$before" ] || fail "no more capabilities than before: $output"
}

@test "runtime run --preserve-fds: those descriptors and no others" {
  dir=$(command_bundle passed 'cat <&3; cat <&4; ls /proc/self/fd | wc -l')
  echo three >"$WORK/three"
  echo four >"$WORK/four"
  exec 5<"$WORK/three"
  run -0 runtime run --preserve-fds 2 --bundle "$dir" passed 3<"$WORK/three" 4<"$WORK/four" </dev/null
  exec 5<&-
  # 0, 1, 2, those two, and what ls itself opens.
  assert_output $'three\nfour\n6'
}

@test "runtime: who is asked by a filter (SCMP_ACT_NOTIFY) is told by which container" {
  dir=$(command_bundle asking 'mkdir /tmp/made 2>/dev/null || echo refused' \
    ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$WORK/agent.sock\", listenerMetadata: \"mine\",
      syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_NOTIFY\"}]} | .annotations = {\"a.b\": \"c\"}")
  python3 -c 'import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("listening", flush=True)
data, fds, _, _ = socket.recv_fds(listener.accept()[0], 65536, 4)
print(data.decode(), len(fds), flush=True)' "$WORK/agent.sock" >"$WORK/agent.out" 3>&- &
  agent=$!
  wait_until 20 grep -q listening "$WORK/agent.out"
  # Nobody answers: the agent ends, and with it the descriptor that it got.
  expect_runtime 0 run --bundle "$dir" asking
  assert_output refused
  wait $agent
  told=$(sed -n 's/ 1$//p' "$WORK/agent.out")
  assert_equal "$(jq -r '.metadata, .fds[0], .state.id, .state.bundle, .state.annotations["a.b"], (.pid | type)' <<<"$told")" \
    "mine"$'\n'"seccompFd"$'\n'"asking"$'\n'"$dir"$'\n'"c"$'\n'"number"
}

@test "runtime: hooks run in the specification's order, with the state on stdin" {
  log=$WORK/hooks.log
  hook() { jq -n -c --arg text "cat >>$log; echo ' $1' >>$log" '{path: "/bin/sh", args: ["sh", "-c", $text], env: ["PATH=/usr/bin:/bin"]}'; }
  dir=$(bundle hooked ".hooks = {prestart: [$(hook prestart)], createRuntime: [$(hook createRuntime)],
    poststart: [$(hook poststart)], poststop: [$(hook poststop)]} | .process.args = [\"sleep\", \"1000\"]")
  expect_runtime 0 create --bundle "$dir" hooked
  assert_equal "$(awk 'NF { print $NF }' "$log")" $'prestart\ncreateRuntime'
  assert_equal "$(head -n 1 "$log" | sed 's/ prestart$//' | jq -r '.id, .bundle')" $'hooked\n'"$dir"
  pid=$(runtime state hooked | jq .pid)
  assert_equal "$(head -n 1 "$log" | sed 's/ prestart$//' | jq -r .pid)" "$pid"
  expect_runtime 0 start hooked
  assert_equal "$(awk 'END { print $NF }' "$log")" poststart
  expect_runtime 0 delete --force hooked
  assert_equal "$(awk 'END { print $NF }' "$log")" poststop
  assert_equal "$(tail -n 1 "$log" | sed 's/ poststop$//' | jq -r .status)" stopped
}

@test "runtime: a failing hook ends the creation, and says which" {
  dir=$(bundle failing '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo because >&2; exit 9"]}]')
  expect_runtime '[1-9]*' create --bundle "$dir" failing
  creel_runtime_only
  assert_contains "$stderr" /bin/sh
  assert_contains "$stderr" because
  expect_runtime 1 state failing
}

@test "runtime: a network and a UTS namespace are joined by path" {
  dir=$(command_bundle first 'sleep 1000' '.hostname = "shared-name"')
  expect_runtime 0 run --detach --bundle "$dir" first
  pid=$(runtime state first | jq .pid)
  join="(.linux.namespaces[] | select(.type == \"TYPE\")).path = \"/proc/$pid/ns/KIND\""
  filter="del(.hostname) | ${join//TYPE/uts} | ${join//TYPE/ipc}"
  filter=${filter/KIND/uts}
  filter=${filter/KIND/ipc}
  # What belongs to a user namespace is joined with it.
  if ! as_root; then
    user=${join//TYPE/user}
    filter="$filter | ${user/KIND/user} | del(.linux.uidMappings, .linux.gidMappings)"
  fi
  dir=$(command_bundle second 'hostname; readlink /proc/self/ns/ipc' "$filter")
  expect_runtime 0 run --bundle "$dir" second
  assert_equal "${lines[0]}" shared-name
  assert_equal "${lines[1]}" "$(readlink "/proc/$pid/ns/ipc")"
}

@test "runtime list and ps" {
  dir=$(command_bundle shown 'sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" shown
  expect_runtime 0 list
  assert_matches "${lines[0]}" '^ID +PID +STATUS +BUNDLE'
  assert_matches "${lines[1]}" '^shown +[0-9]+ +running'
  expect_runtime 0 list --format json
  assert_equal "$(jq -r '.[0].id, .[0].status' <<<"$output")" $'shown\nrunning'
  expect_runtime 0 ps shown
  assert_contains "$output" "sleep 1000"
  creel_runtime_only "crun has no options of ps"
  expect_runtime 0 ps shown -o pid,comm
  assert_matches "$output" 'sleep'
}

@test "runtime run --keep: the state stays when it has ended" {
  creel_runtime_only
  dir=$(bundle kept)
  expect_runtime 0 run --keep --bundle "$dir" kept
  has_status kept stopped || fail "not kept"
  assert_equal "$(runtime state kept | jq .pid)" 0
  expect_runtime 0 delete kept
}

@test "runtime features, spec, --version, --help: what callers read" {
  creel_runtime_only
  expect_runtime 0 features
  assert_equal "$(jq -r '.linux.seccomp.enabled, (.hooks | length)' <<<"$output")" $'true\n6'
  for option in ro rro nosuid idmap tmpcopyup; do
    jq -e --arg o $option '.mountOptions | index($o)' <<<"$output" >/dev/null || fail "no mount option $option"
  done
  expect_runtime 0 --version
  assert_matches "${lines[0]}" '^creel-runtime version [0-9]'
  assert_matches "$output" $'\nspec: 1\\.'
  expect_runtime 0 --help
  for command in create start state kill delete run exec ps pause resume update events features spec list; do
    assert_contains "$output" "  $command "
    expect_runtime 0 "$command" --help
    expect_runtime 0 --help
  done
  # Never over what somebody has edited.
  cd "$WORK"
  rm -f config.json
  expect_runtime 0 spec
  jq -e .ociVersion config.json >/dev/null || fail "no configuration"
  expect_runtime 1 spec
}

@test "runtime: what it does not do is refused by name" {
  creel_runtime_only
  expect_runtime 1 checkpoint x
  assert_contains "$stderr" "checkpoint and restore are not supported"
  expect_runtime 1 nonsense
  assert_contains "$stderr" 'unknown command "nonsense"'
  expect_runtime 1 create --nonsense x
  assert_contains "$stderr" "unknown flag: --nonsense"
  expect_runtime 1 create
  assert_contains "$stderr" "creel-runtime create"
  expect_runtime 1 --log-format yaml list
  assert_contains "$stderr" --log-format
}

@test "runtime: limits, pause and statistics where there is no cgroup v2 are errors that say so" {
  creel_runtime_only
  [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ] || skip "this host has cgroup v2"
  dir=$(command_bundle limited 'sleep 1000')
  expect_runtime 0 run --detach --bundle "$dir" limited
  for command in pause events; do
    expect_runtime 1 $command limited
    assert_contains "$stderr" cgroup
  done
  expect_runtime 1 update --memory 64m limited
  assert_contains "$stderr" cgroup
  dir=$(bundle limited2 '.linux.resources.memory.limit = 67108864')
  expect_runtime 1 run --bundle "$dir" limited2
  assert_contains "$stderr" memory
  # The weight that every group has, as ctr asks for it, is no limit.
  dir=$(bundle limited3 '.linux.resources.cpu.shares = 1024')
  expect_runtime 0 run --bundle "$dir" limited3
}
