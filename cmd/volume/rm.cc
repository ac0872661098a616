#include "cmd/volume/rm.h"

#include <algorithm>
#include <cstdio>
#include <optional>

#include "cmd/container/seconds.h"
#include "cmd/exit_code.h"
#include "engine/container/container.h"
#include "engine/volume/volume.h"

namespace creel::cmd {
namespace {

Result<void> remove_one(engine::Engine& engine, const std::string& name, bool force, std::optional<unsigned> timeout) {
  auto found = engine::find_volume(engine, name);
  if (!found.ok()) {
    if (force && found.error().code == Code::kNotFound) return {};
    return std::move(found).error();
  }
  if (force) {
    TRY_SET(storage::Store * store, engine.store());
    TRY_SET(const auto users, store->volume_users(found->name));
    for (const std::string& id : users) {
      TRY(engine::remove(engine, id, {.force = true, .volumes = false, .timeout = timeout}));
    }
  }
  return engine::remove_volume(engine, found->name);
}

}  // namespace

void VolumeRmCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Remove all volumes");
  flags.flag("-f,--force", force_, "Remove the containers that use it, too; a volume that does not exist is no error");
  flags.integer("-t,--time", time_, "seconds", "With --force: time for running containers to end before SIGKILL");
  flags.arguments(arguments_);
}

Result<int> VolumeRmCommand::run(Context& context) {
  if (all_ == !arguments_.empty()) return fail(Code::kInvalid, "choose either one or more volumes or all");
  std::optional<unsigned> timeout;
  if (time_ != INT64_MIN) {
    if (!force_) return fail(Code::kInvalid, "--force option must be specified to use the --time option");
    TRY_SET(timeout, parse_seconds(time_, "-t, --time"));
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  std::vector<std::string> names = arguments_;
  if (all_) {
    TRY_SET(const auto volumes, engine::list_volumes(engine, {}));
    for (const storage::VolumeRecord& volume : volumes) names.push_back(volume.name);
  }
  int code = 0;
  for (const std::string& name : names) {
    auto removed = remove_one(engine, name, force_, timeout);
    if (removed.ok()) {
      std::printf("%s\n", name.c_str());
      continue;
    }
    print_error(removed.error());
    code = std::max(code, removal_exit_code(removed.error()));
  }
  return code;
}

}  // namespace creel::cmd
