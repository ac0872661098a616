#include "cmd/container/clone.h"

#include <cstdio>

#include "cmd/container/limit_flags.h"
#include "engine/container/container.h"

namespace creel::cmd {

void CloneCommand::declare(Flags& flags) {
  flags.flag("--destroy", options_.destroy, "Remove the original");
  flags.flag("-f,--force", options_.force, "With --destroy: also where it runs");
  flags.value("--name", options_.name, "string", "Name of the new container");
  flags.flag("--run", run_, "Start the new container");
  declare_common_limit_flags(flags, options_.limits);
  flags.arguments(arguments_);
}

Result<int> CloneCommand::run(Context& context) {
  if (options_.force && !options_.destroy) return fail(Code::kInvalid, "cannot set --force without --destroy");
  if (arguments_.size() > 1) {
    if (!options_.name.empty()) return fail(Code::kInvalid, "cannot set the name twice, by --name and by an argument");
    options_.name = arguments_[1];
  }
  if (arguments_.size() > 2) options_.image = arguments_[2];
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string id, engine::clone(engine, arguments_[0], options_, context.argv));
  if (run_) TRY(engine::start(engine, id, engine::StartRequest{}));
  std::printf("%s\n", id.c_str());
  return 0;
}

}  // namespace creel::cmd
