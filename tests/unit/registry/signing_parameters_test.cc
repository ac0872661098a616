#include "registry/policy/signing_parameters.h"

#include <doctest/doctest.h>

using namespace creel;
using namespace creel::registry::policy;

TEST_CASE("signing parameters: a key, with or without a passphrase") {
  auto out = parse_signing_parameters("privateKeyFile: /k\nprivateKeyPassphraseFile: \"/p q\"\n", "f");
  REQUIRE(out.ok());
  CHECK(out->key_file == "/k");
  CHECK(out->passphrase_file == "/p q");
  out = parse_signing_parameters("privateKeyFile: /k", "f");
  REQUIRE(out.ok());
  CHECK(out->passphrase_file.empty());
}

TEST_CASE("signing parameters: what is wrong or not built is said, with the file's name") {
  for (const char* text :
       {"", "- a", "{", "privateKeyFile: [a]", "privateKeyPassphraseFile: /p", "privatekeyfile: /k"}) {
    CAPTURE(text);
    const auto out = parse_signing_parameters(text, "params.yaml");
    REQUIRE(!out.ok());
    CHECK(out.error().code == Code::kInvalid);
    CHECK(out.error().text.find("params.yaml") != std::string::npos);
  }
  for (const char* text : {"fulcio:\n  fulcioURL: https://x\n", "privateKeyFile: /k\nrekorURL: https://x\n"}) {
    CHECK(parse_signing_parameters(text, "f").error().code == Code::kUnsupported);
  }
}
