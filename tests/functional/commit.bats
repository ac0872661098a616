# commit, export, import: what a container has changed becomes an image, or a tar, and comes back.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() {
  clean_up
  engine images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v "^$BUSYBOX " | cut -d' ' -f2 | sort -u |
    while read -r id; do engine rmi -f "$id" >/dev/null 2>&1 || true; done
}
# A container that has changed, made, deleted; owners, modes, links, devices.
CHANGES='echo new >/new; mkdir -p /d/e; echo deep >/d/e/f; chown 5:6 /d/e/f; chmod 4711 /d/e/f; ln /d/e/f /d/hard;
ln -s /new /link; mkfifo /d/fifo; rm /bin/vi; rm -rf /home; mkdir /home; echo mine >/home/own; : >/empty; mkdir -m 1777 /sticky;
dd if=/dev/zero of=/sparse bs=1 count=1 seek=5000000 2>/dev/null'
SHOW='cat /new /d/e/f /home/own; stat -c "%n %u %g %a %F %s" /d/e/f /d/fifo /empty /sticky /sparse; readlink /link; [ /d/hard -ef /d/e/f ] && echo linked; ls /bin/vi 2>&1; ls /home'

@test "commit: what the container shows, the image's container shows; the ID; the name" {
  expect 0 run --name c $BUSYBOX sh -c "$CHANGES; $SHOW"
  shown=$output
  expect 0 commit -q c localhost/made:1
  assert_matches "$output" '^[0-9a-f]{64}$'
  assert_equal "$(engine inspect -f '{{.Id}}' localhost/made:1)" "$output"
  expect 0 run --rm localhost/made:1 sh -c "$SHOW"
  assert_output "$shown"
  # Once more, on top of it.
  expect 0 run --name c2 localhost/made:1 sh -c 'rm -r /d; echo 2 >/new'
  expect 0 commit -q c2 localhost/made:2
  expect 0 run --rm localhost/made:2 sh -c 'cat /new; ls /d 2>&1 || echo gone'
  assert_contains "$output" "gone"
  assert_equal "${lines[0]}" 2
}

@test "commit: of a running container, of a created one; what is mounted is not in it" {
  mkdir "$BATS_TEST_TMPDIR/v"
  echo secret >"$BATS_TEST_TMPDIR/v/secret"
  expect 0 run -d --name c -v "$BATS_TEST_TMPDIR/v:/v" --tmpfs /t $BUSYBOX sh -c 'echo x >/t/x; echo live >/live; echo up; exec sleep 1000'
  wait_for_log c up
  expect 0 commit -q c localhost/live
  expect 0 run --rm localhost/live cat /live
  assert_output live
  expect 0 run --rm localhost/live sh -c 'ls /v /t'
  assert_output_contains "/v:"
  refute_output_contains secret
  refute_output_contains x
  expect 0 create --name made $BUSYBOX true
  expect 0 commit -q made localhost/as-it-was
  expect 0 run --rm localhost/as-it-was echo yes
  assert_output yes
}

@test "commit: command, environment, user, ports, labels of the container; --change, --author, --message" {
  expect 0 create --name c -e MINE=1 -u 7:8 -w /tmp -l a=b --expose 81 --entrypoint '["echo"]' $BUSYBOX words
  expect 0 commit -q -a 'An Author' -m 'a message' -c 'ENV MORE=2' -c 'LABEL c=d' -c 'EXPOSE 80/udp' -f docker c localhost/meta
  expect 0 inspect --type image localhost/meta
  document=$output
  value() { jq -c ".[0].$1" <<<"$document"; }
  assert_equal "$(value Author)" '"An Author"'
  assert_equal "$(value Comment)" '"a message"'
  assert_equal "$(value Config.Entrypoint)" '["echo"]'
  assert_equal "$(value Config.Cmd)" '["words"]'
  assert_equal "$(value Config.User)" '"7:8"'
  assert_equal "$(value Config.WorkingDir)" '"/tmp"'
  assert_equal "$(value 'Config.Labels.a')" '"b"'
  assert_equal "$(value 'Config.Labels.c')" '"d"'
  assert_contains "$(value Config.Env)" '"MINE=1"'
  assert_contains "$(value Config.Env)" '"MORE=2"'
  assert_contains "$(value Config.ExposedPorts)" '80/udp'
  assert_equal "$(value ManifestType)" '"application/vnd.docker.distribution.manifest.v2+json"'
  expect 0 run --rm localhost/meta
  assert_output words
}

@test "commit --pause: the processes stand still and go on; --config: members of the configuration" {
  expect 0 run -d --name c $BUSYBOX sh -c 'while :; do echo x >>/n; sleep 0.01; done'
  # Standing still takes a control group.
  if is_podman || [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    is_podman || expect_error 125 "needs a control group" commit -q --pause c localhost/paused
  else
    expect 0 commit -q --pause c localhost/paused
  fi
  assert_equal "$(state_of c)" running
  written() { engine exec c sh -c 'wc -c </n'; }
  before=$(written)
  goes_on() { [ "$(written)" -gt "$before" ]; }
  wait_until 10 goes_on
  creel_only "Podman 4.3 has no commit --config"
  printf '{"Cmd": ["echo", "from the file"], "Labels": {"from": "file"}}' >"$BATS_TEST_TMPDIR/config.json"
  expect 0 commit -q --config "$BATS_TEST_TMPDIR/config.json" c localhost/configured
  expect 0 run --rm localhost/configured
  assert_output "from the file"
  assert_equal "$(engine image inspect -f '{{.Config.Labels.from}}' localhost/configured)" file
  echo '[' >"$BATS_TEST_TMPDIR/config.json"
  expect_error 125 "" commit -q --config "$BATS_TEST_TMPDIR/config.json" c localhost/configured
  expect_error 125 "" commit -q --config "$BATS_TEST_TMPDIR/absent.json" c localhost/configured
}

@test "commit: --iidfile, --include-volumes, --squash, no name" {
  expect 0 run --name c -v vol:/data $BUSYBOX sh -c 'echo 1 >/one; rm /bin/vi'
  expect 0 commit -q --iidfile "$BATS_TEST_TMPDIR/id" --include-volumes c
  assert_equal "$(cat "$BATS_TEST_TMPDIR/id")" "$output"
  assert_equal "$(engine inspect --type image "$output" | jq -c '.[0].Config.Volumes')" '{"/data":{}}'
  engine rmi "$output" >/dev/null
  expect 0 commit -q --squash c localhost/flat
  assert_equal "$(engine inspect --type image localhost/flat | jq '.[0].RootFS.Layers | length')" 1
  expect 0 run --rm localhost/flat sh -c 'cat /one; ls /bin/vi 2>&1 || echo gone'
  assert_equal "${lines[0]}" 1
  assert_output_contains gone
  engine rm c >/dev/null
  engine volume rm vol >/dev/null 2>&1 || true
}

@test "commit: the same changes are the same layer; proxies and the host's names stay out" {
  creel_only "Podman's layers hold the time of the mounts"
  http_proxy=http://user:secret@proxy.example expect 0 run --name c $BUSYBOX sh -c 'echo same >/file; touch -d 2020-01-01 /file /'
  expect 0 commit -q c localhost/same:1
  expect 0 commit -q c localhost/same:2
  layer() { engine inspect --type image "$1" | jq -r '.[0].RootFS.Layers[-1]'; }
  assert_equal "$(layer localhost/same:1)" "$(layer localhost/same:2)"
  refute() { ! engine inspect --type image localhost/same:1 | grep -q "$1"; }
  refute secret
  refute HOSTNAME=
  # Nothing of what is mounted into every container.
  expect 0 save -q --format oci-dir -o "$BATS_TEST_TMPDIR/layout" localhost/same:1
  blob=$(skopeo inspect --raw "oci:$BATS_TEST_TMPDIR/layout:localhost/same:1" | jq -r '.layers[-1].digest')
  run -0 tar -tzf "$BATS_TEST_TMPDIR/layout/blobs/sha256/${blob#sha256:}"
  assert_output_contains file
  refute_output_contains proc
  refute_output_contains hosts
  refute_output_contains containerenv
}

@test "commit: what it cannot do is said; nothing is left" {
  expect 0 create --name c $BUSYBOX true
  before=$(store_listing)
  expect_error 125 "absent" commit -q absent localhost/x
  expect_error 125 "NOSUCH" commit -q -c 'NOSUCH x' c localhost/x
  expect_error 125 "" commit -q c 'Bad Name'
  expect 125 commit -q -f nosuch c localhost/x
  assert_equal "$(store_listing)" "$before"
}

@test "commit: of a container with IDs of its own" {
  command -v fuse-overlayfs >/dev/null || skip "fuse-overlayfs is not installed"
  [ -e /dev/fuse ] || skip "no /dev/fuse"
  expect 0 run --name c --userns keep-id -u 0 $BUSYBOX sh -c 'echo 1 >/one; chown 9:9 /one; rm /bin/vi; rm -rf /home; mkdir /home; echo 2 >/home/two'
  expect 0 commit -q c localhost/kept
  expect 0 run --rm localhost/kept sh -c 'stat -c %u:%g /one; ls /bin/vi 2>&1 || echo gone; ls -A /home'
  assert_equal "${lines[0]}" 9:9
  assert_output_contains gone
  assert_equal "${lines[-1]}" two
}

@test "commit: skopeo, umoci, buildah and Podman read it" {
  expect 0 run --name c $BUSYBOX sh -c "$CHANGES"
  cd "$BATS_TEST_TMPDIR"
  for format in oci docker; do
    expect 0 commit -q -f $format c localhost/out:$format
    digest=$(engine inspect -f '{{.Digest}}' localhost/out:$format)
    expect 0 save -q --format oci-archive -o $format.tar localhost/out:$format
    # Podman compresses anew when it saves.
    is_podman || assert_equal "$(skopeo inspect --format '{{.Digest}}' oci-archive:$format.tar)" "$digest"
    skopeo copy -q --insecure-policy oci-archive:$format.tar oci:layout-$format:x
  done
  if command -v umoci >/dev/null; then
    umoci unpack --rootless --image layout-oci:x bundle
    assert_equal "$(cat bundle/rootfs/new)" new
    [ ! -e bundle/rootfs/bin/vi ]
    assert_equal "$(ls bundle/rootfs/home)" own
  fi
}

@test "export: all that the container sees, running or stopped; import makes an image of it" {
  expect 0 run --name c $BUSYBOX sh -c "$CHANGES; $SHOW"
  shown=$output
  expect 0 export -o "$BATS_TEST_TMPDIR/c.tar" c
  run -0 tar -tf "$BATS_TEST_TMPDIR/c.tar"
  assert_output_contains d/e/f
  assert_output_contains bin/busybox
  refute_output_contains bin/vi
  expect 0 import -q "$BATS_TEST_TMPDIR/c.tar" localhost/back:1
  expect 0 run --rm localhost/back:1 /bin/sh -c "$SHOW"
  assert_output "$shown"
  expect 0 run -d --name r $BUSYBOX sleep 1000
  run -0 bash -c "$(engine_command) export r | tar -t"
  assert_output_contains bin/busybox
  expect_error 125 absent export -o "$BATS_TEST_TMPDIR/none.tar" absent
  [ ! -e "$BATS_TEST_TMPDIR/none.tar" ]
}

@test "import: a plain tar is compressed, the same way each time; a compressed one stays as it is" {
  creel_only "Podman's save compresses anew"
  cd "$BATS_TEST_TMPDIR"
  mkdir root
  seq 1 100000 >root/numbers
  tar --sort=name --mtime=@0 --owner=0 --group=0 -C root -cf root.tar .
  gzip -9 -n -k root.tar
  blob() { engine save -q --format oci-dir -o "$1" "$2" && skopeo inspect --raw "oci:$1:$2" | jq -r '.layers[0].digest + " " + .layers[0].mediaType'; }
  expect 0 import -q root.tar localhost/plain:1
  expect 0 import -q root.tar localhost/plain:2
  expect 0 import -q root.tar.gz localhost/packed:1
  one=$(blob one localhost/plain:1)
  assert_equal "$(blob two localhost/plain:2)" "$one"
  assert_contains "$one" tar+gzip
  assert_equal "$(blob three localhost/packed:1)" "sha256:$(sha256sum <root.tar.gz | cut -d' ' -f1) application/vnd.oci.image.layer.v1.tar+gzip"
}
