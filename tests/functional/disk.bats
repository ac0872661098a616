#!/usr/bin/env bats
# What the disk holds: system df, the prunes.
load lib.bash

setup_file() { own_store; }
teardown_file() { close_store; }
setup() { engine load -q -i "$SESSION/busybox.tar" >/dev/null; }
teardown() {
  clean_up
  engine system prune -a -f --volumes >/dev/null 2>&1 || true
}

store_dir() { if as_root; then echo "$WORK/store"; else echo "$HOME/.local/share/creel"; fi; }
inside() { if as_root; then "$@"; else unshare --map-auto --map-root-user "$@"; fi; }
# Bytes that du finds in the store, without what a new one has.
du_of_store() {
  inside bash -c 'shopt -s nullglob; cd "$1"; set -- {blobs/sha256,layers,images,containers,volumes,staging}/*
    for each; do [ "$each" = staging/boot ] || printf "%s\0" "$each"; done | du -c --block-size=1 --files0-from=- 2>/dev/null | tail -n 1 | cut -f 1' sh "$(store_dir)"
}
df_sum() { engine system df --format '{{.RawSize}}' | awk '{ sum += $1 } END { print sum + 0 }'; }
assert_df_is_du() {
  local df du
  df=$(df_sum) du=$(du_of_store)
  [ $((df > du ? df - du : du - df)) -le $((du / 100)) ] || fail "df says $df, du $du"
}

@test "system df: a line for images, containers and volumes, as Podman prints them" {
  engine run --name c -v data:/d "$BUSYBOX" true
  engine volume create spare 2>/dev/null || engine run --rm -v spare:/d "$BUSYBOX" true
  expect 0 system df
  assert_matches "${lines[0]}" '^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$'
  assert_matches "${lines[1]}" '^Images +1 +1 +[0-9.]+MB +0B \(0%\)$'
  assert_matches "${lines[2]}" '^Containers +1 +0 +[0-9.]+k?B +[0-9.]+k?B \([0-9]+%\)$'
  assert_matches "${lines[3]}" '^Local Volumes +2 +1 +[0-9.]+k?B +[0-9.]+k?B \([0-9]+%\)$'
  assert_equal "${#lines[@]}" 4
  expect 0 system df --format '{{.Type}}:{{.Total}}:{{.Active}}'
  assert_output $'Images:1:1\nContainers:1:0\nLocal Volumes:2:1'
  expect_error 125 'takes no arguments' system df extra
}

@test "system df --verbose: each image, container and volume" {
  engine run --name c -v data:/d "$BUSYBOX" true
  expect 0 system df -v
  assert_output_contains 'Images space usage:'
  assert_matches "$output" 'REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS'
  assert_matches "$output" 'localhost/busybox +latest +[0-9a-f]{12} +.* 0B +[0-9.]+MB +1'
  assert_matches "$output" 'CONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES'
  assert_matches "$output" '[0-9a-f]{12} +[0-9a-f]{12} +true +1 +[0-9.]+k?B .* exited +c'
  assert_matches "$output" 'VOLUME NAME +LINKS +SIZE'
  assert_matches "$output" 'data +1 +[0-9.]+k?B'
}

@test "system df --format json and wrong flags" {
  creel_only "Podman 4.3 has no JSON here"
  expect 0 system df --format json
  run python3 -c 'import json, sys; rows = json.loads(sys.argv[1]); print([row["Type"] for row in rows], sorted(rows[0]))' "$output"
  assert_contains "$output" "['Images', 'Containers', 'Local Volumes']"
  for key in Active RawReclaimable RawSize Reclaimable Size Total Type; do assert_contains "$output" "'$key'"; done
  expect_error 125 'cannot combine --format and --verbose' system df -v --format json
}

@test "system df is what du finds: images that share layers, files of many owners, logs, volumes" {
  creel_only "Podman leaves out compressed layers, and counts shared layers once per image"
  # Files of many owners, closed directories, a hard link, a hole.
  local tree=$BATS_TEST_TMPDIR/tree
  mkdir -p "$tree/closed/deep" "$tree/many"
  head -c 2000000 /dev/urandom >"$tree/closed/deep/big"
  ln "$tree/closed/deep/big" "$tree/twice"
  truncate -s 1M "$tree/hole"
  (cd "$tree/many" && seq 1 2000 | split -l 2 -a 4)
  tar -C "$tree" -c --sort=name --owner=33 --group=44 --mode=a=,u=rwX . | engine import -q - localhost/a:1 >/dev/null
  engine run --name c -v data:/d "$BUSYBOX" sh -c 'head -c 3000000 /dev/zero >/big; head -c 1000000 /dev/zero >/d/f; ln /big /twice; chown 33:33 /big; mkdir -m 0700 /closed; chown 7:7 /closed; seq 1 20000' >/dev/null
  assert_df_is_du
  # What two images have in common counts once.
  tar -C "$tree" -c --sort=name --owner=33 --group=44 --mode=a=,u=rwX . |
    engine import -q -c 'ENV A=1' - localhost/b:1 >/dev/null
  assert_df_is_du
  assert_matches "$(engine system df -v)" 'localhost/a +1 +[0-9a-f]{12} +.*[1-9][0-9.]*[kM]?B +[0-9.]+[kM]?B +0'
}

@test "system df is what du finds: zstd:chunked, manifest lists, artifacts, many images; prune leaves nothing of them" {
  creel_only "Podman leaves out compressed layers, and counts shared layers once per image"
  cd "$BATS_TEST_TMPDIR"
  skopeo copy -q --insecure-policy --dest-tls-verify=false --dest-compress-format zstd:chunked "oci-archive:$SESSION/busybox.tar" "docker://$PLAIN_REGISTRY/chunked:1"
  assert_contains "$(skopeo inspect --tls-verify=false --raw "docker://$PLAIN_REGISTRY/chunked:1")" zstd
  engine pull -q --tls-verify=false "$PLAIN_REGISTRY/chunked:1" >/dev/null
  assert_df_is_du
  head -c 2000000 /dev/urandom >artifact
  engine manifest create localhost/list:1 "$BUSYBOX" >/dev/null
  engine manifest add --tls-verify=false localhost/list:1 "docker://$PLAIN_REGISTRY/busybox:docker" >/dev/null
  engine manifest add --artifact --artifact-type text/note localhost/list:1 artifact >/dev/null
  engine manifest annotate --index --annotation a=b localhost/list:1 >/dev/null
  assert_df_is_du
  local i
  for i in 1 2 3 4 5 6 7 8; do
    head -c "${i}00000" /dev/urandom >file
    tar -c file | engine import -q - "localhost/many:$i" >/dev/null
  done
  engine rmi localhost/many:3 localhost/many:8 "$BUSYBOX" >/dev/null
  assert_df_is_du
  engine manifest rm localhost/list:1 >/dev/null
  assert_df_is_du
  expect 0 system check
  assert_output ""
  expect 0 system prune --all --force
  assert_equal "$(df_sum) $(du_of_store)" "0 0"
}

# Those of living processes.
leftovers_are() { [ "$(engine system df --format '{{.Type}} {{.Active}}' | grep Leftovers)" = "Leftovers $1" ]; }

@test "system df: leftovers of killed commands are a line of their own, and prune takes them" {
  creel_only "Podman does not see them"
  engine rmi -f -a >/dev/null
  # An import that dies with half a layer.
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  setsid $(engine_command) import -q "$BATS_TEST_TMPDIR/pipe" localhost/x:1 >/dev/null 2>&1 3>&- &
  local importer=$!
  exec 8>"$BATS_TEST_TMPDIR/pipe"
  tar -C / -c usr/bin 2>/dev/null | head -c 3000000 >&8
  wait_until 20 leftovers_are 1
  kill -9 -- -$importer
  wait $importer || true
  exec 8>&-
  wait_until 20 leftovers_are 0
  assert_df_is_du
  expect 0 system prune -f
  assert_matches "$output" 'Total reclaimed space: '
  refute_output_contains Deleted
  assert_equal "$(df_sum)" 0
  assert_equal "$(du_of_store)" 0
}

@test "system prune: what it will remove is said, and a no or an end of input removes nothing" {
  engine create --name c "$BUSYBOX" true
  run engine system prune </dev/null
  [ "$status" -eq 125 ]
  assert_output_contains 'WARNING! This command removes:'
  assert_output_contains '- all stopped containers'
  assert_output_contains '- all dangling images'
  assert_output_contains 'Are you sure you want to continue? [y/N] '
  assert_output_contains 'EOF'
  run engine system prune -a --volumes <<<n
  [ "$status" -eq 0 ]
  assert_output_contains '- all volumes not used by at least one container'
  assert_output_contains '- all images without at least one container associated with them'
  assert_equal "$(state_of c)" created
}

@test "system prune: stopped containers and images without a name; running ones and their image stay" {
  engine run -d --name alive "$BUSYBOX" sleep 1000 >/dev/null
  local dead
  dead=$(engine create -v data:/d "$BUSYBOX" true)
  tar -cf "$BATS_TEST_TMPDIR/one.tar" --files-from /dev/null
  local nameless
  nameless=$(engine import -q "$BATS_TEST_TMPDIR/one.tar" localhost/gone:1)
  engine untag localhost/gone:1
  run engine system prune <<<y
  [ "$status" -eq 0 ]
  assert_output_contains $'Deleted Containers\n'"$dead"
  assert_output_contains $'Deleted Images\n'"${nameless#sha256:}"
  refute_output_contains 'Deleted Volumes'
  assert_matches "$output" 'Total reclaimed space: [0-9.]+k?M?B'
  assert_equal "$(state_of alive)" running
  engine image exists "$BUSYBOX"
  expect 0 system prune -a -f --volumes
  assert_output_contains $'Deleted Volumes\ndata'
  engine image exists "$BUSYBOX"
}

@test "system prune --all --volumes returns an empty store to nothing" {
  creel_only "du of Podman's store never returns to nothing"
  engine pull -q --tls-verify=false "$PLAIN_REGISTRY/busybox:latest" >/dev/null
  engine run --name c -v data:/d "$BUSYBOX" sh -c 'echo x >/d/f; chown 5:5 /d/f /d; echo y >/y'
  engine run -v /anonymous "$BUSYBOX" true
  expect 0 system prune --all --volumes --force
  assert_equal "$(df_sum)" 0
  assert_equal "$(du_of_store)" 0
  assert_equal "$(engine system df --format '{{.Total}}')" $'0\n0\n0'
}

@test "prune filters: until and label choose, others are refused" {
  engine create --name kept --label keep=1 "$BUSYBOX" true
  engine create --name other "$BUSYBOX" true
  expect 0 container prune -f --filter until=1h
  assert_output ''
  expect 0 container prune -f --filter 'label!=keep'
  is_gone other
  assert_equal "$(state_of kept)" created
  expect 0 system prune -f --filter label=keep=2
  assert_equal "$(state_of kept)" created
  expect 0 container prune --force --filter label=keep=1
  is_gone kept
  for command in 'system prune' 'container prune' 'volume prune'; do
    expect_error 125 'bogus' $command -f --filter bogus=1
  done
}

@test "container prune asks, removes all that do not run and prints their IDs" {
  local dead
  engine run -d --name alive "$BUSYBOX" sleep 1000 >/dev/null
  dead=$(engine create "$BUSYBOX" true)
  run engine container prune <<<n
  assert_output_contains 'WARNING! This will remove all non running containers.'
  engine container exists "$dead"
  run engine container prune <<<Y
  [ "$status" -eq 0 ]
  assert_output_contains "$dead"
  is_gone "$dead"
  assert_equal "$(state_of alive)" running
}

@test "volume prune asks, names what goes, and leaves what a container uses" {
  engine create --name c -v used:/d "$BUSYBOX" true
  engine run --rm -v spare:/d "$BUSYBOX" sh -c 'echo x >/d/x; chown 9:9 /d/x'
  run engine volume prune <<<y
  [ "$status" -eq 0 ]
  assert_output_contains 'This will remove all volumes not used by at least one container'
  assert_output_contains spare
  refute_output_contains used:
  run engine volume prune </dev/null
  assert_output_contains 'No dangling volumes found'
  engine rm c
  expect 0 volume prune -f
  assert_output used
}

@test "a volume that is removed while it belongs to many users is wholly gone" {
  creel_only "looks into Creel's store"
  engine run --rm -v v:/d "$BUSYBOX" sh -c 'mkdir /d/a; echo 1 >/d/a/b; chown -R 12:12 /d; chmod 0700 /d/a'
  expect 0 volume prune -f
  assert_output v
  assert_equal "$(ls "$(store_dir)/volumes")" ''
  assert_equal "$(ls "$(store_dir)/staging" | grep -v -e '^boot$' -e transfer)" ''
}
