#include <arpa/inet.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "engine/image/image.h"

namespace creel::engine {

namespace {

bool is_lower_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
  return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

// path-component := [a-z0-9]+ ( (\.|_|__|-+) [a-z0-9]+ )*
bool valid_path_component(std::string_view part) {
  std::size_t i = 0;
  auto run = [&] {
    std::size_t start = i;
    while (i < part.size() && is_lower_alnum(part[i])) ++i;
    return i > start;
  };
  if (!run()) return false;
  while (i < part.size()) {
    if (part[i] == '-') {
      while (i < part.size() && part[i] == '-') ++i;
    } else if (part[i] == '.') {
      ++i;
    } else if (part[i] == '_') {
      ++i;
      if (i < part.size() && part[i] == '_') ++i;
    } else {
      return false;
    }
    if (!run()) return false;
  }
  return true;
}

// Host name, IPv4 or bracketed IPv6 address, with an optional port.
bool valid_domain(std::string_view domain) {
  std::string_view host = domain;
  std::string_view port;
  if (!domain.empty() && domain.front() == '[') {
    std::size_t end = domain.find(']');
    if (end == std::string_view::npos) return false;
    in6_addr address{};
    if (inet_pton(AF_INET6, std::string(domain.substr(1, end - 1)).c_str(), &address) != 1) return false;
    std::string_view rest = domain.substr(end + 1);
    if (rest.empty()) return true;
    if (rest.front() != ':') return false;
    port = rest.substr(1);
    host = {};
  } else if (std::size_t colon = domain.find(':'); colon != std::string_view::npos) {
    host = domain.substr(0, colon);
    port = domain.substr(colon + 1);
  } else {
    port = "1";
  }
  if (port.empty() || port.size() > 5 ||
      !std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; }) ||
      std::stoi(std::string(port)) > 65535) {
    return false;
  }
  if (!domain.empty() && domain.front() == '[') return true;
  for (const std::string& label : split(host, '.')) {
    if (label.empty() || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; })) return false;
  }
  return true;
}

bool valid_tag(std::string_view tag) {
  if (tag.empty() || tag.size() > 128 || tag.front() == '.' || tag.front() == '-') return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace

std::string Reference::text() const {
  std::string out = repository();
  if (!tag.empty()) out.append(":").append(tag);
  if (!digest.empty()) out.append("@").append(digest.text());
  return out;
}

Result<Reference> parse_reference(const std::string& text) {
  auto bad = [&](const char* why) { return fail(Code::kInvalid, "parsing reference \"" + text + "\": " + why); };
  if (text.empty()) return bad("repository name must have at least one component");
  if (text.size() > 4096) return fail(Code::kInvalid, "parsing reference: it is longer than 4096 characters");
  Reference out;
  std::string rest = text;
  if (std::size_t at = rest.find('@'); at != std::string::npos) {
    auto digest = Digest::parse(std::string_view(rest).substr(at + 1));
    if (!digest.ok()) return bad("invalid digest (sha256:<64 hex digits> is expected)");
    out.digest = std::move(digest).value();
    rest.resize(at);
  }
  std::size_t slash = rest.rfind('/');
  std::size_t colon = rest.rfind(':');
  if (colon != std::string::npos && (slash == std::string::npos || colon > slash)) {
    out.tag = rest.substr(colon + 1);
    rest.resize(colon);
    if (!valid_tag(out.tag)) return bad("invalid tag");
  } else if (out.digest.empty()) {
    out.tag = "latest";
  }
  // The first component is a domain when it can be nothing else: a dot, a port, "localhost", or an upper-case letter.
  std::size_t first = rest.find('/');
  std::string head = rest.substr(0, first);
  bool has_domain = first != std::string::npos &&
                    (head.find_first_of(".:[") != std::string::npos || head == "localhost" ||
                     std::any_of(head.begin(), head.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  if (has_domain) {
    out.domain = head;
    out.path = rest.substr(first + 1);
    if (out.domain == "index.docker.io") out.domain = "docker.io";
  } else {
    out.domain = "docker.io";
    out.path = rest;
  }
  if (!valid_domain(out.domain)) return bad("invalid registry name");
  if (out.domain == "docker.io" && out.path.find('/') == std::string::npos) out.path = "library/" + out.path;
  for (const std::string& component : split(out.path, '/')) {
    if (valid_path_component(component)) continue;
    if (std::any_of(component.begin(), component.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
      return bad("repository name must be lowercase");
    }
    return bad("invalid reference format");
  }
  if (out.repository().size() > 255) return bad("repository name must not be more than 255 characters");
  return out;
}

}  // namespace creel::engine
