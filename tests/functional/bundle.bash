# OCI bundles for tests of a runtime. `runtime` is the program under test: creel-runtime, or what RUNTIME names (crun, runc),
# as long as it takes runc's commands.

RUNTIME=${RUNTIME:-creel-runtime}
STATE=${WORK:-}/state
is_creel_runtime() { [ "$(basename "$RUNTIME")" = creel-runtime ]; }
runtime() { command "$RUNTIME" --root "$STATE" "$@"; }

# bundle NAME [JQ-FILTER]: a bundle whose command is `true`, in $WORK/NAME; prints that path. The filter changes config.json.
bundle() {
  local dir=$WORK/$1 filter=${2:-.} applet
  mkdir -p "$dir/rootfs"/{bin,dev,etc,proc,root,sys,tmp,run}
  cp "$(command -v busybox)" "$dir/rootfs/bin/busybox"
  for applet in cat chmod echo env grep hostname id kill ls mount ps readlink sh sleep stat stty touch trap true tty umask wc; do
    ln -s -f busybox "$dir/rootfs/bin/$applet"
  done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$dir/rootfs/etc/passwd"
  echo 'root:x:0:' >"$dir/rootfs/etc/group"
  (
    cd "$dir"
    rm -f config.json
    if as_root; then "$RUNTIME" spec; else "$RUNTIME" spec --rootless; fi
    jq ".process.terminal = false | .process.args = [\"true\"] | .root.readonly = false | $filter" config.json >config.new
    mv config.new config.json
  )
  echo "$dir"
}
# command_bundle NAME SHELL-TEXT [JQ-FILTER]
command_bundle() {
  local text
  text=$(jq -n --arg text "$2" '["/bin/sh", "-c", $text]')
  bundle "$1" ".process.args = $text | ${3:-.}"
}
# expect_runtime CODE ARGS...: sets output (stdout), lines and stderr. Through files: a container that goes on holds the ends of
# a pipe.
expect_runtime() {
  local wanted=$1
  shift
  status=0
  runtime "$@" </dev/null >"$WORK/out" 2>"$WORK/err" || status=$?
  output=$(cat "$WORK/out") stderr=$(cat "$WORK/err")
  mapfile -t lines <"$WORK/out"
  [[ $status == $wanted ]] || fail "runtime $*: exit code $status, expected $wanted"$'\n'"stdout: $output"$'\n'"stderr: $stderr"
}
status_of() { runtime state "$1" | jq -r .status; }
has_status() { [ "$(status_of "$1")" = "$2" ]; }
# Whatever a test has left.
remove_containers() {
  local id
  for id in $(ls "$STATE" 2>/dev/null); do runtime delete --force "$id" >/dev/null 2>&1 || true; done
}
