#include "engine/container/stats.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <sstream>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/control_group.h"
#include "engine/container/state.h"

namespace creel::engine {

namespace {

std::string link_of(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = readlink(path.c_str(), target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : std::string();
}

// proc_net_dev(5): two lines of headings, then "name: received-bytes 7 numbers sent-bytes …".
void add_network(pid_t pid, Usage& usage) {
  const std::string proc = "/proc/" + std::to_string(pid);
  const std::string theirs = link_of(proc + "/ns/net");
  // Looking into a process with a user namespace of its own may be refused; its counters are no secret.
  if (!theirs.empty() && theirs == link_of("/proc/self/ns/net")) return;
  auto text = read_file(proc + "/net/dev", 1 << 20);
  if (!text.ok()) return;
  usage.has_network = true;
  for (const std::string& line : split(*text, '\n')) {
    const Cut parts = cut(line, ':');
    if (!parts.found || trim(parts.before) == "lo") continue;
    std::istringstream numbers(parts.after);
    std::uint64_t number = 0;
    for (int column = 0; numbers >> number; ++column) {
      if (column == 0) usage.net_input += number;
      if (column == 8) usage.net_output += number;
    }
  }
}

std::uint64_t host_memory() {
  struct sysinfo info {};
  sysinfo(&info);
  return static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
}

}  // namespace

Result<Usage> usage_of(const Container& container) {
  Usage out;
  out.id = container.record.id;
  out.name = container.record.name;
  out.taken_ns = now_ns();
  if (!is_alive(container.observed) || !container.observed.state) return out;
  TRY_SET(const runtime::Cgroup group, control_group_of(container.observed, "statistics of container " + out.name));
  TRY_SET(const runtime::CgroupStats stats, runtime::cgroup_stats(group));
  out.running = true;
  out.running_ns = out.taken_ns - container.observed.state->started_ns;
  out.cpu_ns = stats.cpu_usage_us * 1000;
  out.cpu_system_ns = stats.cpu_system_us * 1000;
  out.memory = stats.memory_usage - std::min(stats.memory_usage, stats.memory_inactive_file);
  out.memory_limit = host_memory();
  if (stats.memory_limit != 0 && stats.memory_limit < out.memory_limit) out.memory_limit = stats.memory_limit;
  out.block_input = stats.io_read_bytes;
  out.block_output = stats.io_write_bytes;
  out.pids = stats.pids_current;
  add_network(container.observed.state->pid, out);
  return out;
}

}  // namespace creel::engine
