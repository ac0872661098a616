#include "engine/runtime/instance/state_root.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "base/process.h"
#include "engine/runtime/instance/host.h"
#include "engine/runtime/instance/record.h"

namespace creel::engine::runtime {

namespace {

constexpr std::size_t kMaxId = 1024;

std::string default_root() {
  const char* runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  const bool own = runtime_dir != nullptr && runtime_dir[0] == '/';
  if (geteuid() == 0 && (!own || in_initial_user_namespace())) return "/run/creel-runtime";
  if (own) return std::string(runtime_dir) + "/creel-runtime";
  return "/tmp/creel-runtime-" + std::to_string(geteuid());
}

// Who dies while a container is being created leaves its process behind, waiting for somebody who never comes.
void end_abandoned(int dir) {
  auto text = read_file_at(dir, kRecordBeingMade, kMaxRecord);
  if (!text.ok()) return;
  auto record = decode_record(*text);
  if (!record.ok()) return;
  if (auto process = open_process(*record); process.ok()) (void)pidfd_signal(process->get(), SIGKILL).ok();
}

}  // namespace

Result<void> check_id(const std::string& id) {
  const bool good =
      !id.empty() && id.size() <= kMaxId && id != "." && id != ".." && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
               c == '-' || c == '.';
      });
  if (good) return {};
  return fail(Code::kInvalid, "invalid container id \"" + id + "\": it consists of letters, digits and _+-.");
}

Result<StateRoot> StateRoot::open(std::string path) {
  StateRoot root;
  root.path_ = path.empty() ? default_root() : std::move(path);
  auto dir = open_file(root.path_, O_RDONLY | O_DIRECTORY);
  if (!dir.ok() && dir.error().err == ENOENT) {
    TRY(make_dirs(root.path_, 0700));
    dir = open_file(root.path_, O_RDONLY | O_DIRECTORY);
  }
  if (!dir.ok()) return std::move(dir).error().within("opening the state directory");
  struct stat info {};
  if (fstat(dir->get(), &info) != 0) return errno_error("state directory " + root.path_);
  // What is in there names processes to be killed and programs to be run.
  if ((info.st_uid != geteuid() && info.st_uid != 0) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(Code::kDenied, "state directory " + root.path_ + ": others may write to it");
  }
  root.dir_ = std::move(*dir);
  return root;
}

Result<Fd> StateRoot::claim(const std::string& id) const {
  TRY(check_id(id));
  const bool made = mkdirat(dir_.get(), id.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) return errno_error("making " + path_ + "/" + id);
  TRY_SET(Fd dir, open_at(dir_.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  const bool locked = flock(dir.get(), LOCK_EX | LOCK_NB) == 0;
  if (made && locked) return dir;
  struct stat info {};
  if (!locked || fstatat(dir.get(), kRecord, &info, AT_SYMLINK_NOFOLLOW) == 0) {
    return fail(Code::kExists, "container with id exists: " + id);
  }
  end_abandoned(dir.get());
  for (const char* name : {kRecordBeingMade, kPlan, kStartSocket}) unlinkat(dir.get(), name, 0);
  return dir;
}

Result<std::vector<std::string>> StateRoot::ids() const {
  TRY_SET(std::vector<std::string> names, list_dir(dir_.get()));
  std::erase_if(names, [](const std::string& name) { return !check_id(name).ok(); });
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> StateRoot::forget(const std::string& id) const {
  const std::string prefix = id + "/";
  for (const char* name : {kRecord, kRecordBeingMade, kPlan, kStartSocket}) {
    unlinkat(dir_.get(), (prefix + name).c_str(), 0);
  }
  if (unlinkat(dir_.get(), id.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
  return remove_tree_at(dir_.get(), id);
}

}  // namespace creel::engine::runtime
