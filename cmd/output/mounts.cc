#include "cmd/output/mounts.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace creel::cmd {

Result<void> check_mount_format(const std::string& format) {
  if (format.empty() || format == "json") return {};
  return fail(Code::kInvalid, "unknown --format argument: \"" + format + "\": only json is known");
}

void print_mounts(const std::vector<MountRow>& rows, const std::string& format) {
  if (format.empty()) {
    std::size_t width = 0;
    for (const MountRow& row : rows) width = std::max(width, row.shown.size());
    for (const MountRow& row : rows) {
      std::printf("%-*s  %s\n", static_cast<int>(width), row.shown.c_str(), row.path.c_str());
    }
    return;
  }
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const MountRow& row : rows) {
    nlohmann::ordered_json one = {{"id", row.id}, {"Names", row.names}};
    if (!row.repositories.empty()) one["Repositories"] = row.repositories;
    one["mountpoint"] = row.path;
    out.push_back(std::move(one));
  }
  std::printf("%s\n", out.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
}

}  // namespace creel::cmd
