# Pulls that are killed, cut off or run side by side: what has come is not fetched again.
load lib
creel_only_file "Podman begins again"
load ../registry/lib
setup_file() {
  own_store
  start_proxy proxy "$PLAIN_REGISTRY"
  export PROXY=$(proxy proxy)
  # An image of one layer, of which most does not compress.
  mkdir "$WORK/tree"
  head -c 8000000 /dev/urandom >"$WORK/tree/random"
  cp "$(command -v busybox)" "$WORK/tree/busybox"
  export SUM=$(sha256sum <"$WORK/tree/random")
  tar -C "$WORK/tree" -c . | engine import -q - localhost/medium >/dev/null
  engine push -q --tls-verify=false localhost/medium "$PLAIN_REGISTRY/medium"
  engine rmi -f -a >/dev/null
  read -r BLOB SIZE ALL < <(curl -s -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$PLAIN_REGISTRY/v2/medium/manifests/latest" |
    python3 -c 'import json, sys; m = json.load(sys.stdin); b = max(m["layers"], key=lambda x: x["size"]); print(b["digest"], b["size"], sum(x["size"] for x in {d["digest"]: d for d in [m["config"], *m["layers"]]}.values()))')
  export BLOB SIZE ALL
  export PARTIAL=$HOME/.local/share/creel/staging/${BLOB#sha256:}.part
}
teardown_file() {
  end_registries
  close_store
}
setup() {
  faults proxy
}
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
  rm -f "$PARTIAL"
}

# A pull that is killed in the middle of the layer.
kill_in_the_middle() {
  faults proxy "{\"match\": \"GET .*$BLOB\", \"times\": 1, \"gate\": 5000000}"
  $(engine_command) pull -q --tls-verify=false "$PROXY/medium" 3>&- >/dev/null 2>&1 &
  wait_until 60 test -e "$WORK/proxy/gated"
  # What the proxy has sent has been written when the file has its size.
  wait_until 20 sh -c "[ \$(stat -c %s '$PARTIAL') -ge 4900000 ]"
  kill -KILL $!
  wait $! || true
  BEFORE=$(stat -c %s "$PARTIAL")
  faults proxy "$@"
}
pull_and_run() {
  expect 0 pull -q --tls-verify=false "$PROXY/medium"
  run bash -c "$(engine_command) run --rm $PROXY/medium /busybox cat /random | sha256sum"
  assert_output "$SUM"
  [ ! -e "$PARTIAL" ]
}

@test "a pull that was killed is resumed by the next one" {
  kill_in_the_middle
  pull_and_run
  assert_equal "$(counted proxy got "GET .*$BLOB")" $((SIZE - BEFORE))
  assert_contains "$(cat "$WORK/proxy/log")" "bytes=$BEFORE-"
}

@test "a registry that knows no ranges, or gives another one: the whole is fetched" {
  kill_in_the_middle "{\"match\": \"GET .*$BLOB\", \"no_range\": true}"
  pull_and_run
  assert_equal "$(counted proxy got "GET .*$BLOB")" "$SIZE"
  engine rmi -f -a
  kill_in_the_middle "{\"match\": \"GET .*$BLOB\", \"ranged\": true, \"content_range\": \"bytes 7-$((SIZE - 1))/$((SIZE + 1))\"}"
  pull_and_run
}

@test "bytes that are not those that were written, as after a power cut, are fetched again" {
  kill_in_the_middle
  dd if=/dev/zero of="$PARTIAL" bs=4096 seek=1000 count=100 conv=notrunc status=none
  pull_and_run
  engine rmi -f -a
  # Longer than the blob can be.
  mkdir -p "$(dirname "$PARTIAL")"
  faults proxy
  truncate -s $((SIZE + 1)) "$PARTIAL"
  pull_and_run
  assert_equal "$(counted proxy got "GET .*$BLOB")" "$SIZE"
}

@test "a blob that was whole when the pull was killed is not asked for again" {
  faults proxy "{\"match\": \"GET .*$BLOB\", \"times\": 1, \"gate\": $SIZE}"
  mkdir -p "$(dirname "$PARTIAL")"
  curl -s "http://$PLAIN_REGISTRY/v2/medium/blobs/$BLOB" >"$PARTIAL"
  pull_and_run
  assert_equal "$(counted proxy requests "GET .*$BLOB")" 0
}

@test "resets in the middle: one pull goes on by itself" {
  faults proxy "{\"match\": \"GET .*$BLOB\", \"times\": 3, \"cut\": 2000000}"
  pull_and_run
  [ "$(counted proxy requests "GET .*$BLOB")" -eq 4 ]
  # What was on the line when it was cut is lost; all else came once.
  [ "$(counted proxy got "GET .*$BLOB")" -lt $((SIZE + 3 * 2000000)) ]
}

@test "ten at once move each byte once" {
  for i in $(seq 10); do
    (engine pull -q --tls-verify=false "$PROXY/medium" >"$BATS_TEST_TMPDIR/$i" || echo failed >"$BATS_TEST_TMPDIR/$i") 3>&- &
    pids+=($!)
  done
  wait "${pids[@]}"
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/[0-9]* | sort -u | wc -l)" 1
  assert_matches "$(cat "$BATS_TEST_TMPDIR/1")" '^[0-9a-f]{64}$'
  assert_equal "$(counted proxy got 'GET .*blobs')" "$ALL"
}

@test "429, 503, a redirect to another host, which gets no credentials" {
  start_proxy elsewhere "$PLAIN_REGISTRY"
  faults elsewhere
  faults proxy '{"match": "manifests", "times": 1, "status": 401, "headers": {"WWW-Authenticate": "Basic realm=\"x\""}}' \
    '{"match": "manifests", "times": 1, "status": 429, "headers": {"Retry-After": "0"}}' \
    '{"match": "blobs", "times": 1, "status": 503, "headers": {"Retry-After": "0"}}' \
    "{\"match\": \"blobs\", \"redirect\": \"http://$(proxy elsewhere)\"}"
  expect 0 pull -q --tls-verify=false --creds user:secret "$PROXY/busybox"
  [ "$(counted elsewhere got blobs)" -gt 100000 ]
  assert_equal "$(grep -c '"authorization": true' "$WORK/elsewhere/log")" 0
  [ "$(grep -c '"authorization": true' "$WORK/proxy/log")" -gt 0 ]
}

@test "partial blobs go a day after they last grew" {
  kill_in_the_middle
  expect 0 pull -q --tls-verify=false "$PROXY/busybox"
  expect 0 rmi "$PROXY/busybox"
  [ -e "$PARTIAL" ]
  touch -d '2 days ago' "$PARTIAL"
  expect 0 pull -q --tls-verify=false "$PROXY/busybox"
  expect 0 rmi "$PROXY/busybox"
  [ ! -e "$PARTIAL" ]
}

@test "one syncfs for a pull, none for one that brings nothing" {
  command -v strace >/dev/null || skip "strace is not installed"
  # Inside a namespace that exists: a set-uid program gets no rights beneath strace.
  expect 0 pull -q --tls-verify=false "$PROXY/busybox"
  expect 0 run -d --name keeper "$PROXY/busybox" sleep 1000
  syncs() {
    strace -f -q -o "$BATS_TEST_TMPDIR/trace" -e trace=syncfs,fsync,fdatasync,sync $(engine_command) pull -q --tls-verify=false "$PROXY/medium"
    grep -c syncfs "$BATS_TEST_TMPDIR/trace" || true
  }
  assert_equal "$(syncs | tail -n 1)" 1
  assert_equal "$(syncs | tail -n 1)" 0
}
