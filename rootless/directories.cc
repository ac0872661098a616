#include "rootless/directories.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/account.h"
#include "base/file.h"
#include "rootless/unshared.h"

namespace creel::rootless {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> absolute(const std::string& path, const char* flag) {
  if (path.empty() || path.front() != '/')
    return fail(Code::kInvalid, std::string(flag) + " must be an absolute path, not '" + path + "'");
  return path;
}

bool usable(const std::string& dir) {
  struct stat info {};
  return !dir.empty() && dir.front() == '/' && stat(dir.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == geteuid() && access(dir.c_str(), W_OK) == 0;
}

std::string default_runtime(Identity identity) {
  if (identity == Identity::kRoot) return "/run/creel";
  const std::string session = variable("XDG_RUNTIME_DIR");
  if (usable(session)) return session + "/creel";
  // cron, su and batch systems leave the variable out; the directory may be there all the same.
  const std::string uid = std::to_string(geteuid());
  if (usable("/run/user/" + uid)) return "/run/user/" + uid + "/creel";
  return "/tmp/creel-" + uid;
}

}  // namespace

Result<void> make_private(const std::string& path, const std::string& what, const std::string& instead) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    if (errno != ENOENT) return errno_error("making " + what + " " + path);
    TRY(make_dirs(path, 0700));
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return errno_error(what + " " + path);
  if (!S_ISDIR(info.st_mode) || info.st_uid != geteuid()) {
    return fail(Code::kDenied, what + " " + path + " is not a directory of this user")
        .with_hint("remove it, or set " + instead + " to a directory of your own");
  }
  // Not closed by us: what others have put there already would stay, and --runroot /tmp would take /tmp from everybody.
  if ((info.st_mode & 0022) != 0) {
    return fail(Code::kDenied, what + " " + path + " can be written by others")
        .with_hint("chmod 700 it, or set " + instead + " to a directory of your own");
  }
  return {};
}

Identity identity(bool inside_userns_flag) {
  if (inside_userns_flag || unshared_session()) return Identity::kInsideUserns;
  return geteuid() == 0 ? Identity::kRoot : Identity::kUser;
}

Result<Directories> directories(Identity identity, const std::string& store, const std::string& runtime) {
  Directories out;
  const auto session = identity == Identity::kInsideUserns ? unshared_session() : std::nullopt;
  if (!store.empty()) {
    TRY_SET(out.store, absolute(store, "--root"));
  } else if (session) {
    out.store = session->store;
  } else if (identity == Identity::kRoot) {
    out.store = "/var/lib/creel";
  } else if (const std::string data = variable("XDG_DATA_HOME"); !data.empty() && data.front() == '/') {
    out.store = data + "/creel";
  } else {
    TRY_SET(const std::string home, home_directory());
    out.store = home + "/.local/share/creel";
  }
  if (!runtime.empty()) {
    TRY_SET(out.runtime, absolute(runtime, "--runroot"));
  } else if (session) {
    out.runtime = session->runtime;
  } else {
    out.runtime = default_runtime(identity);
  }
  TRY(make_private(out.runtime, "runtime directory", "XDG_RUNTIME_DIR or --runroot"));
  return out;
}

std::string user_name() {
  auto account = find_account(getuid());
  return account.ok() ? std::move(account->name) : std::to_string(getuid());
}

Result<std::string> home_directory() {
  if (std::string home = variable("HOME"); !home.empty() && home.front() == '/') return home;
  auto account = find_account(getuid());
  if (!account.ok() || account->home.empty() || account->home.front() != '/') {
    return fail(Code::kUnavailable, "this user has no home directory")
        .with_hint("set HOME, or give --root and --runroot");
  }
  return std::move(account->home);
}

}  // namespace creel::rootless
