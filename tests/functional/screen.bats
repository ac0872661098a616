# What a person sees: windows of tmux, as they look. (terminal.bats holds a conversation, and asks for the terminal's modes.)
load lib
setup_file() {
  command -v tmux >/dev/null || return 0
  busybox_store
}
teardown_file() { close_store; }
setup() { command -v tmux >/dev/null || skip "tmux is not installed"; }
teardown() {
  tmux kill-server 2>/dev/null || true
  clean_up
}

# A server of its own, for each test; windows are as large as they are said to be.
tmux() { command tmux -S "$BATS_TEST_TMPDIR/tmux" "$@"; }
# window NAME COLUMNSxROWS: a shell in a window.
window() {
  [ -e "$BATS_TEST_TMPDIR/tmux" ] || printf 'set -g status off\nset -g default-command "PS1=host\\\\> exec sh"\n' >"$BATS_TEST_TMPDIR/tmux.conf"
  tmux -f "$BATS_TEST_TMPDIR/tmux.conf" new-session -d -s "$1" -x "${2%x*}" -y "${2#*x}" 3>&-
  sees "$1" '^host>$'
}
resize() { tmux resize-window -t "$1" -x "${2%x*}" -y "${2#*x}"; }
# Text, and keys by their names.
types() { tmux send-keys -t "$1" -l "$2" \; send-keys -t "$1" Enter; }
press() { tmux send-keys -t "$1" "${@:2}"; }
# One key after the other, as people press them.
detach() {
  press "$1" C-p
  sleep 0.1
  press "$1" C-q
}
shown() { tmux capture-pane -p -t "$1" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'; }
# sees WINDOW REGEX [MORE...]: a line for each, in time.
sees() {
  _shows() {
    local text regex
    text=$(shown "$1")
    for regex in "${@:2}"; do grep -q -E -e "$regex" <<<"$text" || return 1; done
  }
  wait_until 30 _shows "$@" || fail "window $1 shows no $2:"$'\n'"$(shown "$1")"
}

@test "run -it: a resized window, detach, the host's shell as it was, attach again" {
  window one 60x12
  types one "$(engine_command) run -it --name c --network none $BUSYBOX"
  sees one '^/ #'
  types one 'clear; stty size'
  sees one '^12 60$'
  resize one 44x9
  types one 'clear; stty size'
  sees one '^9 44$'
  types one 'WORD=kept'
  detach one
  sees one 'host>$'
  # Typing shows, and lines end where they should.
  types one 'clear; echo one; echo two'
  sees one '^one$' '^two$'
  types one "clear; $(engine_command) attach c"
  press one Enter
  sees one '^/ #'
  types one 'clear; echo it-is-$WORD; exit 3'
  sees one '^it-is-kept$' '^host>$'
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' c)" 3
}

@test "attach: two windows show the same" {
  creel_only "with Podman 4.3 one of them sees nothing at times"
  expect 0 run -dit --name c --network none $BUSYBOX
  for name in first second; do
    window $name 40x10
    types $name "$(engine_command) attach c"
    press $name Enter
    sees $name '^/ #'
  done
  types first 'echo seen by b""oth'
  sees first '^seen by both$'
  sees second '^seen by both$'
  detach first
  sees first 'host>$'
  types second 'echo still h""ere'
  sees second '^still here$'
  ! shown first | grep 'still here'
}

@test "logs -f, top, exec in windows: Ctrl-C ends the one, and the shell is as it was" {
  expect 0 run -d --name c --network none $BUSYBOX sh -c 'echo first; until [ -e /dev/shm/go ]; do sleep 0.1; done; echo second; exec sleep 1000'
  window one 80x12
  types one "$(engine_command) logs -f c"
  sees one '^first$'
  expect 0 exec c touch /dev/shm/go
  sees one '^second$'
  press one C-c
  sees one 'host>$'
  types one "clear; $(engine_command) top c pid comm"
  sees one '^PID +COMMAND$' '^1 +(sleep|sh)$' '^host>$'
  types one "clear; $(engine_command) exec -it c sh"
  sees one '^/ #'
  # The foreground process's, not the engine's.
  types one 'sleep 1000'
  press one C-c
  types one 'echo code $?'
  sees one '^code 130$'
  press one C-d
  sees one 'host>$'
  assert_equal "$(state_of c)" running
}

@test "stats: drawn over in place; Ctrl-C leaves the shell as it was" {
  expect 0 run -d --name c --network none $BUSYBOX sleep 1000
  run engine stats --no-stream c
  [ "$status" = 0 ] && [[ $output != *cgroup* ]] || skip "no cgroup v2 here"
  window one 120x10
  types one "$(engine_command) stats --interval 1 c"
  sees one '^ID +NAME +CPU %' ' c +[0-9.]+%'
  # What was above is gone; one report is seen at a time.
  refute_typed() { ! shown one | grep -q 'stats --interval'; }
  wait_until 20 refute_typed
  assert_equal "$(shown one | wc -l)" 2
  press one C-c
  sees one 'host>$'
}

@test "bars: a window narrower than their lines, and one that becomes so, show each once" {
  creel_only "the texts of Creel's bars"
  head -c 8000000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
  tar -C "$BATS_TEST_TMPDIR" --owner=0 --group=0 -cf "$BATS_TEST_TMPDIR/root.tar" file
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  # First: tmux would keep the pipe open.
  window one 90x10
  exec 9<>"$BATS_TEST_TMPDIR/pipe"
  types one "clear; $(engine_command) import $BATS_TEST_TMPDIR/pipe localhost/x:1"
  exec 8<"$BATS_TEST_TMPDIR/root.tar"
  # Two lines, whose bytes grow as long as some come.
  _grown() {
    local text
    head -c 60000 <&8 >&9
    text=$(shown one)
    grep -q -E "^Total +$1" <<<"$text" && [ "$(grep -c -e ^Copying -e ^Total <<<"$text")" = 2 ]
  }
  wait_until 20 _grown '([2-9][0-9]{2}[.0-9]* k|1[.0-9]* M)B' || fail "$(shown one)"
  resize one 30x10
  wait_until 20 _grown '1[.0-9]* MB' || fail "$(shown one)"
  resize one 12x10
  wait_until 20 _grown '1[.]*[2-9]' || fail "$(shown one)"
  cat <&8 >&9
  exec 8<&- 9>&-
  sees one '^host>$'
  assert_equal "$(shown one | tr -d '\n' | grep -o Total | wc -l)" 0
  expect 0 image exists localhost/x:1
  expect 0 rmi localhost/x:1
}
