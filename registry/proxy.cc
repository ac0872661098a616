#include "registry/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/text.h"
#include "registry/config_paths.h"
#include "registry/host.h"

namespace creel::registry {

namespace {

struct Address {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  // 32 or 128
};

std::optional<Address> parse_address(const std::string& text) {
  Address out;
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 32;
    return out;
  }
  if (inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 128;
    return out;
  }
  return std::nullopt;
}

bool within(const Address& address, const Address& network, std::int64_t prefix) {
  if (address.bits != network.bits || prefix < 0 || prefix > network.bits) return false;
  for (std::int64_t bit = 0; bit < prefix; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 0x80 >> (bit % 8);
    if ((address.bytes[byte] & mask) != (network.bytes[byte] & mask)) return false;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

struct Place {
  std::string host, port;  // the host without brackets
};

Place place_of(const std::string& text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string::npos) return {text, {}};
    return {text.substr(1, end - 1), text.substr(std::min(end + 2, text.size()))};
  }
  // An IPv6 address without brackets has no port.
  if (std::count(text.begin(), text.end(), ':') > 1) return {text, {}};
  Cut parts = cut(text, ':');
  return {parts.before, parts.after};
}

// Small letters first, as libcurl: the capital HTTP_PROXY is what a CGI program gets from a "Proxy:" header.
std::string either(const char* small, const char* capital) {
  std::string out = environment(small);
  return out.empty() ? environment(capital) : out;
}

}  // namespace

bool is_exempt(std::string_view no_proxy, std::string_view authority) {
  const Place target = place_of(lower(authority));
  const auto address = parse_address(target.host);
  for (const std::string& part : split(no_proxy, ',')) {
    const std::string entry = lower(trim(part));
    if (entry.empty()) continue;
    if (entry == "*") return true;
    if (const std::size_t slash = entry.find('/'); slash != std::string::npos) {
      const auto network = parse_address(entry.substr(0, slash));
      const auto prefix = parse_int(entry.substr(slash + 1), "prefix");
      if (address && network && prefix && within(*address, *network, *prefix)) return true;
      continue;
    }
    Place exempt = place_of(entry);
    if (!exempt.port.empty() && exempt.port != target.port) continue;
    if (const auto one = parse_address(exempt.host)) {
      if (address && within(*address, *one, one->bits)) return true;
      continue;
    }
    if (exempt.host.starts_with("*.")) exempt.host.erase(0, 1);
    const bool beneath_alone = exempt.host.starts_with('.');
    const std::string suffix = beneath_alone ? exempt.host : "." + exempt.host;
    if (target.host.ends_with(suffix) && target.host.size() > suffix.size()) return true;
    if (!beneath_alone && target.host == exempt.host) return true;
  }
  return false;
}

std::string proxy_for(std::string_view scheme, std::string_view authority) {
  if (is_loopback(authority) || is_exempt(either("no_proxy", "NO_PROXY"), authority)) return {};
  std::string out;
  if (scheme == "https") {
    out = either("https_proxy", "HTTPS_PROXY");
  } else {
    out = environment("http_proxy");
    if (out.empty() && environment("REQUEST_METHOD").empty()) out = environment("HTTP_PROXY");
  }
  return out.empty() ? either("all_proxy", "ALL_PROXY") : out;
}

}  // namespace creel::registry
