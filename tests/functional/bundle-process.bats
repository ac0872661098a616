# The process and the namespaces of config.json. Runs as an ordinary user and, as bundle-process-as-root.bats, as root.
# RUNTIME=crun or runc runs them with those.
load lib
load bundle
teardown() { remove_containers; }

# not_with RUNTIME WHY
not_with() { [ "$(basename "$RUNTIME")" != "$1" ] || skip "$1 $2"; }
creel_runtime_only() { is_creel_runtime || skip "${1:-of creel-runtime alone}"; }
status_line() { awk -v key="$1:" '$1 == key { print $2 }' <<<"$output"; }

@test "process: directory, environment, umask, limits, names" {
  dir=$(command_bundle who 'pwd; echo "$KEY"; umask; ulimit -n; ulimit -Hn; hostname; cat /proc/self/oom_score_adj' '
    .process.cwd = "/tmp" | .process.env += ["KEY=a value"] | .process.user.umask = 63 | .hostname = "inside" | .process.oomScoreAdj = 500 |
    .process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]')
  expect_runtime 0 run --bundle "$dir" who
  assert_output $'/tmp\na value\n0077\n100\n200\ninside\n500'
}

@test "process: domain name" {
  creel_runtime_only "runc 1.1 has none"
  dir=$(command_bundle domain 'cat /proc/sys/kernel/domainname' '.domainname = "example.org"')
  expect_runtime 0 run --bundle "$dir" domain
  assert_output example.org
}

@test "process: five sets of capabilities, no_new_privs, seccomp" {
  dir=$(command_bundle rights 'cat /proc/self/status' '
    .process.noNewPrivileges = true | .process.capabilities = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"],
      "permitted": ["CAP_CHOWN", "CAP_KILL"], "effective": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"], "ambient": ["CAP_CHOWN"]} |
    .linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}')
  expect_runtime 0 run --bundle "$dir" rights
  assert_equal "$(status_line CapBnd)" 00000000000000a1
  assert_equal "$(status_line CapInh)" 0000000000000001
  assert_equal "$(status_line CapAmb)" 0000000000000001
  assert_equal "$(status_line NoNewPrivs)" 1
  assert_equal "$(status_line Seccomp)" 2
}

@test "process: what is asked of a security module that the host does not run is an error" {
  creel_runtime_only
  [ ! -e /sys/fs/selinux/enforce ] || skip "this host has SELinux"
  dir=$(bundle label '.process.selinuxLabel = "system_u:system_r:container_t:s0"')
  expect_runtime 1 run --bundle "$dir" label
  assert_contains "$stderr" "SELinux is not enabled on this host"
}

@test "process: preserved descriptors, and LISTEN_PID for who gets them" {
  not_with crun "says nothing in LISTEN_PID"
  not_with runc "1.1 wants LISTEN_PID to be its own"
  dir=$(command_bundle given 'cat <&3; echo $LISTEN_FDS $LISTEN_PID; ls /proc/self/fd | wc -l')
  echo given >"$WORK/given.txt"
  run -0 --separate-stderr env LISTEN_FDS=1 "$RUNTIME" --root "$STATE" run --bundle "$dir" given 3<"$WORK/given.txt" </dev/null
  # 0 to 3 and the one that ls reads with.
  assert_output $'given\n1 1\n5'
}

@test "time namespace: clocks set off" {
  creel_runtime_only "crun 1.8 and runc 1.1 have none"
  [ -e /proc/self/ns/time ] || skip "this kernel has no time namespaces"
  dir=$(command_bundle clocks 'read up rest </proc/uptime; [ ${up%.*} -gt 100000000 ] && echo later' '
    .linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 100000000}}')
  expect_runtime 0 run --bundle "$dir" clocks
  assert_output later
}

@test "namespaces of another container are joined, the user namespace first" {
  as_root || not_with crun "joins a PID namespace before it has rights over it"
  dir=$(command_bundle first 'sleep 1000' '.hostname = "first"')
  expect_runtime 0 run --detach --bundle "$dir" first
  pid=$(runtime state first | jq -r .pid)
  second=$(command_bundle second 'hostname; ps' ".linux.namespaces |= map(
    if .type == \"uts\" or .type == \"pid\" or .type == \"network\" then .path = \"/proc/$pid/ns/\" + (if .type == \"network\" then \"net\" else .type end)
    elif .type == \"user\" then .path = \"/proc/$pid/ns/user\" else . end) | del(.hostname) |
    if any(.linux.namespaces[]; .type == \"user\") then del(.linux.uidMappings, .linux.gidMappings) else . end")
  expect_runtime 0 run --bundle "$second" second
  assert_equal "${lines[0]}" first
  assert_contains "$output" "sleep 1000"
}

@test "hooks: in their order, each with the state on its stdin and its own environment" {
  not_with runc "runs poststart when it creates"
  hook=$WORK/hook
  printf '#!/bin/sh\necho "$1 $(cat | jq -r .status) ${SECRET:-none} $KEY" >>%s\n' "$WORK/order" >"$hook"
  chmod +x "$hook"
  one() { echo "[{\"path\": \"$hook\", \"args\": [\"hook\", \"$1\"], \"env\": [\"KEY=$1\", \"PATH=/usr/bin:/bin\"], \"timeout\": 10}]"; }
  dir=$(command_bundle hooked 'echo command >>/order' ".hooks = {\"prestart\": $(one prestart), \"createRuntime\": $(one createRuntime),
    \"createContainer\": $(one createContainer), \"poststart\": $(one poststart), \"poststop\": $(one poststop),
    \"startContainer\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"read state; echo start >>/order\"], \"env\": [\"PATH=/bin\"]}]}")
  export SECRET=leaked
  expect_runtime 0 create --bundle "$dir" hooked
  assert_equal "$(cut -d' ' -f1 "$WORK/order")" $'prestart\ncreateRuntime\ncreateContainer'
  expect_runtime 0 start hooked
  wait_until 20 has_status hooked stopped
  expect_runtime 0 delete hooked
  assert_equal "$(cut -d' ' -f1 "$WORK/order")" $'prestart\ncreateRuntime\ncreateContainer\npoststart\npoststop'
  assert_equal "$(cat "$dir/rootfs/order")" $'start\ncommand'
  assert_equal "$(cut -d' ' -f3-4 "$WORK/order" | head -3)" $'none prestart\nnone createRuntime\nnone createContainer'
}

@test "hooks: one that fails is an error with its name and what it said; nothing is left" {
  creel_runtime_only "crun and runc say it their own way"
  dir=$(command_bundle failing 'echo started' '.hooks = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo no luck >&2; exit 3"]}]}')
  expect_runtime 1 run --bundle "$dir" failing
  assert_output ""
  assert_contains "$stderr" "hook /bin/sh: exit code 3: no luck"
  expect_runtime 0 list -q
  assert_output ""
  dir=$(command_bundle slow 'echo started' '.hooks = {"createContainer": [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]}')
  expect_runtime 1 run --bundle "$dir" slow
  assert_contains "$stderr" "not ended within 1 s"
}

@test "an ordinary user's IDs: subordinate ones are mapped by newuidmap, and others are refused by it" {
  ! as_root || skip "of ordinary users"
  range=$(awk -F: -v user="$(id -un)" '$1 == user { print $2; exit }' /etc/subuid)
  groups=$(awk -F: -v user="$(id -un)" '$1 == user { print $2; exit }' /etc/subgid)
  maps() { echo ".linux.uidMappings = [{\"containerID\": 0, \"hostID\": $(id -u), \"size\": 1}, {\"containerID\": 1, \"hostID\": $1, \"size\": 1000}] |
    .linux.gidMappings = [{\"containerID\": 0, \"hostID\": $(id -g), \"size\": 1}, {\"containerID\": 1, \"hostID\": $2, \"size\": 1000}]"; }
  dir=$(command_bundle mapped 'id -u; id -G; read a b c </proc/self/uid_map; echo $a $b $c' "$(maps "$range" "$groups") |
    .process.user = {\"uid\": 7, \"gid\": 8, \"additionalGids\": [9]}")
  expect_runtime 0 run --bundle "$dir" mapped
  assert_output $'7\n8 9\n'"0 $(id -u) 1"
  creel_runtime_only "crun and runc say it their own way"
  dir=$(bundle unmapped "$(maps 3000000000 3000000000)")
  expect_runtime 1 run --bundle "$dir" unmapped
  assert_contains "$stderr" newuidmap
}
