# images, tag, rmi, load, save, import.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
setup() { engine load -q -i "$SESSION/busybox.tar" >/dev/null; }
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

@test "load: says what it loaded; from a file, from stdin" {
  expect 0 load -i "$SESSION/busybox.tar"
  assert_output "Loaded image: localhost/busybox:latest"
  run -0 bash -c "$(engine_command) load <'$SESSION/busybox.tar' 2>/dev/null"
  assert_output "Loaded image: localhost/busybox:latest"
  expect 0 run --rm $BUSYBOX echo runs
  assert_output runs
}

@test "images: the table, -q, --format, --no-trunc, json, -n" {
  id=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  expect 0 images
  assert_matches "${lines[0]}" '^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$'
  assert_matches "${lines[1]}" "^localhost/busybox +latest +${id:0:12} +.* ago +[0-9.]+ MB$"
  expect 0 images -q
  assert_output "${id:0:12}"
  expect 0 images -q --no-trunc
  assert_output "sha256:$id"
  expect 0 images --format '{{.Repository}}:{{.Tag}} {{.ID}}'
  assert_output "localhost/busybox:latest ${id:0:12}"
  expect 0 images --format json
  assert_equal "$(jq -r '.[0].Id + " " + .[0].Names[0]' <<<"$output")" "$id localhost/busybox:latest"
  expect 0 images --noheading
  assert_equal "${#lines[@]}" 1
  expect 0 images busybox
  assert_equal "${#lines[@]}" 2
  expect 0 images nothing-of-that-name -q
  assert_output ""
}

@test "images --filter: reference, label, dangling, before and since" {
  expect 0 tag $BUSYBOX localhost/other:one
  expect 0 images --filter reference='localhost/oth*' --format '{{.Repository}}'
  assert_output_contains localhost/other
  expect 0 images --filter reference='localhost/nothing*' -q
  assert_output ""
  expect 0 images --filter label=org.opencontainers.image.title=busybox -q
  assert_equal "${#lines[@]}" 1
  expect 0 images --filter label=no-such-label -q
  assert_output ""
  expect 0 images --filter dangling=true -q
  assert_output ""
  expect 125 images --filter nosuch=1
}

@test "tag: another name for the same image; the names" {
  expect 0 tag $BUSYBOX short
  expect 0 tag $BUSYBOX example.com/a/b:c
  expect 0 run --rm localhost/short echo short
  assert_output short
  expect 0 run --rm example.com/a/b:c echo long
  assert_output long
  expect 0 images -q
  assert_equal "$(sort -u <<<"$output" | wc -l)" 1
  expect_error 125 "absent" tag absent other
  expect 125 tag $BUSYBOX 'Bad Name'
}

@test "rmi: Untagged, Deleted; 1 when absent, 2 when in use" {
  id=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  expect 0 tag $BUSYBOX localhost/other
  expect 0 rmi localhost/other
  assert_output "Untagged: localhost/other:latest"
  expect_error 1 "absent" rmi absent
  expect 0 create --name user $BUSYBOX true
  expect_error 2 "in use" rmi $BUSYBOX
  expect 0 rm user
  expect 0 rmi $BUSYBOX
  assert_equal "${lines[0]}" "Untagged: localhost/busybox:latest"
  assert_equal "${lines[-1]}" "Deleted: $id"
  expect 0 images -q
  assert_output ""
}

@test "rmi: by ID; of an image with two names needs -f; -f removes its containers" {
  id=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  expect 0 tag $BUSYBOX localhost/other
  expect '@(2|125)' rmi "${id:0:12}"
  expect 0 rmi -f "${id:0:12}"
  expect 0 images -q
  assert_output ""
  engine load -q -i "$SESSION/busybox.tar"
  expect 0 run -d --name user $BUSYBOX sleep 100
  expect 0 rmi -f $BUSYBOX
  expect 0 ps -aq
  assert_output ""
}

@test "rmi: what no image uses leaves the disk" {
  creel_only "looks into Creel's store"
  size() { du -s "$HOME/.local/share/creel" | cut -f1; }
  expect 0 rmi $BUSYBOX
  assert_equal "$(ls "$HOME/.local/share/creel/layers" "$HOME/.local/share/creel/blobs/sha256" 2>/dev/null | grep -c -E '^[0-9a-f]{64}$' || true)" 0
}

@test "save and load: the manifest's digest comes back" {
  creel_only "Podman compresses anew"
  digest=$(engine inspect -f '{{.Digest}}' $BUSYBOX)
  expect 0 save -q --format oci-archive -o "$BATS_TEST_TMPDIR/out.tar" $BUSYBOX
  assert_equal "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$BATS_TEST_TMPDIR/out.tar")" "$digest"
  engine rmi -f -a >/dev/null
  expect 0 load -i "$BATS_TEST_TMPDIR/out.tar"
  assert_equal "$(engine inspect -f '{{.Digest}}' $BUSYBOX)" "$digest"
  expect 0 run --rm $BUSYBOX echo back
  assert_output back
}

@test "save: Docker's archive is the default; several names; to stdout" {
  id=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  run -0 bash -c "$(engine_command) save $BUSYBOX >'$BATS_TEST_TMPDIR/d.tar'"
  run -0 tar -tf "$BATS_TEST_TMPDIR/d.tar"
  assert_output_contains manifest.json
  run -0 skopeo inspect "docker-archive:$BATS_TEST_TMPDIR/d.tar"
  engine rmi -f -a >/dev/null
  expect 0 load -i "$BATS_TEST_TMPDIR/d.tar"
  assert_output "Loaded image: localhost/busybox:latest"
  expect 0 run --rm $BUSYBOX echo docker
  assert_output docker
}

@test "save: of an absent image; onto a directory; formats" {
  expect_error 125 "absent" save -o "$BATS_TEST_TMPDIR/x" absent
  expect 125 save --format nosuch -o "$BATS_TEST_TMPDIR/x" $BUSYBOX
  [ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "load: what other tools write: skopeo's docker-archive and oci-archive" {
  skopeo copy -q --insecure-policy "oci-archive:$SESSION/busybox.tar" "docker-archive:$BATS_TEST_TMPDIR/d.tar:localhost/from-skopeo:v1"
  expect 0 load -i "$BATS_TEST_TMPDIR/d.tar"
  assert_output "Loaded image: localhost/from-skopeo:v1"
  expect 0 run --rm localhost/from-skopeo:v1 echo skopeo
  assert_output skopeo
  creel_only "Podman 4.3 refuses it"
  gzip -k "$BATS_TEST_TMPDIR/d.tar"
  engine rmi -f localhost/from-skopeo:v1 >/dev/null
  expect 0 load -i "$BATS_TEST_TMPDIR/d.tar.gz"
  assert_output "Loaded image: localhost/from-skopeo:v1"
}

@test "load: corrupt archives are errors, and leave the store as it was" {
  before=$(store_listing)
  head -c 300000 "$SESSION/busybox.tar" >"$BATS_TEST_TMPDIR/short.tar"
  head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
  : >"$BATS_TEST_TMPDIR/empty"
  # A byte in the middle of the layer.
  cp "$SESSION/busybox.tar" "$BATS_TEST_TMPDIR/flipped.tar"
  printf '\377\000\377' | dd of="$BATS_TEST_TMPDIR/flipped.tar" bs=1 seek=400000 conv=notrunc status=none
  for file in short.tar noise empty no-such-file; do
    expect 125 load -i "$BATS_TEST_TMPDIR/$file"
    assert_contains "$stderr" Error
  done
  assert_equal "$(store_listing)" "$before"
  expect 0 run --rm $BUSYBOX echo still
  assert_output still
  # With the layer already there, nobody need read the archive's.
  expect 0 rmi $BUSYBOX
  for file in flipped.tar short.tar; do
    expect 125 load -i "$BATS_TEST_TMPDIR/$file"
    assert_contains "$stderr" Error
  done
  assert_equal "$(store_listing)" ""
}

@test "import: a file system tar becomes an image; -c and -m" {
  mkdir -p "$BATS_TEST_TMPDIR/root/bin"
  cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/root/bin/busybox"
  tar -C "$BATS_TEST_TMPDIR/root" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/root.tar" .
  expect 0 import -q -c 'CMD ["/bin/busybox","echo","imported"]' -c 'ENV A=b' "$BATS_TEST_TMPDIR/root.tar" localhost/imported:1
  assert_matches "${lines[-1]}" '^sha256:[0-9a-f]{64}$'
  expect 0 run --rm --network none localhost/imported:1
  assert_output imported
  assert_equal "$(engine inspect -f '{{index .Config.Env 0}}' localhost/imported:1)" A=b
  run -0 bash -c "$(engine_command) import -q - localhost/from-stdin <'$BATS_TEST_TMPDIR/root.tar'"
  expect 125 import /no/such/file.tar localhost/x
}

@test "import: from a URL, also where it has moved to; what is not there; a password in it stays there" {
  mkdir -p "$BATS_TEST_TMPDIR/web"
  echo hello >"$BATS_TEST_TMPDIR/from-the-web"
  tar -C "$BATS_TEST_TMPDIR" -czf "$BATS_TEST_TMPDIR/web/root.tar.gz" from-the-web
  python3 - "$BATS_TEST_TMPDIR/web" "$BATS_TEST_TMPDIR/port" 3>&- <<'END' &
import http.server, os, sys
os.chdir(sys.argv[1])
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/moved":
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", "/root.tar.gz")
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[2] + ".new", "w") as out:
    out.write(str(server.server_address[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
END
  web=$!
  wait_until 10 test -e "$BATS_TEST_TMPDIR/port"
  at=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
  result=0
  (
    expect 0 import -q "http://$at/root.tar.gz" localhost/web:1
    expect 0 import -q "http://$at/moved" localhost/web:2
    if ! is_podman; then
      assert_equal "$(engine image inspect -f '{{.RootFS.Layers}}' localhost/web:1)" "$(engine image inspect -f '{{.RootFS.Layers}}' localhost/web:2)"
      expect_error 125 "downloading http://$at/nosuch.tar: " import -q "http://$at/nosuch.tar"
      expect 0 import -q "http://me:secret-word@$at/root.tar.gz?token=secret-word" localhost/web:3
      [[ $(engine image inspect localhost/web:3) != *secret-word* ]] || fail "the password is in the image"
      expect_error 125 "downloading http://$at/nosuch.tar: " import "http://me:secret-word@$at/nosuch.tar?token=secret-word"
      [[ $stderr != *secret-word* ]] || fail "the password is in the error"
      expect 0 system check
      assert_output ""
    fi
    closed=$(free_port)
    expect 125 import -q "http://127.0.0.1:$closed/root.tar"
  ) || result=1
  kill "$web"
  engine rmi -f localhost/web:1 localhost/web:2 localhost/web:3 >/dev/null 2>&1 || true
  return $result
}

@test "an image of a name that is not there: short names become localhost, then an error" {
  expect 0 run --rm busybox echo short
  assert_output short
  expect 125 inspect no-such-image
}
