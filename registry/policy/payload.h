// What a signature says: containers-signature(5), and cosign's flavour of the same document. Read only after the
// signature over its bytes was verified; read strictly, as the manual page demands. Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"

namespace creel::registry::policy {

enum class PayloadKind : std::uint8_t {
  kSimple,    // "atomic container signature"
  kSigstore,  // "cosign container image signature"
};

struct Payload {
  Digest manifest;
  std::string reference;  // unchecked
};

// kInvalid: anything unexpected in it.
Result<Payload> parse_payload(std::string_view text, PayloadKind kind);
// `now`: seconds since the epoch.
std::string make_payload(const Payload& payload, PayloadKind kind, std::int64_t now);

}  // namespace creel::registry::policy
