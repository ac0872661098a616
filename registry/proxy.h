// Which proxy a request goes through: http_proxy, https_proxy, all_proxy and no_proxy, in small or capital letters.
// Pure but for reading the environment; thread-safe while nobody changes that.
//
// no_proxy is read as Go's programs (Podman, skopeo) read it, which libcurl does not: "host" and all beneath it,
// ".host" and "*.host" only what is beneath, either with ":port"; addresses, networks as "10.0.0.0/8"; "*" is
// everything. Loopback never has a proxy.
#pragma once

#include <string>
#include <string_view>

namespace creel::registry {

// The proxy's URL, or empty: none. `scheme`: "http" or "https"; `authority`: "host:port", IPv6 in brackets.
std::string proxy_for(std::string_view scheme, std::string_view authority);
// Whether the list exempts the host.
bool is_exempt(std::string_view no_proxy, std::string_view authority);

}  // namespace creel::registry
