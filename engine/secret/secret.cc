#include "engine/secret/secret.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file.h"
#include "base/lock.h"
#include "base/text.h"
#include "engine/container/filters.h"
#include "engine/json.h"
#include "engine/secret/driver.h"

namespace creel::engine {

using nlohmann::json;

namespace {

constexpr std::size_t kMostData = 512000;
constexpr std::size_t kMostNames = 16 << 20;

Result<void> check_name(const std::string& name) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const bool good =
      !name.empty() && name.size() < 64 && alnum(name.front()) && alnum(name.back()) &&
      std::all_of(name.begin(), name.end(), [&](char c) { return alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (good) return {};
  return fail(Code::kInvalid,
              "only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be [a-zA-Z0-9]: " +
                  name + ": invalid secret name");
}

Error no_such(const std::string& name) {
  return fail(Code::kNotFound, "no secret with name or id \"" + name + "\": no such secret");
}

std::string names_file(Engine& engine) {
  return engine.paths().secrets() + "/secrets.json";
}

Result<std::vector<Secret>> load(Engine& engine) {
  std::vector<Secret> out;
  auto text = read_file(names_file(engine), kMostNames);
  if (!text.ok()) {
    if (text.error().err == ENOENT) return out;
    return std::move(text).error();
  }
  TRY_SET(const json document, parse_json(*text, names_file(engine)));
  for (const json& item : document) {
    Secret secret;
    secret.id = text_of(item, "id");
    secret.name = text_of(item, "name");
    secret.created_ns = int_of(item, "created");
    secret.updated_ns = int_of(item, "updated");
    secret.driver = text_of(item, "driver");
    secret.driver_options = text_map_of(item, "driverOptions");
    secret.labels = text_map_of(item, "labels");
    out.push_back(std::move(secret));
  }
  return out;
}

Result<void> save(Engine& engine, const std::vector<Secret>& secrets) {
  json document = json::array();
  for (const Secret& secret : secrets) {
    document.push_back({{"id", secret.id},
                        {"name", secret.name},
                        {"created", secret.created_ns},
                        {"updated", secret.updated_ns},
                        {"driver", secret.driver},
                        {"driverOptions", secret.driver_options},
                        {"labels", secret.labels}});
  }
  return write_atomic(names_file(engine), dump_json(document), 0600, Durability::kSynced);
}

// Nobody else changes anything while it is held.
Result<FileLock> lock(Engine& engine) {
  TRY(engine.store(storage::Store::Access::kWrite));
  TRY(make_dirs(engine.paths().secrets(), 0700));
  return FileLock::acquire(engine.paths().secrets() + "/lock");
}

auto find_in(std::vector<Secret>& secrets, const std::string& name) {
  return std::find_if(secrets.begin(), secrets.end(), [&](const Secret& secret) { return secret.name == name; });
}

// By name, ID, or the beginning of one.
Result<std::size_t> index_of(const std::vector<Secret>& secrets, const std::string& wanted) {
  if (wanted.empty()) return no_such(wanted);
  std::size_t found = secrets.size();
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    if (secrets[i].name == wanted || secrets[i].id == wanted) return i;
    if (secrets[i].id.rfind(wanted, 0) != 0) continue;
    if (found != secrets.size())
      return fail(Code::kInvalid, "more than one result secret with prefix " + wanted + ": secret is ambiguous");
    found = i;
  }
  if (found == secrets.size()) return no_such(wanted);
  return found;
}

}  // namespace

Result<std::string> create_secret(Engine& engine, const SecretRequest& request) {
  TRY(check_name(request.name));
  TRY(check_driver(request.driver, request.driver_options));
  if (request.data.empty() || request.data.size() >= kMostData) {
    return fail(Code::kInvalid, "secret data must be larger than 0 and less than 512000 bytes");
  }
  TRY_SET(const FileLock held, lock(engine));
  TRY_SET(std::vector<Secret> secrets, load(engine));
  std::optional<Secret> old;
  if (const auto found = find_in(secrets, request.name); found != secrets.end()) {
    if (request.ignore && !request.replace) return found->id;
    if (!request.replace) return fail(Code::kExists, request.name + ": secret name in use");
    old = *found;
    secrets.erase(found);
  }
  Secret secret;
  secret.id = random_hex(13).substr(0, 25);
  secret.name = request.name;
  secret.created_ns = secret.updated_ns = now_ns();
  secret.driver = request.driver;
  secret.driver_options = request.driver_options;
  secret.labels = request.labels;
  // The new one is there before the old one goes: killed anywhere, one of them is whole.
  TRY(store_data(engine, secret, request.data));
  secrets.push_back(secret);
  auto saved = save(engine, secrets);
  if (!saved.ok()) {
    (void)delete_data(engine, secret).ok();
    return std::move(saved).error();
  }
  if (old) TRY(delete_data(engine, *old));
  return secret.id;
}

Result<std::vector<Secret>> list_secrets(Engine& engine, const std::vector<std::string>& filters) {
  TRY_SET(std::vector<Secret> secrets, load(engine));
  std::vector<std::string> names, ids;
  for (const std::string& filter : filters) {
    const Cut parts = cut(filter, '=');
    if (!parts.found || (parts.before != "name" && parts.before != "id"))
      return fail(Code::kInvalid, "invalid filter \"" + parts.before + "\"");
    (parts.before == "name" ? names : ids).push_back(parts.after);
  }
  std::erase_if(secrets, [&](const Secret& secret) {
    const auto by_name = [&](const std::string& pattern) { return found_in(secret.name, pattern); };
    const auto by_id = [&](const std::string& start) { return secret.id.rfind(start, 0) == 0; };
    return (!names.empty() && std::none_of(names.begin(), names.end(), by_name)) ||
           (!ids.empty() && std::none_of(ids.begin(), ids.end(), by_id));
  });
  std::sort(secrets.begin(), secrets.end(), [](const Secret& a, const Secret& b) { return a.id < b.id; });
  return secrets;
}

Result<Secret> find_secret(Engine& engine, const std::string& name_or_id) {
  TRY_SET(std::vector<Secret> secrets, load(engine));
  TRY_SET(const std::size_t index, index_of(secrets, name_or_id));
  return std::move(secrets[index]);
}

Result<std::string> secret_data(Engine& engine, const Secret& secret) {
  return load_data(engine, secret);
}

Result<std::string> remove_secret(Engine& engine, const std::string& name_or_id) {
  // Looked up first without the lock: what is not there makes no store.
  TRY(find_secret(engine, name_or_id));
  TRY_SET(const FileLock held, lock(engine));
  TRY_SET(std::vector<Secret> secrets, load(engine));
  TRY_SET(const std::size_t index, index_of(secrets, name_or_id));
  const Secret gone = secrets[index];
  secrets.erase(secrets.begin() + static_cast<std::ptrdiff_t>(index));
  TRY(save(engine, secrets));
  TRY(delete_data(engine, gone));
  return gone.id;
}

}  // namespace creel::engine
