// Reading a JSON document that must be right: a value together with where it stands, so that each refusal names the
// field on one line ("config.json: linux.namespaces[2].type: …"). null is absent, as Go's programs write it. Documents
// are hostile: types, ranges, NUL bytes and nesting are checked, and no text of theirs breaks the line. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace creel::engine::runtime {

// `document` is what errors begin with: "config.json". kInvalid says line and column, or that it is nested too deep.
Result<nlohmann::json> parse_document(std::string_view text, std::string_view document);

// For errors: in quotes, without control characters, and not longer than a line should be.
std::string in_quotes(std::string_view text);

class JsonField {
 public:
  // The document itself; both must outlive the field and all that come from it.
  JsonField(const nlohmann::json& value, const char* document) : value_(&value), document_(document) {}

  [[nodiscard]] const nlohmann::json& value() const { return *value_; }
  [[nodiscard]] bool absent() const;
  // The member, perhaps absent.
  [[nodiscard]] JsonField operator[](const char* key) const;
  [[nodiscard]] JsonField item(std::size_t index) const;
  // kInvalid: "<document>: <path>: <why>". unsupported() is kUnsupported.
  [[nodiscard]] Error wrong(std::string_view why) const;
  [[nodiscard]] Error unsupported(std::string_view why) const;

  // kInvalid where it is absent.
  [[nodiscard]] Result<void> required() const;
  [[nodiscard]] Result<void> object() const;
  // Items of a list, 0 where absent.
  [[nodiscard]] Result<std::size_t> count() const;

  // All leave `out` alone where the field is absent.
  Result<void> read(bool& out) const;
  Result<void> read(std::string& out) const;
  Result<void> read(std::vector<std::string>& out) const;
  Result<void> read(std::map<std::string, std::string>& out) const;
  Result<void> read(std::uint64_t& out, std::uint64_t max = UINT64_MAX) const;
  Result<void> read(std::int64_t& out, std::int64_t min = INT64_MIN, std::int64_t max = INT64_MAX) const;
  Result<void> read(std::uint32_t& out, std::uint32_t max = UINT32_MAX) const;
  Result<void> read(std::int32_t& out, std::int32_t min = INT32_MIN, std::int32_t max = INT32_MAX) const;
  Result<void> read(std::uint16_t& out, std::uint16_t max = UINT16_MAX) const;
  template <typename T, typename... Range>
  Result<void> read(std::optional<T>& out, Range... range) const {
    if (absent()) return {};
    T value{};
    TRY(read(value, range...));
    out = std::move(value);
    return {};
  }

 private:
  JsonField(const nlohmann::json& value, const char* document, std::string path)
      : value_(&value), document_(document), path_(std::move(path)) {}
  [[nodiscard]] JsonField member(const std::string& key, const nlohmann::json& value) const;

  const nlohmann::json* value_;
  const char* document_;
  std::string path_;
};

}  // namespace creel::engine::runtime
