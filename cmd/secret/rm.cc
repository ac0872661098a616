#include "cmd/secret/rm.h"

#include <algorithm>
#include <cstdio>

#include "cmd/exit_code.h"
#include "engine/secret/secret.h"

namespace creel::cmd {

void SecretRmCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Remove all secrets");
  flags.flag("-i,--ignore", ignore_, "A secret that does not exist is no error");
  flags.arguments(arguments_);
}

Result<int> SecretRmCommand::run(Context& context) {
  if (all_ && !arguments_.empty())
    return fail(Code::kInvalid, "`creel secret rm` requires one argument, or the --all flag");
  if (!all_ && arguments_.empty())
    return fail(Code::kInvalid, "`creel secret rm` requires one argument, or the --all flag");
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  std::vector<std::string> names = arguments_;
  if (all_) {
    TRY_SET(const auto secrets, engine::list_secrets(engine, {}));
    for (const engine::Secret& secret : secrets) names.push_back(secret.id);
  }
  int code = 0;
  for (const std::string& name : names) {
    auto removed = engine::remove_secret(engine, name);
    if (removed.ok()) {
      std::printf("%s\n", removed->c_str());
    } else if (!ignore_ || removed.error().code != Code::kNotFound) {
      print_error(removed.error());
      code = std::max(code, exit_code(removed.error()));
    }
  }
  return code;
}

}  // namespace creel::cmd
