# Manifest lists: made here, looked at, pushed. What other tools read of them is what they are.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
setup() { engine load -q -i "$SESSION/busybox.tar" >/dev/null; }
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

HERE=containers-storage:$BUSYBOX
PULLED=docker://$PLAIN_REGISTRY/busybox:docker
entries() { engine manifest inspect "$1" | jq -r '.manifests[] | [.digest, .platform.os, .platform.architecture] | join(" ")'; }

@test "manifest create: prints the ID; a name that is taken; --amend; exists" {
  expect 0 manifest create localhost/list:1
  id=$output
  assert_matches "$id" '^[0-9a-f]{64}$'
  expect_error 125 "already associated with image \"$id\"" manifest create localhost/list:1
  expect 0 manifest create -a localhost/list:1
  assert_output "$id"
  expect 0 manifest exists localhost/list:1
  expect 1 manifest exists nosuch
  expect_error 125 "image is not a manifest list" manifest exists $BUSYBOX
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -r '.schemaVersion, (.manifests | length)' <<<"$output" | tr '\n' ' ')" "2 0 "
}

@test "manifest add: an image here, one in a registry; what is said of them; the ID stays" {
  expect 0 manifest create localhost/list:1
  id=$output
  digest=$(engine image inspect -f '{{.Digest}}' $BUSYBOX)
  arch=$(engine image inspect -f '{{.Architecture}}' $BUSYBOX)
  expect 0 manifest add localhost/list:1 $HERE
  assert_output "$id"
  assert_equal "$(entries localhost/list:1)" "$digest linux $arch"
  # Again: the same image is there once, and what is said of it now counts.
  expect 0 manifest add --arch arm64 --variant v8 --os-version 5 --annotation a=b "$id" $HERE
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -c '.manifests[0] | [.platform.architecture, .platform.variant, .platform["os.version"], .annotations]' <<<"$output")" \
    '["arm64","v8","5",{"a":"b"}]'
  expect 0 manifest add --tls-verify=false localhost/list:1 "$PULLED"
  other=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "$PULLED")
  assert_equal "$(entries localhost/list:1)" "$digest linux arm64"$'\n'"$other linux $arch"
  expect_error 125 "nosuch" manifest add nosuch $HERE
}

@test "manifest annotate, remove: by digest" {
  engine manifest create localhost/list:1 >/dev/null
  engine manifest add localhost/list:1 $HERE >/dev/null
  digest=$(engine image inspect -f '{{.Digest}}' $BUSYBOX)
  expect 0 manifest annotate --annotation x=y --arch s390x --os-version 1 --variant v1 localhost/list:1 "$digest"
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -c '.manifests[0] | [.platform.architecture, .platform.variant, .platform["os.version"], .annotations]' <<<"$output")" \
    '["s390x","v1","1",{"x":"y"}]'
  expect 0 manifest remove localhost/list:1 "$digest"
  assert_equal "$(entries localhost/list:1)" ""
  expect_error 125 "no instance matching digest" manifest remove localhost/list:1 "$digest"
}

@test "manifest rm: lists alone; rmi takes them too" {
  engine manifest create localhost/list:1 >/dev/null
  expect 0 images --filter manifest=true --format '{{.Repository}}'
  assert_output localhost/list
  id=$(engine images --filter manifest=true --no-trunc --format '{{.Id}}')
  expect 0 manifest rm localhost/list:1
  assert_output "Untagged: localhost/list:1"$'\n'"Deleted: $id"
  expect_error 1 "image not known" manifest rm localhost/list:1
  expect_error 125 "image is not a manifest list" manifest rm $BUSYBOX
  engine manifest create localhost/list:2 >/dev/null
  expect 0 rmi localhost/list:2
  expect 1 manifest exists localhost/list:2
}

@test "manifest: what a list holds stays when the image's name goes; the image for this machine runs" {
  creel_only "Podman looks for a local image of that name"
  engine manifest create localhost/list:1 >/dev/null
  expect 0 manifest add localhost/list:1 busybox
  expect 0 run --rm --network none localhost/list:1 echo of the list
  assert_output "of the list"
  digest=$(engine image inspect -f '{{.Digest}}' $BUSYBOX)
  expect 0 image inspect -f '{{.Digest}}' localhost/list:1
  assert_output "$digest"
  expect 0 rmi $BUSYBOX
  [ -e "$HOME/.local/share/creel/blobs/sha256/${digest#sha256:}" ]
  expect_error 125 "no image of it for" history localhost/list:1
  expect 0 manifest rm localhost/list:1
  [ ! -e "$HOME/.local/share/creel/blobs/sha256/${digest#sha256:}" ]
}

@test "manifest inspect: of what is in a registry" {
  creel_only "Podman 4.3 has no --tls-verify here"
  expect 0 manifest inspect "docker://$PLAIN_REGISTRY/busybox:docker"
  assert_equal "$(jq -r .mediaType <<<"$output")" application/vnd.docker.distribution.manifest.v2+json
  expect_error 125 "nosuch" manifest inspect "docker://$PLAIN_REGISTRY/nosuch:1"
  expect 0 manifest inspect "oci-archive:$SESSION/busybox.tar"
  assert_equal "$(jq -S . <<<"$output")" "$(skopeo inspect --raw "oci-archive:$SESSION/busybox.tar" | jq -S .)"
  expect_error 125 "nosuch" manifest inspect "oci:$BATS_TEST_TMPDIR/nosuch"
}

@test "manifest create: with images; annotations of the list; artifacts" {
  creel_only "newer than Podman 4.3"
  expect 0 manifest create --annotation who=me localhost/list:1 $BUSYBOX "$PULLED"
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -c '[.annotations, (.manifests | length), .mediaType]' <<<"$output")" \
    '[{"who":"me"},2,"application/vnd.oci.image.index.v1+json"]'
  echo content >"$BATS_TEST_TMPDIR/file.txt"
  expect 0 manifest add --artifact --artifact-type text/note --artifact-layer-type text/plain --annotation k=v \
    localhost/list:1 "$BATS_TEST_TMPDIR/file.txt"
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -c '.manifests[2] | [.artifactType, .annotations]' <<<"$output")" '["text/note",{"k":"v"}]'
  artifact=$HOME/.local/share/creel/blobs/sha256/$(jq -r '.manifests[2].digest[7:]' <<<"$output")
  assert_equal "$(jq -c '[.artifactType, .config.mediaType, .layers[0].mediaType, .layers[0].size, .layers[0].annotations]' "$artifact")" \
    '["text/note","application/vnd.oci.empty.v1+json","text/plain",8,{"org.opencontainers.image.title":"file.txt"}]'
  expect 0 manifest annotate --index --annotation more=1 --subject $BUSYBOX localhost/list:1
  expect 0 manifest inspect localhost/list:1
  assert_equal "$(jq -c '[.annotations, .subject.digest]' <<<"$output")" \
    "[{\"more\":\"1\",\"who\":\"me\"},\"$(engine image inspect -f '{{.Digest}}' $BUSYBOX)\"]"
}

@test "manifest add: ten at once, none is lost" {
  creel_only "Podman loses some"
  engine manifest create localhost/list:1 >/dev/null
  local pids=()
  for i in 0 1 2 3 4 5 6 7 8 9; do
    echo "$i" >"$BATS_TEST_TMPDIR/f$i"
    engine manifest add --artifact localhost/list:1 "$BATS_TEST_TMPDIR/f$i" >/dev/null 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  assert_equal "$(engine manifest inspect localhost/list:1 | jq '.manifests | length')" 10
}

@test "manifest push: to an OCI layout and a directory; what skopeo reads of it; --digestfile, --rm" {
  creel_only "Podman compresses anew"
  mkdir "$BATS_TEST_TMPDIR/root"
  echo x >"$BATS_TEST_TMPDIR/root/file"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/root.tar" .
  engine import -q --arch arm64 "$BATS_TEST_TMPDIR/root.tar" localhost/arm:1 >/dev/null
  engine manifest create localhost/list:1 $BUSYBOX localhost/arm:1 >/dev/null
  expect 0 manifest push -q --digestfile "$BATS_TEST_TMPDIR/digest" localhost/list:1 "oci:$BATS_TEST_TMPDIR/layout:tag"
  assert_equal "$output$stderr" ""
  skopeo inspect --raw "oci:$BATS_TEST_TMPDIR/layout:tag" >"$BATS_TEST_TMPDIR/raw"
  assert_equal "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/raw" | cut -d ' ' -f 1)" "$(cat "$BATS_TEST_TMPDIR/digest")"
  assert_equal "$(jq -r '.manifests[].digest' "$BATS_TEST_TMPDIR/raw" | sort)" \
    "$({ engine image inspect -f '{{.Digest}}' $BUSYBOX && engine image inspect -f '{{.Digest}}' localhost/arm:1; } | sort)"
  # Whole: skopeo finds every blob.
  run -0 skopeo copy -q --insecure-policy --all "oci:$BATS_TEST_TMPDIR/layout:tag" "dir:$BATS_TEST_TMPDIR/copy"
  expect 0 manifest push localhost/list:1 "dir:$BATS_TEST_TMPDIR/dir"
  assert_contains "$stderr" "Copying image sha256:"
  run -0 skopeo copy -q --insecure-policy --all "dir:$BATS_TEST_TMPDIR/dir" "oci:$BATS_TEST_TMPDIR/again:tag"
  expect 0 manifest push -q -f v2s2 localhost/list:1 "dir:$BATS_TEST_TMPDIR/dir2"
  assert_equal "$(jq -r '[.mediaType, .manifests[].mediaType] | unique | join(" ")' "$BATS_TEST_TMPDIR/dir2/manifest.json")" \
    "application/vnd.docker.distribution.manifest.list.v2+json application/vnd.docker.distribution.manifest.v2+json"
  run -0 skopeo copy -q --insecure-policy --all "dir:$BATS_TEST_TMPDIR/dir2" "oci:$BATS_TEST_TMPDIR/again2:tag"
  expect_error 125 "manifest list" manifest push -q localhost/list:1 "docker-archive:$BATS_TEST_TMPDIR/x.tar"
  expect 0 manifest push -q --rm localhost/list:1 "oci:$BATS_TEST_TMPDIR/layout:other"
  expect 1 manifest exists localhost/list:1
}

raw() { skopeo inspect --raw --tls-verify=false "docker://$PLAIN_REGISTRY/$1"; }
# An image for another machine, localhost/arm:1.
other_image() {
  mkdir "$BATS_TEST_TMPDIR/root"
  head -c 100000 /dev/zero >"$BATS_TEST_TMPDIR/root/file"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/root.tar" .
  engine import -q --arch arm64 "$BATS_TEST_TMPDIR/root.tar" localhost/arm:1 >/dev/null
}

@test "manifest push: to a registry, from which it is pulled; --all, --purge, --digestfile" {
  other_image
  engine manifest create localhost/list:1 >/dev/null
  engine manifest add localhost/list:1 $HERE >/dev/null
  engine manifest add localhost/list:1 containers-storage:localhost/arm:1 >/dev/null
  expect 0 manifest push -q --tls-verify=false --all --digestfile "$BATS_TEST_TMPDIR/digest" --purge localhost/list:1 "docker://$PLAIN_REGISTRY/lists/all:1"
  expect 1 manifest exists localhost/list:1
  raw lists/all:1 >"$BATS_TEST_TMPDIR/raw"
  assert_equal "$(jq '.manifests | length' "$BATS_TEST_TMPDIR/raw")" 2
  assert_contains "$(jq -r '.manifests[].platform.architecture' "$BATS_TEST_TMPDIR/raw")" arm64
  assert_equal "$(cat "$BATS_TEST_TMPDIR/digest")" "sha256:$(sha256sum <"$BATS_TEST_TMPDIR/raw" | cut -d ' ' -f 1)"
  engine rmi -f -a >/dev/null
  expect 0 run --rm --network none --tls-verify=false "$PLAIN_REGISTRY/lists/all:1" echo well
  assert_output well
  run -0 skopeo copy -q --insecure-policy --all --src-tls-verify=false "docker://$PLAIN_REGISTRY/lists/all:1" "dir:$BATS_TEST_TMPDIR/all"
}

@test "manifest push: without a destination it goes where the list's name says; images as they are, those of registries too" {
  creel_only "Podman wants a destination, and compresses anew"
  engine manifest create "$PLAIN_REGISTRY/lists/own:1" $BUSYBOX >/dev/null
  engine manifest add --tls-verify=false "$PLAIN_REGISTRY/lists/own:1" "$PULLED" >/dev/null
  wanted=$(entries "$PLAIN_REGISTRY/lists/own:1")
  expect 0 manifest push -q --insecure "$PLAIN_REGISTRY/lists/own:1"
  assert_equal "$(raw lists/own:1 | jq -r '.manifests[] | [.digest, .platform.os, .platform.architecture] | join(" ")')" "$wanted"
  run -0 skopeo copy -q --insecure-policy --all --src-tls-verify=false "docker://$PLAIN_REGISTRY/lists/own:1" "dir:$BATS_TEST_TMPDIR/all"
  # The list alone, where its images are there already.
  engine manifest annotate --arch arm64 "$PLAIN_REGISTRY/lists/own:1" "$(raw busybox:docker | sha256sum | sed 's/ .*//;s/^/sha256:/')"
  expect 0 manifest push -q --all=false --tls-verify=false "$PLAIN_REGISTRY/lists/own:1"
  assert_contains "$(raw lists/own:1 | jq -r '.manifests[].platform.architecture')" arm64
}

@test "manifest push: --format, --compression-format, --add-compression" {
  creel_only "Podman 4.3 lacks the compressions"
  other_image
  engine manifest create localhost/list:1 $BUSYBOX localhost/arm:1 >/dev/null
  push() { expect 0 manifest push -q --tls-verify=false "$@"; }
  # docs REPOSITORY:TAG: media types of the layers of each image.
  layer_types() {
    for digest in $(raw "$1" | jq -r '.manifests[].digest'); do
      raw "${1%:*}@$digest" | jq -r '.layers[].mediaType'
    done | sort | uniq -c | sed 's/^ *//'
  }
  push -f v2s2 localhost/list:1 "docker://$PLAIN_REGISTRY/lists/docker:1"
  assert_equal "$(raw lists/docker:1 | jq -r .mediaType)" application/vnd.docker.distribution.manifest.list.v2+json
  push --compression-format zstd --compression-level 3 localhost/list:1 "docker://$PLAIN_REGISTRY/lists/zstd:1"
  assert_equal "$(layer_types lists/zstd:1)" "2 application/vnd.oci.image.layer.v1.tar+zstd"
  push --compression-format gzip --add-compression zstd localhost/list:1 "docker://$PLAIN_REGISTRY/lists/both:1"
  assert_equal "$(layer_types lists/both:1)" $'2 application/vnd.oci.image.layer.v1.tar+gzip\n2 application/vnd.oci.image.layer.v1.tar+zstd'
  assert_equal "$(raw lists/both:1 | jq -c '[.manifests[] | .annotations["io.github.containers.compression.zstd"]]')" '[null,"true",null,"true"]'
  run -0 skopeo copy -q --insecure-policy --all --src-tls-verify=false "docker://$PLAIN_REGISTRY/lists/both:1" "dir:$BATS_TEST_TMPDIR/both"
  engine rmi -f -a >/dev/null
  expect 0 run --rm --network none --tls-verify=false "$PLAIN_REGISTRY/lists/zstd:1" echo well
  assert_output well
  expect_error 125 "zstd:chunked" manifest push --add-compression zstd:chunked localhost/list:1 dir:x
  expect_error 125 "Docker's manifests know no zstd" push -q -f v2s2 --compression-format zstd "$PLAIN_REGISTRY/lists/zstd:1" "dir:$BATS_TEST_TMPDIR/x"
  expect_error 125 "--all=false" manifest push --all=false --add-compression zstd localhost/list:1 dir:x
}
