# Real input: Debian with Python and PostgreSQL, 500 MB in five layers, from a registry.
load lib
setup_file() {
  own_store
  export DEBIAN=$PLAIN_REGISTRY/debian:latest
  memory_of $(engine_command) pull -q --tls-verify=false "$DEBIAN" >"$WORK/pull-memory"
}
# memory_of COMMAND...: its peak, in kB.
memory_of() {
  python3 - "$@" <<'END'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}
teardown_file() { close_store; }
teardown() { clean_up; }

@test "python3 computes" {
  expect 0 run --rm "$DEBIAN" python3 -c 'print(6*7)'
  assert_output 42
}

@test "ps answers at once while an image is pulled" {
  creel_only "a promise of Creel's"
  # Into a new store, and ps of that one. Beside each ps a program that does nothing, for a machine that has other things to do.
  run python3 - "$DEBIAN" $(engine_command) <<'END'
import os, subprocess, sys, time
image, *engine = sys.argv[1:]
def taken(*command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000
# A ps that waited for the pull would wait nearly always. p99, where pulls follow one another for a minute, is under 50 ms.
part = lambda values, of: sorted(values)[int(len(values) * of)]
engine += ["--root", os.environ["WORK"] + "/other"]
pull = subprocess.Popen([*engine, "pull", "-q", "--tls-verify=false", image], stdout=subprocess.DEVNULL)
ps, nothing = [], []
while pull.poll() is None:
    ps.append(taken(*engine, "ps"))
    nothing.append(taken("busybox", "true"))
print(f"{len(ps)} ps: median {part(ps, .5):.1f} ms, p95 {part(ps, .95):.1f} ms; busybox true {part(nothing, .5):.1f} ms, {part(nothing, .95):.1f} ms")
sys.exit(pull.returncode != 0 or part(ps, .5) > max(50, 4 * part(nothing, .5)))
END
  echo "# $output" >&3
  [ "$status" -eq 0 ]
}

@test "the image is whole: packages verify, whiteouts took away, set-uid bits and capabilities are kept" {
  expect 0 run --rm "$DEBIAN" sh -c 'ls /usr/share/doc; ls /etc/debian_version 2>/dev/null; stat -c %A /bin/su; dpkg --verify bash coreutils libc6 python3 "postgresql-$(ls /usr/lib/postgresql)" 2>&1 | grep -v -e /usr/share/doc -e /usr/share/man; true'
  assert_equal "${lines[0]}" README
  assert_equal "${lines[1]}" -rwsr-xr-x
  assert_equal "${#lines[@]}" 2
  expect 0 run --rm "$DEBIAN" sh -c 'find / -xdev -type f | wc -l'
  [ "$output" -gt 8000 ]
}

@test "python3 -m http.server, published, fetched from the host" {
  port=$(free_port)
  expect 0 run -d --name web -p "127.0.0.1:$port:8000" -w /usr/share/doc "$DEBIAN" python3 -m http.server
  answers() { [ "$(curl -s --max-time 5 "http://127.0.0.1:$port/README")" = 'documentation was removed from this image' ]; }
  wait_until 30 answers
  expect 0 stop -t 2 web
}

@test "apt and dpkg can change owners: groups, set-gid" {
  expect 0 run --rm "$DEBIAN" sh -c 'useradd -m someone && install -d -o someone -g mail -m 2775 /srv/x && stat -c "%U %G %a" /srv/x && runuser -u someone -- id -un'
  assert_output $'someone mail 2775\nsomeone'
}

@test "PostgreSQL: initdb, pgbench, a clean stop, and a new container finds the data" {
  bin=$(engine run --rm "$DEBIAN" sh -c 'ls -d /usr/lib/postgresql/*/bin')
  expect 0 run --rm -v pgdata:/var/lib/postgresql "$DEBIAN" stat -c '%U' /var/lib/postgresql
  assert_output postgres
  expect 0 run --rm -u postgres -v pgdata:/var/lib/postgresql "$DEBIAN" "$bin/initdb" -D /var/lib/postgresql/data --auth=trust
  start() {
    engine run -d --name db -u postgres -v pgdata:/var/lib/postgresql --shm-size 128m --stop-signal INT "$DEBIAN" \
      "$bin/postgres" -D /var/lib/postgresql/data -k /tmp >/dev/null
    wait_until 30 engine exec -u postgres db "$bin/pg_isready" -h /tmp
  }
  start
  expect 0 exec -u postgres db "$bin/createdb" -h /tmp bench
  expect 0 exec -u postgres db "$bin/pgbench" -h /tmp -i -s 5 bench
  expect 0 exec -u postgres db "$bin/pgbench" -h /tmp -c 4 -T 3 bench
  assert_output_contains "number of failed transactions: 0"
  expect 0 exec -u postgres db psql -h /tmp -At -c 'select count(*) from pgbench_history' bench
  rows=$output
  [ "$rows" -gt 0 ]
  expect 0 stop -t 30 db
  assert_equal "$(engine inspect -f '{{.State.ExitCode}}' db)" 0
  run -0 bash -c "$(engine_command) logs db 2>&1"
  assert_output_contains "database system is shut down"
  expect 0 rm db
  start
  run bash -c "$(engine_command) logs db 2>&1"
  refute_output_contains "was not properly shut down"
  expect 0 exec -u postgres db psql -h /tmp -At -c 'select count(*) from pgbench_history' bench
  assert_output "$rows"
  expect 0 stop -t 30 db
}

@test "memory of pull and push: 64 MiB, and 8 MiB for each of four streams" {
  creel_only "Podman promises no such bound"
  [ "$(cat "$WORK/pull-memory")" -lt $((96 * 1024)) ]
  # By another name of the registry nothing can be mounted: all bytes are sent.
  [ "$(memory_of $(engine_command) push -q --tls-verify=false "$DEBIAN" "localhost:${PLAIN_REGISTRY##*:}/memory/large")" -lt $((96 * 1024)) ]
}

@test "images: its size; inspect: five layers" {
  expect 0 images --format '{{.Size}}' "$DEBIAN"
  assert_matches "$output" '^[3-7][0-9]{2} MB$'
  expect 0 inspect -f '{{len .RootFS.Layers}}' "$DEBIAN"
  assert_output 5
}

@test "save and load keep the large image's digest" {
  creel_only "Podman compresses anew"
  digest=$(engine inspect -f '{{.Digest}}' "$DEBIAN")
  expect 0 save -q --format oci-archive -o "$BATS_TEST_TMPDIR/d.tar" "$DEBIAN"
  assert_equal "$(skopeo inspect --format '{{.Digest}}' "oci-archive:$BATS_TEST_TMPDIR/d.tar")" "$digest"
}
