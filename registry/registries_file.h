// What registries.conf files say, as data. Reading is thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace creel::registry {

// What becomes of a name without a registry that no alias explains and that several registries may have.
enum class ShortNameMode : std::uint8_t {
  kPermissive,  // whoever sits at the terminal is asked; without one, all registries are tried
  kEnforcing,   // whoever sits at the terminal is asked; without one, it is an error
  kDisabled,    // all registries are tried
};

struct RegistriesSettings {
  struct Mirror {
    std::string location;
    bool insecure = false, for_tags = true, for_digests = true;
  };
  struct Entry {
    std::string prefix, location;  // without a slash at the end
    bool insecure = false, blocked = false;
    std::vector<Mirror> mirrors;
  };
  struct Alias {
    std::string value;  // "registry.example/namespace/image"; as written, unchecked
    std::string file;   // that has it
  };
  std::vector<Entry> entries;  // one per prefix
  std::vector<std::string> search, credential_helpers;
  std::string search_file;
  std::map<std::string, Alias> aliases;
  ShortNameMode mode = ShortNameMode::kPermissive;
};

// What the file sets overrides what `into` has. `main`: it may be of version 1. An absent file sets nothing. kInvalid
// and kUnsupported name file and line, or file and key.
Result<void> add_registries_file(const std::string& file, bool main, RegistriesSettings& into);

}  // namespace creel::registry
