#include "engine/runtime/seccomp/profile.h"

#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/runtime/capability_names.h"
#include "engine/runtime/json_field.h"
#include "engine/runtime/seccomp/names.h"

namespace creel::engine::runtime {

namespace {

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

Result<std::string> text(const JsonField& at) {
  std::string out;
  TRY(at.required());
  TRY(at.read(out));
  return out;
}

Result<std::vector<std::string>> texts(const JsonField& at) {
  std::vector<std::string> out;
  TRY(at.read(out));
  return out;
}

// errnoRet belongs to ERRNO and TRACE. The name that containers-common writes beside it says the same.
Result<std::uint32_t> action(const JsonField& at, const JsonField& errno_at) {
  TRY_SET(const std::string name, text(at));
  std::uint32_t number = EPERM;
  TRY(errno_at.read(number, kLargestErrno));
  const std::optional<std::uint32_t> known = action_of(name, number);
  if (!known) return at.wrong("unknown action " + in_quotes(name));
  return *known;
}

Result<scmp_arg_cmp> argument(const JsonField& at) {
  TRY(at.object());
  scmp_arg_cmp out{};
  const JsonField index = at["index"];
  std::uint32_t number = 0;
  TRY(index.read(number));
  if (number > 5) return index.wrong("a system call has the arguments 0 to 5");
  out.arg = number;
  TRY_SET(const std::string name, text(at["op"]));
  const std::optional<scmp_compare> op = operator_of(name);
  if (!op) return at["op"].wrong("unknown operator " + in_quotes(name));
  out.op = *op;
  TRY(at["value"].read(out.datum_a));
  TRY(at["valueTwo"].read(out.datum_b));
  return out;
}

Result<std::uint32_t> architecture(const JsonField& at) {
  TRY_SET(const std::string name, text(at));
  const std::uint32_t token = architecture_of(name);
  if (token == 0) return at.wrong("unknown architecture " + in_quotes(name));
  return token;
}

Result<void> read_architectures(const JsonField& profile, SeccompPolicy& policy) {
  const JsonField plain = profile["architectures"];
  const JsonField map = profile["archMap"];
  TRY_SET(const std::size_t listed, plain.count());
  TRY_SET(const std::size_t mapped, map.count());
  if (listed != 0 && mapped != 0) return plain.wrong("use either architectures or archMap");
  for (std::size_t i = 0; i < listed; ++i) {
    TRY_SET(const std::uint32_t one, architecture(plain.item(i)));
    policy.architectures.push_back(one);
  }
  for (std::size_t i = 0; i < mapped; ++i) {
    const JsonField entry = map.item(i);
    TRY_SET(const std::string name, text(entry["architecture"]));
    if (name != kNativeArchitecture) continue;
    const JsonField subs = entry["subArchitectures"];
    TRY_SET(const std::size_t size, subs.count());
    for (std::size_t k = 0; k < size; ++k) {
      TRY_SET(const std::uint32_t one, architecture(subs.item(k)));
      policy.architectures.push_back(one);
    }
  }
  return {};
}

Result<bool> kernel_is_at_least(const JsonField& at) {
  TRY_SET(const std::string wanted, text(at));
  int major = 0;
  int minor = 0;
  if (std::sscanf(wanted.c_str(), "%d.%d", &major, &minor) != 2) return at.wrong("a version like 4.8 is expected");
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

Result<Filter> read_filter(const JsonField& at, std::uint64_t capabilities) {
  Filter out;
  if (at.absent()) return out;
  TRY(at.object());
  TRY_SET(out.arches, texts(at["arches"]));
  const JsonField caps = at["caps"];
  TRY_SET(const std::vector<std::string> names, texts(caps));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int bit = capability_number(names[i]);
    if (bit < 0) return caps.item(i).wrong("unknown capability " + in_quotes(names[i]));
    out.caps.push_back((capabilities >> bit & 1) != 0);
  }
  if (const JsonField kernel = at["minKernel"]; !kernel.absent() && kernel.value() != "") {
    out.has_kernel = true;
    TRY_SET(out.new_kernel, kernel_is_at_least(kernel));
  }
  return out;
}

// All of includes must hold, and nothing of excludes.
Result<bool> applies(const JsonField& entry, std::uint64_t capabilities) {
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

Result<SeccompRule> read_rule(const JsonField& entry) {
  SeccompRule rule;
  TRY_SET(rule.names, texts(entry["names"]));
  if (const JsonField single = entry["name"]; !single.absent() && single.value() != "") {
    if (!rule.names.empty()) return single.wrong("use either name or names");
    TRY_SET(std::string name, text(single));
    rule.names.push_back(std::move(name));
  }
  if (rule.names.empty()) return entry["names"].wrong("no system call is named");
  TRY_SET(rule.action, action(entry["action"], entry["errnoRet"]));
  const JsonField arguments = entry["args"];
  TRY_SET(const std::size_t size, arguments.count());
  for (std::size_t i = 0; i < size; ++i) {
    TRY_SET(const scmp_arg_cmp one, argument(arguments.item(i)));
    rule.arguments.push_back(one);
  }
  return rule;
}

Result<void> read_flags(const JsonField& at, SeccompPolicy& policy) {
  TRY_SET(const std::vector<std::string> flags, texts(at));
  for (std::size_t i = 0; i < flags.size(); ++i) {
    const std::optional<std::uint32_t> flag = flag_of(flags[i]);
    if (!flag) return at.item(i).wrong("unknown flag " + in_quotes(flags[i]));
    policy.flags |= *flag;
  }
  return {};
}

// Whoever listens gets the descriptor by sendmsg(2) from the very process that the filter holds already: what that
// needs must not wait for an answer.
Result<void> check_notify(const JsonField& profile, const SeccompPolicy& policy) {
  if (policy.default_action == SCMP_ACT_NOTIFY) {
    return profile["defaultAction"].wrong(
        "SCMP_ACT_NOTIFY cannot be the default: the process could not hand its listener over");
  }
  bool notifies = false;
  for (const SeccompRule& rule : policy.rules) {
    if (rule.action != SCMP_ACT_NOTIFY) continue;
    notifies = true;
    for (const char* needed : {"sendmsg", "write"}) {
      if (std::find(rule.names.begin(), rule.names.end(), needed) == rule.names.end()) continue;
      return profile["syscalls"].wrong(std::string("SCMP_ACT_NOTIFY cannot be used for ") + needed +
                                       ": the process could not hand its listener over");
    }
  }
  if (notifies && policy.listener_path.empty()) {
    return profile["listenerPath"].wrong("missing: SCMP_ACT_NOTIFY needs somebody to ask");
  }
  if (!policy.listener_path.empty() && policy.listener_path[0] != '/') {
    return profile["listenerPath"].wrong("an absolute path is expected, not " + in_quotes(policy.listener_path));
  }
  if (policy.listener_path.empty() && !policy.listener_metadata.empty()) {
    return profile["listenerMetadata"].wrong("there is no listenerPath");
  }
  if ((policy.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) != 0 && !notifies) {
    return profile["flags"].wrong("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs SCMP_ACT_NOTIFY");
  }
  return {};
}

}  // namespace

Result<SeccompPolicy> parse_seccomp_profile(std::string_view text, std::uint64_t capabilities) {
  TRY_SET(const nlohmann::json document, parse_document(text, "seccomp profile"));
  const JsonField profile(document, "seccomp profile");
  if (!document.is_object()) return profile.wrong("an object is expected");
  SeccompPolicy policy;
  TRY_SET(policy.default_action, action(profile["defaultAction"], profile["defaultErrnoRet"]));
  TRY(read_architectures(profile, policy));
  TRY(read_flags(profile["flags"], policy));
  TRY(profile["listenerPath"].read(policy.listener_path));
  TRY(profile["listenerMetadata"].read(policy.listener_metadata));
  const JsonField entries = profile["syscalls"];
  TRY_SET(const std::size_t size, entries.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField entry = entries.item(i);
    TRY(entry.object());
    TRY_SET(SeccompRule rule, read_rule(entry));
    TRY_SET(const bool wanted, applies(entry, capabilities));
    if (wanted) policy.rules.push_back(std::move(rule));
  }
  TRY(check_notify(profile, policy));
  return policy;
}

}  // namespace creel::engine::runtime
