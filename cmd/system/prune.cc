#include "cmd/system/prune.h"

#include <algorithm>
#include <cstdio>

#include "cmd/output/confirm.h"
#include "cmd/output/pruned.h"
#include "cmd/output/size.h"
#include "engine/system/inside.h"

namespace creel::cmd {
namespace {

std::string warning_of(bool all, bool volumes) {
  std::string text =
      "WARNING! This command removes:\n"
      "\t- all stopped containers\n"
      "\t- all networks not used by at least one container\n";
  if (volumes) text += "\t- all volumes not used by at least one container\n";
  text += all ? "\t- all images without at least one container associated with them\n\t- all build cache\n\n"
              : "\t- all dangling images\n\t- all dangling build cache\n\n";
  return text;
}

}  // namespace

void SystemPruneCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Remove all images that no container uses, not only those without a name");
  flags.flag("--build", build_, "Remove what builds left, too");
  flags.flag("--external", external_, "Remove only what interrupted commands left");
  flags.list("--filter", filters_, "key=value", "Only what meets this condition: until=, label=, label!=");
  flags.flag("-f,--force", force_, "Do not ask");
  flags.flag("--volumes", volumes_, "Remove volumes that no container uses, too");
}

Result<int> SystemPruneCommand::run(Context& context) {
  if (external_ && (all_ || volumes_ || !filters_.empty())) {
    return fail(Code::kInvalid, "--external cannot be combined with other options");
  }
  if (!force_ && !external_) {
    TRY_SET(const bool go_on, confirmed(warning_of(all_, volumes_)));
    if (!go_on) return 0;
  }
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  std::int64_t bytes = 0;
  int code = 0;
  const auto print = [&](const engine::Pruned& pruned, const char* heading) {
    bytes += pruned.bytes;
    code = std::max(code, print_pruned(pruned, heading));
  };
  if (!external_) {
    // What uses others goes first.
    TRY_SET(const engine::Pruned containers, engine::prune_containers(engine, filters_));
    print(containers, "Deleted Containers");
    if (volumes_) {
      TRY_SET(const engine::Pruned volumes, engine::prune_volumes(engine, filters_));
      print(volumes, "Deleted Volumes");
    }
    TRY_SET(const engine::Pruned images, engine::prune_images(engine, all_, filters_));
    print(images, "Deleted Images");
  }
  TRY_SET(const std::int64_t leftovers, engine::prune_leftovers(engine));
  std::printf("Total reclaimed space: %s\n", size_text(bytes + leftovers).c_str());
  return code;
}

}  // namespace creel::cmd
