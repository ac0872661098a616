#include "cmd/images/pull.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cmd/exit_code.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"
#include "engine/image/transfer/receive.h"
#include "engine/time_filter.h"
#include "registry/location.h"

namespace creel::cmd {
namespace {

Result<std::int64_t> parse_delay(const std::string& text) {
  auto delay = engine::parse_duration(text);
  constexpr std::int64_t kNsPerMs = 1000000;
  if (delay.ok() && *delay >= 0 && *delay <= 24 * 3600 * 1000 * kNsPerMs) return *delay / kNsPerMs;
  return fail(Code::kInvalid, "invalid --retry-delay \"" + text + "\": a time like 500ms, 2s or 1m30s is expected");
}

}  // namespace

void PullCommand::declare(Flags& flags) {
  flags.value("--arch", arch_, "string", "Pull for this architecture instead of the machine's own");
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual ones");
  flags.value("--cert-dir", cert_dir_, "string", "Directory of certificates and keys for the registry");
  flags.value("--creds", creds_, "USERNAME:PASSWORD", "Credentials for the registry");
  flags.value("--os", os_, "string", "Pull for this operating system");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Pull for this platform instead of the machine's own");
  flags.value("--policy", policy_, "string", "When to pull: always, missing, never or newer")
      .choices({"always", "missing", "never", "newer"});
  flags.flag("-q,--quiet", quiet_, "Print nothing but the image's ID");
  flags.integer("--retry", retries_, "int", "How often to try again after a failure that may pass");
  flags.value("--retry-delay", retry_delay_, "duration", "How long to wait between tries (default: longer each time)");
  flags.flag("--tls-verify", tls_verify_, "Require HTTPS and verify certificates");
  flags.value("--variant", variant_, "string", "Pull for this variant of the architecture");
  flags.arguments(arguments_);
}

Result<std::string> PullCommand::obtain(engine::Engine& engine, const std::string& name,
                                        engine::transfer::Progress& progress) {
  TRY_SET(const engine::PullPolicy policy, engine::parse_pull_policy(policy_));
  if (policy != engine::PullPolicy::kAlways && policy != engine::PullPolicy::kNewer) {
    TRY_SET(const auto here, engine::image_at_hand(engine, name, policy, options_.platform));
    if (here) return here->id;
  }
  auto id = engine::transfer::pull(engine, name, options_, progress);
  if (!id.ok() && policy == engine::PullPolicy::kNewer) {
    if (auto here = engine::find_image(engine, name); here.ok()) return here->id;
  }
  return id;
}

PullCommand::Ids PullCommand::pull(engine::Engine& engine, const std::string& given,
                                   engine::transfer::Progress& progress) {
  TRY_SET(const registry::Location location, registry::parse_location(given));
  // A file is as near as the store: no policy applies.
  if (location.transport != registry::Transport::kRegistry) {
    return engine::transfer::pull_local(engine, location, options_, progress);
  }
  TRY_SET(std::string id, obtain(engine, location.reference, progress));
  return std::vector{std::move(id)};
}

Result<int> PullCommand::run(Context& context) {
  TRY(engine::parse_pull_policy(policy_));
  if (retries_ < 0 || retries_ > 1000) return fail(Code::kInvalid, "--retry must be between 0 and 1000");
  options_.authfile = authfile_;
  options_.creds = creds_;
  options_.cert_dir = cert_dir_;
  options_.tls_verify = tls_verify_;
  options_.retries = static_cast<int>(retries_);
  if (!retry_delay_.empty()) {
    TRY_SET(options_.retry_delay_ms, parse_delay(retry_delay_));
  }
  TRY_SET(options_.platform, platform_of(platform_, os_, arch_, variant_));
  TRY_SET(engine::Engine engine, engine_inside(context));
  int code = 0;
  for (const std::string& name : arguments_) {
    auto progress = make_progress(quiet_);
    auto ids = pull(engine, name, *progress);
    progress.reset();
    if (ids.ok()) {
      for (const std::string& id : *ids) std::printf("%s\n", id.c_str());
      continue;
    }
    // The others are tried all the same.
    print_error(ids.error());
    code = std::max(code, exit_code(ids.error()));
  }
  return code;
}

}  // namespace creel::cmd
