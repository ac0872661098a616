#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "engine/runtime/cgroup/cgroup.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

// "max" and what is absent: 0. The kernel's own text, no larger than 64 bits.
std::uint64_t number(std::string_view text) {
  return std::strtoull(std::string(text.substr(0, text.find_first_of(" \n"))).c_str(), nullptr, 10);
}

class Reader {
 public:
  explicit Reader(int group) : group_(group) {}
  [[nodiscard]] std::string text(const char* name) const {
    auto read = read_group_file(group_, name);
    return read.ok() ? std::move(*read) : std::string();
  }
  [[nodiscard]] std::uint64_t value(const char* name) const { return number(text(name)); }

 private:
  int group_;
};

// "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0", a line per device.
void add_io(const std::string& text, CgroupStats& out) {
  for (const std::string& line : split(text, '\n')) {
    for (const std::string& field : split(line, ' ')) {
      const Cut pair = cut(field, '=');
      if (pair.before == "rbytes") out.io_read_bytes += number(pair.after);
      if (pair.before == "wbytes") out.io_write_bytes += number(pair.after);
      if (pair.before == "rios") out.io_reads += number(pair.after);
      if (pair.before == "wios") out.io_writes += number(pair.after);
    }
  }
}

}  // namespace

Result<CgroupStats> cgroup_stats(const Cgroup& cgroup) {
  const Reader file(cgroup.fd());
  CgroupStats out;
  // Also without the cpu controller; reading it tells whether the group still exists.
  TRY_SET(const std::string cpu, read_group_file(cgroup.fd(), "cpu.stat"));
  out.cpu_usage_us = number(flat_value(cpu, "usage_usec"));
  out.cpu_user_us = number(flat_value(cpu, "user_usec"));
  out.cpu_system_us = number(flat_value(cpu, "system_usec"));
  out.periods = number(flat_value(cpu, "nr_periods"));
  out.throttled_periods = number(flat_value(cpu, "nr_throttled"));
  out.throttled_us = number(flat_value(cpu, "throttled_usec"));

  if (const std::string usage = file.text("memory.current"); !usage.empty()) {
    out.memory_usage = number(usage);
    out.memory_limit = file.value("memory.max");
    out.memory_peak = file.value("memory.peak");
    out.memory_swap_usage = file.value("memory.swap.current");
    out.memory_swap_limit = file.value("memory.swap.max");
    const std::string memory = file.text("memory.stat");
    out.memory_anon = number(flat_value(memory, "anon"));
    out.memory_file = number(flat_value(memory, "file"));
    out.memory_kernel = number(flat_value(memory, "kernel"));
    out.memory_inactive_file = number(flat_value(memory, "inactive_file"));
    out.oom_kills = cgroup.oom_kills();
  }
  if (const std::string pids = file.text("pids.current"); !pids.empty()) {
    out.pids_current = number(pids);
    out.pids_limit = file.value("pids.max");
  } else if (const auto processes = cgroup.processes(); processes.ok()) {
    out.pids_current = processes->size();
  }
  add_io(file.text("io.stat"), out);
  return out;
}

}  // namespace creel::engine::runtime
