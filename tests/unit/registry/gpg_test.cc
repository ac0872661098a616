#include "registry/policy/gpg.h"

#include <doctest/doctest.h>

#include "gpg_fixtures.h"
#include "registry/encoding.h"
#include "registry/policy/payload.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::policy;
using namespace creel::registry::test;

namespace {

std::string bytes(const char* base64) {
  auto out = base64_decode(base64);
  REQUIRE(out);
  return *out;
}

// "" for a good one, else why not.
std::string verdict(const std::vector<std::string>& keys, const std::string& message) {
  auto content = verify_message(keys, message);
  if (!content.ok()) return content.error().text;
  auto payload = parse_payload(*content, PayloadKind::kSimple);
  REQUIRE(payload.ok());
  CHECK(payload->reference == "h.example/a:1");
  return {};
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("gpg: a signature by a trusted key, armored or binary, one of several or alone") {
  const std::string signer = bytes(kKeyOfSigner), other = bytes(kKeyOfOther);
  CHECK(verdict({signer}, bytes(kGood)).empty());
  CHECK(verdict({kArmored}, bytes(kGood)).empty());
  CHECK(verdict({other, signer}, bytes(kGood)).empty());
  CHECK(verdict({std::string("some words\n") + kArmored + "\n" + kArmored}, bytes(kGood)).empty());
}

TEST_CASE("gpg: everything else is refused, and why is said") {
  const std::string signer = bytes(kKeyOfSigner), other = bytes(kKeyOfOther), old = bytes(kKeyOfOld);
  CHECK(says(verdict({signer}, bytes(kByOther)), "another key"));
  CHECK(says(verdict({signer}, bytes(kExpired)), "it has expired"));
  CHECK(says(verdict({old}, bytes(kByOldKey)), "its key has expired"));
  CHECK(says(verdict({signer, other}, bytes(kTwice)), "not valid"));
  CHECK(says(verdict({signer}, bytes(kTwice)), "another key"));
  CHECK(says(verdict({signer}, bytes(kUnsigned)), "not valid"));
  CHECK(says(verdict({signer}, ""), "no OpenPGP message"));
  CHECK(says(verdict({signer}, "-----BEGIN PGP SIGNED MESSAGE-----"), "no OpenPGP message"));
  CHECK(says(verdict({"no key at all"}, bytes(kGood)), "no OpenPGP public key"));
  // Every byte counts; none of these may crash, hang or pass.
  const std::string good = bytes(kGood);
  for (std::size_t at = 0; at < good.size(); at += 13) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x04);
    CAPTURE(at);
    auto content = verify_message({signer}, changed);
    // The name and time of the literal packet are not signed.
    if (content.ok()) CHECK(parse_payload(*content, PayloadKind::kSimple).ok());
  }
  for (std::size_t size = 1; size < good.size(); size += 37)
    CHECK_FALSE(verify_message({signer}, good.substr(0, size)).ok());
}

TEST_CASE("gpg: what is no key is named") {
  CHECK_FALSE(dearmor("").ok());
  CHECK_FALSE(dearmor("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----\n").ok());
  CHECK_FALSE(dearmor("-----BEGIN PGP PUBLIC KEY BLOCK-----").ok());
  CHECK_FALSE(dearmor("-----END PGP -----BEGIN PGP PUBLIC KEY BLOCK-----\n").ok());
  auto keybox = dearmor(std::string("\0\0\0\x20\x01\x01\0\x02KBXf and more", 21));
  REQUIRE_FALSE(keybox.ok());
  CHECK(says(keybox.error().text, "keybox"));
  auto key = dearmor(kArmored);
  REQUIRE(key.ok());
  CHECK(*key == bytes(kKeyOfSigner));
}
