#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"

namespace creel::engine::runtime {

namespace {

// In the order of linux/capability.h: the index is the number.
constexpr std::array<std::string_view, 41> kNames = {"CAP_CHOWN",
                                                     "CAP_DAC_OVERRIDE",
                                                     "CAP_DAC_READ_SEARCH",
                                                     "CAP_FOWNER",
                                                     "CAP_FSETID",
                                                     "CAP_KILL",
                                                     "CAP_SETGID",
                                                     "CAP_SETUID",
                                                     "CAP_SETPCAP",
                                                     "CAP_LINUX_IMMUTABLE",
                                                     "CAP_NET_BIND_SERVICE",
                                                     "CAP_NET_BROADCAST",
                                                     "CAP_NET_ADMIN",
                                                     "CAP_NET_RAW",
                                                     "CAP_IPC_LOCK",
                                                     "CAP_IPC_OWNER",
                                                     "CAP_SYS_MODULE",
                                                     "CAP_SYS_RAWIO",
                                                     "CAP_SYS_CHROOT",
                                                     "CAP_SYS_PTRACE",
                                                     "CAP_SYS_PACCT",
                                                     "CAP_SYS_ADMIN",
                                                     "CAP_SYS_BOOT",
                                                     "CAP_SYS_NICE",
                                                     "CAP_SYS_RESOURCE",
                                                     "CAP_SYS_TIME",
                                                     "CAP_SYS_TTY_CONFIG",
                                                     "CAP_MKNOD",
                                                     "CAP_LEASE",
                                                     "CAP_AUDIT_WRITE",
                                                     "CAP_AUDIT_CONTROL",
                                                     "CAP_SETFCAP",
                                                     "CAP_MAC_OVERRIDE",
                                                     "CAP_MAC_ADMIN",
                                                     "CAP_SYSLOG",
                                                     "CAP_WAKE_ALARM",
                                                     "CAP_BLOCK_SUSPEND",
                                                     "CAP_AUDIT_READ",
                                                     "CAP_PERFMON",
                                                     "CAP_BPF",
                                                     "CAP_CHECKPOINT_RESTORE"};

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

// "CAP_X" of any spelling.
std::string full_name(std::string_view text) {
  std::string out = upper(text);
  if (out.rfind("CAP_", 0) != 0) out.insert(0, "CAP_");
  return out;
}

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

Error unknown(const std::string& name) {
  Error error = fail(Code::kInvalid, "\"" + name + "\": unknown capability");
  const std::string close = closest(name, all_capabilities());
  return close.empty() ? error : std::move(error).with_hint("Did you mean " + close + "?");
}

// A list of the user's as full names; `all` tells whether it said "ALL", which may stand beside others.
Result<std::vector<std::string>> normalize(const std::vector<std::string>& given, bool& all) {
  std::vector<std::string> out;
  for (const std::string& text : given) {
    if (upper(text) == "ALL") {
      all = true;
      continue;
    }
    std::string name = full_name(text);
    if (!contains(all_capabilities(), name)) return unknown(name);
    if (!contains(out, name)) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace

int capability_number(std::string_view name) {
  const std::string wanted = full_name(name);
  const auto found = std::find(kNames.begin(), kNames.end(), wanted);
  return found == kNames.end() ? -1 : static_cast<int>(found - kNames.begin());
}

int last_capability() {
  // One system call on any kernel that knows as many as this table.
  static const int last = [] {
    int number = static_cast<int>(kNames.size()) - 1;
    while (number > 0 && prctl(PR_CAPBSET_READ, number, 0, 0, 0) < 0) --number;
    return number;
  }();
  return last;
}

Result<std::uint64_t> capability_mask(const std::vector<std::string>& names) {
  std::uint64_t mask = 0;
  for (const std::string& name : names) {
    const int number = capability_number(name);
    if (number < 0) return unknown(name);
    if (number <= last_capability()) mask |= std::uint64_t{1} << number;
  }
  return mask;
}

const std::vector<std::string>& default_capabilities() {
  static const std::vector<std::string> set = {"CAP_CHOWN",   "CAP_DAC_OVERRIDE",     "CAP_FOWNER",    "CAP_FSETID",
                                               "CAP_KILL",    "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",   "CAP_SETGID",
                                               "CAP_SETPCAP", "CAP_SETUID",           "CAP_SYS_CHROOT"};
  return set;
}

const std::vector<std::string>& all_capabilities() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out(kNames.begin(), kNames.begin() + last_capability() + 1);
    std::sort(out.begin(), out.end());
    return out;
  }();
  return all;
}

Result<std::vector<std::string>> capability_set(const std::vector<std::string>& add,
                                                const std::vector<std::string>& drop) {
  bool add_all = false;
  bool drop_all = false;
  TRY_SET(const std::vector<std::string> added, normalize(add, add_all));
  TRY_SET(const std::vector<std::string> dropped, normalize(drop, drop_all));
  if (add_all && drop_all) return fail(Code::kInvalid, "adding all caps and removing all caps not allowed");
  for (const std::string& name : added) {
    if (contains(dropped, name)) {
      return fail(Code::kInvalid, "capability \"" + name + "\" cannot be dropped and added");
    }
  }
  std::vector<std::string> out;
  if (!drop_all) {
    for (const std::string& name : add_all ? all_capabilities() : default_capabilities()) {
      if (!contains(dropped, name)) out.push_back(name);
    }
  }
  for (const std::string& name : added) {
    if (!contains(out, name)) out.push_back(name);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace creel::engine::runtime
