#include "net/slirp.h"

#include <fcntl.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace creel::net {

Result<SlirpOptions> parse_slirp_options(const std::string& text) {
  SlirpOptions out;
  for (const std::string& item : split(text, ',')) {
    if (item.empty()) continue;
    const Cut pair = cut(item, '=');
    auto boolean = [&]() -> Result<bool> {
      if (pair.after == "true") return true;
      if (pair.after == "false") return false;
      return fail(Code::kInvalid, "invalid value of slirp4netns option '" + item + "': true or false");
    };
    if (pair.before == "allow_host_loopback") {
      TRY_SET(out.allow_host_loopback, boolean());
    } else if (pair.before == "enable_ipv6") {
      TRY_SET(out.enable_ipv6, boolean());
    } else if (pair.before == "mtu") {
      auto mtu = parse_int(pair.after, "mtu");
      if (!mtu.ok() || *mtu < 68 || *mtu > 65521)
        return fail(Code::kInvalid, "invalid mtu '" + pair.after + "': 68 to 65521");
      out.mtu = static_cast<int>(*mtu);
    } else if (pair.before == "port_handler" || pair.before == "cidr" || pair.before == "outbound_addr" ||
               pair.before == "outbound_addr6") {
      if (pair.before == "port_handler" && pair.after == "slirp4netns") continue;
      return fail(Code::kUnsupported, "slirp4netns option '" + item + "' is not built yet");
    } else {
      return fail(Code::kInvalid, "unknown slirp4netns option '" + pair.before + "'");
    }
  }
  return out;
}

Result<SlirpPlan> plan_slirp(const SlirpOptions& options, const std::vector<PortMapping>& ports) {
  auto program = find_program("slirp4netns");
  if (!program.ok()) {
    return fail(Code::kUnavailable,
                "slirp4netns is not installed, and it is the network of an ordinary user's container")
        .with_hint(
            "install it (Debian and Ubuntu: apt-get install slirp4netns), or use --network none or --network host");
  }
  if (auto tun = open_file("/dev/net/tun", O_RDWR); !tun.ok()) {
    const bool absent = tun.error().err == ENOENT || tun.error().err == ENODEV || tun.error().err == ENXIO;
    return fail(Code::kUnavailable, "slirp4netns needs /dev/net/tun: " +
                                        std::string(absent ? "it does not exist" : "this user may not open it"))
        .with_hint(absent ? "an administrator can run modprobe tun; or use --network none or --network host"
                          : "an administrator can run chmod 666 /dev/net/tun; or use --network none or --network host");
  }
  SlirpPlan out;
  out.argv = {*program, "--netns-type=path", "--configure", "--mtu=" + std::to_string(options.mtu)};
  if (!options.allow_host_loopback) out.argv.emplace_back("--disable-host-loopback");
  if (options.enable_ipv6) out.argv.emplace_back("--enable-ipv6");
  if (!ports.empty()) {
    out.argv.emplace_back("--api-socket");
    out.argv.emplace_back("@API@");
  }
  for (const char* arg : {"-r", "@READY_FD@", "-e", "@EXIT_FD@", "@NETNS@", "tap0"}) out.argv.emplace_back(arg);
  for (const PortMapping& port : ports) {
    const std::string address = port.host_ip.empty() ? "0.0.0.0" : port.host_ip;
    if (address.find(':') != std::string::npos) {
      return fail(Code::kUnsupported, "publishing on the IPv6 address " + address + " is not built yet")
          .with_hint("slirp4netns listens on IPv4 only");
    }
    out.port_requests.push_back("{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"" + port.protocol +
                                "\",\"host_addr\":\"" + address + "\",\"host_port\":" + std::to_string(port.host_port) +
                                ",\"guest_addr\":\"" + kSlirpAddress +
                                "\",\"guest_port\":" + std::to_string(port.container_port) + "}}");
    out.port_names.push_back(address + ":" + std::to_string(port.host_port) + "->" +
                             std::to_string(port.container_port) + "/" + port.protocol);
  }
  return out;
}

}  // namespace creel::net
