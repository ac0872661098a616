// slirp4netns(1): user-mode networking for one network namespace.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "net/ports.h"

namespace creel::net {

struct SlirpPlan {
  std::vector<std::string> argv;           // with @NETNS@ @READY_FD@ @EXIT_FD@ @API@ for the monitor to fill in
  std::vector<std::string> port_requests;  // one JSON request per port
  std::vector<std::string> port_names;
};
struct SlirpOptions {  // --network slirp4netns:KEY=VALUE,…
  bool allow_host_loopback = false;
  int mtu = 65520;
  std::string cidr = "10.0.2.0/24";
  bool enable_ipv6 = false;
};
Result<SlirpOptions> parse_slirp_options(const std::string& text);
// kUnavailable with the package to install where slirp4netns is not there, or /dev/net/tun cannot be opened.
Result<SlirpPlan> plan_slirp(const SlirpOptions& options, const std::vector<PortMapping>& ports);

// Addresses inside: 10.0.2.100 (container), 10.0.2.2 (gateway = host), 10.0.2.3 (DNS).
inline constexpr const char* kSlirpAddress = "10.0.2.100";
inline constexpr const char* kSlirpGateway = "10.0.2.2";
inline constexpr const char* kSlirpDns = "10.0.2.3";

}  // namespace creel::net
