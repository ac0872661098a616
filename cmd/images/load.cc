#include "cmd/images/load.h"

#include <cstdio>

#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

void LoadCommand::declare(Flags& flags) {
  flags.value("-i,--input", input_, "string", "File or directory to read instead of standard input");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Load images for this platform alone");
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print no progress");
  flags.value("--signature-policy", signature_policy_, "path", "Signature policy instead of the usual policy.json");
  flags.arguments(arguments_);
}

Result<int> LoadCommand::run(Context& context) {
  TRY_SET(const std::string platform, platform_of(platform_, {}, {}, {}));
  TRY_SET(Fd input, open_input(input_));
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  const std::string label = input_.empty() || input_ == "-" ? "standard input" : input_;
  auto loaded = engine::transfer::load(engine, std::move(input), label, {signature_policy_, platform}, *progress);
  progress.reset();
  if (!loaded.ok()) return std::move(loaded).error();
  for (const std::string& name : loaded->names) std::printf("Loaded image: %s\n", name.c_str());
  return 0;
}

}  // namespace creel::cmd
