#include "registry/policy/private_key.h"

#include <doctest/doctest.h>

#include "registry/encoding.h"
#include "registry/policy/secretbox.h"
#include "registry/policy/sigstore.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::policy;

namespace {

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

// One key, wrapped in two ways by other programs; both open with "open sesame".
constexpr const char* kPublic = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEOdCGEL/bubWJmVX7LixCIhZpoGfi
/UVs5h318h5wfYL22GRV0PAbfdyaQ4fEJN7RHBKWQYCn8h/07s67EjYkOg==
-----END PUBLIC KEY-----
)";
constexpr const char* kCosign = R"(-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----
eyJrZGYiOiB7Im5hbWUiOiAic2NyeXB0IiwgInBhcmFtcyI6IHsiTiI6IDEwMjQs
ICJyIjogOCwgInAiOiAxfSwgInNhbHQiOiAiQXdRRlpKVmIvbEFNQmRxMHpPZzd3
T1A0dHduVzF2ZHd2SnhPRWtBb3NpYz0ifSwgImNpcGhlciI6IHsibmFtZSI6ICJu
YWNsL3NlY3JldGJveCIsICJub25jZSI6ICJmTW8rMDF3STdWWXMxUEk2YUo3dTdi
OStDYmZLOFUwUiJ9LCAiY2lwaGVydGV4dCI6ICJ4cG9KNXRBOVpidFRoejdZUW1y
eVhNbUU1UDIzQ1hPdDIxWXAxS3lhVzdMZUVobUZTMlhKUno1OXkvdGNKUW5GZlMr
cStLOVV1UVU3cjJTUWF6UGFRSXd0R3IyQjkwQjNMcCsyb2hyMGhaKzkzYUp1cG44
KzJMOTlEN25Cb0U2Z0xFOHVqOTV0eXdRM0wxRC9zRjNUMDM2VS9wYWJWTkNVY2RI
VDRXcnFKVmhKVlFMMVQwQVRaMUdqb1ZLRUt4UElOUUhjK2c5eHl3Nkx1UT09In0=
-----END ENCRYPTED SIGSTORE PRIVATE KEY-----
)";
constexpr const char* kPkcs8 = R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhL+Mol1xliVwICA+gw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGncwihaYtEXLSHNNA8JOsoEgZDj
k2Rx+motFe6nQpDtNAdHnxD2uP4ugB50mexqSRDXF+qwh6k6pdzdJfETH82UI9Mc
fELpfqYNkOc0MFeJH8T99NoTx97TTJMCZKhAv01Gtl2XzWQ+jwPQnCn9yGz00qty
+BBBPgtnjUd/qKV/QyR92QD6aE2Fq+HImhrI27jscQrOcFNNke7dgnIHOaBPFWY=
-----END ENCRYPTED PRIVATE KEY-----
)";

}  // namespace

TEST_CASE("private key: cosign's and PKCS #8, and what opens them") {
  for (const char* pem : {kCosign, kPkcs8}) {
    auto key = PrivateKey::parse(pem, "open sesame");
    REQUIRE_MESSAGE(key.ok(), key.error().text);
    auto signature = key->sign("payload");
    REQUIRE(signature.ok());
    CHECK(verify_sigstore({.keys = {kPublic}}, {.payload = "payload", .signature = *signature}).ok());
    for (const char* wrong : {"", "Open Sesame"}) {
      auto closed = PrivateKey::parse(pem, wrong);
      REQUIRE_FALSE(closed.ok());
      CHECK(closed.error().code == Code::kDenied);
    }
  }
  for (const char* bad : {"", "-----BEGIN PUBLIC KEY-----",
                          "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n%%%\n-----END "
                          "ENCRYPTED SIGSTORE PRIVATE KEY-----",
                          "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\ne30=\n"
                          "-----END ENCRYPTED COSIGN PRIVATE KEY-----"}) {
    auto key = PrivateKey::parse(bad, "x");
    CHECK_FALSE(key.ok());
  }
}

TEST_CASE("secretbox: NaCl's own test vector") {
  const std::string key = bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
  const std::string nonce = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
  std::string box = bytes(
      "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b"
      "4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da"
      "99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5");
  auto opened = open_secretbox(key, nonce, box);
  REQUIRE(opened);
  CHECK(*opened ==
        bytes("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01"
              "233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd"
              "4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"));
  box[20] = static_cast<char>(box[20] ^ 1);
  CHECK_FALSE(open_secretbox(key, nonce, box));
  CHECK_FALSE(open_secretbox(key, nonce, "short"));
  CHECK_FALSE(open_secretbox("short", nonce, box));
}
