#include "net/slirp.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <algorithm>

#include "base/process.h"
#include "base/text.h"
#include "tests/unit/base/support.h"

using namespace creel;
using namespace creel::net;
using namespace creel::test;

namespace {

// slirp4netns and /dev/net/tun may be absent where the tests run; what needs them says so.
bool possible() {
  if (find_program("slirp4netns").ok() && open_file("/dev/net/tun", O_RDWR).ok()) return true;
  MESSAGE("skipped: needs slirp4netns and /dev/net/tun");
  return false;
}

bool has(const SlirpPlan& plan, const std::string& argument) {
  return std::find(plan.argv.begin(), plan.argv.end(), argument) != plan.argv.end();
}

// With `ours` in place of `theirs`, for a child alone. 77: cannot mount.
int plan_with(const std::string& ours, const std::string& theirs, const std::string& expected) {
  return in_child([&] {
    if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (mount(ours.c_str(), theirs.c_str(), nullptr, MS_BIND, nullptr) != 0) return 77;
    auto plan = plan_slirp({}, {});
    if (plan.ok() || plan.error().code != Code::kUnavailable || plan.error().hint.empty()) return 1;
    return plan.error().text.find(expected) == std::string::npos ? 2 : 0;
  });
}

}  // namespace

TEST_CASE("options of --network slirp4netns:…") {
  CHECK(parse_slirp_options("")->mtu == 65520);
  CHECK(!parse_slirp_options("")->allow_host_loopback);
  auto options = parse_slirp_options("allow_host_loopback=true,mtu=1500,enable_ipv6=true,port_handler=slirp4netns");
  REQUIRE(options.ok());
  CHECK(options->allow_host_loopback);
  CHECK(options->enable_ipv6);
  CHECK(options->mtu == 1500);
  for (const char* bad : {"mtu", "mtu=", "mtu=67", "mtu=65522", "mtu=x", "allow_host_loopback",
                          "allow_host_loopback=yes", "enable_ipv6=1", "bogus=1", "bogus"}) {
    CAPTURE(bad);
    CHECK(parse_slirp_options(bad).error().code == Code::kInvalid);
  }
  for (const char* later :
       {"cidr=10.0.3.0/24", "port_handler=rootlesskit", "outbound_addr=eth0", "outbound_addr6=::1"}) {
    CAPTURE(later);
    CHECK(parse_slirp_options(later).error().code == Code::kUnsupported);
  }
}

TEST_CASE("the plan: arguments, and what is asked for each port") {
  if (!possible()) return;
  auto plan = plan_slirp({}, {});
  REQUIRE(plan.ok());
  CHECK(plan->argv.front().ends_with("/slirp4netns"));
  CHECK(has(*plan, "--mtu=65520"));
  CHECK(has(*plan, "--disable-host-loopback"));
  CHECK(!has(*plan, "--enable-ipv6"));
  CHECK(!has(*plan, "@API@"));
  CHECK(join({plan->argv.end() - 6, plan->argv.end()}, " ") == "-r @READY_FD@ -e @EXIT_FD@ @NETNS@ tap0");
  CHECK(plan->port_requests.empty());

  SlirpOptions options;
  options.allow_host_loopback = options.enable_ipv6 = true;
  options.mtu = 1500;
  plan = plan_slirp(options, {{"", 8080, 80, "tcp"}, {"127.0.0.1", 5353, 53, "udp"}});
  REQUIRE(plan.ok());
  CHECK(!has(*plan, "--disable-host-loopback"));
  CHECK(has(*plan, "--enable-ipv6"));
  CHECK(has(*plan, "--mtu=1500"));
  CHECK(has(*plan, "@API@"));
  REQUIRE(plan->port_requests.size() == 2);
  CHECK(
      plan->port_requests[0] ==
      R"({"execute":"add_hostfwd","arguments":{"proto":"tcp","host_addr":"0.0.0.0","host_port":8080,"guest_addr":"10.0.2.100","guest_port":80}})");
  CHECK(
      plan->port_requests[1] ==
      R"({"execute":"add_hostfwd","arguments":{"proto":"udp","host_addr":"127.0.0.1","host_port":5353,"guest_addr":"10.0.2.100","guest_port":53}})");
  CHECK(plan->port_names[1] == "127.0.0.1:5353->53/udp");
  auto v6 = plan_slirp({}, {{"::1", 8080, 80, "tcp"}});
  REQUIRE(!v6.ok());
  CHECK(v6.error().code == Code::kUnsupported);
}

TEST_CASE("what the host lacks is named") {
  if (!possible()) return;
  // Neither is there, as far as this process can see.
  int code = plan_with("/dev/null", *find_program("slirp4netns"), "slirp4netns is not installed");
  if (code == 77) {
    MESSAGE("skipped: cannot mount here");
    return;
  }
  CHECK(code == 0);
  TempDir empty;
  code = plan_with(empty.path(), "/dev/net", "/dev/net/tun: it does not exist");
  CHECK(code == 0);
}
