# policy.json: which images are accepted. Signatures are made by skopeo (OpenPGP) and with openssl (sigstore).
load lib
setup_file() {
  own_store
  export CONTAINERS=$HOME/.config/containers
  mkdir -p "$CONTAINERS/registries.d"
  # gpg's sockets need a short path.
  export GNUPGHOME=$WORK/gpg
  mkdir -m 0700 "$GNUPGHOME"
  for who in signer other; do
    gpg --batch --quiet --passphrase '' --quick-generate-key "$who@example.com" ed25519 sign 0 2>/dev/null
    gpg --armor --export "$who@example.com" >"$WORK/$who.asc"
    gpg --export "$who@example.com" >"$WORK/$who.gpg"
  done
  # Where skopeo writes signatures, and where engines read them.
  printf 'docker:\n  %s:\n    lookaside: file://%s/sigs\n' "$PLAIN_REGISTRY" "$WORK" >"$CONTAINERS/registries.d/test.yaml"
  skopeo_sign signer@example.com signed:1
  skopeo_sign other@example.com otherwise:1
  skopeo_sign signer@example.com signed:1 renamed:1
  skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
    "docker://$PLAIN_REGISTRY/busybox:docker" "docker://$PLAIN_REGISTRY/unsigned:1"
  gpgconf --kill all
}
teardown_file() {
  gpgconf --kill all || true
  close_store
}
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
  # Where a test has failed, its bad signatures fail no other.
  rm -rf "$WORK"/sigs/unsigned@*
}

# skopeo_sign KEY DESTINATION [COPY]: busybox as DESTINATION, with a signature for that name; COPY: the signature is
# kept when the image is copied on.
skopeo_sign() {
  if [ $# -eq 2 ]; then
    skopeo copy -q --insecure-policy --registries.d "$CONTAINERS/registries.d" --src-tls-verify=false --dest-tls-verify=false \
      --sign-by "$1" "docker://$PLAIN_REGISTRY/busybox:latest" "docker://$PLAIN_REGISTRY/$2"
  else
    skopeo copy -q --insecure-policy --registries.d "$CONTAINERS/registries.d" --src-tls-verify=false --dest-tls-verify=false \
      "docker://$PLAIN_REGISTRY/$2" "docker://$PLAIN_REGISTRY/$3"
  fi
}
# policy REQUIREMENT: the only one, for the plain registry; all that comes from elsewhere is rejected. (What is in the store
# may leave it: Podman asks.)
policy() {
  printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s":[%s]},"containers-storage":{"":[{"type":"insecureAcceptAnything"}]}}}\n' \
    "$PLAIN_REGISTRY" "$1" >"$CONTAINERS/policy.json"
}
signed_by() { printf '{"type":"signedBy","keyType":"GPGKeys","%s":%s%s}' "$1" "$2" "${3:+,\"signedIdentity\":$3}"; }
pull() { expect 0 pull -q --tls-verify=false "$PLAIN_REGISTRY/$1"; }
# refused IMAGE TEXT: it is not pulled, and nothing of it was fetched.
refused() {
  expect_error 125 "$2" pull -q --tls-verify=false "$PLAIN_REGISTRY/$1"
  assert_equal "$(store_listing)" ""
  if ! is_podman; then assert_equal "$(ls "$HOME/.local/share/creel/blobs/sha256" 2>/dev/null)" ""; fi
}

@test "policy: without a file everything is accepted; reject rejects; the most specific scope decides" {
  if ! is_podman && [ ! -e /etc/containers/policy.json ]; then
    rm -f "$CONTAINERS/policy.json"
    pull unsigned:1
    engine rmi -f -a
  fi
  policy '{"type":"reject"}'
  refused unsigned:1 "rejected by policy"
  refused "unsigned@$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN_REGISTRY/unsigned:1")" "rejected by policy"
  printf '{"default":[{"type":"reject"}],"transports":{"docker":{"%s":[{"type":"reject"}],"%s/unsigned":[{"type":"insecureAcceptAnything"}]}}}' \
    "$PLAIN_REGISTRY" "$PLAIN_REGISTRY" >"$CONTAINERS/policy.json"
  pull unsigned:1
  engine rmi -f -a
  refused busybox:latest "rejected by policy"
}

@test "policy: another file by --signature-policy; a malformed one is an error, not a permission" {
  policy '{"type":"reject"}'
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$BATS_TEST_TMPDIR/open.json"
  expect 0 pull -q --tls-verify=false --signature-policy "$BATS_TEST_TMPDIR/open.json" "$PLAIN_REGISTRY/unsigned:1"
  engine rmi -f -a
  echo '{"default":[{"type":"insecureAcceptAnything"}],"extra":1}' >"$CONTAINERS/policy.json"
  refused unsigned:1 policy.json
  echo '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}' >"$CONTAINERS/policy.json"
  refused unsigned:1 policy.json
  rm "$CONTAINERS/policy.json"
  expect_error 125 absent.json pull -q --tls-verify=false --signature-policy "$BATS_TEST_TMPDIR/absent.json" "$PLAIN_REGISTRY/unsigned:1"
}

@test "policy: run obeys it too" {
  policy '{"type":"reject"}'
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$PLAIN_REGISTRY" >"$CONTAINERS/registries.conf"
  expect_error 125 "rejected by policy" run --rm "$PLAIN_REGISTRY/unsigned:1" true
  rm "$CONTAINERS/registries.conf"
}

@test "signedBy: an image signed by the key is accepted, unsigned and otherwise signed ones are not" {
  policy "$(signed_by keyPath "\"$WORK/signer.asc\"")"
  pull signed:1
  engine rmi -f -a
  refused unsigned:1 "no signature exists"
  refused busybox:latest "no signature exists"
  # Signed by the key, but as another name.
  refused renamed:1 "is not accepted"
  # By another key.
  refused otherwise:1 ""
  # One of several keys, and a key in the file itself.
  policy "$(signed_by keyPaths "[\"$WORK/other.gpg\",\"$WORK/signer.gpg\"]")"
  pull signed:1
  engine rmi -f -a
  policy "$(signed_by keyData "\"$(base64 -w 0 "$WORK/signer.gpg")\"")"
  pull signed:1
}

@test "signedBy: by digest any tag's signature counts, unless the exact name is demanded" {
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN_REGISTRY/signed:1")
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"")"
  pull "signed@$digest"
  engine rmi -f -a
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" '{"type":"matchExact"}')"
  refused "signed@$digest" "is not accepted"
  pull signed:1
}

@test "signedBy: the identity rules" {
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" '{"type":"matchRepository"}')"
  refused renamed:1 "is not accepted"
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" "{\"type\":\"exactReference\",\"dockerReference\":\"$PLAIN_REGISTRY/signed:1\"}")"
  pull renamed:1
  engine rmi -f -a
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" "{\"type\":\"exactRepository\",\"dockerRepository\":\"$PLAIN_REGISTRY/signed\"}")"
  pull renamed:1
  engine rmi -f -a
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" "{\"type\":\"remapIdentity\",\"prefix\":\"$PLAIN_REGISTRY/renamed\",\"signedPrefix\":\"$PLAIN_REGISTRY/signed\"}")"
  pull renamed:1
}

@test "signedBy: all requirements must be met; a signature of another image, a damaged one, text instead of one" {
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\""),$(signed_by keyPath "\"$WORK/other.gpg\"")"
  refused signed:1 ""
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" '{"type":"matchRepository"}')"
  real=$(ls -d "$WORK"/sigs/signed@sha256=*)
  digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$PLAIN_REGISTRY/unsigned:1")
  fake=$WORK/sigs/unsigned@${digest/:/=}
  mkdir "$fake"
  cp "$real/signature-1" "$fake/signature-1"
  refused unsigned:1 ""
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"" "{\"type\":\"exactRepository\",\"dockerRepository\":\"$PLAIN_REGISTRY/signed\"}")"
  refused unsigned:1 "does not match"
  head -c 100 "$real/signature-1" >"$fake/signature-1"
  refused unsigned:1 ""
  echo "-----BEGIN PGP SIGNED MESSAGE-----" >"$fake/signature-1"
  refused unsigned:1 ""
  # The second one is good, but for another digest.
  cp "$real/signature-1" "$fake/signature-2"
  # Podman gives up at the first one.
  refused unsigned:1 "$(is_podman || echo "one of the signatures were accepted")"
}

@test "signedBy: a missing key or keyring is an error that names it" {
  creel_only "Podman's words differ"
  policy "$(signed_by keyPath "\"$WORK/absent.gpg\"")"
  refused signed:1 "absent.gpg"
}

@test "policy: images in files: by transport, path and, in directories, signature" {
  skopeo() { command skopeo --insecure-policy "$@"; }
  from="--src-tls-verify=false docker://$PLAIN_REGISTRY"
  cd "$BATS_TEST_TMPDIR"
  skopeo copy -q $from/busybox:latest oci-archive:image.tar:x
  skopeo copy -q $from/busybox:latest docker-archive:docker.tar:local.example/x:1
  skopeo copy -q $from/busybox:latest oci:layout:x
  skopeo --registries.d "$CONTAINERS/registries.d" copy -q $from/signed:1 dir:signed
  skopeo --registries.d "$CONTAINERS/registries.d" copy -q $from/unsigned:1 dir:unsigned
  accept='[{"type":"insecureAcceptAnything"}]'
  echo '{"default":[{"type":"reject"}]}' >"$CONTAINERS/policy.json"
  for file in image.tar docker.tar layout signed; do
    expect_error 125 "" load -q -i $file
    assert_contains "$stderr" reject
  done
  for place in oci-archive:image.tar docker-archive:docker.tar oci:layout:x dir:signed; do
    expect_error 125 reject pull -q "$place"
  done
  assert_equal "$(store_listing)" ""
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >any.json
  expect 0 load -q --signature-policy any.json -i image.tar
  engine rmi -f -a
  echo "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"oci-archive\":{\"$BATS_TEST_TMPDIR\":$accept},\"docker-archive\":{\"\":$accept}}}" >"$CONTAINERS/policy.json"
  expect 0 load -q -i image.tar
  expect 0 pull -q docker-archive:docker.tar
  engine rmi -f -a
  mkdir elsewhere
  cp image.tar elsewhere
  echo "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"oci-archive\":{\"$BATS_TEST_TMPDIR/image.tar\":$accept}}}" >"$CONTAINERS/policy.json"
  expect 0 pull -q oci-archive:image.tar
  engine rmi -f -a
  expect_error 125 reject pull -q oci-archive:elsewhere/image.tar
  # A directory of skopeo's carries its signatures along.
  identity="{\"type\":\"exactRepository\",\"dockerRepository\":\"$PLAIN_REGISTRY/signed\"}"
  echo "{\"default\":[{\"type\":\"reject\"}],\"transports\":{\"dir\":{\"\":[$(signed_by keyPath "\"$WORK/signer.gpg\"" "$identity")]}}}" >"$CONTAINERS/policy.json"
  expect 0 pull -q dir:signed
  engine rmi -f -a
  expect_error 125 "no signature exists" pull -q dir:unsigned
}

@test "policy: import is the transport tarball" {
  cd "$BATS_TEST_TMPDIR"
  echo content >file
  tar -cf root.tar file
  echo '{"default":[{"type":"reject"}]}' >"$CONTAINERS/policy.json"
  expect_error 125 "reject" import -q root.tar made:1
  assert_equal "$(store_listing)" ""
  echo '{"default":[{"type":"reject"}],"transports":{"tarball":{"":[{"type":"insecureAcceptAnything"}]}}}' >"$CONTAINERS/policy.json"
  expect 0 import -q root.tar made:1
}

# sigstore_sign KEY IMAGE REFERENCE: attaches a signature to the image, as cosign does.
sigstore_sign() {
  python3 - "$PLAIN_REGISTRY" "$@" <<'END'
import base64, hashlib, json, subprocess, sys, urllib.request
registry, key, image, reference = sys.argv[1:5]
name, tag = image.split(":")
base = f"http://{registry}/v2/{name}"
kind = "application/vnd.oci.image.manifest.v1+json"
def call(method, url, data=None, **headers):
    request = urllib.request.Request(url, data, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    return urllib.request.urlopen(request)
def put(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    where = call("POST", base + "/blobs/uploads/").headers["Location"]
    call("PUT", where + ("&" if "?" in where else "?") + "digest=" + digest, data, Content_Type="application/octet-stream")
    return {"digest": digest, "size": len(data)}
digest = call("GET", base + "/manifests/" + tag, Accept=kind).headers["Docker-Content-Digest"]
payload = json.dumps({"critical": {"identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": digest},
                                   "type": "cosign container image signature"}, "optional": None}).encode()
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=payload, stdout=subprocess.PIPE, check=True).stdout
config = put(json.dumps({"architecture": "", "os": "", "rootfs": {"type": "layers", "diff_ids": []}}).encode())
layer = dict(put(payload), mediaType="application/vnd.dev.cosign.simplesigning.v1+json",
             annotations={"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()})
manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [layer],
                       "config": dict(config, mediaType="application/vnd.oci.image.config.v1+json")}).encode()
call("PUT", base + "/manifests/" + digest.replace(":", "-") + ".sig", manifest, Content_Type=kind)
END
}

@test "sigstoreSigned: an attachment signed by the key is accepted, where registries.d says that there are some" {
  creel_only "Debian builds Podman without sigstore"
  openssl ecparam -genkey -name prime256v1 -noout -out "$BATS_TEST_TMPDIR/key.pem" 2>/dev/null
  openssl ec -in "$BATS_TEST_TMPDIR/key.pem" -pubout -out "$WORK/sigstore.pub" 2>/dev/null
  skopeo copy -q --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
    "docker://$PLAIN_REGISTRY/busybox:latest" "docker://$PLAIN_REGISTRY/cosigned:1"
  policy "{\"type\":\"sigstoreSigned\",\"keyPath\":\"$WORK/sigstore.pub\"}"
  printf 'docker:\n  %s/cosigned:\n    use-sigstore-attachments: true\n' "$PLAIN_REGISTRY" >"$CONTAINERS/registries.d/cosign.yaml"
  refused cosigned:1 "no signature exists"
  sigstore_sign "$BATS_TEST_TMPDIR/key.pem" cosigned:1 "$PLAIN_REGISTRY/cosigned:1"
  pull cosigned:1
  engine rmi -f -a
  # cosign itself signs for a repository alone.
  sigstore_sign "$BATS_TEST_TMPDIR/key.pem" cosigned:1 "$PLAIN_REGISTRY/cosigned"
  refused cosigned:1 "is not accepted"
  policy "{\"type\":\"sigstoreSigned\",\"keyPath\":\"$WORK/sigstore.pub\",\"signedIdentity\":{\"type\":\"matchRepository\"}}"
  pull cosigned:1
  engine rmi -f -a
  openssl ecparam -genkey -name prime256v1 -noout -out "$BATS_TEST_TMPDIR/other.pem" 2>/dev/null
  sigstore_sign "$BATS_TEST_TMPDIR/other.pem" cosigned:1 "$PLAIN_REGISTRY/cosigned"
  refused cosigned:1 "made by another key"
  sigstore_sign "$BATS_TEST_TMPDIR/key.pem" cosigned:1 "$PLAIN_REGISTRY/cosigned"
  rm "$CONTAINERS/registries.d/cosign.yaml"
  refused cosigned:1 "no signature exists"
}

@test "push --sign-by: what it signs, it accepts, and skopeo too" {
  policy '{"type":"insecureAcceptAnything"}'
  pull unsigned:1
  expect 0 push -q --tls-verify=false --sign-by signer@example.com "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/ours:1"
  gpgconf --kill all
  engine rmi -f -a
  policy "$(signed_by keyPath "\"$WORK/signer.gpg\"")"
  pull ours:1
  engine rmi -f -a
  command skopeo --policy "$CONTAINERS/policy.json" --registries.d "$CONTAINERS/registries.d" copy -q \
    --src-tls-verify=false "docker://$PLAIN_REGISTRY/ours:1" "dir:$BATS_TEST_TMPDIR/copy"
  # An unknown key is an error, and so is a place without signatures.
  policy '{"type":"insecureAcceptAnything"}'
  pull unsigned:1
  expect_error 125 "" push -q --tls-verify=false --sign-by nobody@example.com "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/ours:2"
  expect_error 125 "" push -q --sign-by signer@example.com "$PLAIN_REGISTRY/unsigned:1" "dir:$BATS_TEST_TMPDIR/unsigned"
  gpgconf --kill all
}

@test "push --sign-by: a passphrase from a file, never seen in arguments" {
  creel_only "Podman wants a terminal or an agent here"
  echo "open sesame" >"$BATS_TEST_TMPDIR/passphrase"
  chmod 600 "$BATS_TEST_TMPDIR/passphrase"
  gpg --batch --quiet --pinentry-mode loopback --passphrase-file "$BATS_TEST_TMPDIR/passphrase" \
    --quick-generate-key locked@example.com ed25519 sign 0 2>/dev/null
  gpg --export locked@example.com >"$WORK/locked.gpg"
  gpgconf --kill all
  # The agent outlives the command: it must not be one of strace's.
  gpgconf --launch gpg-agent
  policy '{"type":"insecureAcceptAnything"}'
  pull unsigned:1
  strace -f -qq -s 4096 -e trace=execve -o "$BATS_TEST_TMPDIR/trace" $(engine_command) push -q --tls-verify=false \
    --sign-by locked@example.com --sign-passphrase-file "$BATS_TEST_TMPDIR/passphrase" "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/locked:1"
  gpgconf --kill all
  run grep -c sesame "$BATS_TEST_TMPDIR/trace"
  assert_output 0
  engine rmi -f -a
  policy "$(signed_by keyPath "\"$WORK/locked.gpg\"")"
  pull locked:1
}

@test "push --sign-by-sigstore-private-key: attachments, beside those that are there; a wrong passphrase pushes nothing" {
  creel_only "Debian builds Podman without sigstore"
  openssl ecparam -genkey -name prime256v1 -noout 2>/dev/null | openssl pkcs8 -topk8 -passout pass:sesame -out "$BATS_TEST_TMPDIR/key.pem"
  openssl pkey -in "$BATS_TEST_TMPDIR/key.pem" -passin pass:sesame -pubout -out "$WORK/push.pub"
  echo sesame >"$BATS_TEST_TMPDIR/passphrase"
  policy '{"type":"insecureAcceptAnything"}'
  pull unsigned:1
  sign() { push -q --tls-verify=false --sign-by-sigstore-private-key "$BATS_TEST_TMPDIR/key.pem" --sign-passphrase-file "$1" "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/$2"; }
  push() { expect "$wanted" push "$@"; }
  wanted=125 sign "$BATS_TEST_TMPDIR/passphrase" attached:1
  assert_contains "$stderr" use-sigstore-attachments
  printf 'docker:\n  %s/attached:\n    use-sigstore-attachments: true\n' "$PLAIN_REGISTRY" >"$CONTAINERS/registries.d/attached.yaml"
  echo wrong >"$BATS_TEST_TMPDIR/wrong"
  wanted=125 sign "$BATS_TEST_TMPDIR/wrong" attached:1
  assert_contains "$stderr" "passphrase does not open"
  run command skopeo inspect --tls-verify=false "docker://$PLAIN_REGISTRY/attached:1"
  [ "$status" -ne 0 ]
  wanted=0 sign "$BATS_TEST_TMPDIR/passphrase" attached:1
  wanted=0 sign "$BATS_TEST_TMPDIR/passphrase" attached:2
  engine rmi -f -a
  policy "{\"type\":\"sigstoreSigned\",\"keyPath\":\"$WORK/push.pub\"}"
  pull attached:1
  pull attached:2
  # The same by a file of parameters; a list is signed with its images.
  printf 'privateKeyFile: "%s"\nprivateKeyPassphraseFile: "%s"\n' "$BATS_TEST_TMPDIR/key.pem" "$BATS_TEST_TMPDIR/passphrase" >"$BATS_TEST_TMPDIR/params.yaml"
  by_file() { expect 0 "$@" -q --tls-verify=false --sign-by-sigstore "$BATS_TEST_TMPDIR/params.yaml" "$source" "docker://$PLAIN_REGISTRY/attached:$tag"; }
  source=$PLAIN_REGISTRY/attached:1 tag=3 by_file push
  engine manifest create localhost/signed:1 "$PLAIN_REGISTRY/attached:1" >/dev/null
  source=localhost/signed:1 tag=list by_file manifest push
  engine rmi -f -a
  pull attached:3
  pull attached:list
  rm "$CONTAINERS/registries.d/attached.yaml"
}

@test "push and save --signature-policy: an image that would not be let in is not let out" {
  creel_only "Podman 4.3 does not look at this flag when it pushes"
  policy '{"type":"insecureAcceptAnything"}'
  pull unsigned:1
  echo '{"default":[{"type":"reject"}]}' >"$BATS_TEST_TMPDIR/none.json"
  expect_error 125 "rejected" push -q --tls-verify=false --signature-policy "$BATS_TEST_TMPDIR/none.json" "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/out:1"
  expect_error 125 "rejected" save -q --signature-policy "$BATS_TEST_TMPDIR/none.json" -o "$BATS_TEST_TMPDIR/x.tar" "$PLAIN_REGISTRY/unsigned:1"
  echo '{"default":[{"type":"insecureAcceptAnything"}]}' >"$BATS_TEST_TMPDIR/any.json"
  expect 0 push -q --tls-verify=false --signature-policy "$BATS_TEST_TMPDIR/any.json" "$PLAIN_REGISTRY/unsigned:1" "$PLAIN_REGISTRY/out:1"
}
