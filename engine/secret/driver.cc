#include "engine/secret/driver.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/process.h"

namespace creel::engine {

namespace {

constexpr std::size_t kMostData = 512000;
constexpr const char* kActions[] = {"list", "lookup", "store", "delete"};

// The secret comes and goes by pipes; the command learns which one it is from its environment.
Result<std::string> run_command(const Secret& secret, const char* action, const std::string& input) {
  const auto option = secret.driver_options.find(action);
  if (option == secret.driver_options.end())
    return fail(Code::kInvalid, "missing config value: " + std::string(action));
  const std::string command = "SECRET_ID=" + secret.id + "; export SECRET_ID; " + option->second;
  auto output = run_program({"/bin/sh", "-c", command}, input);
  if (!output.ok()) return std::move(output).error().within(std::string("secret driver shell: ") + action);
  if (output->exit_code == 0) return std::move(output->out);
  return fail(Code::kFailed, std::string("secret driver shell: ") + action + " ended with exit code " +
                                 std::to_string(output->exit_code));
}

}  // namespace

Result<void> check_driver(const std::string& driver, const std::map<std::string, std::string>& options) {
  if (driver == "file") {
    for (const auto& [key, value] : options) {
      if (key != "path") return fail(Code::kInvalid, "invalid option \"" + key + "\" of secret driver file");
      return fail(Code::kUnsupported, "option path=" + value + " of secret driver file: secrets are kept in the store");
    }
    return {};
  }
  if (driver == "pass")
    return fail(Code::kUnsupported, "secret driver pass is not built yet").with_hint("Drivers: file, shell.");
  if (driver != "shell") return fail(Code::kInvalid, "invalid driver").with_hint("Drivers: file, shell.");
  for (const auto& [key, value] : options) {
    bool known = false;
    for (const char* action : kActions) known |= key == action;
    if (!known) return fail(Code::kInvalid, "invalid shell driver option \"" + key + "\"");
  }
  for (const char* action : kActions) {
    if (!options.contains(action)) return fail(Code::kInvalid, "missing config value: " + std::string(action));
  }
  return {};
}

Result<void> store_data(Engine& engine, const Secret& secret, const std::string& data) {
  if (secret.driver == "shell") {
    TRY(run_command(secret, "store", data));
    return {};
  }
  return write_atomic(engine.paths().secrets() + "/" + secret.id, data, 0600, Durability::kSynced);
}

Result<std::string> load_data(Engine& engine, const Secret& secret) {
  if (secret.driver == "shell") return run_command(secret, "lookup", {});
  auto data = read_file(engine.paths().secrets() + "/" + secret.id, kMostData);
  if (!data.ok()) return std::move(data).error().within("reading secret " + secret.name);
  return data;
}

Result<void> delete_data(Engine& engine, const Secret& secret) {
  if (secret.driver == "shell") {
    TRY(run_command(secret, "delete", {}));
    return {};
  }
  const std::string path = engine.paths().secrets() + "/" + secret.id;
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("removing secret " + secret.name);
  return {};
}

}  // namespace creel::engine
