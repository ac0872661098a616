#!/usr/bin/env python3
"""Runs `COMMAND... sh -c 'exit N'` COUNT times, AT-ONCE at a time; of every tenth the client is killed at a random moment.

exec_torture.py COUNT AT-ONCE COMMAND... ; exit code 1 where one that was not killed ended with another code than its own.
"""
import concurrent.futures
import random
import signal
import subprocess
import sys
import time

COUNT, AT_ONCE, COMMAND = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]


def one(number):
    pick = random.Random(number)
    code = pick.randrange(256)
    process = subprocess.Popen([*COMMAND, "sh", "-c", f"exit {code}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    if number % 10 == 0:
        time.sleep(pick.random() * 0.02)
        process.kill()
    _, errors = process.communicate(timeout=120)
    # One that was quicker than the signal has its own code.
    if number % 10 == 0 and process.returncode == -signal.SIGKILL:
        return "killed"
    return "right" if process.returncode == code else f"exit {code} became {process.returncode}: {errors.strip()}"


with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
    results = list(pool.map(one, range(COUNT)))
wrong = [result for result in results if result not in ("right", "killed")]
for text in wrong[:10]:
    print(text)
print(f"{results.count('right')} right, {results.count('killed')} killed, {len(wrong)} wrong")
sys.exit(1 if wrong else 0)
