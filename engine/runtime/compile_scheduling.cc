#include "engine/runtime/compile_scheduling.h"

#include <linux/sched.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace creel::engine::runtime {

namespace {

using Named = std::pair<std::string_view, std::uint32_t>;

constexpr std::array<Named, 7> kPolicies = {{{"SCHED_OTHER", SCHED_NORMAL},
                                             {"SCHED_FIFO", SCHED_FIFO},
                                             {"SCHED_RR", SCHED_RR},
                                             {"SCHED_BATCH", SCHED_BATCH},
                                             {"SCHED_ISO", 4},
                                             {"SCHED_IDLE", SCHED_IDLE},
                                             {"SCHED_DEADLINE", SCHED_DEADLINE}}};
constexpr std::array<Named, 7> kFlags = {{{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
                                          {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
                                          {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
                                          {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
                                          {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
                                          {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
                                          {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}}};
constexpr std::array<Named, 3> kIoClasses = {{{"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}}};
constexpr int kIoClassShift = 13;

// personality(2): PER_LINUX, PER_LINUX32.
constexpr std::array<Named, 2> kDomains = {{{"LINUX", 0}, {"LINUX32", 8}}};

constexpr std::int64_t kMostCpus = 8192;

template <std::size_t N>
Result<std::uint32_t> number_of(const std::array<Named, N>& known, const std::string& name, const char* what) {
  for (const auto& [each, value] : known) {
    if (each == name) return value;
  }
  return fail(Code::kInvalid, "\"" + name + "\": unknown " + what);
}

}  // namespace

Result<void> compile_scheduling(const Process& process, ProcessPlan& plan) {
  if (process.scheduler) {
    const Scheduler& scheduler = *process.scheduler;
    plan.set_scheduler = true;
    TRY_SET(plan.sched_policy, number_of(kPolicies, scheduler.policy, "scheduling policy"));
    for (const std::string& name : scheduler.flags) {
      TRY_SET(const std::uint32_t flag, number_of(kFlags, name, "flag of the scheduler"));
      plan.sched_flags |= flag;
    }
    if (scheduler.nice < -20 || scheduler.nice > 19) {
      return fail(Code::kInvalid, "scheduler: nice " + std::to_string(scheduler.nice) + " is not between -20 and 19");
    }
    if (scheduler.priority < 0 || scheduler.priority > 99) {
      return fail(Code::kInvalid, "scheduler: priority " + std::to_string(scheduler.priority) + " is not between 0 and 99");
    }
    plan.sched_nice = scheduler.nice;
    plan.sched_priority = static_cast<std::uint32_t>(scheduler.priority);
    plan.sched_runtime_ns = scheduler.runtime_ns;
    plan.sched_deadline_ns = scheduler.deadline_ns;
    plan.sched_period_ns = scheduler.period_ns;
  }
  if (process.io_priority) {
    TRY_SET(const std::uint32_t io_class, number_of(kIoClasses, process.io_priority->io_class, "I/O priority class"));
    const int priority = process.io_priority->priority;
    if (priority < 0 || priority > 7) {
      return fail(Code::kInvalid, "I/O priority " + std::to_string(priority) + " is not between 0 and 7");
    }
    plan.io_priority = static_cast<std::int32_t>(io_class << kIoClassShift) | priority;
  }
  TRY_SET(plan.cpus_initial, compile_cpu_list(process.exec_cpu_affinity.initial));
  TRY_SET(plan.cpus_final, compile_cpu_list(process.exec_cpu_affinity.final));
  return {};
}

Result<void> compile_personality(const Personality& personality, ProcessPlan& plan) {
  TRY_SET(plan.personality, number_of(kDomains, personality.domain, "personality"));
  if (!personality.flags.empty()) {
    return fail(Code::kInvalid, "personality: flag \"" + personality.flags.front() + "\" is unknown");
  }
  plan.set_personality = true;
  return {};
}

Result<std::string> compile_cpu_list(const std::string& list) {
  std::string out;
  if (trim(list).empty()) return out;
  for (const std::string& part : split(list, ',')) {
    const std::string what = "list of CPUs \"" + list + "\"";
    const Cut range = cut(trim(part), '-');
    TRY_SET(const std::int64_t first, parse_int(range.before, what));
    std::int64_t last = first;
    if (range.found) {
      TRY_SET(last, parse_int(range.after, what));
    }
    if (first < 0 || last < first || last >= kMostCpus) return fail(Code::kInvalid, what + ": not a range of CPUs");
    const std::size_t needed = static_cast<std::size_t>(last) / 64 * 8 + 8;
    if (out.size() < needed) out.resize(needed);
    for (std::int64_t cpu = first; cpu <= last; ++cpu) {
      char& byte = out[static_cast<std::size_t>(cpu) / 8];
      byte = static_cast<char>(static_cast<unsigned char>(byte) | 1u << (cpu % 8));
    }
  }
  return out;
}

}  // namespace creel::engine::runtime
