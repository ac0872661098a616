// Base64 (RFC 4648, with padding) and percent-encoding (RFC 3986). Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace creel::registry {

std::string base64_encode(std::string_view bytes);
// Missing padding is forgiven, as Docker and Podman do; nullopt for anything else.
std::optional<std::string> base64_decode(std::string_view text);
// All but unreserved characters.
std::string percent_encode(std::string_view text);

}  // namespace creel::registry
