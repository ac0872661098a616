#!/usr/bin/env bats
# A disk that is too small or full: what is whole stays, what is half goes, and removing still works.
load lib.bash
creel_only_file "Podman fills the disk first"

setup_file() {
  own_store
  mkdir "$WORK/small"
  # One layer that is small, and one that is small only as long as it is compressed.
  mkdir -p "$WORK/one" "$WORK/two"
  head -c 200000 /dev/urandom >"$WORK/one/random"
  head -c 60000000 /dev/zero >"$WORK/two/zeros"
  tar -C "$WORK/one" -cf "$WORK/one.tar" .
  command "$ENGINE" --root "$WORK/maker" --runroot "$WORK/maker-run" import -q "$WORK/one.tar" localhost/base:1 >/dev/null
  tar -C "$WORK/two" -czf "$WORK/two.tar.gz" .
  python3 - "$WORK" <<'END'
import gzip, hashlib, json, os, sys
work = sys.argv[1]
layout = work + "/layout"
os.makedirs(layout + "/blobs/sha256")
def blob(data):
    digest = hashlib.sha256(data).hexdigest()
    open(f"{layout}/blobs/sha256/{digest}", "wb").write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}
one = open(work + "/one.tar", "rb").read()
two = open(work + "/two.tar.gz", "rb").read()
diffs = ["sha256:" + hashlib.sha256(one).hexdigest(), "sha256:" + hashlib.sha256(gzip.decompress(two)).hexdigest()]
config = blob(json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": diffs}}).encode())
kind = "application/vnd.oci.image."
manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json", "config": {"mediaType": kind + "config.v1+json", **config},
            "layers": [{"mediaType": kind + "layer.v1.tar", **blob(one)}, {"mediaType": kind + "layer.v1.tar+gzip", **blob(two)}]}
index = {"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", **blob(json.dumps(manifest).encode()),
         "annotations": {"org.opencontainers.image.ref.name": "localhost/big:1"}}]}
json.dump(index, open(layout + "/index.json", "w"))
json.dump({"imageLayoutVersion": "1.0.0"}, open(layout + "/oci-layout", "w"))
END
  skopeo copy --quiet --insecure-policy --dest-tls-verify=false "oci:$WORK/layout" "docker://$PLAIN_REGISTRY/big:1"
}
teardown() { ! mountpoint -q "$WORK/small" || umount "$WORK/small"; }
teardown_file() { rm -rf "$WORK/maker" "$WORK/layout"; }

disk_of() { mount -t tmpfs -o "size=$1" none "$WORK/small" || skip "tmpfs cannot be mounted here"; }
engine() { command "$ENGINE" --root "$WORK/small/store" --runroot "$WORK/runroot" "$@"; }
fill() { head -c 1000000000 /dev/zero >"$WORK/small/fill" 2>/dev/null || true; }
pull_big() { engine pull -q --tls-verify=false "$PLAIN_REGISTRY/big:1"; }
leftovers() { engine system df --format '{{.Type}} {{.Total}}' | sed -n 's/^Leftovers //p'; }

@test "an image that cannot fit is refused before its first byte, with what is needed and what is free" {
  disk_of 20M
  run engine pull -q --tls-verify=false "$PLAIN_REGISTRY/debian:latest"
  [ "$status" -eq 125 ]
  assert_matches "$output" 'no space left in .*: at least [0-9]+ MB are needed, [0-9]+ MB are free'
  # At most its configuration, which says how large it is.
  [ "$(du -s --block-size=1 "$WORK/small/store/blobs" | cut -f 1)" -lt 100000 ]
  assert_equal "$(ls "$WORK/small/store/layers")" ''
  expect 0 system check
}

@test "a disk that fills up while a layer is unpacked: what is whole stays, the half layer goes, the next try succeeds" {
  disk_of 30M
  run pull_big
  [ "$status" -eq 125 ]
  assert_matches "$output" 'disk full|no space left|No space left'
  # The small layer, whole, for the next try; nothing half.
  assert_equal "$(ls "$WORK/small/store/layers" | wc -l)" 1
  assert_equal "$(ls "$WORK/small/store/staging" | grep -v -e '^boot$' -e transfer)" ''
  engine system check
  mount -o remount,size=100M "$WORK/small"
  pull_big
  expect 0 system check
  assert_output ''
}

@test "on a full disk, containers, images and all else can be removed, and what fails leaves the store whole" {
  disk_of 40M
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  engine import -q "$WORK/one.tar" localhost/one:1 >/dev/null
  engine create --name c -v v:/v "$BUSYBOX" true >/dev/null
  fill
  run pull_big
  [ "$status" -ne 0 ]
  for ((i = 0; i < 200; ++i)); do engine tag "$BUSYBOX" "localhost/name-that-takes-some-room-in-the-records:$i" 2>"$WORK/stderr" || break; done
  if [ -s "$WORK/stderr" ]; then assert_matches "$(cat "$WORK/stderr")" '[Nn]o space left|disk is full'; fi
  fill
  expect 0 system check
  expect 0 rm c
  expect 0 rmi localhost/one:1
  ! engine image exists localhost/one:1
  expect 0 system prune -a -f --volumes
  assert_equal "$(engine system df --format '{{.RawSize}}')" $'0\n0\n0'
  rm "$WORK/small/fill"
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  expect 0 system check
  assert_output ''
}
