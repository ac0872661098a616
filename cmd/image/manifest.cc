#include "cmd/image/manifest.h"

#include <algorithm>

#include "cmd/exit_code.h"
#include "cmd/image/rmi.h"
#include "engine/image/image.h"

namespace creel::cmd {
namespace {

Error not_a_list(const std::string& name) {
  return fail(Code::kInvalid, name + ": image is not a manifest list");
}

}  // namespace

void ManifestExistsCommand::declare(Flags& flags) {
  flags.arguments(arguments_);
}

Result<int> ManifestExistsCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  auto found = engine::find_image(engine, arguments_[0]);
  if (found) return engine::is_list(*found) ? Result<int>(0) : Result<int>(not_a_list(arguments_[0]));
  if (found.error().code == Code::kNotFound) return 1;
  return std::move(found).error();
}

void ManifestRmCommand::declare(Flags& flags) {
  flags.flag("-i,--ignore", ignore_, "A list that does not exist is no error");
  flags.arguments(arguments_);
}

Result<int> ManifestRmCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  int code = 0;
  for (const std::string& name : arguments_) {
    auto found = engine::find_image(engine, name);
    auto removed = !found                     ? Result<engine::RemovedImage>(found.error())
                   : !engine::is_list(*found) ? Result<engine::RemovedImage>(not_a_list(name))
                                              : engine::remove_image(engine, name, {});
    if (removed) {
      print_removed(*removed);
      continue;
    }
    if (ignore_ && removed.error().code == Code::kNotFound) continue;
    print_error(removed.error());
    code = std::max(code, removal_exit_code(removed.error()));
  }
  return code;
}

}  // namespace creel::cmd
