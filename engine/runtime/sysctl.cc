#include "engine/runtime/sysctl.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::string_view, 8> kIpc = {"kernel/msgmax", "kernel/msgmnb",         "kernel/msgmni",
                                                  "kernel/sem",    "kernel/shmall",         "kernel/shmmax",
                                                  "kernel/shmmni", "kernel/shm_rmid_forced"};

bool is_ipc(const std::string& path) {
  return path.starts_with("fs/mqueue/") || std::find(kIpc.begin(), kIpc.end(), path) != kIpc.end();
}

// Letters, digits, '_', '-', and dots within a name: nothing that leads to another file.
bool well_formed(const std::string& path) {
  char previous = '/';
  for (const char c : path) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    const bool inside = c == '.' && previous != '/' && previous != '.';
    if (!plain && !inside && (c != '/' || previous == '/' || previous == '.')) return false;
    previous = c;
  }
  return previous != '/' && previous != '.';
}

// The separator is what comes first.
std::string path_of(const std::string& key) {
  std::string out = key;
  if (const std::size_t first = key.find_first_of("./"); first == std::string::npos || key[first] == '/') return out;
  for (char& c : out) c = c == '.' ? '/' : c == '/' ? '.' : c;
  return out;
}

}  // namespace

Result<std::pair<std::string, std::string>> compile_sysctl(const std::string& key, const std::string& value,
                                                           const SysctlScope& scope) {
  std::string path = path_of(key);
  if (!well_formed(path)) return fail(Code::kInvalid, "sysctl \"" + key + "\": not a kernel parameter's name");
  const bool network = path.starts_with("net/");
  const bool ipc = is_ipc(path);
  const bool uts = path == "kernel/domainname" || path == "kernel/hostname";
  if (!network && !ipc && !uts) {
    return fail(Code::kInvalid,
                "sysctl " + key + ": there is only one for the whole machine, a container cannot set it");
  }
  if ((network && !scope.network) || (ipc && !scope.ipc) || (uts && !scope.uts)) {
    return fail(Code::kInvalid, "sysctl " + key + ": the container has no " + (network ? "network" : ipc ? "ipc" : "uts") +
                                    " namespace of its own");
  }
  return std::pair(std::move(path), value);
}

}  // namespace creel::engine::runtime
