// What the container may use, and whether it has a control group.
#include "engine/container/control_group.h"
#include "engine/container/passes.h"

namespace creel::engine {

namespace {

Result<void> set_mode(const CreateOptions& options, ContainerConfig& config) {
  const std::string& mode = options.cgroups;
  if (mode != "enabled" && mode != "disabled" && mode != "no-conmon" && mode != "split") {
    return fail(Code::kInvalid,
                "running container create option: invalid cgroup mode \"" + mode + "\": invalid argument");
  }
  if (mode != "enabled") config.cgroups = mode;
  config.cgroup_parent = options.cgroup_parent;
  return {};
}

}  // namespace

Result<void> pass_control_group(Creation& creation) {
  const CreateOptions& options = creation.options;
  ContainerConfig& config = creation.config;
  TRY(set_mode(options, config));
  TRY(parse_limits(options.limits, config.limits));
  if (config.cgroups == "disabled") {
    if (!config.cgroup_parent.empty()) {
      return fail(Code::kInvalid, "cannot set cgroup parent if not creating cgroups: invalid argument");
    }
    if (asks_for_limit(config.limits)) {
      return fail(Code::kInvalid, "cannot set limits if not creating cgroups: invalid argument");
    }
    return {};
  }
  if (options.limits.pids_limit == kNotGiven) {
    TRY_SET(const EngineConfiguration* defaults, creation.engine.configuration());
    const std::int64_t limit = defaults->pids_limit.value_or(kDefaultPidsLimit);
    if (limit > 0) {
      config.limits.resources.pids_limit = limit;
      config.limits.default_pids_limit = true;
    }
  }
  // What this host cannot enforce is told now, not at the first start; split moves processes, which creating must not.
  if ((asks_for_limit(config.limits) || !config.cgroup_parent.empty()) && config.cgroups != "split") {
    TRY(plan_control_group(creation.engine, config));
  }
  return {};
}

}  // namespace creel::engine
