// "host[:port]" as references write registries. Pure data. Thread-safe.
#pragma once

#include <string_view>

#include "base/result.h"

namespace creel::registry {

// A name, an IPv4 address or an IPv6 address in brackets, each with or without a port. kInvalid for all else: the text
// becomes part of URLs and of file names.
Result<void> check_host(std::string_view domain);
// localhost, 127.0.0.0/8, [::1], whatever the port.
bool is_loopback(std::string_view domain);
bool has_port(std::string_view domain);

}  // namespace creel::registry
