#include "cmd/images/logout.h"

#include <cstdio>

#include "base/text.h"
#include "cmd/images/common.h"
#include "cmd/images/login.h"
#include "registry/auth_file.h"

namespace creel::cmd {

void LogoutCommand::declare(Flags& flags) {
  flags.flag("-a,--all", all_, "Forget the credentials of all registries");
  flags.value("--authfile", authfile_, "string", "File of credentials instead of the usual one");
  flags.value("--compat-auth-file", compat_, "string", "File of credentials in Docker's format to update");
  flags.arguments(arguments_);
}

Result<int> LogoutCommand::run(Context& context) {
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY(apply_environment(engine));
  TRY_SET(const auto file, registry::AuthFile::choose(authfile_, compat_));
  if (all_) {
    if (!arguments_.empty()) return fail(Code::kInvalid, "--all takes no registry");
    TRY(file.erase_all());
    std::puts("Removed login credentials for all registries");
    return 0;
  }
  TRY_SET(const std::string key, login_key(arguments_));
  TRY_SET(const bool erased, file.erase(key));
  if (erased) {
    std::printf("Removed login credentials for %s\n", key.c_str());
    return 0;
  }
  const Cut parts = cut(key, '/');
  auto elsewhere = registry::find_credentials(parts.before, parts.after, {}, {});
  if (authfile_.empty() && compat_.empty() && elsewhere.ok() && !elsewhere->empty()) {
    std::printf(
        "Not logged into %s with current tool. Existing credentials were established via docker login. Please use "
        "docker logout instead.\n",
        key.c_str());
    return 0;
  }
  return fail(Code::kNotFound, "not logged into " + key);
}

}  // namespace creel::cmd
