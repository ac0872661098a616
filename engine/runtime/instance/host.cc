#include "engine/runtime/instance/host.h"

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::runtime {

bool in_initial_user_namespace() {
  // The initial one maps every ID to itself (user_namespaces(7)); no other can, for its parent keeps -1.
  auto map = read_file("/proc/self/uid_map", 4096);
  if (!map.ok()) return true;
  std::string fields;
  for (const std::string& field : split(trim(*map), ' ')) {
    if (!field.empty()) fields += field + " ";
  }
  return fields == "0 0 4294967295 ";
}

}  // namespace creel::engine::runtime
