# Home directories whose file system cannot hold a store: NFS, Lustre and FUSE give no file away. bindfs refuses as they do.
load lib
creel_only_file "Podman has no store on such a home"
setup_file() { own_store; }
teardown_file() { close_store; }
setup() {
  export CREEL_NODE_STORAGE=$WORK/node
  mkdir -m 0755 "$CREEL_NODE_STORAGE"
}
teardown() {
  clean_up
  if mountpoint -q "$WORK/nfs"; then fusermount3 -u -z "$WORK/nfs"; fi
  unshare --map-auto --map-root-user rm -rf "$WORK/node" "$WORK/served" "$HOME/.local" "$XDG_RUNTIME_DIR/creel"
}

# What a file server exports to us, mounted as home.
home_on_file_server() {
  command -v bindfs >/dev/null || skip "bindfs is not installed"
  mkdir -p "$WORK/served" "$WORK/nfs"
  bindfs --no-allow-other "$@" "$WORK/served" "$WORK/nfs" || skip "FUSE cannot be mounted here"
  export HOME=$WORK/nfs
}
graph_root() { engine info --format '{{.Store.GraphRoot}}'; }
load_busybox() { expect 0 load -q -i "$SESSION/busybox.tar"; }

@test "a home whose files cannot be given away: everything works, on this node's disk, and it is said once" {
  home_on_file_server --chown-deny
  load_busybox
  assert_matches "$stderr" "$HOME/.local/share/creel cannot be a store \(changing a file's owner: .*\); that of this node is $WORK/node/creel-"
  assert_equal "$(grep -c . <<<"$stderr")" 1
  expect 0 run --rm --network none $BUSYBOX sh -c 'chown 5:6 /etc/passwd && stat -c %u:%g /etc/passwd && rm /bin/ls && echo gone'
  assert_output $'5:6\ngone'
  assert_equal "$stderr" ""
  expect 0 run -d --name sleeper -v data:/data $BUSYBOX sh -c 'echo kept >/data/file; sleep 1000'
  expect 0 exec sleeper true
  expect 0 commit -q sleeper localhost/mine
  expect 0 info --format '{{.Store.GraphRoot}} {{.Store.GraphStatus}}'
  assert_matches "$output" "^$WORK/node/creel-.*changing a file's owner"
  expect 0 rm -f -t 0 sleeper
  expect 0 system check
  assert_equal "$stderr" ""
  assert_equal "$(find "$WORK/served" -type f)" ""
  assert_equal "$(stat -c %a "$(graph_root)")" 700
}

@test "no home, and one that cannot be written" {
  HOME=/nonexistent load_busybox
  assert_contains "$stderr" "/nonexistent/.local/share/creel cannot be a store"
  HOME=/nonexistent expect 0 run --rm --network none $BUSYBOX echo well
  assert_output well
  assert_equal "$stderr" ""
}

@test "a home that can hold a store does, and nothing is said; each home has its own store" {
  load_busybox
  assert_equal "$stderr" ""
  assert_equal "$(graph_root)" "$HOME/.local/share/creel"
  assert_equal "$(ls "$WORK/node")" ""
  home_on_file_server --chown-deny
  expect 0 images -q
  assert_output ""
  assert_contains "$stderr" "cannot be a store"
}

@test "a store at home, made where the disk is a local one, is left alone where it is not" {
  load_busybox
  before=$(cd "$HOME/.local" && find . | sort)
  mv "$HOME/.local" "$WORK/local"
  home_on_file_server --chown-deny
  mv "$WORK/local" "$WORK/served/.local"
  expect 0 images -q
  assert_output ""
  assert_contains "$stderr" "cannot be a store"
  load_busybox
  assert_equal "$(cd "$WORK/served/.local" && find . | sort)" "$before"
}

@test "what others have put in the store's place is refused" {
  home_on_file_server --chown-deny
  expect 0 images
  place=$(graph_root)
  rmdir "$place"
  ln -s "$WORK/served" "$place"
  expect_error 125 "the store on this node $place is not a directory of this user" load -q -i "$SESSION/busybox.tar"
  rm "$place"
  mkdir -m 0777 "$place"
  chmod 0777 "$place"
  expect_error 125 "can be written by others" load -q -i "$SESSION/busybox.tar"
  assert_contains "$stderr" CREEL_NODE_STORAGE
  chmod 0700 "$place"
  load_busybox
}

@test "a place that others can replace is none: a directory on the way that they can write, a link of theirs" {
  home_on_file_server --chown-deny
  mkdir -m 0777 "$WORK/open"
  chmod 0777 "$WORK/open"
  mkdir "$WORK/open/mine"
  export CREEL_NODE_STORAGE=$WORK/open/mine
  expect_error 125 "others can replace what is in $WORK/open" images
  # As in /tmp.
  chmod 1777 "$WORK/open"
  expect 0 images
  assert_contains "$stderr" "that of this node is $WORK/open/mine/creel-"
  # What a link leads to is used, not the link.
  rm -rf "$XDG_RUNTIME_DIR/creel"
  ln -s "$WORK/open/mine" "$WORK/link"
  CREEL_NODE_STORAGE=$WORK/link expect 0 images
  assert_contains "$stderr" "that of this node is $WORK/open/mine/creel-"
  unshare --map-auto --map-root-user rm -rf "$WORK/open"
}

@test "--root where no store can be: said at once, with the reason; where it can be, it works" {
  home_on_file_server --chown-deny
  expect_error 125 "--root $HOME/mine cannot be a store (changing a file's owner: " --root "$HOME/mine" --runroot "$WORK/run/mine" images
  assert_contains "$stderr" "a disk of this node"
  [ ! -e "$HOME/mine" ]
  expect 0 --root "$WORK/node/mine" --runroot "$WORK/run/mine" load -q -i "$SESSION/busybox.tar"
  assert_equal "$stderr" ""
}

@test "storage.conf's rootless_storage_path says which disk of the node" {
  unset CREEL_NODE_STORAGE
  printf '[storage]\nrootless_storage_path = "%s/scratch/$UID/storage"\n' "$WORK" >"$WORK/storage.conf"
  mkdir "$WORK/scratch"
  home_on_file_server --chown-deny
  CONTAINERS_STORAGE_CONF=$WORK/storage.conf load_busybox
  assert_contains "$stderr" "that of this node is $WORK/scratch/$(id -u)/creel-$(id -u)-"
  expect 0 run --rm --network none $BUSYBOX echo well
  unshare --map-auto --map-root-user rm -rf "$WORK/scratch"
}
