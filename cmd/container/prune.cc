#include "cmd/container/prune.h"

#include "cmd/output/confirm.h"
#include "cmd/output/pruned.h"
#include "engine/system/inside.h"

namespace creel::cmd {

void ContainerPruneCommand::declare(Flags& flags) {
  flags.list("--filter", filters_, "key=value", "Only those that meet this condition: until=, label=, label!=");
  flags.flag("-f,--force", force_, "Do not ask");
}

Result<int> ContainerPruneCommand::run(Context& context) {
  if (!force_) {
    TRY_SET(const bool go_on, confirmed("WARNING! This will remove all non running containers.\n"));
    if (!go_on) return 0;
  }
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  TRY_SET(const engine::Pruned pruned, engine::prune_containers(engine, filters_));
  return print_pruned(pruned, "");
}

}  // namespace creel::cmd
