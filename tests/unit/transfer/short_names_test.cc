#include "engine/image/transfer/short_names.h"

#include "helpers.h"

using namespace creel;
using namespace creel::engine::transfer;
using creel::test::TempDir;
using registry::RegistriesConf;

namespace {

struct Settings {
  TempDir dir;
  RegistriesConf conf;
  std::string aliases = dir.path("cache/short-name-aliases.conf");
  explicit Settings(const std::string& text) {
    REQUIRE(write_atomic(dir.path("conf"), text).ok());
    auto loaded = RegistriesConf::load({text.empty() ? dir.path("absent") : dir.path("conf")});
    REQUIRE_MESSAGE(loaded.ok(), loaded.error().text);
    conf = *loaded;
  }
  [[nodiscard]] std::string of(const std::string& name) const {
    auto meaning = meaning_of(conf, aliases, name);
    if (!meaning.ok()) return "error: " + meaning.error().text;
    std::string out;
    for (const auto& candidate : meaning->candidates) out += (out.empty() ? "" : " ") + candidate;
    return out + (meaning->must_ask ? " ask!" : meaning->ask ? " ask?" : "");
  }
};

}  // namespace

TEST_CASE("short names: nothing is configured: docker.io, as Docker has it") {
  const Settings settings("");
  CHECK(settings.of("busybox") == "docker.io/library/busybox:latest");
  CHECK(settings.of("a/b:1") == "docker.io/a/b:1");
  CHECK(settings.of("host.example/a") == "host.example/a");
  CHECK(settings.of("localhost/a") == "localhost/a");
  CHECK(settings.of("host:5000/a") == "host:5000/a");
  CHECK(settings.of("UPPER").find("error:") == 0);
}

TEST_CASE("short names: aliases keep tag and digest") {
  const Settings settings(
      "unqualified-search-registries = [\"one.example\"]\n[aliases]\nfed = \"r.example/base/fedora\"\n"
      "\"a/b\" = \"docker.io/c\"\nbad = \"nothing\"\ntagged = \"h.example/x:1\"\n");
  CHECK(settings.of("fed") == "r.example/base/fedora:latest");
  CHECK(settings.of("fed:39") == "r.example/base/fedora:39");
  const std::string digest = "@sha256:" + std::string(64, 'a');
  CHECK(settings.of("fed" + digest) == "r.example/base/fedora" + digest);
  CHECK(settings.of("a/b") == "docker.io/library/c:latest");
  CHECK(settings.of("other/x") == "one.example/other/x:latest");
  CHECK(settings.of("bad").find("alias \"bad\" = \"nothing\": it must name a registry") != std::string::npos);
  CHECK(settings.of("tagged").find("neither tag nor digest") != std::string::npos);
}

TEST_CASE("short names: the three modes, and none at all") {
  const std::string two = "unqualified-search-registries = [\"one.example\", \"docker.io\"]\n";
  CHECK(Settings(two).of("x") == "one.example/x:latest docker.io/library/x:latest ask?");
  CHECK(Settings(two + "short-name-mode = \"enforcing\"\n").of("x") ==
        "one.example/x:latest docker.io/library/x:latest ask!");
  CHECK(Settings(two + "short-name-mode = \"disabled\"\n").of("x") ==
        "one.example/x:latest docker.io/library/x:latest");
  CHECK(Settings("unqualified-search-registries = [\"one.example\"]\nshort-name-mode = \"enforcing\"\n").of("x") ==
        "one.example/x:latest");
  CHECK(Settings("unqualified-search-registries = []\n").of("x").find("did not resolve to an alias") !=
        std::string::npos);
}

TEST_CASE("short names: what was chosen is remembered, and counts more than the files") {
  const Settings settings("[aliases]\nx = \"file.example/x\"\n");
  CHECK(settings.of("x") == "file.example/x:latest");
  REQUIRE(remember_alias(settings.aliases, "x", "chosen.example/a/x:2").ok());
  REQUIRE(remember_alias(settings.aliases, "y/z", "chosen.example/y/z").ok());
  CHECK(settings.of("x:1") == "chosen.example/a/x:1");
  CHECK(settings.of("y/z") == "chosen.example/y/z:latest");
  auto text = read_file(settings.aliases);
  REQUIRE(text.ok());
  CHECK(*text == "[aliases]\n  \"x\" = \"chosen.example/a/x\"\n  \"y/z\" = \"chosen.example/y/z\"\n");
}

TEST_CASE("short names: several errors are one") {
  std::vector<Error> errors{fail(Code::kNotFound, "one"), fail(Code::kDenied, "two")};
  CHECK(combined(errors, "pulling x").text == "2 errors occurred while pulling x:\n * one\n * two");
  errors.resize(1);
  CHECK(combined(errors, "pulling x").text == "one");
}
