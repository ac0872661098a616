#!/usr/bin/env python3
"""A proxy in front of a real registry that counts, and fails as a test tells it to.

    proxy.py UPSTREAM-HOST:PORT DIRECTORY

In DIRECTORY: `port` appears when it listens; `log` gets a JSON object per request when that is over; `faults` is read
before each request: one JSON object per line, the first that matches and is not used up applies:

    match    a regular expression, searched for in "METHOD PATH"
    times    how often it applies; absent: always
    ranged   true: to requests with a Range alone
    status   answered instead of the registry, with `headers` and `body`
    cut      the connection is reset after so many bytes of the answer's body
    cut_sent the connection is reset after so many bytes of the request's body; the registry has had those
    gate     after so many bytes of the answer's body it goes on only when the file `open` is there; before that the
             file `gated` appears
    silent   nothing is answered until the client goes
    no_range the registry is not told of the Range
    content_range  what Content-Range says instead
    redirect to this address, with the path appended

Each log line: method, path, status, sent (bytes of body that the client sent), got (bytes of body that it was given),
range, authorization (whether there was one), fault.
"""
import http.client
import http.server
import json
import os
import re
import select
import socket
import struct
import sys
import threading

UPSTREAM, DIRECTORY = sys.argv[1], sys.argv[2]
HOP = {"connection", "transfer-encoding", "keep-alive", "host", "content-length", "expect", "te", "trailer", "upgrade"}
lock = threading.Lock()
used = {}


def fault_for(method, path, ranged):
    try:
        with open(DIRECTORY + "/faults") as file:
            written = os.fstat(file.fileno()).st_mtime_ns  # another file: all counts begin anew
            lines = file.read().splitlines()
    except FileNotFoundError:
        return {}
    with lock:
        for number, line in enumerate(lines):
            if not line.strip():
                continue
            fault = json.loads(line)
            if not re.search(fault["match"], f"{method} {path}") or fault.get("ranged") and not ranged:
                continue
            key = (written, number)
            if used.get(key, 0) >= fault.get("times", sys.maxsize):
                continue
            used[key] = used.get(key, 0) + 1
            return fault
    return {}


class Reset(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def body(self):
        """The request's body, piece by piece."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                while size:
                    piece = self.rfile.read(min(size, 1 << 18))
                    size -= len(piece)
                    yield piece
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self.rfile.read1(min(left, 1 << 18))
            if not piece:
                raise Reset
            left -= len(piece)
            yield piece

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        raise Reset

    def pass_on(self):
        entry = {"method": self.command, "path": self.path, "status": 0, "sent": 0, "got": 0,
                 "range": self.headers.get("Range", ""), "authorization": "Authorization" in self.headers}
        fault = fault_for(self.command, self.path, bool(entry["range"]))
        entry["fault"] = fault.get("match", "")
        try:
            self.serve(entry, fault)
        except (Reset, ConnectionError, http.client.HTTPException):
            self.close_connection = True
        finally:
            with lock, open(DIRECTORY + "/log", "a") as log:
                log.write(json.dumps(entry) + "\n")

    def answer(self, entry, status, headers, body=b""):
        for piece in self.body():
            entry["sent"] += len(piece)
        entry["status"] = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self, entry, fault):
        if "silent" in fault:
            while self.connection.recv(1 << 16):
                pass
            raise Reset
        if "redirect" in fault:
            return self.answer(entry, 307, {"Location": fault["redirect"] + self.path})
        if "status" in fault:
            return self.answer(entry, fault["status"], fault.get("headers", {}), fault.get("body", "").encode())
        host, port = UPSTREAM.rsplit(":", 1)
        upstream = http.client.HTTPConnection(host, int(port))
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        upstream.putheader("Host", self.headers["Host"])
        for name, value in self.headers.items():
            if name.lower() not in HOP and not (name == "Range" and "no_range" in fault):
                upstream.putheader(name, value)
        chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        if chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        elif "Content-Length" in self.headers:
            upstream.putheader("Content-Length", self.headers["Content-Length"])
        upstream.endheaders()
        for piece in self.body():
            room = fault.get("cut_sent", sys.maxsize) - entry["sent"]
            entry["sent"] += len(piece)
            piece = piece[:max(room, 0)]
            if piece:
                upstream.send(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            if entry["sent"] >= fault.get("cut_sent", sys.maxsize):
                upstream.close()
                self.reset()
        if chunked:
            upstream.send(b"0\r\n\r\n")
        response = upstream.getresponse()
        entry["status"] = response.status
        self.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() in ("content-length",) or name.lower() not in HOP:
                self.send_header(name, fault["content_range"] if name == "Content-Range" and "content_range" in fault else value)
        sized = response.getheader("Content-Length") is not None or response.status in (204, 304)
        if not sized:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while self.command != "HEAD":
            room = min(fault.get(key, sys.maxsize) for key in ("cut", "gate")) - entry["got"]
            piece = response.read1(min(1 << 18, max(room, 1)))
            if not piece:
                break
            self.wfile.write(piece if sized else b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            entry["got"] += len(piece)
            if entry["got"] >= fault.get("cut", sys.maxsize):
                upstream.close()
                self.reset()
            if entry["got"] >= fault.get("gate", sys.maxsize):
                self.wait_at_gate()
                fault = {}
        if not sized and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")
        upstream.close()

    def wait_at_gate(self):
        open(DIRECTORY + "/gated", "w").close()
        while not os.path.exists(DIRECTORY + "/open"):
            # The client's end is an event; a file's appearance is looked for.
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise Reset

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Handler)
with open(DIRECTORY + "/port.part", "w") as out:
    out.write(str(server.server_port))
os.rename(DIRECTORY + "/port.part", DIRECTORY + "/port")
server.serve_forever()
