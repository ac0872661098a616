# image scp between users of one machine: root reads and writes another user's store, as that user, by a login.
load lib
setup_file() {
  busybox_store
  export OTHER=creelscp$RANDOM
  chmod a+rx "$WORK"
  useradd --create-home --home-dir "$WORK/other" --shell /bin/sh "$OTHER"
  for file in /etc/subuid /etc/subgid; do
    grep -q "^$OTHER:" "$file" || echo "$OTHER:700000000:65536" >>"$file"
  done
  mkdir -m 0700 "$WORK/other/run"
  chown "$OTHER" "$WORK/other/run"
  printf 'PATH=%s XDG_RUNTIME_DIR=%s\nexport PATH XDG_RUNTIME_DIR\n' "$PATH" "$WORK/other/run" >"$WORK/other/.profile"
}
teardown_file() {
  other system reset -f >/dev/null 2>&1 || true
  userdel --remove "$OTHER" 2>/dev/null || true
  sed -i "/^$OTHER:/d" /etc/subuid /etc/subgid
  close_store
}
setup() { creel_only "Podman 4.3 wants a session of systemd's for the other user"; }

other() { runuser -l "$OTHER" -c "creel $*"; }
digest() { "$1" image inspect -f '{{.Digest}}' "$2"; }

@test "image scp: root to a user: the same digest in that user's own store; it runs there" {
  expect 0 image scp "$BUSYBOX" "$OTHER@localhost::"
  assert_contains "$output" "Loaded image: $BUSYBOX"
  assert_equal "$(digest other "$BUSYBOX")" "$(digest engine "$BUSYBOX")"
  assert_equal "$(other run --rm --network none "$BUSYBOX" id -u)" 0
  assert_equal "$(stat -c %U "$WORK/other/.local/share/creel/db.sqlite")" "$OTHER"
}

@test "image scp: a user's image to root" {
  other tag "$BUSYBOX" localhost/theirs:1
  expect 0 image scp -q "$OTHER@localhost::localhost/theirs:1"
  assert_output ""
  assert_equal "$(digest engine localhost/theirs:1)" "$(digest other "$BUSYBOX")"
  expect 125 image scp "$OTHER@localhost::localhost/nosuch:1"
  assert_contains "$stderr" "localhost/nosuch:1: image not known"
  expect 125 image scp "$BUSYBOX" nosuchuser@localhost::
  assert_contains "$stderr" "nosuchuser"
}

@test "image scp: names are words for that user's shell, whatever is in them" {
  expect 125 image scp "$OTHER@localhost::x; touch $WORK/other/owned"
  expect 125 image scp "$OTHER@localhost::\$(touch $WORK/other/owned)"
  [ ! -e "$WORK/other/owned" ]
}
