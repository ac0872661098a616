#include "engine/runtime/seccomp/profile.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "engine/runtime/capability_names.h"

namespace creel::engine::runtime {

namespace {

using nlohmann::json;

constexpr std::uint32_t kLargestErrno = 4095;

// The name Go has for this machine's architecture: Docker's format uses those.
#if defined(__x86_64__)
constexpr const char* kGoArchitecture = "amd64";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
constexpr const char* kGoArchitecture = "arm64";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_AARCH64";
#elif defined(__s390x__)
constexpr const char* kGoArchitecture = "s390x";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_S390X";
#elif defined(__powerpc64__)
constexpr const char* kGoArchitecture = "ppc64le";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_PPC64LE";
#elif defined(__riscv)
constexpr const char* kGoArchitecture = "riscv64";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_RISCV64";
#elif defined(__arm__)
constexpr const char* kGoArchitecture = "arm";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_ARM";
#elif defined(__i386__)
constexpr const char* kGoArchitecture = "386";
constexpr const char* kNativeArchitecture = "SCMP_ARCH_X86";
#else
constexpr const char* kGoArchitecture = "";
constexpr const char* kNativeArchitecture = "";
#endif

// A value and where it stands, for the errors.
struct At {
  const json& value;
  std::string path;

  [[nodiscard]] bool absent() const { return value.is_null(); }
  [[nodiscard]] At operator[](const char* key) const {
    static const json nothing;
    const auto found = value.is_object() ? value.find(key) : value.end();
    return {value.is_object() && found != value.end() ? *found : nothing, path.empty() ? key : path + "." + key};
  }
  [[nodiscard]] At item(std::size_t index) const { return {value[index], path + "[" + std::to_string(index) + "]"}; }
};

Error wrong(const At& at, const std::string& why) {
  return fail(Code::kInvalid, "seccomp profile: " + (at.path.empty() ? std::string() : at.path + ": ") + why);
}

Result<std::string> text(const At& at) {
  const auto* value = at.value.get_ptr<const std::string*>();
  if (value == nullptr) return wrong(at, at.absent() ? "missing" : "a string is expected");
  return *value;
}

Result<std::uint64_t> number(const At& at) {
  if (at.absent()) return std::uint64_t{0};
  const auto* value = at.value.get_ptr<const json::number_unsigned_t*>();
  if (value == nullptr) return wrong(at, "a number that is not negative is expected");
  return *value;
}

// The items of a list; an absent one is empty.
Result<std::size_t> count(const At& at) {
  if (at.absent()) return std::size_t{0};
  if (!at.value.is_array()) return wrong(at, "a list is expected");
  return at.value.size();
}

Result<std::vector<std::string>> texts(const At& at) {
  TRY_SET(const std::size_t size, count(at));
  std::vector<std::string> out;
  for (std::size_t i = 0; i < size; ++i) {
    TRY_SET(std::string one, text(at.item(i)));
    out.push_back(std::move(one));
  }
  return out;
}

// errnoRet belongs to ERRNO and TRACE. The name that containers-common writes beside it says the same.
Result<std::uint32_t> action(const At& at, const At& errno_at) {
  TRY_SET(const std::string name, text(at));
  TRY_SET(const std::uint64_t given, number(errno_at));
  if (given > kLargestErrno) return wrong(errno_at, "an error number is at most " + std::to_string(kLargestErrno));
  const auto error = errno_at.absent() ? std::uint32_t{EPERM} : static_cast<std::uint32_t>(given);
  if (name == "SCMP_ACT_ALLOW") return std::uint32_t{SCMP_ACT_ALLOW};
  if (name == "SCMP_ACT_ERRNO") return std::uint32_t{SCMP_ACT_ERRNO(error)};
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return std::uint32_t{SCMP_ACT_KILL_THREAD};
  if (name == "SCMP_ACT_KILL_PROCESS") return std::uint32_t{SCMP_ACT_KILL_PROCESS};
  if (name == "SCMP_ACT_TRAP") return std::uint32_t{SCMP_ACT_TRAP};
  if (name == "SCMP_ACT_TRACE") return std::uint32_t{SCMP_ACT_TRACE(error)};
  if (name == "SCMP_ACT_LOG") return std::uint32_t{SCMP_ACT_LOG};
  if (name == "SCMP_ACT_NOTIFY") {
    Error refused = wrong(at, "SCMP_ACT_NOTIFY is not built yet");
    refused.code = Code::kUnsupported;
    return refused;
  }
  return wrong(at, "unknown action \"" + name + "\"");
}

Result<scmp_compare> comparison(const At& at) {
  static constexpr std::array<std::pair<std::string_view, scmp_compare>, 7> kAll = {{
      {"SCMP_CMP_NE", SCMP_CMP_NE},
      {"SCMP_CMP_LT", SCMP_CMP_LT},
      {"SCMP_CMP_LE", SCMP_CMP_LE},
      {"SCMP_CMP_EQ", SCMP_CMP_EQ},
      {"SCMP_CMP_GE", SCMP_CMP_GE},
      {"SCMP_CMP_GT", SCMP_CMP_GT},
      {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
  }};
  TRY_SET(const std::string name, text(at));
  for (const auto& [known, value] : kAll) {
    if (known == name) return value;
  }
  return wrong(at, "unknown operator \"" + name + "\"");
}

Result<scmp_arg_cmp> argument(const At& at) {
  if (!at.value.is_object()) return wrong(at, "an object is expected");
  TRY_SET(const std::uint64_t index, number(at["index"]));
  if (index > 5) return wrong(at["index"], "a system call has the arguments 0 to 5");
  TRY_SET(const scmp_compare op, comparison(at["op"]));
  TRY_SET(const std::uint64_t value, number(at["value"]));
  TRY_SET(const std::uint64_t second, number(at["valueTwo"]));
  return scmp_arg_cmp{static_cast<unsigned>(index), op, value, second};
}

Result<std::uint32_t> architecture(const At& at) {
  TRY_SET(std::string name, text(at));
  std::string plain = name.rfind("SCMP_ARCH_", 0) == 0 ? name.substr(10) : std::string();
  std::transform(plain.begin(), plain.end(), plain.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::uint32_t token = plain.empty() ? 0 : seccomp_arch_resolve_name(plain.c_str());
  if (token == 0) return wrong(at, "unknown architecture \"" + name + "\"");
  return token;
}

Result<void> read_architectures(const At& profile, SeccompPolicy& policy) {
  const At plain = profile["architectures"];
  const At map = profile["archMap"];
  TRY_SET(const std::size_t listed, count(plain));
  TRY_SET(const std::size_t mapped, count(map));
  if (listed != 0 && mapped != 0) return wrong(plain, "use either architectures or archMap");
  for (std::size_t i = 0; i < listed; ++i) {
    TRY_SET(const std::uint32_t one, architecture(plain.item(i)));
    policy.architectures.push_back(one);
  }
  for (std::size_t i = 0; i < mapped; ++i) {
    const At entry = map.item(i);
    TRY_SET(const std::string name, text(entry["architecture"]));
    if (name != kNativeArchitecture) continue;
    const At subs = entry["subArchitectures"];
    TRY_SET(const std::size_t size, count(subs));
    for (std::size_t k = 0; k < size; ++k) {
      TRY_SET(const std::uint32_t one, architecture(subs.item(k)));
      policy.architectures.push_back(one);
    }
  }
  return {};
}

Result<bool> kernel_is_at_least(const At& at) {
  TRY_SET(const std::string wanted, text(at));
  int major = 0;
  int minor = 0;
  if (std::sscanf(wanted.c_str(), "%d.%d", &major, &minor) != 2) return wrong(at, "a version like 4.8 is expected");
  utsname info{};
  int own_major = 0;
  int own_minor = 0;
  if (uname(&info) != 0 || std::sscanf(info.release, "%d.%d", &own_major, &own_minor) != 2) return true;
  return std::pair(own_major, own_minor) >= std::pair(major, minor);
}

struct Filter {
  std::vector<std::string> arches;
  std::vector<bool> caps;  // whether the process has each
  bool has_kernel = false;
  bool new_kernel = false;
};

Result<Filter> read_filter(const At& at, std::uint64_t capabilities) {
  Filter out;
  if (at.absent()) return out;
  if (!at.value.is_object()) return wrong(at, "an object is expected");
  TRY_SET(out.arches, texts(at["arches"]));
  const At caps = at["caps"];
  TRY_SET(const std::vector<std::string> names, texts(caps));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int bit = capability_number(names[i]);
    if (bit < 0) return wrong(caps.item(i), "unknown capability \"" + names[i] + "\"");
    out.caps.push_back((capabilities >> bit & 1) != 0);
  }
  if (const At kernel = at["minKernel"]; !kernel.absent() && kernel.value != "") {
    out.has_kernel = true;
    TRY_SET(out.new_kernel, kernel_is_at_least(kernel));
  }
  return out;
}

// All of includes must hold, and nothing of excludes.
Result<bool> applies(const At& entry, std::uint64_t capabilities) {
  TRY_SET(const Filter includes, read_filter(entry["includes"], capabilities));
  TRY_SET(const Filter excludes, read_filter(entry["excludes"], capabilities));
  auto here = [](const Filter& filter) {
    return std::find(filter.arches.begin(), filter.arches.end(), kGoArchitecture) != filter.arches.end();
  };
  if (!includes.arches.empty() && !here(includes)) return false;
  if (std::find(includes.caps.begin(), includes.caps.end(), false) != includes.caps.end()) return false;
  if (includes.has_kernel && !includes.new_kernel) return false;
  if (here(excludes)) return false;
  if (std::find(excludes.caps.begin(), excludes.caps.end(), true) != excludes.caps.end()) return false;
  return !(excludes.has_kernel && excludes.new_kernel);
}

Result<SeccompRule> read_rule(const At& entry) {
  SeccompRule rule;
  TRY_SET(rule.names, texts(entry["names"]));
  if (const At single = entry["name"]; !single.absent() && single.value != "") {
    if (!rule.names.empty()) return wrong(single, "use either name or names");
    TRY_SET(std::string name, text(single));
    rule.names.push_back(std::move(name));
  }
  if (rule.names.empty()) return wrong(entry["names"], "no system call is named");
  TRY_SET(rule.action, action(entry["action"], entry["errnoRet"]));
  const At arguments = entry["args"];
  TRY_SET(const std::size_t size, count(arguments));
  for (std::size_t i = 0; i < size; ++i) {
    TRY_SET(const scmp_arg_cmp one, argument(arguments.item(i)));
    rule.arguments.push_back(one);
  }
  return rule;
}

Result<bool> read_flags(const At& at) {
  TRY_SET(const std::vector<std::string> flags, texts(at));
  bool log = false;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    // The process is single-threaded (TSYNC is nothing to do), and mitigations stay as the kernel has them by default.
    if (flags[i] == "SECCOMP_FILTER_FLAG_LOG") {
      log = true;
    } else if (flags[i] != "SECCOMP_FILTER_FLAG_TSYNC") {
      Error refused = wrong(at.item(i), "flag \"" + flags[i] + "\" is not built yet");
      refused.code = Code::kUnsupported;
      return refused;
    }
  }
  return log;
}

// "line L, column C" of a byte in a text.
std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

Result<json> parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return fail(Code::kInvalid, "seccomp profile: " + position(text, error.byte) + ": not valid JSON");
  } catch (const json::exception&) {
    return fail(Code::kInvalid, "seccomp profile: not valid JSON");
  }
}

}  // namespace

Result<SeccompPolicy> parse_seccomp_profile(std::string_view text, std::uint64_t capabilities) {
  TRY_SET(const json document, parse(text));
  const At profile{document, {}};
  if (!document.is_object()) return wrong(profile, "an object is expected");
  SeccompPolicy policy;
  TRY_SET(policy.default_action, action(profile["defaultAction"], profile["defaultErrnoRet"]));
  TRY(read_architectures(profile, policy));
  TRY_SET(policy.log, read_flags(profile["flags"]));
  const At entries = profile["syscalls"];
  TRY_SET(const std::size_t size, count(entries));
  for (std::size_t i = 0; i < size; ++i) {
    const At entry = entries.item(i);
    if (!entry.value.is_object()) return wrong(entry, "an object is expected");
    TRY_SET(SeccompRule rule, read_rule(entry));
    TRY_SET(const bool wanted, applies(entry, capabilities));
    if (wanted) policy.rules.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace creel::engine::runtime
