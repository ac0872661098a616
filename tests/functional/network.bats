# --network, -p, -P, names.
load lib
setup_file() { busybox_store; }
teardown_file() { close_store; }
teardown() { clean_up; }

serve() {  # serve NAME ARGS...: busybox httpd that answers "hello from NAME" on port 80
  local name=$1
  shift
  engine run -d --name "$name" "$@" $BUSYBOX sh -c "echo hello from $name >/var/www/index.html; exec httpd -f -p 80 -h /var/www" >/dev/null
}
fetch() { curl -s --max-time 5 "$@"; }
fetches() { [ "$(fetch "$1")" = "$2" ]; }

@test "-p ADDRESS:PORT:PORT: reachable from the host, gone with the container" {
  port=$(free_port)
  serve web -p "127.0.0.1:$port:80"
  wait_until 10 fetches "http://127.0.0.1:$port/" "hello from web"
  expect 0 rm -f -t 0 web
  ! fetch "http://127.0.0.1:$port/"
}

@test "-p with a port of the engine's choice; ps shows it" {
  serve web -p 127.0.0.1::80
  address=$(engine port web 80)
  wait_until 10 fetches "http://$address/" "hello from web"
  expect 0 ps --format '{{.Ports}}'
  assert_output "$address->80/tcp"
}

@test "-p: ranges, several" {
  first=$(free_port)
  while [ "$first" -gt 65000 ]; do first=$(free_port); done
  serve web -p "127.0.0.1:$first-$((first + 1)):80-81"
  wait_until 10 fetches "http://127.0.0.1:$first/" "hello from web"
  expect 0 port web
  assert_equal "${#lines[@]}" 2
}

@test "-p /udp" {
  port=$(free_port)
  engine run -d --name u -p "127.0.0.1:$port:5000/udp" $BUSYBOX sh -c 'nc -u -l -p 5000 -e cat; echo over' >/dev/null
  wait_until 10 python3 - "$port" <<'END'
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.5)
s.connect(("127.0.0.1", int(sys.argv[1])))
s.send(b"ping")
sys.exit(0 if s.recv(100) == b"ping" else 1)
END
}

@test "-p: a port in use is an error that names it, and leaves nothing running" {
  port=$(free_port)
  serve one -p "127.0.0.1:$port:80"
  expect '12[56]' run -d --name two -p "127.0.0.1:$port:80" $BUSYBOX sleep 100
  assert_contains "$stderr" "$port"
  expect 0 ps -q --filter name=two
  assert_output ""
}

@test "-p: nonsense is refused" {
  for bad in x 70000:80 80:70000 1.2.3:80:80 80:80/nosuch 1-3:1-2 -1:80; do
    expect 125 run --rm -p "$bad" $BUSYBOX true
  done
}

@test "the default network: an address, a default route, a name server, loopback" {
  expect 0 run --rm $BUSYBOX sh -c 'ip -4 addr show lo | grep -c 127.0.0.1; ip route | grep -c ^default; grep -c ^nameserver /etc/resolv.conf'
  assert_equal "${lines[0]} ${lines[1]}" "1 1"
  [ "${lines[2]}" -ge 1 ]
}

@test "the default network reaches the host's other addresses, not its loopback" {
  expect 0 run --rm $BUSYBOX sh -c 'grep host.containers.internal /etc/hosts'
  assert_output_contains "host.containers.internal"
  # The registry listens on the host's loopback alone.
  expect '@([1-9]|[1-9][0-9]|143)' run --rm $BUSYBOX timeout 5 wget -q -O - "http://10.0.2.2:${PLAIN_REGISTRY#*:}/v2/"
}

@test "slirp4netns:allow_host_loopback=true reaches the host's loopback" {
  expect 0 run --rm --network slirp4netns:allow_host_loopback=true $BUSYBOX timeout 10 wget -q -O - "http://10.0.2.2:${PLAIN_REGISTRY#*:}/v2/"
  assert_output "{}"
  expect '12[56]' run --rm --network slirp4netns:nosuchoption=1 $BUSYBOX true
}

@test "--network none: loopback alone, and it is up" {
  expect 0 run --rm --network none $BUSYBOX sh -c 'ls /sys/class/net; ip -4 addr show lo | grep -c 127.0.0.1; ip route | wc -l'
  assert_output $'lo\n1\n0'
}

@test "--network host: the host's interfaces and ports" {
  expect 0 run --rm --network host $BUSYBOX sh -c 'ls /sys/class/net'
  assert_equal "$(sort <<<"$output")" "$(ls /sys/class/net | sort)"
  expect 0 run --rm --network host $BUSYBOX wget -q -O - "http://$PLAIN_REGISTRY/v2/"
  assert_output "{}"
}

@test "--network container:X: one network, two containers" {
  serve first
  expect 0 run --rm --network container:first $BUSYBOX sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do wget -q -O - http://127.0.0.1/ && exit; sleep 0.2; done; exit 1'
  assert_output "hello from first"
  expect 0 exec first readlink /proc/self/ns/net
  net=$output
  expect 0 run --rm --network container:first $BUSYBOX readlink /proc/self/ns/net
  assert_output "$net"
  expect 125 run --rm --network container:absent $BUSYBOX true
}

@test "--network: what is not there is refused by name" {
  expect 125 run --rm --network no-such-network $BUSYBOX true
  assert_contains "$stderr" "no-such-network"
}

@test "-P publishes what the image exposes" {
  expect 0 run -d --name exp -P --expose 80 $BUSYBOX sleep 100
  expect 0 port exp
  assert_matches "$output" '^80/tcp -> .*:[0-9]+$'
}

@test "no helper of a container's network outlives it" {
  before=$(pgrep -u "$(id -u)" -c slirp4netns || true)
  serve web
  expect 0 rm -f -t 0 web
  same() { [ "$(pgrep -u "$(id -u)" -c slirp4netns || true)" -le "$before" ]; }
  wait_until 10 same
}
