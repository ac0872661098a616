#include "engine/secret/use.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/text.h"
#include "engine/container/passes.h"
#include "engine/secret/secret.h"

namespace creel::engine {

namespace {

constexpr const char* kDirectory = "/run/secrets";

Result<std::uint32_t> number_of(const std::string& text, const char* what, int base) {
  char* end = nullptr;
  errno = 0;
  const unsigned long value = std::strtoul(text.c_str(), &end, base);
  const bool good =
      !text.empty() && *end == 0 && errno == 0 && text.front() != '-' && value <= (base == 8 ? 07777 : UINT32_MAX - 1);
  if (!good) return fail(Code::kInvalid, std::string(what) + " " + text + " is invalid: could not parse secret");
  return static_cast<std::uint32_t>(value);
}

// The secret that was meant at create; where it was replaced, the one that has its name now.
Result<std::string> data_of(Engine& engine, const SecretUse& use) {
  auto secret = find_secret(engine, use.id);
  if (!secret.ok()) secret = find_secret(engine, use.name);
  if (!secret.ok()) return std::move(secret).error();
  return secret_data(engine, *secret);
}

}  // namespace

Result<SecretUse> parse_secret_use(Engine& engine, const std::string& text) {
  const std::vector<std::string> parts = split(text, ',');
  SecretUse out;
  bool owned = false;
  std::string name;
  for (const std::string& part : parts) {
    const Cut pair = cut(part, '=');
    if (!pair.found && name.empty()) {
      name = part;
    } else if (pair.before == "source") {
      name = pair.after;
    } else if (pair.before == "type") {
      if (pair.after != "mount" && pair.after != "env")
        return fail(Code::kInvalid, "type " + pair.after + " is invalid: could not parse secret");
      out.environment = pair.after == "env";
    } else if (pair.before == "target") {
      out.target = pair.after;
    } else if (pair.before == "uid" || pair.before == "gid") {
      TRY_SET((pair.before == "uid" ? out.uid : out.gid),
              number_of(pair.after, pair.before == "uid" ? "UID" : "GID", 10));
      owned = true;
    } else if (pair.before == "mode") {
      TRY_SET(out.mode, number_of(pair.after, "mode", 8));
      owned = true;
    } else {
      return fail(Code::kInvalid, "option " + part + " is invalid: could not parse secret");
    }
  }
  if (name.empty()) return fail(Code::kInvalid, "no source found " + text + ": could not parse secret");
  if (out.environment && owned)
    return fail(Code::kInvalid, "UID, GID, Mode options cannot be set with secret type env: could not parse secret");
  TRY_SET(const Secret secret, find_secret(engine, name));
  out.id = secret.id;
  out.name = secret.name;
  if (out.target.empty()) out.target = secret.name;
  if (!out.environment) {
    out.target = clean_path(out.target.front() == '/' ? out.target : std::string(kDirectory) + "/" + out.target);
    if (out.target == "/") return fail(Code::kInvalid, "target / is invalid: could not parse secret");
  }
  return out;
}

Result<void> add_secret_environment(Engine& engine, const std::vector<SecretUse>& uses, std::vector<std::string>& env) {
  for (const SecretUse& use : uses) {
    if (!use.environment) continue;
    TRY_SET(const std::string data, data_of(engine, use));
    set_env(env, use.target, data);
  }
  return {};
}

Result<void> add_secret_files(Engine& engine, const std::vector<SecretUse>& uses, runtime::Spec& spec) {
  for (const SecretUse& use : uses) {
    if (use.environment) continue;
    runtime::MemoryFile file{use.target, {}, use.mode, use.uid, use.gid};
    TRY_SET(file.content, data_of(engine, use));
    spec.memory_files.push_back(std::move(file));
  }
  return {};
}

}  // namespace creel::engine
