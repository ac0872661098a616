# images, history, image tree, prune, inspect, and what removal does with the images below.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }
setup() { engine load -q -i "$SESSION/busybox.tar" >/dev/null; }
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}

# derived NAME FROM FILE...: an image NAME with the layers of busybox and one more, that FILEs are in. An archive, for
# neither engine has the same way of building.
derived() {
  local name=$1 dir=$BATS_TEST_TMPDIR/derived.$RANDOM base
  shift
  mkdir -p "$dir/base" "$dir/new" "$dir/out/blobs/sha256"
  tar -xf "$SESSION/busybox.tar" -C "$dir/base"
  for file; do mkdir -p "$(dirname "$dir/new/$file")" && echo "$file" >"$dir/new/$file"; done
  tar --owner=0 --group=0 --mtime=@1700000000 --sort=name -C "$dir/new" -cf "$dir/layer.tar" .
  python3 - "$dir" "$name" <<'END'
import hashlib, json, os, shutil, sys
dir, name = sys.argv[1:]
blob = lambda digest: json.load(open(f"{dir}/base/blobs/sha256/{digest[7:]}"))
index = json.load(open(f"{dir}/base/index.json"))
manifest = blob(index["manifests"][0]["digest"])
config = blob(manifest["config"]["digest"])
def put(data):
    digest = hashlib.sha256(data).hexdigest()
    open(f"{dir}/out/blobs/sha256/{digest}", "wb").write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}
for layer in manifest["layers"]:
    shutil.copy(f"{dir}/base/blobs/sha256/{layer['digest'][7:]}", f"{dir}/out/blobs/sha256/")
layer = open(f"{dir}/layer.tar", "rb").read()
config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(layer).hexdigest())
config["created"] = "2024-06-01T12:00:00.5Z"
config["history"] += [{"created": "2024-06-01T12:00:00Z", "created_by": "COPY a-rather-long-command-line-that-is-cut /somewhere"},
                      {"created": "2024-06-01T12:00:00.5Z", "created_by": "CMD", "comment": "a remark", "empty_layer": True}]
config["config"]["Labels"]["stage"] = "two"
manifest["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar", **put(layer)})
manifest["config"] = {"mediaType": manifest["config"]["mediaType"], **put(json.dumps(config).encode())}
entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json", **put(json.dumps(manifest).encode()),
         "annotations": {"org.opencontainers.image.ref.name": name}}
json.dump({"schemaVersion": 2, "manifests": [entry]}, open(f"{dir}/out/index.json", "w"))
open(f"{dir}/out/oci-layout", "w").write('{"imageLayoutVersion":"1.0.0"}')
END
  tar -C "$dir/out" -cf "$dir/image.tar" .
  engine load -q -i "$dir/image.tar" >/dev/null
}

@test "history: the table, -q, --no-trunc, -H=false, json, templates" {
  derived localhost/derived:1 new/file
  id=$(engine inspect -f '{{.Id}}' localhost/derived:1)
  below=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  expect 0 history localhost/derived:1
  assert_matches "${lines[0]}" '^ID +CREATED +CREATED BY +SIZE +COMMENT$'
  assert_matches "${lines[1]}" "^${id:0:12} +[0-9]+ .* ago +CMD +0 B +a remark"
  assert_matches "${lines[2]}" "^<missing> .* COPY a-rather-long-command-line-that-is-cu\\.\\.\\. +[0-9.]+ k?B"
  assert_matches "${lines[3]}" "^${below:0:12} .* busybox +.* MB"
  expect 0 history -q localhost/derived:1
  assert_output "${id:0:12}"$'\n<missing>\n'"${below:0:12}"
  expect 0 history --no-trunc --format '{{.ID}}|{{.CreatedBy}}|{{.Comment}}' localhost/derived:1
  assert_equal "${lines[0]}" "$id|CMD|a remark"
  assert_equal "${lines[1]}" '<missing>|COPY a-rather-long-command-line-that-is-cut /somewhere|'
  expect 0 image history -H=false $BUSYBOX
  assert_matches "${lines[1]}" "2024-01-01T00:00:00Z"
  expect 0 history --format json localhost/derived:1
  assert_equal "$(jq -r '.[0].id + " " + .[0].CreatedBy + " " + .[0].comment' <<<"$output")" "$id CMD a remark"
  assert_equal "$(jq -r '.[2].created' <<<"$output")" 2024-01-01T00:00:00Z
  expect_error 125 "image not known" history nosuch
}

@test "image tree: layers and the images that end there; --whatrequires" {
  derived localhost/derived:1 new/file
  expect 0 image tree localhost/derived:1
  assert_matches "${lines[0]}" '^Image ID: [0-9a-f]{12}$'
  assert_equal "${lines[1]}" 'Tags:     [localhost/derived:1]'
  assert_equal "${lines[3]}" 'Image Layers'
  assert_matches "${lines[4]}" "^├── ID: [0-9a-f]{12} Size: .*MB Top Layer of: \[$BUSYBOX\]$"
  assert_matches "${lines[5]}" '^└── ID: [0-9a-f]{12} Size: .*B Top Layer of: \[localhost/derived:1\]$'
  expect 0 image tree --whatrequires $BUSYBOX
  assert_output_contains "Top Layer of: [localhost/derived:1]"
  expect_error 125 "image not known" image tree nosuch
}

@test "images: --filter of every kind, != too" {
  derived localhost/derived:1 new/file
  filtered() { engine images --format '{{.Repository}}' "$@" | sort | tr '\n' ' '; }
  assert_equal "$(filtered --filter label=stage=two)" "localhost/derived "
  # Docker's way; to Podman 4.3 one of them is enough.
  is_podman || assert_equal "$(filtered --filter label=stage=two --filter label=nosuch)" ""
  assert_equal "$(filtered --filter label!=stage=two)" "localhost/busybox "
  assert_equal "$(filtered --filter before=localhost/derived:1)" "localhost/busybox "
  assert_equal "$(filtered --filter since=$BUSYBOX)" "localhost/derived "
  assert_equal "$(filtered --filter after=$BUSYBOX)" "localhost/derived "
  assert_equal "$(filtered --filter until=2024-03-01)" "localhost/busybox "
  assert_equal "$(filtered --filter reference=busy* --filter reference=derived)" "localhost/busybox localhost/derived "
  assert_equal "$(filtered --filter dangling=false,readonly=false,manifest=false)" "localhost/busybox localhost/derived "
  assert_equal "$(filtered --filter containers=true)" ""
  engine create --name user $BUSYBOX true >/dev/null
  assert_equal "$(filtered --filter containers=true)" "localhost/busybox "
  assert_equal "$(filtered --filter containers=false)" "localhost/derived "
  expect_error 125 'unsupported image filter "foo"' images --filter foo=bar
  expect_error 125 'must be in the format "filter=value or filter!=value"' images --filter label
  expect_error 125 'non-boolean value' images --filter dangling=maybe
  expect_error 125 'image not known' images --filter since=nosuch
}

@test "images: what carries others and has no name is shown with -a alone" {
  creel_only "Podman keeps names of what is loaded over"
  derived localhost/derived:1 new/file
  below=$(engine inspect -f '{{.Id}}' $BUSYBOX)
  engine untag $BUSYBOX
  expect 0 images -q
  refute_output_contains "${below:0:12}"
  expect 0 images -aq
  assert_output_contains "${below:0:12}"
  expect 0 images -q --filter intermediate=true
  assert_output "${below:0:12}"
  expect 0 images --format '{{.ParentId}}' localhost/derived:1
  assert_output "$below"
  # It goes with what it carried, unless it is to stay.
  expect 0 rmi --no-prune localhost/derived:1
  expect 0 images -q
  assert_output "${below:0:12}"
  derived localhost/derived:1 new/file
  id=$(engine inspect -f '{{.Id}}' localhost/derived:1)
  expect 0 rmi localhost/derived:1
  assert_output "Untagged: localhost/derived:1"$'\n'"Deleted: $id"$'\n'"Deleted: $below"
}

@test "images: --digests, --history, columns and fields" {
  digest=$(engine inspect -f '{{.Digest}}' $BUSYBOX)
  expect 0 images --digests
  assert_matches "${lines[0]}" '^REPOSITORY +TAG +DIGEST +IMAGE ID +CREATED +SIZE$'
  assert_contains "${lines[1]}" "$digest"
  expect 0 images --history
  assert_matches "${lines[0]}" 'SIZE +HISTORY$'
  assert_contains "${lines[1]}" "localhost/busybox:latest"
  expect 0 images --format '{{.CreatedAt}}|{{.Names}}|{{.History}}|{{.Labels}}|{{.Containers}}|{{.Dangling}}|{{.ReadOnly}}|{{.SharedSize}}'
  assert_output '2024-01-01 00:00:00 +0000 UTC|[localhost/busybox:latest]|localhost/busybox:latest|map[org.opencontainers.image.title:busybox]|0|false|false|0'
  expect 0 image ls --format 'table {{.Repository}} {{.Digest}}'
  assert_matches "${lines[0]}" '^REPOSITORY +DIGEST$'
  expect 0 images --format json
  assert_equal "$(jq -r '.[0] | [.ParentId, .RepoTags, .Created, .CreatedAt, .Names[0], .Labels["org.opencontainers.image.title"]] | map(tostring) | join(" ")' <<<"$output")" \
    " null 1704067200 2024-01-01T00:00:00Z localhost/busybox:latest busybox"
  expect_error 125 'not a valid field for sorting' images --sort foo
}

@test "images --tree: names, and the platform below" {
  creel_only "Podman has no such flag; Docker has"
  expect 0 images --tree
  assert_matches "${lines[0]}" '^IMAGE +ID +DISK USAGE$'
  assert_matches "${lines[1]}" '^localhost/busybox:latest +[0-9a-f]{12} +[0-9.]+ MB$'
  assert_matches "${lines[2]}" '^└─ linux/[a-z0-9]+ +[0-9a-f]{12} '
}

@test "image inspect: every field" {
  expect 0 image inspect $BUSYBOX
  assert_equal "$(jq -r '.[0] | keys | join(" ")' <<<"$output")" \
    "Annotations Architecture Author Comment Config Created Digest GraphDriver History Id Labels ManifestType NamesHistory Os Parent RepoDigests RepoTags RootFS Size User Version VirtualSize"
  assert_equal "$(jq -r '.[0] | [.Os, .Created, .ManifestType, .RootFS.Type, (.RootFS.Layers | length), .History[0].created_by, .Config.Cmd[0], .RepoTags[0], .NamesHistory[0]] | map(tostring) | join(" ")' <<<"$output")" \
    "linux 2024-01-01T00:00:00Z application/vnd.oci.image.manifest.v1+json layers 1 busybox sh localhost/busybox:latest localhost/busybox:latest"
  expect 0 image inspect --format '{{if .HealthCheck}}checked{{end}}|{{.User}}|{{.NamesHistory}}' $BUSYBOX
  assert_output '||[localhost/busybox:latest]'
  expect 125 image inspect nosuch $BUSYBOX
  assert_equal "$(jq length <<<"$output")" 1
  assert_contains "$stderr" "nosuch"
}

@test "--platform: inspect, history and rmi take only what is for it" {
  creel_only "Podman has no such flag; Docker has"
  arch=$(engine image inspect -f '{{.Architecture}}' $BUSYBOX)
  expect 0 image inspect --platform "linux/$arch" -f '{{.Os}}' $BUSYBOX
  expect 0 history --platform "linux/$arch" $BUSYBOX
  expect_error 125 "linux/s390x" history --platform linux/s390x $BUSYBOX
  expect_error 1 "linux/s390x" rmi --platform linux/s390x $BUSYBOX
  expect 0 rmi --platform "linux/$arch" $BUSYBOX
}

@test "image prune: asks; takes what has no name; -a what nothing uses; filters" {
  derived localhost/derived:1 new/file
  derived localhost/derived:2 other/file
  id=$(engine inspect -f '{{.Id}}' localhost/derived:1)
  engine tag localhost/derived:2 localhost/derived:1
  run --separate-stderr bash -c "echo n | $(engine_command) image prune"
  assert_equal "$status" 0
  assert_output "WARNING! This command removes all dangling images."$'\n'"Are you sure you want to continue? [y/N] "
  expect 0 image prune -f --filter label=stage=three
  assert_output ""
  expect 0 image prune -f --filter until=2024-03-01
  assert_output ""
  run --separate-stderr bash -c "echo y | $(engine_command) image prune --filter label=stage=two"
  assert_equal "${lines[1]}" "Are you sure you want to continue? [y/N] $id"
  engine create --name user $BUSYBOX true >/dev/null
  run --separate-stderr bash -c "echo | $(engine_command) image prune -a"
  assert_contains "$output" "removes all images without at least one container associated with them"
  id=$(engine inspect -f '{{.Id}}' localhost/derived:1)
  expect 0 image prune -a -f
  assert_output "$id"
  expect 0 images -q
  assert_equal "${#lines[@]}" 1
  expect_error 125 'unsupported image filter "foo"' image prune -f --filter foo=x
}
