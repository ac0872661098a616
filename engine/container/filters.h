// --filter of `ps`. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/container/container.h"

namespace creel::engine {

// Filters as given, by key: values of one key are alternatives (labels must all match), keys must all match.
using Filters = std::map<std::string, std::vector<std::string>>;
// kInvalid: unknown key, not KEY=VALUE, a value its key does not know.
Result<Filters> parse_container_filters(const std::vector<std::string>& texts);
Result<bool> matches(Engine& engine, const Container& container, const Filters& filters);

// `pattern`: an extended regular expression, searched anywhere. One that does not compile is a plain part of the text.
bool found_in(const std::string& text, const std::string& pattern);

}  // namespace creel::engine
