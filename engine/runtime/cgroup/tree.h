// The cgroup v2 hierarchy as files: finding, making, walking and removing groups, one value per read or write.
//
// Who runs this: creel-monitor and creel-runtime, as root or with a delegated subtree. Groups are opened beneath the
// hierarchy's own descriptor: no path, whatever config.json says, leads elsewhere. Thread-safe. See cgroups(7).
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace creel::engine::runtime {

// /sys/fs/cgroup. kUnavailable, with the cure, where it is not cgroup v2.
Result<Fd> open_hierarchy();
// "/a//b/" becomes "/a/b". kInvalid: "..", ".", control characters, components that are too long.
Result<std::string> clean_group_path(const std::string& path);
// "/a" of "/a/b"; "/" of "/a" and of "/".
std::string parent_group(const std::string& path);
// The group of a process as /proc/PID/cgroup tells it, 0 being the caller. kUnavailable: it is outside of what this
// process can see (another cgroup namespace), or there is no cgroup v2.
Result<std::string> group_of(pid_t pid);
// Beneath `hierarchy`; `path` as clean_group_path() gives it. kNotFound.
Result<Fd> open_group(int hierarchy, const std::string& path);
// Makes the directories of `path` that are absent, and opens the last.
Result<Fd> make_group(int hierarchy, const std::string& path);
// Groups can be made in it, and processes moved between them, by this process.
bool group_writable(int group);

Result<std::string> read_group_file(int group, const std::string& name);
// One write(2), as the kernel wants it.
Result<void> write_group_file(int group, const std::string& name, std::string_view value);
// Gives the group, but not its limits, to `uid`: what /sys/kernel/cgroup/delegate lists.
Result<void> give_group(int group, uid_t uid);
// Value of `key` in a flat keyed file ("populated 1\nfrozen 0\n"); empty where absent.
std::string_view flat_value(std::string_view text, std::string_view key);
// Waits until cgroup.events says `value` for `key`. kFailed with ETIMEDOUT.
Result<void> await_group_event(int group, std::string_view key, std::string_view value, int timeout_ms);

// Calls `visit` with every group beneath `top`, children before their parents: the descriptor of the parent, the name,
// and the group's own descriptor. Depth costs no descriptors: a container may nest its groups as deep as it likes.
// What vanishes meanwhile is left out.
Result<void> walk_groups(int top,
                         const std::function<Result<void>(int parent, const std::string& name, int group)>& visit);
// Removes `name` and what is beneath it; none of them may hold processes. Absent: success. kInUse.
Result<void> remove_groups(int parent, const std::string& name);

}  // namespace creel::engine::runtime
