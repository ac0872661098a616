#include "engine/runtime/seccomp/select.h"

#include <linux/seccomp.h>

#include "engine/runtime/seccomp/default_policy.h"
#include "engine/runtime/seccomp/precompiled.h"
#include "engine/runtime/seccomp/profile.h"

namespace creel::engine::runtime {

namespace {

Result<SeccompFilter> default_filter(std::uint64_t bounding) {
  const std::uint64_t capabilities = bounding & default_policy_capabilities();
  for (std::size_t i = 0; i < kPrecompiledFilterCount; ++i) {
    const PrecompiledFilter& filter = kPrecompiledFilters[i];
    if (filter.capabilities != capabilities) continue;
    return SeccompFilter{
        std::string(reinterpret_cast<const char*>(filter.code), filter.count * sizeof(sock_filter)), 0, {}, {}};
  }
  TRY_SET(std::string code, compile_policy(default_policy(capabilities)));
  return SeccompFilter{std::move(code), 0, {}, {}};
}

}  // namespace

Result<SeccompFilter> seccomp_filter(const Seccomp& wanted, std::uint64_t bounding) {
  switch (wanted.kind) {
    case SeccompKind::kUnconfined:
      return SeccompFilter{};
    case SeccompKind::kDefault:
      return default_filter(bounding);
    case SeccompKind::kProfile:
      break;
  }
  TRY_SET(SeccompPolicy policy, parse_seccomp_profile(wanted.profile, bounding));
  auto code = compile_policy(policy);
  if (!code.ok()) return std::move(code).error().within("seccomp profile");
  // The process that loads it has one thread.
  const std::uint32_t flags = policy.flags & ~std::uint32_t{SECCOMP_FILTER_FLAG_TSYNC};
  return SeccompFilter{std::move(*code), flags, std::move(policy.listener_path), std::move(policy.listener_metadata)};
}

}  // namespace creel::engine::runtime
