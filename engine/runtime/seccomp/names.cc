#include "engine/runtime/seccomp/names.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace creel::engine::runtime {

namespace {

struct Action {
  const char* name;
  std::uint32_t value;
  bool takes_number;
};
// Of two names for one action the first is written.
constexpr std::array<Action, 9> kActions = {{{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false},
                                             {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true},
                                             {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false},
                                             {"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD, false},
                                             {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false},
                                             {"SCMP_ACT_TRAP", SCMP_ACT_TRAP, false},
                                             {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true},
                                             {"SCMP_ACT_LOG", SCMP_ACT_LOG, false},
                                             {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false}}};

constexpr std::array<std::pair<const char*, scmp_compare>, 7> kOperators = {{
    {"SCMP_CMP_NE", SCMP_CMP_NE},
    {"SCMP_CMP_LT", SCMP_CMP_LT},
    {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ},
    {"SCMP_CMP_GE", SCMP_CMP_GE},
    {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
}};

// libseccomp has names for its tokens in one direction only.
constexpr std::array<const char*, 22> kArchitectures = {
    "X86_64", "X86",      "X32",         "AARCH64",     "ARM",      "S390X", "S390",   "PPC64LE",
    "PPC64",  "PPC",      "RISCV64",     "LOONGARCH64", "M68K",     "MIPS",  "MIPS64", "MIPS64N32",
    "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PARISC",      "PARISC64", "SH"};

constexpr std::array<std::pair<const char*, std::uint32_t>, 4> kFlags = {{
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
}};

constexpr std::string_view kArchitecturePrefix = "SCMP_ARCH_";

const Action& action_entry(std::uint32_t action) {
  const auto* found = std::find_if(kActions.begin(), kActions.end(), [action](const Action& one) {
    return one.value == (action & SECCOMP_RET_ACTION_FULL);
  });
  return found == kActions.end() ? kActions[2] : *found;
}

}  // namespace

std::optional<std::uint32_t> action_of(std::string_view name, std::uint32_t number) {
  for (const Action& one : kActions) {
    if (one.name == name) return one.takes_number ? one.value | (number & SECCOMP_RET_DATA) : one.value;
  }
  return std::nullopt;
}

const char* action_name(std::uint32_t action) {
  return action_entry(action).name;
}

bool action_takes_number(std::uint32_t action) {
  return action_entry(action).takes_number;
}

std::optional<scmp_compare> operator_of(std::string_view name) {
  for (const auto& [known, value] : kOperators) {
    if (known == name) return value;
  }
  return std::nullopt;
}

const char* operator_name(scmp_compare op) {
  for (const auto& [known, value] : kOperators) {
    if (value == op) return known;
  }
  return "SCMP_CMP_EQ";
}

std::uint32_t architecture_of(std::string_view name) {
  if (name.rfind(kArchitecturePrefix, 0) != 0) return 0;
  std::string plain(name.substr(kArchitecturePrefix.size()));
  std::transform(plain.begin(), plain.end(), plain.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return plain.empty() ? 0 : seccomp_arch_resolve_name(plain.c_str());
}

std::string architecture_name(std::uint32_t token) {
  for (const char* plain : kArchitectures) {
    std::string name = std::string(kArchitecturePrefix) + plain;
    if (architecture_of(name) == token) return name;
  }
  return {};
}

std::optional<std::uint32_t> flag_of(std::string_view name) {
  for (const auto& [known, value] : kFlags) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> flag_names(std::uint32_t flags) {
  std::vector<std::string> out;
  for (const auto& [known, value] : kFlags) {
    if ((flags & value) != 0) out.emplace_back(known);
  }
  return out;
}

}  // namespace creel::engine::runtime
