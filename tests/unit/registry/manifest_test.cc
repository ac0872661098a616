#include "registry/oci/manifest.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "registry/oci/platform.h"

using namespace creel;
using namespace creel::registry::oci;

namespace {

const std::string kA = "sha256:" + std::string(64, 'a'), kB = "sha256:" + std::string(64, 'b');

std::string descriptor(const std::string& type, const std::string& digest, const std::string& more = {}) {
  return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":7)" + more + "}";
}
std::string image(const std::string& config, const std::string& layers, const std::string& more = {}) {
  return R"({"schemaVersion":2,"config":)" + config + R"(,"layers":[)" + layers + "]" + more + "}";
}
std::string entry(const std::string& os, const std::string& arch, const std::string& variant, char digest) {
  return descriptor(kOciManifest, "sha256:" + std::string(64, digest),
                    R"(,"platform":{"os":")" + os + R"(","architecture":")" + arch +
                        (variant.empty() ? "" : R"(","variant":")" + variant) + R"("})");
}
std::string index(const std::vector<std::string>& entries) {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(kOciIndex) + R"(","manifests":[)" + join(entries, ",") +
         "]}";
}
char chosen(const std::vector<std::string>& entries, const Platform& wanted) {
  auto parsed = parse_index(index(entries), "");
  REQUIRE(parsed);
  auto found = choose(*parsed, wanted);
  return found ? found->digest.hex()[0] : '-';
}

const std::string kGood = image(descriptor(kOciConfig, kA), descriptor(kOciLayerGzip, kB));

}  // namespace

TEST_CASE("an OCI image manifest, with and without a type of its own") {
  auto manifest = parse_manifest(kGood, "");
  REQUIRE(manifest);
  CHECK(manifest->media_type == kOciManifest);
  CHECK(manifest->config.digest.text() == kA);
  REQUIRE(manifest->layers.size() == 1);
  CHECK(manifest->layers[0].size == 7);
  CHECK(manifest->layers[0].media_type == kOciLayerGzip);
  CHECK(parse_manifest(kGood, "application/json"));
  CHECK(parse_manifest(kGood, kDockerManifest)->media_type == kDockerManifest);
  CHECK_FALSE(is_index(kGood, ""));
}

TEST_CASE("what is what: Content-Type, then mediaType, then members") {
  CHECK(is_index("", kOciIndex));
  CHECK(is_index("", kDockerList));
  CHECK(is_index(index({}), "text/plain"));
  CHECK(is_index(R"({"schemaVersion":2,"manifests":[]})", ""));
  CHECK_FALSE(is_index("not json", ""));
}

TEST_CASE("a manifest that could be read in two ways is refused") {
  const std::string typed =
      image(descriptor(kOciConfig, kA), "", R"(,"mediaType":")" + std::string(kOciManifest) + "\"");
  CHECK(parse_manifest(typed, kOciManifest));
  CHECK(parse_manifest(typed, kDockerManifest).error().code == Code::kInvalid);
  CHECK(parse_manifest(image(descriptor(kOciConfig, kA), "", R"(,"manifests":[])"), "").error().code == Code::kInvalid);
  CHECK(parse_index(image(descriptor(kOciConfig, kA), "", R"(,"manifests":[])"), kOciIndex).error().code ==
        Code::kInvalid);
}

TEST_CASE("malformed manifests say which member") {
  auto says = [](const std::string& text, const std::string& part) {
    auto parsed = parse_manifest(text, kOciManifest);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Code::kInvalid);
    INFO(parsed.error().text);
    CHECK(parsed.error().text.find(part) != std::string::npos);
  };
  const std::string config = descriptor(kOciConfig, kA);
  says("<html>", "not JSON");
  says(R"({"schemaVersion":2,"schemaVersion":2})", "twice");
  says("\"text\"", "object");
  says("{\"a\": \"\xff\"}", "not JSON");
  says(std::string(100'000, '['), "not JSON");
  says(std::string(5 << 20, ' '), "larger");
  says(R"({"layers":[]})", "schemaVersion");
  says(R"({"schemaVersion":2,"layers":[]})", "config");
  says(R"({"schemaVersion":2,"config":[],"layers":[]})", "config");
  says(R"({"schemaVersion":2,"config":)" + config + "}", "layers");
  says(R"({"schemaVersion":2,"mediaType":3,"config":)" + config + "}", "mediaType");
  says(image(config, descriptor(kOciLayer, "sha512:" + std::string(128, 'a'))), "layers[0]");
  says(image(config, descriptor(kOciLayer, "sha256:../../etc/passwd")), "layers[0]");
  for (const char* size : {"-1", "1.5", "\"7\"", "9223372036854775807", "18446744073709551615", "1e3"}) {
    std::string layer = descriptor(kOciLayer, kB);
    layer.replace(layer.find("\"size\":7"), 8, "\"size\":" + std::string(size));
    says(image(config, layer), "layers[0].size");
  }
}

TEST_CASE("schema 1, artifacts and encrypted layers are refused by name") {
  auto old = parse_manifest(R"({"schemaVersion":1,"fsLayers":[]})", "");
  REQUIRE_FALSE(old);
  CHECK(old.error().code == Code::kUnsupported);
  CHECK(old.error().text.find("schema 1") != std::string::npos);
  CHECK(parse_manifest("{\"schemaVersion\":1}", kDockerSchema1Signed).error().code == Code::kUnsupported);
  auto chart = parse_manifest(image(descriptor("application/vnd.cncf.helm.config.v1+json", kA), ""), "");
  REQUIRE_FALSE(chart);
  CHECK(chart.error().code == Code::kUnsupported);
  CHECK(chart.error().text.find("helm") != std::string::npos);
  auto secret =
      parse_manifest(image(descriptor(kOciConfig, kA), descriptor(std::string(kOciLayerGzip) + "+encrypted", kB)), "");
  CHECK(secret.error().code == Code::kUnsupported);
  for (const char* type : {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                           "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"}) {
    auto foreign = parse_manifest(image(descriptor(kOciConfig, kA), descriptor(type, kB)), "");
    REQUIRE_FALSE(foreign);
    CHECK(foreign.error().code == Code::kUnsupported);
    CHECK(foreign.error().text.find("foreign layer") != std::string::npos);
  }
}

TEST_CASE("choice of a platform") {
  const auto amd = entry("linux", "amd64", "", 'a'), s390 = entry("linux", "s390x", "", 'b');
  CHECK(chosen({s390, amd}, {"linux", "amd64", ""}) == 'a');
  CHECK(chosen({s390, amd}, {"linux", "x86_64", ""}) == 'a');
  CHECK(chosen({s390}, {"linux", "amd64", ""}) == '-');
  CHECK(chosen({amd}, {"windows", "amd64", ""}) == '-');

  const auto v5 = entry("linux", "arm", "v5", '5'), v6 = entry("linux", "arm", "v6", '6'),
             v7 = entry("linux", "arm", "v7", '7'), v8 = entry("linux", "arm", "v8", '8');
  CHECK(chosen({v5, v6, v7, v8}, {"linux", "arm", ""}) == '8');
  CHECK(chosen({v5, v6, v7}, {"linux", "arm", ""}) == '7');
  CHECK(chosen({v5, v6, v7, v8}, {"linux", "arm", "v7"}) == '7');
  CHECK(chosen({v5, v6, v8}, {"linux", "arm", "v7"}) == '6');
  CHECK(chosen({v7, v8}, {"linux", "arm", "v6"}) == '-');
  CHECK(chosen({v7}, {"linux", "arm64", ""}) == '-');
  CHECK(chosen({v6, v7}, {"linux", "armhf", ""}) == '7');

  const auto arm64 = entry("linux", "arm64", "v8", 'c');
  CHECK(chosen({v8, arm64}, {"linux", "arm64", ""}) == 'c');
  CHECK(chosen({v8, arm64}, {"linux", "aarch64", "v8"}) == 'c');

  // Every amd64 runs the baseline; what is asked for by name is taken, or the closest that it can run.
  const auto amd3 = entry("linux", "amd64", "v3", 'd'), amd2 = entry("linux", "amd64", "v2", 'e');
  CHECK(chosen({amd3, amd2, amd}, {"linux", "amd64", ""}) == 'a');
  CHECK(chosen({amd3, amd2, amd}, {"linux", "amd64", "v3"}) == 'd');
  CHECK(chosen({amd2, amd}, {"linux", "amd64", "v3"}) == 'e');
  CHECK(chosen({amd, amd3}, {"linux", "amd64", "v2"}) == 'a');
  CHECK(chosen({amd3, amd2}, {"linux", "amd64", ""}) == 'e');
}

TEST_CASE("attestations and entries without a platform are passed over, unless alone") {
  const auto unknown = entry("unknown", "unknown", "", 'f'), bare = descriptor(kOciManifest, kB),
             amd = entry("linux", "amd64", "", 'a');
  CHECK(chosen({unknown, bare, amd}, {"linux", "amd64", ""}) == 'a');
  CHECK(chosen({unknown, bare}, {"linux", "amd64", ""}) == '-');
  CHECK(chosen({bare}, {"linux", "amd64", ""}) == 'b');
  auto parsed = parse_index(index({unknown, entry("linux", "arm", "v7", '7'), amd}), "");
  auto absent = choose(*parsed, {"linux", "riscv64", ""});
  REQUIRE_FALSE(absent);
  CHECK(absent.error().code == Code::kNotFound);
  CHECK(absent.error().text == "no image for platform linux/riscv64: there is linux/arm/v7, linux/amd64");
}

TEST_CASE("diff_ids of a configuration") {
  auto ids = diff_ids(R"({"rootfs":{"type":"layers","diff_ids":[")" + kA + R"(",")" + kB + R"("]}})");
  REQUIRE(ids);
  REQUIRE(ids->size() == 2);
  CHECK((*ids)[1].text() == kB);
  CHECK(diff_ids(R"({"rootfs":{"type":"layers","diff_ids":null}})")->empty());
  for (const char* bad :
       {"", "[]", "{}", R"({"rootfs":7})", R"({"rootfs":{"type":"other"}})",
        R"({"rootfs":{"type":"layers","diff_ids":{}}})", R"({"rootfs":{"type":"layers","diff_ids":[7]}})",
        R"({"rootfs":{"type":"layers","diff_ids":["sha256:short"]}})"})
    CHECK(diff_ids(bad).error().code == Code::kInvalid);
}

TEST_CASE("a manifest that is made is read back, and always the same bytes") {
  Descriptor config{kOciConfig, *Digest::parse(kA), 12, {}, {}}, layer{kOciLayer, *Digest::parse(kB), 34, {}, {}};
  const std::string made = make_manifest(config, {layer}, false);
  CHECK(made == R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":)"
                R"("application/vnd.oci.image.config.v1+json","digest":")" +
                    kA + R"(","size":12},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":")" +
                    kB + R"(","size":34}]})");
  auto parsed = parse_manifest(made, kOciManifest);
  REQUIRE(parsed);
  CHECK(parsed->layers[0].size == 34);
  config.media_type = kDockerConfig;
  CHECK(parse_manifest(make_manifest(config, {}, true), "")->media_type == kDockerManifest);
}

TEST_CASE("no change of a few bytes makes the parsers do anything but answer") {
  const std::string documents[] = {kGood,
                                   index({entry("linux", "arm", "v7", '7'), entry("unknown", "unknown", "", 'f')}),
                                   R"({"rootfs":{"type":"layers","diff_ids":[")" + kA + "\"]}}"};
  const std::string bytes =
      "{}[]\",:\\\x01\xff"
      "09-eE.ntf ";
  std::uint32_t random = 1;
  auto next = [&](std::size_t below) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % below;
  };
  int answers = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = documents[round % 3];
    for (std::size_t changes = 1 + next(4); changes > 0; --changes) {
      const std::size_t at = next(text.size());
      if (next(4) == 0) {
        text.erase(at, 1 + next(20));
      } else {
        text[at] = bytes[next(bytes.size())];
      }
      if (text.empty()) text = "{";
    }
    answers += parse_manifest(text, "").ok() || parse_manifest(text, "").error().text.size() < 600 ? 1 : 0;
    auto parsed = parse_index(text, kOciIndex);
    if (parsed) (void)choose(*parsed, {"linux", "arm", ""}).ok();
    (void)diff_ids(text).ok();
  }
  CHECK(answers == 3000);
}
