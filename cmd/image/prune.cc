#include "cmd/image/prune.h"

#include "cmd/output/confirm.h"
#include "cmd/output/pruned.h"
#include "engine/system/inside.h"
#include "engine/system/prune.h"

namespace creel::cmd {

void ImagePruneCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Remove all images that no container uses, those with a name too");
  flags.flag("--build-cache", build_cache_, "Remove what builds have kept, too");
  flags.flag("--external", external_, "Remove containers of other tools that use the image, too (there are none here)");
  flags.list("--filter", filters_, "strings", "Remove only images that meet this condition: label=…, label!=…, until=…")
      .csv();
  flags.flag("-f,--force", force_, "Do not ask");
}

Result<int> ImagePruneCommand::run(Context& context) {
  if (!force_) {
    TRY_SET(const bool yes,
            confirmed(
                all_ ? "WARNING! This command removes all images without at least one container associated with them.\n"
                     : "WARNING! This command removes all dangling images.\n"));
    if (!yes) return 0;
  }
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  TRY_SET(const engine::Pruned pruned, engine::prune_images(engine, all_, filters_));
  return print_pruned(pruned, "");
}

}  // namespace creel::cmd
