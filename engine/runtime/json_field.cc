#include "engine/runtime/json_field.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace creel::engine::runtime {

using nlohmann::json;

namespace {

// Deeper than any document of the specification; nlohmann::json writes values by recursion.
constexpr int kDeepest = 64;
constexpr std::size_t kLongestQuote = 80;

bool nested_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

std::string position(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t start = before.rfind('\n');
  const std::size_t column = before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kLongestQuote));
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  if (text.size() > kLongestQuote) out += "…";
  return out;
}

template <typename T>
std::string range_of(T min, T max) {
  return "a whole number from " + std::to_string(min) + " to " + std::to_string(max) + " is expected";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "\"" + printable(text) + "\"";
}

Result<json> parse_document(std::string_view text, std::string_view document) {
  const auto refuse = [&](const std::string& why) { return fail(Code::kInvalid, std::string(document) + ": " + why); };
  if (nested_too_deep(text)) return refuse("nested more than " + std::to_string(kDeepest) + " deep");
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return refuse(position(text, error.byte) + ": not valid JSON");
  } catch (const json::exception&) {
    return refuse("not valid JSON");
  }
}

bool JsonField::absent() const {
  return value_->is_null();
}

JsonField JsonField::member(const std::string& key, const json& value) const {
  return {value, document_, path_.empty() ? key : path_ + "." + key};
}

JsonField JsonField::operator[](const char* key) const {
  static const json nothing;
  if (!value_->is_object()) return member(key, nothing);
  const auto found = value_->find(key);
  return member(key, found == value_->end() ? nothing : *found);
}

JsonField JsonField::item(std::size_t index) const {
  return {(*value_)[index], document_, path_ + "[" + std::to_string(index) + "]"};
}

Error JsonField::wrong(std::string_view why) const {
  return fail(Code::kInvalid,
              std::string(document_) + ": " + (path_.empty() ? path_ : path_ + ": ") + std::string(why));
}

Error JsonField::unsupported(std::string_view why) const {
  Error error = wrong(why);
  error.code = Code::kUnsupported;
  return error;
}

Result<void> JsonField::required() const {
  if (absent()) return wrong("missing");
  return {};
}

Result<void> JsonField::object() const {
  if (!value_->is_object()) return wrong(absent() ? "missing" : "an object is expected");
  return {};
}

Result<std::size_t> JsonField::count() const {
  if (absent()) return std::size_t{0};
  if (!value_->is_array()) return wrong("a list is expected");
  return value_->size();
}

Result<void> JsonField::read(bool& out) const {
  if (absent()) return {};
  const auto* value = value_->get_ptr<const json::boolean_t*>();
  if (value == nullptr) return wrong("true or false is expected");
  out = *value;
  return {};
}

Result<void> JsonField::read(std::string& out) const {
  if (absent()) return {};
  const auto* value = value_->get_ptr<const std::string*>();
  if (value == nullptr) return wrong("a string is expected");
  if (value->find('\0') != std::string::npos) return wrong("a string must not contain NUL");
  out = *value;
  return {};
}

Result<void> JsonField::read(std::vector<std::string>& out) const {
  TRY_SET(const std::size_t size, count());
  std::vector<std::string> all(size);
  for (std::size_t i = 0; i < size; ++i) {
    // Seccomp profiles have hundreds of these: no path is made but for an error.
    const auto* text = (*value_)[i].get_ptr<const std::string*>();
    if (text != nullptr && text->find('\0') == std::string::npos) {
      all[i] = *text;
      continue;
    }
    TRY(item(i).required());
    TRY(item(i).read(all[i]));
  }
  if (!absent()) out = std::move(all);
  return {};
}

Result<void> JsonField::read(std::map<std::string, std::string>& out) const {
  if (absent()) return {};
  TRY(object());
  std::map<std::string, std::string> all;
  for (const auto& [key, value] : value_->items()) {
    const JsonField one = member(printable(key), value);
    if (key.empty()) return wrong("a key is empty");
    if (key.find('\0') != std::string::npos) return one.wrong("a key must not contain NUL");
    TRY(one.required());
    TRY(one.read(all[key]));
  }
  out = std::move(all);
  return {};
}

Result<void> JsonField::read(std::uint64_t& out, std::uint64_t max) const {
  if (absent()) return {};
  const auto* value = value_->get_ptr<const json::number_unsigned_t*>();
  if (value == nullptr || *value > max) return wrong(range_of(std::uint64_t{0}, max));
  out = *value;
  return {};
}

Result<void> JsonField::read(std::int64_t& out, std::int64_t min, std::int64_t max) const {
  if (absent()) return {};
  if (!value_->is_number_integer()) return wrong(range_of(min, max));
  if (value_->is_number_unsigned() && *value_->get_ptr<const json::number_unsigned_t*>() > std::uint64_t{INT64_MAX}) {
    return wrong(range_of(min, max));
  }
  const std::int64_t value = *value_->get_ptr<const json::number_integer_t*>();
  if (value < min || value > max) return wrong(range_of(min, max));
  out = value;
  return {};
}

Result<void> JsonField::read(std::uint32_t& out, std::uint32_t max) const {
  std::uint64_t value = out;
  TRY(read(value, std::uint64_t{max}));
  out = static_cast<std::uint32_t>(value);
  return {};
}

Result<void> JsonField::read(std::int32_t& out, std::int32_t min, std::int32_t max) const {
  std::int64_t value = out;
  TRY(read(value, std::int64_t{min}, std::int64_t{max}));
  out = static_cast<std::int32_t>(value);
  return {};
}

Result<void> JsonField::read(std::uint16_t& out, std::uint16_t max) const {
  std::uint64_t value = out;
  TRY(read(value, std::uint64_t{max}));
  out = static_cast<std::uint16_t>(value);
  return {};
}

}  // namespace creel::engine::runtime
