#include "registry/host.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <string>

#include "registry/oci/json.h"

namespace creel::registry {

namespace {

std::string_view name_of(std::string_view domain) {
  if (domain.starts_with('[')) return domain.substr(0, std::min(domain.find(']'), domain.size() - 1) + 1);
  return domain.substr(0, domain.find(':'));
}

bool is_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '_';
  });
  return plain && !name.empty() && name.size() < 256 && name.front() != '.' && name.front() != '-' &&
         name.find("..") == std::string_view::npos;
}

bool is_ipv6(std::string_view name) {
  in6_addr address{};
  return name.size() > 2 && name.front() == '[' && name.back() == ']' &&
         inet_pton(AF_INET6, std::string(name.substr(1, name.size() - 2)).c_str(), &address) == 1;
}

}  // namespace

Result<void> check_host(std::string_view domain) {
  const std::string_view name = name_of(domain);
  std::string_view port = domain.substr(name.size());
  bool good = is_name(name) || is_ipv6(name);
  if (good && !port.empty()) {
    port.remove_prefix(1);
    const std::string_view digits = port;
    good = domain[name.size()] == ':' && !digits.empty() && digits.size() <= 5 &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
           std::stoi(std::string(digits)) <= 65535;
  }
  if (good) return {};
  return fail(Code::kInvalid, "malformed registry name \"" + oci::printable(domain, 100) + "\"");
}

bool is_loopback(std::string_view domain) {
  const std::string name(name_of(domain));
  if (name == "localhost" || name == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, name.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

bool has_port(std::string_view domain) {
  return name_of(domain).size() < domain.size();
}

}  // namespace creel::registry
