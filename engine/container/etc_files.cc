#include "engine/container/etc_files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/user_files.h"
#include "net/etc_files.h"
#include "net/slirp.h"

namespace creel::engine {

namespace {

// The host's own address as a container may reach it: the first that is not a loopback one.
std::string host_address() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  std::string out;
  for (ifaddrs* entry = list; entry; entry = entry->ifa_next) {
    if (!entry->ifa_addr || entry->ifa_addr->sa_family != AF_INET) continue;
    if ((entry->ifa_flags & IFF_LOOPBACK) || !(entry->ifa_flags & IFF_UP)) continue;
    char text[INET_ADDRSTRLEN];
    const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ifa_addr);
    if (inet_ntop(AF_INET, &address->sin_addr, text, sizeof text)) {
      out = text;
      break;
    }
  }
  freeifaddrs(list);
  return out;
}

// slirp's addresses end in .100, .2 and .3 of whatever network it was given.
std::string in_network(const std::string& cidr, const char* last) {
  const std::string network = cidr.substr(0, cidr.find('/'));
  return network.substr(0, network.rfind('.') + 1) + last;
}

// What /etc/hosts begins with.
Result<std::string> hosts_base(Engine& engine, const ContainerConfig& config) {
  if (config.hosts_file == "none") return std::string();
  if (config.hosts_file == "image") return file_of_image(engine, config, "hosts");
  auto text = read_file(config.hosts_file.empty() ? "/etc/hosts" : config.hosts_file, 1 << 20);
  if (!text.ok() && config.hosts_file.empty()) return std::string();
  if (!text.ok()) return std::move(text).error().within("--hosts-file");
  return text;
}

Result<void> write_plain(int dir, const char* name, const std::string& text) {
  // Nobody reads these before the container is started, so no rename is needed; the mode is as in any /etc.
  TRY_SET(Fd file, open_at(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
  return write_all(file.get(), text);
}

}  // namespace

std::string etc_file(Engine& engine, const ContainerConfig& config, const char* name) {
  std::string owner = config.id;
  if (config.network.rfind("container:", 0) == 0) owner = config.network.substr(10);
  return engine.paths().running(owner) + "/" + name;
}

Result<void> write_etc_files(Engine& engine, const ContainerConfig& config) {
  TRY_SET(Fd dir, open_file(engine.paths().running(config.id), O_RDONLY | O_DIRECTORY));
  TRY(write_plain(dir.get(), "hostname", config.hostname + "\n"));
  TRY(write_plain(dir.get(), "containerenv", ""));
  TRY(write_user_files(engine, config, dir.get()));
  if (config.network.rfind("container:", 0) == 0) return {};

  const bool slirp = config.network.rfind("slirp4netns", 0) == 0;
  std::string cidr = net::SlirpOptions().cidr;
  bool host_loopback = false;
  if (slirp) {
    TRY_SET(net::SlirpOptions options, net::parse_slirp_options(cut(config.network, ':').after));
    cidr = options.cidr;
    host_loopback = options.allow_host_loopback;
  }
  if (!config.no_hosts) {
    net::HostsRequest hosts;
    TRY_SET(hosts.host_file, hosts_base(engine, config));
    hosts.add = config.add_host;
    hosts.hostname = config.hostname;
    hosts.name = config.name;
    if (slirp) {
      hosts.address = in_network(cidr, "100");
      hosts.host_address = host_loopback ? in_network(cidr, "2") : host_address();
      if (hosts.host_address.empty()) hosts.host_address = in_network(cidr, "2");
    }
    TRY_SET(std::string text, net::hosts_file(hosts));
    TRY(write_plain(dir.get(), "hosts", text));
  }
  if (!config.dns.empty() && config.dns.front() == "none") return {};
  net::ResolvRequest resolv;
  resolv.host_file = net::host_resolv_conf();
  resolv.servers = config.dns;
  resolv.search = config.dns_search;
  resolv.options = config.dns_option;
  resolv.own_namespace = config.network != "host";
  if (slirp) resolv.built_in_server = in_network(cidr, "3");
  TRY_SET(std::string text, net::resolv_conf(resolv));
  TRY(write_plain(dir.get(), "resolv.conf", text));
  return {};
}

}  // namespace creel::engine
