# containerd's runc shim with BinaryName = creel-runtime, driven by ctr: a containerd of our own on a private socket.
load lib
setup_file() {
  command -v containerd >/dev/null || skip "containerd is not installed"
  export CONTAINERD_DIR=$WORK/containerd CTR="ctr --address $WORK/containerd/sock"
  mkdir -p "$CONTAINERD_DIR"
  cat >"$CONTAINERD_DIR/config.toml" <<END
version = 2
root = "$CONTAINERD_DIR/root"
state = "$CONTAINERD_DIR/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "$CONTAINERD_DIR/sock"
[ttrpc]
  address = "$CONTAINERD_DIR/sock.ttrpc"
END
  containerd --config "$CONTAINERD_DIR/config.toml" >"$CONTAINERD_DIR/log" 2>&1 3>&- &
  export CONTAINERD_PID=$!
  wait_until 30 $CTR version
  $CTR images import --snapshotter native "$SESSION/busybox.tar" >/dev/null
}
teardown() {
  for task in $($CTR tasks ls -q); do $CTR tasks delete --force "$task" >/dev/null 2>&1 || true; done
  for container in $($CTR containers ls -q); do $CTR containers delete "$container" || true; done
}
teardown_file() {
  [ -z "${CONTAINERD_PID:-}" ] || kill "$CONTAINERD_PID"
}

# ctr_run [OPTIONS] ID COMMAND...
ctr_run() {
  local options=()
  while [[ $1 == -* ]]; do
    options+=("$1")
    shift
  done
  $CTR run --snapshotter native --runc-binary "$SESSION/prefix/bin/creel-runtime" "${options[@]}" $BUSYBOX "$@"
}
task_is() { $CTR tasks ls | grep -q "^$1 .*$2"; }

@test "containerd: run, with the output and the exit code" {
  run -4 --separate-stderr ctr_run --rm once sh -c 'id -u; echo hello; exit 4'
  assert_output $'0\nhello'
}

@test "containerd: an absent command is an error that names it, and leaves no task" {
  run ! ctr_run --rm absent nope
  assert_output_contains nope
  assert_output_contains "not found"
  run -0 $CTR tasks ls -q
  assert_output ""
}

@test "containerd: tasks ls, exec, ps, kill, delete" {
  ctr_run -d life sleep 1000
  task_is life RUNNING || fail "$($CTR tasks ls)"
  run -5 $CTR tasks exec --exec-id one life sh -c 'echo inside; exit 5'
  assert_output inside
  # In the container's PID namespace.
  run -0 $CTR tasks exec --exec-id two life cat /proc/1/cmdline
  assert_output_contains sleep
  run -0 $CTR tasks ps life
  assert_contains "$output" "$($CTR tasks ls | awk '$1 == "life" { print $2 }')"
  run -0 $CTR tasks kill --signal KILL life
  wait_until 20 task_is life STOPPED
  run -0 $CTR tasks delete life
  run -0 $CTR containers delete life
}
