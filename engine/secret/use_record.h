// What a container's record knows of a secret that it is given: never its data.
#pragma once

#include <cstdint>
#include <string>

namespace creel::engine {

struct SecretUse {
  std::string id, name;
  std::string target;  // path of the file, or the variable's name
  bool environment = false;
  std::uint32_t uid = 0, gid = 0, mode = 0444;
};

}  // namespace creel::engine
