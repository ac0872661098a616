# pull: real registries, and one that misbehaves.
load lib
setup_file() {
  own_store
  python3 faulty_registry.py "$WORK/faulty-port" 3>&- >/dev/null 2>&1 &
  echo $! >"$WORK/faulty-pid"
  wait_until 10 test -e "$WORK/faulty-port"
  export FAULTY=127.0.0.1:$(cat "$WORK/faulty-port")
}
teardown_file() {
  kill "$(cat "$WORK/faulty-pid")" || true
  close_store
}
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

plain() { expect 0 pull -q --tls-verify=false "$1"; }
# Exactly what the store was before: no image, no container, and (Creel) nothing staged.
assert_store_empty() {
  assert_equal "$(store_listing)" ""
  if ! is_podman; then
    assert_equal "$(find "$HOME/.local/share/creel/staging" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | head)" ""
    assert_equal "$(ls "$HOME/.local/share/creel/layers" 2>/dev/null)" ""
  fi
}
# refused REPOSITORY TEXT: pulling it from the faulty registry fails with that text and leaves nothing.
refused() {
  expect_error 125 "$2" pull --tls-verify=false "$FAULTY/$1"
  assert_store_empty
}

@test "pull: from a plain registry; prints the ID; it runs" {
  expect 0 pull --tls-verify=false "$PLAIN_REGISTRY/busybox"
  assert_matches "$output" '^[0-9a-f]{64}$'
  id=$output
  assert_equal "$(engine images -q --no-trunc)" "sha256:$id"
  expect 0 run --rm "$PLAIN_REGISTRY/busybox" echo pulled
  assert_output pulled
  # Again: nothing changes.
  expect 0 pull -q --tls-verify=false "$PLAIN_REGISTRY/busybox:latest"
  assert_output "$id"
}

@test "pull: the image's digest is the registry's" {
  plain "$PLAIN_REGISTRY/busybox:latest"
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN_REGISTRY/busybox:latest")
  assert_equal "$(engine images --digests --format '{{.Digest}}')" "$digest"
  assert_equal "$(engine inspect -f '{{.Digest}}' "$PLAIN_REGISTRY/busybox:latest")" "$digest"
  engine rmi -f -a
  # By digest.
  plain "$PLAIN_REGISTRY/busybox@$digest"
  expect 0 run --rm "$PLAIN_REGISTRY/busybox@$digest" echo by digest
  assert_output "by digest"
}

@test "pull: Docker's schema 2" {
  plain "$PLAIN_REGISTRY/busybox:docker"
  expect 0 run --rm "$PLAIN_REGISTRY/busybox:docker" echo schema 2
  assert_output "schema 2"
}

@test "pull: an index; the machine's own platform is taken, another on demand, an absent one refused" {
  mkdir "$BATS_TEST_TMPDIR/i"
  python3 - "$PLAIN_REGISTRY" <<'END'
import json, sys, urllib.request
base = f"http://{sys.argv[1]}/v2/busybox"
kind = "application/vnd.oci.image.manifest.v1+json"
def call(method, path, data=None, **headers):
    return urllib.request.urlopen(urllib.request.Request(base + path, data, headers, method=method))
answer = call("GET", "/manifests/latest", Accept=kind)
manifest = answer.read()
config = json.loads(call("GET", "/blobs/" + json.loads(manifest)["config"]["digest"]).read())
entry = {"mediaType": kind, "digest": answer.headers["Docker-Content-Digest"], "size": len(manifest)}
ours = dict(entry, platform={"os": "linux", "architecture": config["architecture"]})
# Another platform's entry with the same content: what is chosen is what is tested.
other = dict(entry, platform={"os": "linux", "architecture": "s390x"})
for tag, entries in (("index", [other, ours]), ("foreign", [other])):
    index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}).encode()
    call("PUT", "/manifests/" + tag, index, **{"Content-Type": "application/vnd.oci.image.index.v1+json"})
END
  plain "$PLAIN_REGISTRY/busybox:index"
  expect 0 run --rm "$PLAIN_REGISTRY/busybox:index" echo chosen
  assert_output chosen
  engine rmi -f -a
  expect 125 pull --tls-verify=false "$PLAIN_REGISTRY/busybox:foreign"
  assert_store_empty
  expect 125 pull --tls-verify=false --platform linux/riscv64 "$PLAIN_REGISTRY/busybox:index"
  assert_store_empty
}

@test "pull: TLS with a CA in certs.d and credentials on the command line" {
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY"
  expect 125 pull --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$TLS_REGISTRY/busybox"
  assert_contains "$stderr" "certificate"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  expect 0 pull -q --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$TLS_REGISTRY/busybox"
  expect 0 run --rm "$TLS_REGISTRY/busybox" echo over TLS
  assert_output "over TLS"
}

@test "pull: credentials from auth.json, ~/.docker/config.json, --authfile, REGISTRY_AUTH_FILE" {
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY" "$HOME/.docker" "$XDG_RUNTIME_DIR/containers"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  auth="{\"auths\": {\"$TLS_REGISTRY\": {\"auth\": \"$(printf %s "$REGISTRY_USER:$REGISTRY_PASSWORD" | base64)\"}}}"
  expect 125 pull "$TLS_REGISTRY/busybox"
  for file in "$XDG_RUNTIME_DIR/containers/auth.json" "$HOME/.docker/config.json"; do
    echo "$auth" >"$file"
    expect 0 pull -q "$TLS_REGISTRY/busybox"
    engine rmi -f -a
    rm "$file"
  done
  echo "$auth" >"$BATS_TEST_TMPDIR/auth"
  expect 0 pull -q --authfile "$BATS_TEST_TMPDIR/auth" "$TLS_REGISTRY/busybox"
  engine rmi -f -a
  export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/auth
  expect 0 pull -q "$TLS_REGISTRY/busybox"
}

@test "pull: wrong credentials are refused, and never shown" {
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  expect 125 pull --creds "$REGISTRY_USER:not-the-password" "$TLS_REGISTRY/busybox"
  assert_matches "$stderr" '[Uu]nauthorized|authentication|credentials'
  assert_equal "$(grep -c not-the-password <<<"$stderr")" 0
  assert_store_empty
}

@test "pull: an absent tag, an absent repository, nobody listening, an unknown host" {
  expect_error 125 "no-such-tag" pull --tls-verify=false "$PLAIN_REGISTRY/busybox:no-such-tag"
  expect_error 125 "no-such-repository" pull --tls-verify=false "$PLAIN_REGISTRY/no-such-repository"
  port=$(free_port)
  expect_error 125 "refused" pull --tls-verify=false "127.0.0.1:$port/image"
  expect_error 125 "no-such-host.invalid" pull no-such-host.invalid/image
  assert_store_empty
}

@test "pull: malformed references" {
  for bad in "UPPER/case" "$PLAIN_REGISTRY/a:b:c" "$PLAIN_REGISTRY/x@sha256:short" "" "a//b" "-x"; do
    expect 125 pull "$bad"
    assert_contains "$stderr" "Error"
  done
  assert_store_empty
}

@test "pull: a misbehaving registry's good image is good" {
  expect 0 pull -q --tls-verify=false "$FAULTY/ok"
}

@test "pull: 404, 401, 500 are errors that say so" {
  refused missing "missing"
  refused unauthorized ""
  refused broken "500"
}

@test "pull: 429 is retried; in the end the error names the limit" {
  expect 0 pull -q --tls-verify=false "$FAULTY/limited-once"
  engine rmi -f -a
  refused limited ""
  assert_matches "$stderr" '429|[Tt]oo ?[Mm]any|TOOMANYREQUESTS'
}

@test "pull: one 500 is retried" {
  creel_only "Podman 4.3 takes a 500 for an answer"
  expect 0 pull -q --tls-verify=false "$FAULTY/broken-once"
}

@test "pull: a layer with wrong bytes is refused" {
  refused wrong-layer ""
  assert_matches "$stderr" '[Dd]igest|unpack|gzip|size|mismatch'
}

@test "pull: a truncated layer is refused; the next pull works" {
  refused truncated ""
  # Truncated once: fetched on by this pull or by the next.
  engine pull -q --tls-verify=false "$FAULTY/truncated-once" || expect 0 pull -q --tls-verify=false "$FAULTY/truncated-once"
}

@test "pull: a manifest that is not what its digest says, or no JSON" {
  digest=sha256:$(printf 'x' | sha256sum | cut -d ' ' -f 1)
  refused "wrong-manifest@$digest" ""
  refused not-json ""
}

@test "pull: a layer longer than its descriptor says" {
  refused endless ""
}

@test "pull: a DiffID that the layer has not" {
  creel_only "Podman does not look"
  refused bomb ""
}

@test "pull: an archive that writes outside is refused, or stays inside" {
  run --separate-stderr engine pull -q --tls-verify=false "$FAULTY/escape"
  [ ! -e /tmp/creel-escaped ]
  if [ "$status" -eq 0 ]; then skip "kept inside"; fi
  assert_store_empty
}

@test "pull: killed at any moment, the next one works" {
  for delay in 0.01 0.03 0.05 0.1 0.2 0.4 0.8; do
    run timeout -s KILL $delay $(engine_command) pull -q --tls-verify=false "$PLAIN_REGISTRY/debian"
  done
  expect 0 pull -q --tls-verify=false "$PLAIN_REGISTRY/debian"
  expect 0 run --rm "$PLAIN_REGISTRY/debian" python3 -c 'print(6*7)'
  assert_output 42
}

@test "pull: Ctrl-C ends it with nothing left" {
  run timeout -s INT 0.2 $(engine_command) pull -q --tls-verify=false "$PLAIN_REGISTRY/debian"
  [ "$status" -ne 0 ] || skip "it was faster"
  assert_equal "$(store_listing)" ""
}

@test "pull: ten at once of one image" {
  for i in $(seq 10); do (engine pull -q --tls-verify=false "$PLAIN_REGISTRY/busybox" >"$BATS_TEST_TMPDIR/$i" || echo failed >"$BATS_TEST_TMPDIR/$i") 3>&- & pids+=($!); done
  wait "${pids[@]}"
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/? "$BATS_TEST_TMPDIR"/10 | sort -u | wc -l)" 1
  assert_matches "$(cat "$BATS_TEST_TMPDIR/1")" '^[0-9a-f]{64}$'
}

@test "run pulls what is absent, with progress on stderr alone" {
  expect 0 run --rm --tls-verify=false "$PLAIN_REGISTRY/busybox" echo ran
  assert_output ran
  expect 0 run --rm --pull=always --tls-verify=false "$PLAIN_REGISTRY/busybox" echo again
  assert_output again
}
