#include "storage/unpack/tree.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "storage/unpack/entry.h"

namespace creel::storage::unpack {

namespace {

constexpr int kMaxLinks = 40;  // as the kernel's own limit, path_resolution(7)

Result<std::string> read_link(int dir, const std::string& name) {
  char text[PATH_MAX];
  const ssize_t n = ::readlinkat(dir, name.c_str(), text, sizeof text);
  if (n < 0) return errno_error("read link", errno);
  return std::string(text, static_cast<std::size_t>(n));
}

// Puts the components of `path` in front of those that are still to do; the next one is at the back.
void push_components(std::string_view path, std::vector<std::string>& todo) {
  auto components = split(path, '/');
  for (auto each = components.rbegin(); each != components.rend(); ++each) {
    if (!each->empty() && *each != ".") todo.push_back(std::move(*each));
  }
}

}  // namespace

Result<int> Tree::directory(std::string_view path, Missing missing) {
  if (path.empty()) return root_.get();
  for (auto each = kept_.begin(); each != kept_.end(); ++each) {
    if (each->first != path) continue;
    kept_.splice(kept_.begin(), kept_, each);
    return each->second.get();
  }
  std::string key(path);
  TRY_SET(Fd fd, open(key, missing));
  if (kept_.size() >= kKept) kept_.pop_back();
  const int number = fd.get();
  kept_.emplace_front(std::move(key), std::move(fd));
  return number;
}

// One system call for the usual case; what it does not serve (missing parents, links, an old kernel or a filter that
// answers ENOSYS or EPERM) is walked.
Result<Fd> Tree::open(const std::string& path, Missing missing) {
  if (openat2_works_) {
    struct open_how how {};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    const long fd = ::syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
    if (fd >= 0) return Fd(static_cast<int>(fd));
    if (errno == ENOSYS || errno == EPERM) openat2_works_ = false;
  }
  return walk(path, missing);
}

// Resolves links in user space with the root as "/": each step opens one name without following it, and ".." goes back
// to the descriptor that this walk came from, so there is no step on which the kernel could be led out.
Result<Fd> Tree::walk(const std::string& path, Missing missing) {
  std::vector<Fd> way;
  std::vector<std::string> todo;
  push_components(path, todo);
  int links = 0;
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (name == "..") {
      if (!way.empty()) way.pop_back();
      continue;
    }
    const int dir = way.empty() ? root_.get() : way.back().get();
    auto next = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!next && (next.error().err == ENOTDIR || next.error().err == ELOOP)) {
      if (auto link = read_link(dir, name); link.ok()) {
        if (++links > kMaxLinks) return refuse(path, "too many symbolic links in its path");
        if (link->starts_with('/')) way.clear();
        push_components(*link, todo);
        continue;
      }
    }
    if (!next && missing == Missing::kCreate && (next.error().err == ENOENT || next.error().err == ENOTDIR)) {
      TRY(make(dir, name, path));
      next = open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      // The caller's umask may have taken bits away.
      if (next.ok() && ::fchmod(next->get(), 0755) != 0) return entry_error("create directory", path, errno);
    }
    if (!next && next.error().err == ENOTDIR) return refuse(path, "'" + printable(name) + "' is not a directory");
    if (!next) return entry_error("open directory", path, next.error().err);
    if (way.size() >= kMaxDepth) return refuse(path, "its directories are nested too deep");
    way.push_back(std::move(*next));
  }
  if (!way.empty()) return std::move(way.back());
  return open_at(root_.get(), ".", O_RDONLY | O_DIRECTORY);
}

Result<void> Tree::make(int dir, const std::string& name, const std::string& path) {
  if (::mkdirat(dir, name.c_str(), 0755) == 0) return {};
  if (errno != EEXIST) return entry_error("create directory", path, errno);
  struct stat st {};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return entry_error("create directory", path, errno);
  if (!marks_.is_whiteout(dir, name, st)) return refuse(path, "'" + printable(name) + "' is not a directory");
  if (::unlinkat(dir, name.c_str(), 0) != 0 || ::mkdirat(dir, name.c_str(), 0755) != 0)
    return entry_error("create directory", path, errno);
  TRY_SET(Fd fd, open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return marks_.make_opaque(fd.get());
}

}  // namespace creel::storage::unpack
