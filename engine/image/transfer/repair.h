// `system check --repair`: what check_store() found. A layer is unpacked again from its blob; what cannot be made again
// goes, and the images that need it. Run inside the user namespace.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/system/check.h"

namespace creel::engine::transfer {

// For CheckOptions: reads the whole file.
Result<bool> has_digest(int fd, const Digest& digest);

struct RepairOptions {
  bool force = false;           // containers of images that go, too
  std::int64_t min_age_ns = 0;  // unnamed content that is younger stays
};
// `tell` gets a line for each thing done, or that could not be done.
Result<void> repair_store(Engine& engine, const CheckReport& report, const RepairOptions& options,
                          const std::function<void(const std::string& line)>& tell);

}  // namespace creel::engine::transfer
