#!/usr/bin/env bats
# A power cut in front of any change of the disk: a real ext4 on a loop device, of which the backing file is copied while
# the command is stopped there. What the file system has not yet written is not in the copy, as after a real cut.
# At some moments here; at every one with FAULT_EVERY=1 (ctest -L fault).
load lib.bash
creel_only_file "Podman does not promise it"

setup_file() {
  [ -x "$SESSION/fault-at" ] || skip "fault-at is not built"
  own_store
  mkdir "$WORK/disk"
  truncate -s 96M "$WORK/base.img"
  mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$WORK/base.img"
  copy base disk
  mount -o loop "$WORK/disk.img" "$WORK/disk" || skip "loop devices cannot be mounted here"
  umount "$WORK/disk"
  mkdir -p "$WORK/tree/dir"
  head -c 300000 /dev/urandom >"$WORK/tree/random"
  echo small >"$WORK/tree/dir/file"
  tar -C "$WORK/tree" -cf "$WORK/tree.tar" .
  plug_in base
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  engine import -q "$WORK/tree.tar" localhost/other:1 >/dev/null
  engine save -q --format oci-archive -o "$WORK/other.tar" localhost/other:1
  skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci-archive:$WORK/other.tar" \
    "docker://$PLAIN_REGISTRY/power-other:1"
  unplug
  copy base with
  plug_in base
  engine rmi localhost/other:1 >/dev/null
  unplug
}
teardown() { ! mountpoint -q "$WORK/disk" || umount "$WORK/disk"; }
teardown_file() { close_store; }

# The file system writes nothing by itself meanwhile: the worst case.
plug_in() { mount -o loop,commit=600 "$WORK/$1.img" "$WORK/disk"; }
unplug() { umount "$WORK/disk"; }
engine() { command "$ENGINE" --root "$WORK/disk/store" --runroot "$WORK/runroot" "$@"; }
# A file of its own each time: the kernel may still have the loop device of the last one, with what it has cached.
copy() {
  rm -f "$WORK/$2.img"
  cp --sparse=always "$WORK/$1.img" "$WORK/$2.img"
}
# As after a reboot: another boot ID, nothing runs.
boot() {
  plug_in cut
  [ ! -e "$WORK/disk/store/staging/boot" ] || echo 00000000-0000-0000-0000-000000000000 >"$WORK/disk/store/staging/boot"
  rm -rf "$WORK/runroot"
}
df_sum() { engine system df --format '{{.RawSize}}' | awk '{ sum += $1 } END { print sum + 0 }'; }
du_of_store() {
  (shopt -s nullglob; cd "$WORK/disk/store"
    for each in {blobs/sha256,layers,images,containers,volumes,staging}/*; do
      [ "$each" = staging/boot ] || printf '%s\0' "$each"
    done | du -c --block-size=1 --files0-from=- | tail -n 1 | cut -f 1)
}
assert_whole() {
  local said df du
  said=$(engine system check 2>&1) || fail "$1: system check: $said"
  df=$(df_sum) du=$(du_of_store)
  [ $((df > du ? df - du : du - df)) -le $((du / 100)) ] || fail "$1: df says $df, du $du"
}

# sweep NAME IMAGE AFTER COMMAND...: cuts the power at the 1st, 1+n-th … change that COMMAND makes on a disk like IMAGE;
# AFTER must be true once COMMAND has succeeded, and stay so over a cut.
sweep() {
  local name=$1 image=$2 after=$3 n=1 count step cuts=0 how
  shift 3
  local -a traced=("$ENGINE" --root "$WORK/disk/store" --runroot "$WORK/runroot" "$@")
  copy "$image" disk
  plug_in disk
  count=$("$SESSION/fault-at" 0 "${traced[@]}" 3>&1 >/dev/null 2>&1)
  # All of it is done and acknowledged: now the cut.
  copy disk cut
  unplug
  [[ $count == "ended "*" 0" ]] || fail "$name by itself: $count"
  boot
  assert_whole "$name, cut after its end"
  $after || fail "$name, cut after its end: undone"
  unplug
  count=${count#ended } count=${count% *}
  step=${FAULT_EVERY:-$((count / 6 + 1))}
  while :; do
    copy "$image" disk
    plug_in disk
    how=$("$SESSION/fault-at" --hook "rm -f $WORK/cut.img; cp --sparse=always $WORK/disk.img $WORK/cut.img" $n "${traced[@]}" 3>&1 >/dev/null 2>&1)
    unplug
    case $how in
      "killed "*) ;;
      "ended "*) break ;;
      *) fail "$name, call $n: fault-at says '$how'" ;;
    esac
    boot
    assert_whole "$name cut at call $n"
    engine "$@" >/dev/null 2>"$WORK/stderr" || fail "$name after a cut at call $n: $(cat "$WORK/stderr")"
    $after || fail "$name after a cut at call $n: not done"
    assert_whole "$name after a cut at call $n"
    unplug
    cuts=$((cuts + 1)) n=$((n + step))
  done
  echo "# $name: cut $cuts times in $count calls" >&3
}

other_is_there() { engine image exists localhost/other:1; }
pulled_is_there() { engine image exists "$PLAIN_REGISTRY/power-other:1"; }
no_other() { ! other_is_there; }
tagged() { engine image exists localhost/other:2; }
nothing() { :; }

@test "pull" { sweep pull base pulled_is_there pull -q --tls-verify=false "$PLAIN_REGISTRY/power-other:1"; }
@test "load" { sweep load base other_is_there load -q -i "$WORK/other.tar"; }
@test "import" { sweep import base other_is_there import -q "$WORK/tree.tar" localhost/other:1; }
@test "commit" {
  copy base changed
  plug_in changed
  engine run --name y --network none "$BUSYBOX" sh -c 'echo changed >/changed' >/dev/null
  unplug
  committed() { engine image exists localhost/committed:1; }
  sweep commit changed committed commit -q y localhost/committed:1
}
@test "the first command of all" {
  copy base empty
  plug_in empty
  rm -rf "$WORK/disk/store"
  unplug
  sweep "first load" empty other_is_there load -q -i "$WORK/other.tar"
}
@test "rmi" { sweep rmi with no_other rmi -i localhost/other:1; }
@test "tag" { sweep tag with tagged tag localhost/other:1 localhost/other:2; }
# Not synced: it may be undone.
@test "create" { sweep create base nothing create --replace --name x -v v:/v "$BUSYBOX" true; }
@test "system prune" { sweep "system prune" with nothing system prune -a -f --volumes; }
