// Secrets that containers are given: --secret. Runs as the caller. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "engine/engine.h"
#include "engine/runtime/spec.h"
#include "engine/secret/use_record.h"

namespace creel::engine {

// "NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]". kNotFound: no such secret.
Result<SecretUse> parse_secret_use(Engine& engine, const std::string& text);
// Their values, as they are now, for a process of the container: nothing of it is ever written down.
Result<void> add_secret_environment(Engine& engine, const std::vector<SecretUse>& uses, std::vector<std::string>& env);
Result<void> add_secret_files(Engine& engine, const std::vector<SecretUse>& uses, runtime::Spec& spec);

}  // namespace creel::engine
