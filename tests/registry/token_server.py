#!/usr/bin/env python3
"""The token service of the distribution specification, for tests: who shows user name and password may do anything;
others may pull from what begins with "public/".

    token_server.py DIRECTORY KEY CERTIFICATE USER PASSWORD

In DIRECTORY: `port` appears when it listens; `log` gets each request's query; `lifetime`, where it exists, says how many
seconds tokens live (default 300). Signs with openssl (RS256, the certificate in x5c), as docker-registry wants it.
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse

DIRECTORY, KEY, CERTIFICATE, USER, PASSWORD = sys.argv[1:6]
SERVICE, ISSUER = "registry.test", "test-issuer"
lock = threading.Lock()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


CHAIN = [base64.b64encode(ssl.PEM_cert_to_DER_cert(open(CERTIFICATE).read())).decode()]


def sign(claims):
    head = b64(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": CHAIN}).encode())
    body = head + "." + b64(json.dumps(claims).encode())
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", KEY], input=body.encode(), capture_output=True, check=True)
    return body + "." + b64(done.stdout)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        query = urllib.parse.urlsplit(self.path).query
        given = self.headers.get("Authorization", "")
        known = given == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        with lock, open(DIRECTORY + "/log", "a") as log:
            log.write(urllib.parse.unquote(query) + "\n")
        if given and not known:
            return self.answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]})
        access = []
        for scope in urllib.parse.parse_qs(query).get("scope", []):
            for one in scope.split(" "):
                kind, name, actions = one.split(":", 1)[0], one.split(":", 1)[1].rsplit(":", 1)[0], one.rsplit(":", 1)[1]
                allowed = actions.split(",") if known else ["pull"] if name.startswith("public/") else []
                access.append({"type": kind, "name": name, "actions": allowed})
        try:
            lifetime = int(open(DIRECTORY + "/lifetime").read())
        except FileNotFoundError:
            lifetime = 300
        now = int(time.time())
        token = sign({"iss": ISSUER, "aud": SERVICE, "sub": USER if known else "", "iat": now, "nbf": now - 5,
                      "exp": now + lifetime, "jti": os.urandom(8).hex(), "access": access})
        # Clients that believe a token for longer find out from the registry.
        self.answer(200, {"token": token, "expires_in": max(lifetime, 60)})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
with open(DIRECTORY + "/port.part", "w") as out:
    out.write(str(server.server_port))
os.rename(DIRECTORY + "/port.part", DIRECTORY + "/port")
server.serve_forever()
