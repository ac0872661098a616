// JSON from strangers, without exceptions. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace creel::registry::oci {

// A discarded value (is_discarded()) for what is not JSON, is no UTF-8, or nests deeper than 64: a hostile document of
// brackets alone would cost a hundred times its own size in memory.
nlohmann::json parse_json(std::string_view text);

// The same, and discarded where an object has a member twice: readers would not agree on which one counts.
nlohmann::json parse_strict_json(std::string_view text);

// The member where `object` is an object that has it with that type, else null, empty or nullopt.
const nlohmann::json* member(const nlohmann::json& object, const char* key);
std::string string_member(const nlohmann::json& object, const char* key);
std::optional<std::int64_t> int_member(const nlohmann::json& object, const char* key);

// `text` fit for one line of a terminal: control characters and bytes that are no ASCII become '?', the end of what is
// longer than `limit` becomes "…".
std::string printable(std::string_view text, std::size_t limit = 300);

}  // namespace creel::registry::oci
