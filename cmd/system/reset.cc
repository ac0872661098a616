#include "cmd/system/reset.h"

#include "cmd/output/confirm.h"
#include "engine/system/inside.h"
#include "engine/system/reset.h"

namespace creel::cmd {

void SystemResetCommand::declare(Flags& flags) {
  flags.flag("-f,--force", force_, "Do not ask");
}

Result<int> SystemResetCommand::run(Context& context) {
  if (!force_) {
    TRY_SET(const engine::Engine engine, engine::Engine::open(context.global));
    TRY_SET(const bool go_on, confirmed("WARNING! This will remove:\n"
                                        "        - all containers, running ones too\n"
                                        "        - all images\n"
                                        "        - all volumes and what is in them\n"
                                        "        - all secrets\n"
                                        "        - the store: " + engine.paths().store + "\n"));
    if (!go_on) return 0;
  }
  TRY_SET(engine::Engine engine, engine::open_inside(context.global));
  TRY(engine::reset(engine));
  return 0;
}

}  // namespace creel::cmd
