// Where a command's errors go: stderr, and --log in the form that the caller reads (conmon and containerd want JSON).
#pragma once

#include "base/result.h"
#include "cmd/runtime/command.h"

namespace creel::cmd::runtime {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };
// Appended in one write, because several processes may share the file.
void report(const Global& global, Level level, const Error& error);

}  // namespace creel::cmd::runtime
