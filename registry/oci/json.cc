#include "registry/oci/json.h"

#include <nlohmann/json.hpp>
#include <set>
#include <vector>

namespace creel::registry::oci {

namespace {

bool is_shallow(std::string_view text) {
  constexpr int kDeepest = 64;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        quoted = !quoted;
        break;
      case '\\':
        if (quoted) ++i;
        break;
      case '[':
      case '{':
        if (!quoted && ++depth > kDeepest) return false;
        break;
      case ']':
      case '}':
        if (!quoted) --depth;
        break;
      default:
        break;
    }
  }
  return true;
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  if (!is_shallow(text)) return nlohmann::json(nlohmann::json::value_t::discarded);
  return nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
}

nlohmann::json parse_strict_json(std::string_view text) {
  using nlohmann::json;
  if (!is_shallow(text)) return json(json::value_t::discarded);
  bool repeated = false;
  std::vector<std::set<std::string>> open;  // the members seen so far of each object that is open
  auto out = json::parse(
      text.begin(), text.end(),
      [&](int, json::parse_event_t event, const json& value) {
        if (event == json::parse_event_t::object_start) {
          open.emplace_back();
        } else if (event == json::parse_event_t::object_end) {
          open.pop_back();
        } else if (event == json::parse_event_t::key) {
          repeated |= !open.back().insert(value.get<std::string>()).second;
        }
        return true;
      },
      false);
  return repeated ? json(json::value_t::discarded) : out;
}

const nlohmann::json* member(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string string_member(const nlohmann::json& object, const char* key) {
  const auto* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get_ref<const std::string&>() : std::string();
}

std::optional<std::int64_t> int_member(const nlohmann::json& object, const char* key) {
  const auto* found = member(object, key);
  if (found == nullptr || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return std::nullopt;
  return found->get<std::int64_t>();
}

std::string printable(std::string_view text, std::size_t limit) {
  std::string out;
  for (char c : text.substr(0, limit)) out += c >= ' ' && c <= '~' ? c : '?';
  if (text.size() > limit) out += "…";
  return out;
}

}  // namespace creel::registry::oci
