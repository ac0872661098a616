// The conversation about credentials, as a client has it.
#include <doctest/doctest.h>

#include "fake_server.h"
#include "registry/client.h"
#include "registry/encoding.h"
#include "registry/sha256.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {

ClientOptions fast(const std::string& creds = {}) {
  ClientOptions out;
  out.tls_verify = false;
  out.retry_delay_ms = 1;
  out.creds = creds;
  return out;
}

// A token service that hands out t1, t2, …, and a registry that wants the token `valid`.
struct TokenRegistry {
  std::atomic<int> issued = 0;
  std::string token_body_tail = R"(,"expires_in":300)";
  std::function<bool(const Request&)> allowed = [](const Request&) { return true; };
  std::function<bool(const std::string&)> valid = [](const std::string& authorization) {
    return !authorization.empty();
  };
  FakeServer service{[this](const Request& request) -> Response {
    if (!allowed(request)) return {401, R"({"details":"incorrect username or password"})"};
    return {200, R"({"token":"t)" + std::to_string(++issued) + "\"" + token_body_tail + "}"};
  }};
  FakeServer registry{[this](const Request& request) -> Response {
    if (!valid(request.field("authorization")))
      return {401,
              R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})",
              {"WWW-Authenticate: Bearer realm=\"" + service.url() +
               "/token\",service=\"a, b\",scope=\"repository:team/image:pull\""}};
    return {200, "content"};
  }};
};

oci::Descriptor content() {
  oci::Descriptor out;
  out.digest = Sha256::of("content");
  out.size = 7;
  return out;
}
Result<void> nowhere(std::string_view) {
  return {};
}
bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a bearer token is fetched once, without credentials, and used again") {
  Sandbox sandbox;
  TokenRegistry t;
  auto client = *Client::open(t.registry.host(), fast());
  CHECK(client->manifest("team/image", "latest"));
  CHECK(client->blob("team/image", content(), nowhere));
  REQUIRE(t.service.seen().size() == 1);
  CHECK(t.service.seen()[0].path == "/token?service=a%2C%20b&scope=repository%3Ateam%2Fimage%3Apull");
  CHECK(t.service.seen()[0].field("authorization").empty());
  const auto seen = t.registry.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].field("authorization").empty());
  CHECK(seen[1].field("authorization") == "Bearer t1");
  CHECK(seen[2].field("authorization") == "Bearer t1");
}

TEST_CASE("credentials go to the token service alone") {
  Sandbox sandbox;
  TokenRegistry t;
  auto client = *Client::open(t.registry.host(), fast("me:pass:word"));
  CHECK(client->manifest("team/image", "latest"));
  CHECK(t.service.seen().at(0).field("authorization") == "Basic " + base64_encode("me:pass:word"));
  CHECK(holds(t.service.seen().at(0).path, "account=me"));
  for (const auto& request : t.registry.seen()) CHECK_FALSE(holds(request.field("authorization"), "Basic"));
}

TEST_CASE("a token that is refused is renewed once") {
  Sandbox sandbox;
  TokenRegistry t;
  t.valid = [](const std::string& authorization) { return authorization == "Bearer t2"; };
  auto client = *Client::open(t.registry.host(), fast());
  CHECK(client->manifest("team/image", "latest"));
  CHECK(t.issued == 2);
  t.valid = [](const std::string&) { return false; };
  auto failed = client->manifest("team/image", "latest").error();
  CHECK(failed.code == Code::kDenied);
  CHECK(holds(failed.text, "authentication required"));
  CHECK(t.issued == 4);
}

TEST_CASE("a token about to expire is renewed before it is used") {
  Sandbox sandbox;
  TokenRegistry t;
  t.token_body_tail = R"(,"expires_in":0)";  // read as one second
  auto client = *Client::open(t.registry.host(), fast());
  CHECK(client->manifest("team/image", "latest"));
  for (int tries = 0; tries < 150 && t.issued < 2; ++tries) {
    CHECK(client->manifest("team/image", "latest"));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // between looks, not for the result
  }
  CHECK(t.issued == 2);
  int refused = 0;
  for (const auto& request : t.registry.seen()) refused += request.field("authorization").empty() ? 1 : 0;
  CHECK(refused == 1);
}

TEST_CASE("an identity token is exchanged in a POST") {
  Sandbox sandbox;
  TokenRegistry t;
  sandbox.write("run/containers/auth.json", R"({"auths":{")" + t.registry.host() + R"(":{"identitytoken":"s e/c"}}})");
  auto client = *Client::open(t.registry.host(), fast());
  CHECK(client->manifest("team/image", "latest"));
  const auto request = t.service.seen().at(0);
  CHECK(request.method == "POST");
  CHECK(request.path == "/token");
  CHECK(request.body ==
        "service=a%2C%20b&scope=repository%3Ateam%2Fimage%3Apull&grant_type=refresh_token&client_id=creel&refresh_"
        "token=s%20e%2Fc");
}

TEST_CASE("wrong credentials: denied, with the cure, without the secret") {
  Sandbox sandbox;
  TokenRegistry t;
  t.allowed = [](const Request&) { return false; };
  auto client = *Client::open(t.registry.host(), fast("me:hidden-word"));
  auto failed = client->manifest("team/image", "latest").error();
  CHECK(failed.code == Code::kDenied);
  CHECK(holds(failed.text, "incorrect username or password"));
  CHECK(holds(failed.hint, "creel login"));
  CHECK_FALSE(holds(failed.text + failed.hint, "hidden-word"));

  FakeServer basic([](const Request& request) -> Response {
    if (request.field("authorization") == "Basic " + base64_encode("me:right")) return {200, "content"};
    return {401,
            R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})",
            {"WWW-Authenticate: Basic realm=\"r\""}};
  });
  CHECK((*Client::open(basic.host(), fast("me:right")))->blob("x", content(), nowhere));
  for (const char* creds : {"me:hidden-word", ""}) {
    failed = (*Client::open(basic.host(), fast(creds)))->manifest("x", "latest").error();
    CHECK(failed.code == Code::kDenied);
    CHECK(holds(failed.text, "unauthorized: authentication required"));
    CHECK(holds(failed.hint, "creel login"));
    CHECK_FALSE(holds(failed.text + failed.hint, "hidden-word"));
  }
}

TEST_CASE("hostile challenges and tokens") {
  Sandbox sandbox;
  std::string challenge, token = R"({"token":"a\r\nX-Injected: 1"})";
  FakeServer service([&](const Request&) { return Response{200, token}; });
  FakeServer registry([&](const Request&) { return Response{401, "", {"WWW-Authenticate: " + challenge}}; });
  auto client = *Client::open(registry.host(), fast());
  challenge = "Bearer realm=\"" + service.url() + "\"";
  CHECK(holds(client->manifest("x", "latest").error().text, "there is none in the answer"));
  for (const char* bad :
       {"Bearer realm=\"file:///etc/passwd\"", "Bearer", "Bearer realm=\"https://\"", "Negotiate", ",,=,\"", ""}) {
    challenge = bad;
    CHECK_FALSE(client->manifest("x", "latest"));
  }
  // A registry that is verified is not obeyed when it asks for credentials in the clear.
  CHECK(service.seen().size() == 1);
}

TEST_CASE("many threads, one token") {
  Sandbox sandbox;
  TokenRegistry t;
  auto client = *Client::open(t.registry.host(), fast());
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { good += client->blob("team/image", content(), nowhere).ok() ? 1 : 0; });
  for (auto& thread : threads) thread.join();
  CHECK(good == 8);
  CHECK(t.issued == 1);
}
