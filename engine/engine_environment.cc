#include "engine/engine_environment.h"

#include "base/file.h"
#include "base/toml.h"

namespace creel::engine {

Result<std::vector<std::string>> engine_environment(const std::vector<std::string>& files) {
  std::vector<std::string> out;
  for (const std::string& file : files) {
    TRY_SET(const std::string text, read_file(file, 4 << 20));
    // Read once already, and found well-formed.
    const toml::parse_result parsed = toml::parse(std::string_view(text));
    if (!parsed) continue;
    const auto node = parsed.table()["engine"]["env"];
    if (!node) continue;
    const auto bad = [&] { return fail(Code::kInvalid, file + ": engine.env is no array of strings"); };
    if (node.as_array() == nullptr) return bad();
    out.clear();
    for (const toml::node& item : *node.as_array()) {
      auto value = item.value_exact<std::string>();
      if (!value) return bad();
      out.push_back(std::move(*value));
    }
  }
  return out;
}

}  // namespace creel::engine
