# login, logout: credentials that the real registry accepts, in files that Podman reads and writes too.
load lib
setup_file() {
  own_store
  mkdir -p "$HOME/.config/containers/certs.d/$TLS_REGISTRY"
  cp "$SESSION/ca.crt" "$HOME/.config/containers/certs.d/$TLS_REGISTRY/ca.crt"
  export AUTH=$XDG_RUNTIME_DIR/containers/auth.json
}
teardown_file() { close_store; }
setup() {
  rm -rf "$XDG_RUNTIME_DIR/containers" "$HOME/.docker" "$HOME/.config/containers/auth.json" "$HOME/.config/containers/registries.conf"
  mkdir -p "$BATS_TEST_TMPDIR/bin"
}

log_in() { run --separate-stderr bash -c 'printf "%s\n" "$1" | '"$(engine_command)"' login -u "$2" --password-stdin "${@:3}"' - "$REGISTRY_PASSWORD" "$REGISTRY_USER" "$@"; }
auth_of() { python3 -c 'import json, sys, base64; print(base64.b64decode(json.load(open(sys.argv[1]))["auths"][sys.argv[2]]["auth"]).decode())' "$@"; }
# A credential helper that keeps its secrets in files.
helper() {
  mkdir -p "$BATS_TEST_TMPDIR/secrets"
  cat >"$BATS_TEST_TMPDIR/bin/docker-credential-$1" <<END
#!/usr/bin/env python3
import hashlib, json, os, sys
directory = "$BATS_TEST_TMPDIR/secrets/"
name = lambda server: directory + hashlib.sha256(server.encode()).hexdigest()
given = sys.stdin.read()
open(directory + "calls", "a").write(sys.argv[1] + "\n")
if sys.argv[1] == "store":
    open(name(json.loads(given)["ServerURL"]), "w").write(given)
elif not os.path.exists(name(given.strip())):
    sys.exit(print("credentials not found in native keychain") or 1)
elif sys.argv[1] == "get":
    print(open(name(given.strip())).read())
else:
    os.unlink(name(given.strip()))
END
  chmod +x "$BATS_TEST_TMPDIR/bin/docker-credential-$1"
  export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

@test "login: what it keeps opens the registry, logout closes it" {
  expect 125 pull -q "$TLS_REGISTRY/busybox"
  log_in "$TLS_REGISTRY"
  assert_equal "$status $output" "0 Login Succeeded!"
  assert_equal "$(stat -c %a "$AUTH")" 600
  assert_equal "$(auth_of "$AUTH" "$TLS_REGISTRY")" "$REGISTRY_USER:$REGISTRY_PASSWORD"
  expect 0 login --get-login "$TLS_REGISTRY"
  assert_output "$REGISTRY_USER"
  expect 0 pull -q "$TLS_REGISTRY/busybox"
  engine rmi -f -a
  # Again: they are still good.
  expect 0 login "$TLS_REGISTRY"
  assert_output_contains "Existing credentials are valid. Already logged in to $TLS_REGISTRY"
  expect 0 logout "$TLS_REGISTRY"
  assert_output "Removed login credentials for $TLS_REGISTRY"
  expect 125 login --get-login "$TLS_REGISTRY"
  assert_contains "$stderr" "not logged into $TLS_REGISTRY"
  expect 125 pull -q "$TLS_REGISTRY/busybox"
  expect_error 125 "not logged into $TLS_REGISTRY" logout "$TLS_REGISTRY"
}

@test "login: wrong credentials are not kept, and not shown" {
  run --separate-stderr bash -c "echo wrong-word | $(engine_command) login -u $REGISTRY_USER --password-stdin $TLS_REGISTRY"
  assert_equal "$status" 125
  assert_contains "$stderr" "invalid username/password"
  assert_equal "$(grep -c wrong-word <<<"$stderr$output")" 0
  [ ! -e "$AUTH" ] || assert_equal "$(grep -c auth\" "$AUTH")" 0
}

@test "login: flags that contradict each other" {
  expect_error 125 "Must provide --username with --password-stdin" login --password-stdin "$TLS_REGISTRY"
  expect_error 125 "password" login -u x -p y --password-stdin "$TLS_REGISTRY"
  expect_error 125 "" login -u x -p y "no/registry:tag@here"
}

@test "login: other entries in the file stay, whoever wrote them" {
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  echo '{"auths": {"other.example": {"auth": "dTpw"}}, "credHelpers": {"x.example": "none"}, "future": [1, 2]}' >"$AUTH"
  log_in "$TLS_REGISTRY"
  assert_equal "$status" 0
  python3 - "$AUTH" "$TLS_REGISTRY" <<'END'
import json, sys
document = json.load(open(sys.argv[1]))
assert document["auths"]["other.example"] == {"auth": "dTpw"}, document
assert document["credHelpers"] == {"x.example": "none"}, document
assert sys.argv[2] in document["auths"]
END
  expect 0 logout "$TLS_REGISTRY"
  assert_equal "$(auth_of "$AUTH" other.example)" u:p
  creel_only "Podman wants the helper that is not there"
  expect 0 logout --all
  assert_output_contains "Removed login credentials for all registries"
  assert_equal "$(grep -c other.example "$AUTH")" 0
}

@test "login: a file that is no JSON is left alone" {
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  echo 'not JSON' >"$AUTH"
  log_in "$TLS_REGISTRY"
  assert_equal "$status" 125
  assert_equal "$(cat "$AUTH")" 'not JSON'
}

@test "login: ten at once lose nothing" {
  creel_only "Podman takes no lock"
  for i in $(seq 10); do
    (echo "$REGISTRY_PASSWORD" | engine login -u "$REGISTRY_USER" --password-stdin "$TLS_REGISTRY/team$i") 3>&- >/dev/null &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
  assert_equal "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["auths"]))' "$AUTH")" 10
}

@test "login: --authfile, --compat-auth-file, REGISTRY_AUTH_FILE" {
  log_in --authfile "$BATS_TEST_TMPDIR/a.json" "$TLS_REGISTRY"
  assert_equal "$status" 0
  assert_equal "$(auth_of "$BATS_TEST_TMPDIR/a.json" "$TLS_REGISTRY")" "$REGISTRY_USER:$REGISTRY_PASSWORD"
  [ ! -e "$AUTH" ]
  expect 0 pull -q --authfile "$BATS_TEST_TMPDIR/a.json" "$TLS_REGISTRY/busybox"
  engine rmi -f -a
  export REGISTRY_AUTH_FILE=$BATS_TEST_TMPDIR/r.json
  log_in "$TLS_REGISTRY"
  assert_equal "$status" 0
  assert_equal "$(auth_of "$REGISTRY_AUTH_FILE" "$TLS_REGISTRY")" "$REGISTRY_USER:$REGISTRY_PASSWORD"
  expect 0 logout "$TLS_REGISTRY"
  unset REGISTRY_AUTH_FILE
  creel_only "Podman 4.3 has no --compat-auth-file"
  log_in --compat-auth-file "$BATS_TEST_TMPDIR/config.json" --verbose "$TLS_REGISTRY"
  assert_equal "$status" 0
  assert_output_contains "Used: $BATS_TEST_TMPDIR/config.json"
  assert_equal "$(auth_of "$BATS_TEST_TMPDIR/config.json" "$TLS_REGISTRY")" "$REGISTRY_USER:$REGISTRY_PASSWORD"
}

@test "login: Podman reads what was written here, and the other way round" {
  creel_only "compares the two"
  command -v podman >/dev/null || skip "podman is not installed"
  log_in "$TLS_REGISTRY"
  assert_equal "$(podman login --get-login "$TLS_REGISTRY")" "$REGISTRY_USER"
  podman logout "$TLS_REGISTRY"
  expect 125 login --get-login "$TLS_REGISTRY"
  echo "$REGISTRY_PASSWORD" | podman login -u "$REGISTRY_USER" --password-stdin --cert-dir "$HOME/.config/containers/certs.d/$TLS_REGISTRY" "$TLS_REGISTRY"
  expect 0 login --get-login "$TLS_REGISTRY"
  assert_output "$REGISTRY_USER"
  expect 0 logout "$TLS_REGISTRY"
  run podman login --get-login "$TLS_REGISTRY"
  [ "$status" -ne 0 ]
}

@test "login: a credential helper keeps and forgets what the file must not hold" {
  creel_only "Podman takes its helpers from registries.conf"
  helper files
  mkdir -p "$XDG_RUNTIME_DIR/containers"
  for config in '{"credsStore": "files"}' "{\"credHelpers\": {\"$TLS_REGISTRY\": \"files\"}}"; do
    echo "$config" >"$AUTH"
    log_in "$TLS_REGISTRY"
    assert_equal "$status" 0
    assert_equal "$(grep -c '"auth"' "$AUTH")" 0
    expect 0 pull -q "$TLS_REGISTRY/busybox"
    engine rmi -f -a
    expect 0 logout "$TLS_REGISTRY"
    expect 125 login --get-login "$TLS_REGISTRY"
  done
  assert_contains "$(cat "$BATS_TEST_TMPDIR/secrets/calls")" $'store\n'
  assert_contains "$(cat "$BATS_TEST_TMPDIR/secrets/calls")" $'erase\n'
}

@test "login: registries.conf's credential-helpers are asked in order, the first keeps what is new" {
  helper files
  mkdir -p "$HOME/.config/containers"
  printf 'credential-helpers = ["absent", "files", "containers-auth.json"]\n' >"$HOME/.config/containers/registries.conf"
  is_podman && printf 'credential-helpers = ["files", "containers-auth.json"]\n' >"$HOME/.config/containers/registries.conf"
  log_in "$TLS_REGISTRY"
  assert_equal "$status" 0
  assert_equal "$(grep -c '"auth"' "$AUTH" 2>/dev/null || true)" "$([ -e "$AUTH" ] && echo 0)"
  expect 0 login --get-login "$TLS_REGISTRY"
  assert_output "$REGISTRY_USER"
  expect 0 pull -q "$TLS_REGISTRY/busybox"
  engine rmi -f -a
  creel_only "Podman 4.3 fails to log out of both"
  expect 0 logout "$TLS_REGISTRY"
  expect 125 login --get-login "$TLS_REGISTRY"
  # Files come first where they are named first.
  printf 'credential-helpers = ["containers-auth.json", "files"]\n' >"$HOME/.config/containers/registries.conf"
  log_in "$TLS_REGISTRY"
  assert_equal "$(grep -c '"auth"' "$AUTH")" 1
  expect 0 logout "$TLS_REGISTRY"
}

@test "login --secret: the password is a secret's, the user too where none is given" {
  creel_only "Podman 4.3 lacks it"
  printf %s "$REGISTRY_PASSWORD" | engine secret create "$REGISTRY_USER" - >/dev/null
  expect 0 login --secret "$REGISTRY_USER" "$TLS_REGISTRY"
  assert_output "Login Succeeded!"
  expect 0 login --get-login "$TLS_REGISTRY"
  assert_output "$REGISTRY_USER"
  expect 0 logout "$TLS_REGISTRY"
  printf wrong | engine secret create other - >/dev/null
  expect_error 125 "invalid username/password" login -u "$REGISTRY_USER" --secret other "$TLS_REGISTRY"
  expect_error 125 "no secret" login --secret absent "$TLS_REGISTRY"
  expect_error 125 "--secret cannot be used" login --secret other -p x "$TLS_REGISTRY"
  engine secret rm "$REGISTRY_USER" other >/dev/null
}

@test "login: it asks on a terminal, and does not show the password" {
  run python3 - "$REGISTRY_USER" "$REGISTRY_PASSWORD" "$(engine_command) login $TLS_REGISTRY" <<'END'
import os, pty, sys
user, password, command = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "exec " + command])
seen = b""
def until(text):
    global seen
    while text not in seen:
        seen += os.read(fd, 4096)
until(b"Username: ")
os.write(fd, user.encode() + b"\n")
until(b"Password: ")
os.write(fd, password.encode() + b"\n")
try:
    while data := os.read(fd, 4096):
        seen += data
except OSError:
    pass
print(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
  assert_equal "$status" 0
  assert_output_contains "Login Succeeded!"
  refute_output_contains "$REGISTRY_PASSWORD"
  assert_equal "$(auth_of "$AUTH" "$TLS_REGISTRY")" "$REGISTRY_USER:$REGISTRY_PASSWORD"
}

@test "login: a plain registry, an unreachable one" {
  run --separate-stderr bash -c "echo x | $(engine_command) login --tls-verify=false -u any --password-stdin $PLAIN_REGISTRY"
  assert_equal "$status" 0
  run --separate-stderr bash -c "echo x | $(engine_command) login --tls-verify=false -u any --password-stdin 127.0.0.1:$(free_port)"
  assert_equal "$status" 125
  assert_contains "$stderr" "refused"
}
