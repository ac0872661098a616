#include "registry/auth_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {

AuthFile chosen(const std::string& authfile = {}, const std::string& compat = {}) {
  auto file = AuthFile::choose(authfile, compat);
  REQUIRE(file);
  return *file;
}

std::string found(const std::string& domain, const std::string& authfile = {}) {
  auto who = find_credentials(domain, "", authfile, {});
  REQUIRE(who);
  return who->user + ":" + who->password;
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("credentials that are stored are found, those of others stay, and what is erased is gone") {
  Sandbox sandbox;
  const AuthFile file = chosen();
  CHECK(file.path() == sandbox.home() + "/run/containers/auth.json");
  REQUIRE(file.store("a.example", {"user", "pass:word", {}}));
  REQUIRE(file.store("b.example:5000/team", {"other", "secret", {}}));
  CHECK(mode_of(file.path()) == 0600);
  CHECK(found("a.example") == "user:pass:word");
  auto team = find_credentials("b.example:5000", "team/image", {}, {});
  REQUIRE(team);
  CHECK(team->user == "other");
  CHECK(found("b.example:5000") == ":");
  CHECK(*file.erase("a.example"));
  CHECK(!*file.erase("a.example"));
  CHECK(found("a.example") == ":");
  CHECK(find_credentials("b.example:5000", "team/image", {}, {})->user == "other");
  REQUIRE(file.erase_all());
  CHECK(find_credentials("b.example:5000", "team/image", {}, {})->empty());
}

TEST_CASE("what else is in the file stays; an identity token goes with the login that it came from") {
  Sandbox sandbox;
  const std::string path = sandbox.write(
      "config.json",
      R"({"auths":{"x.example":{"auth":"b2xkOm9sZA==","identitytoken":"t","email":"e"}},"psFormat":"p"})", 0644);
  const AuthFile file = chosen({}, path);
  REQUIRE(file.store("x.example", {"new", "word", {}}));
  const std::string text = *read_file(path);
  CHECK(text.find("psFormat") != std::string::npos);
  CHECK(text.find("email") != std::string::npos);
  CHECK(text.find("identitytoken") == std::string::npos);
  CHECK(found("x.example", path) == "new:word");
  CHECK(mode_of(path) == 0600);
  // Docker's own key for its hub.
  REQUIRE(file.store("docker.io", {"hub", "word", {}}));
  CHECK(read_file(path)->find("https://index.docker.io/v1/") != std::string::npos);
  CHECK(found("docker.io", path) == "hub:word");
}

TEST_CASE("a file that does not parse is not touched; a link stays a link") {
  Sandbox sandbox;
  const std::string path = sandbox.write("auth.json", "no JSON");
  CHECK(chosen(path).store("x.example", {"u", "p", {}}).error().code == Code::kInvalid);
  CHECK(chosen(path).erase("x.example").error().code == Code::kInvalid);
  CHECK(*read_file(path) == "no JSON");
  const std::string kept = sandbox.write("dotfiles/auth.json", "{}"), link = sandbox.home() + "/link.json";
  REQUIRE(::symlink(kept.c_str(), link.c_str()) == 0);
  REQUIRE(chosen(link).store("x.example", {"u", "p", {}}));
  CHECK(found("x.example", kept) == "u:p");
  CHECK(AuthFile::choose("a", "b").error().code == Code::kInvalid);
}

TEST_CASE("names of registries as users write them") {
  CHECK(*auth_key("https://host.example:5000/v2/") == "host.example:5000");
  CHECK(*auth_key("host.example/team/") == "host.example/team");
  CHECK(*auth_key("index.docker.io") == "docker.io");
  CHECK(*auth_key("https://index.docker.io/v1/") == "docker.io");
  for (const char* bad : {"", "/", "host.example/team:tag", "host.example/a@sha256", "ho st"})
    CHECK(auth_key(bad).error().code == Code::kInvalid);
}
