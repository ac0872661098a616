// What Podman 5 writes for the same input.
#include "net/etc_files.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::net;

TEST_CASE("/etc/hosts with nothing but addresses") {
  HostsRequest request;
  request.address = "10.0.2.100";
  request.host_address = "192.168.1.5";
  request.hostname = "0123456789ab";
  request.name = "web";
  CHECK(*hosts_file(request) ==
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost\n"
        "192.168.1.5\thost.containers.internal host.docker.internal\n"
        "10.0.2.100\t0123456789ab web\n");
}

TEST_CASE("/etc/hosts: --add-host, then the host's file, then ours") {
  HostsRequest request;
  request.host_file =
      "# a comment\n127.0.0.1  localhost localhost.localdomain # more\n\n127.0.1.1\tbox.example box\n::1 ip6-localhost "
      "ip6-loopback\r\n"
      "nonsense here\n10.1.1.1\nfe80::1%eth0 scoped\n10.1.1.2 peer";
  request.add = {"db;database:10.9.9.9", "gateway:host-gateway", "v6:[2001:db8::1]", "plain6:2001:db8::2"};
  request.address = "10.0.2.100";
  request.host_address = "192.168.1.5";
  request.hostname = "c1";
  request.name = "web";
  CHECK(*hosts_file(request) ==
        "10.9.9.9\tdb database\n"
        "192.168.1.5\tgateway\n"
        "2001:db8::1\tv6\n"
        "2001:db8::2\tplain6\n"
        "127.0.0.1\tlocalhost localhost.localdomain\n"
        "127.0.1.1\tbox.example box\n"
        "::1\tip6-localhost ip6-loopback\n"
        "10.1.1.2\tpeer\n"
        "192.168.1.5\thost.containers.internal host.docker.internal\n"
        "10.0.2.100\tc1 web\n");
}

TEST_CASE("/etc/hosts: a name that has a line keeps it") {
  HostsRequest request;
  // Ends like loopback's, and is not it.
  request.host_file = "fd00::1 inner\n10.7.7.7 web\n";
  request.add = {"host.containers.internal:1.2.3.4"};
  request.address = "10.0.2.100";
  request.host_address = "192.168.1.5";
  request.hostname = "c1";
  request.name = "web";
  CHECK(*hosts_file(request) ==
        "1.2.3.4\thost.containers.internal\n"
        "fd00::1\tinner\n"
        "10.7.7.7\tweb\n"
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost\n"
        "192.168.1.5\thost.docker.internal\n"
        "10.0.2.100\tc1\n");
}

TEST_CASE("/etc/hosts without a network: the container knows its own name") {
  HostsRequest request;
  request.hostname = request.name = "c1";
  CHECK(*hosts_file(request) == "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.0.1\tc1\n");
  // --network host, where the host's file has its name.
  request.host_file = "127.0.0.1 localhost\n127.0.1.1 c1\n";
  CHECK(*hosts_file(request) == "127.0.0.1\tlocalhost\n127.0.1.1\tc1\n");
}

TEST_CASE("bad --add-host") {
  for (const char* bad : {"", "name", "name:", ":1.2.3.4", ";:1.2.3.4", "name:1.2.3", "name:1.2.3.4.5", "name:[]",
                          "name:[", "name:host", "name:1.2.3.4 x", "name:1.2.3.4\nevil 5.6.7.8"}) {
    CAPTURE(bad);
    HostsRequest request;
    request.add = {bad};
    auto text = hosts_file(request);
    REQUIRE(!text.ok());
    CHECK(text.error().code == Code::kInvalid);
  }
  HostsRequest request;
  request.add = {"x:host-gateway"};
  CHECK(hosts_file(request).error().code == Code::kUnavailable);
  // A name brings no line with it.
  request.add = {"a\n6.6.6.6 b:1.2.3.4"};
  CHECK(hosts_file(request)->rfind("1.2.3.4\ta 6.6.6.6 b\n", 0) == 0);
}

TEST_CASE("/etc/resolv.conf: the host's, as far as a network namespace of one's own reaches it") {
  ResolvRequest request;
  request.host_file =
      "; comment\n# comment\nsearch example.org corp.example\nnameserver 127.0.0.1\nnameserver 9.9.9.9 # "
      "quad\nnameserver ::1\n"
      "nameserver fe80::1%eth0\nnameserver 2620:fe::fe\noptions ndots:2 edns0\noptions rotate\nsortlist 1.2.3.4\n";
  request.built_in_server = "10.0.2.3";
  CHECK(*resolv_conf(request) ==
        "search example.org corp.example\nnameserver 10.0.2.3\nnameserver 9.9.9.9\nnameserver 2620:fe::fe\noptions "
        "ndots:2 edns0 rotate\n");
  request.own_namespace = false;
  request.built_in_server.clear();
  CHECK(*resolv_conf(request) ==
        "search example.org corp.example\nnameserver 127.0.0.1\nnameserver 9.9.9.9\nnameserver ::1\nnameserver "
        "fe80::1%eth0\n"
        "nameserver 2620:fe::fe\noptions ndots:2 edns0 rotate\n");
}

TEST_CASE("/etc/resolv.conf: flags replace what the host says") {
  ResolvRequest request;
  request.host_file = "domain old.example\nnameserver 9.9.9.9\noptions edns0\n";
  request.built_in_server = "10.0.2.3";
  request.servers = {"1.1.1.1", "2606:4700::1111"};
  CHECK(*resolv_conf(request) == "search old.example\nnameserver 1.1.1.1\nnameserver 2606:4700::1111\noptions edns0\n");
  request.search = {"new.example"};
  request.options = {"ndots:5"};
  CHECK(*resolv_conf(request) ==
        "search new.example\nnameserver 1.1.1.1\nnameserver 2606:4700::1111\noptions ndots:5\n");
  // A dot, anywhere among them, means none.
  request.search = {"new.example", "."};
  CHECK(*resolv_conf(request) == "nameserver 1.1.1.1\nnameserver 2606:4700::1111\noptions ndots:5\n");
  request.servers = {"dns.example"};
  CHECK(resolv_conf(request).error().code == Code::kInvalid);
}

TEST_CASE("/etc/resolv.conf: no server left") {
  ResolvRequest request;
  CHECK(*resolv_conf(request) == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
  request.host_file = "nameserver 127.0.0.53\nnameserver\noptions\n";
  CHECK(*resolv_conf(request) == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n");
}

TEST_CASE("stubs, and who has the real list") {
  CHECK(std::string(real_resolv_conf("nameserver 127.0.0.53\noptions edns0\n")) == "/run/systemd/resolve/resolv.conf");
  CHECK(std::string(real_resolv_conf("nameserver 127.0.0.1")) == "/run/NetworkManager/no-stub-resolv.conf");
  for (const char* plain : {"", "nameserver 9.9.9.9", "nameserver 127.0.0.53\nnameserver 9.9.9.9\n",
                            "# nameserver 127.0.0.53\nnameserver 9.9.9.9\n", "nameserver 127.0.0.531\n"}) {
    CAPTURE(plain);
    CHECK(real_resolv_conf(plain) == nullptr);
  }
}
