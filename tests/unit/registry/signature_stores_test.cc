#include "registry/policy/signature_stores.h"

#include <doctest/doctest.h>

#include "registry/policy/registry_signatures.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry::policy;

TEST_CASE("registries.d: the most specific section that says something; staging for writing") {
  const registry::test::Sandbox sandbox;
  sandbox.write("d/one.yaml", R"(
default-docker:
  lookaside: https://default.example
docker:
  h.example:
    lookaside: https://h.example/sigs
    use-sigstore-attachments: true
  h.example/a:
    sigstore: file:///old/name
    lookaside-staging: file:///staging
)");
  sandbox.write("d/two.yaml", "docker:\n  docker.io/library/busybox:latest:\n    lookaside: file:///exact\n");
  sandbox.write("d/ignored.txt", "{");
  auto stores = SignatureStores::load(sandbox.home() + "/d", "file:///fallback");
  REQUIRE_MESSAGE(stores.ok(), stores.error().text);
  CHECK(stores->reading(registry_origin("other", "x", ":1")) == "https://default.example");
  CHECK(stores->reading(registry_origin("h.example", "b", ":1")) == "https://h.example/sigs");
  CHECK(stores->reading(registry_origin("h.example", "a/b", ":1")) == "file:///old/name");
  CHECK(stores->writing(registry_origin("h.example", "a/b", ":1")) == "file:///staging");
  CHECK(stores->writing(registry_origin("h.example", "b", ":1")) == "https://h.example/sigs");
  CHECK(stores->attachments(registry_origin("h.example", "a", ":1")));
  CHECK_FALSE(stores->attachments(registry_origin("other", "a", ":1")));
  CHECK(stores->reading(registry_origin("docker.io", "library/busybox", ":latest")) == "file:///exact");
}

TEST_CASE("registries.d: nothing configured; what is malformed or said twice is named") {
  const registry::test::Sandbox sandbox;
  auto none = SignatureStores::load(sandbox.home() + "/absent", "file:///fallback");
  REQUIRE(none.ok());
  CHECK(none->reading(registry_origin("h", "a", ":1")) == "file:///fallback");
  CHECK(none->writing(registry_origin("h", "a", ":1")) == "file:///fallback");
  for (const char* bad : {"docker: [", "docker:\n  h:\n    use-sigstore-attachments: perhaps\n", "docker:\n  h: 1\n",
                          "- 1\n", "docker:\n  h:\n    lookaside: [1]\n"}) {
    CAPTURE(bad);
    sandbox.write("bad/x.yaml", bad);
    auto stores = SignatureStores::load(sandbox.home() + "/bad", "");
    REQUIRE_FALSE(stores.ok());
    CHECK(stores.error().text.find("x.yaml") != std::string::npos);
  }
  sandbox.write("twice/a.yaml", "docker:\n  h:\n    lookaside: file:///a\n");
  sandbox.write("twice/b.yaml", "docker:\n  h:\n    lookaside: file:///b\n");
  CHECK_FALSE(SignatureStores::load(sandbox.home() + "/twice", "").ok());
}

TEST_CASE("lookaside: names of files") {
  auto digest = Digest::parse("sha256:" + std::string(64, 'a'));
  REQUIRE(digest.ok());
  CHECK(lookaside_url("https://h/sigs/", "library/busybox", *digest, 2) ==
        "https://h/sigs/library/busybox@sha256=" + std::string(64, 'a') + "/signature-2");
  CHECK(attachment_tag(*digest) == "sha256-" + std::string(64, 'a') + ".sig");
  auto file = file_of_url("file:///a/b");
  REQUIRE(file.ok());
  CHECK(*file == "/a/b");
  CHECK_FALSE(file_of_url("file://host/a").ok());
  CHECK_FALSE(file_of_url("ftp://x").ok());
}
