#include "cmd/secret/create.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/file.h"
#include "base/text.h"
#include "engine/secret/secret.h"

namespace creel::cmd {
namespace {

// One byte more than a secret may have: the engine says that it is too long.
constexpr std::size_t kMostRead = 512000;

Result<std::string> read_data(const std::string& source, bool env) {
  if (env) {
    const char* value = std::getenv(source.c_str());
    if (value == nullptr)
      return fail(Code::kNotFound, "cannot create store secret data: environment variable " + source + " is not set");
    return std::string(value);
  }
  if (source == "-") {
    if (isatty(STDIN_FILENO) != 0) return fail(Code::kInvalid, "if `-` is used, data must be passed into stdin");
    return read_all(STDIN_FILENO, kMostRead);
  }
  auto file = open_file(source, O_RDONLY);
  if (!file.ok()) return std::move(file).error();
  return read_all(file->get(), kMostRead);
}

}  // namespace

void SecretCreateCommand::declare(Flags& flags) {
  flags.value("-d,--driver", driver_, "name", "Where the data is kept: file (not encrypted) or shell")
      .choices({"file", "shell"});
  flags.list("--driver-opts", driver_options_, "key=value", "Set an option of the driver").csv();
  flags.flag("--env", env_, "Read the data from the environment variable of that name");
  flags.flag("--ignore", ignore_, "A secret of that name that exists is no error");
  flags.list("-l,--label", labels_, "key=value", "Set a label");
  flags.flag("--replace", replace_, "Replace a secret of that name");
  flags.arguments(arguments_);
}

Result<int> SecretCreateCommand::run(Context& context) {
  engine::SecretRequest request;
  request.name = arguments_[0];
  request.driver = driver_;
  for (const std::string& option : driver_options_) {
    Cut pair = cut(option, '=');
    if (!pair.found) return fail(Code::kInvalid, "driver option \"" + option + "\": must be of the form KEY=VALUE");
    request.driver_options[pair.before] = pair.after;
  }
  for (const std::string& label : labels_) {
    Cut pair = cut(label, '=');
    request.labels[pair.before] = pair.after;
  }
  request.replace = replace_;
  request.ignore = ignore_;
  TRY_SET(request.data, read_data(arguments_[1], env_));
  TRY_SET(engine::Engine engine, engine::Engine::open(context.global));
  TRY_SET(const std::string id, engine::create_secret(engine, request));
  std::printf("%s\n", id.c_str());
  return 0;
}

}  // namespace creel::cmd
