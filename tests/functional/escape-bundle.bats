# Known ways out of containers that need a bundle: what config.json says is the engine's, what the root file system holds the
# attacker's. Runs as an ordinary user and, as escape-bundle-as-root.bats, as root. See engine/runtime/SECURITY.md.
load lib
load bundle

setup() {
  CANARY=$WORK/canary
  rm -rf "$CANARY"
  mkdir "$CANARY"
  echo of-the-host >"$CANARY/file"
  chmod 0600 "$CANARY/file"
}
teardown() {
  [ -z "${swapper:-}" ] || kill "$swapper" 2>/dev/null || true
  remove_containers
  assert_equal "$(ls -A "$CANARY")" file
  assert_equal "$(cat "$CANARY/file")" of-the-host
  assert_equal "$(stat -c %a "$CANARY/file")" 600
}
# swap A B: in the background, until the test ends.
swap() {
  "$SESSION/attack" swap "$1" "$2" 3>&- &
  swapper=$!
}

@test "bundle: /dev of the image, with links for devices, and no file system over it" {
  dir=$(command_bundle devs 'stat -c "%F %t:%T" /proc/keys; cat /dev/zero' 'del(.mounts[] | select(.destination | startswith("/dev")))')
  for link in "$CANARY/file" ../../../../../../../../../../.."$CANARY/file"; do
    rm -f "$dir"/rootfs/dev/*
    for name in null zero full random urandom tty console ptmx; do ln -s "$link" "$dir/rootfs/dev/$name"; done
    run --separate-stderr timeout 20 "$RUNTIME" --root "$STATE" run --bundle "$dir" devs
    refute_output_contains of-the-host
    refute_output_contains "regular file"
    remove_containers
  done
}

@test "bundle: /proc is exchanged for another directory while the container starts" {
  is_creel_runtime || skip "others mask by name"
  # Whatever it is called by then, what is mounted as procfs has its masks, and is read-only where it must be.
  dir=$(command_bundle moved 'until [ -e self/mountinfo ]; do cd /proc; [ -e self/mountinfo ] || cd /fake; done
    stat -c "%F %t:%T" keys; (: >>sys/kernel/hostname) 2>/dev/null && echo "sys is writable"; true')
  mkdir "$dir/rootfs/fake"
  swap "$dir/rootfs/proc" "$dir/rootfs/fake"
  local started=0
  for _ in $(seq 25); do
    run --separate-stderr runtime run --bundle "$dir" moved
    if [ $status -eq 0 ]; then
      started=$((started + 1))
      assert_output "character special file 1:3"
    fi
    remove_containers
  done
  [ $started -gt 0 ] || fail "it never started: $stderr"
}

@test "bundle: a working directory that is a descriptor" {
  dir=$(command_bundle cwd 'pwd; cat file ../canary/file 2>/dev/null')
  cd "$CANARY"
  for n in 3 4 5 6 7 8 9 10 11 12; do
    jq ".process.cwd = \"/proc/self/fd/$n\"" "$dir/config.json" >"$dir/new.json" && mv "$dir/new.json" "$dir/config.json"
    run --separate-stderr runtime run --bundle "$dir" cwd
    refute_output_contains of-the-host
    refute_output_contains "$WORK"
    remove_containers
  done
  cd /
}

@test "bundle: the runtime's own program, by create and start" {
  is_creel_runtime || skip "of another kind there"
  dir=$(bundle self '.process.args = ["/evil"]')
  ln -s /proc/self/exe "$dir/rootfs/evil"
  expect_runtime '[1-9]*' run --bundle "$dir" self
  assert_contains "$stderr" refused
  remove_containers
  runtime create --bundle "$dir" self </dev/null >"$WORK/self.out" 2>&1
  expect_runtime '[1-9]*' start self
  assert_contains "$stderr" refused
}

@test "bundle: the runtime's own program, by a name that changes between create and exec" {
  is_creel_runtime || skip "of another kind there"
  # Its own copy, which belongs to whoever runs it.
  mkdir -p "$WORK/own"
  cp "$(command -v creel-runtime)" "$WORK/own/creel-runtime"
  RUNTIME=$WORK/own/creel-runtime
  dir=$(bundle changing '.process.args = ["/target"]')
  printf '#!/bin/busybox true\n' >"$dir/rootfs/target"
  chmod +x "$dir/rootfs/target"
  ln -s /proc/self/exe "$dir/rootfs/other"
  mkdir -p "$dir/rootfs/lib64" "$dir/rootfs/lib"
  cp "$SESSION/attack" "$dir/rootfs/lib64/ld-linux-x86-64.so.2"
  cp "$SESSION/attack" "$dir/rootfs/lib/ld-linux-aarch64.so.1"
  swap "$dir/rootfs/target" "$dir/rootfs/other"
  local refused=0
  for i in $(seq 60); do
    # The descriptors of create are the container's.
    runtime create --bundle "$dir" "changing$i" </dev/null >"$WORK/changing.out" 2>&1 || fail "create: $(cat "$WORK/changing.out")"
    run --separate-stderr runtime start "changing$i"
    [ $status -eq 0 ] || refused=$((refused + 1))
    runtime delete --force "changing$i" >/dev/null 2>&1
  done
  [ $refused -gt 0 ] || fail "the name never led to the runtime's program"
}

@test "bundle: startContainer hooks never lead to the runtime's own program" {
  is_creel_runtime || skip "of another kind there"
  mkdir -p "$WORK/own"
  cp "$(command -v creel-runtime)" "$WORK/own/creel-runtime"
  RUNTIME=$WORK/own/creel-runtime
  hooks='.hooks = {startContainer: [{path: "/target", args: ["target", "--version"]}]}'
  dir=$(bundle guarded "$hooks")
  ln -s /proc/self/exe "$dir/rootfs/link"
  printf '#!/link\n' >"$dir/rootfs/script"
  chmod +x "$dir/rootfs/script"
  for evil in link script; do
    ln -s -f $evil "$dir/rootfs/target"
    expect_runtime '[1-9]*' run --bundle "$dir" guarded
    assert_contains "$stderr" "hook /target"
    assert_contains "$stderr" "Permission denied"
    remove_containers
  done
  # Whatever the name leads to: the file that was looked at runs, or none.
  rm "$dir/rootfs/target"
  printf '#!/bin/busybox sh\n[ "$0 $1" = "/target --version" ]\n' >"$dir/rootfs/target"
  chmod +x "$dir/rootfs/target"
  swap "$dir/rootfs/target" "$dir/rootfs/link"
  local refused=0 ran=0
  for i in $(seq 40); do
    run --separate-stderr runtime run --bundle "$dir" guarded
    refute_output_contains "version"
    if [ $status -eq 0 ]; then ran=$((ran + 1)); else refused=$((refused + 1)); fi
    remove_containers
  done
  [ $refused -gt 0 ] && [ $ran -gt 0 ] || fail "refused $refused, ran $ran: $stderr"
}

@test "bundle: hooks have the environment that config.json gives them, and nothing of the container's or the caller's" {
  dir=$(bundle hooked ".process.env = [\"PATH=/evil\", \"LD_PRELOAD=/evil.so\", \"SECRET=of-the-container\"]
    | .hooks = {createRuntime: [{path: \"/usr/bin/env\", args: [\"env\", \"sh\", \"-c\", \"env >$WORK/hook.env; ls -l /proc/self/fd >$WORK/hook.fds\"], env: [\"ONLY=this\", \"PATH=/usr/bin:/bin\"]}]}")
  export CALLERS=secret
  exec 7<"$CANARY/file"
  expect_runtime '*' run --bundle "$dir" hooked
  exec 7<&-
  assert_equal "$(grep -v -E '^(PWD|SHLVL|_)=' "$WORK/hook.env" | sort)" $'ONLY=this\nPATH=/usr/bin:/bin'
  ! grep -q canary "$WORK/hook.fds" || fail "the hook has the caller's descriptor"
}

@test "bundle: setgroups is denied where the caller maps itself" {
  as_root && skip "an ordinary user's"
  dir=$(bundle groups '.process.args = ["/attack", "groups"]')
  cp "$SESSION/attack" "$dir/rootfs/attack"
  expect_runtime 1 run --bundle "$dir" groups
  assert_output "Operation not permitted"
}
