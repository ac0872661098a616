#include "engine/container/user_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "base/account.h"
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
  if (config.no_passwd) return false;
  return config.userns.rfind("keep-id", 0) == 0 || !config.passwd_entry.empty() || !config.group_entry.empty() ||
         !config.host_users.empty();
}

namespace {

// Who the container runs as, where that is given by numbers.
struct Numbers {
  std::string uid, gid;
};
std::optional<Numbers> numbers_of(const ContainerConfig& config) {
  const Cut ids = cut(config.user, ':');
  if (ids.before.empty() || ids.before.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return Numbers{ids.before, ids.after.empty() ? "0" : ids.after};
}

// $USERNAME, $UID, $GID, $NAME and $HOME of --passwd-entry, as Podman has them.
std::string expand(std::string text, const std::vector<std::pair<std::string, std::string>>& variables) {
  for (const auto& [name, value] : variables) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
      text.replace(at, name.size(), value);
    }
  }
  return text;
}

std::string passwd_line(const ContainerConfig& config, const Numbers& ids, const std::string& name) {
  const std::string home = home_in_container(config);
  if (config.passwd_entry.empty())
    return name + ":*:" + ids.uid + ":" + ids.gid + ":" + name + ":" + home + ":/bin/sh\n";
  return expand(config.passwd_entry,
                {{"$USERNAME", name}, {"$UID", ids.uid}, {"$GID", ids.gid}, {"$NAME", name}, {"$HOME", home}}) + "\n";
}

// --hostuser: told at create where the host has no such user.
std::string host_user_lines(const ContainerConfig& config, const std::string& passwd) {
  std::string out;
  for (const std::string& user : config.host_users) {
    auto line = host_user_line(user);
    if (line.ok() && !has_id(passwd, split(*line, ':')[2])) out += *line + "\n";
  }
  return out;
}

}  // namespace

Result<std::string> host_user_line(const std::string& user) {
  auto found = find_account(user);
  if (!found.ok()) return fail(Code::kNotFound, "host user " + user + " not found: no such user");
  return found->name + ":*:" + std::to_string(found->uid) + ":" + std::to_string(found->gid) + ":" + found->comment + ":" + found->home + ":" +
         found->shell;
}

namespace {

// What stands for the user inside: with keep-id the name outside, which takes a look at the host's accounts.
std::string name_for(const ContainerConfig& config, const Numbers& ids) {
  if (config.userns.rfind("keep-id", 0) != 0) return ids.uid;
  std::string name = rootless::user_name();
  std::replace(name.begin(), name.end(), ':', '_');
  return name;
}

}  // namespace

Result<void> write_user_files(Engine& engine, const ContainerConfig& config, int running) {
  if (!wants_user_files(config)) return {};
  const std::optional<Numbers> ids = numbers_of(config);
  const std::string passwd = file_of_image(engine, config, "etc/passwd");
  std::string lines;
  if (ids && !has_id(passwd, ids->uid)) lines = passwd_line(config, *ids, name_for(config, *ids));
  lines += host_user_lines(config, passwd + lines);
  if (!lines.empty()) TRY(write_one(running, "passwd", passwd, lines));
  if (!ids) return {};
  const std::string group = file_of_image(engine, config, "etc/group");
  if (has_id(group, ids->gid)) return {};
  const std::string name = name_for(config, *ids);
  const std::string line = config.group_entry.empty()
                               ? name + ":x:" + ids->gid + ":\n"
                               : expand(config.group_entry, {{"$GROUPNAME", name}, {"$GID", ids->gid}, {"$USERLIST", ""}}) + "\n";
  return write_one(running, "group", group, line);
}

}  // namespace creel::engine
