#include "base/digest.h"

#include <doctest/doctest.h>

using namespace creel;

TEST_CASE("a digest is sha256 and 64 lower-case hex digits, nothing else") {
  const std::string hex(64, 'a');
  auto digest = Digest::parse("sha256:" + hex);
  REQUIRE(digest.ok());
  CHECK(digest->hex() == hex);
  CHECK(digest->text() == "sha256:" + hex);
  CHECK(*Digest::from_hex(hex) == *digest);
  CHECK(Digest().empty());
  CHECK(Digest().text().empty());
  const std::string bad[] = {"",
                             hex,
                             "sha256:",
                             "sha512:" + hex,
                             "SHA256:" + hex,
                             "sha256:" + std::string(63, 'a'),
                             "sha256:" + hex + "a",
                             "sha256:" + std::string(64, 'A'),
                             "sha256:" + std::string(63, 'a') + "/",
                             "sha256:../../" + std::string(58, 'a'),
                             "sha256:" + std::string(63, 'a') + std::string(1, '\0'),
                             "sha256:" + std::string(1 << 20, 'x')};
  for (const std::string& text : bad) {
    CAPTURE(text.substr(0, 100));
    auto parsed = Digest::parse(text);
    REQUIRE(!parsed.ok());
    CHECK(parsed.error().code == Code::kInvalid);
    CHECK(parsed.error().text.size() < 250);
  }
}

TEST_CASE("digests are ordered as their text is") {
  const Digest a = *Digest::from_hex(std::string(64, '1')), b = *Digest::from_hex(std::string(64, 'b'));
  CHECK(a < b);
  CHECK(a != b);
}
