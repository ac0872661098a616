#!/usr/bin/env bats
# kill -9 in front of any change of the disk: the store is whole, df is du, the same command then succeeds, and nothing is
# left for ever. At some moments here; at every one with FAULT_EVERY=1 (ctest -L fault).
load lib.bash
creel_only_file "Podman does not promise it"

setup_file() {
  [ -x "$SESSION/fault-at" ] || skip "fault-at is not built"
  own_store
  # What runs keeps the user namespace alive, for set-user-ID programs do not work while they are traced.
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  engine run -d --name keeper "$BUSYBOX" sleep 100000 >/dev/null
  # An image that shares nothing with it, of two names' worth.
  mkdir -p "$WORK/tree/dir"
  echo small >"$WORK/tree/dir/file"
  head -c 200000 /dev/urandom >"$WORK/tree/random"
  ln "$WORK/tree/random" "$WORK/tree/again"
  tar -C "$WORK/tree" -cf "$WORK/tree.tar" .
  engine import -q "$WORK/tree.tar" localhost/other:1 >/dev/null
  engine save -q --format oci-archive -o "$WORK/other.tar" localhost/other:1
  skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci-archive:$WORK/other.tar:localhost/other:1" \
    "docker://$PLAIN_REGISTRY/fault-other:1" || skopeo copy --quiet --insecure-policy --dest-tls-verify=false \
    "oci-archive:$WORK/other.tar" "docker://$PLAIN_REGISTRY/fault-other:1"
  engine rmi localhost/other:1 >/dev/null
  engine system prune -f >/dev/null
}
teardown_file() { close_store; }

store_dir() { echo "$HOME/.local/share/creel"; }
df_sum() { engine system df --format '{{.RawSize}}' | awk '{ sum += $1 } END { print sum + 0 }'; }
du_of_store() {
  unshare --map-auto --map-root-user bash -c 'shopt -s nullglob; cd "$1"
    set -- {blobs/sha256,layers,images,containers,volumes,staging}/*
    for each; do [ "$each" = staging/boot ] || printf "%s\0" "$each"; done |
      du -c --block-size=1 --files0-from=- | tail -n 1 | cut -f 1' sh "$(store_dir)"
}
assert_whole() {
  local said df du
  said=$(engine system check --quick) || fail "$1: system check: $said"
  df=$(df_sum) du=$(du_of_store)
  [ $((df > du ? df - du : du - df)) -le $((du / 100)) ] || fail "$1: df says $df, du $du"
}

# sweep NAME BEFORE AFTER COMMAND...: kills COMMAND at its 1st, 1+n-th … change; BEFORE is run before each, AFTER must be
# true once COMMAND has succeeded.
sweep() {
  local name=$1 before=$2 after=$3 n=1 count step killed=0 base
  shift 3
  $before
  base=$(df_sum)
  count=$("$SESSION/fault-at" 0 "$ENGINE" "$@" 3>&1 >/dev/null 2>&1)
  [[ $count == "ended "*" 0" ]] || fail "$name by itself: $count"
  count=${count#ended } count=${count% *}
  step=${FAULT_EVERY:-$((count / 5 + 1))}
  while :; do
    $before
    local how
    how=$("$SESSION/fault-at" $n "$ENGINE" "$@" 3>&1 >/dev/null 2>&1)
    case $how in
      "killed "*) ;;
      "ended "*) break ;;
      *) fail "$name, call $n: fault-at says '$how'" ;;
    esac
    assert_whole "$name killed at call $n"
    engine "$@" >/dev/null 2>"$WORK/stderr" || fail "$name after it was killed at call $n: $(cat "$WORK/stderr")"
    $after || fail "$name after it was killed at call $n: not done"
    assert_whole "$name after it was killed at call $n"
    killed=$((killed + 1)) n=$((n + step))
  done
  # All that was left on the way is found by one prune.
  $before
  engine system prune -f >/dev/null
  assert_whole "$name, pruned"
  [ $(df_sum) -le $((base + 65536)) ] || fail "$name: $(df_sum) bytes after a prune, $base before all"
  echo "# $name: killed $killed times in $count calls" >&3
}

nothing() { :; }
without_other() { engine rmi -i -f localhost/other:1 "$PLAIN_REGISTRY/fault-other:1" >/dev/null 2>&1 || true; }
with_other() {
  engine image exists localhost/other:1 || engine load -q -i "$WORK/other.tar" >/dev/null
}
other_is_there() { engine image exists localhost/other:1 && engine run --rm localhost/other:1 2>&1 | grep -q . ; engine image exists localhost/other:1; }
pulled_is_there() { engine image exists "$PLAIN_REGISTRY/fault-other:1"; }
tagged() { engine image exists localhost/busybox:tagged; }
untag_it() { engine untag "$BUSYBOX" localhost/busybox:tagged >/dev/null 2>&1 || true; }
container_x() { engine container exists x || engine create --name x -v vx:/v "$BUSYBOX" true >/dev/null; }
no_x() { ! engine container exists x; }
no_other() { ! engine image exists localhost/other:1; }
volume_x() { engine run --rm -v vx:/v "$BUSYBOX" sh -c 'echo x >/v/x' >/dev/null; }
no_volume() { [ ! -e "$(store_dir)/volumes/vx" ]; }
remove_x() { engine rm -f -v x >/dev/null; }

@test "pull" { sweep pull without_other pulled_is_there pull -q --tls-verify=false "$PLAIN_REGISTRY/fault-other:1"; }
@test "load" { sweep load without_other other_is_there load -q -i "$WORK/other.tar"; }
@test "import" { sweep import without_other other_is_there import -q "$WORK/tree.tar" localhost/other:1; }
@test "commit" {
  before() {
    engine rmi -i -f localhost/committed:1 >/dev/null 2>&1
    engine container exists y || engine run --name y --network none "$BUSYBOX" sh -c 'echo changed >/changed' >/dev/null
  }
  committed() { assert_equal "$(engine run --rm --network none localhost/committed:1 cat /changed)" changed; }
  sweep commit before committed commit -q y localhost/committed:1
  engine rm -f y >/dev/null
}
@test "rmi" { sweep rmi with_other no_other rmi -i -f localhost/other:1; }
@test "tag" { sweep tag untag_it tagged tag "$BUSYBOX" localhost/busybox:tagged; untag_it; }
@test "create" { sweep create remove_x nothing create --replace --name x -v vx:/v "$BUSYBOX" true; remove_x; }
@test "rm" { sweep rm container_x no_x rm -f x; }
@test "volume prune" { sweep "volume prune" volume_x no_volume volume prune -f; }
@test "system prune" {
  everything() { with_other; container_x; }
  sweep "system prune" everything no_other system prune -a -f --volumes
}

@test "rm -f beside run, at any of its moments: it is there or not, and nothing is left" {
  local n=1 step count how
  local -a run=("$ENGINE" run --replace --name x --network none "$BUSYBOX" true)
  count=$("$SESSION/fault-at" 0 "${run[@]}" 3>&1 >/dev/null 2>&1)
  count=${count#ended } count=${count% *}
  step=${FAULT_EVERY:-$((count / 12 + 1))}
  while [ $n -le "$count" ]; do
    # A head start, no more: where each waits for the other, the one that is traced must go on.
    how=$("$SESSION/fault-at" --beside "'$ENGINE' rm -f -t 0 x >/dev/null 2>'$BATS_TEST_TMPDIR/rm' & sleep 0.1" $n "${run[@]}" 3>&1 >/dev/null 2>"$BATS_TEST_TMPDIR/run")
    case $how in
      "ended "*" 0") ;;
      "ended "*" 125") grep -q -E 'was removed|no such container|has ended|was stopped|already in use|ended while' "$BATS_TEST_TMPDIR/run" || fail "call $n: run: $(cat "$BATS_TEST_TMPDIR/run")" ;;
      "ended "*" 137") ;;
      *) fail "call $n: $how: $(cat "$BATS_TEST_TMPDIR/run")" ;;
    esac
    wait_until 20 no_rm
    [ ! -s "$BATS_TEST_TMPDIR/rm" ] || fail "call $n: rm: $(cat "$BATS_TEST_TMPDIR/rm")"
    engine rm -f -t 0 x >/dev/null
    wait_until 20 nobody_left || fail "call $n: left: $(ls "$XDG_RUNTIME_DIR/creel/containers" "$(store_dir)/containers")"
    n=$((n + step))
  done
  echo "# rm beside run: at $(((n - 1) / step)) of $count calls" >&3
}
no_rm() { ! pgrep -u "$(id -u)" -f "rm -f -t 0 x"; }
nobody_left() { [ "$(ls "$XDG_RUNTIME_DIR/creel/containers" "$(store_dir)/containers" | grep -E '^[0-9a-f]{64}$' | sort -u)" = "$(engine ps -aq --no-trunc)" ]; }

@test "kills at random moments of many commands at once" {
  local rounds=${FAULT_EVERY:+100} round groups pids
  for ((round = 0; round < ${rounds:-6}; ++round)); do
    groups= pids=
    for command in "load -q -i $WORK/other.tar" "pull -q --tls-verify=false $PLAIN_REGISTRY/fault-other:1" \
      "import -q $WORK/tree.tar localhost/third:$round" "rmi -f -i localhost/other:1" "run --rm $BUSYBOX true" \
      "create --replace --name x -v vx:/v $BUSYBOX true" "system prune -f"; do
      setsid "$ENGINE" $command >/dev/null 2>&1 3>&- &
      groups+=" -$!" pids+=" $!"
    done
    # Not a wait for anything: a random moment.
    sleep "0.$((RANDOM % 30 + 100))"
    kill -9 -- $groups 2>/dev/null || true
    # Children that have a session of their own may live a moment longer.
    wait $pids 2>/dev/null || true
    assert_whole "round $round"
  done
  engine rm -f -v x >/dev/null
  expect 0 system prune -a -f --volumes
  engine load -q -i "$WORK/other.tar" >/dev/null
  other_is_there
}
