#include "engine/container/user_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "rootless/directories.h"

namespace creel::engine {

namespace {

constexpr std::size_t kLimit = 1 << 20;

std::string home_in_container(const ContainerConfig& config) {
  auto home = rootless::home_directory();
  if (home.ok()) {
    for (const VolumeMount& mount : config.mounts) {
      if (mount.destination == *home) return *home;
    }
  }
  return config.workdir;
}

Result<void> write_one(int dir, const char* name, std::string text, const std::string& line) {
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += line;
  TRY_SET(Fd file, open_at(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644));
  return write_all(file.get(), text);
}

}  // namespace

// The container's file as it will see it: from its upper directory, else the topmost layer that has it. What is not a
// regular file, or too big, counts as empty: images are not trusted.
std::string file_of_image(Engine& engine, const ContainerConfig& config, const std::string& name) {
  std::vector<std::string> roots;
  if (!config.rootfs.empty()) {
    roots.push_back(config.rootfs);
  } else {
    roots.push_back(engine.paths().container(config.id) + "/upper");
    for (auto layer = config.layers.rbegin(); layer != config.layers.rend(); ++layer)
      roots.push_back(engine.paths().layer(*layer));
  }
  for (const std::string& root : roots) {
    auto dir = open_file(root, O_RDONLY | O_DIRECTORY);
    if (!dir.ok()) continue;
    auto probe = open_in_root(dir->get(), name, O_PATH | O_NOFOLLOW);
    if (!probe.ok()) continue;
    struct stat info {};
    if (fstat(probe->get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
    auto file = open_in_root(dir->get(), name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file.ok()) return {};
    auto text = read_all(file->get(), kLimit);
    return text.ok() ? *text : std::string();
  }
  return {};
}

Result<std::uint32_t> group_id(Engine& engine, const ContainerConfig& config, const std::string& group) {
  for (const std::string& line : split(file_of_image(engine, config, "etc/group"), '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() < 3 || fields[0] != group) continue;
    const auto id = parse_int(fields[2], "group ID");
    if (id.ok() && *id >= 0 && *id < 0xffffffff) return static_cast<std::uint32_t>(*id);
  }
  const auto id = parse_int(group, "group ID");
  if (id.ok() && *id >= 0 && *id < 0xffffffff) return static_cast<std::uint32_t>(*id);
  return fail(Code::kInvalid, "looking up supplemental groups for container " + config.id + ": Unable to find group " +
                                  group + ": no matching entries in group file");
}

bool has_id(const std::string& text, const std::string& id) {
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, ':');
    if (fields.size() >= 3 && fields[2] == id) return true;
  }
  return false;
}

bool wants_user_files(const ContainerConfig& config) {
  return config.userns.rfind("keep-id", 0) == 0;
}

Result<void> write_user_files(Engine& engine, const ContainerConfig& config, int running) {
  if (!wants_user_files(config)) return {};
  const Cut ids = cut(config.user, ':');
  const bool numbers = !ids.before.empty() && ids.before.find_first_not_of("0123456789") == std::string::npos;
  if (!numbers) return {};
  std::string name = rootless::user_name();
  std::replace(name.begin(), name.end(), ':', '_');
  const std::string gid = ids.after.empty() ? "0" : ids.after;
  const std::string passwd = file_of_image(engine, config, "etc/passwd");
  if (!has_id(passwd, ids.before)) {
    TRY(write_one(running, "passwd", passwd,
                  name + ":*:" + ids.before + ":" + gid + ":" + name + ":" + home_in_container(config) + ":/bin/sh\n"));
  }
  const std::string group = file_of_image(engine, config, "etc/group");
  if (!has_id(group, gid)) TRY(write_one(running, "group", group, name + ":x:" + gid + ":\n"));
  return {};
}

}  // namespace creel::engine
