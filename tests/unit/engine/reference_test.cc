#include <doctest/doctest.h>

#include <string>

#include "engine/image/image.h"

using namespace creel;
using namespace creel::engine;

namespace {

std::string normalized(const std::string& text) {
  auto reference = parse_reference(text);
  return reference.ok() ? reference->text() : "error";
}

const std::string kHex(64, 'a');

}  // namespace

TEST_CASE("references are completed") {
  CHECK(normalized("busybox") == "docker.io/library/busybox:latest");
  CHECK(normalized("busybox:1.36") == "docker.io/library/busybox:1.36");
  CHECK(normalized("user/app") == "docker.io/user/app:latest");
  CHECK(normalized("docker.io/busybox") == "docker.io/library/busybox:latest");
  CHECK(normalized("index.docker.io/busybox") == "docker.io/library/busybox:latest");
  CHECK(normalized("localhost/x") == "localhost/x:latest");
  CHECK(normalized("host:5000/a/b:v1") == "host:5000/a/b:v1");
  CHECK(normalized("127.0.0.1:5000/a") == "127.0.0.1:5000/a:latest");
  CHECK(normalized("[::1]:5000/a") == "[::1]:5000/a:latest");
  CHECK(normalized("quay.io/a__b/c-d.e") == "quay.io/a__b/c-d.e:latest");
  CHECK(normalized("busybox@sha256:" + kHex) == "docker.io/library/busybox@sha256:" + kHex);
  CHECK(normalized("busybox:1@sha256:" + kHex) == "docker.io/library/busybox:1@sha256:" + kHex);
}

TEST_CASE("malformed references are refused") {
  for (const char* text : {"",       ":",       "a:",          "A",           "a/B",         "a//b", "/a",
                           "a/",     "a:b:c/d", "a@sha256:12", "a@md5:00",    "-a",          "a..b", "a_",
                           "a___b",  "a:-x",    "a b",         "host:port/a", "host:/a",     "a\nb", "..",
                           "a/../b", "[::1/a",  "-h.io/a",     "[:::]/a",     "host:65536/a"}) {
    CAPTURE(text);
    auto reference = parse_reference(text);
    REQUIRE(!reference.ok());
    CHECK(reference.error().code == Code::kInvalid);
  }
  CHECK(!parse_reference(std::string(300, 'a')).ok());
  CHECK(!parse_reference("a:" + std::string(129, 'a')).ok());
  CHECK(parse_reference("a:" + std::string(128, 'a')).ok());
}

TEST_CASE("platforms are normalized") {
  auto text = [](const char* in) {
    auto platform = parse_platform(in);
    return platform.ok() ? platform->os + "/" + platform->architecture + "/" + platform->variant : "error";
  };
  CHECK(text("linux/x86_64") == "linux/amd64/");
  CHECK(text("linux/aarch64") == "linux/arm64/");
  CHECK(text("linux/arm64/v8") == "linux/arm64/");
  CHECK(text("linux/arm/v7") == "linux/arm/v7");
  CHECK(text("arm64") == "linux/arm64/");
  CHECK(text("linux/") == "error");
  CHECK(text("a/b/c/d") == "error");
  CHECK(text("linux/am d64") == "error");
  CHECK(parse_platform("")->os == "linux");
}
