// --network, -p, -P, --expose, --dns and --add-host.
#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/passes.h"
#include "net/etc_files.h"
#include "net/slirp.h"

namespace creel::engine {

Result<void> pass_network(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  if (options.network.size() > 1) {
    return fail(Code::kUnsupported, "more than one --network: networks of their own are not built yet");
  }
  const std::string network = options.network.empty() ? "slirp4netns" : options.network.front();
  const Cut mode = cut(network, ':');
  if (mode.before == "none" || mode.before == "host") {
    config.network = mode.before;
  } else if (network == "private" || network == "default") {
    config.network = "slirp4netns";
  } else if (mode.before == "slirp4netns") {
    TRY(net::parse_slirp_options(mode.after));
    config.network = network;
  } else if (mode.before == "container") {
    TRY_SET(config.network, shared_with(creation, mode.after, "network"));
  } else if (mode.before == "ns" && !mode.after.empty()) {
    struct stat info {};
    if (stat(mode.after.c_str(), &info) != 0) {
      return errno_error("stat " + mode.after).within("cannot find specified network namespace path");
    }
    config.network = network;
  } else if (mode.before == "bridge" || mode.before == "pasta") {
    return fail(Code::kUnsupported, "network mode " + mode.before + " is not built yet")
        .with_hint("Built: none, host, slirp4netns[:OPTIONS] (the default), container:NAME and ns:PATH.");
  } else {
    return fail(Code::kNotFound, "unable to find network with name or ID " + network + ": network not found")
        .with_hint("Networks of their own are not built yet; none, host, slirp4netns, container:NAME and ns:PATH are.");
  }
  if (joins(config.network) || config.network == "host") {
    if (!options.publish.empty() && config.network != "host") {
      return fail(Code::kInvalid,
                  "published or exposed ports must be defined when the network namespace is created, not in a "
                  "container that joins another's: invalid argument");
    }
  }
  for (const std::string& server : options.dns) {
    in6_addr address{};
    if (server != "none" && inet_pton(AF_INET, server.c_str(), &address) != 1 &&
        inet_pton(AF_INET6, server.c_str(), &address) != 1) {
      return fail(Code::kInvalid, server + " is not an ip address");
    }
  }
  if (!options.add_host.empty()) {
    net::HostsRequest probe;  // told now, not at the first start
    probe.add = options.add_host;
    probe.host_address = net::kSlirpGateway;
    TRY(net::hosts_file(probe));
  }
  config.dns = options.dns;
  config.dns_search = options.dns_search;
  config.dns_option = options.dns_option;
  config.add_host = options.add_host;
  config.no_hosts = options.no_hosts;
  config.no_hostname = options.no_hostname;
  if (config.no_hosts && !options.hosts_file.empty()) {
    return fail(Code::kInvalid, "--no-hosts and --hosts-file cannot be set together");
  }
  if (config.no_hosts && !config.add_host.empty()) {
    return fail(Code::kInvalid, "--no-hosts and --add-host cannot be set together");
  }
  return {};
}

Result<void> pass_ports(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  std::set<std::string> exposed;
  auto expose = [&](const std::string& text) -> Result<std::vector<net::PortMapping>> {
    TRY_SET(auto parsed, net::parse_expose(text));
    for (const net::PortMapping& port : parsed)
      exposed.insert(std::to_string(port.container_port) + "/" + port.protocol);
    return parsed;
  };
  std::vector<net::PortMapping> published;
  for (const std::string& text : options.publish) {
    TRY_SET(auto parsed, net::parse_publish(text));
    published.insert(published.end(), parsed.begin(), parsed.end());
  }
  std::vector<net::PortMapping> candidates;
  std::vector<std::string> declared = creation.image_config.exposed_ports;
  declared.insert(declared.end(), options.expose.begin(), options.expose.end());
  for (const std::string& text : declared) {
    TRY_SET(auto parsed, expose(text));
    candidates.insert(candidates.end(), parsed.begin(), parsed.end());
  }
  if (options.publish_all) {
    for (const net::PortMapping& port : candidates) {
      auto same = [&](const net::PortMapping& other) {
        return other.container_port == port.container_port && other.protocol == port.protocol;
      };
      if (std::none_of(published.begin(), published.end(), same)) published.push_back(port);
    }
  }
  for (const net::PortMapping& port : published)
    exposed.insert(std::to_string(port.container_port) + "/" + port.protocol);
  config.exposed.assign(exposed.begin(), exposed.end());
  if (published.empty()) return {};
  if (config.network == "none" || config.network == "host") {
    if (config.network == "host")
      creation.engine.warn(
          "Port mappings have been discarded because \"host\" network namespace mode does not support them");
    return {};
  }
  TRY(net::assign_host_ports(published));
  config.ports = std::move(published);
  return {};
}

}  // namespace creel::engine
