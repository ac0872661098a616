#include "registry/config_paths.h"

#include <cstdlib>

namespace creel::registry {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string user_config(const std::string& name) {
  std::string config = environment("XDG_CONFIG_HOME");
  if (config.empty()) {
    const std::string home = environment("HOME");
    if (home.empty()) return {};
    config = home + "/.config";
  }
  return config + "/containers/" + name;
}

}  // namespace creel::registry
