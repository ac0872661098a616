#include "cmd/images/common.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "engine/engine_environment.h"
#include "engine/image/image.h"
#include "rootless/userns.h"

namespace creel::cmd {

Result<void> apply_environment(engine::Engine& engine) {
  TRY_SET(const engine::EngineConfiguration* configuration, engine.configuration());
  TRY_SET(const auto settings, engine::engine_environment(configuration->files));
  for (const std::string& setting : settings) {
    const Cut parts = cut(setting, '=');
    if (!parts.before.empty() && parts.found) setenv(parts.before.c_str(), parts.after.c_str(), 1);
  }
  return {};
}

Result<engine::Engine> engine_inside(const Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  TRY(rootless::enter(engine.identity(), engine.paths().runtime));
  return engine;
}

Result<Fd> open_input(const std::string& path) {
  if (!path.empty() && path != "-") return open_file(path, O_RDONLY);
  if (isatty(STDIN_FILENO) != 0) {
    return fail(Code::kInvalid, "cannot read an archive from a terminal")
        .with_hint("name a file, or redirect standard input");
  }
  const int copy = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return errno_error("reading standard input");
  return Fd(copy);
}

Result<std::string> platform_of(const std::string& platform, const std::string& os, const std::string& arch,
                                const std::string& variant) {
  const bool parts = !os.empty() || !arch.empty() || !variant.empty();
  if (!platform.empty() && parts) {
    return fail(Code::kInvalid, "--platform option can not be specified with --arch, --os or --variant");
  }
  if (!parts) {
    if (!platform.empty()) TRY(engine::parse_platform(platform));
    return platform;
  }
  TRY_SET(const engine::Platform host, engine::parse_platform({}));
  std::string text = (os.empty() ? host.os : os) + "/" + (arch.empty() ? host.architecture : arch);
  if (!variant.empty()) text += "/" + variant;
  TRY(engine::parse_platform(text));
  return text;
}

}  // namespace creel::cmd
