# inspect of images that are not here: registries, layouts, archives, directories, Podman's store; and what refers to them.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
setup() { creel_only "Podman inspects what is in local storage alone"; }
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

sk() { skopeo copy -q --insecure-policy --preserve-digests "$@"; }
archive() { echo "oci-archive:$SESSION/busybox.tar"; }
document() { engine image inspect --tls-verify=false "$@" | jq -S '.[0]'; }
# What a pulled image and one elsewhere must tell alike.
SAME='{Id, Digest, Created, Config, Version, Author, Architecture, Os, RootFS, Labels, Annotations, ManifestType, User, History, Comment}'
# put REPOSITORY KIND TYPE FILE [TAG]: into the plain registry, by curl alone; prints the digest.
put_manifest() {
  local digest
  digest=sha256:$(sha256sum <"$3" | cut -d' ' -f1)
  curl -sf -X PUT -H "Content-Type: $2" --data-binary "@$3" "http://$PLAIN_REGISTRY/v2/$1/manifests/${4:-$digest}"
  echo "$digest"
}
put_blob() {
  local digest at
  digest=sha256:$(sha256sum <"$2" | cut -d' ' -f1)
  at=$(curl -sf -X POST -D - -o /dev/null "http://$PLAIN_REGISTRY/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
  case $at in *\?*) at="$at&digest=$digest" ;; *) at="$at?digest=$digest" ;; esac
  curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" "$at" >/dev/null
  echo "$digest"
}
# An artifact about SUBJECT (a descriptor) as oras and cosign make them; prints its digest, leaves it in artifact.json.
put_artifact() {
  local repository=$1 subject=$2 config layer
  printf '{}' >empty
  printf 'the content of %s' "$3" >content
  config=$(put_blob "$repository" empty)
  layer=$(put_blob "$repository" content)
  jq -nc --arg c "$config" --arg l "$layer" --argjson s "$subject" --argjson n "$(stat -c %s content)" --arg t "$3" '{schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: $t,
    config: {mediaType: "application/vnd.oci.empty.v1+json", digest: $c, size: 2},
    layers: [{mediaType: "text/plain", digest: $l, size: $n}], subject: $s, annotations: {made: "by hand"}}' >artifact.json
  put_manifest "$repository" application/vnd.oci.image.manifest.v1+json artifact.json
}

@test "image inspect: of a registry, a layout, archives and a directory, it says what inspect says after a pull" {
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  sk "$(archive)" dir:directory
  sk "$(archive)" oci-archive:a.tar:from.example/a:1
  sk "$(archive)" docker-archive:d.tar:from.example/d:1 2>/dev/null || skopeo copy -q --insecure-policy "$(archive)" docker-archive:d.tar:from.example/d:1
  gzip -k d.tar
  for location in "docker://$PLAIN_REGISTRY/busybox:latest" "docker://$PLAIN_REGISTRY/busybox:docker" oci:layout:v1 dir:directory \
    oci-archive:a.tar docker-archive:d.tar docker-archive:d.tar.gz:@0; do
    there=$(document "$location")
    expect 0 images -q
    assert_output ""
    assert_equal "$(jq -r '[(.Layers | length) > 0, (.LayersData | length) > 0, .Size > 0, .Referrers] | tostring' <<<"$there")" '[true,true,true,[]]'
    engine pull -q --tls-verify=false "$location" >/dev/null
    here=$(engine image inspect "$(jq -r .Id <<<"$there")" | jq -S '.[0]')
    assert_equal "$(jq -S "$SAME" <<<"$there")" "$(jq -S "$SAME" <<<"$here")"
    case $location in
      docker:* | *archive:*) assert_equal "$(jq -c '[.RepoTags, .RepoDigests]' <<<"$there")" "$(jq -c '[.RepoTags, .RepoDigests]' <<<"$here")" ;;
    esac
    engine rmi -f -a >/dev/null
  done
}

@test "inspect: of locations as well; templates; several; what skopeo says" {
  cd "$BATS_TEST_TMPDIR"
  sk "$(archive)" oci:layout:v1
  expect 0 inspect -f '{{.Digest}} {{.Architecture}}' oci:layout:v1
  assert_output "$(skopeo inspect -f '{{.Digest}} {{.Architecture}}' oci:layout:v1)"
  expect 0 inspect --type image --format '{{range .LayersData}}{{.MIMEType}} {{.Digest}} {{.Size}}{{println}}{{end}}' oci:layout:v1
  assert_output "$(skopeo inspect --raw oci:layout:v1 | jq -r '.layers[] | "\(.mediaType) \(.digest) \(.size)"')"
  expect 0 image inspect --tls-verify=false "docker://$PLAIN_REGISTRY/busybox:latest" oci:layout:v1
  assert_equal "$(jq -r length <<<"$output")" 2
  expect 125 inspect oci:layout:v1 oci:nosuch
  assert_equal "$(jq -r length <<<"$output")" 1
  assert_contains "$stderr" nosuch
  expect 125 inspect --type container oci:layout:v1
  assert_contains "$stderr" "oci:layout:v1"
}

@test "image inspect: a registry's refusals; credentials; a platform" {
  # refused WHY ARGS...
  refused() {
    expect 125 image inspect "${@:2}"
    assert_output "[]"
    assert_contains "$stderr" "$1"
  }
  refused "inspecting $PLAIN_REGISTRY/busybox:nosuch: " --tls-verify=false "docker://$PLAIN_REGISTRY/busybox:nosuch"
  assert_contains "$stderr" "manifest unknown"
  printf '[[registry]]\nprefix = "%s/blocked"\nlocation = "%s/blocked"\nblocked = true\n' "$PLAIN_REGISTRY" "$PLAIN_REGISTRY" >"$BATS_TEST_TMPDIR/registries.conf"
  export CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/registries.conf
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  refused "unauthorized" "docker://$TLS_REGISTRY/busybox:latest"
  assert_contains "$stderr" "creel login $TLS_REGISTRY"
  expect 0 image inspect --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" --format '{{.Os}}' "docker://$TLS_REGISTRY/busybox:latest"
  assert_output linux
  refused "Error: " oci:
  refused "blocked" "docker://$PLAIN_REGISTRY/blocked/image:1"
}

@test "image inspect: through an index: RepoDigests has both; --platform; an absent one" {
  cd "$BATS_TEST_TMPDIR"
  skopeo inspect --tls-verify=false --raw "docker://$PLAIN_REGISTRY/busybox:latest" >manifest
  digest=sha256:$(sha256sum <manifest | cut -d' ' -f1)
  arch=$(skopeo inspect --tls-verify=false --format '{{.Architecture}}' "docker://$PLAIN_REGISTRY/busybox:latest")
  jq -nc --arg d "$digest" --argjson s "$(stat -c %s manifest)" --arg a "$arch" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, platform: {os: "linux", architecture: $a}}]}' >index
  index=$(put_manifest busybox application/vnd.oci.image.index.v1+json index inspected)
  expect 0 image inspect --tls-verify=false "docker://$PLAIN_REGISTRY/busybox:inspected"
  assert_equal "$(jq -r '.[0].Digest' <<<"$output")" "sha256:$(sha256sum <manifest | cut -d' ' -f1)"
  assert_equal "$(jq -c '.[0].RepoDigests' <<<"$output")" "$(printf '%s\n' "$PLAIN_REGISTRY/busybox@$digest" "$PLAIN_REGISTRY/busybox@sha256:$(sha256sum <index | cut -d' ' -f1)" | sort | jq -Rsc 'rtrimstr("\n") | split("\n")')"
  expect 125 image inspect --tls-verify=false --platform linux/riscv64 "docker://$PLAIN_REGISTRY/busybox:inspected"
  assert_contains "$stderr" "no image for platform linux/riscv64"
}

@test "image inspect: containers-storage: an image of Podman's store" {
  command -v podman >/dev/null || skip "podman is not installed"
  cd "$BATS_TEST_TMPDIR"
  mkdir -p h/.config/containers
  mkdir -m 0700 h/run
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >h/.config/containers/policy.json
  pod() { HOME=$BATS_TEST_TMPDIR/h XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/h/run podman --cgroup-manager=cgroupfs --events-backend=file --storage-driver vfs --root "$BATS_TEST_TMPDIR/h/vfs" "$@" 2>/dev/null; }
  pod load -q -i "$SESSION/busybox.tar" || skip "Podman cannot load here"
  id=$(pod images -q --no-trunc)
  expect 0 image inspect --format '{{.Id}} {{.RepoTags}}' "containers-storage:[vfs@$BATS_TEST_TMPDIR/h/vfs]localhost/busybox:latest"
  assert_output "${id#sha256:} [localhost/busybox:latest]"
  unshare --map-auto --map-root-user rm -rf h
}

@test "referrers: artifacts about an image are listed; the tag that stands in for the API" {
  cd "$BATS_TEST_TMPDIR"
  image=$PLAIN_REGISTRY/about/image-$RANDOM
  sk --dest-tls-verify=false "$(archive)" "docker://$image:1"
  repository=${image#*/}
  skopeo inspect --tls-verify=false --raw "docker://$image:1" >manifest
  subject=$(jq -nc --arg d "sha256:$(sha256sum <manifest | cut -d' ' -f1)" --argjson s "$(stat -c %s manifest)" \
    '{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s}')
  first=$(put_artifact "$repository" "$subject" application/x.sbom)
  size=$(stat -c %s artifact.json)
  jq -nc --arg d "$first" --argjson s "$size" '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests:
    [{mediaType: "application/vnd.oci.image.manifest.v1+json", digest: $d, size: $s, artifactType: "application/x.sbom", annotations: {made: "by hand"}}]}' >index
  put_manifest "$repository" application/vnd.oci.image.index.v1+json index "$(jq -r '.digest | sub(":"; "-")' <<<"$subject")" >/dev/null
  expect 0 image inspect --tls-verify=false "docker://$image:1"
  assert_equal "$(jq -c '.[0].Referrers' <<<"$output")" \
    "[{\"Annotations\":{\"made\":\"by hand\"},\"ArtifactType\":\"application/x.sbom\",\"Digest\":\"$first\",\"MIMEType\":\"application/vnd.oci.image.manifest.v1+json\",\"Size\":$size}]"
  expect 0 image inspect --tls-verify=false --format '{{range .Referrers}}{{.ArtifactType}} {{.Digest}}{{end}}' "docker://$image:1"
  assert_output "application/x.sbom $first"
  # The artifact itself: what it is, and about what.
  expect 0 image inspect --tls-verify=false "docker://$image@$first"
  assert_equal "$(jq -c '.[0] | [.ArtifactType, .Digest, .Subject.Digest, .Annotations, (.LayersData | length)]' <<<"$output")" \
    "[\"application/x.sbom\",\"$first\",\"$(jq -r .digest <<<"$subject")\",{\"made\":\"by hand\"},1]"
  expect_error 125 "artifact of type application/x.sbom" pull -q --tls-verify=false "docker://$image@$first"
}

@test "referrers: what is pushed with a subject is entered where the registry does not do that; twice is once" {
  cd "$BATS_TEST_TMPDIR"
  image=$PLAIN_REGISTRY/about/pushed-$RANDOM
  sk --dest-tls-verify=false "$(archive)" "docker://$image:1"
  engine pull -q --tls-verify=false "$image:1" >/dev/null
  echo signed >note
  engine manifest create localhost/notes:1 >/dev/null
  engine manifest add --artifact --artifact-type text/note --artifact-subject "$image:1" --annotation k=v localhost/notes:1 note >/dev/null
  artifact=$(engine manifest inspect localhost/notes:1 | jq -r '.manifests[0].digest')
  for _ in 1 2; do
    expect 0 manifest push -q --all --tls-verify=false localhost/notes:1 "docker://$image:notes"
    expect 0 image inspect --tls-verify=false --format '{{range .Referrers}}{{.ArtifactType}} {{.Digest}}{{println}}{{end}}' "docker://$image:1"
    assert_output "text/note $artifact"
  done
  # Another one: both.
  echo more >note
  engine manifest create localhost/notes:2 >/dev/null
  engine manifest add --artifact --artifact-type text/other --artifact-subject "$image:1" localhost/notes:2 note >/dev/null
  engine manifest push -q --all --tls-verify=false localhost/notes:2 "docker://$image:notes2"
  expect 0 image inspect --tls-verify=false --format '{{range .Referrers}}{{.ArtifactType}} {{end}}' "docker://$image:1"
  assert_output "text/note text/other "
  # In a layout the index has them.
  sk --src-tls-verify=false "docker://$image:1" oci:layout:v1
  sk --src-tls-verify=false "docker://$image@$artifact" oci:layout:note
  expect 0 image inspect --format '{{range .Referrers}}{{.ArtifactType}} {{.Digest}}{{end}}' oci:layout:v1
  assert_output "text/note $artifact"
}
