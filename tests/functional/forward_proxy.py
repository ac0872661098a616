#!/usr/bin/env python3
"""An HTTP proxy that knows one host by name alone, and writes down what it was asked.

    forward_proxy.py PORT-FILE LOG NAME TARGET     http://NAME/… is fetched from http://TARGET/…, CONNECT NAME leads to TARGET
"""
import http.server
import os
import selectors
import socket
import sys
import urllib.error
import urllib.request

port_file, log, name, target = sys.argv[1:5]


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with open(log, "a") as out:
            out.write(self.path + "\n")
        if not self.path.startswith(f"http://{name}/"):
            return self.send_error(502)
        request = urllib.request.Request(f"http://{target}/" + self.path.split("/", 3)[3])
        for key in ("Accept", "Range", "Authorization"):
            if key in self.headers:
                request.add_header(key, self.headers[key])
        try:
            answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
        except urllib.error.HTTPError as error:
            answer = error
        body = answer.read()
        self.send_response(answer.status)
        for key, value in answer.headers.items():
            if key.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_CONNECT(self):
        self.close_connection = True
        with open(log, "a") as out:
            out.write(f"CONNECT {self.path} {self.headers}\n")
        if self.path != name:
            return self.send_error(502)
        host, port = target.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            other = {self.connection: there, there: self.connection}
            with selectors.DefaultSelector() as selector:
                for end in other:
                    selector.register(end, selectors.EVENT_READ)
                while True:
                    for key, _ in selector.select():
                        data = key.fileobj.recv(65536)
                        if not data:
                            return
                        other[key.fileobj].sendall(data)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
with open(port_file + ".new", "w") as out:
    out.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
