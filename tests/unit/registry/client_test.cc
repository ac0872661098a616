#include "registry/client.h"

#include <doctest/doctest.h>

#include <set>

#include "fake_server.h"
#include "registry/sha256.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {

const std::string kManifest = R"({"schemaVersion":2,"layers":[]})";
const std::string kBlob = [] {
  std::string out;
  for (int i = 0; i < 300'000; ++i) out += static_cast<char>(i * 7 + i / 251);
  return out;
}();

oci::Descriptor blob_descriptor() {
  oci::Descriptor out;
  out.digest = Sha256::of(kBlob);
  out.size = static_cast<std::int64_t>(kBlob.size());
  return out;
}

Response error(int status, const std::string& code, const std::string& message, std::vector<std::string> fields = {}) {
  return {status, R"({"errors":[{"code":")" + code + R"(","message":")" + message + R"("}]})", std::move(fields)};
}

// What a well-behaved registry answers; Range is honoured.
Response good(const Request& request) {
  if (request.path.find("/manifests/") != std::string::npos)
    return {200, kManifest, {"Content-Type: application/vnd.oci.image.manifest.v1+json; charset=utf-8"}};
  if (request.path.find("/blobs/") == std::string::npos) return error(404, "NAME_UNKNOWN", "no");
  const std::string range = request.field("range");
  if (range.empty()) return {200, kBlob};
  const auto start = static_cast<std::size_t>(std::atoi(range.substr(6).c_str()));
  return {206,
          kBlob.substr(start),
          {"Content-Range: bytes " + std::to_string(start) + "-" + std::to_string(kBlob.size() - 1) + "/" +
           std::to_string(kBlob.size())}};
}

ClientOptions fast() {
  ClientOptions out;
  out.tls_verify = false;
  out.retry_delay_ms = 1;
  return out;
}

std::unique_ptr<Client> client_of(const FakeServer& server, const ClientOptions& options = fast()) {
  auto client = Client::open(server.host(), options);
  REQUIRE(client);
  return std::move(*client);
}

struct Got {
  std::string bytes;
  Result<void> result;
};
Got get_blob(Client& client, const oci::Descriptor& descriptor = blob_descriptor()) {
  Got got;
  got.result = client.blob("team/image", descriptor, [&](std::string_view bytes) -> Result<void> {
    got.bytes += bytes;
    return {};
  });
  return got;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a manifest and a blob from a plain loopback registry") {
  Sandbox sandbox;
  FakeServer server(good);
  ClientOptions options;  // tls_verify absent: loopback may be plain
  auto client = client_of(server, options);
  auto manifest = client->manifest("team/image", "latest");
  REQUIRE(manifest);
  CHECK(manifest->text == kManifest);
  CHECK(manifest->media_type == oci::kOciManifest);
  CHECK(manifest->digest == Sha256::of(kManifest));
  CHECK(client->manifest("team/image", Sha256::of(kManifest).text()));
  auto got = get_blob(*client);
  CHECK(got.result);
  CHECK(got.bytes == kBlob);
  const auto seen = server.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].path == "/v2/team/image/manifests/latest");
  CHECK(holds(seen[0].field("accept"), oci::kOciIndex));
  CHECK(holds(seen[0].field("user-agent"), "creel/"));
  CHECK(seen[2].path == "/v2/team/image/blobs/" + blob_descriptor().digest.text());
  // Asked for by name, verification excludes plain HTTP.
  options.tls_verify = true;
  CHECK(client_of(server, options)->manifest("team/image", "latest").error().code == Code::kUnavailable);
}

TEST_CASE("refusals are one clear line in the registry's words") {
  Sandbox sandbox;
  FakeServer server([](const Request& request) -> Response {
    if (holds(request.path, "absent")) return error(404, "MANIFEST_UNKNOWN", "manifest unknown");
    if (holds(request.path, "bare")) return {404, "<html>"};
    if (holds(request.path, "private")) return error(403, "DENIED", "not\\u001b[31m yours");
    return {500, "oops"};
  });
  auto client = client_of(server);
  auto failed = [&](const char* tag) { return client->manifest("x", tag).error(); };
  CHECK(failed("absent").text == "reading manifest absent in " + server.host() + "/x: manifest unknown");
  CHECK(failed("absent").code == Code::kNotFound);
  CHECK(failed("bare").text == "reading manifest bare in " + server.host() + "/x: not found");
  CHECK(failed("private").code == Code::kDenied);
  CHECK(failed("private").text == "reading manifest private in " + server.host() + "/x: denied: not?[31m yours");
  CHECK(failed("broken").code == Code::kUnavailable);
  CHECK(holds(failed("broken").text, "status 500"));
  CHECK(server.count("absent") == 2);
  CHECK(server.count("broken") == 8);  // three retries each
}

TEST_CASE("nobody listens; a malformed registry; a malformed name") {
  Sandbox sandbox;
  std::string host;
  {
    FakeServer server(good);
    host = server.host();
  }
  auto client = Client::open(host, fast());
  REQUIRE(client);
  auto failed = (*client)->manifest("x", "latest").error();
  CHECK(failed.code == Code::kUnavailable);
  CHECK(holds(failed.text, "connection refused"));
  for (const char* bad : {"", "a b", "host/../..", "user@host", "host:", "host:99999", "[::1", "..", "a\nb"})
    CHECK(Client::open(bad, fast()).error().code == Code::kInvalid);
  for (const char* good_name : {"docker.io", "localhost:5000", "[::1]:5000", "10.0.0.1"})
    CHECK(Client::open(good_name, fast()));
  CHECK((*client)->manifest("../secret", "latest").error().code == Code::kInvalid);
  CHECK((*client)->manifest("x", "sha256:short").error().code == Code::kInvalid);
}

TEST_CASE("429 is waited out where that is soon; else the error tells the limit") {
  Sandbox sandbox;
  std::atomic<int> left = 2;
  FakeServer server([&](const Request& request) {
    if (holds(request.path, "soon"))
      return left-- > 0 ? error(429, "TOOMANYREQUESTS", "slow", {"Retry-After: 0"}) : good(request);
    return error(429, "TOOMANYREQUESTS", "You have reached your pull rate limit",
                 {"Retry-After: 3600", "RateLimit-Limit: 100;w=21600"});
  });
  auto client = client_of(server);
  CHECK(client->manifest("x", "soon"));
  CHECK(server.count("soon") == 3);
  auto failed = client->manifest("x", "later").error();
  CHECK(server.count("later") == 1);
  CHECK(failed.code == Code::kUnavailable);
  CHECK(failed.text ==
        "reading manifest later in " + server.host() +
            "/x: too many requests (status 429): toomanyrequests: You have reached your pull rate limit; the "
            "limit is 100 in 21600 s; it may be asked again after 3600 s");
}

TEST_CASE("a lost connection is resumed; the sink sees every byte once") {
  Sandbox sandbox;
  SUBCASE("where Range is honoured") {
    std::atomic<int> cuts = 3;
    FakeServer server([&](const Request& request) {
      Response response = good(request);
      if (cuts-- > 0) response.cut = 70'000;
      return response;
    });
    auto client = client_of(server);
    auto got = get_blob(*client);
    CHECK(got.result);
    CHECK(got.bytes == kBlob);
    const auto seen = server.seen();
    REQUIRE(seen.size() == 4);
    CHECK(seen[1].field("range") == "bytes=70000-");
    CHECK(seen[3].field("range") == "bytes=210000-");
  }
  SUBCASE("where it is ignored") {
    std::atomic<int> cuts = 2;
    FakeServer server([&](const Request&) {
      Response response{200, kBlob};
      if (cuts-- > 0) response.cut = 100'000;
      return response;
    });
    auto client = client_of(server);
    auto got = get_blob(*client);
    CHECK(got.result);
    CHECK(got.bytes == kBlob);
  }
  SUBCASE("where another range comes, and the whole never does") {
    FakeServer server([&](const Request& request) {
      if (!request.field("range").empty())
        return Response{206, kBlob.substr(200'000), {"Content-Range: bytes 200000-299999/300000"}};
      Response response{200, kBlob};
      response.cut = 100'000;
      return response;
    });
    auto client = client_of(server);
    auto got = get_blob(*client);
    CHECK(got.result.error().code == Code::kUnavailable);
    CHECK(got.bytes == kBlob.substr(0, 100'000));
  }
  SUBCASE("always: an error that says so") {
    FakeServer server([&](const Request&) {
      Response response{200, kBlob};
      response.cut = 1000;
      return response;
    });
    auto client = client_of(server);
    auto got = get_blob(*client);
    CHECK(got.result.error().code == Code::kUnavailable);
    CHECK(holds(got.result.error().text, "truncated, 1000 of 300000 bytes came"));
    CHECK(got.bytes == kBlob.substr(0, 1000));
    CHECK(server.seen().size() == 4);
  }
}

TEST_CASE("what is not what its digest or size says") {
  Sandbox sandbox;
  const std::string other = Sha256::of("other").text();
  FakeServer server([&](const Request& request) -> Response {
    if (holds(request.path, "/manifests/")) return {200, kManifest, {"Docker-Content-Digest: " + other}};
    if (holds(request.path, "/short/")) return {200, kBlob.substr(1)};
    std::string body = kBlob;
    body[7] ^= 1;
    return {200, body};
  });
  auto client = client_of(server);
  CHECK(holds(client->manifest("x", "latest").error().text, "digest mismatch"));
  CHECK(client->manifest("x", other).error().code == Code::kInvalid);
  auto got = get_blob(*client);
  CHECK(got.result.error().code == Code::kInvalid);
  CHECK(holds(got.result.error().text, "digest mismatch"));
  CHECK(server.count("/blobs/") == 1);
  int calls = 0;
  auto count = [&](std::string_view) -> Result<void> {
    ++calls;
    return {};
  };
  CHECK(holds(client->blob("short", blob_descriptor(), count).error().text, "size mismatch"));
  CHECK(calls == 0);
  // The caller hashes by itself.
  CHECK(client->blob("x", blob_descriptor(), count, true));
}

TEST_CASE("an endless body is cut at the descriptor's size") {
  Sandbox sandbox;
  FakeServer server([](const Request& request) {
    Response response{200, holds(request.path, "/manifests/") ? std::string(1 << 20, ' ') : kBlob};
    response.endless = true;
    return response;
  });
  auto client = client_of(server);
  auto got = get_blob(*client);
  CHECK(got.result.error().code == Code::kInvalid);
  CHECK(got.bytes == kBlob);
  auto manifest = client->manifest("x", "latest");
  CHECK(manifest.error().code == Code::kInvalid);
  CHECK(holds(manifest.error().text, "too large"));
}

TEST_CASE("a server that never answers") {
  Sandbox sandbox;
  FakeServer server([](const Request&) {
    Response response;
    response.silent = true;
    return response;
  });
  ClientOptions options = fast();
  options.stall_timeout_s = 1;
  auto failed = client_of(server, options)->manifest("x", "latest").error();
  CHECK(failed.code == Code::kUnavailable);
  INFO(failed.text);
  CHECK(holds(failed.text, "sent nothing for 1 s"));
}

TEST_CASE("the sink's error ends the transfer and comes back as it is") {
  Sandbox sandbox;
  FakeServer server(good);
  auto client = client_of(server);
  auto result = client->blob("x", blob_descriptor(),
                             [](std::string_view) { return Result<void>(fail(Code::kInUse, "disk full")); });
  CHECK(result.error().code == Code::kInUse);
  CHECK(result.error().text == "disk full");
  CHECK(server.seen().size() == 1);
}

TEST_CASE("headers without end, no HTTP at all") {
  Sandbox sandbox;
  FakeServer server([](const Request&) {
    Response response;
    response.fields.assign(5000, "X-Filler: " + std::string(100, 'x'));
    return response;
  });
  auto failed = client_of(server)->manifest("x", "latest").error();
  CHECK(failed.code == Code::kInvalid);
}

TEST_CASE("redirects: followed, but credentials stay at home") {
  Sandbox sandbox;
  FakeServer storage(good);
  std::string own;
  FakeServer server([&](const Request& request) -> Response {
    if (request.field("authorization").empty()) return {401, "", {"WWW-Authenticate: Basic realm=\"x\""}};
    if (holds(request.path, "/blobs/")) return {307, "", {"Location: " + storage.url() + "/there/blobs/x"}};
    if (holds(request.path, "/loop")) return {302, "", {"Location: /v2/x/manifests/loop"}};
    if (holds(request.path, "/file")) return {302, "", {"Location: file:///etc/passwd"}};
    if (holds(request.path, "/moved")) return {308, "", {"Location: ../../team/manifests/here"}};
    if (holds(request.path, "/user"))
      return {307, "", {"Location: http://evil:secret@" + storage.host() + "/v2/x/manifests/u"}};
    return good(request);
  });
  ClientOptions options = fast();
  options.creds = "me:pass";
  auto client = client_of(server, options);
  auto got = get_blob(*client);
  CHECK(got.result);
  CHECK(got.bytes == kBlob);
  REQUIRE(storage.seen().size() == 1);
  CHECK(storage.seen()[0].field("authorization").empty());
  // On the same host they go along.
  CHECK(client->manifest("x", "moved"));
  CHECK(server.seen().back().path == "/v2/team/manifests/here");
  CHECK(server.seen().back().field("authorization") == "Basic bWU6cGFzcw==");
  CHECK(client->manifest("x", "user"));
  CHECK(storage.seen().back().field("authorization").empty());
  CHECK(holds(client->manifest("x", "loop").error().text, "redirects"));
  CHECK(holds(client->manifest("x", "file").error().text, "malformed URL"));
}

TEST_CASE("registries.conf: mirrors are tried in order, then the registry; --creds are not for mirrors") {
  Sandbox sandbox;
  FakeServer empty([](const Request&) { return error(404, "NAME_UNKNOWN", "not here"); });
  FakeServer mirror([](const Request& request) -> Response {
    if (request.field("authorization").empty() && holds(request.path, "closed"))
      return {401, "", {"WWW-Authenticate: Basic realm=\"x\""}};
    return good(request);
  });
  FakeServer server(good);
  sandbox.write("registries.conf", "[[registry]]\nprefix = \"example.invalid/team\"\nlocation = \"" + server.host() +
                                       "/moved\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"" + empty.host() +
                                       "\"\n[[registry.mirror]]\nlocation = \"" + mirror.host() +
                                       "/cache\"\n[[registry]]\nlocation = \"blocked.invalid\"\nblocked = true\n");
  ClientOptions options = fast();
  options.tls_verify.reset();
  options.creds = "me:pass";
  auto client = Client::open("example.invalid", options);
  REQUIRE(client);
  CHECK((*client)->manifest("team/app", "latest"));
  CHECK(empty.seen().size() == 1);
  REQUIRE(mirror.seen().size() == 1);
  CHECK(mirror.seen()[0].path == "/v2/cache/app/manifests/latest");
  CHECK(server.seen().empty());
  CHECK((*client)->manifest("team/closed", "latest"));
  CHECK(server.seen().at(0).path == "/v2/moved/closed/manifests/latest");
  for (const auto& request : mirror.seen()) CHECK(request.field("authorization").empty());
  auto blocked = Client::open("blocked.invalid", options);
  REQUIRE(blocked);
  CHECK((*blocked)->manifest("x", "latest").error().code == Code::kDenied);
}

namespace {

const std::string kSubject = "sha256:" + std::string(64, 'a');

std::string index_of(const std::string& digit, const std::string& type = "text/note") {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":)"
         R"("application/vnd.oci.image.manifest.v1+json","digest":"sha256:)" +
         std::string(64, digit[0]) + R"(","size":7,"artifactType":")" + type + R"("}]})";
}

}  // namespace

TEST_CASE("referrers: by the API, page after page, as many as are bearable") {
  Sandbox sandbox;
  FakeServer server([&](const Request& request) -> Response {
    if (request.path == "/v2/team/image/referrers/" + kSubject)
      return {200, index_of("b"), {"Link: </v2/team/image/referrers/" + kSubject + "?page=2>; rel=\"next\""}};
    if (holds(request.path, "page=2")) return {200, index_of("c", "text/other")};
    // A page that names itself as the next, for ever.
    return {200, index_of("d"), {"Link: <" + request.path + ">; rel=\"next\""}};
  });
  auto client = client_of(server);
  auto found = client->referrers("team/image", *Digest::parse(kSubject));
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].artifact_type == "text/note");
  CHECK((*found)[1].descriptor.digest.text() == "sha256:" + std::string(64, 'c'));
  found = client->referrers("team/image", *Digest::parse("sha256:" + std::string(64, '0')));
  REQUIRE(found);
  CHECK(found->size() == oci::kMaxReferrers);
}

TEST_CASE("referrers: without the API by the tag; none; what is no index") {
  Sandbox sandbox;
  Response tagged = error(404, "MANIFEST_UNKNOWN", "no");
  FakeServer server([&](const Request& request) -> Response {
    if (holds(request.path, "/manifests/sha256-" + std::string(64, 'a'))) return tagged;
    return {404, "404 page not found"};
  });
  auto client = client_of(server);
  auto found = client->referrers("team/image", *Digest::parse(kSubject));
  REQUIRE(found);
  CHECK(found->empty());
  tagged = {200, index_of("b"), {"Content-Type: application/vnd.oci.image.index.v1+json"}};
  found = client->referrers("team/image", *Digest::parse(kSubject));
  REQUIRE(found);
  CHECK(found->size() == 1);
  tagged = {200, kManifest, {"Content-Type: application/vnd.oci.image.manifest.v1+json"}};
  CHECK(client->referrers("team/image", *Digest::parse(kSubject)).error().code == Code::kInvalid);
}

TEST_CASE("a manifest with a subject: entered in the index, unless the registry has done that; a hostile index ends") {
  Sandbox sandbox;
  const std::string manifest =
      R"({"schemaVersion":2,"artifactType":"text/note","annotations":{"k":"v"},"subject":{"mediaType":)"
      R"("application/vnd.oci.image.manifest.v1+json","digest":")" +
      kSubject + R"(","size":9}})";
  bool knows = false, forgets = false;
  std::string index;
  FakeServer server([&](const Request& request) -> Response {
    const bool of_index = holds(request.path, "/manifests/sha256-");
    if (request.method == "PUT") {
      if (of_index && !forgets) index = request.body;
      return knows ? Response{201, "", {"OCI-Subject: " + kSubject}} : Response{201, ""};
    }
    if (of_index && !index.empty()) return {200, index};
    return error(404, "MANIFEST_UNKNOWN", "no");
  });
  auto client = client_of(server);
  knows = true;
  REQUIRE(client->put_manifest("team/image", "v1", manifest, oci::kOciManifest));
  CHECK(server.seen().size() == 1);
  knows = false;
  REQUIRE(client->put_manifest("team/image", "v1", manifest, oci::kOciManifest));
  auto entered = oci::parse_referrers(index);
  REQUIRE(entered);
  REQUIRE(entered->size() == 1);
  CHECK((*entered)[0].descriptor.digest == Sha256::of(manifest));
  CHECK((*entered)[0].artifact_type == "text/note");
  CHECK((*entered)[0].descriptor.annotations.at("k") == "v");
  const std::string before = index;
  REQUIRE(client->put_manifest("team/image", "v1", manifest, oci::kOciManifest));
  CHECK(index == before);
  // An index that is itself about something, in a registry that forgets what it is told.
  index = R"({"schemaVersion":2,"manifests":[],"subject":{"mediaType":"a/b","digest":")" + kSubject + R"(","size":1}})";
  forgets = true;
  CHECK(client->put_manifest("team/image", "v1", manifest, oci::kOciManifest).error().code == Code::kInUse);
  CHECK(server.seen().size() < 40);
  index = kManifest;
  CHECK(client->put_manifest("team/image", "v1", manifest, oci::kOciManifest).error().code == Code::kInvalid);
}
