#include "engine/node_storage.h"

#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "base/toml.h"
#include "rootless/directories.h"

namespace creel::engine {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

void replace(std::string& text, std::string_view name, const std::string& value) {
  for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
}

// The first file that names one: Podman's own order.
std::string configured() {
  std::string home = environment("XDG_CONFIG_HOME");
  if (home.empty()) home = environment("HOME") + "/.config";
  for (const std::string& file :
       {environment("CONTAINERS_STORAGE_CONF"), home + "/containers/storage.conf",
        std::string("/etc/containers/storage.conf"), std::string("/usr/share/containers/storage.conf")}) {
    auto text = file.empty() ? Result<std::string>(std::string()) : read_file(file, 1 << 20);
    if (!text.ok()) continue;
    if (std::string path = rootless_storage_path(*text); !path.empty()) return path;
  }
  return {};
}

}  // namespace

std::string rootless_storage_path(const std::string& text) {
  const toml::parse_result parsed = toml::parse(std::string_view(text));
  if (!parsed) return {};
  std::string path = parsed.table()["storage"]["rootless_storage_path"].value_or(std::string());
  replace(path, "$HOME", environment("HOME"));
  replace(path, "$USER", rootless::user_name());
  replace(path, "$UID", std::to_string(getuid()));
  return path.starts_with('/') ? path : std::string();
}

std::vector<std::string> node_directories() {
  if (std::string own = environment("CREEL_NODE_STORAGE"); !own.empty()) return {std::move(own)};
  std::vector<std::string> out;
  // Beside Podman's, not in it: `podman system reset` deletes that.
  if (const std::string path = configured(); !path.empty()) out.push_back(path.substr(0, path.find_last_of('/')));
  out.insert(out.end(), {"/var/tmp", "/tmp"});
  return out;
}

std::string node_store_name(const std::string& store) {
  // FNV-1a: it only keeps one user's homes apart.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : store) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  std::array<unsigned char, 4> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(hash >> (8 * i));
  return "creel-" + std::to_string(getuid()) + "-" + to_hex(bytes.data(), bytes.size());
}

}  // namespace creel::engine
