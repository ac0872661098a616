// `system check`: every record against the disk, every file against the records. Damage is what no interrupted command
// leaves: that is a leftover, which the next commands reclaim.
// Not thread-safe; run inside the user namespace (Engine::open_inside). Other commands may be at work meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/system/usage.h"

namespace creel::engine {

struct Damage {
  enum class Kind : std::uint8_t { kDatabase, kBlob, kLayer, kImage, kContainer, kStrange };
  Kind kind = Kind::kDatabase;
  std::string object;  // hex of the digest, ID, or path beneath the store
  std::string text;    // "layer sha256:…: …"
  bool operator==(const Damage&) const = default;
};
struct CheckReport {
  std::vector<Damage> damage;
  UseSummary leftovers;
};
struct CheckOptions {
  // Whether the bytes have that digest; null: sizes are compared, nothing is read.
  std::function<Result<bool>(int fd, const Digest& digest)> has_digest;
};
Result<CheckReport> check_store(Engine& engine, const CheckOptions& options);

}  // namespace creel::engine
