#include "registry/proxy.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "sandbox.h"

using namespace creel::registry;

TEST_CASE("no_proxy: hosts, domains, ports, addresses, networks, everything") {
  struct {
    const char* list;
    const char* target;
    bool exempt;
  } const cases[] = {
      {"", "h.example:443", false},
      {"*", "h.example:443", true},
      {"h.example", "h.example:443", true},
      {"H.Example ", "h.example:443", true},
      {"h.example", "a.h.example:443", true},
      {"h.example", "ah.example:443", false},
      {".h.example", "h.example:443", false},
      {".h.example", "a.h.example:443", true},
      {"*.h.example", "a.b.h.example:443", true},
      {"*.h.example", "h.example:443", false},
      {"h.example:443", "h.example:443", true},
      {"h.example:443", "h.example:5000", false},
      {"other, h.example:5000", "h.example:5000", true},
      {"10.1.2.3", "10.1.2.3:80", true},
      {"10.1.2.3:81", "10.1.2.3:80", false},
      {"10.0.0.0/8", "10.255.0.1:80", true},
      {"10.0.0.0/8", "11.0.0.1:80", false},
      {"10.0.0.0/33", "10.0.0.1:80", false},
      {"10.0.0.0/x", "10.0.0.0:80", false},
      {"0.0.0.0/0", "8.8.8.8:80", true},
      {"0.0.0.0/0", "name.example:80", false},
      {"fd00::/8", "[fd12::1]:443", true},
      {"fd00::/8", "[fe80::1]:443", false},
      {"fd12::1", "[fd12::1]:443", true},
      {"[fd12::1]:443", "[fd12::1]:443", true},
      {",,", "h:1", false},
  };
  for (const auto& c : cases) {
    CAPTURE(c.list);
    CAPTURE(c.target);
    CHECK(is_exempt(c.list, c.target) == c.exempt);
  }
}

TEST_CASE("the proxy is the scheme's, small letters first; loopback has none") {
  const creel::registry::test::Sandbox sandbox;
  for (const char* name : {"HTTP_PROXY", "no_proxy", "NO_PROXY", "REQUEST_METHOD"}) ::unsetenv(name);
  CHECK(proxy_for("https", "h.example:443").empty());
  ::setenv("all_proxy", "socks5://all:1", 1);
  CHECK(proxy_for("https", "h.example:443") == "socks5://all:1");
  ::setenv("HTTPS_PROXY", "http://capital:1", 1);
  CHECK(proxy_for("https", "h.example:443") == "http://capital:1");
  ::setenv("https_proxy", "http://small:1", 1);
  CHECK(proxy_for("https", "h.example:443") == "http://small:1");
  CHECK(proxy_for("http", "h.example:80") == "socks5://all:1");
  ::setenv("HTTP_PROXY", "http://plain:1", 1);
  CHECK(proxy_for("http", "h.example:80") == "http://plain:1");
  ::setenv("REQUEST_METHOD", "GET", 1);
  CHECK(proxy_for("http", "h.example:80") == "socks5://all:1");
  CHECK(proxy_for("https", "127.0.0.1:443").empty());
  CHECK(proxy_for("https", "localhost:443").empty());
  ::setenv("NO_PROXY", "h.example", 1);
  CHECK(proxy_for("https", "h.example:443").empty());
  for (const char* name : {"HTTP_PROXY", "NO_PROXY", "REQUEST_METHOD", "all_proxy", "HTTPS_PROXY", "https_proxy"})
    ::unsetenv(name);
}
