#include "engine/layers.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace creel::engine {
namespace {

// Where neither devices nor attributes can be made, fuse-overlayfs marks by names.
constexpr std::string_view kHidden = ".wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

std::string beside(const std::string& path, std::string_view prefix) {
  const std::size_t name = path.rfind('/') == std::string::npos ? 0 : path.rfind('/') + 1;
  return path.substr(0, name) + std::string(prefix) + path.substr(name);
}

// Errors that say that nothing is there: also a parent that is no directory in this layer.
bool absent(const Error& error) {
  return error.err == ENOENT || error.err == ENOTDIR || error.err == ELOOP;
}

}  // namespace

Result<std::size_t> Layers::add(const std::string& path) {
  const auto known = std::find(paths_.begin(), paths_.end(), path);
  if (known != paths_.end()) return static_cast<std::size_t>(known - paths_.begin());
  TRY_SET(Fd dir, open_file(path, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  paths_.push_back(path);
  dirs_.push_back(std::move(dir));
  return dirs_.size() - 1;
}

bool Layers::has_mark(int fd, const char* mark) const {
  // By the name of an O_PATH descriptor: nothing is opened for reading, which a device or a pipe may mind.
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  char value = 0;
  for (const std::string& prefix : {prefix_, std::string("user.fuseoverlayfs.")}) {
    if (::getxattr(name.c_str(), (prefix + mark).c_str(), &value, 1) == 1 && value == 'y') return true;
  }
  return false;
}

Result<Layers::Look> Layers::look(std::size_t layer, const std::string& path) const {
  Look out;
  const int dir = dirs_[layer].get();
  auto fd = open_beneath(dir, path.empty() ? "." : path, O_PATH | O_NOFOLLOW);
  if (!fd.ok()) {
    if (!absent(fd.error())) return std::move(fd).error();
    if (!path.empty() && fd.error().err == ENOENT) {
      out.hidden = open_beneath(dir, beside(path, kHidden), O_PATH | O_NOFOLLOW).ok();
    }
    return out;
  }
  if (fstat(fd->get(), &out.info) != 0) return errno_error("reading " + path);
  if (S_ISCHR(out.info.st_mode) && out.info.st_rdev == makedev(0, 0)) {
    out.hidden = true;
  } else if (S_ISREG(out.info.st_mode) && out.info.st_size == 0 && has_mark(fd->get(), "whiteout")) {
    out.hidden = true;
  } else {
    out.there = true;
    out.opaque = S_ISDIR(out.info.st_mode) &&
                 (has_mark(fd->get(), "opaque") || open_at(fd->get(), std::string(kOpaqueName), O_PATH).ok());
  }
  return out;
}

Result<std::optional<Layers::Node>> Layers::find(const Stack& stack, const std::string& path) const {
  std::optional<Node> out;
  for (const std::size_t layer : stack) {
    TRY_SET(const Look found, look(layer, path));
    if (found.hidden) break;
    if (!found.there) continue;
    if (!out) {
      out = Node{found.info, {layer}};
      if (!S_ISDIR(found.info.st_mode)) break;
    } else {
      if (!S_ISDIR(found.info.st_mode)) break;
      out->layers.push_back(layer);
    }
    if (found.opaque) break;
  }
  return out;
}

Result<std::set<std::string>> Layers::names(const Stack& stack, const std::string& path) const {
  std::set<std::string> out;
  for (const std::size_t layer : stack) {
    auto dir = open_beneath(dirs_[layer].get(), path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    if (!dir.ok()) {
      if (absent(dir.error())) continue;
      return std::move(dir).error();
    }
    TRY_SET(const std::vector<std::string> listed, list_dir(dir->get()));
    for (const std::string& name : listed) {
      if (name == kOpaqueName) continue;
      out.insert(name.starts_with(kHidden) ? name.substr(kHidden.size()) : name);
    }
  }
  return out;
}

}  // namespace creel::engine
