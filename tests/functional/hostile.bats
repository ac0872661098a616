# Known attacks on container engines, played against this one. What images do while they run: escape.bats; single
# entries of layers: tests/unit/unpack/hostile_test.cc. engine/image/SECURITY.md has the table.
load lib
setup_file() {
  busybox_store
  python3 hostile_registry.py "$WORK/hostile-port" 3>&- >/dev/null 2>&1 &
  echo $! >"$WORK/hostile-pid"
  wait_until 10 test -e "$WORK/hostile-port"
  export HOSTILE=127.0.0.1:$(cat "$WORK/hostile-port")
}
teardown_file() {
  kill "$(cat "$WORK/hostile-pid")" || true
  close_store
}
setup() { before=$(store_listing); }
teardown() { clean_up; }

nothing_staged() { is_podman || assert_equal "$(find "$HOME/.local/share/creel/staging" -mindepth 1 -maxdepth 1 -type d)" ""; }
# refused REPOSITORY TEXT: the store stays as it was.
refused() {
  # In its own words.
  expect_error 125 "$(is_podman || echo "$2")" pull -q --tls-verify=false "$HOSTILE/$1"
  assert_equal "$(store_listing)" "$before"
  nothing_staged
}
# Peak memory in KiB of the engine and its children.
peak_memory() {
  python3 - "$@" <<'END'
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
END
}

@test "CVE-2021-41190: a document that is a manifest and an index is neither" {
  creel_only "Podman chooses by Content-Type, where mediaType is absent"
  refused ambiguous "members of an index too"
  refused ambiguous-index "members of"
  refused disguised "calls itself"
}

@test "a manifest that says a thing twice, or nests without end" {
  creel_only "Podman takes the last of two members"
  refused twice "twice"
  refused deep "not JSON"
}

@test "CVE-2024-3727: digests are no paths, in manifests and in headers" {
  refused traversal "digest"
  refused traversal-config "digest"
  assert_equal "$(ls /tmp/creel-escaped 2>/dev/null)" ""
  # What a header says is compared, and used for nothing.
  creel_only "Podman does not look at the header"
  refused traversal-digest "digest mismatch"
}

@test "CVE-2024-3727: an archive whose files are the host's" {
  mkdir "$BATS_TEST_TMPDIR/a"
  cd "$BATS_TEST_TMPDIR/a"
  echo '{"rootfs":{"type":"layers","diff_ids":["sha256:'"$(printf 'a%.0s' {1..64})"'"]}}' >config.json
  for file in ../../../../../../etc/hostname /etc/hostname link; do
    printf '[{"Config":"config.json","RepoTags":["evil:1"],"Layers":["%s"]}]' "$file" >manifest.json
    ln -sf /etc/hostname link
    tar -cf ../evil.tar manifest.json config.json link
    expect 125 load -q -i ../evil.tar
    assert_equal "$(store_listing)" "$before"
  done
  printf '[{"Config":"../../../../../../etc/passwd","RepoTags":["evil:1"],"Layers":[]}]' >manifest.json
  tar -cf ../evil.tar manifest.json
  expect 125 load -q -i ../evil.tar
  refute_output_contains root
  nothing_staged
}

@test "a layer that no disk can hold is refused before its first byte" {
  creel_only "Podman fetches first"
  refused vast ""
}

@test "bombs: zeros behind the archive cost neither memory nor disk" {
  for image in bomb bomb-zstd; do
    memory=$(peak_memory $(engine_command) pull -q --tls-verify=false "$HOSTILE/$image")
    is_podman || [ "$memory" -lt 131072 ] || fail "$image: $memory KiB of memory"
    engine rmi -f "$HOSTILE/$image"
  done
}

@test "bombs: a file of zeros is as large as it says, and memory stays small" {
  creel_only "takes Podman half a minute"
  # Killed by the limit on file sizes as by a full disk: nothing is left.
  before_size=$(du -s "$HOME" | cut -f 1)
  run --separate-stderr bash -c "ulimit -f 524288; exec $(engine_command) pull -q --tls-verify=false $HOSTILE/inner"
  [ "$status" -ne 0 ]
  assert_equal "$(store_listing)" "$before"
  expect 0 pull -q --tls-verify=false "$HOSTILE/many"
  engine rmi -f "$HOSTILE/many"
  nothing_staged
  after_size=$(du -s "$HOME" | cut -f 1)
  [ $((after_size - before_size)) -lt 20000 ] || fail "$before_size KiB became $after_size"
}

@test "many entries, deep directories, long names" {
  expect 0 pull -q --tls-verify=false "$HOSTILE/many"
  engine rmi -f "$HOSTILE/many"
  expect '*' pull -q --tls-verify=false "$HOSTILE/far"
  engine rmi -f "$HOSTILE/far" || true
  if ! is_podman; then assert_equal "$(ls "$HOME/.local/share/creel/layers" | wc -l)" 1; fi
  refused long "name"
}

@test "a race for the staging directory: another process swaps directories for links while a layer is unpacked" {
  creel_only "of Creel's store"
  mkdir "$BATS_TEST_TMPDIR/victim" "$BATS_TEST_TMPDIR/root"
  echo untouched >"$BATS_TEST_TMPDIR/victim/file"
  # 4,000 files through directories three deep.
  python3 - "$BATS_TEST_TMPDIR/layer.tar" <<'END'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    for i in range(4000):
        info = tarfile.TarInfo(f"a/b/c/{'file' if i % 3 == 0 else i}")
        info.size = 5
        tar.addfile(info, io.BytesIO(b"owned"))
END
  cat >"$BATS_TEST_TMPDIR/attacker.py" <<'END'
import glob, os, sys
victim, store = sys.argv[1:3]
swaps = 0
while not os.path.exists(victim + "/../stop"):
    for path in glob.glob(store + "/staging/*/*/a") + glob.glob(store + "/staging/*/*/a/b"):
        try:
            os.rename(path, path + ".moved")
            os.symlink(victim, path)
            swaps += 1
            os.unlink(path)
            os.rename(path + ".moved", path)
        except OSError:
            pass
with open(victim + "/../swaps", "w") as out:
    out.write(str(swaps))
END
  python3 "$BATS_TEST_TMPDIR/attacker.py" "$BATS_TEST_TMPDIR/victim" "$HOME/.local/share/creel" 3>&- &
  attacker=$!
  for round in 1 2 3 4 5; do
    # It may fail, for its directories vanish; it must not follow.
    engine import -q "$BATS_TEST_TMPDIR/layer.tar" raced:$round >/dev/null 2>&1 || true
    engine rmi -f raced:$round >/dev/null 2>&1 || true
  done
  touch "$BATS_TEST_TMPDIR/stop"
  wait $attacker
  assert_equal "$(ls "$BATS_TEST_TMPDIR/victim")" file
  assert_equal "$(cat "$BATS_TEST_TMPDIR/victim/file")" untouched
  # Afterwards all is as before.
  expect 0 import -q "$BATS_TEST_TMPDIR/layer.tar" calm:1
  engine rmi -f calm:1
  nothing_staged
}

@test "CVE-2019-14271: no library of an image is loaded by the engine, whoever looks users up" {
  creel_only "conmon and crun are others"
  mkdir -p "$BATS_TEST_TMPDIR/root/etc" "$BATS_TEST_TMPDIR/root/lib/x86_64-linux-gnu" "$BATS_TEST_TMPDIR/root/bin"
  cd "$BATS_TEST_TMPDIR/root"
  cp /bin/busybox bin/
  ln -s busybox bin/id
  ln -s busybox bin/sleep
  echo 'passwd: evil' >etc/nsswitch.conf
  echo 'evil:x:1234:1234::/:/bin/sh' >etc/passwd
  echo 'evil:x:1234:' >etc/group
  for lib in libnss_evil.so.2 libnss_files.so.2 libc.so.6; do echo "not a library" >lib/x86_64-linux-gnu/$lib; done
  tar -cf ../root.tar .
  expect 0 import -q ../root.tar evil:1
  expect 0 run -d --name victim --network none --user evil evil:1 sleep 600
  expect 0 exec --user evil victim id -u
  assert_output 1234
  for command in "exec --user evil victim id -u" "run --rm --network none --user evil evil:1 id -u"; do
    strace -f -qq -e trace=openat,open,openat2,execve -o "$BATS_TEST_TMPDIR/trace" $(engine_command) $command >/dev/null 2>&1
    run grep -c -E 'libnss_evil|nsswitch' "$BATS_TEST_TMPDIR/trace"
    assert_output 0
  done
  engine rm -f -t 0 victim
  engine rmi -f evil:1
}

@test "CVE-2020-15257: nothing of the engine listens on an abstract socket" {
  expect 0 run -d --name quiet $BUSYBOX sleep 600
  # Num RefCount Protocol Flags Type St Inode Path; Flags with 00010000: it listens.
  inodes=$(awk '$8 ~ /^@/ && $4 ~ /00010000/ { print $7 }' /proc/net/unix)
  for pid in $(pgrep -u "$(id -u)"); do
    for inode in $inodes; do
      if ls -l "/proc/$pid/fd" 2>/dev/null | grep -q "socket:\[$inode\]"; then
        fail "process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline")) listens: $(grep " $inode " /proc/net/unix)"
      fi
    done
  done
  # Nor has the container the engine's own sockets.
  expect 0 exec quiet sh -c 'ls -l /proc/*/fd 2>/dev/null | grep -c socket: || true'
  assert_output 0
}

@test "CVE-2024-9407: options of a mount are options, whatever they look like" {
  mkdir "$BATS_TEST_TMPDIR/data"
  expect_error 125 "" run --rm -v "$BATS_TEST_TMPDIR/data:/data:shared,/etc:/host" $BUSYBOX true
  expect_error 125 "" run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/data,target=/data,bind-propagation=shared:rw" $BUSYBOX true
}

@test "CVE-2024-9675: names of volumes are no paths" {
  expect_error 125 "" run --rm -v 'a/../../../etc:/data' $BUSYBOX true
  expect_error 125 "" run --rm --mount 'type=volume,source=../../../../etc,target=/data' $BUSYBOX true
}
