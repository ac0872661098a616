// Names of numeric IDs, by the text of a passwd(5) or group(5) file, which may be hostile. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace creel::engine {

class IdNames {
 public:
  IdNames() = default;
  explicit IdNames(const std::string& text);
  // The number itself where it has no name.
  [[nodiscard]] std::string of(std::uint32_t id) const;
  [[nodiscard]] std::string of(const std::vector<std::uint32_t>& ids) const;  // "a,b"

 private:
  std::map<std::uint32_t, std::string> names_;
};

// One line of /proc/PID/uid_map or gid_map: how the reader's IDs look in the process's user namespace.
class IdView {
 public:
  IdView() = default;
  explicit IdView(const std::string& text);
  // 65534, which stands for all of them, where it is not mapped.
  [[nodiscard]] std::uint32_t inside(std::uint32_t outside) const;

 private:
  struct Range {
    std::uint32_t inside, outside, count;
  };
  std::vector<Range> ranges_;
};

}  // namespace creel::engine
