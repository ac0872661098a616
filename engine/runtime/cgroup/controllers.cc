#include "engine/runtime/cgroup/controllers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

constexpr const char* kLeaf = "supervisor";
constexpr int kMoveRounds = 16;

std::vector<std::string> words(const std::string& text) {
  return split(trim(text), ' ');
}

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// systemd marks what it has delegated (xattr since 244 for the system's, since 251 also for users'). A user can write
// only to what is delegated; root can write everywhere, and must not rearrange a group that is systemd's.
bool delegated(int group, const std::string& path) {
  if (path == "/") return true;  // of a cgroup namespace: the true root never refuses
  char value = 0;
  const bool marked = (fgetxattr(group, "trusted.delegate", &value, 1) == 1 && value == '1') ||
                      (fgetxattr(group, "user.delegate", &value, 1) == 1 && value == '1');
  return marked || (geteuid() != 0 && group_writable(group));
}

// Forks may happen meanwhile, hence the rounds.
Result<void> move_to_leaf(int group) {
  if (mkdirat(group, kLeaf, 0755) != 0 && errno != EEXIST)
    return errno_error(std::string("make the control group ") + kLeaf);
  TRY_SET(const Fd leaf, open_at(group, kLeaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  for (int round = 0; round < kMoveRounds; ++round) {
    TRY_SET(const std::string text, read_group_file(group, "cgroup.procs"));
    bool moved = false;
    for (const std::string& pid : split(trim(text), '\n')) {
      if (pid.empty() || pid == "0") continue;
      auto written = write_group_file(leaf.get(), "cgroup.procs", pid);
      if (!written.ok() && written.error().err != ESRCH) return written;
      moved = true;
    }
    if (!moved) return {};
  }
  return fail(Code::kInUse, "moving processes to a leaf: new ones come faster than they can be moved");
}

}  // namespace

std::vector<std::string> usual_controllers() {
  return {"cpu", "io", "memory", "pids"};
}

Result<void> enable_offered(int group, const std::vector<std::string>& wanted) {
  TRY_SET(const std::string offered_text, read_group_file(group, "cgroup.controllers"));
  TRY_SET(const std::string enabled_text, read_group_file(group, "cgroup.subtree_control"));
  const auto offered = words(offered_text), enabled = words(enabled_text);
  std::string change;
  for (const std::string& one : wanted) {
    if (contains(offered, one) && !contains(enabled, one)) change += (change.empty() ? "+" : " +") + one;
  }
  if (change.empty()) return {};
  auto written = write_group_file(group, "cgroup.subtree_control", change);
  if (written.ok() || written.error().err == EBUSY || change.find(' ') == std::string::npos) return written;
  // All or nothing says the kernel; what can be had is better than nothing.
  for (const std::string& one : split(change, ' ')) {
    auto single = write_group_file(group, "cgroup.subtree_control", one);
    if (!single.ok()) written = std::move(single);
  }
  return written;
}

Result<void> enable_controllers(int hierarchy, const std::string& path, const std::vector<std::string>& wanted) {
  const std::string parent = parent_group(path);
  // Nearly always there is nothing to be done.
  TRY_SET(const Fd last, open_group(hierarchy, parent));
  TRY_SET(const std::string text, read_group_file(last.get(), "cgroup.subtree_control"));
  const auto enabled = words(text);
  if (std::all_of(wanted.begin(), wanted.end(), [&](const std::string& one) { return contains(enabled, one); }))
    return {};

  Result<void> first_error;
  std::string above;
  std::vector<std::string> names{""};
  if (parent != "/") {
    for (std::string& name : split(parent.substr(1), '/')) names.push_back(std::move(name));
  }
  for (const std::string& name : names) {
    above = name.empty() ? "/" : (above == "/" ? "" : above) + "/" + name;
    TRY_SET(const Fd group, open_group(hierarchy, above));
    auto done = enable_offered(group.get(), wanted);
    if (!done.ok() && done.error().err == EBUSY) {
      const auto own = group_of(0);
      if (own.ok() && *own == above && delegated(group.get(), above)) {
        if (auto moved = move_to_leaf(group.get()); moved.ok()) done = enable_offered(group.get(), wanted);
      }
    }
    if (!done.ok() && first_error.ok()) first_error = std::move(done).error().within("control group " + above);
  }
  return first_error;
}

}  // namespace creel::engine::runtime
