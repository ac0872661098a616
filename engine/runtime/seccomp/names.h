// What config.json calls the constants of seccomp(2) and libseccomp. Thread-safe.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV  // Linux 5.19
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace creel::engine::runtime {

// "SCMP_ACT_ERRNO" with its number in the lower bits; actions that carry none ignore `number`.
std::optional<std::uint32_t> action_of(std::string_view name, std::uint32_t number);
const char* action_name(std::uint32_t action);
// SCMP_ACT_ERRNO and SCMP_ACT_TRACE.
bool action_takes_number(std::uint32_t action);

std::optional<scmp_compare> operator_of(std::string_view name);
const char* operator_name(scmp_compare op);

// "SCMP_ARCH_X86_64" <-> the token. 0: unknown.
std::uint32_t architecture_of(std::string_view name);
std::string architecture_name(std::uint32_t token);

// "SECCOMP_FILTER_FLAG_LOG" <-> SECCOMP_FILTER_FLAG_*.
std::optional<std::uint32_t> flag_of(std::string_view name);
std::vector<std::string> flag_names(std::uint32_t flags);

}  // namespace creel::engine::runtime
