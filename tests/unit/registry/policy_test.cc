#include "registry/policy/policy.h"

#include <doctest/doctest.h>

#include "registry/encoding.h"
#include "registry/policy/name.h"
#include "registry/policy/payload.h"
#include "sandbox.h"

using namespace creel;
using namespace creel::registry;
using namespace creel::registry::policy;
using Kind = Requirement::Kind;

namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

Policy parsed(const std::string& text) {
  auto policy = Policy::parse(text, "policy.json");
  REQUIRE_MESSAGE(policy.ok(), policy.error().text);
  return *policy;
}

std::string refusal(const std::string& text) {
  auto policy = Policy::parse(text, "policy.json");
  REQUIRE_FALSE_MESSAGE(policy.ok(), text);
  CHECK(policy.error().text.find("policy.json") == 0);
  return policy.error().text;
}

// The engine's reference parser, as far as these tests need it.
std::optional<Name> parse_name(const std::string& text) {
  if (text.empty() || text.find(' ') != std::string::npos) return std::nullopt;
  Name out;
  std::string rest = text;
  if (const auto at = rest.find('@'); at != std::string::npos) {
    out.digest = rest.substr(at + 1);
    rest.resize(at);
  }
  const auto colon = rest.rfind(':');
  if (colon != std::string::npos && rest.find('/', colon) == std::string::npos) {
    out.tag = rest.substr(colon + 1);
    rest.resize(colon);
  }
  out.repository = rest.find('/') == std::string::npos ? "docker.io/library/" + rest : rest;
  return out;
}

}  // namespace

TEST_CASE("policy: the most specific scope decides, then the transport, then the default") {
  const Policy policy = parsed(R"({
    "default": [{"type": "reject"}],
    "transports": {
      "docker": {
        "": [{"type": "insecureAcceptAnything"}],
        "h.example:5000/a": [{"type": "reject"}],
        "h.example:5000/a/b": [{"type": "insecureAcceptAnything"}],
        "h.example:5000/a/b:1": [{"type": "reject"}],
        "*.c.example": [{"type": "reject"}],
        "x.c.example": [{"type": "insecureAcceptAnything"}]
      },
      "dir": {"/srv/images": [{"type": "insecureAcceptAnything"}]}
    }})");
  const auto of = [&](const Origin& origin) { return policy.requirements(origin).front().kind; };
  CHECK(of(registry_origin("other", "x", ":1")) == Kind::kAcceptAnything);
  CHECK(of(registry_origin("h.example:5000", "a", ":1")) == Kind::kReject);
  CHECK(of(registry_origin("h.example:5000", "a/c", ":1")) == Kind::kReject);
  CHECK(of(registry_origin("h.example:5000", "ab", ":1")) == Kind::kAcceptAnything);
  CHECK(of(registry_origin("h.example:5000", "a/b", ":2")) == Kind::kAcceptAnything);
  CHECK(of(registry_origin("h.example:5000", "a/b", ":1")) == Kind::kReject);
  CHECK(of(registry_origin("h.example:5000", "a/b", "@" + kDigest)) == Kind::kAcceptAnything);
  CHECK(of(registry_origin("y.c.example", "a", ":1")) == Kind::kReject);
  CHECK(of(registry_origin("y.z.c.example:443", "a", ":1")) == Kind::kReject);
  CHECK(of(registry_origin("x.c.example", "a", ":1")) == Kind::kAcceptAnything);
  CHECK(of(registry_origin("c.example", "a", ":1")) == Kind::kAcceptAnything);
  CHECK(of(file_origin("dir", "/srv/images/one/two")) == Kind::kAcceptAnything);
  CHECK(of(file_origin("dir", "/srv/images")) == Kind::kAcceptAnything);
  CHECK(of(file_origin("dir", "/srv/imagesnot")) == Kind::kReject);
  CHECK(of(file_origin("oci", "/srv/images")) == Kind::kReject);
  CHECK(of(file_origin("docker-archive", "")) == Kind::kReject);
}

TEST_CASE("policy: everything that is not as it should be makes it invalid") {
  const std::string ok = R"([{"type":"reject"}])";
  CHECK(refusal("{").find("not JSON") != std::string::npos);
  CHECK(refusal("[]").find("no object") != std::string::npos);
  CHECK(refusal("{}").find("default is missing") != std::string::npos);
  CHECK(refusal(R"({"default":[]})").find("empty") != std::string::npos);
  CHECK(refusal(R"({"default":[{"type":"allow"}]})").find("unknown type of requirement \"allow\"") !=
        std::string::npos);
  CHECK(refusal(R"({"default":[{"type":"reject","x":1}]})").find("unknown member \"x\"") != std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"default\":" + ok + "}").find("twice") != std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"other\":1}").find("unknown member") != std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"transports\":[]}").find("transports") != std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"transports\":{\"dir\":{\"rel\":" + ok + "}}}").find("absolute") !=
        std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"transports\":{\"dir\":{\"/\":" + ok + "}}}").find("absolute") !=
        std::string::npos);
  CHECK(refusal("{\"default\":" + ok + ",\"transports\":{\"docker-archive\":{\"x\":" + ok + "}}}").find("no scopes") !=
        std::string::npos);
  for (const char* bad : {
           R"({"type":"signedBy","keyType":"GPGKeys"})",
           R"({"type":"signedBy","keyPath":"/x"})",
           R"({"type":"signedBy","keyType":"X509Certificates","keyPath":"/x"})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyPath":"/x","keyData":"YQ=="})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyPaths":[]})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyData":"%"})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyPath":"/x","signedIdentity":{"type":"any"}})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyPath":"/x","signedIdentity":{"type":"matchExact","x":1}})",
           R"({"type":"signedBy","keyType":"GPGKeys","keyPath":"/x","signedIdentity":{"type":"exactReference"}})",
           R"({"type":"sigstoreSigned"})",
           R"({"type":"sigstoreSigned","keyPath":"/x","fulcio":{"caPath":"/y","oidcIssuer":"i","subjectEmail":"e"}})",
           R"({"type":"sigstoreSigned","fulcio":{"caPath":"/y","oidcIssuer":"i","subjectEmail":"e"}})",
           R"({"type":"sigstoreSigned","rekorPublicKeyPath":"/r","fulcio":{"caPath":"/y","oidcIssuer":"i"}})",
           R"({"type":"sigstoreSigned","rekorPublicKeyPath":"/r","fulcio":{"oidcIssuer":"i","subjectEmail":"e"}})",
       }) {
    CAPTURE(bad);
    refusal(std::string("{\"default\":[") + bad + "]}");
  }
}

TEST_CASE("policy: what requirements hold") {
  const Policy policy = parsed(R"({"default":[
    {"type":"signedBy","keyType":"GPGKeys","keyPaths":["/a","/b"]},
    {"type":"signedBy","keyType":"GPGKeys","keyData":"a2V5",
     "signedIdentity":{"type":"remapIdentity","prefix":"m.example/x","signedPrefix":"v.example"}},
    {"type":"sigstoreSigned","rekorPublicKeyData":"cmVrb3I=","fulcio":
      {"caPath":"/ca","oidcIssuer":"https://i.example","subjectEmail":"me@i.example"}},
    {"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"matchRepository"}}]})");
  const Requirements& all = policy.requirements({"docker", {}});
  REQUIRE(all.size() == 4);
  CHECK(all[0].keys.paths == std::vector<std::string>{"/a", "/b"});
  CHECK(all[0].identity.kind == IdentityRule::Kind::kMatchRepoDigestOrExact);
  CHECK(all[1].keys.data == std::vector<std::string>{"key"});
  CHECK(all[1].identity.signed_prefix == "v.example");
  CHECK(all[2].rekor.data == std::vector<std::string>{"rekor"});
  REQUIRE(all[2].fulcio);
  CHECK(all[2].fulcio->subject_email == "me@i.example");
  CHECK(all[3].identity.kind == IdentityRule::Kind::kMatchRepository);
}

TEST_CASE("policy: the user's file, else the system's; what is named must be there") {
  test::Sandbox sandbox;
  auto absent = Policy::load(sandbox.home() + "/absent");
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.error().text.find("reading the signature policy") == 0);
  sandbox.write(".config/containers/policy.json", R"({"default":[{"type":"reject"}]})");
  auto own = Policy::load("");
  REQUIRE(own.ok());
  CHECK(own->label() == sandbox.home() + "/.config/containers/policy.json");
  CHECK(own->requirements({"docker", {}}).front().kind == Kind::kReject);
}

TEST_CASE("identity: six rules") {
  using Rule = IdentityRule::Kind;
  const auto match = [](IdentityRule rule, const std::string& image, const std::string& signed_as) {
    return matches(rule, image.empty() ? std::nullopt : parse_name(image), signed_as, parse_name);
  };
  const IdentityRule exact{Rule::kMatchExact, {}, {}}, usual{}, repository{Rule::kMatchRepository, {}, {}};
  const std::string by_digest = "h.example/a@" + kDigest;
  CHECK(match(exact, "h.example/a:1", "h.example/a:1"));
  CHECK_FALSE(match(exact, "h.example/a:1", "h.example/a:2"));
  CHECK_FALSE(match(exact, "h.example/a:1", "h.example/a"));
  CHECK_FALSE(match(exact, by_digest, "h.example/a:1"));
  CHECK_FALSE(match(exact, "", "h.example/a:1"));
  CHECK(match(exact, "docker.io/library/busybox:latest", "busybox:latest"));
  CHECK(match(usual, "h.example/a:1", "h.example/a:1"));
  CHECK_FALSE(match(usual, "h.example/a:1", "h.example/a:2"));
  CHECK(match(usual, by_digest, "h.example/a:2"));
  CHECK_FALSE(match(usual, by_digest, "h.example/a"));
  CHECK_FALSE(match(usual, by_digest, "h.example/b:2"));
  CHECK(match(repository, "h.example/a:1", "h.example/a:2"));
  CHECK(match(repository, "h.example/a:1", "h.example/a"));
  CHECK_FALSE(match(repository, "h.example/a:1", "h.example/a/b:1"));
  const IdentityRule reference{Rule::kExactReference, "v.example/p:1", {}};
  CHECK(match(reference, "h.example/a:1", "v.example/p:1"));
  CHECK(match(reference, "", "v.example/p:1"));
  CHECK_FALSE(match(reference, "", "v.example/p:2"));
  CHECK_FALSE(match({Rule::kExactReference, "v.example/p", {}}, "", "v.example/p"));
  const IdentityRule product{Rule::kExactRepository, "v.example/p", {}};
  CHECK(match(product, "", "v.example/p:2"));
  CHECK_FALSE(match(product, "", "v.example/q:2"));
  const IdentityRule remap{Rule::kRemapIdentity, "m.example/mirror", "v.example"};
  CHECK(match(remap, "m.example/mirror/a/b:1", "v.example/a/b:1"));
  CHECK_FALSE(match(remap, "m.example/mirror/a/b:1", "m.example/mirror/a/b:1"));
  CHECK_FALSE(match(remap, "m.example/mirrored/a:1", "v.example/a:1"));
  CHECK(match(remap, "m.example/mirrored/a:1", "m.example/mirrored/a:1"));
  CHECK_FALSE(match(usual, "h.example/a:1", "not a name"));
}

TEST_CASE("payload: written and read; everything unexpected is refused") {
  auto digest = Digest::parse(kDigest);
  REQUIRE(digest.ok());
  for (const PayloadKind kind : {PayloadKind::kSimple, PayloadKind::kSigstore}) {
    const std::string text = make_payload({*digest, "h.example/a:1"}, kind, 1700000000);
    auto payload = parse_payload(text, kind);
    REQUIRE(payload.ok());
    CHECK(payload->manifest == *digest);
    CHECK(payload->reference == "h.example/a:1");
    const auto other = kind == PayloadKind::kSimple ? PayloadKind::kSigstore : PayloadKind::kSimple;
    CHECK_FALSE(parse_payload(text, other).ok());
  }
  const std::string critical =
      R"("critical":{"type":"atomic container signature","image":{"docker-manifest-digest":")" + kDigest +
      R"("},"identity":{"docker-reference":"a:1"}})";
  const auto accepted = [](const std::string& text) { return parse_payload(text, PayloadKind::kSimple).ok(); };
  CHECK(accepted("{" + critical + R"(,"optional":{"creator":"x","timestamp":1,"unknown":[1]}})"));
  CHECK(accepted("{" + critical + R"(,"optional":{"timestamp":1.0}})"));
  for (const std::string& bad :
       {"{" + critical + "}", "{" + critical + R"(,"optional":null})", "{" + critical + R"(,"optional":{},"more":1})",
        "{" + critical + R"(,"optional":{"timestamp":1.5}})", "{" + critical + R"(,"optional":{"timestamp":1e300}})",
        "{" + critical + R"(,"optional":{"creator":1}})", "{" + critical + "," + critical + R"(,"optional":{}})",
        std::string("null"), std::string("{\"critical\":1,\"optional\":{}}")}) {
    CAPTURE(bad);
    CHECK_FALSE(accepted(bad));
  }
  std::string inner = critical;
  inner.replace(inner.find("\"identity\""), 0, "\"extra\":1,");
  CHECK_FALSE(accepted("{" + inner + ",\"optional\":{}}"));
  // cosign writes "optional": null.
  std::string cosign = "{" + critical + ",\"optional\":null}";
  cosign.replace(cosign.find("atomic container signature"), 26, "cosign container image signature");
  CHECK(parse_payload(cosign, PayloadKind::kSigstore).ok());
}
