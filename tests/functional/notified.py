"""Stands for a service manager: a datagram socket whose messages are appended to a file, a line each, line breaks as "|".

notified.py SOCKET FILE COMMAND...: with NOTIFY_SOCKET for the command; ends with its exit code, and goes on receiving in a
child until the directory of the socket is gone.
"""
import os
import socket
import subprocess
import sys

path, log, command = sys.argv[1], sys.argv[2], sys.argv[3:]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(path)
os.chmod(path, 0o777)
open(log, "w").close()
if os.fork() == 0:
    os.setsid()
    for fd in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    for fd in range(3, 1024):
        if fd != server.fileno():
            try:
                os.close(fd)
            except OSError:
                pass
    server.settimeout(1)
    while os.path.exists(path):
        try:
            message = server.recv(65536).decode()
        except socket.timeout:
            continue
        with open(log, "a") as out:
            out.write(message.strip("\n").replace("\n", "|") + "\n")
    os._exit(0)
server.close()
sys.exit(subprocess.call(command, env=dict(os.environ, NOTIFY_SOCKET=path)))
