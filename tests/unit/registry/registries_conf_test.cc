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
        "[registries.search]\nregistries = \"docker.io\"\n", "unqualified-search-registries = [\"a/b\"]\n",
        "unqualified-search-registries = \"a\"\n", "short-name-mode = \"loose\"\n", "[aliases]\na = 1\n",
        "[[registry]]\nlocation = \"https://h\"\n", "[[registry]]\nprefix = \"*.h/a\"\nlocation = \"h\"\n",
        "[[registry]]\nprefix = \"a.*.h\"\nlocation = \"h\"\n",
        "[[registry]]\nlocation = \"h\"\npull-from-mirror = \"all\"\n",
        "[[registry]]\nlocation = \"h\"\n[[registry.mirror]]\nlocation = \"m\"\npull-from-mirror = \"never\"\n",
        "[[registry]]\nlocation = \"h\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"m\"\n"
        "pull-from-mirror = \"all\"\n",
        "[[registry]]\nprefix = \"a\"\nlocation = \"h\"\n[[registry]]\nprefix = \"b\"\nlocation = \"h\"\n"
        "blocked = true\n"}) {
    const std::string path = sandbox.write("bad", bad);
    auto conf = RegistriesConf::load({path});
    REQUIRE_FALSE(conf);
    CHECK(conf.error().text.find(path) != std::string::npos);
  }
}

TEST_CASE("version 1 of the format: three lists") {
  Sandbox sandbox;
  auto conf = RegistriesConf::load({sandbox.write("c", R"(
[registries.search]
registries = ['one.example', 'two.example']
[registries.insecure]
registries = ['plain.example:5000']
[registries.block]
registries = ['bad.example/evil']
)")});
  REQUIRE(conf);
  CHECK(conf->unqualified_search_registries() == std::vector<std::string>{"one.example", "two.example"});
  CHECK(where(*conf, "plain.example:5000", "x") == "plain.example:5000/x!");
  CHECK(where(*conf, "bad.example", "evil/x") == "blocked");
  CHECK(where(*conf, "bad.example", "good") == "bad.example/good");
}

TEST_CASE("aliases: later files override and take back; who said it is known") {
  Sandbox sandbox;
  const std::string one = sandbox.write("1.conf", "[aliases]\na = \"x.example/a\"\nb = \"x.example/b\"\n");
  const std::string two =
      sandbox.write("2.conf", "short-name-mode = \"enforcing\"\n[aliases]\na = \"\"\nb = \"y.example/b\"\n");
  auto conf = RegistriesConf::load({one, two});
  REQUIRE(conf);
  CHECK(conf->aliases().size() == 1);
  CHECK(conf->aliases().at("b").value == "y.example/b");
  CHECK(conf->aliases().at("b").file == two);
  CHECK(conf->short_name_mode() == ShortNameMode::kEnforcing);
  CHECK(conf->search_file().empty());
}

TEST_CASE("wildcards: the longest one; an own entry of the host before any") {
  Sandbox sandbox;
  auto conf = RegistriesConf::load({sandbox.write("c", R"(
[[registry]]
prefix = "*.example"
location = "far.example/all"
[[registry]]
prefix = "*.b.example"
location = "near.example"
[[registry]]
prefix = "host.example/a/b:1"
location = "host.example/a/b"
blocked = true
)")});
  REQUIRE_MESSAGE(conf, conf.error().text);
  CHECK(where(*conf, "a.b.example", "x") == "near.example/x");
  CHECK(where(*conf, "a.c.example", "x") == "far.example/all/x");
  CHECK_FALSE(conf->check_blocked("host.example/a/b:1"));
  CHECK(conf->check_blocked("host.example/a/b:12"));
  CHECK(conf->check_blocked("host.example/a/b"));
}

TEST_CASE("of two tables for one prefix in a file the first stands, of two files the later one") {
  Sandbox sandbox;
  const std::string one = sandbox.write("1.conf",
                                        "[[registry]]\nprefix = \"h\"\nlocation = \"first\"\n"
                                        "[[registry]]\nprefix = \"h\"\nlocation = \"second\"\n");
  auto conf = RegistriesConf::load({one});
  REQUIRE(conf);
  CHECK(where(*conf, "h", "x") == "first/x");
  conf = RegistriesConf::load({one, sandbox.write("2.conf", "[[registry]]\nprefix = \"h\"\nlocation = \"third\"\n")});
  REQUIRE(conf);
  CHECK(where(*conf, "h", "x") == "third/x");
}

TEST_CASE("a file that the environment names must be there") {
  Sandbox sandbox;
  ::setenv("CONTAINERS_REGISTRIES_CONF", (sandbox.home() + "/absent").c_str(), 1);
  auto conf = RegistriesConf::load();
  REQUIRE_FALSE(conf);
  CHECK(conf.error().text.find("CONTAINERS_REGISTRIES_CONF") != std::string::npos);
}
