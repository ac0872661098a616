"""An OCI layout of many images that share their layers: so that a store with a thousand is made by one load.

    many_images.py ARCHIVE.tar LAYOUT-DIRECTORY COUNT      ARCHIVE: an OCI archive of one image
"""
import hashlib
import json
import os
import sys
import tarfile


def make(archive, out, count):
    os.makedirs(out + "/blobs/sha256")
    with tarfile.open(archive) as tar:
        tar.extractall(out)

    def blob(digest):
        with open(f"{out}/blobs/sha256/{digest[7:]}") as file:
            return json.load(file)

    def put(document):
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        with open(f"{out}/blobs/sha256/{digest}", "wb") as file:
            file.write(data)
        return {"digest": "sha256:" + digest, "size": len(data)}

    with open(out + "/index.json") as file:
        manifest = blob(json.load(file)["manifests"][0]["digest"])
    config = blob(manifest["config"]["digest"])
    # As long as a real image's.
    config["config"]["Env"] += [f"VARIABLE_{i}=a value of some length" for i in range(20)]
    entries = []
    for number in range(count):
        config["config"]["Labels"] = {"number": str(number), "org.example.title": "one of many"}
        manifest["config"] = {"mediaType": manifest["config"]["mediaType"], **put(config)}
        entries.append({"mediaType": "application/vnd.oci.image.manifest.v1+json", **put(manifest),
                        "annotations": {"org.opencontainers.image.ref.name": f"registry.example/many/image-{number}:latest"}})
    with open(out + "/index.json", "w") as file:
        json.dump({"schemaVersion": 2, "manifests": entries}, file)


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], int(sys.argv[3]))
