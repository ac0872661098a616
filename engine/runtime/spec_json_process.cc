#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "engine/runtime/capability_names.h"
#include "engine/runtime/compile.h"
#include "engine/runtime/spec_json_parts.h"

namespace creel::engine::runtime {

namespace {

constexpr std::array<std::string_view, 7> kPolicies = {"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR",      "SCHED_BATCH",
                                                       "SCHED_ISO",   "SCHED_IDLE", "SCHED_DEADLINE"};
constexpr std::array<std::string_view, 7> kSchedulerFlags = {
    "SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",        "SCHED_FLAG_DL_OVERRUN",    "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",   "SCHED_FLAG_UTIL_CLAMP_MIN", "SCHED_FLAG_UTIL_CLAMP_MAX"};
constexpr std::array<std::string_view, 3> kIoClasses = {"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Result<void> read_user(const JsonField& field, User& out) {
  if (field.absent()) return {};
  TRY(field.object());
  // (uid_t)-1 is "no change" to the kernel.
  TRY(field["uid"].read(out.uid, UINT32_MAX - 1));
  TRY(field["gid"].read(out.gid, UINT32_MAX - 1));
  TRY(field["umask"].read(out.umask, std::uint32_t{0777}));
  const JsonField groups = field["additionalGids"];
  TRY_SET(const std::size_t size, groups.count());
  out.additional_gids.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    TRY(groups.item(i).required());
    TRY(groups.item(i).read(out.additional_gids[i], UINT32_MAX - 1));
  }
  return {};
}

// config.md: what the runtime cannot map is a warning and no error, so that a configuration made on a newer kernel
// runs.
Result<void> read_capability_set(const JsonField& field, std::vector<std::string>& out,
                                 std::vector<std::string>& unknown) {
  std::vector<std::string> names;
  TRY(field.read(names));
  for (std::string& name : names) {
    if (capability_number(name) >= 0) {
      out.push_back(std::move(name));
    } else if (std::find(unknown.begin(), unknown.end(), name) == unknown.end()) {
      unknown.push_back(std::move(name));
    }
  }
  return {};
}

Result<void> read_capabilities(const JsonField& field, Capabilities& out) {
  if (field.absent()) return {};
  TRY(field.object());
  TRY(read_capability_set(field["bounding"], out.bounding, out.unknown));
  TRY(read_capability_set(field["effective"], out.effective, out.unknown));
  TRY(read_capability_set(field["inheritable"], out.inheritable, out.unknown));
  TRY(read_capability_set(field["permitted"], out.permitted, out.unknown));
  return read_capability_set(field["ambient"], out.ambient, out.unknown);
}

Result<void> read_rlimits(const JsonField& field, std::vector<Rlimit>& out) {
  TRY_SET(const std::size_t size, field.count());
  for (std::size_t i = 0; i < size; ++i) {
    const JsonField one = field.item(i);
    TRY(one.object());
    Rlimit limit;
    TRY(one["type"].required());
    TRY(one["type"].read(limit.type));
    if (rlimit_number(limit.type) < 0) return one["type"].wrong("unknown resource limit " + in_quotes(limit.type));
    TRY(one["soft"].required());
    TRY(one["soft"].read(limit.soft));
    TRY(one["hard"].required());
    TRY(one["hard"].read(limit.hard));
    if (limit.soft > limit.hard) return one["soft"].wrong("above the hard limit");
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const Rlimit& other) { return other.type == limit.type; });
    if (twice) return one["type"].wrong(limit.type + " is listed twice");
    out.push_back(std::move(limit));
  }
  return {};
}

Result<void> read_scheduler(const JsonField& field, std::optional<Scheduler>& out) {
  if (field.absent()) return {};
  TRY(field.object());
  Scheduler made;
  TRY(field["policy"].required());
  TRY(field["policy"].read(made.policy));
  if (!among(kPolicies, made.policy)) return field["policy"].wrong("unknown scheduling policy " + in_quotes(made.policy));
  TRY(field["nice"].read(made.nice, -20, 19));
  TRY(field["priority"].read(made.priority));
  TRY(field["flags"].read(made.flags));
  for (std::size_t i = 0; i < made.flags.size(); ++i) {
    if (!among(kSchedulerFlags, made.flags[i])) {
      return field["flags"].item(i).wrong("unknown scheduling flag " + in_quotes(made.flags[i]));
    }
  }
  TRY(field["runtime"].read(made.runtime_ns));
  TRY(field["deadline"].read(made.deadline_ns));
  TRY(field["period"].read(made.period_ns));
  out = std::move(made);
  return {};
}

Result<void> read_io_priority(const JsonField& field, std::optional<IoPriority>& out) {
  if (field.absent()) return {};
  TRY(field.object());
  IoPriority made;
  TRY(field["class"].required());
  TRY(field["class"].read(made.io_class));
  if (!among(kIoClasses, made.io_class)) return field["class"].wrong("unknown class " + in_quotes(made.io_class));
  TRY(field["priority"].read(made.priority, 0, 7));
  out = std::move(made);
  return {};
}

Result<void> read_cpu_list(const JsonField& field, std::string& out) {
  TRY(field.read(out));
  if (out.find_first_not_of("0123456789,- ") != std::string::npos) {
    return field.wrong("a list of CPUs like 0-3,7 is expected");
  }
  return {};
}

}  // namespace

Result<void> read_process(const JsonField& field, Process& out) {
  TRY(field.object());
  TRY(field["terminal"].read(out.terminal));
  if (const JsonField size = field["consoleSize"]; !size.absent()) {
    TRY(size.object());
    TRY(size["height"].required());
    TRY(size["height"].read(out.rows));
    TRY(size["width"].required());
    TRY(size["width"].read(out.columns));
  }
  TRY(field["cwd"].required());
  TRY(read_absolute_path(field["cwd"], out.cwd));
  TRY(field["env"].read(out.env));
  for (std::size_t i = 0; i < out.env.size(); ++i) {
    if (out.env[i].find('=') == std::string::npos || out.env[i][0] == '=') {
      return field["env"].item(i).wrong("KEY=VALUE is expected");
    }
  }
  TRY(field["args"].required());
  TRY(field["args"].read(out.args));
  if (out.args.empty()) return field["args"].wrong("empty: no program is named");
  if (out.args[0].empty()) return field["args"].item(0).wrong("empty: no program is named");
  TRY(read_rlimits(field["rlimits"], out.rlimits));
  TRY(field["apparmorProfile"].read(out.apparmor_profile));
  TRY(field["selinuxLabel"].read(out.selinux_label));
  TRY(read_capabilities(field["capabilities"], out.capabilities));
  TRY(field["noNewPrivileges"].read(out.no_new_privileges));
  TRY(field["oomScoreAdj"].read(out.oom_score_adj, -1000, 1000));
  TRY(read_scheduler(field["scheduler"], out.scheduler));
  TRY(read_io_priority(field["ioPriority"], out.io_priority));
  if (const JsonField affinity = field["execCPUAffinity"]; !affinity.absent()) {
    TRY(affinity.object());
    TRY(read_cpu_list(affinity["initial"], out.exec_cpu_affinity.initial));
    TRY(read_cpu_list(affinity["final"], out.exec_cpu_affinity.final));
  }
  return read_user(field["user"], out.user);
}

}  // namespace creel::engine::runtime
