#include "engine/runtime/sysctl.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::string_view, 8> kIpc = {"kernel.msgmax", "kernel.msgmnb",         "kernel.msgmni",
                                                  "kernel.sem",    "kernel.shmall",         "kernel.shmmax",
                                                  "kernel.shmmni", "kernel.shm_rmid_forced"};

bool is_ipc(const std::string& key) {
  return key.rfind("fs.mqueue.", 0) == 0 || std::find(kIpc.begin(), kIpc.end(), key) != kIpc.end();
}

// Letters, digits, '_' and '-' between single separators: nothing that leads to another file.
bool well_formed(const std::string& key) {
  char previous = '.';
  for (const char c : key) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!plain && (c != '.' || previous == '.')) return false;
    previous = c;
  }
  return previous != '.';
}

}  // namespace

Result<std::pair<std::string, std::string>> compile_sysctl(const std::string& key, const std::string& value,
                                                           const SysctlScope& scope) {
  std::string name = key;
  if (key.find('/') != std::string::npos) {
    if (key.find('.') != std::string::npos) {
      return fail(Code::kUnsupported, "sysctl " + key + ": a name with a dot in it is not built yet");
    }
    std::replace(name.begin(), name.end(), '/', '.');
  }
  if (!well_formed(name)) return fail(Code::kInvalid, "sysctl \"" + key + "\": not a kernel parameter's name");
  const bool network = name.rfind("net.", 0) == 0;
  const bool ipc = is_ipc(name);
  if (!network && !ipc) {
    return fail(Code::kInvalid,
                "sysctl " + name + ": there is only one for the whole machine, a container cannot set it");
  }
  if ((network && !scope.network) || (ipc && !scope.ipc)) {
    return fail(Code::kInvalid,
                "sysctl " + name + ": the container has no " + (network ? "network" : "ipc") + " namespace of its own");
  }
  return std::pair(std::move(name), value);
}

}  // namespace creel::engine::runtime
