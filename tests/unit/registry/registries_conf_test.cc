#include "registry/registries_conf.h"

#include <doctest/doctest.h>

#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {
std::string where(const RegistriesConf& conf, const std::string& domain, const std::string& path,
                  bool by_digest = false) {
  auto found = conf.endpoints(domain, path, by_digest);
  if (!found) return found.error().code == Code::kDenied ? "blocked" : found.error().text;
  std::string out;
  for (const auto& e : *found) out += (out.empty() ? "" : " ") + e.domain + "/" + e.path + (e.insecure ? "!" : "");
  return out;
}
}  // namespace

TEST_CASE("no file: every registry is what it is called") {
  Sandbox sandbox;
  auto conf = RegistriesConf::load({sandbox.home() + "/absent"});
  REQUIRE(conf);
  CHECK(where(*conf, "host", "a/b") == "host/a/b");
  CHECK(conf->unqualified_search_registries().empty());
}

TEST_CASE("prefix, location, insecure, blocked, mirrors") {
  Sandbox sandbox;
  auto conf = RegistriesConf::load({sandbox.write("c", R"(
unqualified-search-registries = ["docker.io", "quay.io"]
[[registry]]
location = "plain.example:5000"
insecure = true
[[registry]]
prefix = "docker.io/library"
location = "internal.example/hub/"
[[registry]]
prefix = "docker.io"
location = "docker.io"
[[registry.mirror]]
location = "one.example"
insecure = true
[[registry.mirror]]
location = "two.example/hub"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "*.bad.example"
blocked = true
[[registry]]
location = "good.bad.example"
)")});
  REQUIRE(conf);
  CHECK(conf->unqualified_search_registries() == std::vector<std::string>{"docker.io", "quay.io"});
  CHECK(where(*conf, "plain.example:5000", "x") == "plain.example:5000/x!");
  CHECK(where(*conf, "plain.example", "x") == "plain.example/x");
  CHECK(where(*conf, "docker.io", "library/busybox") == "internal.example/hub/busybox");
  CHECK(where(*conf, "docker.io", "librarynot/x") == "one.example/librarynot/x! docker.io/librarynot/x");
  CHECK(where(*conf, "docker.io", "a/x", true) == "one.example/a/x! two.example/hub/a/x docker.io/a/x");
  CHECK(where(*conf, "very.bad.example", "x") == "blocked");
  CHECK(where(*conf, "good.bad.example", "x") == "good.bad.example/x");
  CHECK(where(*conf, "bad.example", "x") == "bad.example/x");
}

TEST_CASE("later files override; drop-ins of the user") {
  Sandbox sandbox;
  ::unsetenv("CONTAINERS_REGISTRIES_CONF");
  sandbox.write(".config/containers/registries.conf",
                "unqualified-search-registries = [\"a\"]\n[[registry]]\nlocation = \"h\"\nblocked = true\n");
  auto conf = RegistriesConf::load();
  REQUIRE(conf);
  CHECK(where(*conf, "h", "x") == "blocked");
  sandbox.write(".config/containers/registries.conf.d/10.conf", "[[registry]]\nlocation = \"h\"\ninsecure = true\n");
  sandbox.write(".config/containers/registries.conf.d/ignored.txt", "not toml at all [");
  conf = RegistriesConf::load();
  REQUIRE(conf);
  CHECK(where(*conf, "h", "x") == "h/x!");
  CHECK(conf->unqualified_search_registries() == std::vector<std::string>{"a"});
}

TEST_CASE("what is malformed is named") {
  Sandbox sandbox;
  for (const char* bad :
       {"[[registry", "[[registry]]\ninsecure = true\n", "[[registry]]\nlocation = \"h\"\nblocked = \"yes\"\n",
        "[[registry]]\nlocation = \"h\"\n[[registry.mirror]]\ninsecure = true\n", "registry = [1]\n",
        "[registries.search]\nregistries = [\"docker.io\"]\n"}) {
    const std::string path = sandbox.write("bad", bad);
    auto conf = RegistriesConf::load({path});
    REQUIRE_FALSE(conf);
    CHECK(conf.error().text.find(path) != std::string::npos);
  }
}
