#include "engine/runtime/child/namespace_names.h"

#include <fcntl.h>

#include <climits>

#include "base/file.h"
#include "base/text.h"

namespace creel::engine::runtime {

namespace {

constexpr std::string_view kPrefix = "fd:";

}  // namespace

std::string descriptor_name(int fd) { return std::string(kPrefix) + std::to_string(fd); }

int named_descriptor(const std::string& name) {
  if (!name.starts_with(kPrefix)) return -1;
  const auto number = parse_int(std::string_view(name).substr(kPrefix.size()), "descriptor");
  return number.ok() && *number >= 0 && *number <= INT_MAX ? static_cast<int>(*number) : -1;
}

Result<Fd> open_namespace(const std::string& name) {
  const int known = named_descriptor(name);
  if (known < 0) return open_file(name, O_RDONLY);
  Fd copy(fcntl(known, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return errno_error("namespace " + name);
  return copy;
}

}  // namespace creel::engine::runtime
