#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/lock.h"
#include "base/result.h"
#include "storage/paths.h"

namespace creel::storage {

// A volume on its way out: its record is gone, its directory is dead staging, `name()` in `parent()`. The caller
// deletes that inside the user namespace, where its files may belong to subordinate IDs; the destructor tries from
// outside. What is left then, or by kill -9, is reclaimed as all dead staging is. Not thread-safe.
class BuriedVolume {
 public:
  // kInUse names the containers; kNotFound.
  static Result<BuriedVolume> bury(const Paths& paths, const std::string& volume);
  BuriedVolume(BuriedVolume&&) noexcept = default;
  BuriedVolume& operator=(BuriedVolume&&) = delete;
  ~BuriedVolume();
  [[nodiscard]] const std::string& parent() const { return parent_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  BuriedVolume() = default;
  static Result<BuriedVolume> bury_once(const Paths& paths, const std::string& volume);
  std::string parent_, name_;
  Fd dir_;  // of parent_
  std::optional<FileLock> lock_;
};

}  // namespace creel::storage
