// NaCl's secretbox (XSalsa20 and Poly1305), opening only: what cosign's private keys are wrapped in. OpenSSL has the
// second half alone. Pure; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace creel::registry::policy {

// `key`: 32 bytes, `nonce`: 24, `box`: a tag of 16 bytes and the ciphertext. nullopt: the tag does not fit.
std::optional<std::string> open_secretbox(std::string_view key, std::string_view nonce, std::string_view box);

}  // namespace creel::registry::policy
