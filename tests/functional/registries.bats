# registries.conf and proxies: where images come from.
load lib
setup_file() {
  own_store
  mkdir -p "$HOME/.config/containers"
}
teardown_file() { close_store; }
setup() {
  CONF=$HOME/.config/containers/registries.conf
  rm -rf "$CONF" "$CONF.d" "$HOME/.cache/containers"
  # Podman's own home has no say here.
  unset CONTAINERS_REGISTRIES_CONF
}
teardown() {
  clean_up
  engine rmi -f -a >/dev/null 2>&1 || true
}
names() { engine images --format '{{.Repository}}:{{.Tag}}' | sort; }
# The plain registry, without --tls-verify=false.
insecure() { printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$PLAIN_REGISTRY"; }

@test "registries.conf: a short name is what its alias says, with its own tag" {
  { printf '[aliases]\nbb = "%s/busybox"\n' "$PLAIN_REGISTRY"; insecure; } >"$CONF"
  expect 0 pull bb
  assert_contains "$stderr" "Resolved \"bb\" as an alias ($CONF)"
  assert_contains "$stderr" "Trying to pull $PLAIN_REGISTRY/busybox:latest..."
  assert_equal "$(names)" "$PLAIN_REGISTRY/busybox:latest"
  expect 0 pull -q bb:docker
  assert_equal "$(names)" "$PLAIN_REGISTRY/busybox:docker"$'\n'"$PLAIN_REGISTRY/busybox:latest"
}

@test "registries.conf: run finds under its alias what is here, and asks no registry" {
  { printf '[aliases]\nbb = "%s/busybox"\n' "$PLAIN_REGISTRY"; insecure; } >"$CONF"
  expect 0 run --rm bb echo first
  assert_output first
  # From now on nothing can be pulled.
  { printf '[aliases]\nbb = "%s/busybox"\n' "$PLAIN_REGISTRY"; insecure; echo 'blocked = true'; } >"$CONF"
  expect 0 run --rm bb echo second
  assert_output second
  expect_error 125 blocked pull -q bb
}

@test "registries.conf: an image is also known by the end of its name" {
  insecure >"$CONF"
  expect 0 pull -q "$PLAIN_REGISTRY/busybox"
  id=$output
  expect 0 inspect -f '{{.Id}}' busybox
  assert_output "$id"
  engine tag "$PLAIN_REGISTRY/busybox" keep:1
  expect 0 rmi busybox
  assert_equal "$(names)" "localhost/keep:1"
}

@test "registries.conf: drop-ins override; a user's own main file hides the system's" {
  { printf '[aliases]\nbb = "nowhere.invalid/x"\n'; insecure; } >"$CONF"
  mkdir "$CONF.d"
  printf '[aliases]\nbb = "%s/busybox"\n' "$PLAIN_REGISTRY" >"$CONF.d/50-own.conf"
  expect 0 pull bb
  assert_contains "$stderr" "$CONF.d/50-own.conf"
}

@test "registries.conf: short names are looked for in the search registries, in order; all errors are told" {
  closed=127.0.0.1:$(free_port)
  { printf 'unqualified-search-registries = ["%s", "%s"]\nshort-name-mode = "disabled"\n' "$closed" "$PLAIN_REGISTRY"
    insecure; } >"$CONF"
  expect 0 pull busybox
  assert_contains "$stderr" "Resolving \"busybox\" using unqualified-search registries ($CONF)"
  assert_contains "$stderr" "Trying to pull $closed/busybox:latest..."
  assert_equal "$(names)" "$PLAIN_REGISTRY/busybox:latest"
  expect_error 125 "2 errors occurred while pulling" pull absent/image
  assert_contains "$stderr" "$closed"
  assert_contains "$stderr" "$PLAIN_REGISTRY/absent/image"
}

@test "registries.conf: enforcing: one registry is no ambiguity, two are an error where nobody can be asked" {
  { printf 'unqualified-search-registries = ["%s"]\nshort-name-mode = "enforcing"\n' "$PLAIN_REGISTRY"; insecure; } >"$CONF"
  expect 0 pull -q busybox
  engine rmi -f -a
  { printf 'unqualified-search-registries = ["%s", "docker.io"]\nshort-name-mode = "enforcing"\n' "$PLAIN_REGISTRY"
    insecure; } >"$CONF"
  expect_error 125 "enforced but cannot prompt without a TTY" pull -q busybox
}

@test "registries.conf: at a terminal one is asked, and the answer is remembered" {
  creel_only "Podman's menu is another"
  { printf 'unqualified-search-registries = ["nowhere.invalid", "%s"]\n' "$PLAIN_REGISTRY"; insecure; } >"$CONF"
  run python3 terminal.py 'expect:Please select an image' "expect:2\\) $PLAIN_REGISTRY/busybox:latest" 'send:7\r' \
    'expect:\[1-2\]' 'send:2\r' 'exit:0' -- $(engine_command) pull -q busybox
  assert_equal "$status" 0
  assert_equal "$(names)" "$PLAIN_REGISTRY/busybox:latest"
  assert_equal "$(cat "$HOME/.cache/containers/short-name-aliases.conf")" \
    $'[aliases]\n  "busybox" = "'"$PLAIN_REGISTRY/busybox\""
  # From now on nobody is asked.
  expect 0 pull busybox
  assert_contains "$stderr" "short-name-aliases.conf"
  # Neither is who only wants to know what run would do.
  rm -rf "$HOME/.cache/containers"
  engine rmi -f -a
  run python3 terminal.py 'expect:Please select an image' 'send:2\r' 'expect:it runs' 'exit:0' -- \
    $(engine_command) run --rm busybox echo it runs
  assert_equal "$status" 0
}

@test "registries.conf: an empty list of search registries refuses short names; none at all means docker.io" {
  creel_only "Podman refuses both"
  echo 'unqualified-search-registries = []' >"$CONF"
  expect_error 125 'did not resolve to an alias' pull -q unknown/thing
  printf '[[registry]]\nlocation = "docker.io"\nblocked = true\n' >"$CONF"
  expect_error 125 'pulling docker.io/unknown/thing:latest' pull -q unknown/thing
  assert_contains "$stderr" blocked
}

@test "registries.conf: a prefix, another location, mirrors; the name stays what the user said" {
  cat >"$CONF" <<END
[[registry]]
prefix = "shop.invalid/tools"
location = "$PLAIN_REGISTRY"
insecure = true
[[registry]]
prefix = "*.mirrored.invalid"
[[registry.mirror]]
location = "127.0.0.1:$(free_port)"
[[registry.mirror]]
location = "$PLAIN_REGISTRY"
insecure = true
[[registry]]
location = "digests.invalid"
mirror-by-digest-only = true
[[registry.mirror]]
location = "$PLAIN_REGISTRY"
insecure = true
END
  expect 0 pull -q shop.invalid/tools/busybox
  id=$output
  expect 0 pull -q a.mirrored.invalid/busybox
  assert_output "$id"
  assert_equal "$(names)" "a.mirrored.invalid/busybox:latest"$'\n'"shop.invalid/tools/busybox:latest"
  digest=$(engine inspect -f '{{.Digest}}' "$id")
  expect 0 pull -q "digests.invalid/busybox@$digest"
  # A tag is not asked for there.
  expect_error 125 digests.invalid pull -q digests.invalid/busybox
}

@test "registries.conf: blocked, a registry or one of its images" {
  { insecure; echo "blocked = true"; } >"$CONF"
  expect_error 125 blocked pull -q "$PLAIN_REGISTRY/busybox:latest"
  creel_only "Podman passes over prefixes with a tag"
  { insecure; printf '[[registry]]\nprefix = "%s/busybox:docker"\nlocation = "%s/busybox:docker"\nblocked = true\n' \
      "$PLAIN_REGISTRY" "$PLAIN_REGISTRY"; } >"$CONF"
  expect_error 125 blocked pull -q "$PLAIN_REGISTRY/busybox:docker"
  expect 0 pull -q "$PLAIN_REGISTRY/busybox:latest"
}

@test "registries.conf: version 1 of the format" {
  printf '[registries.search]\nregistries = ["%s"]\n[registries.insecure]\nregistries = ["%s"]\n' \
    "$PLAIN_REGISTRY" "$PLAIN_REGISTRY" >"$CONF"
  expect 0 pull -q busybox
  assert_equal "$(names)" "$PLAIN_REGISTRY/busybox:latest"
}

@test "registries.conf: what is malformed is named: file, line or key" {
  echo '[[registry' >"$CONF"
  expect_error 125 "$CONF" pull -q "$PLAIN_REGISTRY/busybox"
  creel_only "Podman names no keys"
  assert_contains "$stderr" "line 1"
  printf '[[registry]]\nlocation = "x"\nblocked = "yes"\n' >"$CONF"
  expect_error 125 "$CONF: blocked is neither true nor false" pull -q "$PLAIN_REGISTRY/busybox"
  CONTAINERS_REGISTRIES_CONF=$BATS_TEST_TMPDIR/absent expect_error 125 "CONTAINERS_REGISTRIES_CONF" pull -q "$PLAIN_REGISTRY/busybox"
}

@test "a proxy for HTTPS: login, search, push, pull, inspect, logout go through it; capital letters; NO_PROXY" {
  name=registry.invalid:5000
  python3 forward_proxy.py "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/log" "$name" "$TLS_REGISTRY" 3>&- >/dev/null 2>&1 &
  proxy=$!
  wait_until 10 test -e "$BATS_TEST_TMPDIR/port"
  url=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
  log=$BATS_TEST_TMPDIR/log auth=$BATS_TEST_TMPDIR/auth.json
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$name" >"$CONF"
  through() {
    rm -f "$log"
    expect 0 "$@"
    assert_contains "$(cat "$log")" "CONNECT $name"
  }
  log_in() { run --separate-stderr bash -c 'printf "%s\n" "$1" | '"$(engine_command)"' login --authfile "$2" --tls-verify=false -u "$3" --password-stdin "$4"' - "$REGISTRY_PASSWORD" "$auth" "$REGISTRY_USER" "$name"; }
  result=0
  (
    engine load -q -i "$SESSION/busybox.tar"
    export HTTPS_PROXY=$url
    log_in
    assert_equal "$status" 0
    assert_contains "$(cat "$log")" "CONNECT $name"
    through search --authfile "$auth" --tls-verify=false --list-tags "$name/busybox"
    assert_output_contains latest
    through push -q --authfile "$auth" --tls-verify=false "$BUSYBOX" "$name/through-proxy:1"
    unset HTTPS_PROXY
    export https_proxy=$url
    through pull -q --authfile "$auth" --tls-verify=false "$name/through-proxy:1"
    if ! is_podman; then through image inspect --authfile "$auth" --tls-verify=false "docker://$name/through-proxy:1"; fi
    # What is for the registry is not for the proxy.
    [[ $(cat "$log") != *[Aa]uthorization* ]] || fail "credentials went to the proxy"
    rm -f "$log"
    NO_PROXY=registry.invalid expect_error 125 "$name" search --authfile "$auth" --tls-verify=false --list-tags "$name/busybox"
    no_proxy=.invalid log_in
    assert_equal "$status" 125
    [ ! -e "$log" ]
    expect 0 logout --authfile "$auth" "$name"
    engine rmi -f -a >/dev/null
  ) || result=1
  kill $proxy
  return $result
}

@test "a proxy: from the environment or containers.conf, but for what no_proxy names" {
  # Not in the dark: only the proxy knows this host.
  name=registry.invalid:5000
  python3 forward_proxy.py "$BATS_TEST_TMPDIR/port" "$BATS_TEST_TMPDIR/log" "$name" "$PLAIN_REGISTRY" 3>&- >/dev/null 2>&1 &
  proxy=$!
  wait_until 10 test -e "$BATS_TEST_TMPDIR/port"
  url=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
  touch "$BATS_TEST_TMPDIR/log"
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$name" >"$CONF"
  result=0
  (
    expect_error 125 "$name" pull -q --retry 0 "$name/busybox"
    http_proxy=$url https_proxy=$url expect 0 pull -q "$name/busybox"
    assert_contains "$(cat "$BATS_TEST_TMPDIR/log")" "http://$name/v2/busybox/manifests/latest"
    engine rmi -f -a
    http_proxy=$url https_proxy=$url no_proxy=.other,invalid:5000 expect_error 125 "$name" pull -q --retry 0 "$name/busybox"
    { [ -z "${CONTAINERS_CONF:-}" ] || cat "$CONTAINERS_CONF"; } >"$BATS_TEST_TMPDIR/containers.conf"
    grep -q '^\[engine\]' "$BATS_TEST_TMPDIR/containers.conf" || echo '[engine]' >>"$BATS_TEST_TMPDIR/containers.conf"
    sed -i "s,^\[engine\],[engine]\nenv = [\"http_proxy=$url\"\, \"https_proxy=$url\"]," "$BATS_TEST_TMPDIR/containers.conf"
    CONTAINERS_CONF=$BATS_TEST_TMPDIR/containers.conf expect 0 pull -q "$name/busybox"
  ) || result=1
  kill $proxy
  return $result
}
