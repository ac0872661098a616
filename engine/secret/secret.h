// Secrets: small texts that containers are given and that are in no image, record, command line or log.
// The file driver keeps them in files of mode 0600 beneath the store, not encrypted; the shell driver has commands keep them
// (podman-secret-create(1)). Runs as the caller. Not thread-safe; several processes take turns by a lock.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"

namespace creel::engine {

struct Secret {
  std::string id;  // 25 hex digits
  std::string name;
  std::int64_t created_ns = 0, updated_ns = 0;
  std::string driver;  // "file", "shell"
  std::map<std::string, std::string> driver_options, labels;
};

struct SecretRequest {
  std::string name, data, driver = "file";
  std::map<std::string, std::string> driver_options, labels;
  bool replace = false;  // one of that name goes
  bool ignore = false;   // one of that name is success
};
// The ID. kExists; kInvalid: a bad name, no data or more than 512,000 bytes, a driver's options.
Result<std::string> create_secret(Engine& engine, const SecretRequest& request);
// By name.
Result<std::vector<Secret>> list_secrets(Engine& engine, const std::vector<std::string>& filters);
// By name, ID, or a unique beginning of an ID. kNotFound.
Result<Secret> find_secret(Engine& engine, const std::string& name_or_id);
Result<std::string> secret_data(Engine& engine, const Secret& secret);
// The ID of what is gone.
Result<std::string> remove_secret(Engine& engine, const std::string& name_or_id);

}  // namespace creel::engine
