#include "rootless/store_probe.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/lock.h"
#include "rootless/userns.h"

namespace creel::rootless {

namespace {

constexpr std::size_t kPage = 4096;

struct Trial {
  std::string dir;
  Needs needs;
};

// What says nothing about the file system: it may be otherwise in a moment.
bool passing(int err) {
  return err == ENOSPC || err == EDQUOT || err == EMFILE || err == ENFILE || err == ENOMEM || err == EINTR;
}

// kUnsupported: refused.
Error refused(const char* what) {
  const int err = errno;
  Error error = errno_error(what, err);
  error.code = passing(err) ? Code::kFailed : Code::kUnsupported;
  return error;
}

// A root-owned layer's file has another owner than us outside, and we must still read it: a file server decides by what
// we are there.
Result<void> try_owners(int dir) {
  const Fd file(openat(dir, "file", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return refused("making a file");
  if (fchown(file.get(), 1, 1) != 0) return refused("changing a file's owner");
  if (fchmod(file.get(), 04600) != 0) return refused("changing the mode of another's file");
  if (const Fd again(openat(dir, "file", O_RDWR | O_CLOEXEC)); !again.valid()) return refused("opening another's file");
  if (mkdirat(dir, "directory", 0700) != 0) return refused("making a directory");
  if (fchownat(dir, "directory", 1, 1, AT_SYMLINK_NOFOLLOW) != 0) return refused("changing a directory's owner");
  if (mkdirat(dir, "directory/inner", 0700) != 0) return refused("writing another's directory");
  if (renameat(dir, "directory", dir, "renamed") != 0) return refused("renaming another's directory");
  return {};
}

// SQLite's: locks on ranges, and memory that processes share.
Result<void> try_database(int dir) {
  const Fd file(openat(dir, "database", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!file.valid()) return refused("making a file");
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  if (fcntl(file.get(), F_SETLK, &range) != 0) return refused("locking a file");
  if (!FileLock::try_acquire_at(dir, "lock").ok()) return refused("locking a file");
  if (ftruncate(file.get(), kPage) != 0) return refused("sizing a file");
  void* shared = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (shared == MAP_FAILED) return refused("sharing memory");
  munmap(shared, kPage);
  return {};
}

Result<void> try_overlay(int dir) {
  for (const char* name : {"lower", "upper", "work", "merged"}) {
    if (mkdirat(dir, name, 0700) != 0) return refused("making a directory");
  }
  const Fd lower(openat(dir, "lower/file", O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  const Fd upper(openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lower.valid() || !upper.valid()) return refused("making a file");
  if (fsetxattr(upper.get(), "user.overlay.origin", "", 0, 0) != 0) return refused("extended attributes");
  // Ours alone, and gone with this process. Relative names: the path may hold a colon or a comma.
  if (fchdir(dir) != 0 || unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return errno_error("making a mount namespace");
  }
  if (mount("overlay", "merged", "overlay", 0, "userxattr,lowerdir=lower,upperdir=upper,workdir=work") != 0) {
    return refused("an overlay");
  }
  // Overlay takes some for its upper directory and then cannot say in them that a file is gone.
  Result<void> out;
  if (unlink("merged/file") != 0) out = refused("removing a file in an overlay");
  if (umount2("merged", MNT_DETACH) != 0) return errno_error("unmounting an overlay");
  return out;
}

Result<void> try_in(int dir, Needs needs) {
  TRY(try_owners(dir));
  TRY(try_database(dir));
  if (needs == Needs::kContents) return {};
  return try_overlay(dir);
}

Result<void> try_all(void* argument) {
  const auto& trial = *static_cast<const Trial*>(argument);
  const Fd parent(open(trial.dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.valid()) return refused("opening it");
  const std::string name = ".creel-probe-" + std::to_string(getpid());
  if (mkdirat(parent.get(), name.c_str(), 0700) != 0) return refused("making a directory");
  const Fd dir(openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Result<void> out = dir.valid() ? try_in(dir.get(), trial.needs) : Result<void>(refused("opening a directory"));
  (void)remove_tree_at(parent.get(), name).ok();
  return out;
}

}  // namespace

Result<std::string> store_refusal(Identity identity, const std::string& runtime_dir, const std::string& dir,
                                  Needs needs) {
  Trial trial{dir, needs};
  auto tried = run_inside(identity, runtime_dir, try_all, &trial);
  if (tried.ok()) return std::string();
  if (tried.error().code == Code::kUnsupported) return std::move(tried.error().text);
  return std::move(tried).error();
}

}  // namespace creel::rootless
