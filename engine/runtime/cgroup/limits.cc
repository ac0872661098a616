#include "engine/runtime/cgroup/limits.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "engine/runtime/cgroup/home.h"
#include "engine/runtime/cgroup/tree.h"

namespace creel::engine::runtime {

namespace {

constexpr std::uint64_t kMinShares = 2, kMaxShares = 262144;

bool limits(const std::optional<std::int64_t>& value) {
  return value && *value > 0;
}
bool limits(const std::optional<std::uint64_t>& value) {
  return value && *value > 0;
}
bool limits(const std::vector<BlockRate>& rates) {
  return std::any_of(rates.begin(), rates.end(), [](const BlockRate& rate) { return rate.rate != 0; });
}
std::string or_max(std::int64_t value) {
  return value < 0 ? "max" : std::to_string(value);
}

}  // namespace

std::vector<RequiredController> required_controllers(const Resources& r) {
  std::vector<RequiredController> out;
  const auto need = [&out](bool asked, const char* controller, const char* flag) {
    if (asked) out.push_back({controller, flag});
  };
  need(limits(r.memory_limit), "memory", "--memory");
  need(limits(r.memory_reservation), "memory", "--memory-reservation");
  need(limits(r.memory_swap), "memory", "--memory-swap");
  need(limits(r.cpu_shares), "cpu", "--cpu-shares");
  need(limits(r.cpu_quota), "cpu", "--cpus (a CPU quota)");
  need(limits(r.cpu_period), "cpu", "--cpu-period");
  need(limits(r.cpu_burst), "cpu", "a CPU burst");
  need(limits(r.cpu_idle), "cpu", "an idle CPU class");
  need(!r.cpuset_cpus.empty(), "cpuset", "--cpuset-cpus");
  need(!r.cpuset_mems.empty(), "cpuset", "--cpuset-mems");
  need(limits(r.pids_limit), "pids", "--pids-limit");
  need(r.io_weight.value_or(0) != 0, "io", "--blkio-weight");
  need(!r.io_weight_device.empty(), "io", "--blkio-weight-device");
  need(limits(r.io_read_bps), "io", "--device-read-bps");
  need(limits(r.io_write_bps), "io", "--device-write-bps");
  need(limits(r.io_read_iops), "io", "--device-read-iops");
  need(limits(r.io_write_iops), "io", "--device-write-iops");
  need(!r.hugepages.empty(), "hugetlb", "a limit of huge pages");
  for (const auto& [key, value] : r.unified) {
    const std::string controller = cut(key, '.').before;
    if (controller != "cgroup") out.push_back({controller, "--cgroup-conf " + key});
  }
  return out;
}

std::uint64_t cpu_weight(std::uint64_t shares) {
  return 1 + (std::clamp(shares, kMinShares, kMaxShares) - kMinShares) * 9999 / (kMaxShares - kMinShares);
}

std::uint64_t io_weight(std::uint16_t blkio_weight) {
  return 1 + (std::clamp<std::uint64_t>(blkio_weight, 10, 1000) - 10) * 9999 / 990;
}

Result<std::string> swap_max(std::optional<std::int64_t> memory, std::int64_t memory_swap) {
  if (memory_swap < 0) return std::string("max");
  if (!limits(memory))
    return fail(Code::kInvalid, "a limit of memory and swap (--memory-swap) needs one of memory (--memory)");
  if (memory_swap < *memory) {
    return fail(Code::kInvalid, "the limit of memory and swap, " + std::to_string(memory_swap) +
                                    ", is less than that of memory, " + std::to_string(*memory))
        .with_hint("--memory-swap counts memory and swap together");
  }
  return std::to_string(memory_swap - *memory);
}

Result<void> check_unified_key(std::string_view key) {
  const auto bad = [&key](const char* why) {
    return fail(Code::kInvalid, "control group setting \"" + std::string(key) + "\": " + why);
  };
  const std::size_t dot = key.find('.');
  if (dot == std::string_view::npos || dot == 0) return bad("not of the form CONTROLLER.NAME");
  for (const char c : key) {
    const bool good =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!good) return bad("a character that no such name has");
  }
  // The rest of cgroup.* moves, freezes or kills processes.
  if (key.starts_with("cgroup.") && !key.starts_with("cgroup.max.") && key != "cgroup.pressure") {
    return bad("it is the engine's to write");
  }
  return {};
}

namespace {

class Writer {
 public:
  Writer(int group, const std::string& path, const Resources& resources) : group_(group), path_(path), r_(resources) {}

  Result<void> all() {
    TRY_SET(const std::string text, read_group_file(group_, "cgroup.controllers"));
    controllers_ = split(trim(text), ' ');
    for (const auto& [controller, flag] : required_controllers(r_)) {
      if (has(controller)) continue;
      return fail(Code::kUnavailable, flag + " needs cgroup v2 controller \"" + controller + "\": control group " +
                                          path_ +
                                          (trim(text).empty() ? " has none" : " has only " + join(controllers_, ", ")))
          .with_hint(kDelegateCure);
    }
    for (const auto& entry : r_.unified) TRY(check_unified_key(entry.first));
    TRY(memory());
    TRY(cpu());
    TRY(write("cpuset.cpus", r_.cpuset_cpus));
    TRY(write("cpuset.mems", r_.cpuset_mems));
    if (r_.pids_limit) TRY(write("pids.max", *r_.pids_limit <= 0 ? "max" : std::to_string(*r_.pids_limit)));
    TRY(io());
    TRY(hugepages());
    for (const auto& [key, value] : r_.unified) {
      // Nested keyed files take a line at a time.
      for (const std::string& line : split(value, '\n')) TRY(write(key, line));
    }
    return {};
  }

 private:
  [[nodiscard]] bool has(const std::string& controller) const {
    return std::find(controllers_.begin(), controllers_.end(), controller) != controllers_.end();
  }
  [[nodiscard]] bool exists(const char* file) const { return faccessat(group_, file, F_OK, 0) == 0; }

  // Nothing to say: nothing is written. Without the controller only "unlimited" gets here, which then is the case
  // anyway.
  Result<void> write(const std::string& file, const std::string& value) {
    const std::string controller = cut(file, '.').before;
    if (value.empty() || (controller != "cgroup" && !has(controller))) return {};
    auto written = write_group_file(group_, file, value);
    if (written.ok()) return written;
    Error error = std::move(written).error();
    if (error.err == EINVAL || error.err == ERANGE) error.code = Code::kInvalid;
    if (error.err == ENODEV) {
      error.code = Code::kInvalid;
      error.hint = "limits are of whole disks, not of their partitions";
    }
    if (error.err == ENOENT) error.code = Code::kUnavailable;
    return std::move(error).within("control group " + path_);
  }

  Result<void> memory() {
    if (r_.memory_limit.value_or(0) > 0 && r_.check_before_update) {
      TRY_SET(const std::string usage, read_group_file(group_, "memory.current"));
      TRY_SET(const std::int64_t bytes, parse_int(trim(usage), "memory.current"));
      if (bytes > *r_.memory_limit) {
        return fail(Code::kInvalid, "a memory limit of " + std::to_string(*r_.memory_limit) +
                                        " bytes is less than the " + std::to_string(bytes) + " in use");
      }
    }
    std::string swap;
    if (r_.memory_swap.value_or(0) != 0) {
      auto memory = r_.memory_limit;
      if (!memory && *r_.memory_swap > 0) {
        TRY_SET(const std::string now, read_group_file(group_, "memory.max"));
        if (trim(now) != "max") {
          TRY_SET(memory, parse_int(trim(now), "memory.max"));
        }
      }
      TRY_SET(swap, swap_max(memory, *r_.memory_swap));
    } else if (r_.memory_limit == -1) {
      swap = "max";
    }
    // Before the limit of memory: what no longer fits in memory has somewhere to go. A kernel without swap accounting
    // has no such file, and no swap that could be used either way.
    if (auto written = write("memory.swap.max", swap); !written.ok()) {
      if (written.error().err != ENOENT || (swap != "max" && swap != "0")) return written;
    }
    if (r_.memory_limit.value_or(0) != 0) TRY(write("memory.max", or_max(*r_.memory_limit)));
    if (r_.memory_reservation.value_or(0) != 0) TRY(write("memory.low", or_max(*r_.memory_reservation)));
    return {};
  }

  Result<void> cpu() {
    if (r_.cpu_idle) TRY(write("cpu.idle", std::to_string(*r_.cpu_idle)));
    // An idle group has no weight.
    if (limits(r_.cpu_shares) && r_.cpu_idle.value_or(0) == 0)
      TRY(write("cpu.weight", std::to_string(cpu_weight(*r_.cpu_shares))));
    const bool bandwidth = r_.cpu_quota.value_or(0) != 0 || limits(r_.cpu_period);
    // The kernel wants burst <= quota at every moment: with a smaller quota the burst goes first, with a larger one
    // last.
    bool burst_written = !r_.cpu_burst || !has("cpu");
    if (!burst_written) {
      const auto written = write("cpu.max.burst", std::to_string(*r_.cpu_burst));
      if (!written.ok() && (!bandwidth || written.error().err != EINVAL)) return written;
      burst_written = written.ok();
    }
    if (bandwidth && has("cpu")) {
      TRY_SET(const std::string now, read_group_file(group_, "cpu.max"));
      const Cut was = cut(trim(now), ' ');
      const std::string quota = r_.cpu_quota.value_or(0) != 0 ? or_max(*r_.cpu_quota) : was.before;
      const std::string period = limits(r_.cpu_period) ? std::to_string(*r_.cpu_period) : was.after;
      TRY(write("cpu.max", quota + " " + period));
    }
    return burst_written ? Result<void>() : write("cpu.max.burst", std::to_string(*r_.cpu_burst));
  }

  Result<void> io() {
    const bool bfq = exists("io.bfq.weight");
    const auto weight = [bfq](std::uint16_t blkio) { return std::to_string(bfq ? blkio : io_weight(blkio)); };
    const char* file = bfq ? "io.bfq.weight" : "io.weight";
    if ((r_.io_weight.value_or(0) != 0 || !r_.io_weight_device.empty()) && !exists(file)) {
      return fail(Code::kUnavailable,
                  "--blkio-weight needs an I/O scheduler that knows weights: neither io.bfq.weight nor io.weight is "
                  "there")
          .with_hint("`modprobe bfq`, or a kernel with CONFIG_BLK_CGROUP_IOCOST");
    }
    if (r_.io_weight.value_or(0) != 0) TRY(write(file, "default " + weight(*r_.io_weight)));
    for (const BlockWeight& one : r_.io_weight_device)
      TRY(write(file, device(one.major, one.minor) + weight(one.weight)));
    TRY(rates("rbps", r_.io_read_bps));
    TRY(rates("wbps", r_.io_write_bps));
    TRY(rates("riops", r_.io_read_iops));
    return rates("wiops", r_.io_write_iops);
  }

  static std::string device(std::int64_t major, std::int64_t minor) {
    return std::to_string(major) + ":" + std::to_string(minor) + " ";
  }
  Result<void> rates(const char* key, const std::vector<BlockRate>& list) {
    for (const BlockRate& one : list) {
      TRY(write("io.max",
                device(one.major, one.minor) + key + "=" + (one.rate == 0 ? "max" : std::to_string(one.rate))));
    }
    return {};
  }

  Result<void> hugepages() {
    for (const HugepageLimit& one : r_.hugepages) {
      const std::size_t digits = std::min(one.page_size.find_first_not_of("0123456789"), one.page_size.size());
      const std::string_view unit = std::string_view(one.page_size).substr(digits);
      const std::string file = "hugetlb." + one.page_size;
      if (digits == 0 || (unit != "KB" && unit != "MB" && unit != "GB") || !exists((file + ".max").c_str())) {
        return fail(Code::kInvalid,
                    "a limit of huge pages of \"" + one.page_size + "\": the host has none of that size");
      }
      TRY(write(file + ".max", std::to_string(one.limit)));
      // Reservations count as use, else a process finds out by SIGBUS. Kernels before 5.7 have no such file.
      if (exists((file + ".rsvd.max").c_str())) TRY(write(file + ".rsvd.max", std::to_string(one.limit)));
    }
    return {};
  }

  int group_;
  const std::string& path_;
  const Resources& r_;
  std::vector<std::string> controllers_;
};

}  // namespace

Result<void> write_limits(int group, const std::string& path, const Resources& resources) {
  if (resources == Resources{}) return {};
  return Writer(group, path, resources).all();
}

}  // namespace creel::engine::runtime
