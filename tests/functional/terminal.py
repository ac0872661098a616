#!/usr/bin/env python3
"""Runs a command under a real terminal and holds a conversation with it.

    terminal.py [--size ROWSxCOLUMNS] STEP... -- COMMAND...

STEP: expect:REGEX     wait until the terminal has shown it (what was matched is consumed)
      send:TEXT        type it; Python escapes: \\x03 is Ctrl-C
      type:TEXT        the same key by key, as people do
      resize:RxC       change the window's size
      signal:NAME      send the command a signal
      hangup           close the terminal
      exit:CODE        wait for the command to end with CODE
      sane             the terminal is back in cooked mode with echo
Ends with 1, and what the terminal showed, when a step does not come true in 20 s.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

TIMEOUT = 20


def main():
    args = sys.argv[1:]
    size = "24x80"
    if args[0] == "--size":
        size = args[1]
        args = args[2:]
    split = args.index("--")
    steps, command = args[:split], args[split + 1:]

    main_side, side = pty.openpty()

    def resize(text):
        rows, columns = map(int, text.split("x"))
        fcntl.ioctl(main_side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    resize(size)
    pid = os.fork()
    if pid == 0:
        os.close(main_side)
        os.setsid()
        fcntl.ioctl(side, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(side, fd)
        os.closerange(3, 1024)
        # A test in the background was started with these ignored, and so would be what it starts.
        for ignored in (signal.SIGINT, signal.SIGQUIT):
            signal.signal(ignored, signal.SIG_DFL)
        os.execvp(command[0], command)
    # `side` stays open here: the settings can be read after the command has ended, and reading gives no EIO.
    shown, waiting, ended = b"", b"", None

    def pump(timeout):
        nonlocal shown, waiting
        if main_side >= 0 and select.select([main_side], [], [], timeout)[0]:
            data = os.read(main_side, 65536)
            shown += data
            waiting += data
            return True
        return False

    def wait_end(timeout):
        nonlocal ended
        end = time.monotonic() + timeout
        while ended is None and time.monotonic() < end:
            got, status = os.waitpid(pid, os.WNOHANG)
            if got:
                ended = os.waitstatus_to_exitcode(status)
            else:
                pump(0.02)
        return ended

    def fail(why):
        sys.stderr.write(f"{why}\nthe terminal showed:\n{shown.decode(errors='replace')}\n")
        if wait_end(0) is None:
            os.kill(pid, signal.SIGKILL)
        sys.exit(1)

    for step in steps:
        kind, _, value = step.partition(":")
        if kind == "expect":
            pattern = re.compile(value.encode(), re.S)
            end = time.monotonic() + TIMEOUT
            while not (match := pattern.search(waiting)):
                if time.monotonic() > end:
                    fail(f"not shown: {value}")
                if not pump(0.1) and wait_end(0) is not None and not pump(0.1) and not pattern.search(waiting):
                    fail(f"the command ended with {ended} and did not show: {value}")
            waiting = waiting[match.end():]
        elif kind == "send":
            os.write(main_side, value.encode().decode("unicode_escape").encode("latin-1"))
        elif kind == "type":
            for key in value.encode().decode("unicode_escape").encode("latin-1"):
                os.write(main_side, bytes([key]))
                time.sleep(0.05)
        elif kind == "resize":
            resize(value)
        elif kind == "signal":
            os.kill(pid, getattr(signal, value))
        elif kind == "hangup":
            os.close(main_side)
            os.close(side)
            main_side = side = -1
        elif kind == "exit":
            if wait_end(TIMEOUT) != int(value):
                fail(f"exit code {ended}, expected {value}")
        elif kind == "sane":
            mode = termios.tcgetattr(side)
            if not mode[3] & termios.ICANON or not mode[3] & termios.ECHO or not mode[1] & termios.OPOST:
                fail("the terminal was left in raw mode")
        else:
            sys.exit(f"terminal.py: unknown step {step}")
    if wait_end(0) is None:
        fail("the command still runs")


main()
