# Known ways out of containers, built and tried. engine/runtime/SECURITY.md names the line of defence that each exercises.
# Runs as an ordinary user and, as escape-as-root.bats, as root. attack.cc is what the hostile containers run.
load lib

setup_file() {
  busybox_store
  # Nothing of a container may see or change this directory of the host.
  export CANARY=$WORK/canary
  mkdir "$CANARY"
  echo of-the-host >"$CANARY/file"
  touch "$CANARY/.host-canary"
}
teardown_file() { close_store; }
teardown() {
  clean_up
  assert_equal "$(ls -A "$CANARY" | sort | tr '\n' ' ')" ".host-canary file "
  assert_equal "$(cat "$CANARY/file")" of-the-host
  assert_equal "$(stat -c %a "$CANARY/file")" "$CANARY_MODE"
}
setup() {
  export V=$BATS_TEST_TMPDIR/shared
  mkdir "$V"
  chmod 0777 "$V"
  CANARY_MODE=$(stat -c %a "$CANARY/file")
}

# hostile NAME ARGS... -- COMMAND: a container in the background that has the attack program, and the shared directory as /v.
hostile() {
  local name=$1 flags=()
  shift
  while [ "$1" != -- ]; do flags+=("$1"); shift; done
  shift
  engine run -d --name "$name" --network none -v "$SESSION/attack:/attack:ro" -v "$V:/v" "${flags[@]}" $BUSYBOX "$@" >/dev/null
}
# The right to trace, in the container's user namespace. As root there is none, and it would be a right over the host.
may_trace() { as_root || echo "--cap-add SYS_PTRACE"; }
# A spy in a container; what it found is in the shared directory.
nothing_found() {
  assert_equal "$(ls "$V" | grep -v -e ready -e '^go$' | while read -r f; do echo "$f: $(head -n 1 "$V/$f")"; done)" ""
}

# CVE-2019-5736: a container has the engine run itself in there, and overwrites it.

@test "own program: as the image's command, as an entrypoint, as what a script names" {
  creel_only "crun puts a copy of itself in its program's place"
  mkdir -p "$V/root/bin"
  ln -s /proc/self/exe "$V/root/evil"
  printf '#!/proc/self/exe\n' >"$V/root/script"
  printf '#!/script\n' >"$V/root/nested"
  ln -s evil "$V/root/again"
  chmod +x "$V/root/script" "$V/root/nested"
  tar -C "$V/root" -c . | engine import -c 'CMD ["/evil"]' - self:1 >/dev/null
  expect_error 126 refused run --rm --network none self:1
  for command in /script /nested /again /proc/self/exe /proc/thread-self/exe; do
    expect_error 126 refused run --rm --network none self:1 $command
  done
  expect_error 126 refused run --rm --network none --entrypoint /evil self:1
  engine rmi self:1 >/dev/null
}

@test "own program: a name that changes while it is started" {
  creel_only "crun puts a copy of itself in its program's place"
  # As in ~/.local/bin: the program belongs to whoever runs containers, and so to root in them.
  cp -r "$SESSION/prefix" "$WORK/own"
  ENGINE=$WORK/own/bin/creel
  # Each exec runs what the name is at that moment: true, or the engine's own program with the attacker's dynamic linker.
  printf '#!/bin/busybox true\n' >"$V/target"
  chmod +x "$V/target"
  ln -s /proc/self/exe "$V/other"
  hostile swapper -v "$SESSION/attack:/lib64/ld-linux-x86-64.so.2:ro" -v "$SESSION/attack:/lib/ld-linux-aarch64.so.1:ro" \
    -- /attack swap /v/target /v/other
  local refused=0 ran=0
  for _ in $(seq 120); do
    run --separate-stderr engine exec swapper /v/target
    case $status in
      0) ran=$((ran + 1)) ;;
      126) refused=$((refused + 1)) ;;
      *) fail "the attacker's linker ran in the engine's program: exit code $status: $stderr" ;;
    esac
  done
  [ $refused -gt 0 ] || fail "the name never led to the engine's program: nothing was tried"
  [ $ran -gt 0 ] || fail "the name never led to true"
  cmp "$WORK/own/bin/creel" "$SESSION/prefix/bin/creel"
}

# A process that joins a container still is the engine's: its program, its descriptors and its directories are the host's.

@test "exec: a container that may trace finds nothing of the host in the processes that join it" {
  creel_only "the crun of Debian 12 shows the host's program"
  hostile spy $(may_trace) -- /attack spy /v "$CANARY"
  wait_until 20 test -e "$V/ready"
  cd "$CANARY"
  for _ in $(seq 25); do expect 0 exec spy true; done
  expect 0 exec -i -t spy true </dev/null
  cd /
  nothing_found
}

@test "exec: a container that kills whoever enters breaks nothing in who has started that" {
  expect 0 run -d --name killer --network none $BUSYBOX sh -c 'while :; do
    for p in /proc/[0-9]*; do [ $p = /proc/1 ] || kill -9 ${p#/proc/}; done 2>/dev/null; done'
  for _ in $(seq 15); do
    run --separate-stderr engine exec killer true
    case $status in
      0 | 125 | 126 | 137 | 255) ;;
      *) fail "exit code $status: $stderr" ;;
    esac
    refute_output_contains "core dumped"
  done
}

@test "start: a container that shares the PID namespace finds nothing of the host in the process that starts" {
  creel_only "the crun of Debian 12 shows descriptors of the host"
  hostile spy $(may_trace) -- /attack spy /v "$CANARY"
  wait_until 20 test -e "$V/ready"
  cd "$CANARY"
  for _ in $(seq 15); do expect 0 run --rm --network none --pid container:spy $BUSYBOX true; done
  cd /
  nothing_found
}

# CVE-2024-21626: a working directory that is a descriptor of the engine's.

@test "working directory: no descriptor leads out" {
  creel_only "the crun of Debian 12 lets a descriptor lead out"
  for n in 0 3 4 5 6 7 8 9 10 11 12 15 20; do
    cd "$CANARY"
    exec 9<"$CANARY"
    for path in "/proc/self/fd/$n" "/proc/self/fd/$n/.." "/proc/self/cwd" "/proc/1/cwd"; do
      run --separate-stderr engine run --rm --network none -w "$path" $BUSYBOX sh -c 'cat file ../file ../canary/file .host-canary 2>/dev/null; pwd'
      refute_output_contains of-the-host
      refute_output_contains "$WORK"
    done
    exec 9<&-
    cd /
  done
  hostile own -- sleep 1000
  for n in 3 4 5 6 7 8 9 10 11; do
    run --separate-stderr engine exec -w "/proc/self/fd/$n" own sh -c 'pwd; ls -a . ../../../../../..'
    refute_output_contains host-canary
    refute_output_contains "$WORK"
  done
}

@test "descriptors: those of the caller stay outside" {
  exec 7<"$CANARY" 8<"$CANARY/file"
  expect 0 run --rm --network none $BUSYBOX ls /proc/self/fd
  assert_output $'0\n1\n2\n3'
  hostile own -- sleep 1000
  expect 0 exec own ls /proc/self/fd
  assert_output $'0\n1\n2\n3'
  exec 7<&- 8<&-
}

# CVE-2021-30465, CVE-2019-19921: another container changes a path in a shared volume while it is mounted on.

@test "mount targets: a directory that becomes a link to the host's" {
  creel_only "Podman ends with other exit codes"
  mkdir "$V/target" "$BATS_TEST_TMPDIR/inner"
  echo inner >"$BATS_TEST_TMPDIR/inner/inner-file"
  ln -s "$CANARY" "$V/other"
  hostile swapper -- /attack swap /v/target /v/other
  wait_until 20 test -h "$V/target"
  for _ in $(seq 25); do
    run --separate-stderr engine run --rm --network none -v "$V:/v" -v "$BATS_TEST_TMPDIR/inner:/v/target/made" $BUSYBOX \
      sh -c 'cat /v/*/file 2>/dev/null; cat /proc/self/mountinfo'
    [[ $status == 0 || $status == 12[56] ]] || fail "exit code $status: $stderr"
    refute_output_contains of-the-host
  done
  # Links that climb.
  rm -f "$V/climb"
  ln -s ../../../../../../../../../../../../.."$CANARY" "$V/climb"
  run --separate-stderr engine run --rm --network none -v "$V:/v" -v "$BATS_TEST_TMPDIR/inner:/v/climb/made" $BUSYBOX true
  [ ! -e "$CANARY/made" ]
}

@test "mount targets: a link of the image is followed within the container" {
  creel_only "the crun of Debian 12 mounts outside"
  mkdir -p "$V/root/bin" "$V/data"
  echo data >"$V/data/data-file"
  ln -s "$CANARY" "$V/root/link"
  cp "$SESSION/attack" "$V/root/attack"
  tar -C "$V/root" -c . | engine import - linked:1 >/dev/null
  run --separate-stderr engine run --rm --network none -v "$V/data:/link" linked:1 /attack groups
  [[ $status != 127 ]] || fail "$stderr"
  engine rmi linked:1 >/dev/null
}

# CVE-2025-31133, CVE-2025-52565: /dev/null and the terminal are what the image, or another container, has put there.

@test "masked paths: /dev is a volume, and /dev/null in it a link" {
  creel_only "Podman ends with other exit codes"
  for link in "$CANARY/file" ../../../../../../../.."$CANARY/file" /proc/sysrq-trigger /proc/sys/kernel/core_pattern; do
    rm -rf "$V/dev"
    mkdir -p "$V/dev/pts" "$V/dev/shm"
    ln -s "$link" "$V/dev/null"
    run --separate-stderr engine run --rm --network none -v "$V/dev:/dev" $BUSYBOX \
      sh -c 'for f in /proc/kcore /proc/keys /proc/timer_list; do [ ! -e $f ] || stat -c "%F %t:%T" $f; done; cat /proc/keys'
    [[ $status == 0 || $status == 12[56] ]] || fail "exit code $status: $stderr"
    [ $status -ne 0 ] || assert_equal "$(sort -u <<<"$output")" "character special file 1:3"
  done
}

@test "masked paths: they are masked while another container changes /dev/null" {
  creel_only "the crun of Debian 12 does not mask"
  mkdir -p "$V/dev/pts" "$V/dev/shm"
  : >"$V/dev/null"
  ln -s /proc/version "$V/dev/other"
  hostile swapper -- /attack swap /v/dev/null /v/dev/other
  for _ in $(seq 15); do
    run --separate-stderr engine run --rm --network none -v "$V/dev:/dev" $BUSYBOX sh -c 'stat -c "%F %t:%T" /proc/keys'
    [ $status -ne 0 ] || assert_output "character special file 1:3"
  done
}

@test "the terminal: /dev/pts is a volume, and what is in it links" {
  for link in "$CANARY/file" /proc/sysrq-trigger; do
    rm -rf "$V/pts"
    mkdir "$V/pts"
    ln -s "$link" "$V/pts/0"
    ln -s "$link" "$V/pts/ptmx"
    run --separate-stderr engine run --rm -t --network none -v "$V/pts:/dev/pts" $BUSYBOX sh -c 'cat /dev/console' </dev/null
    refute_output_contains of-the-host
  done
}

@test "the terminal: /dev/console of the image is a link" {
  mkdir -p "$V/root/dev"
  ln -s "$CANARY/file" "$V/root/dev/console"
  ln -s "$CANARY/file" "$V/root/dev/null"
  cp "$SESSION/attack" "$V/root/attack"
  tar -C "$V/root" -c . | engine import - console:1 >/dev/null
  run --separate-stderr engine run --rm -t --network none console:1 /attack groups </dev/null
  engine rmi console:1 >/dev/null
  [[ $status == [01] ]] || fail "exit code $status: $output $stderr"
}

# CVE-2025-52881: what the engine writes to /proc goes somewhere else.

@test "sysctl: /proc/sys is a volume" {
  mkdir -p "$V/net/ipv4" "$V/sys/net/ipv4"
  ln -s "$CANARY/file" "$V/net/ipv4/ip_forward"
  : >"$V/sys/net/ipv4/ip_forward"
  for mount in "$V/net:/proc/sys/net" "$V/sys:/proc/sys"; do
    run --separate-stderr engine run --rm --network none --sysctl net.ipv4.ip_forward=1 -v "$mount" $BUSYBOX true
    [[ $status == 0 || $status == 12[56] ]] || fail "exit code $status: $stderr"
  done
  assert_equal "$(cat "$V/sys/net/ipv4/ip_forward")" ""
}

@test "procfs: a volume in its place is not taken for it" {
  mkdir -p "$V/proc/sys/net/ipv4" "$V/proc/self/attr"
  : >"$V/proc/sys/net/ipv4/ip_forward"
  run --separate-stderr engine run --rm --network none --sysctl net.ipv4.ip_forward=1 -v "$V/proc:/proc" $BUSYBOX true
  [[ $status == 0 || $status == 12[56] ]] || fail "exit code $status: $stderr"
  assert_equal "$(cat "$V/proc/sys/net/ipv4/ip_forward")" ""
}

# What the engine reads in a container is the container's.

@test "exec: /etc/passwd is a pipe, a device, endless, or a link to the host's" {
  creel_only "Podman waits for the pipe"
  hostile own -- sleep 1000
  for make in 'mkfifo /etc/passwd' 'ln -s /dev/zero /etc/passwd' 'truncate -s 100G /etc/passwd' 'ln -s /proc/kmsg /etc/passwd' \
    "ln -s $CANARY/file /etc/passwd" 'mkdir /etc/passwd' 'ln -s passwd /etc/passwd'; do
    expect 0 exec own sh -c "rm -rf /etc/passwd /etc/group; $make; ln /etc/passwd /etc/group 2>/dev/null; true"
    run --separate-stderr timeout -k 2 20 $(engine_command) exec -u 5:6 own awk '/^Uid/ { print $2 }' /proc/self/status
    [ $status -ne 124 ] || fail "$make: exec hangs"
    [ $status -ne 0 ] || assert_output 5
    run --separate-stderr timeout -k 2 20 $(engine_command) exec -u nobody own true
    [ $status -ne 124 ] || fail "$make: exec hangs"
    refute_output_contains of-the-host
  done
}

@test "exec: mounts over /proc, /dev and /bin of a container with CAP_SYS_ADMIN are its own matter" {
  creel_only "Podman's seccomp profile differs"
  hostile own --cap-add SYS_ADMIN -- sleep 1000
  expect 0 exec own sh -c 'mkdir -p /fake/self/fd && mount -t tmpfs none /dev/pts 2>/dev/null; mount --bind /fake /proc 2>/dev/null; ls /proc'
  run --separate-stderr timeout -k 2 20 $(engine_command) exec own sh -c 'echo inside'
  [ $status -ne 124 ] || fail "exec hangs"
  [ $status -ne 0 ] || assert_output inside
  # No devpts: an error, not somebody else's terminal.
  run --separate-stderr timeout -k 2 20 $(engine_command) exec -t own sh -c 'echo inside' </dev/null
  [ $status -ne 124 ] || fail "exec -t hangs"
}

# CVE-2022-24769, CVE-2022-2989 and the rights that a process starts with.

@test "capabilities: none is inheritable, ambient, or a user's" {
  hostile own -- sleep 1000
  for command in "run --rm --network none $BUSYBOX" "run --rm --network none --user 1000 $BUSYBOX" "exec own" "exec --user 1000 own"; do
    expect 0 $command grep -E 'CapInh|CapAmb' /proc/self/status
    assert_equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
  done
  expect 0 exec --user 1000 own grep -E 'CapEff|CapPrm' /proc/self/status
  assert_equal "$(awk '{ print $2 }' <<<"$output" | sort -u)" 0000000000000000
}

@test "groups: the caller's are dropped, and those of the image are no more than asked for" {
  hostile own -- sleep 1000
  for command in "run --rm --network none --user 1000:1000 $BUSYBOX" "exec --user 1000:1000 own"; do
    expect 0 $command awk '/^(Groups|Gid)/' /proc/self/status
    assert_equal "$(tr -s ' \t' ' ' <<<"${lines[0]}")" "Gid: 1000 1000 1000 1000"
    assert_matches "$(tr -s ' \t' ' ' <<<"${lines[1]}")" '^Groups: ?(1000 ?)?$'
  done
  # A group that a file shuts out: to keep the caller's would be to lock oneself out, to lose one's own to get in.
  expect 0 exec own sh -c 'echo secret >/shut && chown 0:1000 /shut && chmod 0604 /shut'
  expect 1 exec --user 1001:1000 own cat /shut
}

@test "user namespaces: IDs that are not the caller's cannot be had" {
  as_root && skip "an ordinary user's"
  expect 0 run --rm --network none -v "$SESSION/attack:/attack:ro" $BUSYBOX cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
  # The caller and its subordinate IDs alone: the host's root is nobody in there.
  ! awk 'NF == 3 && $2 == 0 { found = 1 } END { exit !found }' <<<"$output" || fail "the host's root is mapped: $output"
  expect 0 run --rm --network none -v "$CANARY/..:/host:ro" $BUSYBOX sh -c 'stat -c %u /host/canary; stat -c %u /proc/1/ns || true'
  assert_equal "${lines[0]}" 0
}
