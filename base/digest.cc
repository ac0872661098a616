#include "base/digest.h"

#include <algorithm>

namespace creel {

namespace {
constexpr std::string_view kPrefix = "sha256:";
}

Result<Digest> Digest::parse(std::string_view text) {
  if (text.substr(0, kPrefix.size()) != kPrefix) {
    return fail(Code::kInvalid, "invalid digest '" + std::string(text.substr(0, 100)) + "': only sha256 is supported");
  }
  return from_hex(text.substr(kPrefix.size()));
}

Result<Digest> Digest::from_hex(std::string_view hex) {
  const bool valid = hex.size() == 64 && std::all_of(hex.begin(), hex.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                     });
  if (!valid) {
    return fail(Code::kInvalid,
                "invalid digest '" + std::string(hex.substr(0, 100)) + "': expected 64 lower-case hex digits");
  }
  return Digest(std::string(hex));
}

}  // namespace creel
