#include "cmd/images/pull.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "cmd/exit_code.h"
#include "cmd/images/choose.h"
#include "cmd/images/common.h"
#include "cmd/images/progress.h"
#include "engine/image/image.h"
#include "engine/image/obtain.h"
#include "engine/image/transfer/receive.h"
#include "engine/image/transfer/short_names.h"
#include "registry/location.h"

namespace creel::cmd {
void PullCommand::declare(Flags& flags) {
  flags.flag("-a,--all-tags", all_tags_, "Pull every tag of the repository");
  flags.value("--arch", arch_, "string", "Pull for this architecture instead of the machine's own");
  // For engine::pull_image, which has our stdout: people may be asked all the same.
  flags.flag("--ask", ask_, "").hidden();
  flags.flag("--disable-content-trust", trust_, "Has no effect").hidden();
  flags.value("--os", os_, "string", "Pull for this operating system");
  flags.value("--platform", platform_, "OS/ARCH[/VARIANT]", "Pull for this platform instead of the machine's own");
  flags.value("--policy", policy_, "string", "When to pull: always, missing, never or newer")
      .choices({"always", "missing", "never", "newer"});
  declare_progress(flags, progress_);
  flags.flag("-q,--quiet", quiet_, "Print nothing but the image's ID");
  registry_.declare(flags);
  registry_.declare_retries(flags);
  flags.value("--signature-policy", signature_policy_, "path", "Signature policy instead of the usual policy.json");
  flags.value("--variant", variant_, "string", "Pull for this variant of the architecture");
  flags.arguments(arguments_);
}

Result<std::string> PullCommand::obtain(engine::Engine& engine, const std::string& name,
                                        engine::transfer::Progress& progress) {
  TRY_SET(auto meaning, engine::transfer::meaning_of(engine, name));
  if (meaning.ask) {
    // A name that is here already needs no explanation.
    TRY_SET(const engine::PullPolicy policy, engine::parse_pull_policy(policy_));
    if (policy == engine::PullPolicy::kMissing || policy == engine::PullPolicy::kNever) {
      auto here = engine::image_at_hand(engine, name, policy, options_.platform);
      if (here.ok() && *here) return (*here)->id;
    }
    const bool terminal =
        isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0 && (ask_ || isatty(STDOUT_FILENO) != 0);
    if (terminal) {
      TRY_SET(std::string chosen, choose("Please select an image", meaning.candidates));
      TRY_SET(auto id, obtain_one(engine, chosen, progress));
      TRY(engine::transfer::remember_alias(engine, meaning.short_name, chosen));
      return id;
    }
    if (meaning.must_ask)
      return fail(Code::kInvalid, "short-name resolution of \"" + name + "\" enforced but cannot prompt without a TTY")
          .with_hint("write the name with its registry: " + join(meaning.candidates, ", "));
  }
  if (!meaning.how.empty()) progress.message(meaning.how);
  std::vector<Error> errors;
  for (const std::string& candidate : meaning.candidates) {
    auto id = obtain_one(engine, candidate, progress);
    if (id.ok()) return id;
    errors.push_back(std::move(id).error());
  }
  return engine::transfer::combined(std::move(errors), "pulling " + name);
}

Result<std::string> PullCommand::obtain_one(engine::Engine& engine, const std::string& name,
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
  // docker:// names an image of a registry, docker.io where it names none: there is nothing to explain.
  const bool plain = given.starts_with("docker://") || all_tags_;
  std::vector<std::string> names{location.reference}, ids;
  if (all_tags_) {
    TRY_SET(names, engine::transfer::remote_tags(location.reference, options_));
  }
  for (const std::string& name : names) {
    TRY_SET(std::string id, plain ? obtain_one(engine, name, progress) : obtain(engine, name, progress));
    ids.push_back(std::move(id));
  }
  return ids;
}

Result<int> PullCommand::run(Context& context) {
  TRY(engine::parse_pull_policy(policy_));
  TRY_SET(options_, registry_.options());
  options_.signature_policy = signature_policy_;
  TRY_SET(options_.platform, platform_of(platform_, os_, arch_, variant_));
  TRY_SET(engine::Engine engine, engine_inside(context));
  int code = 0;
  for (const std::string& name : arguments_) {
    TRY_SET(auto progress, make_progress(quiet_, progress_));
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
