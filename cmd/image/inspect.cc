#include "cmd/image/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/output/inspection.h"
#include "cmd/output/output.h"
#include "engine/image/image.h"

namespace creel::cmd {

void ImageInspectCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "The image for this platform");
  flags.arguments(arguments_);
}

Result<int> ImageInspectCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  Inspection inspection(format_);
  for (const std::string& name : arguments_) {
    auto found = engine::inspect_image(engine, name, platform_);
    // A template may ask for what the document leaves out.
    if (found && !format_.empty() && !means_json(format_) && !found->contains("Healthcheck")) {
      (*found)["Healthcheck"] = nullptr;
    }
    inspection.add(std::move(found));
  }
  return inspection.print();
}

}  // namespace creel::cmd
