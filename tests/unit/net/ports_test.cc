#include "net/ports.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <set>

#include "base/fd.h"
#include "base/text.h"

using namespace creel;
using namespace creel::net;

namespace {

std::string text_of(const std::vector<PortMapping>& ports) {
  std::vector<std::string> out;
  for (const PortMapping& port : ports) {
    out.push_back(port.host_ip + "|" + std::to_string(port.host_port) + "|" + std::to_string(port.container_port) +
                  "|" + port.protocol);
  }
  return join(out, " ");
}

std::string published(const std::string& text) {
  auto ports = parse_publish(text);
  return ports.ok() ? text_of(*ports) : ports.error().text;
}

// Somebody who listens on 127.0.0.1, at a port of the kernel's choice.
struct Listener {
  Fd fd;
  std::uint16_t port = 0;
  explicit Listener(int type) : fd(socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (type == SOCK_STREAM) REQUIRE(listen(fd.get(), 1) == 0);
    socklen_t size = sizeof address;
    getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
  }
};

}  // namespace

TEST_CASE("-p in all its forms") {
  CHECK(published("80") == "|0|80|tcp");
  CHECK(published("8080:80") == "|8080|80|tcp");
  CHECK(published("8080:80/udp") == "|8080|80|udp");
  CHECK(published("8080:80/TCP") == "|8080|80|tcp");
  CHECK(published(":80") == "|0|80|tcp");
  CHECK(published("127.0.0.1:8080:80") == "127.0.0.1|8080|80|tcp");
  CHECK(published("127.0.0.1::80") == "127.0.0.1|0|80|tcp");
  CHECK(published("::80") == "|0|80|tcp");
  CHECK(published("[::1]:8080:80") == "::1|8080|80|tcp");
  CHECK(published("[::1]::80") == "::1|0|80|tcp");
  CHECK(published("[fe80::1]:8080:80/udp") == "fe80::1|8080|80|udp");
  CHECK(published("8000-8002:80-82") == "|8000|80|tcp |8001|81|tcp |8002|82|tcp");
  CHECK(published("127.0.0.1:8000-8001:80-81/udp") == "127.0.0.1|8000|80|udp 127.0.0.1|8001|81|udp");
  CHECK(published("80-81") == "|0|80|tcp |0|81|tcp");
  CHECK(published("53:53/tcp,udp") == "|53|53|tcp |53|53|udp");
  CHECK(published("65535:1") == "|65535|1|tcp");
  CHECK(parse_publish("1-65535:1-65535")->size() == 65535);
}

TEST_CASE("what -p does not take") {
  for (const char* bad : {"",
                          ":",
                          "::",
                          "80:",
                          "a",
                          "80a",
                          "0",
                          "0:80",
                          "80:0",
                          "65536",
                          "-1",
                          "80-",
                          "-80",
                          "80-79",
                          "8000-8001:80",
                          "8000:80-81",
                          "8000-8002:80-81",
                          "1:2:3:4",
                          "300.1.1.1:80:80",
                          "localhost:80:80",
                          "1.2.3:80:80",
                          "::1:80:80",
                          "[::1]",
                          "[::1]80",
                          "[::1:80:80",
                          "[]:80:80",
                          "[x]:80:80",
                          "80/",
                          "80/icmp",
                          "80/tcp/udp",
                          "80/tcp,",
                          "80 ",
                          " 80",
                          "+80",
                          "8\n0",
                          "99999999999999999999"}) {
    CAPTURE(bad);
    auto ports = parse_publish(bad);
    REQUIRE(!ports.ok());
    CHECK(ports.error().code == Code::kInvalid);
    CHECK(!ports.error().text.empty());
  }
  CHECK(parse_publish("80/sctp").error().code == Code::kUnsupported);
}

TEST_CASE("--expose") {
  CHECK(text_of(*parse_expose("80")) == "|0|80|tcp");
  CHECK(text_of(*parse_expose("80-81/udp")) == "|0|80|udp |0|81|udp");
  for (const char* bad : {"", "0", "80:80", "x", "80/x", "82-80", "70000"}) {
    CAPTURE(bad);
    CHECK(parse_expose(bad).error().code == Code::kInvalid);
  }
}

TEST_CASE("free ports are chosen, each another") {
  auto ports = *parse_publish("127.0.0.1::80-99");
  const auto udp = *parse_publish("127.0.0.1::80-84/udp");
  ports.insert(ports.end(), udp.begin(), udp.end());
  REQUIRE(assign_host_ports(ports).ok());
  std::set<std::string> chosen;
  for (const PortMapping& port : ports) {
    CHECK(port.host_port != 0);
    chosen.insert(port.protocol + std::to_string(port.host_port));
  }
  CHECK(chosen.size() == 25);
}

TEST_CASE("a port that is taken is known before anything is started") {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const Listener other(type);
    const std::string protocol = type == SOCK_STREAM ? "/tcp" : "/udp";
    for (const std::string& where : {std::string("127.0.0.1:"), std::string()}) {
      auto ports = *parse_publish(where + std::to_string(other.port) + ":80" + protocol);
      auto assigned = assign_host_ports(ports);
      REQUIRE(!assigned.ok());
      CHECK(assigned.error().code == Code::kInUse);
      CHECK(assigned.error().text.find(":" + std::to_string(other.port)) != std::string::npos);
    }
    // The other protocol's is another port.
    auto ports =
        *parse_publish("127.0.0.1:" + std::to_string(other.port) + ":80" + (type == SOCK_STREAM ? "/udp" : "/tcp"));
    CHECK(assign_host_ports(ports).ok());
  }
}

TEST_CASE("one host port for two container ports is a conflict; twice the same is once") {
  auto with = [](const std::vector<std::string>& texts) {
    std::vector<PortMapping> out;
    for (const std::string& text : texts) {
      auto ports = *parse_publish(text);
      out.insert(out.end(), ports.begin(), ports.end());
    }
    return out;
  };
  for (const auto& texts : std::vector<std::vector<std::string>>{{"28080:80", "28080:81"},
                                                                 {"127.0.0.1:28080:80", "28080:80"},
                                                                 {"0.0.0.0:28080:80", "127.0.0.1:28080:81"},
                                                                 {"28080-28090:80-90", "28085:1"}}) {
    auto ports = with(texts);
    auto assigned = assign_host_ports(ports);
    REQUIRE(!assigned.ok());
    CHECK(assigned.error().code == Code::kInvalid);
    CHECK(assigned.error().text.rfind("conflicting port mappings for host port 2808", 0) == 0);
  }
  const Listener free(SOCK_DGRAM);  // that TCP port is free, or nearly certainly so
  const std::string port = std::to_string(free.port);
  auto same = with({("127.0.0.1:" + port + ":80"), ("127.0.0.1:" + port + ":80"), ("127.0.0.2:" + port + ":80")});
  REQUIRE(assign_host_ports(same).ok());
  CHECK(text_of(same) == "127.0.0.1|" + port + "|80|tcp 127.0.0.2|" + port + "|80|tcp");
}
