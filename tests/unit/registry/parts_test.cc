// The small parts of the client: challenges, encodings, waiting, host names, certificates' directories, hashes.
#include <doctest/doctest.h>

#include "registry/answer_error.h"
#include "registry/challenge.h"
#include "registry/encoding.h"
#include "registry/host.h"
#include "registry/retry.h"
#include "registry/sha256.h"
#include "registry/tls_files.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;
using std::chrono::milliseconds;

TEST_CASE("challenges") {
  auto one = parse_challenges(
      R"(Bearer realm="https://auth.example/token",service="a, \"b\"",scope="repository:x:pull,push")");
  REQUIRE(one.size() == 1);
  CHECK(one[0].scheme == "bearer");
  CHECK(one[0].parameters["realm"] == "https://auth.example/token");
  CHECK(one[0].parameters["service"] == "a, \"b\"");
  CHECK(one[0].parameters["scope"] == "repository:x:pull,push");
  auto two = parse_challenges("BASIC Realm = x , Bearer realm=https://y/z,Negotiate");
  REQUIRE(two.size() == 3);
  CHECK(two[0].scheme == "basic");
  CHECK(two[0].parameters["realm"] == "x");
  CHECK(two[1].parameters["realm"] == "https://y/z");
  CHECK(two[2].scheme == "negotiate");
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges("realm=\"x\"").empty());
  CHECK(parse_challenges("Bearer realm=\"never ended")[0].parameters["realm"] == "never ended");
  CHECK(parse_challenges("\"\\").empty());
}

TEST_CASE("base64 and percent") {
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe"})
    CHECK(*base64_decode(base64_encode(text)) == text);
  CHECK(base64_encode("me:pass") == "bWU6cGFzcw==");
  CHECK(*base64_decode("bWU6cGFzcw") == "me:pass");
  for (const char* bad : {"a", "a=b=", "!!!!", "bWU6cGFzcw===="}) CHECK_FALSE(base64_decode(bad));
  CHECK(percent_encode("a b/c:~\xc3") == "a%20b%2Fc%3A~%C3");
}

TEST_CASE("Retry-After") {
  CHECK(*parse_retry_after("0", 0) == milliseconds(0));
  CHECK(*parse_retry_after(" 120 ", 0) == milliseconds(120'000));
  CHECK(*parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 40) == milliseconds(60'000));
  CHECK(*parse_retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 400) == milliseconds(0));
  for (const char* bad : {"", "soon", "-1"}) CHECK_FALSE(parse_retry_after(bad, 0));
  CHECK(parse_retry_after("99999999999999999", 0));
}

TEST_CASE("what is asked again, when, and how often") {
  auto answer = [](int status, const std::string& after = {}) {
    HttpAnswer out;
    out.kind = HttpAnswer::Kind::kAnswered;
    out.head.status = status;
    if (!after.empty()) out.head.fields = {{"retry-after", after}};
    return out;
  };
  for (int status : {200, 400, 401, 404, 501}) CHECK_FALSE(Retry(3, 0).after(answer(status)));
  Retry doubling(3, 0);
  CHECK(*doubling.after(answer(503)) == milliseconds(500));
  CHECK(*doubling.after(answer(502)) == milliseconds(1000));
  CHECK(*doubling.after(answer(500)) == milliseconds(2000));
  CHECK_FALSE(doubling.after(answer(500)));
  HttpAnswer lost;
  lost.kind = HttpAnswer::Kind::kLost;
  CHECK(*Retry(1, 7).after(lost) == milliseconds(7));
  lost.kind = HttpAnswer::Kind::kUnreachable;
  CHECK_FALSE(Retry(1, 7).after(lost));
  Retry patient(100, 0);
  CHECK(*patient.after(answer(429, "40")) == milliseconds(40'000));
  CHECK_FALSE(patient.after(answer(429, "40")));  // more than a minute altogether
  CHECK(patient.after(answer(429, "1")));
}

TEST_CASE("host names") {
  for (const char* good :
       {"a", "docker.io", "localhost:5000", "127.0.0.1:1", "[::1]", "[fe80::1]:65535", "my_host-1.example"})
    CHECK(check_host(good));
  for (const char* bad : {"", ":", ":80", "a:", "a:b", "a:70000", "::1", "[::1", "[x]", "[::1]x", "[::1]80", "a/b",
                          "a@b", "a b", ".", "..", "-a", "a..b"})
    CHECK_FALSE(check_host(bad));
  for (const char* yes : {"localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:5000"})
    CHECK(is_loopback(yes));
  for (const char* no : {"localhost.example", "128.0.0.1", "127.0.0.1.example", "[::2]", "docker.io"})
    CHECK_FALSE(is_loopback(no));
  CHECK(has_port("[::1]:5000"));
  CHECK_FALSE(has_port("[::1]"));
}

TEST_CASE("certs.d: the first directory that exists; keys and certificates go together") {
  Sandbox sandbox;
  CHECK(find_tls_files("host:5000", "")->authorities.empty());
  sandbox.write(".config/containers/certs.d/host:5000/b.crt", "B");
  sandbox.write(".config/containers/certs.d/host:5000/a.crt", "A");
  const std::string cert = sandbox.write(".config/containers/certs.d/host:5000/client.cert", "C");
  CHECK(find_tls_files("host:5000", "").error().code == Code::kInvalid);
  const std::string key = sandbox.write(".config/containers/certs.d/host:5000/client.key", "K");
  auto found = find_tls_files("host:5000", "");
  REQUIRE(found);
  CHECK(found->authorities == "A\nB\n");
  CHECK(found->client_cert == cert);
  CHECK(found->client_key == key);
  CHECK(find_tls_files("host", "")->authorities.empty());
  sandbox.write("dir/x.crt", "X");
  CHECK(find_tls_files("host:5000", sandbox.home() + "/dir")->authorities == "X\n");
  CHECK(find_tls_files("host:5000", sandbox.home() + "/absent").error().text.find("absent") != std::string::npos);
}

TEST_CASE("hashes of a stream") {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  CHECK(hash.finish().hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(Sha256::of("").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("a registry's words are one printable line") {
  CHECK(registry_words(R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})") ==
        "manifest unknown");
  CHECK(registry_words(R"({"errors":[{"code":"DENIED","message":"no"}]})") == "denied: no");
  CHECK(registry_words(R"({"errors":[{"code":"DENIED"}]})") == "denied");
  CHECK(registry_words(R"({"errors":[{"message":"a\nb\u001b[0m"}]})") == "a?b?[0m");
  CHECK(registry_words(R"({"details":"incorrect"})") == "incorrect");
  for (const char* none : {"", "<html>", "[]", R"({"errors":[]})", R"({"errors":[1]})", R"({"errors":{"code":1}})"})
    CHECK(registry_words(none).empty());
  CHECK(registry_words(R"({"errors":[{"message":")" + std::string(100'000, 'x') + "\"}]}").size() < 400);
}
