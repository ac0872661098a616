# search: the catalog of a real registry.
load lib
setup_file() { own_store; }
teardown_file() { close_store; }

@test "search: names that hold the term" {
  expect 0 search --tls-verify=false "$PLAIN_REGISTRY/busy"
  assert_matches "${lines[0]}" '^NAME +DESCRIPTION'
  assert_contains "${lines[1]}" "$PLAIN_REGISTRY/busybox"
  expect 0 search --tls-verify=false --format '{{.Index}} {{.Name}}' "$PLAIN_REGISTRY/busybox"
  assert_output "$PLAIN_REGISTRY $PLAIN_REGISTRY/busybox"
  expect 0 search --tls-verify=false --format json "$PLAIN_REGISTRY/debian"
  assert_equal "$(python3 -c 'import json, sys; print(*(x["Name"] for x in json.load(sys.stdin)))' <<<"$output")" "$PLAIN_REGISTRY/debian"
  expect 0 search --tls-verify=false --format '{{.Name}}' "$PLAIN_REGISTRY/nothing-like-that"
  assert_output ""
}

@test "search --list-tags" {
  expect 0 search --tls-verify=false --list-tags "$PLAIN_REGISTRY/busybox"
  assert_matches "${lines[0]}" '^NAME +TAG'
  assert_contains "$output" "docker"
  expect 125 search --tls-verify=false --list-tags "$PLAIN_REGISTRY/absent"
}

@test "search --list-tags --format" {
  creel_only "Podman 4.3 prints its table all the same"
  expect 0 search --tls-verify=false --list-tags --format '{{.Tag}}' "$PLAIN_REGISTRY/debian"
  assert_output latest
  expect 0 search --tls-verify=false --list-tags --limit 1 --format '{{.Name}}' "$PLAIN_REGISTRY/busybox"
  assert_output "$PLAIN_REGISTRY/busybox"
  expect 0 search --tls-verify=false --list-tags --format json "$PLAIN_REGISTRY/debian"
  assert_equal "$(python3 -c 'import json, sys; print(json.load(sys.stdin))' <<<"$output")" "[{'Name': '$PLAIN_REGISTRY/debian', 'Tags': ['latest']}]"
}

@test "search: limits and filters" {
  expect 0 search --tls-verify=false --limit 1 --format '{{.Name}}' "$PLAIN_REGISTRY/b"
  assert_equal "${#lines[@]}" 1
  expect 0 search --tls-verify=false --filter stars=1 --format '{{.Name}}' "$PLAIN_REGISTRY/busybox"
  assert_output ""
  expect 0 search --tls-verify=false --filter is-official=false --format '{{.Name}}' "$PLAIN_REGISTRY/busybox"
  assert_output "$PLAIN_REGISTRY/busybox"
  expect_error 125 "color" search --filter color=red "$PLAIN_REGISTRY/busybox"
  is_podman || expect_error 125 "101" search --limit 101 "$PLAIN_REGISTRY/busybox"
}

@test "search: nobody listening" {
  expect_error 125 "" search --tls-verify=false "127.0.0.1:$(free_port)/x"
}
