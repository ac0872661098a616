"""Plays who asks for a container's terminal: listens on a socket, takes the terminal that is sent, types and shows what comes.

    console.py SOCKET [TEXT-TO-TYPE]
"""
import array
import os
import socket
import sys

path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen(1)
print("listening", flush=True)
connection, _ = listener.accept()
fds = array.array("i")
name, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(fds.itemsize))
for level, kind, data in ancillary:
    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
        fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
print("name", name.decode(), flush=True)
terminal = fds[0]
if len(sys.argv) > 2:
    os.write(terminal, sys.argv[2].encode() + b"\n")
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.write(data.decode(errors="replace").replace("\r\n", "\n"))
    sys.stdout.flush()
