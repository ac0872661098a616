#include "cmd/image/inspect.h"

#include <nlohmann/json.hpp>

#include "cmd/output/inspection.h"
#include "cmd/output/output.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"

namespace creel::cmd {

void ImageInspectCommand::declare(Flags& flags) {
  flags.value("-f,--format", format_, "string", "Print by a Go template");
  flags.value("--authfile", authfile_, "string",
              "For what is in a registry: file of credentials instead of the usual ones");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--creds", creds_, "USERNAME:PASSWORD", "Credentials for the registry");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "The image for this platform");
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.arguments(arguments_);
}

Result<nlohmann::json> ImageInspectCommand::inspect_elsewhere(Context& context, const std::string&) {
  return exec_image_plane(context.argv);
}

Result<nlohmann::json> ImageInspectCommand::inspect(engine::Engine& engine, Context& context, const std::string& name) {
  auto here = engine::inspect_image(engine, name, platform_);
  // An image may be called as a location is: "dir:5".
  if (here.ok() || !engine::is_location(name)) return here;
  return inspect_elsewhere(context, name);
}

Result<int> ImageInspectCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  Inspection inspection(format_);
  for (const std::string& name : arguments_) {
    auto found = inspect(engine, context, name);
    // A template may ask for what the document leaves out.
    if (found && !format_.empty() && !means_json(format_) && !found->contains("Healthcheck")) {
      (*found)["Healthcheck"] = nullptr;
    }
    inspection.add(std::move(found));
  }
  return inspection.print();
}

}  // namespace creel::cmd
