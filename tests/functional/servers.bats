# Real servers, published, with load from the host, while commands of all kinds hit the same containers.
load lib
setup_file() {
  own_store
  engine load -q -i "$SESSION/busybox.tar" >/dev/null
  for server in nginx redis-server; do
    command -v $server >/dev/null || [ -x /usr/sbin/$server ] || skip "$server is not installed"
  done
  make_image nginx "$(PATH=$PATH:/usr/sbin command -v nginx)"
  make_image redis "$(command -v redis-server)" "$(command -v redis-cli)"
}
teardown_file() { close_store; }
teardown() { clean_up; }

# make_image NAME PROGRAM...: Debian's programs with the libraries they need, as an image.
make_image() {
  local name=$1 root=$WORK/$1
  shift
  mkdir -p "$root"/{etc,tmp,run,var/log/nginx,var/lib/nginx,srv,usr/bin,lib64}
  for program in "$@"; do
    cp -L "$program" "$root/usr/bin/"
    ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
      mkdir -p "$root$(dirname "$library")"
      cp -L "$library" "$root$library"
    done
  done
  printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  tar -C "$root" -c . | engine import - "localhost/$name" >/dev/null 2>&1
  rm -rf "$root"
}

# Commands of all kinds at the container NAME, until the process PID ends.
disturb() {
  local name=$1 pid=$2 rounds=0
  while kill -0 "$pid" 2>/dev/null; do
    engine inspect "$name" >/dev/null
    engine ps >/dev/null
    engine logs --tail 1 "$name" >/dev/null 2>&1
    engine exec "$name" /usr/bin/$3 --version >/dev/null 2>&1 || engine exec "$name" /usr/bin/$3 -v >/dev/null 2>&1
    engine top "$name" >/dev/null
    engine port "$name" >/dev/null
    echo x >"$BATS_TEST_TMPDIR/x"
    engine cp "$BATS_TEST_TMPDIR/x" "$name:/tmp/x"
    rounds=$((rounds + 1))
  done
  [ $rounds -gt 0 ]
}

@test "nginx: every request is answered while commands hit its container" {
  command -v wrk >/dev/null || skip "wrk is not installed"
  port=$(free_port)
  cat >"$BATS_TEST_TMPDIR/nginx.conf" <<'END'
user root;
daemon off;
events {}
http { access_log /dev/stdout; server { listen 80; location / { return 200 "hello from nginx\n"; } } }
END
  expect 0 run -d --name web -p "127.0.0.1:$port:80" -v "$BATS_TEST_TMPDIR/nginx.conf:/etc/nginx.conf:ro" localhost/nginx \
    /usr/bin/nginx -c /etc/nginx.conf
  answers() { [ "$(curl -s --max-time 5 "http://127.0.0.1:$port/")" = 'hello from nginx' ]; }
  wait_until 30 answers
  wrk -t 1 -c 8 -d 3s "http://127.0.0.1:$port/" >"$BATS_TEST_TMPDIR/wrk" &
  load=$!
  disturb web $load nginx
  wait $load
  refute_wrong() { ! grep -E 'Socket errors|Non-2xx' "$BATS_TEST_TMPDIR/wrk"; }
  refute_wrong
  requests=$(awk '/requests in/ { print $1 }' "$BATS_TEST_TMPDIR/wrk")
  [ "$requests" -gt 100 ]
  expect 0 stop -t 10 web
  # Each request is a line of the log, and one was curl's.
  [ "$(engine logs web 2>/dev/null | grep -c '"GET / ')" -ge "$requests" ]
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' web)" 0
}

@test "Redis: what was written is there after restart, pause and kill; the load goes on meanwhile" {
  port=$(free_port)
  expect 0 run -d --name store -p "127.0.0.1:$port:6379" -v redis-data:/srv localhost/redis \
    /usr/bin/redis-server --dir /srv --appendonly yes --bind 0.0.0.0 --protected-mode no
  ping() { [ "$(redis-cli -p "$port" ping)" = PONG ]; }
  wait_until 30 ping
  redis-benchmark -p "$port" -q -n 20000 -c 8 -t set,get >"$BATS_TEST_TMPDIR/bench" 2>&1 &
  load=$!
  disturb store $load redis-server
  wait $load
  [ "$(grep -c 'requests per second' "$BATS_TEST_TMPDIR/bench")" -ge 2 ]
  assert_equal "$(redis-cli -p "$port" set kept yes)" OK
  expect 0 restart -t 10 store
  wait_until 30 ping
  assert_equal "$(redis-cli -p "$port" get kept)" yes
  expect 0 kill store
  expect 0 wait store
  assert_output 137
  expect 0 start store
  wait_until 30 ping
  assert_equal "$(redis-cli -p "$port" get kept)" yes
  expect 0 rm -f -t 10 store
  expect 0 volume rm redis-data
}
