// A content digest as the OCI image specification writes it: "sha256:<64 lower-case hex digits>".
// Only sha256 is accepted. Pure data; hashing is the image plane's.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.h"

namespace creel {

class Digest {
 public:
  Digest() = default;
  // "sha256:…". kInvalid for anything else.
  static Result<Digest> parse(std::string_view text);
  // 64 lower-case hex digits.
  static Result<Digest> from_hex(std::string_view hex);

  [[nodiscard]] bool empty() const { return hex_.empty(); }
  [[nodiscard]] const std::string& hex() const { return hex_; }
  [[nodiscard]] std::string text() const { return hex_.empty() ? std::string() : "sha256:" + hex_; }
  auto operator<=>(const Digest&) const = default;

 private:
  explicit Digest(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

}  // namespace creel
