#include "registry/auth.h"

#include <doctest/doctest.h>

#include "registry/encoding.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {
std::string auths(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out;
  for (const auto& [key, pair] : entries)
    out += (out.empty() ? "" : ",") + ("\"" + key + R"(":{"auth":")" + base64_encode(pair) + "\"}");
  return R"({"auths":{)" + out + "}}";
}
std::string user(const std::string& domain, const std::string& path, const std::string& file = {}) {
  auto found = find_credentials(domain, path, file, {});
  return found ? found->user : "error: " + found.error().text;
}
}  // namespace

TEST_CASE("credentials of the command line win") {
  Sandbox sandbox;
  sandbox.write("run/containers/auth.json", auths({{"host", "file:1"}}));
  auto found = find_credentials("host", "x", {}, "me:a:b");
  REQUIRE(found);
  CHECK(found->user == "me");
  CHECK(found->password == "a:b");
  CHECK(find_credentials("host", "x", {}, "me")->password.empty());
  CHECK(find_credentials("host", "x", {}, ":secret").error().text.find("secret") == std::string::npos);
}

TEST_CASE("files in their order; a named file is the only one") {
  Sandbox sandbox;
  CHECK(find_credentials("host", "x", {}, {})->empty());
  sandbox.write(".docker/config.json", auths({{"host", "docker:1"}}));
  CHECK(user("host", "x") == "docker");
  sandbox.write(".config/containers/auth.json", auths({{"host", "config:1"}}));
  CHECK(user("host", "x") == "config");
  sandbox.write("run/containers/auth.json", auths({{"host", "run:1"}}));
  CHECK(user("host", "x") == "run");
  sandbox.write("run/containers/auth.json", auths({{"other", "run:1"}}));
  CHECK(user("host", "x") == "config");
  const std::string named = sandbox.write("named", auths({{"host", "named:1"}}));
  ::setenv("REGISTRY_AUTH_FILE", named.c_str(), 1);
  CHECK(user("host", "x") == "named");
  const std::string flag = sandbox.write("flag", auths({{"other", "flag:1"}}));
  CHECK(user("host", "x", flag) == "");
  CHECK(user("other", "x", flag) == "flag");
  CHECK(find_credentials("host", "x", "/no/such/file", {}).error().code == Code::kNotFound);
}

TEST_CASE("the longest key wins; hosts are not prefixes of other hosts") {
  Sandbox sandbox;
  sandbox.write("run/containers/auth.json",
                auths({{"host", "all:1"}, {"host/team", "team:1"}, {"host/team/app", "app:1"}}));
  CHECK(user("host", "team/app") == "app");
  CHECK(user("host", "team/application") == "team");
  CHECK(user("host", "other") == "all");
  CHECK(user("host:5000", "team/app") == "");
  CHECK(user("hos", "t/team") == "");
}

TEST_CASE("Docker Hub's keys, and URLs of old") {
  Sandbox sandbox;
  sandbox.write(".docker/config.json",
                auths({{"https://index.docker.io/v1/", "hub:1"}, {"https://old.example/v1/", "old:1"}}));
  CHECK(user("docker.io", "library/busybox") == "hub");
  CHECK(user("old.example", "x") == "old");
  sandbox.write("run/containers/auth.json", auths({{"docker.io", "new:1"}}));
  CHECK(user("docker.io", "library/busybox") == "new");
}

TEST_CASE("malformed files name the file and no secret") {
  Sandbox sandbox;
  for (const char* bad :
       {"{", "[]", R"({"auths":{"host":{"auth":"c2VjcmV0"}}})", R"({"auths":{"host":{"auth":"!!"}}})"}) {
    const std::string path = sandbox.write("run/containers/auth.json", bad);
    auto found = find_credentials("host", "x", {}, {});
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Code::kInvalid);
    CHECK(found.error().text.find(path) != std::string::npos);
    CHECK(found.error().text.find("secret") == std::string::npos);
  }
  sandbox.write("run/containers/auth.json", R"({"auths":[1],"credHelpers":3,"credsStore":{}})");
  CHECK(find_credentials("host", "x", {}, {})->empty());
  sandbox.write("run/containers/auth.json", "");
  CHECK(find_credentials("host", "x", {}, {})->empty());
}

TEST_CASE("credential helpers") {
  Sandbox sandbox;
  sandbox.write("bin/docker-credential-fake",
                "#!/bin/sh\nread -r server\n[ \"$1\" = get ] || exit 2\ncase $server in\n"
                "host) echo '{\"ServerURL\":\"host\",\"Username\":\"helped\",\"Secret\":\"s3\"}' ;;\n"
                "token) echo '{\"Username\":\"<token>\",\"Secret\":\"refresh\"}' ;;\n"
                "https://index.docker.io/v1/) echo '{\"Username\":\"hub\",\"Secret\":\"x\"}' ;;\n"
                "broken) echo 'very secret' ; exit 3 ;;\n"
                "*) echo 'credentials not found in native keychain'; exit 1 ;;\nesac\n",
                0700);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (sandbox.home() + "/bin:" + path).c_str(), 1);
  sandbox.write(
      "run/containers/auth.json",
      R"({"credHelpers":{"host":"fake","broken":"fake","absent":"no-such-helper","bad":"../x"},"auths":{"none":{}}})");
  CHECK(user("host", "x") == "helped");
  CHECK(find_credentials("broken", "x", {}, {}).error().code == Code::kDenied);
  CHECK(find_credentials("broken", "x", {}, {}).error().text.find("very secret") == std::string::npos);
  CHECK(find_credentials("absent", "x", {}, {}).error().code == Code::kNotFound);
  CHECK(find_credentials("bad", "x", {}, {}).error().code == Code::kInvalid);
  sandbox.write("run/containers/auth.json",
                R"({"credsStore":"fake","auths":{"host":{},"direct":{"username":"u","password":"p"}}})");
  CHECK(user("host", "x") == "helped");
  CHECK(user("direct", "x") == "u");
  CHECK(user("docker.io", "library/x") == "hub");
  CHECK(find_credentials("token", "x", {}, {})->identity_token == "refresh");
  CHECK(find_credentials("unknown", "x", {}, {})->empty());
  sandbox.write("run/containers/auth.json", R"({"credsStore":"no-such-helper"})");
  CHECK(find_credentials("host", "x", {}, {})->empty());
  ::setenv("PATH", path.c_str(), 1);
}
