# Mounts of config.json, as the container sees them. Runs as an ordinary user and, as bundle-mounts-as-root.bats, as root.
# RUNTIME=crun or runc runs them with those.
load lib
load bundle
teardown() { remove_containers; }

# not_with RUNTIME WHY
not_with() { [ "$(basename "$RUNTIME")" != "$1" ] || skip "$1 $2"; }
creel_runtime_only() { is_creel_runtime || skip "${1:-of creel-runtime alone}"; }
# options DESTINATION: of the mount there, from the container's mountinfo in $output.
options() { awk -v at="$1" '$5 == at { print $6 }' <<<"$output"; }

@test "mounts: options become what the kernel shows" {
  not_with crun "adds contradicting options up"
  dir=$(command_bundle options 'cat /proc/self/mountinfo' '.mounts += [
    {"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "nosuid", "nodev", "noexec", "noatime", "size=64k", "mode=700"]},
    {"destination": "/rw", "type": "tmpfs", "source": "tmpfs", "options": ["ro", "rw"]}]')
  expect_runtime 0 run --bundle "$dir" options
  assert_equal "$(options /t)" "ro,nosuid,nodev,noexec,noatime"
  [[ $(options /rw) == rw,* ]] || fail "$output"
  assert_contains "$(grep ' /t ' <<<"$output")" "size=64k"
  assert_contains "$(grep ' /t ' <<<"$output")" "mode=700"
}

@test "mounts: a directory and a file of the bundle, by relative source; read-only" {
  mkdir -p "$WORK/bound/data"
  dir=$(command_bundle bound 'cat /data/x /etc/one; echo y >/data/y; echo z >/etc/one' '.mounts += [
    {"destination": "/data", "type": "bind", "source": "data", "options": ["rbind"]},
    {"destination": "/etc/one", "type": "bind", "source": "one", "options": ["bind", "ro"]}]')
  echo in-data >"$dir/data/x"
  echo in-one >"$dir/one"
  expect_runtime 1 run --bundle "$dir" bound
  assert_output $'in-data\nin-one'
  assert_contains "$stderr" "Read-only file system"
  assert_equal "$(cat "$dir/data/y" "$dir/one")" $'y\nin-one'
}

@test "mounts: tmpcopyup starts with what was there, and leaves that alone" {
  dir=$(command_bundle copyup 'cat /etc/passwd; rm -f /etc/passwd; echo new >/etc/group' '.mounts += [
    {"destination": "/etc", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "nosuid"]}]')
  ln -sf busybox "$dir/rootfs/bin/rm"
  expect_runtime 0 run --bundle "$dir" copyup
  assert_output 'root:x:0:0:root:/root:/bin/sh'
  assert_equal "$(cat "$dir/rootfs/etc/group")" 'root:x:0:'
}

@test "mounts: a read-only root, with what is mounted in it writable" {
  dir=$(command_bundle closed 'touch /x 2>/dev/null || echo closed; touch /t/x && echo open' '.root.readonly = true | .mounts += [
    {"destination": "/t", "type": "tmpfs", "source": "tmpfs"}]')
  expect_runtime 0 run --bundle "$dir" closed
  assert_output $'closed\nopen'
}

@test "masked and read-only paths, of files and of directories" {
  dir=$(command_bundle masks 'cat /secret; ls -A /dir; touch /fixed/x 2>/dev/null || echo closed; cat /proc/kcore; echo end' '
    .linux.maskedPaths += ["/secret", "/dir", "/nowhere"] | .linux.readonlyPaths += ["/fixed", "/nowhere"]')
  mkdir "$dir/rootfs/dir" "$dir/rootfs/fixed"
  echo secret | tee "$dir/rootfs/secret" >"$dir/rootfs/dir/secret"
  expect_runtime 0 run --bundle "$dir" masks
  assert_output $'closed\nend'
}

@test "devices: the default ones, one by its numbers, the links of /dev" {
  as_root || not_with crun "binds a device from the same path alone"
  dir=$(command_bundle devices 'for d in null zero full random urandom tty own; do stat -c "%n %F %t:%T" /dev/$d; done; for l in fd stdin ptmx; do readlink /dev/$l; done' '
    .linux.devices = [{"path": "/dev/own", "type": "c", "major": 1, "minor": 5, "fileMode": 438}]')
  expect_runtime 0 run --bundle "$dir" devices
  assert_equal "$(grep -c 'character special file' <<<"$output")" 7
  assert_contains "$output" "/dev/null character special file 1:3"
  assert_contains "$output" "/dev/own character special file 1:5"
  [[ $output == *$'/proc/self/fd\n/proc/self/fd/0\n'*pts/ptmx ]] || fail "$output"
}

@test "mounts: what the root file system's links say stays in it" {
  mkdir -p "$WORK/outside"
  dir=$(command_bundle links 'cat /evil/file; cat /abs/file' '.mounts += [
    {"destination": "/evil/file", "type": "bind", "source": "one", "options": ["bind"]},
    {"destination": "/abs/file", "type": "bind", "source": "one", "options": ["bind"]}]')
  echo content >"$dir/one"
  ln -s "../../../../../../../../$WORK/outside" "$dir/rootfs/evil"
  ln -s "$WORK/outside" "$dir/rootfs/abs"
  mkdir -p "$dir/rootfs/$WORK/outside"
  expect_runtime 0 run --bundle "$dir" links
  assert_output $'content\ncontent'
  assert_equal "$(ls -A "$WORK/outside")" ""
}

@test "mounts: an option that nobody knows is an error that names it" {
  creel_runtime_only
  dir=$(bundle unknown '.mounts += [{"destination": "/data", "type": "bind", "source": "/tmp", "options": ["bind", "quick"]}]')
  expect_runtime 1 run --bundle "$dir" unknown
  assert_contains "$stderr" 'unknown mount option "quick"'
}

@test "mounts: recursive options are taken on any mount" {
  dir=$(command_bundle deep 'cat /proc/self/mountinfo' '.mounts += [
    {"destination": "/data", "type": "bind", "source": "/tmp", "options": ["rbind", "rro", "rnosuid", "rnodev", "rnoexec"]}]')
  not_with runc "has them from 1.2 on"
  expect_runtime 0 run --bundle "$dir" deep
  [[ $(options /data) == ro,nosuid,nodev,noexec* ]] || fail "$output"
}
