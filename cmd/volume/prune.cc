#include "cmd/volume/prune.h"

#include <cstdio>

#include "cmd/output/confirm.h"
#include "cmd/output/pruned.h"
#include "engine/system/inside.h"

namespace creel::cmd {

void VolumePruneCommand::declare(Flags& flags) {
  // Docker's; here it is always so.
  flags.flag("-a,--all", all_, "Named volumes, too").hidden();
  flags.list("--filter", filters_, "key=value", "Only those that meet this condition: label=, name=, until=, …");
  flags.flag("-f,--force", force_, "Do not ask");
}

Result<int> VolumePruneCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  if (!force_) {
    std::string warning =
        "WARNING! This will remove all volumes not used by at least one container. The following volumes will be "
        "removed:\n";
    TRY_SET(const std::vector<std::string> names, engine::unused_volumes(engine, filters_));
    if (names.empty()) {
      std::printf("%sNo dangling volumes found\n", warning.c_str());
      return 0;
    }
    for (const std::string& name : names) warning += name + "\n";
    TRY_SET(const bool go_on, confirmed(warning));
    if (!go_on) return 0;
  }
  TRY_SET(const engine::Pruned pruned, engine::prune_volumes(engine, filters_));
  return print_pruned(pruned, "");
}

}  // namespace creel::cmd
