// update: other limits, in the record and, where the container runs, in its control group at once.
#include "engine/container/container.h"
#include "engine/container/control_group.h"
#include "engine/container/state.h"

namespace creel::engine {

Result<std::string> update(Engine& engine, const std::string& name, const LimitOptions& options) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(storage::ContainerRecord record, find_record(engine, name));
  TRY_SET(ContainerConfig config, config_of(record));
  TRY(parse_limits(options, config.limits));
  if (config.cgroups == "disabled" && asks_for_limit(config.limits)) {
    return fail(Code::kInvalid, "cannot set limits if not creating cgroups: invalid argument");
  }
  const monitor::Observed observed = observe(engine, record.id);
  if (is_alive(observed)) {
    TRY_SET(const runtime::Cgroup group, control_group_of(observed, "updating container " + record.name));
    TRY_SET(const runtime::Resources resources, resources_of(config.limits));
    // First the kernel, which knows best what it can do: what it has refused is not kept.
    TRY(runtime::update_cgroup(running_plan(record.id, group.path()), group, resources));
  } else if (config.cgroups != "split") {
    TRY(plan_control_group(engine, config));
  }
  record.config = to_json_text(config);
  TRY(store->update_container(record));
  return record.id;
}

}  // namespace creel::engine
