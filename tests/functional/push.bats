# push: to real registries and to files; what others read from there is what was pulled.
load lib
load ../registry/lib
setup_file() {
  own_store
  start_proxy proxy "$PLAIN_REGISTRY"
  export PROXY=$(proxy proxy)
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  engine pull -q --tls-verify=false "$PROXY/busybox:latest" >/dev/null
}
teardown_file() {
  end_registries
  close_store
}
setup() { faults proxy; }

# A repository that no other test has written to.
# By another name of the registry, from which nothing can be mounted.
fresh() { echo "localhost:${PROXY##*:}/fresh/r$BATS_TEST_NUMBER-$RANDOM"; }
digest_at() { skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$1"; }
type_at() { skopeo inspect --tls-verify=false --raw "docker://$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["mediaType"])'; }
layer_types_at() { skopeo inspect --tls-verify=false --raw "$1" | python3 -c 'import json, sys; print(*{x["mediaType"].rsplit("/")[-1] for x in json.load(sys.stdin)["layers"]})'; }
push() { expect 0 push -q --tls-verify=false "$@"; }

@test "push: the manifest's digest is the one that was pulled; it runs after a pull" {
  to=$(fresh)
  wanted=$(digest_at "$PROXY/busybox:latest")
  expect 0 push --tls-verify=false --digestfile "$BATS_TEST_TMPDIR/digest" "$PROXY/busybox:latest" "$to:1"
  assert_output ""
  assert_contains "$stderr" "Copying blob"
  assert_contains "$stderr" "Copying config"
  assert_contains "$stderr" "Writing manifest"
  assert_equal "$(digest_at "$to:1")" "$(cat "$BATS_TEST_TMPDIR/digest")"
  if ! is_podman; then assert_equal "$(cat "$BATS_TEST_TMPDIR/digest")" "$wanted"; fi
  expect 0 pull -q --tls-verify=false "$to:1"
  expect 0 run --rm "$to:1" echo pushed
  assert_output pushed
  expect 0 rmi "$to:1"
}

@test "push: Docker's schema 2 stays what it is" {
  creel_only "Podman compresses anew"
  to=$(fresh)
  expect 0 pull -q --tls-verify=false "$PROXY/busybox:docker"
  push "$PROXY/busybox:docker" "docker://$to:docker"
  assert_equal "$(digest_at "$to:docker")" "$(digest_at "$PROXY/busybox:docker")"
  assert_equal "$(type_at "$to:docker")" application/vnd.docker.distribution.manifest.v2+json
  expect 0 rmi "$PROXY/busybox:docker"
}

@test "push: two manifests of one configuration: each name sends the one that it was pulled with" {
  creel_only "Podman compresses anew"
  skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false "docker://$PROXY/busybox:docker" "docker://$PROXY/twice:docker"
  # The configuration stays, byte for byte; the manifest is another.
  skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$PROXY/twice:docker" "dir:$BATS_TEST_TMPDIR/d"
  python3 - "$BATS_TEST_TMPDIR/d/manifest.json" <<'END'
import json, sys
m = json.load(open(sys.argv[1]))
m["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
m["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json"
for layer in m["layers"]:
    layer["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip"
json.dump(m, open(sys.argv[1], "w"))
END
  skopeo copy -q --insecure-policy --preserve-digests --dest-tls-verify=false "dir:$BATS_TEST_TMPDIR/d" "docker://$PROXY/twice:oci"
  docker=$(digest_at "$PROXY/twice:docker") oci=$(digest_at "$PROXY/twice:oci")
  [ "$docker" != "$oci" ]
  expect 0 pull -q --tls-verify=false "$PROXY/twice:docker"
  id=$output
  expect 0 pull -q --tls-verify=false "$PROXY/twice:oci"
  assert_output "$id"
  engine tag "$PROXY/twice:docker" localhost/tagged:docker
  to=$(fresh)
  # What no image names any more is gone.
  engine system prune -f >/dev/null
  for tag in oci docker; do
    push "$PROXY/twice:$tag" "$to:$tag"
  done
  push localhost/tagged:docker "$to:tagged"
  assert_equal "$(digest_at "$to:oci") $(digest_at "$to:docker") $(digest_at "$to:tagged")" "$oci $docker $docker"
  expect 0 save -q --format oci-archive -o "$BATS_TEST_TMPDIR/docker.tar" "$PROXY/twice:docker"
  assert_contains "$(tar -xOf "$BATS_TEST_TMPDIR/docker.tar" index.json)" "$docker"
  expect 0 system check
  assert_output ""
  # Records that are made again from what is on disk tell the same.
  expect 0 system check --rebuild
  for name in twice:oci twice:docker; do
    push "$PROXY/$name" "$to:rebuilt-${name#*:}"
  done
  push localhost/tagged:docker "$to:rebuilt-tagged"
  assert_equal "$(digest_at "$to:rebuilt-oci") $(digest_at "$to:rebuilt-docker") $(digest_at "$to:rebuilt-tagged")" "$oci $docker $docker"
  # Pulled again, the name has what is there now.
  skopeo copy -q --insecure-policy --preserve-digests --src-tls-verify=false --dest-tls-verify=false "docker://$PROXY/twice:oci" "docker://$PROXY/twice:docker"
  expect 0 pull -q --tls-verify=false "$PROXY/twice:docker"
  push "$PROXY/twice:docker" "$to:again"
  assert_equal "$(digest_at "$to:again")" "$oci"
  expect 0 rmi "$PROXY/twice:docker" "$PROXY/twice:oci" localhost/tagged:docker
}

@test "push: the second one sends no byte of a blob" {
  to=$(fresh)
  unique_image localhost/unique
  push localhost/unique "$to:1"
  [ "$(counted proxy sent blobs/uploads)" -gt 100000 ]
  faults proxy
  push localhost/unique "$to:2"
  assert_equal "$(counted proxy sent blobs/uploads)" 0
  [ "$(counted proxy requests 'PUT .*manifests/2')" -eq 1 ]
}

@test "push: what the registry has in another repository is mounted, not sent" {
  creel_only "Podman compresses anew, so that the registry has other blobs"
  to=$PROXY/fresh/mounted-$RANDOM
  # The manifest that was pulled last is the image's.
  expect 0 pull -q --tls-verify=false "$PROXY/busybox:latest"
  push "$PROXY/busybox:latest" "$to"
  assert_equal "$(counted proxy sent blobs/uploads)" 0
  [ "$(counted proxy requests 'POST .*mount=.*from=busybox')" -ge 2 ]
  assert_equal "$(digest_at "$to")" "$(digest_at "$PROXY/busybox:latest")"
}

@test "push: what was pushed to another repository of the registry is mounted, not sent" {
  creel_only "Podman compresses anew, so that the registry has other blobs"
  one=$PROXY/fresh/one-$RANDOM other=$PROXY/fresh/other-$RANDOM
  expect 0 import -q <(tar -C "$BATS_TEST_DIRNAME" -c .) "$one:1"
  push "$one:1"
  [ "$(counted proxy sent blobs/uploads)" -gt 50000 ]
  faults proxy
  expect 0 tag "$one:1" "$other:1"
  push "$other:1"
  assert_equal "$(counted proxy sent blobs/uploads)" 0
  assert_equal "$(digest_at "$other:1")" "$(digest_at "$one:1")"
}

@test "push: to one repository after another of a registry, neither of them a name of the image: mounted" {
  creel_only "Podman compresses anew, so that the registry has other blobs"
  one=$PROXY/fresh/first-$RANDOM other=$PROXY/fresh/second-$RANDOM
  head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
  expect 0 import -q <(tar -C "$BATS_TEST_TMPDIR" -c file) localhost/nowhere:1
  push localhost/nowhere:1 "$one:1"
  [ "$(counted proxy sent blobs/uploads)" -gt 50000 ]
  faults proxy
  push localhost/nowhere:1 "$other:1"
  assert_equal "$(counted proxy sent blobs/uploads)" 0
  assert_equal "$(digest_at "$other:1")" "$(digest_at "$one:1")"
  # What is remembered may be wrong: it is sent again.
  printf '%s/gone %s\n\nx\nnot a line' "$PROXY" "$(sed -n 's/^[^ ]* //p' "$XDG_RUNTIME_DIR/creel/pushed" | head -1)" >"$BATS_TEST_TMPDIR/pushed"
  cp "$BATS_TEST_TMPDIR/pushed" "$XDG_RUNTIME_DIR/creel/pushed"
  faults proxy
  push localhost/nowhere:1 "$PROXY/fresh/third-$RANDOM:1"
  [ "$(counted proxy sent blobs/uploads)" -gt 50000 ]
}

@test "push: without a destination it goes where the name says; an ID says nothing" {
  to=$(fresh)
  expect 0 tag "$PROXY/busybox:latest" "$to:named"
  push "$to:named"
  digest_at "$to:named"
  id=$(engine inspect -f '{{.Id}}' "$to:named")
  expect 0 rmi "$to:named"
  expect_error 125 "" push --tls-verify=false "$id"
  expect_error 125 "no-such-image" push --tls-verify=false no-such-image "$to"
}

@test "push --all-tags: every tag of the repository" {
  creel_only "Podman has no such flag; Docker has"
  to=$(fresh)
  for tag in a b c; do expect 0 tag "$PROXY/busybox:latest" "$to:$tag"; done
  push --all-tags "$to:a"
  # In the registry's order.
  assert_equal "$(skopeo list-tags --tls-verify=false "docker://$to" | jq -r '.Tags | sort | join(" ")')" "a b c"
  expect 0 search --tls-verify=false --list-tags --format '{{.Tag}}' "$to"
  assert_equal "$(sort <<<"$output" | tr '\n' ' ')" "a b c "
  expect 0 rmi "$to:a" "$to:b" "$to:c"
  expect 0 pull -q --tls-verify=false --all-tags "$to"
  assert_equal "$(engine images --format '{{.Repository}}:{{.Tag}}' | grep -F -c "$to:")" 3
  expect_error 125 "all-tags" pull --all-tags "$to:a"
  expect 0 rmi "$to:a" "$to:b" "$to:c"
}

@test "push: --format and --compression-format make another manifest of the same image" {
  creel_only "Podman 4.3 sends no other compression where the registry has one"
  to=$(fresh)
  id=$(engine inspect -f '{{.Id}}' "$PROXY/busybox:latest")
  push --format v2s2 "$PROXY/busybox:latest" "$to:docker"
  assert_equal "$(type_at "$to:docker")" application/vnd.docker.distribution.manifest.v2+json
  assert_equal "$(layer_types_at "docker://$to:docker")" vnd.docker.image.rootfs.diff.tar.gzip
  push --compression-format zstd --format oci "$PROXY/busybox:latest" "$to:zstd"
  assert_equal "$(type_at "$to:zstd")" application/vnd.oci.image.manifest.v1+json
  assert_equal "$(layer_types_at "docker://$to:zstd")" vnd.oci.image.layer.v1.tar+zstd
  # Others read it, and so do we.
  skopeo copy -q --insecure-policy --src-tls-verify=false "docker://$to:zstd" "oci:$BATS_TEST_TMPDIR/layout"
  for tag in docker zstd; do
    expect 0 pull -q --tls-verify=false "$to:$tag"
    expect 0 run --rm "$to:$tag" echo "from $tag"
    assert_output "from $tag"
    assert_equal "$(engine inspect -f '{{.Id}}' "$to:$tag")" "$id"
    expect 0 rmi "$to:$tag"
  done
}

@test "push: formats that there are not" {
  creel_only "Podman knows version 1"
  expect_error 125 "schema 1" push --format v2s1 "$PROXY/busybox:latest" "$(fresh)"
  expect_error 125 "squashfs" push --format squashfs "$PROXY/busybox:latest" "$(fresh)"
  expect_error 125 "lz4" push --compression-format lz4 "$PROXY/busybox:latest" "$(fresh)"
  expect_error 125 "zstd" push --compression-format zstd --format v2s2 "$PROXY/busybox:latest" "$(fresh)"
  expect_error 125 "--encrypt-layer" push --encrypt-layer 0 "$PROXY/busybox:latest" "$(fresh)"
  expect_error 125 "linux/s390x" push --platform linux/s390x "$PROXY/busybox:latest" "$(fresh)"
  assert_equal "$(counted proxy sent blobs/uploads)" 0
}

@test "push: TLS and credentials; without them the error says how to log in" {
  to=$TLS_REGISTRY/pushed/one
  expect 125 push -q "$PROXY/busybox:latest" "$to:1"
  if ! is_podman; then assert_contains "$stderr" "creel login $TLS_REGISTRY"; fi
  expect 0 push -q --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$PROXY/busybox:latest" "$to:1"
  skopeo inspect --cert-dir "$HOME/.config/containers/certs.d/$TLS_REGISTRY" --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "docker://$to:1" >/dev/null
  expect 125 push -q --creds "$REGISTRY_USER:not-the-password" "$PROXY/busybox:latest" "$to:1"
  assert_equal "$(grep -c not-the-password <<<"$stderr")" 0
}

@test "push: to files; what others read there is the same image" {
  wanted=$(digest_at "$PROXY/busybox:latest")
  expect 0 pull -q --tls-verify=false "$PROXY/busybox:latest"
  for place in oci:layout:x oci-archive:a.tar:x dir:d; do
    transport=${place%%:*}
    rest=${place#*:}
    push "$PROXY/busybox:latest" "$transport:$BATS_TEST_TMPDIR/$rest"
    found=$(skopeo inspect --format '{{.Digest}}' "$transport:$BATS_TEST_TMPDIR/$rest")
    if ! is_podman; then assert_equal "$found" "$wanted"; fi
  done
  push "$PROXY/busybox:latest" "docker-archive:$BATS_TEST_TMPDIR/d.tar:registry.example/x:1"
  assert_equal "$(skopeo inspect --config "docker-archive:$BATS_TEST_TMPDIR/d.tar" | python3 -c 'import json, sys; print(*json.load(sys.stdin)["rootfs"]["diff_ids"])')" \
    "$(engine inspect -f '{{json .RootFS.Layers}}' "$PROXY/busybox:latest" | jq -r 'join(" ")')"
}

@test "push: a busy registry is asked again, a lost connection is resumed or begun anew" {
  creel_only "Podman gives up earlier"
  to=$(fresh)
  unique_image localhost/unique
  faults proxy '{"match": "POST .*uploads", "times": 1, "status": 503, "headers": {"Retry-After": "0"}}' \
    '{"match": "(PUT|PATCH) .*uploads", "times": 2, "cut_sent": 100000}' \
    '{"match": "PUT .*manifests", "times": 1, "status": 429, "headers": {"Retry-After": "0"}}'
  push --retry-delay 10ms localhost/unique "$to"
  expect 0 pull -q --tls-verify=false "$to"
  expect 0 rmi "$to"
  # A refusal is no accident.
  faults proxy '{"match": "POST .*uploads", "status": 403, "body": "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"read only\"}]}"}'
  expect_error 125 "read only" push -q --tls-verify=false localhost/unique "$(fresh)"
  assert_equal "$(counted proxy requests 'POST .*uploads')" "$(counted proxy requests 'POST')"
}

@test "push: an address that a registry gives elsewhere gets no credentials" {
  creel_only "of this engine's making"
  start_proxy elsewhere "$PLAIN_REGISTRY"
  other=$(proxy elsewhere)
  unique_image localhost/unique
  faults proxy '{"match": "blobs", "times": 1, "status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"x\""}}' \
    "{\"match\": \"(POST|PATCH|PUT) .*uploads\", \"redirect\": \"http://$other\"}"
  faults elsewhere
  push --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" localhost/unique "$(fresh)"
  [ "$(counted elsewhere sent blobs/uploads)" -gt 100000 ]
  assert_equal "$(grep -c '"authorization": true' "$WORK/elsewhere/log")" 0
}

@test "push: nobody listening, an unknown host" {
  expect_error 125 "refused" push -q --tls-verify=false "$PROXY/busybox:latest" "127.0.0.1:$(free_port)/x"
  expect_error 125 "no-such-host.invalid" push -q "$PROXY/busybox:latest" no-such-host.invalid/x
}
