#include "engine/container/limits.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <charconv>
#include <cmath>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "engine/runtime/cgroup/limits.h"

namespace creel::engine {

namespace {

using runtime::Resources;

constexpr std::uint64_t kPeriodUs = 100'000;
constexpr std::int64_t kLeastQuotaUs = 1000, kLeastPeriodUs = 1000, kMostPeriodUs = 1'000'000;
constexpr std::int64_t kLeastWeight = 10, kMostWeight = 1000;

Result<std::int64_t> size_value(const std::string& flag, const std::string& text) {
  auto bytes = parse_size(text, flag);
  if (!bytes.ok()) return fail(Code::kInvalid, "invalid value for " + flag + ": invalid size: '" + text + "'");
  return bytes;
}

Result<void> refuse_v1(const LimitOptions& options) {
  const auto refuse = [](const char* flag, const char* what) {
    return fail(Code::kUnsupported, std::string(flag) + ": cgroup v2 has no " + what);
  };
  if (options.memory_swappiness != kNotGiven && options.memory_swappiness != -1) {
    return refuse("--memory-swappiness", "swappiness of single groups")
        .with_hint("--memory-swap limits the swap space that the container may use");
  }
  if (options.oom_kill_disable) return refuse("--oom-kill-disable", "way to turn the OOM killer off");
  if (options.cpu_rt_period != kNotGiven) return refuse("--cpu-rt-period", "real-time scheduling of groups");
  if (options.cpu_rt_runtime != kNotGiven) return refuse("--cpu-rt-runtime", "real-time scheduling of groups");
  return {};
}

Result<void> memory(const LimitOptions& options, Resources& out) {
  if (!options.memory.empty()) {
    TRY_SET(const std::int64_t limit, size_value("memory", options.memory));
    // Twice as much with swap, unless another word on it was or is said.
    const bool doubled = !out.memory_swap || (out.memory_limit && *out.memory_swap == 2 * *out.memory_limit);
    if (limit > 0) {
      out.memory_limit = limit;
      if (doubled) out.memory_swap = limit > INT64_MAX / 2 ? INT64_MAX : 2 * limit;
    } else if (out.memory_limit) {
      // No limit any more, which `update` has to say to the kernel.
      out.memory_limit = -1;
      if (doubled) out.memory_swap = -1;
    }
  }
  if (!options.memory_reservation.empty()) {
    TRY_SET(out.memory_reservation, size_value("memory-reservation", options.memory_reservation));
  }
  if (options.memory_swap == "-1") {
    out.memory_swap = -1;
  } else if (!options.memory_swap.empty()) {
    TRY_SET(out.memory_swap, size_value("memory-swap", options.memory_swap));
  }
  if (out.memory_swap.value_or(0) > 0) {
    if (out.memory_limit.value_or(-1) < 0)
      return fail(Code::kInvalid, "--memory-swap needs --memory: it counts memory and swap together");
    if (*out.memory_swap < *out.memory_limit) {
      return fail(Code::kInvalid, "--memory-swap " + std::to_string(*out.memory_swap) + " is less than --memory " +
                                      std::to_string(*out.memory_limit) + ": it counts memory and swap together");
    }
  }
  return {};
}

Result<void> cpu(const LimitOptions& options, Limits& limits) {
  Resources& out = limits.resources;
  const auto bad = [](const std::string& flag, const std::string& value, const char* why) {
    return fail(Code::kInvalid, "invalid argument \"" + value + "\" for \"--" + flag + "\" flag: " + why);
  };
  if (options.cpu_shares != kNotGiven) {
    if (options.cpu_shares < 0) return bad("cpu-shares", std::to_string(options.cpu_shares), "2 to 262144 is expected");
    out.cpu_shares = static_cast<std::uint64_t>(options.cpu_shares);
  }
  if (options.cpu_period != kNotGiven) {
    if (options.cpu_period != 0 && (options.cpu_period < kLeastPeriodUs || options.cpu_period > kMostPeriodUs)) {
      return bad("cpu-period", std::to_string(options.cpu_period), "1000 to 1000000 microseconds are expected");
    }
    out.cpu_period = static_cast<std::uint64_t>(options.cpu_period);
    limits.by_cpus = false;
  }
  if (options.cpu_quota != kNotGiven) {
    if (options.cpu_quota > 0 && options.cpu_quota < kLeastQuotaUs) {
      return bad("cpu-quota", std::to_string(options.cpu_quota), "1000 microseconds at least are expected, or -1");
    }
    out.cpu_quota = options.cpu_quota;
    limits.by_cpus = false;
  }
  if (options.cpus.empty()) return {};
  if (options.cpu_quota != kNotGiven) return fail(Code::kInvalid, "--cpu-quota and --cpus cannot be set together");
  if (options.cpu_period != kNotGiven) return fail(Code::kInvalid, "--cpu-period and --cpus cannot be set together");
  double number = 0;
  const char* end = options.cpus.data() + options.cpus.size();
  const auto [stop, status] = std::from_chars(options.cpus.data(), end, number);
  if (status != std::errc{} || stop != end || !std::isfinite(number) || number > 1e6) {
    return bad("cpus", options.cpus, "a number of CPUs is expected");
  }
  const auto quota = static_cast<std::int64_t>(std::llround(number * static_cast<double>(kPeriodUs)));
  if (number > 0 && quota < kLeastQuotaUs) return bad("cpus", options.cpus, "0.01 at least is expected");
  // 0 and less: no limit, which `update` may have to say.
  limits.by_cpus = number > 0;
  out.cpu_period = kPeriodUs;
  out.cpu_quota = number > 0 ? quota : -1;
  return {};
}

// "0-3,7"
bool is_cpu_list(const std::string& text) {
  for (const std::string& range : split(text, ',')) {
    const Cut ends = cut(range, '-');
    auto first = parse_int(ends.before, "cpu");
    if (!first.ok() || *first < 0 || *first > 65535) return false;
    if (!ends.found) continue;
    auto last = parse_int(ends.after, "cpu");
    if (!last.ok() || *last < *first || *last > 65535) return false;
  }
  return true;
}

Result<void> cpuset(const LimitOptions& options, Resources& out) {
  for (const auto& [flag, given, target] : {std::tuple{"cpuset-cpus", &options.cpuset_cpus, &out.cpuset_cpus},
                                            std::tuple{"cpuset-mems", &options.cpuset_mems, &out.cpuset_mems}}) {
    if (given->empty()) continue;
    if (!is_cpu_list(*given)) {
      return fail(Code::kInvalid,
                  std::string("invalid value for ") + flag + ": \"" + *given + "\": a list such as 0-3,7 is expected");
    }
    *target = *given;
  }
  return {};
}

// "/dev/sda:VALUE"
Result<Cut> device_pair(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    return fail(Code::kInvalid, "bad format: " + text);
  Cut out{text.substr(0, colon), text.substr(colon + 1), true};
  if (out.before.rfind("/dev/", 0) != 0) return fail(Code::kInvalid, "bad format for device path: " + text);
  return out;
}

void put(std::vector<DeviceLimit>& list, const std::string& path, std::int64_t value) {
  std::erase_if(list, [&](const DeviceLimit& old) { return old.path == path; });
  list.push_back({path, static_cast<std::uint64_t>(value)});
}

Result<void> block_io(const LimitOptions& options, Limits& limits) {
  if (!options.blkio_weight.empty()) {
    auto weight = parse_int(options.blkio_weight, "blkio-weight");
    if (!weight.ok() || (*weight != 0 && (*weight < kLeastWeight || *weight > kMostWeight))) {
      return fail(Code::kInvalid, "invalid value for blkio-weight: \"" + options.blkio_weight +
                                      "\": a number between 10 and 1000 is expected");
    }
    limits.resources.io_weight = static_cast<std::uint16_t>(*weight);
  }
  for (const std::string& text : options.blkio_weight_device) {
    TRY_SET(const Cut pair, device_pair(text));
    auto weight = parse_int(pair.after, "weight");
    if (!weight.ok() || *weight < kLeastWeight || *weight > kMostWeight) {
      return fail(Code::kInvalid, "invalid weight for device: " + text);
    }
    put(limits.weight_device, pair.before, *weight);
  }
  for (const auto& [texts, list] : {std::pair{&options.device_read_bps, &limits.read_bps},
                                    std::pair{&options.device_write_bps, &limits.write_bps}}) {
    for (const std::string& text : *texts) {
      TRY_SET(const Cut pair, device_pair(text));
      auto rate = parse_size(pair.after, "rate");
      if (!rate.ok()) {
        return fail(Code::kInvalid, "invalid rate for device: " + text +
                                        ". The correct format is <device-path>:<number>[<unit>]. Number must be a "
                                        "positive integer. Unit is optional and can be kb, mb, or gb");
      }
      put(*list, pair.before, *rate);
    }
  }
  for (const auto& [texts, list] : {std::pair{&options.device_read_iops, &limits.read_iops},
                                    std::pair{&options.device_write_iops, &limits.write_iops}}) {
    for (const std::string& text : *texts) {
      TRY_SET(const Cut pair, device_pair(text));
      auto rate = parse_int(pair.after, "rate");
      if (!rate.ok() || *rate < 0) {
        return fail(Code::kInvalid,
                    "invalid rate for device: " + text +
                        ". The correct format is <device-path>:<number>. Number must be a positive integer");
      }
      put(*list, pair.before, *rate);
    }
  }
  return {};
}

Result<std::pair<std::int64_t, std::int64_t>> device_number(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return errno_error("limiting device " + path);
  if (!S_ISBLK(info.st_mode)) return fail(Code::kInvalid, "limiting device " + path + ": not a block device");
  return std::pair<std::int64_t, std::int64_t>(major(info.st_rdev), minor(info.st_rdev));
}

Result<void> add_rates(const std::vector<DeviceLimit>& from, std::vector<runtime::BlockRate>& to) {
  for (const DeviceLimit& one : from) {
    TRY_SET(const auto number, device_number(one.path));
    to.push_back({number.first, number.second, one.value});
  }
  return {};
}

}  // namespace

Result<void> parse_limits(const LimitOptions& options, Limits& limits) {
  TRY(refuse_v1(options));
  TRY(memory(options, limits.resources));
  TRY(cpu(options, limits));
  TRY(cpuset(options, limits.resources));
  if (options.pids_limit != kNotGiven) {
    limits.resources.pids_limit = options.pids_limit;
    limits.default_pids_limit = false;
  }
  TRY(block_io(options, limits));
  for (const std::string& text : options.cgroup_conf) {
    Cut pair = cut(text, '=');
    if (!pair.found) return fail(Code::kInvalid, "--cgroup-conf must be formatted KEY=VALUE");
    TRY(runtime::check_unified_key(pair.before));
    auto& unified = limits.resources.unified;
    std::erase_if(unified, [&](const auto& old) { return old.first == pair.before; });
    unified.emplace_back(std::move(pair.before), std::move(pair.after));
  }
  return {};
}

Result<Resources> resources_of(const Limits& limits) {
  Resources out = limits.resources;
  for (const DeviceLimit& one : limits.weight_device) {
    TRY_SET(const auto number, device_number(one.path));
    out.io_weight_device.push_back({number.first, number.second, static_cast<std::uint16_t>(one.value)});
  }
  TRY(add_rates(limits.read_bps, out.io_read_bps));
  TRY(add_rates(limits.write_bps, out.io_write_bps));
  TRY(add_rates(limits.read_iops, out.io_read_iops));
  TRY(add_rates(limits.write_iops, out.io_write_iops));
  return out;
}

bool asks_for_limit(const Limits& limits) {
  Resources asked = limits.resources;
  if (limits.default_pids_limit) asked.pids_limit.reset();
  const auto any = [](const std::vector<DeviceLimit>& list) { return !list.empty(); };
  return asked.any_limit() || any(limits.weight_device) || any(limits.read_bps) || any(limits.write_bps) ||
         any(limits.read_iops) || any(limits.write_iops);
}

}  // namespace creel::engine
