#!/usr/bin/env python3
"""A registry of attacks: each repository is an image that nobody wishes to meet.

    hostile_registry.py PORT-FILE

ambiguous       its manifest is an index as well
ambiguous-index the same, sent as an index
disguised       sent as an index, but it is a manifest
twice           its manifest has two lists of layers
deep            its manifest nests a hundred thousand lists
traversal       a layer's digest is a path; traversal-config: the configuration's
traversal-digest  a header calls the manifest's digest a path
vast            a layer says that it has 4 TiB
bomb            a layer of 400 kB whose archive is followed by 400 MB of zeros
bomb-zstd       the same with zstd
inner           a file of 1 GB of zeros in 1 MB
many            a layer with 30,000 entries
long            a file's name has 300 bytes
far             directories nested 1,900 deep
"""
import gzip
import hashlib
import http.server
import io
import json
import os
import subprocess
import sys
import tarfile

OCI = "application/vnd.oci.image."
MANIFEST, INDEX = OCI + "manifest.v1+json", OCI + "index.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(add):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        def entry(name, data=b"", kind=tarfile.REGTYPE, link=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size, info.mode = kind, link, len(data), 0o755
            archive.addfile(info, io.BytesIO(data))
        add(entry)
    return out.getvalue()


def followed_by_zeros(start, size, squeeze):
    """start and `size` zeros, compressed, and the digest of all that uncompressed."""
    hashed, out, block = hashlib.sha256(start), io.BytesIO(), bytes(1 << 20)
    with squeeze(out) as file:
        file.write(start)
        for _ in range(size >> 20):
            file.write(block)
            hashed.update(block)
    return out.getvalue(), "sha256:" + hashed.hexdigest()


class Zstd:
    def __init__(self, out):
        self.out, self.process = out, subprocess.Popen(["zstd", "-q", "-1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self.process.stdin

    def __exit__(self, *_):
        self.process.stdin.close()
        self.out.write(self.process.stdout.read())
        self.process.wait()


SMALL = tar(lambda entry: entry("file", b"content"))


class Image:
    def __init__(self, layer=None, diff_id=None, kind="gzip"):
        plain = SMALL if layer is None else layer
        self.layer = plain if diff_id else gzip.compress(plain, 1, mtime=0)
        self.config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["x"]},
                                  "rootfs": {"type": "layers", "diff_ids": [diff_id or digest(plain)]}}).encode()
        self.document = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": OCI + "config.v1+json", "digest": digest(self.config), "size": len(self.config)},
            "layers": [{"mediaType": OCI + "layer.v1.tar+" + kind, "digest": digest(self.layer), "size": len(self.layer)}]}


def make(name):
    """The image, its manifest's bytes and their type."""
    image, kind = Image(), MANIFEST
    entry = {"mediaType": MANIFEST, "digest": "sha256:" + "a" * 64, "size": 2}
    document = image.document
    if name == "bomb":
        image = Image(*followed_by_zeros(SMALL, 400 << 20, lambda out: gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1)))
    elif name == "bomb-zstd":
        image = Image(*followed_by_zeros(SMALL, 400 << 20, Zstd), kind="zstd")
    elif name == "inner":
        info = tarfile.TarInfo("zeros")
        info.size = 1 << 30
        image = Image(*followed_by_zeros(info.tobuf(), (1 << 30) + (1 << 20), lambda out: gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1)))
    elif name == "many":
        image = Image(tar(lambda entry: [entry(f"d{i % 100}/{i}", kind=tarfile.SYMTYPE, link="/etc/passwd") for i in range(30000)]))
    elif name == "long":
        image = Image(tar(lambda entry: entry("n" * 300)))
    elif name == "far":
        image = Image(tar(lambda entry: entry("d/" * 1900 + "file")))
    document = image.document
    if name in ("ambiguous", "ambiguous-index"):
        del document["mediaType"]
        document["manifests"] = [entry]
        kind = INDEX if name.endswith("index") else MANIFEST
    elif name == "disguised":
        kind = INDEX
    elif name == "traversal":
        document["layers"][0]["digest"] = "sha256:../../../../../../../../tmp/creel-escaped"
    elif name == "traversal-config":
        document["config"]["digest"] = "sha256:../../../../../../etc/passwd"
    elif name == "vast":
        document["layers"][0]["size"] = 1 << 42
    text = json.dumps(document)
    if name == "twice":
        text = text[:-1] + ', "layers": []}'
    elif name == "deep":
        text = text[:-1] + ', "x": ' + "[" * 100000 + "]" * 100000 + "}"
    return image, text.encode(), kind


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    made = {}

    def log_message(self, *_):
        pass

    def answer(self, status, data=b"", **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        parts = self.path.split("/")
        if len(parts) < 5:
            return self.answer(200, b"{}")
        name, reference = parts[2], parts[-1]
        if name not in self.made:
            self.made[name] = make(name)
        image, manifest, kind = self.made[name]
        if parts[-2] == "manifests":
            told = "sha256:../../../../tmp/x" if name == "traversal-digest" else digest(manifest)
            return self.answer(200, manifest, Content_Type=kind, Docker_Content_Digest=told)
        for data in (image.config, image.layer):
            if digest(data) == reference:
                return self.answer(200, data)
        return self.answer(404)

    do_HEAD = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[1] + ".part", "w") as out:
    out.write(str(server.server_port))
os.rename(sys.argv[1] + ".part", sys.argv[1])
server.serve_forever()
