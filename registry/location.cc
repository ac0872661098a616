#include "registry/location.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace creel::registry {

namespace {

struct Name {
  const char* prefix;  // with its colon
  Transport transport;
};
constexpr std::array<Name, 5> kLocal{{{"oci-archive:", Transport::kOciArchive},
                                      {"oci:", Transport::kOci},
                                      {"docker-archive:", Transport::kDockerArchive},
                                      {"dir:", Transport::kDir},
                                      {"containers-storage:", Transport::kContainersStorage}}};
constexpr std::array<const char*, 6> kUnbuilt{"docker-daemon:", "sif:", "ostree:", "tarball:", "atomic:", "openshift:"};

constexpr const char* kDocker = "docker://";

// Such a registry's name ("oci:5000/x") must be said to be one.
bool names_transport(const std::string& text) {
  const auto begins = [&](const char* prefix) { return text.starts_with(prefix); };
  return begins(kDocker) || std::any_of(kUnbuilt.begin(), kUnbuilt.end(), begins) ||
         std::any_of(kLocal.begin(), kLocal.end(), [&](const Name& name) { return begins(name.prefix); });
}

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// What the OCI layout allows as org.opencontainers.image.ref.name; names of images are among it. "@5" is the fifth
// image of an archive.
bool is_reference(std::string_view text) {
  if (text.starts_with('@')) {
    text.remove_prefix(1);
    return !text.empty() && text.size() < 10 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }
  if (text.empty() || !plain(text.front()) || !plain(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return plain(c) || std::string_view("-._:@+/").find(c) != std::string_view::npos; });
}

Result<Location> storage_location(Location out, const std::string& rest) {
  const auto bad = [&](const char* why) {
    return fail(Code::kInvalid, "invalid location containers-storage:" + rest + ": " + why);
  };
  out.reference = rest;
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string::npos) return bad("the bracket is not closed");
    out.path = rest.substr(1, end - 1);
    out.reference = rest.substr(end + 1);
  }
  if (out.reference.empty()) return bad("it names no image");
  return out;
}

}  // namespace

std::string Location::text() const {
  if (transport == Transport::kRegistry) return (names_transport(reference) ? kDocker : "") + reference;
  for (const Name& name : kLocal) {
    if (name.transport != transport) continue;
    if (transport == Transport::kContainersStorage) {
      return name.prefix + (path.empty() ? std::string() : "[" + path + "]") + reference;
    }
    return name.prefix + path + (reference.empty() ? "" : ":" + reference);
  }
  return reference;
}

Result<Location> parse_location(const std::string& given) {
  if (given.starts_with(kDocker)) {
    Location out;
    out.reference = given.substr(std::string_view(kDocker).size());
    if (out.reference.empty()) return fail(Code::kInvalid, "invalid location " + given + ": it names no image");
    return out;
  }
  for (const char* prefix : kUnbuilt) {
    if (!given.starts_with(prefix)) continue;
    return fail(Code::kUnsupported, "unable to use " + given + ": the transport " + prefix + " is not built")
        .with_hint(given.starts_with("docker-daemon:") ? "docker save IMAGE | creel load" : "");
  }
  for (const Name& name : kLocal) {
    if (!given.starts_with(name.prefix)) continue;
    const std::string rest = given.substr(std::string_view(name.prefix).size());
    Location out;
    out.transport = name.transport;
    if (rest.empty()) return fail(Code::kInvalid, "invalid location " + given + ": it names nothing");
    if (name.transport == Transport::kContainersStorage) return storage_location(std::move(out), rest);
    out.path = rest;
    if (name.transport == Transport::kDir) return out;
    const std::size_t colon = rest.find(':');
    if (colon == std::string::npos) return out;
    out.path = rest.substr(0, colon);
    out.reference = rest.substr(colon + 1);
    if (out.path.empty()) return fail(Code::kInvalid, "invalid location " + given + ": the path is missing");
    // "oci:DIRECTORY:" is one without a reference.
    if (!out.reference.empty() && !is_reference(out.reference)) {
      return fail(Code::kInvalid, "invalid location " + given + ": \"" + out.reference + "\" is no reference");
    }
    return out;
  }
  Location out;
  out.reference = given;
  if (given.empty()) return fail(Code::kInvalid, "invalid location: it is empty");
  return out;
}

}  // namespace creel::registry
