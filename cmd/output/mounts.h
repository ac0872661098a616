// What mount and image mount print.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace creel::cmd {

struct MountRow {
  std::string id, shown;                  // `shown`: the table's first column
  std::vector<std::string> names;         // of the container
  std::vector<std::string> repositories;  // of the image: its names
  std::string path;
};
// "" and "json" are known.
Result<void> check_mount_format(const std::string& format);
void print_mounts(const std::vector<MountRow>& rows, const std::string& format);

}  // namespace creel::cmd
