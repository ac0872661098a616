#!/usr/bin/env python3
"""A registry that misbehaves: it serves one small image, and the repository's name says how it goes wrong.

    faulty_registry.py PORT-FILE

ok            nothing is wrong
missing       404 for the manifest
unauthorized  401 and no way to get a token
limited       429 with Retry-After, always
limited-once  429 with Retry-After: 0 once, then well
broken        500, always
broken-once   500 once, then well
wrong-layer   the layer's bytes are not what its digest says
wrong-manifest  fetched by digest, the manifest is another
truncated     the layer ends in the middle, the connection closes
truncated-once  so once, then well (Range honoured)
not-json      the manifest is no JSON
endless       the layer is longer than its descriptor says
hang          never answers
escape        the layer holds ../../escaped, an absolute link and a write through it
bomb          the configuration names a DiffID that the layer has not
"""
import gzip
import hashlib
import http.server
import io
import json
import os
import sys
import tarfile
import threading


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(escape):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        def add(name, data=b"", kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size, info.mode = kind, link, len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
        add("file", b"some content\n" * 5000)
        if escape:
            add("link", kind=tarfile.SYMTYPE, link="/tmp")
            add("link/creel-escaped", b"escaped")
            add("../../../../../../../../tmp/creel-escaped", b"escaped")
            add("hard", kind=tarfile.LNKTYPE, link="../../../../../../../../etc/passwd")
    return out.getvalue()


class Image:
    def __init__(self, escape=False, wrong_diff_id=False):
        plain = layer(escape)
        self.layer = gzip.compress(plain, mtime=0)
        diff_id = digest(b"another") if wrong_diff_id else digest(plain)
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["x"]},
                                  "rootfs": {"type": "layers", "diff_ids": [diff_id]}}).encode()
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(self.config),
                       "size": len(self.config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(self.layer),
                        "size": len(self.layer)}]}).encode()


GOOD, ESCAPE, BOMB = Image(), Image(escape=True), Image(wrong_diff_id=True)
seen, lock = set(), threading.Lock()


def first_time(key):
    with lock:
        new = key not in seen
        seen.add(key)
        return new


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, data=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def fail(self, status, code, **headers):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": f"faulty: {code}"}]}).encode(), **headers)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if self.path in ("/v2/", "/v2"):
            return self.answer(200, b"{}")
        parts = self.path.split("/")
        name, kind, reference = parts[2], parts[-2], parts[-1]
        image = {"escape": ESCAPE, "bomb": BOMB}.get(name, GOOD)
        if name == "hang":
            return threading.Event().wait(30)
        if name == "unauthorized":
            return self.fail(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="faulty"')
        if name == "limited" or name == "limited-once" and first_time(name):
            return self.fail(429, "TOOMANYREQUESTS", Retry_After="0" if name == "limited-once" else "1")
        if name == "broken" or name == "broken-once" and first_time(name):
            return self.fail(500, "UNKNOWN")
        if kind == "manifests":
            if name == "missing":
                return self.fail(404, "MANIFEST_UNKNOWN")
            data = image.manifest
            if name == "not-json":
                data = b"<html>a login page</html>"
            if name == "wrong-manifest":
                data = image.manifest + b" "
            return self.answer(200, data, "application/vnd.oci.image.manifest.v1+json",
                               Docker_Content_Digest=reference if reference.startswith("sha256:") else digest(data))
        if kind == "blobs":
            for data in (image.config, image.layer):
                if digest(data) == reference:
                    break
            else:
                return self.fail(404, "BLOB_UNKNOWN")
            if data is image.layer:
                if name == "wrong-layer":
                    data = gzip.compress(b"\0" * 10240, mtime=0).ljust(len(data), b"\0")
                if name == "endless":
                    data = data + b"x" * 1000000
                if name == "truncated" or name == "truncated-once" and first_time(name):
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data[:len(data) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                    return None
            ranged = self.headers.get("Range", "")
            if ranged.startswith("bytes=") and ranged.endswith("-"):
                start = int(ranged[6:-1])
                if start < len(data):
                    return self.answer(206, data[start:], "application/octet-stream",
                                       Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
            return self.answer(200, data, "application/octet-stream")
        return self.fail(404, "NAME_UNKNOWN")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".part", "w") as out:
    out.write(str(server.server_port))
os.rename(sys.argv[1] + ".part", sys.argv[1])
server.serve_forever()
