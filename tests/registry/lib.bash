# Registries that tests start beside those of the session. Everything lives in $WORK and is ended by end_registries.

# start_helper NAME COMMAND...: in the background, until end_registries; its directory is $WORK/NAME.
start_helper() {
  local name=$1
  shift
  mkdir -p "$WORK/$name"
  "$@" 3>&- >"$WORK/$name/out" 2>&1 &
  echo $! >>"$WORK/registry-pids"
}
end_registries() {
  [ ! -e "$WORK/registry-pids" ] || xargs kill <"$WORK/registry-pids" 2>/dev/null || true
}

# start_proxy NAME UPSTREAM: a counting, failing proxy; its address is printed by `proxy NAME`.
start_proxy() {
  start_helper "$1" python3 ../registry/proxy.py "$2" "$WORK/$1"
  wait_until 20 test -e "$WORK/$1/port"
}
proxy() { echo "127.0.0.1:$(cat "$WORK/$1/port")"; }
# faults NAME [JSON...]: from now on these; none: all is well again, and the log is empty.
faults() {
  local name=$1
  shift
  rm -f "$WORK/$name/open" "$WORK/$name/gated" "$WORK/$name/log"
  printf '%s\n' "$@" >"$WORK/$name/faults.part"
  mv "$WORK/$name/faults.part" "$WORK/$name/faults"
}
# counted NAME FIELD REGEX: the sum of FIELD ("sent", "got", "requests") over the requests whose "METHOD PATH" matches.
counted() {
  python3 - "$WORK/$1/log" "$2" "$3" <<'END'
import json, os, re, sys
lines = open(sys.argv[1]).read().splitlines() if os.path.exists(sys.argv[1]) else []
entries = [e for e in map(json.loads, lines) if re.search(sys.argv[3], e["method"] + " " + e["path"])]
print(len(entries) if sys.argv[2] == "requests" else sum(e[sys.argv[2]] for e in entries))
END
}

# start_token_registry: a registry over TLS whose tokens come from a service; "localhost:PORT" is in $WORK/token/address.
start_token_registry() {
  start_helper tokens python3 ../registry/token_server.py "$WORK/tokens" "$WORK/service.key" "$WORK/service.crt" \
    "$REGISTRY_USER" "$REGISTRY_PASSWORD"
  wait_until 20 test -e "$WORK/tokens/port"
  local port
  for _ in 1 2 3; do
    port=$(free_port)
    mkdir -p "$WORK/token"
    cat >"$WORK/token/config.yml" <<END
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $WORK/token/data}, delete: {enabled: true}}
auth:
  token:
    realm: https://localhost:$(cat "$WORK/tokens/port")/token
    service: registry.test
    issuer: test-issuer
    rootcertbundle: $WORK/service.crt
http:
  addr: 127.0.0.1:$port
  tls: {certificate: $WORK/service.crt, key: $WORK/service.key}
END
    start_helper token docker-registry serve "$WORK/token/config.yml"
    if wait_until 20 curl -s -k -o /dev/null "https://127.0.0.1:$port/v2/"; then
      echo "localhost:$port" >"$WORK/token/address"
      return 0
    fi
  done
  return 1
}
# A key and a certificate for localhost that certs.d can trust.
make_service_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$WORK/service.key" \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -out "$WORK/service.crt" 2>/dev/null
}
# trust HOST:PORT CERTIFICATE
trust() {
  mkdir -p "$HOME/.config/containers/certs.d/$1"
  cp "$2" "$HOME/.config/containers/certs.d/$1/ca.crt"
}

# unique_image NAME: an image in the store whose layer no registry has.
unique_image() {
  head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/random"
  tar -C "$BATS_TEST_TMPDIR" -c random | engine import -q - "$1" >/dev/null
}
