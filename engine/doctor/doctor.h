// `creel doctor`: what this host gives to this user, found out by trying it: a user namespace is made, an overlay
// mounted, a container run. Nothing stays behind, and neither the store nor the user's containers are touched. Not
// thread-safe, and only for a process that ends soon: as root it moves into a mount namespace of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace creel::engine {

enum class Health : std::uint8_t {
  kOk,
  kLimited,  // something is lost, `lost` says what; creel run works
  kFails,    // creel run does not work
  kUntried,  // what it needs has failed already
};
const char* to_string(Health health);

struct Finding {
  std::string name;  // "user namespaces"
  Health health = Health::kOk;
  std::string found;  // what was seen, or the error
  std::string lost;   // without it; empty where nothing is
  std::string cure;   // a command, or what to ask an administrator for; empty where none is known
};

struct HostReport {
  std::vector<Finding> findings;
  // `creel run IMAGE`, without further flags.
  [[nodiscard]] bool runs() const;
};

// Never fails: what cannot be tried is a finding.
HostReport examine_host(const Options& options);

}  // namespace creel::engine
