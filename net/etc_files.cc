#include "net/etc_files.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

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
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (!word.empty()) out.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  return out;
}

bool is_loopback(const std::string& server) {
  return server.rfind("127.", 0) == 0 || server == "::1";
}

}  // namespace

namespace {

// Lines of a hosts file, and the names that have one already.
class HostLines {
 public:
  void add(const std::string& address, const std::vector<std::string>& names) {
    text_ += address + "\t" + join(names, " ") + "\n";
    taken_.insert(names.begin(), names.end());
  }
  // Only the names that nothing above has given to another address: the first line wins.
  void add_free(const std::string& address, const std::vector<std::string>& names) {
    std::vector<std::string> free;
    for (const std::string& name : names) {
      if (!name.empty() && !taken_.contains(name) && std::find(free.begin(), free.end(), name) == free.end()) {
        free.push_back(name);
      }
    }
    if (!free.empty()) text_ += address + "\t" + join(free, " ") + "\n";
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
  std::set<std::string> taken_;
};

}  // namespace

Result<std::string> hosts_file(const HostsRequest& request) {
  HostLines out;
  for (const std::string& item : request.add) {
    const Cut pair = cut(item, ':');
    std::string address = pair.after;
    if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
      address = address.substr(1, address.size() - 2);
    }
    std::string separated = pair.before;
    std::replace(separated.begin(), separated.end(), ';', ' ');
    const std::vector<std::string> names = words(separated);
    if (!pair.found || names.empty() || address.empty()) {
      return fail(Code::kInvalid, "unable to parse host entry \"" + item + "\": incorrect format, expected NAME:IP");
    }
    if (address == "host-gateway") {
      if (request.host_address.empty()) {
        return fail(Code::kUnavailable, "unable to replace \"host-gateway\" of host entry \"" + item +
                                            "\": host containers internal IP address is empty");
      }
      address = request.host_address;
    }
    if (!is_address(address)) return fail(Code::kInvalid, "invalid IP address in add-host: \"" + address + "\"");
    out.add(address, names);
  }
  for (const std::string& line : split(request.host_file, '\n')) {
    const std::vector<std::string> parts = words(line.substr(0, line.find('#')));
    if (parts.size() < 2 || !is_address(parts[0])) continue;
    out.add(parts[0], {parts.begin() + 1, parts.end()});
  }
  out.add_free("127.0.0.1", {"localhost"});
  out.add_free("::1", {"localhost"});
  if (!request.host_address.empty()) {
    out.add_free(request.host_address, {"host.containers.internal", "host.docker.internal"});
  }
  // With no address of its own, a container still knows its name.
  out.add_free(request.address.empty() ? "127.0.0.1" : request.address, {request.hostname, request.name});
  return std::move(out).text();
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
      if (!request.own_namespace || (!is_loopback(parts[0]) && parts[0].find('%') == std::string::npos))
        servers.push_back(parts[0]);
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
  if (std::find(search.begin(), search.end(), ".") != search.end()) search.clear();
  if (!request.options.empty()) options = request.options;
  if (servers.empty()) servers = {"8.8.8.8", "8.8.4.4"};
  std::string out;
  if (!search.empty()) out += "search " + join(search, " ") + "\n";
  for (const std::string& server : servers) out += "nameserver " + server + "\n";
  if (!options.empty()) out += "options " + join(options, " ") + "\n";
  return out;
}

const char* real_resolv_conf(const std::string& text) {
  std::vector<std::string> servers;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> parts = words(line.substr(0, line.find_first_of("#;")));
    if (parts.size() >= 2 && parts[0] == "nameserver") servers.push_back(parts[1]);
  }
  if (servers.size() != 1) return nullptr;
  if (servers[0] == "127.0.0.53") return "/run/systemd/resolve/resolv.conf";
  if (servers[0] == "127.0.0.1") return "/run/NetworkManager/no-stub-resolv.conf";
  return nullptr;
}

std::string host_resolv_conf() {
  auto text = read_file("/etc/resolv.conf", 1 << 20);
  std::string out = text.ok() ? std::move(*text) : std::string();
  // A stub listens on the host's loopback alone; who runs it has its own list of servers beside it.
  const char* beside = real_resolv_conf(out);
  if (beside == nullptr) return out;
  auto real = read_file(beside, 1 << 20);
  return real.ok() ? std::move(*real) : out;
}

}  // namespace creel::net
