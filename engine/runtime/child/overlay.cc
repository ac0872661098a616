#include "engine/runtime/child/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/child/mount_api.h"

namespace creel::engine::runtime {

namespace {

// fsconfig takes 255 bytes of a string; a descriptor's name in /proc is always short.
constexpr std::size_t kLongestOption = 255;

struct OverlayDirs {
  std::vector<Fd> fds;  // kept open until the mount exists
  std::vector<std::string> lower;
  std::string upper, work;
};

Result<std::string> short_name(OverlayDirs& dirs, const std::string& path, bool always) {
  if (!always && path.size() <= kLongestOption && path.find_first_of(":\\,") == std::string::npos) return path;
  TRY_SET(Fd fd, open_file(path, O_PATH | O_DIRECTORY));
  std::string name = "/proc/self/fd/" + std::to_string(fd.get());
  dirs.fds.push_back(std::move(fd));
  return name;
}

Result<OverlayDirs> overlay_dirs(const OverlayParts& parts, bool always_fds) {
  OverlayDirs dirs;
  for (const std::string& path : parts.lower) {
    TRY_SET(std::string name, short_name(dirs, path, always_fds));
    dirs.lower.push_back(std::move(name));
  }
  if (!parts.upper.empty()) {
    TRY_SET(dirs.upper, short_name(dirs, parts.upper, always_fds));
    TRY_SET(dirs.work, short_name(dirs, parts.work, always_fds));
  }
  return dirs;
}

}  // namespace

namespace {

// What "volatile" leaves in the work directory, so that nobody trusts files that a power cut may have taken parts of. The containers
// that had it are gone after one.
void trust_again(const OverlayParts& parts) {
  if (!parts.work.empty() && unlinkat(AT_FDCWD, (parts.work + "/work/incompat/volatile").c_str(), AT_REMOVEDIR) == 0) {
    unlinkat(AT_FDCWD, (parts.work + "/work/incompat").c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

// Linux 6.5 and later: one option per layer.
Result<Fd> make_overlay(const OverlayParts& parts) {
  trust_again(parts);
  TRY_SET(OverlayDirs dirs, overlay_dirs(parts, false));
  MountOptions options;
  for (const std::string& path : dirs.lower) options.emplace_back("lowerdir+", path);
  if (!dirs.upper.empty()) {
    options.emplace_back("upperdir", dirs.upper);
    options.emplace_back("workdir", dirs.work);
    if (parts.discarded) options.emplace_back("volatile", "");
  }
  if (parts.user_xattr) {
    options.emplace_back("userxattr", "");
  } else {
    // What the kernel does by itself in a user namespace: no file that is only a pointer to one in another layer, which
    // commit and diff would have to follow.
    options.emplace_back("redirect_dir", "off");
    options.emplace_back("metacopy", "off");
  }
  return mount_filesystem("overlay", "overlay", options, 0);
}

Result<Fd> mount_overlay_at(const OverlayParts& parts, const std::string& at) {
  TRY_SET(OverlayDirs dirs, overlay_dirs(parts, true));
  std::string data = "lowerdir=" + join(dirs.lower, ":");
  if (!dirs.upper.empty()) data += ",upperdir=" + dirs.upper + ",workdir=" + dirs.work + (parts.discarded ? ",volatile" : "");
  data += parts.user_xattr ? ",userxattr" : ",redirect_dir=off,metacopy=off";
  if (data.size() >= 4096)
    return fail(Code::kUnsupported, "mounting overlay: too many layers for this kernel (Linux 6.5 takes them)");
  if (::mount("overlay", at.c_str(), "overlay", 0, data.c_str()) != 0) return mount_error("mounting overlay", errno);
  return open_file(at, O_PATH | O_DIRECTORY);
}

}  // namespace creel::engine::runtime
