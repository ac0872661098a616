#include "rootless/unshared.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "rootless/userns.h"

namespace creel::rootless {
namespace {

constexpr const char* kNamespace = "CREEL_UNSHARED";
constexpr const char* kRoot = "CREEL_UNSHARED_ROOT";
constexpr const char* kRunroot = "CREEL_UNSHARED_RUNROOT";

// The namespace as the kernel numbers it; empty where /proc does not tell.
std::string own_namespace() {
  struct stat info {};
  if (stat("/proc/self/ns/user", &info) != 0) return {};
  return std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

Result<void> begin_unshared(Identity identity, const Directories& directories) {
  TRY(enter(identity, directories.runtime));
  if (::unshare(CLONE_NEWNS) != 0) return errno_error("making a mount namespace");
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return errno_error("keeping mounts in the new mount namespace");
  }
  const std::string own = own_namespace();
  if (own.empty()) return errno_error("reading /proc/self/ns/user");
  ::setenv(kNamespace, own.c_str(), 1);
  ::setenv(kRoot, directories.store.c_str(), 1);
  ::setenv(kRunroot, directories.runtime.c_str(), 1);
  return {};
}

std::optional<Directories> unshared_session() {
  const std::string named = variable(kNamespace);
  if (named.empty() || geteuid() != 0 || named != own_namespace()) return std::nullopt;
  Directories out{variable(kRoot), variable(kRunroot)};
  if (out.store.empty() || out.store.front() != '/' || out.runtime.empty() || out.runtime.front() != '/') {
    return std::nullopt;
  }
  return out;
}

}  // namespace creel::rootless
