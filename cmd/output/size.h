#pragma once

#include <cstdint>
#include <string>

namespace creel::cmd {

// "2.141MB" (powers of 1000, four digits, no space): what Podman's df, prune and stats print.
std::string size_text(std::int64_t bytes);

}  // namespace creel::cmd
