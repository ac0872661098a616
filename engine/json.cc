#include "engine/json.h"

#include <nlohmann/json.hpp>

namespace creel::engine {

using nlohmann::json;

namespace {

const json& null_value() {
  static const json value;
  return value;
}

std::vector<std::string> to_texts(const json& array) {
  std::vector<std::string> out;
  if (!array.is_array()) return out;
  out.reserve(array.size());
  for (const json& item : array) {
    if (const auto* text = item.get_ptr<const std::string*>()) out.push_back(*text);
  }
  return out;
}

std::map<std::string, std::string> to_text_map(const json& object) {
  std::map<std::string, std::string> out;
  if (!object.is_object()) return out;
  for (const auto& [key, value] : object.items()) {
    if (const auto* text = value.get_ptr<const std::string*>()) out.emplace(key, *text);
  }
  return out;
}

}  // namespace

Result<json> parse_json(std::string_view text, std::string_view what) {
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return fail(Code::kInvalid, "parsing " + std::string(what) + ": not valid JSON");
  return value;
}

std::string dump_json(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json& member(const json& object, const char* key) {
  if (!object.is_object()) return null_value();
  auto it = object.find(key);
  return it == object.end() ? null_value() : *it;
}

std::string text_of(const json& object, const char* key) {
  const auto* text = member(object, key).get_ptr<const std::string*>();
  return text ? *text : std::string();
}

bool bool_of(const json& object, const char* key) {
  const auto* value = member(object, key).get_ptr<const json::boolean_t*>();
  return value && *value;
}

std::int64_t int_of(const json& object, const char* key) {
  const json& value = member(object, key);
  if (value.is_number_unsigned()) return static_cast<std::int64_t>(*value.get_ptr<const json::number_unsigned_t*>());
  if (value.is_number_integer()) return *value.get_ptr<const json::number_integer_t*>();
  return 0;
}

std::vector<std::string> texts_of(const json& object, const char* key) {
  return to_texts(member(object, key));
}

std::map<std::string, std::string> text_map_of(const json& object, const char* key) {
  return to_text_map(member(object, key));
}

std::vector<std::string> keys_of(const json& object, const char* key) {
  std::vector<std::string> out;
  const json& value = member(object, key);
  if (!value.is_object()) return out;
  for (const auto& item : value.items()) out.push_back(item.key());
  return out;
}

std::vector<std::string> texts_from_column(const std::string& column) {
  return to_texts(json::parse(column, nullptr, false));
}

std::map<std::string, std::string> text_map_from_column(const std::string& column) {
  return to_text_map(json::parse(column, nullptr, false));
}

}  // namespace creel::engine
