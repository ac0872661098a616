#include "cmd/image/rmi.h"

#include <algorithm>
#include <cstdio>

#include "cmd/exit_code.h"
#include "engine/image/image.h"

namespace creel::cmd {

void print_removed(const engine::RemovedImage& removed) {
  for (const std::string& name : removed.untagged) std::printf("Untagged: %s\n", name.c_str());
  for (const std::string& id : removed.deleted) std::printf("Deleted: %s\n", id.c_str());
}

void RmiCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Remove all images");
  flags.flag("-f,--force", force_, "Remove containers that use the image, too");
  flags.flag("-i,--ignore", ignore_, "An image that does not exist is no error");
  flags.flag("--no-prune", no_prune_, "Keep images without a name that nothing else stands on");
  flags.list("--platform", platforms_, "OS/ARCH[/VARIANT]", "Remove the image only if it is for this platform").csv();
  flags.arguments(arguments_);
}

Result<int> RmiCommand::run(Context& context) {
  for (const std::string& platform : platforms_) TRY(engine::parse_platform(platform));
  if (all_ && !arguments_.empty()) {
    return fail(Code::kInvalid, "when using the --all switch, you may not pass any images names or IDs");
  }
  if (!all_ && arguments_.empty()) return fail(Code::kInvalid, "image name or ID must be specified");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  if (all_) {
    auto removed = engine::remove_all_images(engine, force_);
    if (removed) {
      print_removed(*removed);
      return 0;
    }
    print_error(removed.error());
    return removal_exit_code(removed.error());
  }
  // Each one is tried; the gravest exit code stands.
  int code = 0;
  for (const std::string& name : arguments_) {
    auto removed = engine::remove_image(engine, name, {.force = force_, .prune = !no_prune_, .platforms = platforms_});
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
