#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cmd/runtime/handlers.h"
#include "engine/runtime/spec_json.h"

namespace creel::cmd::runtime {

namespace {

constexpr std::size_t kMaxResources = 1 << 20;

// Bytes with a unit, or -1 for "unlimited".
Result<void> set_size(const std::optional<std::string>& text, const char* flag, std::optional<std::int64_t>& to) {
  if (!text) return {};
  if (*text == "-1") {
    to = -1;
    return {};
  }
  TRY_SET(to, parse_size(*text, flag));
  return {};
}

template <typename T>
Result<void> set_number(const std::optional<std::string>& text, const char* flag, std::optional<T>& to) {
  if (!text) return {};
  TRY_SET(const std::int64_t number, parse_int(*text, flag));
  const T narrowed = static_cast<T>(number);
  if ((std::is_unsigned_v<T> && number < 0) || static_cast<std::int64_t>(narrowed) != number) {
    return fail(Code::kInvalid, std::string(flag) + " " + *text + ": out of range");
  }
  to = narrowed;
  return {};
}

}  // namespace

void Update::declare(Flags& flags) {
  flags
      .value("-r,--resources", resources_, "string", "The resources object of runtime-spec, as a JSON file; - is stdin")
      .value("--memory", memory_, "bytes", "Memory limit; -1: unlimited")
      .value("--memory-reservation", memory_reservation_, "bytes", "Memory that is spared while there is enough")
      .value("--memory-swap", memory_swap_, "bytes", "Memory and swap together; -1: unlimited")
      .value("--cpu-shares,--cpu-share", cpu_shares_, "number", "CPU weight, 2 to 262144")
      .value("--cpu-period", cpu_period_, "microseconds", "Period of --cpu-quota")
      .value("--cpu-quota", cpu_quota_, "microseconds", "CPU time in each period; -1: unlimited")
      .value("--cpu-burst", cpu_burst_, "microseconds", "Unused quota that may be saved up")
      .value("--cpu-idle", cpu_idle_, "0|1", "Run only when nobody else wants the CPU")
      .value("--cpuset-cpus", cpuset_cpus_, "list", "CPUs, as 0-3,7")
      .value("--cpuset-mems", cpuset_mems_, "list", "Memory nodes")
      .value("--pids-limit", pids_limit_, "number", "Processes; 0 or less: unlimited")
      .value("--blkio-weight", blkio_weight_, "number", "I/O weight, 10 to 1000");
  // Control groups v1 had these; runc takes and forgets them on v2 as well.
  for (const char* name : {"--kernel-memory", "--kernel-memory-tcp", "--cpu-rt-period", "--cpu-rt-runtime",
                           "--l3-cache-schema", "--mem-bw-schema"}) {
    flags.value(name, ignored_, "string", "Not on cgroup v2").hidden();
  }
}

Result<int> Update::run(const Global& global) {
  if (!ignored_.empty())
    return fail(Code::kUnsupported, "kernel memory, realtime and cache limits do not exist on cgroup v2");
  oci::Resources resources;
  if (!resources_.empty()) {
    TRY_SET(const std::string text,
            resources_ == "-" ? read_all(STDIN_FILENO, kMaxResources) : read_file(resources_, kMaxResources));
    TRY_SET(resources, oci::resources_from_json(text));
  }
  TRY(set_size(memory_, "--memory", resources.memory_limit));
  TRY(set_size(memory_reservation_, "--memory-reservation", resources.memory_reservation));
  TRY(set_size(memory_swap_, "--memory-swap", resources.memory_swap));
  TRY(set_number(cpu_shares_, "--cpu-shares", resources.cpu_shares));
  TRY(set_number(cpu_period_, "--cpu-period", resources.cpu_period));
  TRY(set_number(cpu_quota_, "--cpu-quota", resources.cpu_quota));
  TRY(set_number(cpu_burst_, "--cpu-burst", resources.cpu_burst));
  TRY(set_number(cpu_idle_, "--cpu-idle", resources.cpu_idle));
  TRY(set_number(pids_limit_, "--pids-limit", resources.pids_limit));
  TRY(set_number(blkio_weight_, "--blkio-weight", resources.io_weight));
  if (!cpuset_cpus_.empty()) resources.cpuset_cpus = cpuset_cpus_;
  if (!cpuset_mems_.empty()) resources.cpuset_mems = cpuset_mems_;
  TRY_SET(const oci::Instance instance, open_instance(global, arguments[0]));
  TRY(instance.lock());
  if (!instance.process().ok()) return fail(Code::kInUse, "container not running");
  TRY_SET(const oci::Cgroup group, instance.cgroup());
  TRY_SET(const oci::Plan plan, instance.plan());
  TRY(oci::update_cgroup(plan.cgroup, group, resources));
  if (!resources.devices.empty() && geteuid() == 0) TRY(group.filter_devices(resources.devices));
  return 0;
}

}  // namespace creel::cmd::runtime
