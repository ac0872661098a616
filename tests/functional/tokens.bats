# Registries whose tokens come from a service, over TLS: the real docker-registry, which verifies them.
load lib
load ../registry/lib
setup_file() {
  own_store
  make_service_certificate
  start_token_registry
  export REGISTRY=$(cat "$WORK/token/address")
  trust "$REGISTRY" "$WORK/service.crt"
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
}
teardown_file() {
  end_registries
  close_store
}

@test "tokens: a push asks for pull and push, a pull for pull; a login is remembered" {
  run --separate-stderr bash -c 'echo "$1" | '"$(engine_command)"' login -u "$2" --password-stdin "$3"' - "$REGISTRY_PASSWORD" "$REGISTRY_USER" "$REGISTRY"
  assert_equal "$status" 0
  : >"$WORK/tokens/log"
  expect 0 push -q "$BUSYBOX" "$REGISTRY/private/busybox:1"
  assert_contains "$(cat "$WORK/tokens/log")" "repository:private/busybox:pull,push"
  : >"$WORK/tokens/log"
  expect 0 pull -q "$REGISTRY/private/busybox:1"
  assert_contains "$(cat "$WORK/tokens/log")" "repository:private/busybox:pull"
  is_podman || assert_equal "$(wc -l <"$WORK/tokens/log")" 1
  expect 0 run --rm "$REGISTRY/private/busybox:1" echo with a token
  assert_output "with a token"
  expect 0 logout "$REGISTRY"
}

@test "tokens: without a login, what is public is pulled, and nothing pushed" {
  expect 0 push -q --creds "$REGISTRY_USER:$REGISTRY_PASSWORD" "$BUSYBOX" "$REGISTRY/public/busybox:1"
  expect 0 pull -q "$REGISTRY/public/busybox:1"
  expect 125 push -q "$BUSYBOX" "$REGISTRY/public/busybox:2"
  expect 125 pull -q "$REGISTRY/private/busybox:1"
  expect 125 login -u "$REGISTRY_USER" -p wrong-word "$REGISTRY"
  assert_contains "$stderr" "invalid username/password"
}

@test "tokens: a mount asks for the other repository too" {
  creel_only "Podman asks otherwise"
  creds=$REGISTRY_USER:$REGISTRY_PASSWORD
  unique_image localhost/unique
  expect 0 push -q --creds "$creds" localhost/unique "$REGISTRY/team/from:1"
  expect 0 pull -q --creds "$creds" "$REGISTRY/team/from:1"
  : >"$WORK/tokens/log"
  expect 0 push -q --creds "$creds" "$REGISTRY/team/from:1" "$REGISTRY/team/to:1"
  assert_contains "$(cat "$WORK/tokens/log")" "repository:team/from:pull"
  expect 0 pull -q --creds "$creds" "$REGISTRY/team/to:1"
}
