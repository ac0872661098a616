// Reading JSON that others wrote (image configurations, our own records) without exceptions: what is absent or of the
// wrong type reads as empty. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::engine {

// kInvalid: "parsing <what>: not valid JSON".
Result<nlohmann::json> parse_json(std::string_view text, std::string_view what);
// Never throws: bytes that are not UTF-8 are replaced.
std::string dump_json(const nlohmann::json& value);

// The member, or null.
const nlohmann::json& member(const nlohmann::json& object, const char* key);
std::string text_of(const nlohmann::json& object, const char* key);
bool bool_of(const nlohmann::json& object, const char* key);
std::int64_t int_of(const nlohmann::json& object, const char* key);
std::vector<std::string> texts_of(const nlohmann::json& object, const char* key);
std::map<std::string, std::string> text_map_of(const nlohmann::json& object, const char* key);
// Keys of an object-valued member: {"80/tcp": {}}.
std::vector<std::string> keys_of(const nlohmann::json& object, const char* key);

// JSON columns of storage records.
std::vector<std::string> texts_from_column(const std::string& column);
std::map<std::string, std::string> text_map_from_column(const std::string& column);

}  // namespace creel::engine
