#include "engine/container/clone.h"

#include "base/text.h"
#include "engine/container/container.h"
#include "engine/container/create.h"
#include "engine/container/names.h"
#include "engine/container/passes.h"
#include "engine/container/state.h"
#include "engine/image/obtain.h"

namespace creel::engine {

namespace {

Result<std::string> free_name(storage::Store& store, const std::string& name) {
  std::string wanted = name + "-clone";
  for (int number = 1;; ++number) {
    auto taken = store.container(wanted);
    if (!taken.ok() && taken.error().code == Code::kNotFound) return wanted;
    if (!taken.ok()) return std::move(taken).error();
    wanted = name + "-clone" + std::to_string(number);
  }
}

Result<void> take_image(Creation& creation, const std::string& name) {
  TRY_SET(auto found, image_at_hand(creation.engine, name, PullPolicy::kMissing, {}));
  if (!found) {
    TRY_SET(found, pull_image(creation.engine, creation.options));
  }
  creation.image = std::move(*found);
  ContainerConfig& config = creation.config;
  config.rootfs.clear();
  config.layers.clear();
  TRY(pass_image(creation));
  return {};
}

// What is the original's alone.
void make_anew(Creation& creation, const ContainerConfig& original) {
  ContainerConfig& config = creation.config;
  const std::string old_dir = creation.engine.paths().container(original.id);
  config.created_ns = now_ns();
  config.cidfile.clear();
  config.pidfile.clear();
  config.monitor_pidfile.clear();
  config.create_command = creation.argv;
  if (config.hostname == original.id.substr(0, 12)) config.hostname = config.id.substr(0, 12);
  if (config.log_path == old_dir + "/log") config.log_path = creation.engine.paths().container(config.id) + "/log";
}

}  // namespace

Result<std::string> clone(Engine& engine, const std::string& name, const CloneOptions& options,
                          const std::vector<std::string>& argv) {
  TRY_SET(storage::Store * store, engine.store(storage::Store::Access::kWrite));
  TRY_SET(const storage::ContainerRecord record, find_record(engine, name));
  TRY_SET(const ContainerConfig original, config_of(record));
  if (options.destroy && !options.force && is_alive(observe(engine, record.id))) {
    return fail(Code::kInUse, "container " + record.name + " is running: container state improper")
        .with_hint("--force with --destroy removes it all the same");
  }
  if (original.userns == "auto") {
    return fail(Code::kUnsupported, "cloning container " + record.name + ": its user IDs (--userns=auto) are its own");
  }
  CreateOptions wanted;
  wanted.name = options.name;
  wanted.image = options.image;
  Creation creation{engine, wanted, argv, {}, {}, {}, {}, {}};
  TRY(pass_identity(creation));
  const std::string id = creation.config.id;
  creation.config = original;
  creation.config.id = id;
  creation.config.name = options.name;
  if (options.name.empty()) {
    TRY_SET(creation.config.name, free_name(*store, record.name));
  }
  make_anew(creation, original);
  TRY(parse_limits(options.limits, creation.config.limits));
  if (!options.image.empty()) TRY(take_image(creation, options.image));
  TRY_SET(const std::vector<std::string> volumes, store->container_volumes(record.id));
  for (const std::string& volume : volumes) {
    TRY_SET(auto found, store->volume(volume));
    if (found) creation.volumes.push_back(std::move(*found));
  }
  TRY_SET(const ContainerConfig made, add_container(creation));
  if (options.destroy)
    TRY(remove(engine, record.id, RemoveOptions{.force = options.force, .volumes = false, .timeout = {}}));
  return made.id;
}

}  // namespace creel::engine
