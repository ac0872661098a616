#!/usr/bin/env bats
# creel system check: what is damaged is found, repaired where it can be, and nothing else is called damage.
load lib.bash
creel_only_file "looks into Creel's store"

setup_file() { own_store; }
teardown_file() { close_store; }
setup() { engine load -q -i "$SESSION/busybox.tar" >/dev/null; }
teardown() {
  clean_up
  engine system check --repair --force >/dev/null 2>&1 || true
  rm -f "$(store_dir)/stranger"
  engine system prune -a -f --volumes >/dev/null
}

store_dir() { echo "$HOME/.local/share/creel"; }
layer_dir() { echo "$(store_dir)/layers/$(engine image inspect -f '{{index .RootFS.Layers 0}}' "$BUSYBOX" | cut -d: -f2)"; }
# The largest blob is the layer's.
layer_blob() { ls -S -d "$(store_dir)"/blobs/sha256/* | head -n 1; }
expect_damage() {
  expect 125 system check "${@:2}"
  assert_matches "$output" "Damage: $1"
  assert_contains "$stderr" 'Error: damage detected in local storage'
  assert_contains "$stderr" '--repair'
}

@test "a whole store: nothing is said" {
  engine run --name c -v data:/d "$BUSYBOX" sh -c 'echo x >/d/x; chown 5:5 /d/x; mkdir -m 0 /closed'
  engine run -d "$BUSYBOX" sleep 1000 >/dev/null
  expect 0 system check
  assert_output ''
  assert_equal "$stderr" ''
  expect 0 system check --quick
  assert_output ''
}

@test "an absent store is whole, and is not made by looking" {
  expect 0 --root "$BATS_TEST_TMPDIR/none" system check
  assert_output ''
  [ ! -e "$BATS_TEST_TMPDIR/none" ]
}

@test "a layer that has lost a file, or bytes of one: unpacked again from its blob" {
  rm "$(layer_dir)/bin/busybox"
  expect_damage 'layer sha256:[0-9a-f]{64}: its files have' --quick
  expect 0 system check --repair --quick
  assert_output_contains 'unpacked again'
  expect 0 run --rm "$BUSYBOX" echo whole
  assert_output whole
  chmod u+w "$(layer_dir)/bin/busybox"
  truncate -s 100 "$(layer_dir)/bin/busybox"
  expect_damage layer
  expect 0 system check -r
  expect 0 run --rm "$BUSYBOX" echo whole
}

@test "a layer that is gone: found and unpacked again" {
  chmod -R u+w "$(layer_dir)"
  rm -r "$(layer_dir)"
  expect_damage 'layer sha256:[0-9a-f]{64}: it is not there' --quick
  expect 0 system check -r -q
  expect 0 run --rm "$BUSYBOX" echo whole
  expect 0 system check
  assert_output ''
}

@test "a blob with another byte: sizes do not tell, digests do; its image goes and comes again" {
  chmod u+w "$(layer_blob)"
  printf X | dd of="$(layer_blob)" bs=1 seek=1000 conv=notrunc status=none
  expect 0 system check --quick
  expect_damage 'blob sha256:[0-9a-f]{64}: its bytes have another digest'
  expect 0 system check --repair
  assert_output_contains "image $BUSYBOX: removed, as parts of it are damaged"
  ! engine image exists "$BUSYBOX"
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  expect 0 system check
  assert_output ''
}

@test "a blob that is too short, and one that is gone" {
  chmod u+w "$(layer_blob)"
  truncate -s -1 "$(layer_blob)"
  expect_damage 'blob sha256:[0-9a-f]{64}: it has [0-9]+ bytes, its manifest says [0-9]+' --quick
  rm -f "$(layer_blob)"
  expect_damage 'blob sha256:[0-9a-f]{64}: it is not there' --quick
}

@test "an image in use is not removed by --repair, but by --force with its containers" {
  engine run --name c "$BUSYBOX" true
  rm -f "$(layer_blob)"
  expect 125 system check --repair
  assert_output_contains "container c uses it; --force removes both"
  assert_equal "$(state_of c)" exited
  # It still runs: its layer is whole.
  engine start -a c
  expect 0 system check --repair --force
  is_gone c
  ! engine image exists "$BUSYBOX"
}

@test "what is nobody's is named and not deleted" {
  echo mine >"$(store_dir)/stranger"
  expect_damage '.*/stranger: no part of a store has that name'
  expect 125 system check --repair
  assert_equal "$(cat "$(store_dir)/stranger")" mine
}

@test "leftovers of a killed command are no damage, and --repair leaves those that are young" {
  mkdir "$(store_dir)/staging/0011223344556677"
  echo half >"$(store_dir)/staging/0011223344556677/half"
  expect 0 system check
  assert_matches "$output" '^1 leftover\(s\) of interrupted commands, [0-9.]+kB; creel system prune removes them$'
  engine untag "$BUSYBOX"
  expect 0 system check --repair --max 1h
  expect 0 system check
  assert_output ''
}

@test "a database that is garbage: said, and made again from what is on disk" {
  engine tag "$BUSYBOX" localhost/second:2
  engine create --name c -v data:/d --label a=b "$BUSYBOX" echo again >/dev/null
  engine run --rm -v data:/d "$BUSYBOX" sh -c 'echo kept >/d/f'
  engine volume create --label owner=me --opt type=tmpfs --opt device=tmpfs --opt o=size=2m labelled >/dev/null
  local before described
  described=$(engine volume inspect labelled)
  before=$(store_listing)
  rm -f "$(store_dir)"/db.sqlite-{wal,shm}
  head -c 20000 /dev/urandom >"$(store_dir)/db.sqlite"
  expect 125 system check
  assert_contains "$stderr" '--rebuild'
  expect 0 system check --rebuild
  assert_output 'Rebuilt the records of 1 image(s), 1 container(s), 2 volume(s)'
  assert_equal "$(store_listing)" "$before"
  expect 0 system check
  assert_output ''
  expect 0 start -a c
  assert_output again
  expect 0 run --rm -v data:/d "$BUSYBOX" cat /d/f
  assert_output kept
  assert_equal "$(engine inspect -f '{{.Config.Labels.a}}' c)" b
  assert_equal "$(engine volume inspect labelled)" "$described"
  [ -e "$(store_dir)/db.sqlite.damaged" ]
}

@test "system check: wrong flags" {
  expect_error 125 'cannot be used together' system check --rebuild --repair
  expect_error 125 'duration' system check --max yesterday
  expect_error 125 'takes no arguments' system check extra
}
