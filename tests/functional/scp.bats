# image scp: between two stores of this machine, by a real sshd of the user's own.
load lib
setup_file() {
  busybox_store
  [ -x /usr/sbin/sshd ] || return 0
  export FAR=$WORK/far PORT SSHD_PID
  mkdir -p "$FAR/home" "$WORK/bin"
  mkdir -m 0700 "$FAR/run"
  ssh-keygen -q -t ed25519 -N '' -f "$FAR/host_key"
  ssh-keygen -q -t ed25519 -N '' -f "$FAR/key"
  cp "$FAR/key.pub" "$FAR/authorized"
  # A shell there finds that home and a store of its own in it.
  cat >"$FAR/sshd_config" <<END
HostKey $FAR/host_key
AuthorizedKeysFile $FAR/authorized
StrictModes no
UsePAM no
PasswordAuthentication no
PidFile none
SetEnv HOME=$FAR/home XDG_RUNTIME_DIR=$FAR/run PATH=$PATH
END
  # ssh looks for its files in the passwd file's home, whatever $HOME says.
  cat >"$WORK/bin/ssh" <<END
#!/bin/sh
exec /usr/bin/ssh -o IdentityFile=$FAR/key -o IdentitiesOnly=yes -o UserKnownHostsFile=$FAR/known -o StrictHostKeyChecking=accept-new -o BatchMode=yes "\$@"
END
  chmod +x "$WORK/bin/ssh"
  export PATH=$WORK/bin:$PATH
  local tries
  for tries in 1 2 3 4 5; do
    PORT=$(free_port)
    /usr/sbin/sshd -D -e -f "$FAR/sshd_config" -o ListenAddress="127.0.0.1:$PORT" >"$FAR/log" 2>&1 3>&- &
    SSHD_PID=$!
    # Until it answers, or has ended because another took the port.
    while kill -0 "$SSHD_PID" 2>/dev/null; do
      if ssh -p "$PORT" 127.0.0.1 true 2>/dev/null; then return 0; fi
      sleep 0.1
    done
  done
  cat "$FAR/log"
  return 1
}
teardown_file() {
  [ -z "${SSHD_PID:-}" ] || kill "$SSHD_PID" 2>/dev/null || true
  [ -z "${FAR:-}" ] || unshare --map-auto --map-root-user rm -rf "$FAR/home" || true
  close_store
}
setup() {
  creel_only "Podman 4.3 needs connections to its daemon on the other side"
  as_root && skip "for ordinary users"
  [ -n "${FAR:-}" ] || skip "openssh-server is not installed"
}
far() { HOME=$FAR/home XDG_RUNTIME_DIR=$FAR/run engine "$@"; }
host() { echo "$(id -un)@127.0.0.1:$PORT"; }
digest() { "$1" image inspect -f '{{.Digest}}' "$2"; }

@test "image scp: to another machine: the same digest there; it runs" {
  expect 0 image scp "$BUSYBOX" "$(host)::"
  assert_contains "$output" "Loaded image: $BUSYBOX"
  assert_equal "$(digest far "$BUSYBOX")" "$(digest engine "$BUSYBOX")"
  assert_equal "$(far run --rm --network none "$BUSYBOX" echo there)" there
  far rmi "$BUSYBOX" >/dev/null
}

@test "image scp: from another machine; ssh:// too; -q says nothing" {
  far load -q -i "$SESSION/busybox.tar" >/dev/null
  far tag "$BUSYBOX" localhost/fars:1
  expect 0 image scp -q "ssh://$(host)::localhost/fars:1"
  assert_output ""
  assert_equal "$stderr" ""
  assert_equal "$(digest engine localhost/fars:1)" "$(digest far "$BUSYBOX")"
  engine rmi localhost/fars:1 >/dev/null
  far rmi -a -f >/dev/null
}

@test "image scp: through this machine from there to there" {
  far load -q -i "$SESSION/busybox.tar" >/dev/null
  expect 0 image scp -q "$(host)::$BUSYBOX" "localhost:$PORT::"
  far rmi -a -f >/dev/null
}

@test "image scp: what is not there, who does not answer, another name" {
  expect 125 image scp "$(host)::localhost/nosuch:1"
  assert_contains "$stderr" "localhost/nosuch:1: image not known"
  assert_contains "$stderr" "reading it failed there"
  expect_error 125 "nosuch" image scp localhost/nosuch:1 "$(host)::"
  closed=$(free_port)
  expect 125 image scp "$BUSYBOX" "127.0.0.1:$closed::"
  assert_contains "$stderr" "Connection refused"
  assert_contains "$stderr" "to 127.0.0.1:$closed"
  expect_error 125 "cannot specify an image rename" image scp "$BUSYBOX" "$(host)::localhost/other:1"
  # A name is a word for the shell there, whatever is in it.
  expect 125 image scp "$(host)::x; touch $FAR/owned"
  expect 125 image scp "$(host)::\$(touch $FAR/owned)"
  [ ! -e "$FAR/owned" ]
}
