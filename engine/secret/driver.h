// Where the data of a secret is. Not thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/secret/secret.h"

namespace creel::engine {

// kInvalid: an unknown driver, or options that it lacks or does not know.
Result<void> check_driver(const std::string& driver, const std::map<std::string, std::string>& options);
// These three look at secret.id and its driver alone.
Result<void> store_data(Engine& engine, const Secret& secret, const std::string& data);
Result<std::string> load_data(Engine& engine, const Secret& secret);
Result<void> delete_data(Engine& engine, const Secret& secret);

}  // namespace creel::engine
