#include "net/etc_files.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"

namespace creel::net {

namespace {

bool is_address(const std::string& text) {
  in_addr v4{};
  in6_addr v6{};
  return inet_pton(AF_INET, text.c_str(), &v4) == 1 || inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> out;
  std::string word;
  for (char c : line + " ") {
    if (c == ' ' || c == '\t' || c == '\r') {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  return out;
}

bool is_loopback(const std::string& server) { return server.rfind("127.", 0) == 0 || server == "::1"; }

}  // namespace

Result<std::string> hosts_file(const HostsRequest& request) {
  std::string out;
  std::vector<std::string> named;
  for (const std::string& item : request.add) {
    const Cut pair = cut(item, ':');
    std::string address = pair.after;
    if (!address.empty() && address.front() == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
    if (!pair.found || pair.before.empty() || address.empty()) {
      return fail(Code::kInvalid, "unable to parse host entry \"" + item + "\": incorrect format, expected NAME:IP");
    }
    if (address == "host-gateway") {
      if (request.host_address.empty()) {
        return fail(Code::kUnavailable, "unable to replace \"host-gateway\" of host entry \"" + item + "\": host containers internal IP address is empty");
      }
      address = request.host_address;
    }
    if (!is_address(address)) return fail(Code::kInvalid, "invalid IP address in add-host: \"" + address + "\"");
    std::string names = pair.before;
    std::replace(names.begin(), names.end(), ';', ' ');
    for (const std::string& name : words(names)) named.push_back(name);
    out += address + "\t" + names + "\n";
  }
  for (const std::string& line : split(request.host_file, '\n')) {
    const std::vector<std::string> parts = words(line.substr(0, line.find('#')));
    if (parts.size() < 2 || !is_address(parts[0])) continue;
    out += parts[0] + "\t" + join({parts.begin() + 1, parts.end()}, " ") + "\n";
  }
  if (out.find("127.0.0.1\t") == std::string::npos) out += "127.0.0.1\tlocalhost\n";
  if (out.find("::1\t") == std::string::npos) out += "::1\tlocalhost\n";
  auto is_named = [&](const char* name) { return std::find(named.begin(), named.end(), name) != named.end(); };
  if (!request.host_address.empty() && !is_named("host.containers.internal")) {
    out += request.host_address + "\thost.containers.internal host.docker.internal\n";
  }
  if (!request.address.empty()) {
    out += request.address + "\t" + request.hostname + (request.name.empty() || request.name == request.hostname ? "" : " " + request.name) + "\n";
  } else if (!request.hostname.empty() && out.find("\t" + request.hostname + "\n") == std::string::npos) {
    out += "127.0.1.1\t" + request.hostname + (request.name.empty() || request.name == request.hostname ? "" : " " + request.name) + "\n";
  }
  return out;
}

Result<std::string> resolv_conf(const ResolvRequest& request) {
  std::vector<std::string> servers, search, options;
  for (const std::string& line : split(request.host_file, '\n')) {
    std::vector<std::string> parts = words(line.substr(0, line.find_first_of("#;")));
    if (parts.size() < 2) continue;
    const std::string key = parts.front();
    parts.erase(parts.begin());
    if (key == "nameserver") {
      // A zone index means nothing in another network namespace.
      if (!request.own_namespace || (!is_loopback(parts[0]) && parts[0].find('%') == std::string::npos)) servers.push_back(parts[0]);
    } else if (key == "search" || key == "domain") {
      search = parts;
    } else if (key == "options") {
      options.insert(options.end(), parts.begin(), parts.end());
    }
  }
  if (!request.built_in_server.empty()) servers.insert(servers.begin(), request.built_in_server);
  if (!request.servers.empty()) {
    for (const std::string& server : request.servers) {
      if (!is_address(server)) return fail(Code::kInvalid, server + " is not an ip address");
    }
    servers = request.servers;
  }
  if (!request.search.empty()) search = request.search;
  if (search.size() == 1 && search.front() == ".") search.clear();
  if (!request.options.empty()) options = request.options;
  if (servers.empty()) servers = {"8.8.8.8", "8.8.4.4"};
  std::string out;
  if (!search.empty()) out += "search " + join(search, " ") + "\n";
  for (const std::string& server : servers) out += "nameserver " + server + "\n";
  if (!options.empty()) out += "options " + join(options, " ") + "\n";
  return out;
}

std::string host_resolv_conf() {
  auto text = read_file("/etc/resolv.conf", 1 << 20);
  std::string out = text.ok() ? std::move(*text) : std::string();
  // systemd-resolved's stub listens on the host's loopback alone; its own list of servers is beside it.
  if (out.find("nameserver 127.0.0.53") != std::string::npos) {
    if (auto real = read_file("/run/systemd/resolve/resolv.conf", 1 << 20); real.ok()) return std::move(*real);
  }
  return out;
}

}  // namespace creel::net
