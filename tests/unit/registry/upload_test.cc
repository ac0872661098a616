#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <set>

#include "base/file.h"
#include "fake_server.h"
#include "registry/client.h"
#include "registry/sha256.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::test;

namespace {

// Larger than what goes in one request.
const std::string kLarge = [] {
  std::string out;
  for (int i = 0; out.size() < (5U << 20); ++i) out += std::to_string(i) + "\n";
  return out;
}();
const std::string kSmall = "a small blob\n";

oci::Descriptor descriptor_of(const std::string& bytes) {
  oci::Descriptor out;
  out.digest = Sha256::of(bytes);
  out.size = static_cast<std::int64_t>(bytes.size());
  return out;
}

archive::Member member_of(const Sandbox& sandbox, const std::string& bytes) {
  // Not from the file's beginning: what is sent may be a part of an archive.
  auto fd = open_file(sandbox.write("blob", "xyz" + bytes), O_RDONLY);
  REQUIRE(fd);
  return {std::make_shared<const Fd>(std::move(*fd)), 3, static_cast<std::int64_t>(bytes.size())};
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A repository that takes uploads, one at a time.
struct Repository {
  std::mutex mutex;
  std::map<std::string, std::string> blobs;  // by digest
  std::string upload;
  int sessions = 0;
  bool mounts = false;
  std::size_t largest = std::string::npos;  // request body; beyond: 413
  bool forgets = false;                     // what a broken request brought, and the upload with it

  Response operator()(const Request& request) {
    const std::lock_guard lock(mutex);
    const auto digest_in = [&](const std::string& key) {
      const auto at = request.path.find(key + "=sha256%3");
      return at == std::string::npos ? std::string() : "sha256:" + request.path.substr(at + key.size() + 10, 64);
    };
    const std::string where =
        "Location: /session/" + std::to_string(sessions) + "?state=" + std::to_string(upload.size());
    const auto standing = [&](int status) {
      return Response{status, "", {where, "Range: 0-" + std::to_string(upload.empty() ? 0 : upload.size() - 1)}};
    };
    if (request.method == "HEAD") return {blobs.contains(request.path.substr(request.path.rfind('/') + 1)) ? 200 : 404};
    if (request.method == "POST") {
      if (mounts && holds(request.path, "mount=") && holds(request.path, "from=other%2Fimage")) {
        blobs[digest_in("mount")] = "mounted";
        return {201};
      }
      ++sessions;
      upload.clear();
      return {202, "", {"Location: /session/" + std::to_string(sessions) + "?state=0"}};
    }
    if (!holds(request.path, "/session/" + std::to_string(sessions))) return {404};
    if (request.method == "GET") return standing(204);
    if (request.body.size() > largest) return {413};
    if (request.method == "PATCH") {
      const std::string range = request.field("content-range");
      if (range.substr(0, range.find('-')) != std::to_string(upload.size())) return {416};
    }
    upload += request.body;
    if (request.broken && forgets) ++sessions;
    if (request.broken) return {};
    if (request.method == "PATCH")
      return {202,
              "",
              {"Location: /session/" + std::to_string(sessions) + "?state=" + std::to_string(upload.size()),
               "Range: 0-" + std::to_string(upload.size() - 1)}};
    const std::string digest = digest_in("digest");
    if (Sha256::of(upload).text() != digest)
      return {400, R"({"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match"}]})"};
    blobs[digest] = std::exchange(upload, {});
    ++sessions;
    return {201};
  }
};

std::unique_ptr<Client> client_of(const FakeServer& server, int retries = 3) {
  ClientOptions options;
  options.tls_verify = false;
  options.retry_delay_ms = 1;
  options.retries = retries;
  auto client = Client::open(server.host(), options);
  REQUIRE(client);
  return std::move(*client);
}

std::string methods(const FakeServer& server) {
  std::vector<std::string> out;
  for (const Request& request : server.seen()) out.push_back(request.method);
  return join(out, " ");
}

}  // namespace

TEST_CASE("a small blob goes in two requests, a large one in three; both are there afterwards") {
  Sandbox sandbox;
  Repository repository;
  FakeServer server(std::ref(repository));
  auto client = client_of(server);
  for (const std::string& bytes : {kSmall, kLarge}) {
    const auto descriptor = descriptor_of(bytes);
    auto before = client->has_blob("team/image", descriptor.digest);
    REQUIRE(before);
    CHECK(!*before);
    std::int64_t sent = 0;
    REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, bytes), [&](std::int64_t n) { sent = n; }));
    CHECK(sent == descriptor.size);
    CHECK(repository.blobs[descriptor.digest.text()] == bytes);
    CHECK(*client->has_blob("team/image", descriptor.digest));
  }
  CHECK(methods(server) == "HEAD POST PUT HEAD HEAD POST PATCH PUT HEAD");
}

TEST_CASE("a mount moves no bytes; where it is refused, the upload that was begun instead is used") {
  Sandbox sandbox;
  Repository repository;
  FakeServer server(std::ref(repository));
  auto client = client_of(server);
  const auto descriptor = descriptor_of(kSmall);
  SUBCASE("taken over") {
    repository.mounts = true;
    CHECK(*client->mount("team/image", descriptor.digest, "other/image"));
    CHECK(repository.blobs.contains(descriptor.digest.text()));
  }
  SUBCASE("refused") {
    CHECK(!*client->mount("team/image", descriptor.digest, "other/image"));
    REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, kSmall), {}));
    CHECK(repository.blobs[descriptor.digest.text()] == kSmall);
    CHECK(methods(server) == "POST PUT");
  }
}

TEST_CASE("an upload whose connection breaks goes on where the registry stands") {
  Sandbox sandbox;
  Repository repository;
  FakeServer server(std::ref(repository));
  std::atomic<int> patches = 0;
  server.breaks = [&](const Request& request) {
    return request.method == "PATCH" && ++patches == 1 ? std::size_t{3} << 20 : std::string::npos;
  };
  auto client = client_of(server);
  const auto descriptor = descriptor_of(kLarge);
  SUBCASE("it kept what came") {
    REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, kLarge), {}));
    CHECK(methods(server) == "POST PATCH GET PATCH PUT");
    std::size_t sent = 0;
    for (const Request& request : server.seen()) sent += request.body.size();
    CHECK(sent == kLarge.size());
  }
  SUBCASE("it lost the upload: begun anew") {
    repository.forgets = true;
    REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, kLarge), {}));
    CHECK(methods(server) == "POST PATCH GET HEAD POST PATCH PUT");
  }
  CHECK(repository.blobs[descriptor.digest.text()] == kLarge);
}

TEST_CASE("a registry that takes no large requests gets small ones") {
  Sandbox sandbox;
  Repository repository;
  repository.largest = 17U << 20;
  FakeServer server(std::ref(repository));
  std::string bytes;
  while (bytes.size() < (40U << 20)) bytes += kLarge;
  const auto descriptor = descriptor_of(bytes);
  REQUIRE(client_of(server)->upload("team/image", descriptor, member_of(sandbox, bytes), {}));
  CHECK(repository.blobs[descriptor.digest.text()] == bytes);
}

TEST_CASE("a registry that is busy is asked again; one that refuses is quoted") {
  Sandbox sandbox;
  Repository repository;
  std::atomic<int> asked = 0;
  bool always = false;
  FakeServer server([&](const Request& request) -> Response {
    if (always) return {403, R"({"errors":[{"code":"DENIED","message":"not yours"}]})"};
    if (request.method == "PUT" && ++asked <= 2) return {503, "", {"Retry-After: 0"}};
    return repository(request);
  });
  auto client = client_of(server);
  const auto descriptor = descriptor_of(kSmall);
  REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, kSmall), {}));
  CHECK(repository.blobs[descriptor.digest.text()] == kSmall);
  always = true;
  auto refused = client->upload("team/image", descriptor, member_of(sandbox, kSmall), {});
  CHECK(refused.error().code == Code::kDenied);
  CHECK(
      holds(refused.error().text, "writing blob " + descriptor.digest.text() + " to " + server.host() + "/team/image"));
  CHECK(holds(refused.error().text, "not yours"));
}

TEST_CASE("bytes that are not the digest's are refused by the registry, once") {
  Sandbox sandbox;
  Repository repository;
  FakeServer server(std::ref(repository));
  auto descriptor = descriptor_of(kSmall);
  descriptor.digest = Sha256::of("other");
  auto sent = client_of(server)->upload("x", descriptor, member_of(sandbox, kSmall), {});
  REQUIRE(!sent);
  CHECK(holds(sent.error().text, "provided digest did not match"));
  CHECK(methods(server) == "POST PUT");
}

TEST_CASE("tokens: scopes name what is pushed and what is mounted; an expired one is renewed in the middle") {
  Sandbox sandbox;
  Repository repository;
  repository.mounts = true;
  std::mutex mutex;
  std::vector<std::string> tokens;
  std::set<std::string> good;
  bool expire = true;
  std::string host;
  FakeServer server([&](const Request& request) -> Response {
    const std::lock_guard lock(mutex);
    if (request.path.starts_with("/token")) {
      tokens.push_back(request.path);
      const std::string token = "t" + std::to_string(tokens.size());
      good.insert("Bearer " + token);
      return {200, R"({"token":")" + token + R"(","expires_in":300})"};
    }
    if (expire && request.method == "PATCH") {
      expire = false;
      good.clear();
    }
    if (!good.contains(request.field("authorization")))
      return {401, "", {"WWW-Authenticate: Bearer realm=\"http://" + host + "/token\",service=\"s\""}};
    return repository(request);
  });
  host = server.host();
  auto client = client_of(server);
  const auto descriptor = descriptor_of(kLarge);
  CHECK(!*client->has_blob("team/image", descriptor.digest));
  CHECK(*client->mount("team/image", Sha256::of("x"), "other/image"));
  REQUIRE(client->upload("team/image", descriptor, member_of(sandbox, kLarge), {}));
  CHECK(repository.blobs[descriptor.digest.text()] == kLarge);
  REQUIRE(tokens.size() == 3);
  CHECK(holds(tokens[0], "scope=repository%3Ateam%2Fimage%3Apull%2Cpush"));
  CHECK(!holds(tokens[0], "other"));
  CHECK(holds(tokens[1], "scope=repository%3Ateam%2Fimage%3Apull%2Cpush&scope=repository%3Aother%2Fimage%3Apull"));
  CHECK(tokens[2] == tokens[0]);
}

TEST_CASE("an upload that another host takes gets no credentials") {
  Sandbox sandbox;
  Repository storage;
  FakeServer elsewhere(std::ref(storage));
  FakeServer server([&](const Request& request) -> Response {
    if (request.field("authorization").empty()) return {401, "", {"WWW-Authenticate: Basic realm=\"x\""}};
    Response answer = storage(request);
    for (std::string& field : answer.fields) {
      if (field.starts_with("Location: ")) field = "Location: " + elsewhere.url() + field.substr(10);
    }
    return answer;
  });
  ClientOptions options;
  options.tls_verify = false;
  options.creds = "user:secret";
  auto client = Client::open(server.host(), options);
  REQUIRE(client);
  REQUIRE((*client)->upload("x", descriptor_of(kSmall), member_of(sandbox, kSmall), {}));
  REQUIRE(elsewhere.seen().size() == 1);
  CHECK(elsewhere.seen()[0].field("authorization").empty());
}

TEST_CASE("a manifest is written byte for byte; a registry that makes something else of it is told") {
  Sandbox sandbox;
  bool changes = false;
  std::string stored, type;
  FakeServer server([&](const Request& request) -> Response {
    stored = request.body;
    type = request.field("content-type");
    return {201, "", {"Docker-Content-Digest: " + Sha256::of(changes ? "other" : stored).text()}};
  });
  auto client = client_of(server);
  REQUIRE(client->put_manifest("team/image", "v1", "{ \"a\": 1 }", oci::kOciManifest));
  CHECK(stored == "{ \"a\": 1 }");
  CHECK(type == oci::kOciManifest);
  CHECK(server.seen()[0].method == "PUT");
  CHECK(server.seen()[0].path == "/v2/team/image/manifests/v1");
  changes = true;
  CHECK(client->put_manifest("team/image", "v1", "{}", oci::kOciManifest).error().code == Code::kInvalid);
  CHECK(client->put_manifest("team/image", "../v1", "{}", oci::kOciManifest).error().code == Code::kInvalid);
}

TEST_CASE("tags and the catalog, page after page; a page of another host is not asked for") {
  Sandbox sandbox;
  FakeServer server([&](const Request& request) -> Response {
    if (request.path == "/v2/team/image/tags/list")
      return {200, R"({"name":"x","tags":["a","b"]})", {"Link: </v2/team/image/tags/list?last=b>; rel=\"next\""}};
    if (request.path == "/v2/team/image/tags/list?last=b") return {200, R"({"tags":["c"]})"};
    if (request.path.starts_with("/v2/evil/"))
      return {200, R"({"tags":["a"]})", {"Link: <http://127.0.0.1:1/v2/>; rel=\"next\""}};
    if (request.path.starts_with("/v2/none/")) return {200, R"({"tags":null})"};
    if (request.path.starts_with("/v2/_catalog")) return {200, R"({"repositories":["team/busybox","x","busybox"]})"};
    return {404};
  });
  auto client = client_of(server);
  CHECK(*client->tags("team/image") == std::vector<std::string>{"a", "b", "c"});
  CHECK(*client->tags("evil/x") == std::vector<std::string>{"a"});
  CHECK(client->tags("none/x")->empty());
  CHECK(client->tags("absent").error().code == Code::kNotFound);
  auto found = client->search("busybox", 25);
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].name == "team/busybox");
  CHECK(client->search("busybox", 1)->size() == 1);
}

TEST_CASE("search by version 1's address, where there is one") {
  Sandbox sandbox;
  FakeServer server([&](const Request& request) -> Response {
    if (request.path != "/v1/search?q=busy%20box&n=7") return {404};
    return {200, R"({"results":[{"name":"team/busybox","description":"a\u001b[31mtool","star_count":5,)"
                 R"("is_official":true},{"name":"x"}]})"};
  });
  auto found = client_of(server)->search("busy box", 7);
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].name == "team/busybox");
  CHECK((*found)[0].description == "a?[31mtool");
  CHECK((*found)[0].stars == 5);
  CHECK((*found)[0].official);
  CHECK(!(*found)[1].official);
}

TEST_CASE("a blob's beginning is here already: only the rest is asked for") {
  Sandbox sandbox;
  const std::string blob(100'000, 'b');
  int wrong = 0;
  FakeServer server([&](const Request& request) -> Response {
    const std::string range = request.field("range");
    if (range.empty() || wrong == 3) return {200, blob};
    const auto start = static_cast<std::size_t>(std::atoi(range.substr(6).c_str()));
    if (wrong == 4) return {416};
    const std::string told = wrong == 1   ? "bytes 60000-99999/100000"
                             : wrong == 2 ? "bytes " + std::to_string(start) + "-99999/99999999"
                                          : "bytes " + std::to_string(start) + "-99999/100000";
    return {206, blob.substr(start), {"Content-Range: " + told}};
  });
  auto client = client_of(server);
  const auto descriptor = descriptor_of(blob);
  const auto rest = [&] {
    std::string got;
    auto result = client->blob(
        "x", descriptor,
        [&](std::string_view bytes) -> Result<void> {
          got += bytes;
          return {};
        },
        true, 40'000);
    REQUIRE(result);
    return got.size();
  };
  CHECK(rest() == 60'000);
  CHECK(server.seen().size() == 1);
  CHECK(server.seen()[0].field("range") == "bytes=40000-");
  // Ranges that are none, another length, no ranges at all: the whole is asked for, and what is here already skipped.
  for (wrong = 1; wrong <= 4; ++wrong) CHECK(rest() == 60'000);
}
