#include "cmd/images/inspect_elsewhere.h"

#include <nlohmann/json.hpp>

#include "cmd/images/common.h"
#include "engine/image/transfer/inspect.h"

namespace creel::cmd {

namespace transfer = engine::transfer;

namespace {

Result<nlohmann::json> inspect_location(Context& context, const std::string& location,
                                        const transfer::RegistryOptions& options) {
  // Podman's store belongs to subordinate IDs; all else is the caller's, who may reach it by a supplementary group.
  if (location.starts_with("containers-storage:") && !context.global.inside_userns) {
    TRY(engine_inside(context));
    context.global.inside_userns = true;
  }
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  return transfer::inspect_location(engine, location, options);
}

}  // namespace

Result<nlohmann::json> ImageInspectElsewhereCommand::inspect_elsewhere(Context& context, const std::string& location) {
  transfer::RegistryOptions options;
  options.authfile = authfile_;
  options.cert_dir = cert_dir_;
  options.creds = creds_;
  options.tls_verify = tls_verify_;
  options.platform = platform_;
  return inspect_location(context, location, options);
}

Result<nlohmann::json> InspectAnyElsewhereCommand::inspect_elsewhere(Context& context, const std::string& location) {
  return inspect_location(context, location, {});
}

}  // namespace creel::cmd
