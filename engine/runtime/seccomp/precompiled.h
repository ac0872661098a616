// The default policy's filters that the build has made (engine/runtime/tools/make_default_filters.cc).
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>

namespace creel::engine::runtime {

struct PrecompiledFilter {
  std::uint64_t capabilities;  // those of default_policy_capabilities() that the process has
  const sock_filter* code;
  std::size_t count;
};
extern const PrecompiledFilter kPrecompiledFilters[];
extern const std::size_t kPrecompiledFilterCount;

}  // namespace creel::engine::runtime
