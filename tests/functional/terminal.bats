# run -it, attach, detach under a real terminal.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

terminal() { ./terminal.py "$@"; }
# attach gives the container's exit code; Podman 4.3 gives 0.
attached_code() { is_podman && echo 0 || echo "$1"; }

@test "run -it: the window size is right at the first prompt, and a resize follows" {
  terminal --size 33x101 'expect:33 101' 'resize:44x90' 'expect:changed.*44 90' 'exit:0' sane -- \
    $(engine_command) run --rm -it $BUSYBOX sh -c 'trap "echo changed; stty size; exit 0" WINCH; stty size; while :; do sleep 0.1; done' ||
    fail "window size"
}

@test "run -it: an interactive shell, echo, exit code" {
  terminal 'expect:# ' 'send:echo $((6*7))\r' 'expect:\n42\r\n.*# ' 'send:exit 3\r' 'exit:3' sane -- \
    $(engine_command) run --rm -it $BUSYBOX || fail "shell"
}

@test "run -it: Ctrl-C reaches the container's foreground process, not the CLI" {
  terminal 'expect:# ' 'send:echo in-""child >/tmp/file; tail -f /tmp/file\r' 'expect:in-child' 'send:\x03' 'expect:# ' 'send:echo alive-$?\r' 'expect:alive-130\r\n.*# ' \
    'send:\x04' 'exit:0' sane -- $(engine_command) run --rm -it $BUSYBOX || fail "Ctrl-C"
}

@test "run -it: detach keys leave the container running; attach comes back" {
  terminal 'expect:# ' 'send:VAR=kept\r' 'expect:# ' 'type:\x10\x11' 'exit:0' sane -- \
    $(engine_command) run -it --name det $BUSYBOX || fail "detach"
  assert_equal "$(state_of det)" running
  terminal 'send:echo it-is-$VAR\r' 'expect:it-is-kept' 'send:exit 4\r' "exit:$(attached_code 4)" sane -- \
    $(engine_command) attach det || fail "attach"
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' det)" 4
}

@test "attach: the terminal's size goes along" {
  expect 0 run -dit --name size $BUSYBOX
  terminal --size 21x77 'send:\r' 'expect:# ' 'send:stty size\r' 'expect:21 77' 'send:exit\r' 'exit:0' -- \
    $(engine_command) attach size || fail "size at attach"
}

@test "attach --detach-keys: other keys; the default's first key then is the container's" {
  expect 0 run -dit --name keys $BUSYBOX
  terminal 'send:\r' 'expect:# ' 'type:\x02q' 'exit:0' sane -- \
    $(engine_command) attach --detach-keys ctrl-b,q keys || fail "detach keys"
  assert_equal "$(state_of keys)" running
  expect 125 attach --detach-keys nonsense-key keys
}

@test "two terminals attached to one container both see its output" {
  creel_only "with Podman 4.3 one of them sees nothing at times"
  expect 0 run -dit --name two $BUSYBOX
  terminal 'send:\r' 'expect:# ' 'send:touch /dev/shm/first\r' 'expect:from-the-other' 'type:\x10\x11' 'exit:0' -- \
    $(engine_command) attach two 3>&- &
  first=$!
  # What was written before a terminal is attached is not shown to it.
  wait_until 20 engine exec two test -e /dev/shm/first
  terminal 'send:\r' 'expect:# ' 'send:echo from-the-oth""er\r' 'expect:from-the-other' 'type:\x10\x11' 'exit:0' -- \
    $(engine_command) attach two || fail "second terminal"
  wait $first || fail "first terminal"
}

@test "attach without a terminal: output and exit code" {
  expect 0 run -d -i --name plain $BUSYBOX sh -c 'read line; echo "got $line"; exit 6'
  run "-$(attached_code 6)" bash -c "echo input | $(engine_command) attach plain"
  assert_output "got input"
}

@test "attach to a container that does not run is an error" {
  expect 0 create --name idle $BUSYBOX true
  expect_error 125 "" attach idle
  expect_error 125 "absent" attach absent
}

@test "the terminal is restored when the CLI is terminated" {
  run -0 python3 - <<END
import os, pty, signal, termios, time, sys
main_side, side = pty.openpty()
before = termios.tcgetattr(side)
pid = os.fork()
if pid == 0:
    os.setsid()
    import fcntl
    fcntl.ioctl(side, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2): os.dup2(side, fd)
    os.execvp("$ENGINE", """$(engine_command) run -it --name term $BUSYBOX""".split())
seen = b""
while b"# " not in seen:
    seen += os.read(main_side, 1000)
assert termios.tcgetattr(side)[3] != before[3], "raw mode was never set"
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0) if "$(basename "$ENGINE")" != "podman" else (time.sleep(0.5), os.kill(pid, 9), sys.exit(0))
assert termios.tcgetattr(side)[3] == before[3], "not restored"
END
}

@test "exec -it: window size, exit code" {
  expect 0 run -d --name e $BUSYBOX sleep 100
  terminal --size 30x95 'expect:# ' 'send:stty size\r' 'expect:30 95' 'send:exit 8\r' 'exit:8' sane -- \
    $(engine_command) exec -it e sh || fail "exec -it"
}

@test "exec -it: a resize follows; detach keys" {
  expect 0 run -d --name e2 $BUSYBOX sleep 100
  terminal --size 30x95 'expect:# ' 'resize:31x96' 'send:stty size\r' 'expect:31 96' 'send:exit\r' 'exit:0' -- \
    $(engine_command) exec -it e2 sh || fail "resize"
}

@test "run -it with no terminal only warns" {
  run -0 bash -c "echo 'echo hello; exit' | $(engine_command) run --rm -it $BUSYBOX sh 2>/dev/null"
  assert_output_contains hello
}

@test "run -t without a terminal: one stream, CR LF, and tty says so" {
  expect 0 run --rm -t $BUSYBOX sh -c 'tty; echo err >&2'
  assert_output_contains "/dev/pts/0"
  assert_output_contains "err"
  expect 1 run --rm $BUSYBOX tty
}
