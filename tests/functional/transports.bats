# oci:, oci-archive:, dir:, docker-archive: as places to pull from; with what skopeo, umoci, buildah and Podman write.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}
# sk ARGS...: skopeo copy.
sk() { skopeo copy -q --insecure-policy "$@"; }
archive() { echo "oci-archive:$SESSION/busybox.tar"; }

@test "pull: oci:, oci-archive:, dir:, docker-archive: as skopeo writes them; the ID; it runs" {
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  sk "$(archive)" dir:directory
  sk "$(archive)" oci-archive:a.tar:from.example/a:1
  sk "$(archive)" docker-archive:d.tar:from.example/d:1
  config=$(skopeo inspect --raw "$(archive)" | jq -r .config.digest)
  for location in oci:layout:v1 dir:directory oci-archive:a.tar docker-archive:d.tar docker-archive:d.tar:@0; do
    expect 0 pull -q "$location"
    assert_output "${config#sha256:}"
    expect 0 run --rm "$output" echo it runs
    assert_output "it runs"
    engine rmi -f -a >/dev/null
  done
  expect 0 pull -q oci-archive:a.tar
  expect 0 pull -q docker-archive:d.tar
  expect 0 image exists from.example/a:1
  expect 0 image exists from.example/d:1
}

@test "pull oci:DIRECTORY:NAME gives the image that name; without a name it has none" {
  creel_only "Podman 4.3 calls it after the directory"
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:from.example/o:2
  expect 0 pull -q oci:layout:from.example/o:2
  expect 0 image exists from.example/o:2
  engine rmi -f -a >/dev/null
  expect 0 pull -q oci:layout
  expect 0 images --format '{{.Repository}}:{{.Tag}}'
  assert_output "<none>:<none>"
}

@test "pull: the manifest's digest is the one in the layout, the archive, the directory" {
  creel_only "Podman compresses anew"
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" --preserve-digests oci:layout:v1
  sk "$(archive)" --preserve-digests dir:directory
  digest=$(skopeo inspect --format '{{.Digest}}' "$(archive)")
  for location in oci:layout:v1 dir:directory "$(archive)"; do
    expect 0 pull -q "$location"
    assert_equal "$(engine inspect -f '{{.Digest}}' "$output")" "$digest"
    engine rmi -f -a >/dev/null
  done
}

@test "pull: a docker-archive of several images, one of them, or all" {
  creel_only "Podman 4.3 pulls archives of one image"
  cd "$BATS_TEST_TMPDIR"
  engine pull -q "$(archive)" >/dev/null
  echo hello >file
  tar -cf root.tar file
  engine import -q root.tar localhost/other:1 >/dev/null
  engine save -q -m -o several.tar localhost/busybox:latest localhost/other:1
  engine rmi -f -a >/dev/null
  expect 0 pull -q docker-archive:several.tar:localhost/other:1
  expect 0 images --format '{{.Repository}}:{{.Tag}}'
  assert_output "localhost/other:1"
  expect 0 pull -q docker-archive:several.tar
  expect 0 images --format '{{.Repository}}:{{.Tag}}'
  assert_output_contains "localhost/busybox:latest"
  expect 125 pull -q docker-archive:several.tar:localhost/third:1
  assert_contains "$stderr" "localhost/third:1"
}

@test "pull: what is not there, what is not built, what is damaged" {
  cd "$BATS_TEST_TMPDIR"
  expect_error 125 nothing-there pull -q oci:nothing-there
  expect_error 125 docker-daemon pull -q docker-daemon:busybox:latest
  sk "$(archive)" oci:layout:v1
  expect_error 125 v2 pull -q oci:layout:v2
  layer=$(skopeo inspect --raw oci:layout:v1 | jq -r '.layers[0].digest')
  printf 'x' | dd of="layout/blobs/sha256/${layer#sha256:}" bs=1 seek=1000 conv=notrunc status=none
  expect_error 125 "" pull -q oci:layout:v1
  expect 0 images -q
  assert_output ""
}

@test "pull: through an index in a layout, for this platform or another; the index's digest is known" {
  creel_only "Podman compresses anew"
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" --preserve-digests oci:layout:v1
  put() { local hex; hex=$(sha256sum <"$1" | cut -d' ' -f1); cp "$1" "layout/blobs/sha256/$hex"; echo "sha256:$hex"; }
  own=$(jq -c '.manifests[0] | del(.annotations)' layout/index.json)
  arch=$(skopeo inspect --format '{{.Architecture}}' oci:layout:v1)
  jq -nc --argjson m "$own" --arg a "$arch" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [($m + {platform: {os: "linux", architecture: $a}}), ($m + {platform: {os: "linux", architecture: "s390x"}})],
    annotations: {kept: "yes"}}' >index
  digest=$(put index)
  jq -nc --arg d "$digest" --argjson s "$(stat -c %s index)" '{schemaVersion: 2, manifests: [{mediaType: "application/vnd.oci.image.index.v1+json",
    digest: $d, size: $s, annotations: {"org.opencontainers.image.ref.name": "from.example/many:1"}}]}' >layout/index.json
  expect 0 pull -q oci:layout:from.example/many:1
  assert_contains "$(engine inspect --type image from.example/many:1 | jq -c '.[0].RepoDigests')" "from.example/many@$digest"
  expect 0 run --rm "from.example/many@$digest" echo by the index
  assert_output "by the index"
  expect 0 pull -q --platform linux/s390x oci:layout:from.example/many:1
  expect_error 125 "riscv64" pull -q --platform linux/riscv64 oci:layout:from.example/many:1
  tar -C layout -cf layout.tar .
  engine rmi -f -a >/dev/null
  expect 0 load -q -i layout.tar
  assert_contains "$(engine inspect --type image from.example/many:1 | jq -c '.[0].RepoDigests')" "from.example/many@$digest"
}

@test "push: to a layout, an archive, a directory; the digest is the one in the store" {
  creel_only "Podman compresses anew"
  cd "$BATS_TEST_TMPDIR"
  engine pull -q "$(archive)" >/dev/null
  engine tag "$(engine images -q)" localhost/out:1
  digest=$(engine inspect -f '{{.Digest}}' localhost/out:1)
  for location in oci:layout:v1 oci:layout:v2 oci-archive:a.tar:v1 dir:directory; do
    expect 0 push -q localhost/out:1 "$location"
    assert_equal "$(skopeo inspect --format '{{.Digest}}' "${location%:v1}$([[ $location != *:v1 ]] || echo :v1)")" "$digest"
  done
  assert_equal "$(jq '.manifests | length' layout/index.json)" 2
  expect 0 push -q localhost/out:1 docker-archive:d.tar:localhost/out:1
  assert_equal "$(skopeo inspect --format '{{.Os}}' docker-archive:d.tar:localhost/out:1)" linux
  engine rmi -f -a >/dev/null
  expect 0 pull -q oci:layout:v2
  assert_equal "$(engine inspect -f '{{.Digest}}' "$output")" "$digest"
}

@test "umoci's layout goes in" {
  command -v umoci >/dev/null || skip "umoci is not installed"
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  echo changed >file
  umoci insert --rootless --image layout:v1 --tag v2 file /file
  expect 0 pull -q oci:layout:v2
  expect 0 run --rm "$output" cat /file
  assert_output changed
}

@test "save: oci-dir and oci-archive are read by skopeo and umoci; docker-dir by skopeo" {
  creel_only "Podman compresses anew"
  cd "$BATS_TEST_TMPDIR"
  engine pull -q "$(archive)" >/dev/null
  digest=$(skopeo inspect --format '{{.Digest}}' "$(archive)")
  engine tag "$(engine images -q)" localhost/saved:1
  expect 0 save -q --format oci-dir -o layout localhost/saved:1
  assert_equal "$(skopeo inspect --format '{{.Digest}}' oci:layout:localhost/saved:1)" "$digest"
  expect 0 save -q --format oci-archive -o a.tar localhost/saved:1
  assert_equal "$(skopeo inspect --format '{{.Digest}}' oci-archive:a.tar)" "$digest"
  expect 0 save -q --format docker-dir -o directory localhost/saved:1
  sk dir:directory oci:from-dir:x
  if command -v umoci >/dev/null; then
    assert_contains "$(umoci ls --layout layout)" "localhost/saved:1"
    umoci unpack --rootless --image layout:localhost/saved:1 bundle
    [ -x bundle/rootfs/bin/busybox ]
  fi
}

@test "containers-storage: an image of Podman's store goes in, bit for bit; the store stays as it was" {
  creel_only "Podman itself owns it"
  command -v podman >/dev/null || skip "podman is not installed"
  cd "$BATS_TEST_TMPDIR"
  export PODMAN_HOME=$BATS_TEST_TMPDIR/h
  mkdir -p "$PODMAN_HOME/.config/containers"
  mkdir -m 0700 "$PODMAN_HOME/run"
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$PODMAN_HOME/.config/containers/policy.json"
  pod() { HOME=$PODMAN_HOME XDG_RUNTIME_DIR=$PODMAN_HOME/run podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver "$driver" --root "$PODMAN_HOME/$driver" "$@" 2>/dev/null; }
  # A second layer: what is taken away, owners, links, a name with spaces.
  engine pull -q "$(archive)" >/dev/null
  engine run --name c "$(engine images -q)" sh -c 'rm /bin/vi; echo 1 >"/a file"; chown 5:6 "/a file"; ln "/a file" /b; ln -s b /c' >/dev/null
  id=$(engine commit -q c localhost/two:1)
  layers=$(engine inspect --type image localhost/two:1 | jq -c '.[0].RootFS.Layers')
  engine save -q --format oci-archive -o two.tar localhost/two:1
  for driver in overlay vfs; do
    engine rm -f -a >/dev/null
    engine rmi -f -a >/dev/null
    pod load -q -i two.tar || skip "Podman cannot load here"
    before=$(cd "$PODMAN_HOME/$driver" && unshare --map-auto --map-root-user find . -type f -size -1000 ! -name '*.lock' ! -name '*.db' -printf '%p %s %T@\n' | sort | sha256sum)
    expect 0 pull -q "containers-storage:[$driver@$PODMAN_HOME/$driver]localhost/two:1"
    assert_output "$id"
    assert_equal "$(engine inspect --type image localhost/two:1 | jq -c '.[0].RootFS.Layers')" "$layers"
    expect 0 run --rm localhost/two:1 sh -c 'stat -c %u:%g "/a file"; cat /c; [ /b -ef "/a file" ] && echo linked; [ -e /bin/vi ] || echo gone'
    assert_output $'5:6\n1\nlinked\ngone'
    assert_equal "$(cd "$PODMAN_HOME/$driver" && unshare --map-auto --map-root-user find . -type f -size -1000 ! -name '*.lock' ! -name '*.db' -printf '%p %s %T@\n' | sort | sha256sum)" "$before"
    expect_error 125 "not known" pull -q "containers-storage:[$driver@$PODMAN_HOME/$driver]localhost/absent:1"
    pod rmi -a -f >/dev/null || true
    unshare --map-auto --map-root-user rm -rf "$PODMAN_HOME/$driver"
  done
  expect_error 125 "Podman's store" pull -q "containers-storage:[overlay@$BATS_TEST_TMPDIR/none]x"
}

@test "run: what lies in a layout, an archive or a directory; the name that it has there" {
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  sk "$(archive)" docker-archive:archive.tar:from.example/app:2
  sk "$(archive)" dir:directory
  sk "$(archive)" oci-archive:oci.tar:v1
  for from in oci:layout:v1 docker-archive:archive.tar oci-archive:oci.tar "dir:$PWD/directory"; do
    expect 0 run --rm --network none "$from" echo "from $from"
    assert_output "from $from"
    engine rmi -f -a >/dev/null
  done
  expect 0 create --network none --name from-archive docker-archive:archive.tar true
  assert_equal "$(engine inspect -f '{{.ImageName}}' from-archive)" from.example/app:2
  engine rm from-archive
  expect_error 125 "nosuch" run --rm oci:nosuch:v1 true
}

@test "run --signature-policy: of the pull" {
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  echo '{"default":[{"type":"reject"}]}' >none.json
  expect_error 125 "rejected" run --rm --network none --signature-policy none.json oci:layout:v1 true
  expect 0 images -q
  assert_output ""
}

@test "load and save --platform: an image for another machine is refused" {
  creel_only "Podman has no such flag; Docker has"
  cd "$BATS_TEST_TMPDIR"
  cp "$SESSION/busybox.tar" in.tar
  arch=$(skopeo inspect --format '{{.Architecture}}' oci-archive:in.tar)
  expect_error 125 "not for linux/s390x" load -q --platform linux/s390x -i in.tar
  expect 0 images -q
  assert_output ""
  expect 0 load -q --platform "linux/$arch" -i in.tar
  expect_error 125 "not for linux/s390x" save -q --platform linux/s390x -o out.tar $BUSYBOX
  expect 0 save -q --platform "linux/$arch" --uncompressed -o out.tar $BUSYBOX
  [ -s out.tar ]
}

@test "an artifact is no image: pull says what it is, and keeps nothing" {
  cd "$BATS_TEST_TMPDIR"
  mkdir -p artifact/blobs/sha256
  put() { local hex; hex=$(sha256sum <"$1" | cut -d' ' -f1); cp "$1" "artifact/blobs/sha256/$hex"; echo "sha256:$hex"; }
  printf '{}' >config
  echo text >layer
  config=$(put config) layer=$(put layer)
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.example.sbom","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"%s","size":2},"layers":[{"mediaType":"text/plain","digest":"%s","size":5}]}' "$config" "$layer" >manifest
  manifest=$(put manifest)
  printf '{"imageLayoutVersion":"1.0.0"}' >artifact/oci-layout
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"v1"}}]}' "$manifest" "$(stat -c %s manifest)" >artifact/index.json
  is_podman || artifact_text="application/vnd.example.sbom"
  expect_error 125 "${artifact_text:-}" pull -q oci:artifact:v1
  expect 0 images -q
  assert_output ""
}
