# Shared by every functional test. `engine` is the program under test: creel, or whatever ENGINE names, as long as it takes
# Podman's commands; a test that describes Podman-compatible behaviour passes with Podman too.
#
# Each file has its own home, store and runtime directory, so that files run side by side and a broken store hurts one.

bats_require_minimum_version 1.5.0
BUSYBOX=localhost/busybox:latest

is_podman() { [ "$(basename "$ENGINE")" = podman ]; }
# For behaviour that is Creel's own, or where Podman's differs on purpose. MARKED=1 runs them with Podman all the same, to
# see which marks are no longer true.
creel_only() { ! is_podman || [ -n "${MARKED:-}" ] || skip "${1:?why}"; }
# Of all tests of a file: scripts/test-run reads this line, for bats 1.8 takes a skip in setup_file for a failure.
creel_only_file() { :; }
# For --init: Creel brings its own, Podman wants catatonit.
needs_init() { ! is_podman || [ -e /usr/libexec/podman/catatonit ] || command -v catatonit >/dev/null || skip "catatonit is not installed"; }
as_root() { [ "$(id -u)" -eq 0 ]; }

# Called by setup_file. A short path: sockets live below it.
own_store() {
  export HOME=$WORK/home XDG_RUNTIME_DIR=$WORK/run
  mkdir -p "$HOME"
  mkdir -m 0700 "$XDG_RUNTIME_DIR"
  unset XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
  ENGINE_ARGS=
  if as_root; then ENGINE_ARGS="--root $WORK/store --runroot $WORK/runroot"; fi
  if is_podman; then
    mkdir -p "$HOME/.config/containers"
    cat >"$HOME/.config/containers/containers.conf" <<END
[containers]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
END
    echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$HOME/.config/containers/policy.json"
    export CONTAINERS_CONF=$HOME/.config/containers/containers.conf
  fi
  if [ -n "${CREEL_RUNTIME:-}" ] && ! is_podman; then
    printf '[engine]\nruntime = "%s"\n' "$CREEL_RUNTIME" >"$WORK/containers.conf"
    export CONTAINERS_CONF=$WORK/containers.conf
  fi
  export ENGINE_ARGS
}
# setup_file for most files: a store with the busybox image in it.
busybox_store() {
  own_store
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
}
# teardown_file: nothing running is left; nothing mounted.
close_store() {
  engine rm -f -a -t 0 >/dev/null 2>&1 || engine rm -fa >/dev/null 2>&1 || true
  if is_podman && ! as_root; then kill "$(cat "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid")" 2>/dev/null || true; fi
  rm -rf "$WORK/store" "$HOME" 2>/dev/null || unshare --map-auto --map-root-user rm -rf "$HOME" 2>/dev/null || true
}

engine() { command "$ENGINE" $ENGINE_ARGS "$@"; }
# A command that is not a function, for setsid, timeout, tmux, strace.
engine_command() { printf '%s' "$ENGINE $ENGINE_ARGS"; }
# A container that is removed when the test ends, however it ends: teardown() calls clean_up.
clean_up() { engine rm -f -a -t 0 >/dev/null 2>&1 || engine rm -fa >/dev/null 2>&1 || true; }

fail() {
  printf '%s\n' "$*" >&2
  return 1
}
assert_equal() { [ "$1" = "$2" ] || fail "got:      $1"$'\n'"expected: $2"; }
assert_output() { assert_equal "$output" "$1"; }
assert_contains() {
  case $1 in
    *"$2"*) ;;
    *) fail "this: $1"$'\n'"does not contain: $2" ;;
  esac
}
assert_output_contains() { assert_contains "$output" "$1"; }
refute_output_contains() {
  case $output in
    *"$1"*) fail "this: $output"$'\n'"contains: $1" ;;
  esac
}
assert_matches() { [[ $1 =~ $2 ]] || fail "this: $1"$'\n'"does not match: $2"; }

# expect CODE ARGS...: the engine with those arguments ends with CODE (a glob: 12[56]). Sets output (stdout), stderr.
expect() {
  local wanted=$1
  shift
  run --separate-stderr engine "$@"
  [[ $status == $wanted ]] || fail "engine $*: exit code $status, expected $wanted"$'\n'"stdout: $output"$'\n'"stderr: $stderr"
}
# An engine's own error: its exit code, one "Error: …" naming TEXT, nothing on stdout.
expect_error() {
  local wanted=$1 text=$2
  shift 2
  expect "$wanted" "$@"
  assert_matches "$stderr" $'(^|\n)Error: '
  assert_contains "$stderr" "$text"
  assert_equal "$output" ""
}

# wait_until SECONDS COMMAND...: until it succeeds. For what has no event to wait for.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    # By return: where the caller looks at the outcome, a failure alone does not end the loop.
    [ $SECONDS -lt $end ] || { fail "still not so: $*"; return 1; }
    sleep 0.05
  done
}
# wait_for_log CONTAINER TEXT
wait_for_log() {
  _logged() { engine logs "$1" 2>&1 | grep -q -F -e "$2"; }
  wait_until 20 _logged "$1" "$2"
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
state_of() { engine inspect -f '{{.State.Status}}' "$1"; }
is_gone() { ! engine container inspect "$1"; }
pid_gone() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c 1)" = Z ]; }
# All that the store holds, to compare before and after a failed command.
store_listing() {
  engine images -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
  engine ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.State}}' | sort
}
