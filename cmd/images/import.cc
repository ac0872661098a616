#include "cmd/images/import.h"

#include <cstdio>

#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/transfer/download.h"
#include "engine/image/transfer/transfer.h"

namespace creel::cmd {

void ImportCommand::declare(Flags& flags) {
  flags.value("--arch", arch_, "string", "Architecture of the image");
  flags.list("-c,--change", changes_, "instruction", "Dockerfile instruction to apply: CMD, ENTRYPOINT, ENV, …");
  flags.value("-m,--message", message_, "string", "Comment in the image's history");
  flags.value("--os", os_, "string", "Operating system of the image");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Platform of the image");
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print nothing but the image's ID");
  flags.value("--signature-policy", signature_policy_, "path", "Signature policy instead of the usual policy.json");
  flags.value("--variant", variant_, "string", "Variant of the architecture");
  flags.arguments(arguments_);
}

Result<int> ImportCommand::run(Context& context) {
  std::string source = arguments_[0];
  const bool url = engine::transfer::is_url(source);
  engine::transfer::ImportOptions options;
  if (arguments_.size() > 1) options.reference = arguments_[1];
  options.message = message_;
  options.changes = changes_;
  options.signature_policy = signature_policy_;
  TRY_SET(options.platform, platform_of(platform_, os_, arch_, variant_));
  Fd input;
  if (!url) {
    TRY_SET(input, open_input(source));
  }
  TRY_SET(engine::Engine engine, engine_inside(context));
  TRY_SET(auto progress, make_progress(quiet_, progress_));
  if (url) {
    TRY_SET(input, engine::transfer::download(engine, source, *progress));
    source = engine::transfer::printable_url(source);
  }
  auto id = engine::transfer::import(engine, std::move(input), source, options, *progress);
  progress.reset();
  if (!id.ok()) return std::move(id).error();
  std::printf("sha256:%s\n", id->c_str());
  return 0;
}

}  // namespace creel::cmd
