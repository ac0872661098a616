#!/usr/bin/env python3
"""Many processes that pull, run, tag, remove, prune and exec at random on one store, while `ps` is timed.

torture.py SECONDS WORKERS ENGINE-ARGV... ; images come from $SESSION and $PLAIN_REGISTRY. Prints numbers; exit code 1 with
the first errors that nobody who shares a store has to expect.
"""
import os
import random
import re
import subprocess
import sys
import threading
import time

SECONDS, WORKERS, ENGINE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
BUSYBOX = "localhost/busybox:latest"
PULLED = os.environ["PLAIN_REGISTRY"] + "/busybox:latest"
# What another may have done meanwhile: it removed or made what this one names, or uses it.
LEGITIMATE = [
    r"no such (container|object|volume|image)", r"image not known", r"image is in use by a container", r"image used by",
    r"already in use", r"volume is being used", r"no containers? (found|with)", r"container state improper",
    r"is not running", r"can only", r"unable to delete image", r"has no name", r"is not in the store",
    r"was removed", r"not found: manifest unknown", r"no defined healthcheck", r"container has ended", r"was stopped",
    r"already running", r"ended while it was being set up", r"health check could not be run",
]
failures, counts, times, floor = [], {}, [], []
lock = threading.Lock()
end = time.monotonic() + SECONDS


def engine(*args, timeout=120):
    return subprocess.run([*ENGINE, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=timeout)


def worker(number):
    pick = random.Random(number)
    while time.monotonic() < end:
        name = f"t{pick.randrange(6)}"
        args = pick.choice([
            ["pull", "-q", "--tls-verify=false", PULLED],
            ["load", "-q", "-i", os.environ["SESSION"] + "/busybox.tar"],
            ["run", "--rm", "--network", "none", BUSYBOX, "true"],
            ["run", "--rm", "--network", "none", "-v", "shared:/v", BUSYBOX, "sh", "-c", "echo x >>/v/log"],
            ["run", "-d", "--replace", "--name", name, "--network", "none", BUSYBOX, "sleep", "30"],
            ["run", "-d", "--replace", "--name", name, "--network", "none", "--restart", "always", "--health-interval", "100ms",
             "--health-cmd", "sleep 0.05", "--health-retries", "1", BUSYBOX, "sleep", pick.choice(["0.2", "30"])],
            ["stop", "-t", "0", name],
            ["kill", name],
            ["healthcheck", "run", name],
            ["exec", name, "true"],
            ["rm", "-f", "-t", "0", name],
            ["tag", BUSYBOX, f"localhost/tag:{pick.randrange(5)}"],
            ["rmi", f"localhost/tag:{pick.randrange(5)}"],
            ["rmi", PULLED],
            ["system", "prune", "-f"],
            ["volume", "prune", "-f"],
            ["images", "-q"],
            ["system", "df"],
            ["system", "check", "-q"],
        ])
        try:
            done = engine(*args)
        except subprocess.TimeoutExpired:
            with lock:
                failures.append(f"{' '.join(args)}: no end after 120 s")
            continue
        with lock:
            kind = " ".join(args[:2]) if args[0] in ("system", "volume") else args[0]
            counts[kind] = counts.get(kind, 0) + 1
            # The process may have been ended with its container.
            if done.returncode in (1, 137) and args[0] in ("healthcheck", "exec") and not done.stderr:
                continue
            if done.returncode and not any(re.search(text, done.stderr) for text in LEGITIMATE):
                failures.append(f"{' '.join(args)}: {done.returncode}\n{done.stdout[-300:]}{done.stderr[-600:]}")


def watcher():
    """`ps`, and beside it a program that does nothing: what this machine takes for any, at that load."""
    while time.monotonic() < end:
        begin = time.monotonic()
        done = engine("ps", "-a", "-q")
        between = time.monotonic()
        subprocess.run(["busybox", "true"], stdin=subprocess.DEVNULL, capture_output=True)
        with lock:
            times.append(between - begin)
            floor.append(time.monotonic() - between)
            if done.returncode:
                failures.append(f"ps: {done.stderr}")
        time.sleep(0.02)


def told(values):
    values.sort()
    return f"median {values[len(values) // 2] * 1000:.0f} ms, p99 {values[len(values) * 99 // 100] * 1000:.0f} ms"


threads = [threading.Thread(target=worker, args=(n,)) for n in range(WORKERS)] + [threading.Thread(target=watcher)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{WORKERS} workers, {SECONDS} s: {sum(counts.values())} commands "
      f"({', '.join(f'{count} {kind}' for kind, count in sorted(counts.items()))}); "
      f"ps: {len(times)}, {told(times)}; busybox true: {told(floor)}")
for failure in failures[:10]:
    print("FAILURE", failure)
sys.exit(1 if failures else 0)
