// The contents of /etc/hosts and /etc/resolv.conf of a container. Pure text in, text out.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::net {

struct HostsRequest {
  std::string host_file;  // the base: contents of the host's /etc/hosts (Podman's default); loopback lines included
  std::vector<std::string> add;  // --add-host "name[;name]:ip"; ip may be host-gateway
  std::string address;           // the container's; empty with --network none|host
  std::string host_address;      // for host.containers.internal and host-gateway; empty: none
  std::string hostname, name;    // the container's
};
// --add-host first, then the host's file, then what those have not named: localhost, the host, the container (at
// 127.0.0.1 where it has no address), as Podman orders them. kInvalid names a bad --add-host.
Result<std::string> hosts_file(const HostsRequest& request);

struct ResolvRequest {
  std::string host_file;  // contents of the host's /etc/resolv.conf (systemd-resolved's real one if that is a stub)
  std::vector<std::string> servers, search, options;  // --dns, --dns-search, --dns-option
  std::string built_in_server;                        // slirp's 10.0.2.3; empty: none
  bool own_namespace = true;                          // loopback servers of the host are useless
};
Result<std::string> resolv_conf(const ResolvRequest& request);
// Where the real list of servers is, if `text` names nothing but the stub of systemd-resolved or NetworkManager; else
// null.
const char* real_resolv_conf(const std::string& text);
// Reads the host's files as the two above want them.
std::string host_resolv_conf();

}  // namespace creel::net
